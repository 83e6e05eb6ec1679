/* SPDX-License-Identifier: MIT
 * Messages to registers and back. Owns no state but the choice of a notification; it must never allocate, never retry
 * and never interpret a protocol, since the pager's own fault path runs through it.
 */
#include <ipc/regs.h>

#include <stddef.h>

/* ipc_raw() takes the flags above the system-call number. */
#define FLAGS(f) ((long)(f) << 8)

/* A blocking copy looks again at least this often, should its wake-up go to another notification: 1 ms at 10 MHz. */
#define COPY_RECHECK_TICKS 10000u
/* A page that came in and was gone again so often in a row: its owner takes it away on purpose, and others wait meanwhile. */
#define COPY_FUTILE_MAX 16u

/* The kernel's error if the message did not go through, else the server's, which stands sign-extended in w[0]. */
static inline err_t call_result(long kernel, struct ipc_msg *m, const struct ipc_regs *x)
{
    if (kernel < 0)
        return (err_t)kernel;
    ipc_words_out(m->w, x);
    return (err_t)(int64_t)m->w[0];
}

err_t ipc_call(handle_t ep, struct ipc_msg *m)
{
    struct ipc_regs x = {.t2 = 0};
    ipc_words_in(&x, m->w);
    return call_result(ipc_raw_waiting(SYS_CALL, ep, &x), m, &x);
}

err_t ipc_call_full(handle_t ep, struct ipc_msg *m, const struct ipc_buf *bufs, unsigned nbufs, ticks_t deadline)
{
    struct ipc_regs x = {.t2 = deadline};
    unsigned flags = deadline == DEADLINE_NONE ? 0 : IPC_F_DEADLINE;
    if (nbufs > 2)
        return ERR_INVAL;
    ipc_words_in(&x, m->w);
    if (nbufs > 0) {
        flags |= IPC_F_BUF;
        x.t3 = (uint64_t)(uintptr_t)bufs[0].addr;
        x.t4 = BUF_LEN(bufs[0].len_bytes) | bufs[0].access;
    }
    if (nbufs > 1) {
        x.t5 = (uint64_t)(uintptr_t)bufs[1].addr;
        x.t6 = BUF_LEN(bufs[1].len_bytes) | bufs[1].access;
    }
    return call_result(ipc_raw_waiting(SYS_CALL | FLAGS(flags), ep, &x), m, &x);
}

static inline uint64_t transfer_word(handle_t h, unsigned rights, uint64_t how)
{
    return how | (uint64_t)rights << 32 | h;
}

err_t ipc_call_handle(handle_t ep, struct ipc_msg *m, handle_t h, unsigned rights, uint64_t how)
{
    struct ipc_regs x = {.t2 = 0};
    ipc_words_in(&x, m->w);
    x.w[7] = transfer_word(h, rights, how);
    return call_result(ipc_raw(SYS_CALL | FLAGS(IPC_F_HANDLE), ep, &x), m, &x);
}

long ipc_recv(handle_t ep, struct ipc_event *ev, ticks_t deadline)
{
    struct ipc_regs x = {.t2 = deadline};
    unsigned flags = deadline == DEADLINE_NONE ? 0 : IPC_F_DEADLINE;
    return ipc_event_out(ev, ipc_raw(SYS_RECV | FLAGS(flags), ep, &x), &x);
}

err_t ipc_reply(reply_id_t id, const struct ipc_msg *m)
{
    struct ipc_regs x = {.t3 = id};
    ipc_words_in(&x, m->w);
    return (err_t)ipc_raw(SYS_REPLY, 0, &x);
}

err_t ipc_reply_handle(reply_id_t id, const struct ipc_msg *m, handle_t h, unsigned rights, uint64_t how)
{
    struct ipc_regs x = {.t3 = id};
    ipc_words_in(&x, m->w);
    x.w[7] = transfer_word(h, rights, how);
    return (err_t)ipc_raw(SYS_REPLY | FLAGS(IPC_F_HANDLE), 0, &x);
}

/* Flags for what is given along. */
static inline long give_words(struct ipc_regs *x, const struct ipc_give give[2])
{
    x->w[7] = transfer_word(give[0].h, give[0].rights, 0);
    if (give[1].h == NO_HANDLE)
        return FLAGS(IPC_F_HANDLE);
    x->w[6] = transfer_word(give[1].h, give[1].rights, 0);
    return FLAGS(IPC_F_HANDLE | IPC_F_HANDLE2);
}

