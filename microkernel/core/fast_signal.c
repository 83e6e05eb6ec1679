/* SPDX-License-Identifier: MIT
 * The fast path of what wakes a thread without a message: SIGNAL, and a device's interrupt, which is a signal from outside. The
 * thread that waits for it is of higher priority than the one that runs, and takes its hart. As in fast.c, each function first
 * looks whether everything is as usual and else leaves it to the general path (ntfn.c, irq.c, sched.c). docs/fast-path.md
 */
#include "fast.h"
#include "irq.h"

/* What the handle names, if it is a notification or a thread, which has one of its own, and may be signalled. */
FAST_INLINE bool fast_ntfn(const struct hart *h, const struct space *s, uint64_t name, struct ntfn **n)
{
    if (unlikely(name >= s->handles_near))
        return false;
    const struct handle *slot = &s->handle[name];
    uint64_t word = slot->word, type = word & HANDLE_TYPE_MASK;
    if (unlikely(!(word & RIGHT_SIGNAL << HANDLE_RIGHTS_SHIFT) || (type != OBJ_THREAD && type != OBJ_NTFN)))
        return false;
    frame_t f = slot->object;
    *n = type == OBJ_THREAD ? &((struct thread *)frame_va(f))->self : frame_va(f);
    return h->frame_table_biased[f].gen == slot->gen;
}

/* Who gets the bits: the first that waits, or the thread whose receives deliver them, if it receives by itself. 0: others. */
FAST_INLINE struct thread *fast_waiter(const struct ntfn *n)
{
    struct thread *t = n->bound;
    if (!link_empty(&n->waiters))
        return container_of(n->waiters.next, struct thread, list);
    return t && t->state == T_RECEIVING && t->ep->ready == t ? t : 0;
}

/* Whether t, made ready, would be the next on cur's hart at once, and nobody's budget or deadline has to be looked at. The timer
 * stays as it is: nobody competes with t, and early it may be. */
FAST_INLINE bool fast_preempts(const struct hart *h, const struct thread *cur, const struct thread *t)
{
#ifdef MUTANT_KERNEL_FAST_PASS_OTHERS
    return t->prio > cur->prio && t->hart == h && !t->ctx && link_empty(&t->timer) && fast_space_ready(h, t->space);
#endif
    return t->prio > cur->prio && t->prio >= h->runq.above && t->hart == h && !t->ctx && link_empty(&t->timer) &&
           fast_space_ready(h, t->space);
}

/* t has what it waited for: bits of n. */
FAST_INLINE void fast_notify(struct ntfn *n, struct thread *t, uint64_t bits)
{
#ifndef MUTANT_KERNEL_KEEP_STANDING
    if (n->bound)
        n->bound->standing = 0;
#endif
    t->x[REG_A1] = n->bits | bits;
    n->bits = 0;
    if (t->state == T_WAITING) {
        link_remove(&t->list);
        t->waits_for = 0;
        t->x[REG_A0] = OK;
    } else {
        t->ep->ready = 0;
        t->x[REG_A0] = MSG_NOTIFY;
        t->x[R_T2] = t->x[R_T3] = t->x[R_T4] = t->x[R_T6] = 0; /* nothing to answer */
    }
}

/* cur goes to the head of its priority's list: its turn is not over. */
FAST_INLINE void fast_preempt(struct hart *h, struct thread *cur)
{
    cur->state = T_READY;
    queue_insert(&h->runq, cur, cur->prio);
    h->runq.head[cur->prio] = cur;
}

/* The rest of both: t runs with bits of n in cur's place. Nothing can fail. */
FAST_WAKE(fast_hand_over, cur, t, n, bits)
{
    struct hart *h = this_hart();
    fast_notify(n, t, bits);
    fast_preempt(h, cur);
    fast_run(h, cur, t);
    FAST_RESUME(t);
}

FAST_ENTRY(fast_signal)
{
    struct hart *h = this_hart();
    if (unlikely(!fast_lock(h) || h->current != cur))
        FAST_GIVE_UP(cur);
    struct ntfn *n;
    if (unlikely(!fast_ntfn(h, cur->space, fast_a0, &n) || !fast_w0() || cur->ctx))
        FAST_GIVE_UP(cur);
    struct thread *t = fast_waiter(n);
    if (unlikely(!t || !fast_preempts(h, cur, t)))
        FAST_GIVE_UP(cur);
    if (unlikely(h->look)) {
        if (h->attention)
            FAST_GIVE_UP(cur);
        fast_trace(TRACE_SIGNAL, cur, fast_w0(), n->frame);
    }
    /* commit */
    h->fast[FAST_SIGNAL]++;
    cur->x[REG_A0] = OK;
    fast_after_ecall(cur);
    FAST_GO_WAKE(fast_hand_over, cur, t, n, fast_w0());
}

FAST_ENTRY(fast_irq)
{
    struct hart *h = this_hart();
    if (unlikely(!fast_lock(h) || h->current != cur || h->attention || cur->ctx))
        FAST_GIVE_UP_FAULT(cur);
    unsigned source = fast_irq_claim(h);
    const struct irq_source *to = &irq_source[source];
    if (unlikely(!to->frame || h->frame_table_biased[to->frame].gen != to->gen))
        FAST_GIVE_UP_IRQ(source);
    struct ntfn *n = frame_va(to->frame);
    struct thread *t = fast_waiter(n);
    if (unlikely(!t || !to->bits || !fast_preempts(h, cur, t)))
        FAST_GIVE_UP_IRQ(source);
    if (unlikely(h->traced)) {
        fast_trace(TRACE_IRQ, cur, source, 0);
        fast_trace(TRACE_SIGNAL, cur, to->bits, n->frame);
    }
    /* commit */
    h->fast[FAST_IRQ]++;
    FAST_GO_WAKE(fast_hand_over, cur, t, n, to->bits);
}
