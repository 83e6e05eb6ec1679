/* SPDX-License-Identifier: MIT
 * Synchronous messages: call, receive, reply. Messages travel from register file to register file; no user memory is
 * touched, so nothing here can fault. A receiver that waits is switched to directly.
 *
 *   caller:  RUNNING -> CALLING (queued) -> WAIT_REPLY -> READY         server: RECEIVING -> RUNNING
 */
#include "arch.h"

#define RECEIVE_TRIES 8

static inline struct thread *ipc_caller(reply_id_t id, const struct space *server)
{
    uint32_t f = (uint32_t)id;
    if (!frame_in_ram(f) || frame_info_of(f)->kind != FRAME_THREAD)
        return 0;
    struct thread *t = frame_va(f);
    if (t->state != T_WAIT_REPLY || t->server != server || t->reply_id != id)
        return 0;
    return t;
}

struct thread *ipc_find_caller(reply_id_t id, const struct space *server) { return ipc_caller(id, server); }

static inline void ipc_close_call(struct thread *t)
{
    caller_remove(t);
    t->call_gen = (t->call_gen + 1) & ID_GEN_MASK;
    if (unlikely(t->fault.state != F_NONE)) { /* a copy was waiting for a page of its: the copier finds the id stale */
        fault_drop(t);
        fault_tell_copier(t);
    }
    t->server = 0;
}

void ipc_end_call(struct thread *t)
{
    ipc_close_call(t);
    lend_lost(t->served_by);
}

/* cur has answered, and looks to its own priority itself. */
static inline void ipc_finish_call(struct thread *t, struct thread *cur)
{
    ipc_close_call(t);
    if (unlikely(t->served_by != cur)) {
        lend_lost(t->served_by);
        return;
    }
    t->served_by = 0;
    cur->client = 0;
}

static inline void ipc_copy_words(struct thread *to, const struct thread *from)
{
#pragma GCC unroll 6
    for (unsigned i = REG_A1; i < REG_A1 + 6; i++)
        to->x[i] = from->x[i];
    to->x[R_T0] = from->x[R_T0];
    to->x[R_T1] = from->x[R_T1];
}

static inline unsigned ipc_flags(const struct thread *t) { return (t->x[R_A7] >> 8) & 0xff; }

/* Give t's message to r: t waits for the reply then. On an error (no room for the handle) nothing changed.
 * Neither stands in a queue; r's list membership is the caller's business. */
static inline err_t ipc_deliver(struct thread *t, struct thread *r)
{
    r->x[R_T4] = r->x[R_T6] = 0;
    if (t->call_kind == MSG_EXCEPTION) {
        for (unsigned i = 0; i < 6; i++)
            r->x[REG_A1 + i] = t->exc[i];
        r->x[R_T0] = t->exc[6];
        r->x[R_T1] = 0;
    } else {
        handle_t h = NO_HANDLE;
        if (t->call_flags & IPC_F_HANDLE) {
            err_t e = handle_transfer(t->space, t->x[R_T1], r->space, &h);
            if (e != OK)
                return e;
        }
        ipc_copy_words(r, t);
        if (t->call_flags & IPC_F_HANDLE)
            r->x[R_T1] = h;
        if (t->call_flags & IPC_F_BUF) {
            r->x[R_T4] = t->buf_len[0];
            r->x[R_T6] = t->buf_len[1];
        }
    }
    r->x[REG_A0] = t->call_kind;
    r->x[R_T2] = t->reply_id;
    r->x[R_T3] = t->badge;
    t->state = T_WAIT_REPLY;
    t->server = r->space;
    caller_add(r->space, t);
    t->served_by = r;
    lend(r, t);
    trace(TRACE_RECV, r, r->x[REG_A1], t->badge);
    return OK;
}

/* A receiver leaves its endpoint's list, to be run. */
static struct thread *ipc_take_receiver(struct endpoint *ep)
{
    struct thread *r = endpoint_receiver(ep);
    if (!r)
        return 0;
    receiver_remove(r);
    timer_remove(r);
    return r;
}

void receive_disturbed(const struct endpoint *ep)
{
    struct thread *s = ep->server; /* may be gone, and its frame another thread's: that one only looks for nothing */
    if (s && frame_info_of(frame_of(s))->kind == FRAME_THREAD)
        s->standing = 0;
}

