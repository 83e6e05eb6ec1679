/* SPDX-License-Identifier: MIT
 * The pager's loop: one thread, one endpoint, for faults and requests alike. Where a fault stands in its path:
 * trap → kernel → [here] → fault.c decides → the answer and the next receive in one system call.
 *
 * Never blocks but in its receive; never calls another server. While a long operation runs or room is to be made it only
 * polls, and takes one step after each event.
 */
#include <ipc/pager.h>

#include "defer.h"
#include "evict.h"
#include "fault.h"
#include "op.h"
#include "quick.h"
#include "recover.h"
#include "request.h"
#include "space.h"
#include "swap.h"
#include "sysgate.h"

/* Whether something else is to be done than to wait for an event. */
static inline bool has_work(void) { return op_is_pending() || evict_shrinking || store_in_flight() != 0; }

/* One step of what is under way: operations first, then what makes room. */
static void take_step(void)
{
    if (op_is_pending())
        op_step();
    else if (evict_shrinking)
        evict_shrink_step();
}

/* Nothing to answer: receive, or poll and take a step. */
static void next_event(struct ipc_event *ev)
{
    if (likely(!has_work())) {
        (void)gate_recv(self.endpoint, ev, DEADLINE_NONE);
        return;
    }
    if (store_in_flight())
        swap_poll();
    take_step();
    ticks_t until = op_is_pending() || evict_shrinking ? DEADLINE_POLL : store_deadline();
    if (gate_recv(self.endpoint, ev, until) < 0)
        ev->kind = 0; /* nothing came: the next turn takes the next step */
}

/* ---- faults ---- */

static void answer_gone(struct ipc_event *ev)
{
    (void)gate_fault_reply(ev->id, FAULT_VERDICT(FAULT_KILL, 0, FAULT_REASON_UNMAPPED), NO_FRAME, (frame_t[2]){0, 0});
    next_event(ev);
}

/* The kernel refused the answer. STALE: the faulter is gone. Anything else would be our mistake: the offender must not hang. */
static void answer_refused(const struct fault *f, const struct answer *a, err_t err)
{
    swap_leaving = 0;
    fault_undo(f, a);
    if (err != ERR_STALE)
        (void)gate_fault_reply(f->id, FAULT_VERDICT(FAULT_KILL, 0, FAULT_REASON_NOMEM), NO_FRAME, (frame_t[2]){0, 0});
}

/* Whether the space is just being emptied: its faults wait for the end of that. */
static bool must_defer(const struct fault *f)
{
    if (likely(!space_is_locked(f->slot)))
        return false;
    unsigned kind = ledger.op[space_vol(f->slot)->op - 1].kind;
    return kind == OP_CLEAR || kind == OP_DELETE || kind == OP_FILL;
}

/* The whole table, for any fault. */
static void answer_fault(struct ipc_event *ev)
{
    struct fault f;
    struct answer a;
    if (unlikely(!fault_decode(ev, &f))) {
        answer_gone(ev);
        return;
    }
    if (unlikely(must_defer(&f)) && defer_event(ev)) {
        next_event(ev);
        return;
    }
    fault_decide(&f, &a);
    if (unlikely(a.verdict == 0)) {
        fault_wait(ev);
        next_event(ev);
        return;
    }
#ifdef MUTANT_PAGER_ANSWER_TWICE
    (void)gate_fault_reply(f.id, a.verdict, a.frame, a.table);
#endif
    swap_leaving = a.leaves_slot;
    if (likely(!has_work())) {
        long kind = gate_fault_reply_recv(self.endpoint, f.id, a.verdict, a.frame, a.table, ev);
        if (likely(kind > 0)) {
            fault_accepted(&f, &a);
            return;
        }
        answer_refused(&f, &a, (err_t)kind);
        next_event(ev);
        return;
    }
    err_t err = gate_fault_reply(f.id, a.verdict, a.frame, a.table);
    if (err != OK)
        answer_refused(&f, &a, err);
    else
        fault_accepted(&f, &a);
    next_event(ev);
}

