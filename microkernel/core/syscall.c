/* SPDX-License-Identifier: MIT
 * The table of system calls. A handler checks everything, commits, and returns what goes into a0.
 */
#include "arch.h"

#pragma GCC diagnostic ignored "-Woverride-init"

#define HANDLERS(X) \
    X(CALL, sys_call) X(RECV, sys_recv) X(REPLY, sys_reply) X(REPLY_RECV, sys_reply_recv) \
    X(FAULT_REPLY, sys_fault_reply) X(FAULT_REPLY_RECV, sys_fault_reply_recv) X(SIGNAL, sys_signal) X(WAIT, sys_wait) \
    X(YIELD, sys_yield) X(COPY, sys_copy) X(REPLY_ALIVE, sys_reply_alive) X(HANDLE_COPY, sys_handle_copy) \
    X(HANDLE_INSTALL, sys_handle_install) X(HANDLE_CLOSE, sys_handle_close) X(HANDLE_REVOKE, sys_handle_revoke) \
    X(HANDLE_INFO, sys_handle_info) X(HANDLE_GROW, sys_handle_grow) X(HANDLE_INSTALL_SET, sys_handle_install_set) X(OBJECT_CREATE, sys_object_create) \
    X(OBJECT_DESTROY, sys_object_destroy) X(THREAD_START, sys_thread_start) X(THREAD_STOP, sys_thread_stop) \
    X(THREAD_RESUME, sys_thread_resume) X(THREAD_REGS_COPY, sys_thread_regs_copy) \
    X(THREAD_REG_GET, sys_thread_reg_get) X(THREAD_REG_SET, sys_thread_reg_set) X(THREAD_PRIO, sys_thread_prio) \
    X(THREAD_BIND, sys_thread_bind) X(THREAD_INFO, sys_thread_info) X(THREAD_HART, sys_thread_hart) \
    X(SCHED_SET, sys_sched_set) X(THREAD_SCHED, sys_thread_sched) X(SCHED_INFO, sys_sched_info) X(SPACE_HANDLER, sys_space_handler) \
    X(SPACE_TABLE, sys_space_table) X(SPACE_UNTABLE, sys_space_untable) X(SPACE_MAP, sys_space_map) \
    X(SPACE_UNMAP, sys_space_unmap) X(SPACE_PROTECT, sys_space_protect) X(SPACE_SHARE, sys_space_share) \
    X(SPACE_HARVEST, sys_space_harvest) X(SPACE_RESET, sys_space_reset) X(SPACE_BATCH, sys_space_batch) \
    X(SPACE_MAP_FRAME, sys_space_map_frame) X(SPACE_MAP_DEVICE, sys_space_map_device) X(SPACE_SOFT, sys_space_soft) \
    X(SPACE_SHARE_TABLE, sys_space_share_table) X(SPACE_UNSHARE_TABLE, sys_space_unshare_table) \
    X(SPACE_INFO, sys_space_info) X(SPACE_EXEC_FENCE, sys_space_exec_fence) X(CHUNK_RETYPE, sys_chunk_retype) \
    X(CHUNK_GRANT, sys_chunk_grant) X(WINDOW_MAP, sys_window_map) X(IRQ_CREATE, sys_irq_create) \
    X(IRQ_BIND, sys_irq_bind) X(IRQ_ACK, sys_irq_ack) X(DEBUG_PUTC, sys_debug_putc) X(TRACE_READ, sys_trace_read) \
    X(TRACE_MASK, sys_trace_mask) X(KERNEL_INFO, sys_kernel_info) X(KERNEL_CHECK, sys_kernel_check)

static long sys_null(struct thread *t, uint64_t *a)
{
    (void)t, (void)a;
    return OK;
}

#define DECLARE(name, fn) syscall_fn fn;
HANDLERS(DECLARE)

static long sys_nosys(struct thread *t, uint64_t *a)
{
    (void)t, (void)a;
    return ERR_NOSYS;
}

/* The last entry is for all numbers beyond. */
syscall_fn *const syscall_table[SYSCALL_LIMIT + 1] = {
    [0 ... SYSCALL_LIMIT] = sys_nosys,
    [SYS_NULL] = sys_null,
#define ENTRY(name, fn) [SYS_##name] = fn,
    HANDLERS(ENTRY)
};
_Static_assert(SYSCALL_LIMIT <= 255, "numbers fit a byte");
