/* SPDX-License-Identifier: MIT
 * System-call numbers and register conventions.
 *
 *   a7   number | IPC_F_* flags << 8
 *   a0   first argument (usually a handle); on return OK, a positive kind, or a negative error
 *   a1.. further arguments; on return further results
 * A call keeps ra, sp, gp, tp, s0-s11 and the FPU. a0-a7 and t0-t6 that hold no result are undefined afterwards; so are they when
 * somebody else reads the registers of a thread that is blocked in a call.
 *
 * IPC registers:
 *   a1-a6, t0, t1   message words w[0]..w[7] (64 bytes), both ways
 *   t2   in: absolute deadline if IPC_F_DEADLINE (else for ever)    out of receive: reply id
 *   t3   in (reply*): reply id       in (call, IPC_F_BUF): address of buffer 0      out of receive: badge
 *   t4   in (call): length of buffer 0 | BUF_R | BUF_W                              out of receive: the same
 *   t5   in (call): address of buffer 1
 *   t6   in (call): length of buffer 1 | BUF_R | BUF_W                              out of receive: the same (t6)
 * With IPC_F_HANDLE the last word w[7] is XFER_* | rights << 32 | handle; the receiver finds its new handle in w[7]
 * (NO_HANDLE when none was sent with that message is up to the protocol: w[7] is then an ordinary word).
 * REPLY and REPLY_RECV with IPC_F_HANDLE2, too: a second one in w[6], both without XFER_MOVE (ERR_INVAL).
 * A reply id's low 32 bits are the frame of the caller's control block (the `object` of HANDLE_INFO); the rest is a one-shot number.
 */
#ifndef ABI_SYSCALL_H
#define ABI_SYSCALL_H

#include "types.h"

#define IPC_F_DEADLINE 1u
#define IPC_F_BUF 2u
#define IPC_F_HANDLE 4u
#define IPC_F_HANDLE2 8u

#define BUF_W (1UL << 63) /* the server may write this buffer */
#define BUF_R (1UL << 62) /* the server may read this buffer */
#define BUF_LEN(x) ((x) & ~(BUF_W | BUF_R))

#define XFER_MOVE (1UL << 63) /* the sender's handle is closed when the message is delivered */