/* t waits for ep's server, which runs at t's priority then: else a thread between the two could keep both from running. */
void ipc_enqueue(struct thread *t, struct endpoint *ep)
{
    queue_add(&ep->senders, t, lend_queue_prio(t));
    receive_disturbed(ep);
    struct thread *s = lend_server(ep);
    if (s && (s->prio < t->q_prio || s->ctx))
        lend_update(s);
}

/* Queue t (not running any more) with its call or exception, or hand it over at once. */
SELDOM void ipc_queue_call(struct thread *t, struct endpoint *ep)
{
    t->ep = ep;
    t->state = T_CALLING;
    ipc_enqueue(t, ep);
    ipc_try_deliver(ep);
}

static SELDOM void ipc_write_cancel(struct endpoint *ep, struct thread *r)
{
    r->x[REG_A0] = MSG_CANCEL;
    r->x[REG_A1] = ep->cancels;
    r->x[REG_A2] = ep->cancel_id;
    r->x[R_T2] = r->x[R_T3] = r->x[R_T4] = r->x[R_T6] = 0;
    ep->cancels = 0;
}

static void ipc_write_notify(struct thread *r)
{
    r->x[REG_A0] = MSG_NOTIFY;
    r->x[REG_A1] = r->bound->bits;
    r->x[R_T2] = r->x[R_T3] = r->x[R_T4] = r->x[R_T6] = 0;
    r->bound->bits = 0;
}

void ipc_notify_receiver(struct thread *r)
{
    receiver_remove(r);
    timer_remove(r);
    ipc_write_notify(r);
    sched_ready(r);
}

SELDOM void ipc_cancel_event(struct endpoint *ep, reply_id_t id)
{
    if (frame_info_of(frame_of(ep))->kind != FRAME_ENDPOINT)
        return; /* it died before its client */
    ep->cancels++;
    receive_disturbed(ep);
    ep->cancel_id = id;
    trace(TRACE_CANCEL, this_hart()->current, id, ep->frame);
    struct thread *r = ipc_take_receiver(ep);
    if (!r)
        return;
    ipc_write_cancel(ep, r);
    sched_ready(r);
}

/* Take the best sender that can be delivered into r's registers. Bounded; false: there was none, or RECEIVE_TRIES could not be
 * delivered. Senders whose handle can't be delivered go on with the error. */
static bool ipc_take_sender(struct endpoint *ep, struct thread *r)
{
    for (unsigned n = 0; n < RECEIVE_TRIES; n++) {
        struct thread *t = queue_top(&ep->senders);
        if (!t)
            return false;
        queue_remove(t);
        if (t->state != T_CALLING) {
            fault_deliver(t, r);
            return true;
        }
        err_t e = ipc_deliver(t, r);
        if (e == OK)
            return true;
        thread_wake(t, e);
    }
    return false;
}

/* Senders came from outside a receive: serve receivers that wait. */
SELDOM bool ipc_try_deliver(struct endpoint *ep)
{
    struct thread *r = endpoint_receiver(ep), *s = lend_server(ep);
    if (!r || !queue_top(&ep->senders))
        return false;
    bool taken = ipc_take_sender(ep, r);
    if (s)
        lend_update(s); /* it received here later than r and went on: the sender raised it */
    if (!taken)
        return false;
    receiver_remove(r);
    timer_remove(r);
    sched_ready(r);
    return true;
}

/* The client, the priority and the budget that came with the last message go back. */
static inline void ipc_give_back(struct thread *cur)
{
    if (unlikely(cur->client != 0))
        lend_defer(cur); /* it was not answered, or by another thread */
    cur->prio = cur->base_prio;
#ifndef MUTANT_KERNEL_KEEP_LENT
    if (unlikely(cur->ctx != cur->own))
        lend_context(cur);
#endif
}

/* Nothing is there for cur. The first that waits without a deadline or a budget stands by itself, and comes back unasked
 * (fast.c) until it is disturbed. */
static inline void ipc_wait(struct thread *cur, struct endpoint *ep, uint64_t deadline)
{
    cur->ep = ep;
    if (likely(deadline == DEADLINE_NONE && !cur->own && !ep->ready)) {
        ep->ready = cur;
        cur->standing = ipc_flags(cur) & IPC_F_HANDLE ? 0 : (handle_t)cur->x[REG_A0]; /* the handle may have gone with the answer */
        return;
    }
    link_add_tail(&ep->receivers, &cur->list);
    timer_add(cur, deadline);
}