err_t ipc_reply_give(reply_id_t id, const struct ipc_msg *m, const struct ipc_give give[2])
{
    struct ipc_regs x = {.t3 = id};
    ipc_words_in(&x, m->w);
    long flags = give_words(&x, give);
    return (err_t)ipc_raw(SYS_REPLY | flags, 0, &x);
}

long ipc_reply_recv_give(handle_t ep, reply_id_t id, const struct ipc_msg *m, const struct ipc_give give[2], struct ipc_event *ev)
{
    struct ipc_regs x = {.t3 = id};
    ipc_words_in(&x, m->w);
    long flags = give_words(&x, give);
    return ipc_event_out(ev, ipc_raw(SYS_REPLY_RECV | flags, ep, &x), &x);
}

long ipc_reply_recv(handle_t ep, reply_id_t id, const struct ipc_msg *m, struct ipc_event *ev)
{
    struct ipc_regs x = {.t3 = id};
    ipc_words_in(&x, m->w);
    return ipc_event_out(ev, ipc_raw(SYS_REPLY_RECV, ep, &x), &x);
}

err_t ipc_fault_reply(reply_id_t id, uint64_t verdict, frame_t frame, frame_t table1, frame_t table2)
{
    struct ipc_regs x = {.w = {verdict, frame, table1, table2}, .t3 = id};
    return (err_t)ipc_raw(SYS_FAULT_REPLY, 0, &x);
}

long ipc_fault_reply_recv(handle_t ep, reply_id_t id, uint64_t verdict, frame_t frame, frame_t table1, frame_t table2,
                          struct ipc_event *ev)
{
    struct ipc_regs x = {.w = {verdict, frame, table1, table2}, .t3 = id};
    return ipc_event_out(ev, ipc_raw(SYS_FAULT_REPLY_RECV, ep, &x), &x);
}

static handle_t copy_ntfn; /* what the waiting below waits on; 0: the thread's own */

void ipc_copy_wait_on(handle_t ntfn)
{
    copy_ntfn = ntfn;
}

/* Sleep until a page may have come in; *came counts those that did. Bits that mean something else are kept in *others. */
static err_t copy_pause(ticks_t deadline, uint64_t *others, unsigned *came)
{
    uint64_t bits = 0;
    ticks_t now = sys_time();
    if (now >= deadline)
        return ERR_TIMEOUT;
    ticks_t recheck = now + COPY_RECHECK_TICKS;
    if (sys_wait(copy_ntfn, recheck < deadline ? recheck : deadline, &bits) == OK) {
        *others |= bits & ~NTFN_COPY_READY;
        *came += (bits & NTFN_COPY_READY) != 0;
    }
    return *came <= COPY_FUTILE_MAX ? OK : ERR_TIMEOUT;
}

/* Both directions of the blocking copy. Bounded by the deadline, by the client's life (a dead client's id is stale), and by how often
 * its page goes away again before it is copied. */
static err_t copy_all(reply_id_t id, unsigned buffer_dir, uint64_t offset, char *local, uint64_t len, ticks_t deadline)
{
    uint64_t total = 0, others = 0;
    unsigned came = 0; /* pages, since the last byte was copied */
    err_t err = OK;
    while (err == OK && total < len) { /* bound: each turn copies, fails, or sleeps towards the deadline */
        uint64_t done = 0;
        err = sys_copy(id, buffer_dir, offset + total, local + total, len - total, &done);
        total += done;
        came = done ? 0 : came;
        if (err == OK && done == 0)
            err = ERR_FAULT; /* the buffer ends here */
        if (err == ERR_FAULT_PENDING)
            err = copy_pause(deadline, &others, &came);
    }
    if (others != 0)
        (void)sys_signal(copy_ntfn, others); /* the next receive sees them */
    return err;
}

err_t ipc_copy_from(reply_id_t id, unsigned buffer, uint64_t offset, void *to, uint64_t len, ticks_t deadline)
{
    return copy_all(id, buffer, offset, to, len, deadline);
}

err_t ipc_copy_to(reply_id_t id, unsigned buffer, uint64_t offset, const void *from, uint64_t len, ticks_t deadline)
{
    /* sys_copy takes one pointer for both directions; it only reads here. */
    return copy_all(id, buffer | COPY_TO_CLIENT, offset, (char *)(uintptr_t)from, len, deadline);
}
