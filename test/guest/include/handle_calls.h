/* SPDX-License-Identifier: MIT
 * Which argument of which system call is a handle, of what type, and which right it needs. The abuse tests of the guest and of
 * the host go through this table with every kind of bad handle. A call with two handles has a row for each that can be
 * reached with the other arguments left at 1.
 */
#ifndef HANDLE_CALLS_H
#define HANDLE_CALLS_H

#include <abi/object.h>
#include <abi/syscall.h>

#define POLL(call) ((call) | (uint64_t)IPC_F_DEADLINE << 8) /* with t2 = 0: a deadline in the past */

/* Calls whose argument `where` names a handle. */
struct handle_call {
    uint64_t call;
    uint8_t where;  /* 0: a0, 1: a1 with a0 = 0, the caller's own table */
    uint8_t type;   /* OBJ_NONE: any */
    uint8_t right;  /* without it ERR_RIGHTS */
    bool zero;      /* 0 means something: the caller's own */
};
static const struct handle_call handle_calls[] = {
    {POLL(SYS_CALL), 0, OBJ_ENDPOINT, RIGHT_SEND, false},
    {POLL(SYS_RECV), 0, OBJ_ENDPOINT, RIGHT_RECV, false},
    {POLL(SYS_REPLY_RECV), 0, OBJ_ENDPOINT, RIGHT_RECV, false},
    {POLL(SYS_FAULT_REPLY_RECV), 0, OBJ_ENDPOINT, RIGHT_RECV, false},
    {SYS_SIGNAL, 0, OBJ_NTFN, RIGHT_SIGNAL, false},
    {POLL(SYS_WAIT), 0, OBJ_NTFN, RIGHT_WAIT, true},
    {SYS_HANDLE_COPY, 0, OBJ_NONE, RIGHT_GRANT, false},
    {SYS_HANDLE_INSTALL, 0, OBJ_SPACE, RIGHT_HANDLES, true},
    {SYS_HANDLE_INSTALL_SET, 0, OBJ_SPACE, RIGHT_HANDLES, true},
    {SYS_HANDLE_CLOSE, 0, OBJ_SPACE, RIGHT_HANDLES, true},
    {SYS_HANDLE_REVOKE, 0, OBJ_NONE, RIGHT_OWN, false},
    {SYS_HANDLE_INFO, 0, OBJ_SPACE, RIGHT_HANDLES, true},
    {SYS_HANDLE_INFO, 1, OBJ_NONE, 0, false},
    {SYS_HANDLE_GROW, 0, OBJ_SPACE, RIGHT_HANDLES, true},
    {SYS_OBJECT_DESTROY, 0, OBJ_NONE, RIGHT_OWN, false},
    {SYS_THREAD_START, 0, OBJ_THREAD, RIGHT_CONTROL, false},
    {SYS_THREAD_STOP, 0, OBJ_THREAD, RIGHT_CONTROL, false},
    {SYS_THREAD_RESUME, 0, OBJ_THREAD, RIGHT_CONTROL, false},
    {SYS_THREAD_REGS_COPY, 0, OBJ_THREAD, RIGHT_CONTROL, false},
    {SYS_THREAD_REG_GET, 0, OBJ_THREAD, RIGHT_CONTROL, false},
    {SYS_THREAD_REG_SET, 0, OBJ_THREAD, RIGHT_CONTROL, false},
    {SYS_THREAD_PRIO, 0, OBJ_THREAD, RIGHT_CONTROL, false},
    {SYS_THREAD_BIND, 0, OBJ_THREAD, RIGHT_CONTROL, false},
    {SYS_THREAD_INFO, 0, OBJ_THREAD, RIGHT_CONTROL, false},
    {SYS_THREAD_HART, 0, OBJ_THREAD, RIGHT_CONTROL, false},
    {SYS_SCHED_SET, 0, OBJ_SCHED, RIGHT_CONTROL, false},
    {SYS_THREAD_SCHED, 0, OBJ_THREAD, RIGHT_CONTROL, false},
    {SYS_SCHED_INFO, 0, OBJ_SCHED, 0, false},
    {SYS_SPACE_HANDLER, 0, OBJ_SPACE, RIGHT_CONTROL, false},
    {SYS_SPACE_TABLE, 0, OBJ_SPACE, RIGHT_MAP, false},
    {SYS_SPACE_UNTABLE, 0, OBJ_SPACE, RIGHT_MAP, false},
    {SYS_SPACE_MAP, 0, OBJ_SPACE, RIGHT_MAP, false},
    {SYS_SPACE_UNMAP, 0, OBJ_SPACE, RIGHT_MAP, false},
    {SYS_SPACE_PROTECT, 0, OBJ_SPACE, RIGHT_MAP, false},
    {SYS_SPACE_SHARE, 0, OBJ_SPACE, RIGHT_MAP, false},
    {SYS_SPACE_HARVEST, 0, OBJ_SPACE, RIGHT_MAP, false},
    {SYS_SPACE_RESET, 0, OBJ_SPACE, RIGHT_CONTROL, false},
    {SYS_SPACE_MAP_FRAME, 0, OBJ_SPACE, RIGHT_MAP, false},
    {SYS_SPACE_MAP_DEVICE, 0, OBJ_KERNEL, RIGHT_K_DEVICE, false},
    {SYS_SPACE_SOFT, 0, OBJ_SPACE, RIGHT_MAP, false},
    {SYS_SPACE_INFO, 0, OBJ_SPACE, 0, true},
    {SYS_SPACE_SHARE_TABLE, 0, OBJ_SPACE, RIGHT_MAP, false},
    {SYS_SPACE_UNSHARE_TABLE, 0, OBJ_SPACE, RIGHT_MAP, false},
    {SYS_WINDOW_MAP, 0, OBJ_SPACE, RIGHT_MAP, false},
    {SYS_IRQ_CREATE, 0, OBJ_KERNEL, RIGHT_K_IRQ, false},
    {SYS_IRQ_BIND, 0, OBJ_IRQ, RIGHT_IRQ_USE, false},
    {SYS_IRQ_ACK, 0, OBJ_IRQ, RIGHT_IRQ_USE, false},
    {SYS_DEBUG_PUTC, 0, OBJ_KERNEL, RIGHT_K_DEBUG, false},
    {SYS_TRACE_READ, 0, OBJ_KERNEL, RIGHT_K_TRACE, false},
    {SYS_TRACE_MASK, 0, OBJ_KERNEL, RIGHT_K_CHECK, false},
    {SYS_KERNEL_INFO, 0, OBJ_KERNEL, RIGHT_K_TRACE, false},
    {SYS_KERNEL_CHECK, 0, OBJ_KERNEL, RIGHT_K_CHECK, false},
};

#endif