static inline void event_copy(struct ipc_event *to, const struct ipc_event *from)
{
    to->kind = from->kind;
    to->id = from->id;
    to->badge = from->badge;
    to->buf_len[0] = from->buf_len[0], to->buf_len[1] = from->buf_len[1];
    to->w[0] = from->w[0], to->w[1] = from->w[1], to->w[2] = from->w[2], to->w[3] = from->w[3];
    to->w[4] = from->w[4], to->w[5] = from->w[5], to->w[6] = from->w[6], to->w[7] = from->w[7];
}

/* The same for an answer of the quick way: by value, so that its fault and answer need not be in memory. */
struct quick_undo {
    reply_id_t id;
    uint32_t slot, dropped;
};
static __attribute__((noinline)) void quick_refused(struct quick_undo u, frame_t frame, unsigned paid, unsigned mapped, err_t err)
{
    struct fault f = {.id = u.id, .slot = u.slot};
    struct answer a = {.frame = frame, .dropped = u.dropped, .paid = paid, .mapped = mapped};
    answer_refused(&f, &a, err);
}

/* Faults one after the other, as long as the quick way knows the answer: the event never leaves the registers. What it does not
 * know, and what is no fault, goes back to memory and the general way. */
static void on_fault(struct ipc_event *ev)
{
    struct ipc_event x; /* its address goes to inline functions only */
    struct fault f;
    struct answer a;
    if (unlikely(resident.unusual)) { /* the quick way knows nothing of replacement */
        answer_fault(ev);
        return;
    }
    event_copy(&x, ev);
    /* No question for evict_shrinking and transfers: where there are any, `unusual` is set, which quick_decide looks at. */
    while (likely(!op_is_pending() && fault_decode(&x, &f) && quick_decide(&f, &a))) { /* forever: server loop */
#ifdef MUTANT_PAGER_ANSWER_TWICE
        (void)gate_fault_reply(f.id, a.verdict, a.frame, a.table);
#endif
        long kind = gate_fault_reply_recv(self.endpoint, f.id, a.verdict, a.frame, a.table, &x);
        if (likely(kind == MSG_FAULT))
            continue;
        if (kind < 0) {
            quick_refused((struct quick_undo){f.id, f.slot, a.dropped}, a.frame, a.paid, a.mapped, (err_t)kind);
            next_event(ev);
            return;
        }
        event_copy(ev, &x);
        return;
    }
    event_copy(ev, &x);
    answer_fault(ev);
}

/* ---- requests ---- */

/* There is no place for a handle at the caller's: it learns that instead. */
static void answer_no_room(reply_id_t id, struct ipc_msg *m)
{
    m->w[0] = (uint64_t)(int64_t)ERR_NOHANDLE;
    m->w[6] = m->w[7] = NO_HANDLE;
    (void)gate_reply(id, m);
}

static void on_call(struct ipc_event *ev)
{
    struct response r;
    request_serve(ev, &r);
    if (r.later) {
        next_event(ev);
        return;
    }
    bool gives = r.give[0].h != NO_HANDLE;
    if (!has_work()) {
        reply_id_t id = ev->id;
        long kind = gives ? gate_reply_recv_give(self.endpoint, id, &r.m, r.give, ev) : gate_reply_recv(self.endpoint, id, &r.m, ev);
        if (kind >= 0)
            return;
        if (kind == ERR_NOHANDLE)
            answer_no_room(id, &r.m);
    } else if (!gives) {
        (void)gate_reply(ev->id, &r.m);
    } else if (gate_reply_give(ev->id, &r.m, r.give) == ERR_NOHANDLE) {
        answer_no_room(ev->id, &r.m);
    }
    next_event(ev);
}

int main(const struct pager_boot *boot)
{
    struct ipc_event ev = {.kind = 0};
    if (pager_start(boot) != OK)
        __builtin_trap(); /* init sees it, and gives up after a few restarts */
    for (;;) { /* forever: server loop */
        switch (ev.kind) {
        case MSG_FAULT:
            on_fault(&ev);
            break;
        case MSG_CALL:
            on_call(&ev);
            break;
        case MSG_CANCEL:
            defer_cancel(ev.w[0], ev.w[1]);
            next_event(&ev);
            break;
        default: /* nothing, or a notification: the pager is bound to none */
            next_event(&ev);
            break;
        }
    }
}