/* X(NAME, number, arguments -> results, short description) */
#define SYSCALLS(X) \
    X(NULL, 0, "", "into the kernel and back") \
    X(CALL, 1, "ep, msg", "send a message and wait for the reply") \
    X(RECV, 2, "ep", "wait for a message, fault, exception, notification or cancel event") \
    X(REPLY, 3, "-, msg, id", "answer a caller") \
    X(REPLY_RECV, 4, "ep, msg, id", "answer, then receive") \
    X(FAULT_REPLY, 5, "-, verdict, frame, table, table, id", "answer a fault") \
    X(FAULT_REPLY_RECV, 6, "ep, verdict, frame, table, table, id", "answer a fault, then receive") \
    X(SIGNAL, 7, "ntfn, bits", "set bits in a notification") \
    X(WAIT, 8, "ntfn, deadline in t2 -> bits", "wait for bits; handle 0 is the thread's own notification") \
    X(YIELD, 9, "", "go behind the other ready threads of this priority") \
    X(COPY, 10, "id, buffer | COPY_TO_CLIENT, offset, address, length -> bytes", "copy to or from a blocked caller's buffer") \
    X(REPLY_ALIVE, 11, "id", "whether a reply id is still waiting for its answer") \
    X(HANDLE_COPY, 16, "handle, rights, badge -> handle", "duplicate with the same or fewer rights") \
    X(HANDLE_INSTALL, 17, "space, slot, handle, rights, badge", "duplicate into a slot of another space") \
    X(HANDLE_CLOSE, 18, "space or 0, handle", "forget a handle") \
    X(HANDLE_REVOKE, 19, "handle", "make every other handle to the object stale") \
    X(HANDLE_INFO, 20, "space or 0, handle -> type | rights << 8, badge, object", "describe a handle") \
    X(HANDLE_GROW, 21, "space, frame", "donate a frame for 256 more handles") \
    X(HANDLE_INSTALL_SET, 22, "space, badge 1, badge 2, INSTALL_ENTRY... -> how many", "up to eight HANDLE_INSTALLs") \
    X(OBJECT_CREATE, 24, "type, frame; thread: space, THREAD_AT or 0; space: frame, endpoint or 0, badge -> handle", "make an object in donated frames") \
    X(OBJECT_DESTROY, 25, "handle", "end an object; its frames are the donor's again") \
    X(THREAD_START, 32, "thread, ip, sp, a0, tp, START_*", "cancel what it does and run it at ip") \
    X(THREAD_STOP, 33, "thread", "cancel what it does and keep it from running") \
    X(THREAD_RESUME, 34, "thread", "let a stopped thread go on from its registers") \
    X(THREAD_REGS_COPY, 35, "to, from, REGS_*, a0, a1, a2", "copy all registers of a blocked thread, FPU included, to a stopped one") \
    X(THREAD_REG_GET, 36, "thread, n -> value", "read register x<n>; 0 is the pc") \
    X(THREAD_REG_SET, 37, "thread, n, value", "write register x<n> of a stopped thread; 0 is the pc") \
    X(THREAD_PRIO, 38, "thread, priority 0..255", "set the priority") \
    X(THREAD_BIND, 39, "thread, ntfn", "deliver the notification at the thread's receives") \
    X(THREAD_INFO, 40, "thread -> state, priority | hart << 8, instructions, thread frame", "describe a thread") \
    X(THREAD_HART, 41, "thread, hart | HART_STAY", "move it to a hart") \
    X(SCHED_SET, 43, "sched, budget, period, priority 0..255", "what a scheduling context allows from now on") \
    X(THREAD_SCHED, 44, "thread, sched or 0", "run the thread on this context's budget, or on none") \
    X(SCHED_INFO, 45, "sched -> budget, period, left, next replenishment, used, thread frame | priority << 32", "describe a context") \
    X(SPACE_HANDLER, 48, "space, which, ep, badge", "where faults (0) or exceptions (1) of the space go") \
    X(SPACE_TABLE, 49, "space, va, frame -> level", "donate the next missing page table for va") \
    X(SPACE_UNTABLE, 50, "space, va -> frame", "take back the lowest table for va, which must be empty, or let a shared one go (0)") \
    X(SPACE_MAP, 51, "space, va, pages, prot, done, first frame -> done", "map a run of frames, or those that the batch page lists") \
    X(SPACE_UNMAP, 52, "space, va, pages, UNMAP_* -> frames of two tables", "unmap a range, whatever is in it; shoot down") \
    X(SPACE_PROTECT, 53, "space, va, pages, prot -> done", "take permissions away, or make COW; shoot down") \
    X(SPACE_SHARE, 54, "from, to, va, pages, mode or SHARE_WITH -> done, tables taken", "map the same frames in another space") \
    X(SPACE_HARVEST, 55, "space, va, pages <= 64 -> accessed, dirty", "read and clear the accessed bits") \
    X(SPACE_RESET, 56, "space", "a server died: its callers get PEER_DEAD, its faults queue again") \
    X(SPACE_BATCH, 57, "frame", "register the caller's batch page") \
    X(SPACE_MAP_FRAME, 58, "space, va, frame, prot", "map one frame where nothing is mapped") \
    X(SPACE_MAP_DEVICE, 59, "kernel, space, va, physical address", "map a page of device memory") \
    X(SPACE_SOFT, 60, "space, va, value, 0 or SOFT_REPLACE -> old", "set the software bits of a non-present entry, or put them in a page's place") \
    X(SPACE_INFO, 61, "space -> id, asid, threads, handles, of these ever used", "describe a space") \
    X(SPACE_EXEC_FENCE, 62, "", "make stores to code visible to all harts' fetches") \
    X(SPACE_SHARE_TABLE, 67, "from, to, va", "give another space the whole leaf table; everything in it becomes COW") \
    X(SPACE_UNSHARE_TABLE, 68, "space, va, frame", "a leaf table of its own again") \
    X(CHUNK_RETYPE, 64, "chunk, enum chunk_kind", "USER <-> KERNEL, when no frame of it is in use") \
    X(CHUNK_GRANT, 65, "chunk, space", "give a chunk to another owner") \
    X(WINDOW_MAP, 66, "space, chunk", "show an owned (or the frame table's) chunk in the space's window") \
    X(IRQ_CREATE, 72, "kernel, source -> handle", "make a handle for an interrupt source") \
    X(IRQ_BIND, 73, "irq, ntfn, bits", "signal these bits at each interrupt") \
    X(IRQ_ACK, 74, "irq", "let the source interrupt again") \
    X(DEBUG_PUTC, 80, "kernel, character", "last-resort console") \
    X(TRACE_READ, 81, "kernel, hart, sequence -> sequence, instret, thread|kind, a, b", "read an event") \
    X(TRACE_MASK, 82, "kernel, mask", "which event kinds are recorded") \
    X(KERNEL_INFO, 83, "kernel, hart, which -> value", "read a counter") \
    X(KERNEL_CHECK, 84, "kernel -> what, where", "check the kernel's own invariants")

