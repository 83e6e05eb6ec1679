/* SPDX-License-Identifier: MIT
 * Every system call of the pager passes here, so that a test can count them and kill the pager at the k-th one
 * (PAGER_DEBUG_DIE_SYSCALL, PAGER_DEBUG_DIE_AFTER). The bench build has bare calls.
 */
#ifndef PAGER_SYSGATE_H
#define PAGER_SYSGATE_H

#include <ipc/ipc.h>

#include "check.h"

struct sysgate {
    uint64_t calls;      /* since start */
    uint64_t die_before; /* die when about to make this call; 0: never */
    uint64_t die_after;  /* die when this call has returned; 0: never */
};
extern struct sysgate sysgate;

#ifdef PAGODA_BENCH
static inline void gate_enter(void) {}
static inline void gate_leave(void) {}
#else
void gate_die(void); /* an illegal instruction: init sees a crash like any other */
static inline void gate_enter(void)
{
    if (unlikely(++sysgate.calls == sysgate.die_before))
        gate_die();
}
static inline void gate_leave(void)
{
    if (unlikely(sysgate.calls == sysgate.die_after))
        gate_die();
}
#endif

/* GATE(type, call): the call between the two hooks, its result as the value. */
#define GATE(type, call) \
    ({ \
        gate_enter(); \
        type gate_result = (call); \
        gate_leave(); \
        gate_result; \
    })

/* ---- IPC ---- */
static inline long gate_recv(handle_t ep, struct ipc_event *ev, ticks_t deadline)
{
    return GATE(long, ipc_recv(ep, ev, deadline));
}
static inline err_t gate_reply(reply_id_t id, const struct ipc_msg *m) { return GATE(err_t, ipc_reply(id, m)); }
static inline err_t gate_reply_give(reply_id_t id, const struct ipc_msg *m, const struct ipc_give give[2])
{
    return GATE(err_t, ipc_reply_give(id, m, give));
}
static inline long gate_reply_recv_give(handle_t ep, reply_id_t id, const struct ipc_msg *m, const struct ipc_give give[2],
                                        struct ipc_event *ev)
{
    return GATE(long, ipc_reply_recv_give(ep, id, m, give, ev));
}
static inline long gate_reply_recv(handle_t ep, reply_id_t id, const struct ipc_msg *m, struct ipc_event *ev)
{
    return GATE(long, ipc_reply_recv(ep, id, m, ev));
}
static inline err_t gate_fault_reply(reply_id_t id, uint64_t verdict, frame_t frame, const frame_t table[2])
{
    return GATE(err_t, ipc_fault_reply(id, verdict, frame, table[0], table[1]));
}
/* The fault path's own way in and out of the kernel, without the copies that ipc_fault_reply_recv() makes for everybody
 * else: an event whose address is not given away stays in the registers in which it came. */
#if defined(__riscv) && !defined(PAGODA_HOST)
static inline __attribute__((always_inline)) long fault_reply_recv(handle_t ep, reply_id_t id, uint64_t verdict,
                                                                   frame_t frame, const frame_t table[2], struct ipc_event *ev)
{
    register long r0 __asm__("a0") = (long)(uint64_t)ep;
    register uint64_t r1 __asm__("a1") = verdict;
    register uint64_t r2 __asm__("a2") = frame;
    register uint64_t r3 __asm__("a3") = table[0];
    register uint64_t r4 __asm__("a4") = table[1];
    register uint64_t r5 __asm__("a5");
    register uint64_t r6 __asm__("a6");
    register long r7 __asm__("a7") = SYS_FAULT_REPLY_RECV;
    register uint64_t q0 __asm__("t0"), q1 __asm__("t1"), q2 __asm__("t2");
    register uint64_t q3 __asm__("t3") = id;
    register uint64_t q4 __asm__("t4"), q6 __asm__("t6");
    __asm__ volatile("ecall"
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "=r"(r5), "=r"(r6), "+r"(r7), "=r"(q0), "=r"(q1),
                       "=r"(q2), "+r"(q3), "=r"(q4), "=r"(q6)
                     :
                     : "memory", "t5");
    ev->kind = r0;
    ev->w[0] = r1, ev->w[1] = r2, ev->w[2] = r3, ev->w[3] = r4;
    ev->w[4] = r5, ev->w[5] = r6, ev->w[6] = q0, ev->w[7] = q1;
    ev->id = q2;
    ev->badge = q3;
    ev->buf_len[0] = q4;
    ev->buf_len[1] = q6;
    return r0;
}
#else
static inline long fault_reply_recv(handle_t ep, reply_id_t id, uint64_t verdict, frame_t frame, const frame_t table[2],
                                    struct ipc_event *ev)
{
    return ipc_fault_reply_recv(ep, id, verdict, frame, table[0], table[1], ev);
}
#endif
/* Answer the fault, then receive. A refused answer: its error, and nothing is received. */
static inline __attribute__((always_inline)) long gate_fault_reply_recv(handle_t ep, reply_id_t id, uint64_t verdict,
                                                                        frame_t frame, const frame_t table[2],
                                                                        struct ipc_event *ev)
{
    return GATE(long, fault_reply_recv(ep, id, verdict, frame, table, ev));
}
static inline bool gate_reply_alive(reply_id_t id) { return GATE(bool, sys_reply_alive(id)); }
static inline err_t gate_signal(handle_t ntfn, uint64_t bits) { return GATE(err_t, sys_signal(ntfn, bits)); }