/* The receiving half. woken: somebody to run if we block (the client just answered), or 0. */
static long ipc_receive(struct thread *cur, struct endpoint *ep, uint64_t deadline, struct thread *woken)
{
    long result = SYS_NO_RESULT;
    unsigned lent = cur->prio;
    if (unlikely(ep->server != cur))
        lend_take_over(ep, cur);
    cur->serves = ep;
    cur->standing = 0;
    ipc_give_back(cur);
    if (ep->cancels) {
        ipc_write_cancel(ep, cur);
        lend_update(cur); /* others queue meanwhile, perhaps */
    } else if (cur->bound->bits) {
        ipc_write_notify(cur);
        lend_update(cur);
    } else if (!ep->senders.above || !ipc_take_sender(ep, cur)) {
        if (unlikely(queue_top(&ep->senders) != 0)) {
            ipc_write_notify(cur); /* no bits: a receiver must not sleep while there are senders, it comes again */
            lend_update(cur);
        } else if (deadline != DEADLINE_NONE && deadline <= arch_time()) {
            result = ERR_TIMEOUT;
        } else {
            ipc_wait(cur, ep, deadline);
            sched_block(cur, T_RECEIVING);
            if (woken)
                sched_switch(woken);
            return SYS_NO_RESULT;
        }
    }
    if (cur->prio < lent)
        this_hart()->resched = true;
    if (woken)
        sched_resume(woken);
    return result;
}

/* The handles of an answer. On error nothing changed. */
static err_t ipc_give_handles(struct thread *cur, struct thread *t, unsigned flags, handle_t *h)
{
    bool two = flags & IPC_F_HANDLE2;
    if (two && (!(flags & IPC_F_HANDLE) || ((cur->x[R_T1] | cur->x[R_T0]) & XFER_MOVE)))
        return ERR_INVAL;
    err_t e = handle_transfer(cur->space, cur->x[R_T1], t->space, &h[0]);
    if (e != OK || !two)
        return e;
    e = handle_transfer(cur->space, cur->x[R_T0], t->space, &h[1]);
    if (e != OK)
        handle_close(t->space, h[0]);
    return e;
}

/* The replying half: *woken is the client to run, 0 if it stays stopped. On error nothing changed. */
static inline err_t ipc_answer(struct thread *cur, struct thread **woken)
{
    struct thread *t = ipc_caller(cur->x[R_T3], cur->space);
    *woken = 0;
    if (!t)
        return ERR_STALE;
    trace(TRACE_REPLY, cur, cur->x[REG_A1], cur->x[R_T3]);
    count(KC_REPLIES);
    if (t->call_kind == MSG_EXCEPTION) {
        bool resume = cur->x[REG_A1] == EXC_RESUME && !t->exc_kill;
        ipc_finish_call(t, cur);
        timer_remove(t);
        t->state = T_STOPPED;
        *woken = resume ? t : 0;
        return OK;
    }
    handle_t h[2] = {NO_HANDLE, NO_HANDLE};
    unsigned give = ipc_flags(cur) & (IPC_F_HANDLE | IPC_F_HANDLE2);
    if (give) {
        err_t e = ipc_give_handles(cur, t, give, h);
        if (e != OK)
            return e;
    }
    /* commit */
    ipc_copy_words(t, cur);
    if (give)
        t->x[R_T1] = h[0];
    if (give & IPC_F_HANDLE2)
        t->x[R_T0] = h[1];
#ifndef MUTANT_KERNEL_STALE_REPLY
    ipc_finish_call(t, cur);
#else
    caller_remove(t); /* mutant: the id stays good */
    lend_lost(t->served_by);
#endif
    timer_remove(t);
    t->x[REG_A0] = OK;
    *woken = t;
    return OK;
}

static uint64_t ipc_deadline(const struct thread *t)
{
    return ipc_flags(t) & IPC_F_DEADLINE ? t->x[R_T2] : DEADLINE_NONE;
}

_Static_assert(IPC_F_HANDLE == RIGHT_SEND_HANDLE, "the flag asks for the right");

syscall_fn sys_call, sys_recv, sys_reply, sys_reply_recv, sys_reply_alive, sys_yield;