enum syscall {
#define SYSCALL_ENUM(name, number, args, text) SYS_##name = (number),
    SYSCALLS(SYSCALL_ENUM)
#undef SYSCALL_ENUM
    SYSCALL_LIMIT = 85,
};

/* SYS_COPY: buffer number 0 or 1, and the direction. */
#define COPY_TO_CLIENT 0x100u

/* SYS_SCHED_SET: bounds in ticks; a budget is at most its period. */
#define SCHED_BUDGET_MIN 100u
#define SCHED_PERIOD_MAX (1UL << 40)

/* SYS_THREAD_HART: a receiver runs on the hart of the message that it takes, unless it is told to stay. */
#define HART_STAY 0x100UL

/* SYS_OBJECT_CREATE of a thread: its priority 0..255 and the hart it begins on. */
#define THREAD_AT(prio, hart) ((uint64_t)(prio) | (uint64_t)(hart) << 8 | 1UL << 17)

/* SYS_HANDLE_INSTALL_SET: which = 0: the handle's own badge, 1 or 2: the first or second of the call. Slot and handle below INSTALL_END.
 * Slot 0: SPACE_HANDLER of the space's exceptions instead. */
#define INSTALL_SET_MAX 8u
#define INSTALL_END 2048u
#define INSTALL_ENTRY(slot, handle, rights, which) \
    ((uint32_t)(slot) | (uint32_t)(handle) << 11 | (uint32_t)(rights) << 22 | (uint32_t)(which) << 30)

/* SYS_THREAD_START: set up, but to be let go by THREAD_RESUME. */
#define START_STOPPED 1u
/* SYS_THREAD_STOP: a thread that waits for the answer to its call is left alone (ERR_BUSY). */
#define STOP_UNLESS_CALLS 1u
/* SYS_THREAD_REGS_COPY: the copy gets these values for a0, a1, a2, as if its call had returned them. */
#define REGS_RESULT 1u

/* SYS_SPACE_HANDLER */
#define HANDLER_FAULT 0u
#define HANDLER_EXCEPTION 1u

/* SYS_SPACE_SHARE modes. Windows, devices and non-present entries are passed over. */
#define SHARE_COW 0u  /* writable pages become COW in both; COW and read-only pages are shared as they are */
#define SHARE_SAME 1u /* shared memory: the same permissions in both */
/* A mode with one frame or two (0: none) for tables that `to` lacks. */
#define SHARE_WITH(mode, frame1, frame2) ((uint64_t)(mode) | (uint64_t)(frame1) << 8 | (uint64_t)(frame2) << 36)

/* SYS_SPACE_UNMAP: of a range within 2 MiB: the leaf table and the one above it are taken back when they are empty then. */
#define UNMAP_TABLES 1u

/* SYS_SPACE_SOFT: a page that is mapped there is unmapped in the same step. */
#define SOFT_REPLACE 1UL

/* SYS_SPACE_HARVEST: with the number of pages; clears the dirty bits too. */
#define HARVEST_DIRTY 0x100u

/* Registers of THREAD_REG_*: x1..x31 by number, 0 is the pc. */
#define REG_PC 0
#define REG_RA 1
#define REG_SP 2
#define REG_GP 3
#define REG_TP 4
#define REG_A0 10
#define REG_A1 11
#define REG_A2 12

#endif