/* ---- objects and handles ---- */
static inline must_check err_t gate_object_create(unsigned type, frame_t frame, const uint64_t how[3], handle_t *out)
{
    return GATE(err_t, sys_object_create_at(type, frame, how, out));
}
static inline must_check err_t gate_object_destroy(handle_t h) { return GATE(err_t, sys_object_destroy(h)); }
static inline must_check err_t gate_handle_grow(handle_t space, frame_t frame)
{
    return GATE(err_t, sys_handle_grow(space, frame));
}
static inline err_t gate_handle_close(handle_t h) { return GATE(err_t, sys_handle_close(0, h)); }
static inline must_check err_t gate_handle_info(handle_t h, struct handle_info *out)
{
    return GATE(err_t, sys_handle_info(0, h, out));
}

/* ---- spaces ---- */
static inline must_check err_t gate_space_handler(handle_t space, unsigned which, handle_t ep, badge_t badge)
{
    return GATE(err_t, sys_space_handler(space, which, ep, badge));
}
static inline must_check err_t gate_space_info(handle_t space, struct space_info *out)
{
    return GATE(err_t, sys_space_info(space, out));
}
static inline must_check err_t gate_space_table(handle_t space, vaddr_t va, frame_t frame)
{
    return GATE(err_t, sys_space_table(space, va, frame));
}
static inline must_check err_t gate_space_untable(handle_t space, vaddr_t va, frame_t *out)
{
    return GATE(err_t, sys_space_untable(space, va, out));
}
static inline must_check err_t gate_space_map_frame(handle_t space, vaddr_t va, frame_t frame, unsigned prot)
{
    return GATE(err_t, sys_space_map_frame(space, va, frame, prot));
}
static inline must_check err_t gate_space_unmap(handle_t space, vaddr_t va, uint64_t pages)
{
    return GATE(err_t, sys_space_unmap(space, va, pages));
}
static inline must_check err_t gate_space_unmap_tables(handle_t space, vaddr_t va, uint64_t pages, frame_t table[2])
{
    return GATE(err_t, sys_space_unmap_tables(space, va, pages, table));
}
static inline must_check err_t gate_space_protect(handle_t space, vaddr_t va, uint64_t pages, unsigned prot)
{
    return GATE(err_t, sys_space_protect(space, va, pages, prot));
}
static inline must_check err_t gate_space_share(handle_t from, handle_t to, vaddr_t va, uint64_t pages, unsigned mode,
                                                const frame_t table[2], unsigned *taken)
{
    return GATE(err_t, sys_space_share_tables(from, to, va, pages, mode, table, taken));
}
static inline must_check err_t gate_space_share_table(handle_t from, handle_t to, vaddr_t va)
{
    return GATE(err_t, sys_space_share_table(from, to, va));
}
static inline must_check err_t gate_space_unshare_table(handle_t space, vaddr_t va, frame_t frame)
{
    return GATE(err_t, sys_space_unshare_table(space, va, frame));
}
static inline must_check err_t gate_space_map_device(handle_t kernel, handle_t space, vaddr_t va, paddr_t pa)
{
    return GATE(err_t, sys_space_map_device(kernel, space, va, pa));
}
static inline must_check err_t gate_space_reset(handle_t space) { return GATE(err_t, sys_space_reset(space)); }
static inline must_check err_t gate_space_batch(frame_t frame) { return GATE(err_t, sys_space_batch(frame)); }
static inline must_check err_t gate_space_soft(handle_t space, vaddr_t va, uint64_t value)
{
    uint64_t old;
    return GATE(err_t, sys_space_soft(space, va, value, &old));
}
static inline must_check err_t gate_space_soft_replace(handle_t space, vaddr_t va, uint64_t value)
{
    uint64_t old;
    return GATE(err_t, sys_space_soft_replace(space, va, value, &old));
}
static inline must_check err_t gate_space_harvest(handle_t space, vaddr_t va, unsigned pages, uint64_t *accessed)
{
    uint64_t dirty;
    return GATE(err_t, sys_space_harvest(space, va, pages, accessed, &dirty));
}
static inline err_t gate_space_map(handle_t space, vaddr_t va, uint64_t pages, unsigned prot, uint64_t *done)
{
    return GATE(err_t, sys_space_map(space, va, pages, prot, done));
}
static inline err_t gate_space_map_run(handle_t space, const struct map_run *run, uint64_t *done)
{
    return GATE(err_t, sys_space_map_run(space, run, done));
}

/* ---- memory, kernel ---- */
static inline must_check err_t gate_chunk_retype(uint64_t chunk, unsigned kind)
{
    return GATE(err_t, sys_chunk_retype(chunk, kind));
}
static inline must_check err_t gate_kernel_check(handle_t kernel, uint64_t *what, uint64_t *where)
{
    return GATE(err_t, sys_kernel_check(kernel, what, where));
}
static inline void gate_exec_fence(void)
{
#ifndef MUTANT_PAGER_SKIP_FENCE
    gate_enter();
    sys_exec_fence();
    gate_leave();
#endif
}

#endif
