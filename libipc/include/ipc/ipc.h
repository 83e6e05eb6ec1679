/* SPDX-License-Identifier: MIT
 * Calls and server loops in terms of messages instead of registers.
 */
#ifndef IPC_IPC_H
#define IPC_IPC_H

#include <ipc/sys.h>

/* A message as programs see it. Requests: w[0] = operation. Replies: w[0] = err_t of the server (sign-extended). */
struct ipc_msg {
    uint64_t w[MSG_WORDS];
};

/* What a client lets the server touch while it waits. */
struct ipc_buf {
    void *addr;
    uint64_t len_bytes;
    uint64_t access; /* BUF_R (server reads), BUF_W (server writes), both or 0 */
};

/* What a receive brought. */
struct ipc_event {
    long kind; /* enum msg_kind, or a negative error */
    uint64_t w[MSG_WORDS];
    reply_id_t id;
    badge_t badge;
    uint64_t buf_len[2]; /* BUF_LEN(): length; BUF_R/BUF_W bits as named by the client */
};

/* Send *m, wait, overwrite *m with the reply. Returns the kernel's error, or if the message went through the server's
 * (w[0] of the reply). bufs: 0..2 buffers. */
err_t ipc_call(handle_t ep, struct ipc_msg *m);
err_t ipc_call_full(handle_t ep, struct ipc_msg *m, const struct ipc_buf *bufs, unsigned nbufs, ticks_t deadline);
/* Send with a handle: h is duplicated with `rights` (or moved, with XFER_MOVE in how) into the server's table. */
err_t ipc_call_handle(handle_t ep, struct ipc_msg *m, handle_t h, unsigned rights, uint64_t how);

/* Receive one event. Returns ev->kind. DEADLINE_POLL does not wait. */
long ipc_recv(handle_t ep, struct ipc_event *ev, ticks_t deadline);
/* Answer id with m (ERR_STALE if the client is gone; safe to ignore in a server). */
err_t ipc_reply(reply_id_t id, const struct ipc_msg *m);
err_t ipc_reply_handle(reply_id_t id, const struct ipc_msg *m, handle_t h, unsigned rights, uint64_t how);
/* The same with one handle (w[7]) or two (give[1] in w[6]; NO_HANDLE: none). */
struct ipc_give {
    handle_t h;
    unsigned rights;
};
err_t ipc_reply_give(reply_id_t id, const struct ipc_msg *m, const struct ipc_give give[2]);
long ipc_reply_recv_give(handle_t ep, reply_id_t id, const struct ipc_msg *m, const struct ipc_give give[2], struct ipc_event *ev);
/* Answer, then receive into ev; if the answer is refused nothing is received and its error is returned (and ev->kind). */
long ipc_reply_recv(handle_t ep, reply_id_t id, const struct ipc_msg *m, struct ipc_event *ev);
/* Answer a fault (and receive). tables: up to two frames, 0 when not needed. */
err_t ipc_fault_reply(reply_id_t id, uint64_t verdict, frame_t frame, frame_t table1, frame_t table2);
long ipc_fault_reply_recv(handle_t ep, reply_id_t id, uint64_t verdict, frame_t frame, frame_t table1, frame_t table2,
                          struct ipc_event *ev);
#define FAULT_VERDICT(verdict, prot, reason) ((uint64_t)(verdict) | (uint64_t)(prot) << 8 | (uint64_t)(reason) << 16)

/* Copy all of [offset, offset + len) of a client's buffer, waiting on the thread's own notification while pages come in.
 * Only for servers that no pager depends on. ERR_TIMEOUT after `deadline`, or when a page comes in again and again and is gone each
 * time (a client can do that on purpose); ERR_FAULT, ERR_STALE as sys_copy. */
err_t ipc_copy_from(reply_id_t id, unsigned buffer, uint64_t offset, void *to, uint64_t len, ticks_t deadline);
err_t ipc_copy_to(reply_id_t id, unsigned buffer, uint64_t offset, const void *from, uint64_t len, ticks_t deadline);
/* A server whose thread has a notification bound to it says so once: the wake-up goes there (rights SIGNAL and WAIT; bits
 * that mean other things are put back). 0, the start value: the thread's own. Without it copies poll each millisecond. */
void ipc_copy_wait_on(handle_t ntfn);

/* Badges: who is calling. Class in the top four bits. */
#define BADGE_CLASS(b) ((unsigned)((b) >> 44) & 0xf)
#define BADGE_ID(b) ((uint32_t)(b))
#define BADGE_MAKE(cls, id) ((badge_t)(cls) << 44 | (uint32_t)(id))
enum badge_class {
    BADGE_CLIENT = 1,  /* an ordinary process; id: pager: space id; procmgr and console: pid */
    BADGE_INIT = 2,
    BADGE_PROCMGR = 3,
    BADGE_CONSOLE = 4,
    BADGE_PAGER = 5,
    BADGE_FS = 6,
    BADGE_IDLE = 7, /* the thread of init that lends the pager idle time */
    BADGE_BLK = 8,
};
/* Who may call an operation: a set of classes. */
#define FROM(cls) (1u << (cls))
#define FROM_ANY 0xffffu

/* Handles every process finds in its table at start. */
enum proc_handle {
    H_PAGER = 1,   /* pager endpoint, badge CLIENT | space id, SEND */
    H_PROC = 2,    /* procmgr endpoint, badge CLIENT | pid, SEND */
    H_CONSOLE = 3, /* console endpoint, badge CLIENT | pid, SEND */
    H_KERNEL = 4,  /* kernel, K_TRACE only */
    H_INIT = 5,    /* init's endpoint, badge CLIENT | pid, SEND (kill a server in tests, power off) */
    H_FS = 6,      /* the file server's endpoint, badge CLIENT | pid; SEND only after PROC_FILES, or when the parent had it */
    H_SELF = 7,    /* only after PROC_ENDPOINT: the process's own endpoint; ends with the process, survives exec */
    H_PARENT = 8,  /* only when the parent had one at fork or spawn: its H_SELF, badge CLIENT | pid, SEND */
    H_PROC_FIRST_FREE = 9,
};

#endif