static inline err_t ipc_find_endpoint(struct thread *cur, handle_t h, unsigned right, struct endpoint **ep, badge_t *badge)
{
    struct handle *slot;
    err_t e = handle_find_inline(cur->space, h, OBJ_ENDPOINT, right, &slot);
    if (e != OK)
        return e;
    *ep = frame_va(slot->object);
    *badge = handle_badge(slot);
    return OK;
}

long sys_call(struct thread *cur, uint64_t *a)
{
    struct endpoint *ep;
    badge_t badge;
    unsigned flags = ipc_flags(cur);
    /* a handle that comes along takes a place in the server's table: not everybody who may ask may fill that */
#ifndef MUTANT_KERNEL_HANDLE_FLOOD
    err_t e = ipc_find_endpoint(cur, a[0], RIGHT_SEND | (flags & IPC_F_HANDLE), &ep, &badge);
#else
    err_t e = ipc_find_endpoint(cur, a[0], RIGHT_SEND, &ep, &badge);
#endif
    if (e != OK)
        return e;
    uint64_t deadline = ipc_deadline(cur);
    cur->badge = badge;
    cur->call_kind = MSG_CALL;
    cur->call_flags = flags;
    cur->ep = ep;
    if (flags & IPC_F_BUF) {
        cur->buf_va[0] = cur->x[R_T3];
        cur->buf_len[0] = cur->x[R_T4];
        cur->buf_va[1] = cur->x[R_T5];
        cur->buf_len[1] = cur->x[R_T6];
        cur->fault.error = OK; /* what a copy from an earlier call's buffers met */
    }
    if (deadline != DEADLINE_NONE && deadline <= arch_time())
        return ERR_TIMEOUT;
    trace(TRACE_CALL, cur, a[1], ep->frame);
    count(KC_CALLS);
    struct thread *r = endpoint_receiver(ep);
    if (!r) {
        /* commit */
        sched_block(cur, T_CALLING);
        ipc_enqueue(cur, ep);
        timer_add(cur, deadline);
        return SYS_NO_RESULT;
    }
    e = ipc_deliver(cur, r);
    if (e != OK)
        return e;
    /* commit */
    receiver_remove(r);
    timer_remove(r);
    sched_block(cur, T_WAIT_REPLY);
    timer_add(cur, deadline);
    sched_switch(r);
    return SYS_NO_RESULT;
}

long sys_recv(struct thread *cur, uint64_t *a)
{
    struct endpoint *ep;
    badge_t badge;
    err_t e = ipc_find_endpoint(cur, a[0], RIGHT_RECV, &ep, &badge);
    return e != OK ? e : ipc_receive(cur, ep, ipc_deadline(cur), 0);
}

long sys_reply(struct thread *cur, uint64_t *a)
{
    (void)a;
    struct thread *woken;
    err_t e = ipc_answer(cur, &woken);
    if (e == OK)
        lend_update(cur); /* what its client lent goes back */
    if (woken)
        sched_resume(woken);
    return e;
}

long sys_reply_recv(struct thread *cur, uint64_t *a)
{
    struct endpoint *ep;
    badge_t badge;
    struct thread *woken;
    err_t e = ipc_find_endpoint(cur, a[0], RIGHT_RECV, &ep, &badge);
    if (e == OK)
        e = ipc_answer(cur, &woken);
    return e != OK ? e : ipc_receive(cur, ep, ipc_deadline(cur), woken);
}

/* After a fault's answer (fault.c): receive on the endpoint found before. */
long ipc_receive_after(struct thread *cur, struct endpoint *ep, struct thread *woken)
{
    return ipc_receive(cur, ep, ipc_deadline(cur), woken);
}

err_t ipc_receive_endpoint(struct thread *cur, handle_t h, struct endpoint **ep)
{
    badge_t badge;
    return ipc_find_endpoint(cur, h, RIGHT_RECV, ep, &badge);
}

SELDOM long sys_reply_alive(struct thread *cur, uint64_t *a) { return ipc_find_caller(a[0], cur->space) || fault_is_alive(a[0], cur->space) ? OK : ERR_STALE; }

SELDOM long sys_yield(struct thread *cur, uint64_t *a)
{
    a[0] = OK;
    sched_yield(cur);
    return SYS_NO_RESULT;
}
