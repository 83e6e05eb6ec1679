/* SPDX-License-Identifier: MIT
 * Every system call of procmgr passes here, so that a test can count them and kill procmgr before or after the k-th one
 * (PROC_DEBUG). The names are those of libipc: a macro does not expand within itself, so the calls stand in the sources as
 * anywhere else. The bench build has bare calls. Included by procmgr.h behind libipc's headers.
 */
#ifndef PROCMGR_GATE_H
#define PROCMGR_GATE_H

#include <ipc/pager.h>

struct gate {
    uint64_t calls;      /* since start */
    uint64_t die_before; /* die when about to make this call; 0: never */
    uint64_t die_after;  /* die when this call has returned; 0: never */
};
extern struct gate gate;
void gate_restarted(void); /* arm what was asked for a restart */

#ifndef PAGODA_BENCH
void gate_die(void) __attribute__((noreturn)); /* a breakpoint: init sees that it was asked for */
static inline void gate_enter(void)
{
    if (__builtin_expect(++gate.calls == gate.die_before, 0))
        gate_die();
}
static inline void gate_leave(void)
{
    if (__builtin_expect(gate.calls == gate.die_after, 0))
        gate_die();
}
#define GATE(call) \
    ({ \
        gate_enter(); \
        __auto_type gate_result = (call); \
        gate_leave(); \
        gate_result; \
    })

#define ipc_recv(...) GATE(ipc_recv(__VA_ARGS__))
#define ipc_reply(...) GATE(ipc_reply(__VA_ARGS__))
#define ipc_reply_recv(...) GATE(ipc_reply_recv(__VA_ARGS__))
#define ipc_call_full(...) GATE(ipc_call_full(__VA_ARGS__))
#define ipc_call_handle(...) GATE(ipc_call_handle(__VA_ARGS__))
#define ipc_copy_from(...) GATE(ipc_copy_from(__VA_ARGS__))
#define ipc_copy_to(...) GATE(ipc_copy_to(__VA_ARGS__))
#define pager_call(...) GATE(pager_call(__VA_ARGS__))
#define pager_call_handle(...) GATE(pager_call_handle(__VA_ARGS__))
#define sys_reply_alive(...) GATE(sys_reply_alive(__VA_ARGS__))
#define sys_handle_install(...) GATE(sys_handle_install(__VA_ARGS__))
#define sys_handle_close(...) GATE(sys_handle_close(__VA_ARGS__))
#define sys_handle_info(...) GATE(sys_handle_info(__VA_ARGS__))
#define sys_space_info(...) GATE(sys_space_info(__VA_ARGS__))
#define sys_thread_start(...) GATE(sys_thread_start(__VA_ARGS__))
#define sys_thread_stop(...) GATE(sys_thread_stop(__VA_ARGS__))
#define sys_thread_resume(...) GATE(sys_thread_resume(__VA_ARGS__))
#define sys_thread_regs_copy(...) GATE(sys_thread_regs_copy(__VA_ARGS__))
#define sys_thread_reg_set(...) GATE(sys_thread_reg_set(__VA_ARGS__))
#define sys_thread_halt(...) GATE(sys_thread_halt(__VA_ARGS__))
#define sys_thread_reg_get(...) GATE(sys_thread_reg_get(__VA_ARGS__))
#define sys_thread_prio(...) GATE(sys_thread_prio(__VA_ARGS__))
#define sys_thread_info(...) GATE(sys_thread_info(__VA_ARGS__))
#define sys_sched_set(...) GATE(sys_sched_set(__VA_ARGS__))
#define sys_sched_info(...) GATE(sys_sched_info(__VA_ARGS__))
#define sys_thread_sched(...) GATE(sys_thread_sched(__VA_ARGS__))
#define sys_thread_bind(...) GATE(sys_thread_bind(__VA_ARGS__))
#endif

#endif
