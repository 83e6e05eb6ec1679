/* SPDX-License-Identifier: MIT
 * The fast path: a call to a server that waits, and its reply, from one program's registers to the other's. docs/fast-path.md
 * goes through it line by line.
 *
 * Each function first looks whether everything is as usual; if not it gives up, nothing has been changed, and the general
 * path (ipc.c, fault.c, sched.c) begins anew. Below the line «commit» nothing is asked any more. What is written there
 * is what the general path would have written.
 */
#include "arch.h"
#ifdef PAGODA_HOST
#include "host_fast.h"
#else
#include "../riscv/fast_regs.h" /* the registers, the lock, the ways out */
#endif

/* The handle's slot, if it is good, names an endpoint and has the right. Handles beyond the first page: general. */
FAST_INLINE bool fast_endpoint(const struct space *s, uint64_t h, unsigned right, struct endpoint **ep, badge_t *badge)
{
    if (unlikely(h >= s->handles_near))
        return false;
#ifdef MUTANT_KERNEL_SKIP_RIGHTS
    right = 0;
#endif
    const struct handle *slot = &s->handle[h];
    uint64_t word = slot->word;
    if (unlikely((word & (HANDLE_TYPE_MASK | right << HANDLE_RIGHTS_SHIFT)) != (OBJ_ENDPOINT | right << HANDLE_RIGHTS_SHIFT)))
        return false;
    frame_t f = slot->object;
    if (unlikely(frame_info_of(f)->gen != slot->gen))
        return false;
    *badge = word >> HANDLE_BADGE_SHIFT;
    *ep = frame_va(f);
    return true;
}

/* Whether `to` can have the hart at once: it runs here, and nobody else is ready. */
FAST_INLINE bool fast_can_switch(const struct hart *h, const struct thread *to)
{
    return to->hart == h && !h->runq.words && fast_space_ready(h, to->space);
}

FAST_INLINE void fast_switch(struct hart *h, struct thread *from, struct thread *to)
{
    uint64_t now = arch_instret();
    from->instructions += now - h->switch_instret;
    h->switch_instret = now;
    to->slice_end = from->slice_end; /* a server works in its client's slice */
    to->state = T_RUNNING;
    h->current = to;
    fast_space_load(h, to->space);
}

FAST_ENTRY(fast_call)
{
    struct hart *h = this_hart();
    if (unlikely(!fast_lock() || h->current != cur))
        FAST_GIVE_UP(cur);
    badge_t badge;
    struct endpoint *ep;
    if (unlikely(!fast_endpoint(cur->space, fast_a0, RIGHT_SEND, &ep, &badge) || !ep->ready || cur->ctx))
        FAST_GIVE_UP(cur);
    struct thread *r = ep->ready;
    struct space *server = r->space;
    if (unlikely(!fast_can_switch(h, r) || server->served_call || server == cur->space))
        FAST_GIVE_UP(cur);
    if (unlikely(h->look)) {
        if (h->attention)
            FAST_GIVE_UP(cur);
        fast_trace(TRACE_CALL, cur, fast_w0(), ep->frame);
        fast_trace(TRACE_RECV, r, fast_w0(), badge);
    }
    /* commit */
    h->fast[FAST_CALL]++;
    cur->call = MSG_CALL;
    cur->ep = ep;
    cur->state = T_WAIT_REPLY;
    cur->server = server;
    server->served_call = cur;
    cur->served_by = r;
    r->client = cur;
#ifndef MUTANT_KERNEL_NO_INHERIT
    r->prio = cur->prio;
#endif
    ep->ready = 0;
    fast_words(r, cur);
    fast_after_ecall(cur);
    fast_switch(h, cur, r);
    FAST_RECEIVE(r, cur->reply_id, badge);
}

FAST_ENTRY(fast_reply_recv)
{
    struct hart *h = this_hart();
    if (unlikely(!fast_lock() || h->current != cur))
        FAST_GIVE_UP(cur);
    if (unlikely(fast_a0 != cur->standing || cur->space->closed != cur->standing_closed))
        FAST_GIVE_UP(cur);
    struct endpoint *ep = cur->serves;
    struct thread *t = cur->client;
    if (unlikely(!t || t->served_by != cur || t->reply_id != fast_reply_id() || t->call != MSG_CALL))
        FAST_GIVE_UP(cur);
    if (unlikely(!fast_can_switch(h, t) || t->ctx || cur->space->served_call != t || t->space == cur->space))
        FAST_GIVE_UP(cur);
    if (unlikely(h->look)) {
        if (h->attention)
            FAST_GIVE_UP(cur);
        fast_trace(TRACE_REPLY, cur, fast_w0(), fast_reply_id());
    }
    /* commit */
    h->fast[FAST_REPLY_RECV]++;
    cur->space->served_call = 0;
#ifndef MUTANT_KERNEL_STALE_REPLY
    t->call_gen = (t->call_gen + 1) & ID_GEN_MASK;
#endif
    t->server = 0;
    t->served_by = 0;
    cur->client = 0;
    cur->prio = cur->base_prio;
    cur->ep = ep;
    cur->state = T_RECEIVING;
    ep->ready = cur;
    fast_words(t, cur);
    fast_after_ecall(cur);
    fast_switch(h, cur, t);
    FAST_REPLIED(t);
}
