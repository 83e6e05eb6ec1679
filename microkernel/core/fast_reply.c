/* SPDX-License-Identifier: MIT
 * The fast path of a server that keeps clients waiting: REPLY to one that it had set aside, who is ready then and runs later, and
 * RECV without an answer, which sets the last one aside and lets the next thread run. As in fast.c, each function first looks
 * whether everything is as usual and else leaves it to the general path (ipc.c, lend.c, sched.c). docs/fast-path.md
 */
#include "fast.h"

/* Equals of t are ready: whether its slice lasts, and the timer ends it. */
FAST_INLINE bool fast_slice_lasts(const struct hart *h, const struct thread *t, uint64_t now)
{
    return h->timer_set <= t->slice_end && now < t->slice_end;
}

/* Whom the id names, if cur's space set that call aside: nobody works for it. 0: another, or nobody. */
FAST_INLINE struct thread *fast_set_aside(const struct hart *h, const struct thread *cur)
{
    uint64_t f = (uint32_t)fast_reply_id();
    if (unlikely(!fast_in_ram(h, f) || h->frame_table_biased[f].kind != FRAME_THREAD))
        return 0;
    struct thread *t = frame_va((frame_t)f);
    if (unlikely(t->state != T_WAIT_REPLY || t->server != cur->space || FAST_OTHER_ID(t->reply_id)))
        return 0;
    return t->call == MSG_CALL && !t->served_by ? t : 0;
}

/* Whether t can be ready beside cur, which goes on. */
FAST_INLINE bool fast_can_join(const struct hart *h, const struct thread *cur, const struct thread *t)
{
    uint64_t now = arch_time();
    if (unlikely(t->hart != h || t->ctx || now >= t->slice_end))
        return false;
#ifdef MUTANT_KERNEL_FAST_JOIN_ANY
    return true;
#endif
    return t->prio < cur->prio || (t->prio == cur->prio && fast_slice_lasts(h, cur, now));
}

FAST_ENTRY(fast_reply)
{
    struct hart *h = this_hart();
    if (unlikely(!fast_lock(h) || h->current != cur || cur->ctx))
        FAST_GIVE_UP(cur);
    struct thread *t = fast_set_aside(h, cur);
    if (unlikely(!t || !fast_can_join(h, cur, t)))
        FAST_GIVE_UP(cur);
    if (unlikely(h->look)) {
        if (h->attention)
            FAST_GIVE_UP(cur);
        fast_trace(TRACE_REPLY, cur, fast_w0(), fast_reply_id());
    }
    /* commit */
    h->fast[FAST_REPLY]++;
    caller_remove(t);
#ifndef MUTANT_KERNEL_STALE_REPLY
    t->call_gen = (t->call_gen + 1) & ID_GEN_MASK;
#endif
    fast_keep_words(t, cur);
    t->x[REG_A0] = OK;
    t->state = T_READY;
    queue_insert(&h->runq, t, t->prio);
    h->runq.head[t->prio] = t; /* its turn was not over when it called */
    FAST_WENT_ON(cur);
}

/* Whether c, which cur received last, can simply be set aside. */
FAST_INLINE bool fast_can_set_aside(const struct thread *cur, const struct thread *c)
{
    return !c || (c->served_by == cur && cur->space->served_call == c && c->call == MSG_CALL);
}

FAST_INLINE void fast_set_it_aside(struct thread *cur, struct thread *c)
{
    if (!c)
        return;
    cur->space->served_call = 0;
    link_add_tail(&cur->space->callers, &c->call_link);
    c->served_by = 0;
    cur->client = 0;
}

/* Whether t, the best that is ready, can have the hart when cur waits. */
FAST_INLINE bool fast_can_follow(const struct hart *h, const struct thread *t)
{
    return !t->ctx && (t->q_next == t || fast_slice_lasts(h, t, arch_time())) && fast_space_ready(h, t->space);
}

FAST_ENTRY(fast_recv)
{
    struct hart *h = this_hart();
    if (unlikely(!fast_lock(h) || h->current != cur || cur->ctx))
        FAST_GIVE_UP(cur);
    if (unlikely(fast_a0 != cur->standing || !fast_a0 || !fast_can_set_aside(cur, cur->client)))
        FAST_GIVE_UP(cur);
    struct thread *t = queue_top(&h->runq);
    if (unlikely(!t || !fast_can_follow(h, t)))
        FAST_GIVE_UP(cur);
    if (unlikely(h->attention))
        FAST_GIVE_UP(cur);
    /* commit */
    h->fast[FAST_RECV]++;
    fast_set_it_aside(cur, cur->client);
    cur->prio = cur->base_prio;
    cur->ep = cur->serves;
    cur->state = T_RECEIVING;
    cur->ep->ready = cur;
    fast_after_ecall(cur);
    queue_take(&h->runq, t);
    fast_run(h, cur, t);
    FAST_RESUME(t);
}
