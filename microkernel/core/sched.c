/* SPDX-License-Identifier: MIT
 * Who runs: fixed priorities, preemptive, first in first out within one, round-robin by slices when several compete.
 * IPC hands the hart over directly (sched_switch) and does not come here for a choice. Every function is bounded.
 */
#include "arch.h"

#define SLICE_TICKS 100000u /* 10 ms at the virt machine's 10 MHz */

/* Equals compete with t for h: whether the timer has to be set for the end of its slice. Early it may be. */
static bool sched_slice_matters(const struct hart *h, const struct thread *t)
{
    return h->timer_set > t->slice_end || arch_time() >= t->slice_end;
}

/* It stands in the run queue now, or has no budget. */
static void sched_queued(struct thread *t)
{
    struct hart *h = t->hart;
    if (!h->current || t->prio > h->current->prio)
        h->resched = true;
    else if (t->prio == h->current->prio && sched_slice_matters(h, h->current))
        h->timer_dirty = true;
    else
        return;
    if (h != this_hart())
        arch_kick(h);
}

/* t is in no run queue and does not run; its floating point was saved when it left its hart. */
static void sched_migrate(struct thread *t, struct hart *to)
{
    arch_fpu_save(t);
    arch_fpu_drop(t);
#ifndef MUTANT_KERNEL_LEAVE_TIMER
    if (!link_empty(&t->timer))
        timer_move(t, to);
#endif
    t->hart = to;
}

void sched_ready(struct thread *t)
{
    if (unlikely(t->ctx != 0) && budget_holds(t))
        return;
    t->state = T_READY;
    queue_add(&t->hart->runq, t, t->prio);
    sched_queued(t);
}

void sched_resume(struct thread *t)
{
    if (arch_time() >= t->slice_end) {
        sched_ready(t);
        return;
    }
    if (unlikely(t->ctx != 0) && budget_holds(t))
        return;
    t->state = T_READY;
    queue_add_head(&t->hart->runq, t, t->prio);
    sched_queued(t);
}

/* sched_switch (arch.h) with competition, on another hart, or with nobody current. */
void sched_switch_other(struct thread *t)
{
    /* A receiver works where its client is: the message needs no hop between harts, and a passive server no hart of its own. */
    if (t->hart != this_hart() && t->state == T_RECEIVING && !t->stays)
        sched_migrate(t, this_hart());
    if (unlikely(t->ctx != 0) && budget_holds(t))
        return;
    struct hart *h = t->hart;
    struct thread *top = queue_top(&h->runq);
    /* A slice that ran out while a server worked in it is over: else a client that always waits when the timer fires
     * would never make room for its equals. */
    bool spent = top && top->prio == t->prio && h->current && arch_time() >= h->current->slice_end;
    if (h != this_hart() || (h->current && h->current->state == T_RUNNING) || (top && top->prio > t->prio) || spent) {
        sched_ready(t);
        return;
    }
    uint64_t now = arch_instret();
    if (h->current) {
        h->current->instructions += now - h->switch_instret;
        t->slice_end = h->current->slice_end; /* a server works in its client's slice */
    }
    h->switch_instret = now;
    h->current = t;
    t->state = T_RUNNING;
    if (unlikely(h->account != t->ctx))
        budget_switch(h, t->ctx);
    h->resched = false;
    if (top && top->prio == t->prio && h->timer_set > t->slice_end)
        h->timer_dirty = true;
    h->counter[KC_SWITCHES]++;
}

void sched_requeue(struct thread *t)
{
    struct prio_queue *q = t->queue; /* ready, calling or faulted */
    if (!q || t->q_prio == lend_queue_prio(t))
        return;
    queue_remove(t);
    queue_add(q, t, lend_queue_prio(t));
}

void sched_set_prio(struct thread *t, unsigned prio)
{
    if (t->prio == prio)
        return;
    t->prio = prio;
    sched_requeue(t);
    t->hart->resched = true;
    if (t->hart != this_hart() && (t->state == T_READY || t->state == T_RUNNING))
        arch_kick(t->hart);
}

void sched_stop(struct thread *t)
{
    struct hart *h = t->hart;
    if (h == this_hart()) {
        sched_block(t, T_STOPPED);
        return;
    }
#ifndef MUTANT_KERNEL_STOP_UNASKED
    arch_hart_enter(h); /* the trap it is entering with, if any, finds that t is not current any more, and is dropped */
#endif
    t->state = T_STOPPED;
    h->current = 0;
    h->resched = true;
}

void sched_move(struct thread *t, struct hart *to)
{
    bool runs = t->state == T_RUNNING || t->state == T_READY;
    if (t->hart == to)
        return;
    if (t->state == T_RUNNING)
        sched_stop(t);
    else if (t->state == T_READY)
        queue_remove(t);
    sched_migrate(t, to);
    if (runs)
        sched_ready(t);
}

void sched_yield(struct thread *t)
{
    t->slice_end = 0;
    sched_ready(t);
    t->hart->resched = true;
}

void sched_slice(void)
{
    struct hart *h = this_hart();
    struct thread *t = h->current;
    if (!t || t->state != T_RUNNING || !h->runq.head[t->prio] || arch_time() < t->slice_end)
        return;
    sched_yield(t);
}

/* The best thread becomes current. A preempted one keeps its place at the head of its priority. */
static void sched_pick(struct hart *h)
{
    struct thread *was = h->current, *top = queue_top(&h->runq);
    h->resched = false;
    if (was && was->state == T_RUNNING) {
        if (unlikely(h->account != was->ctx))
            budget_switch(h, was->ctx); /* it got or lost a client */
        if (!top || top->prio < was->prio)
            return;
        if (top->prio == was->prio) {
            h->timer_dirty = true; /* it may have come down to its equals: its slice matters now */
            return;
        }
        was->state = T_READY;
        if (likely(!was->ctx) || !budget_holds(was))
            queue_add_head(&h->runq, was, was->prio);
    }
    uint64_t now = arch_instret();
    if (was && was->state != T_FREE)
        was->instructions += now - h->switch_instret;
    h->switch_instret = now;
    h->current = top;
    struct sched *ctx = top ? top->ctx : 0;
    if (unlikely(h->account != ctx))
        budget_switch(h, ctx);
    if (!top) {
        h->timer_dirty = true; /* nothing early may wake an idle hart */
        return;
    }
    queue_remove(top);
    if (ctx || (h->runq.head[top->prio] && sched_slice_matters(h, top)))
        h->timer_dirty = true; /* else it is set for nothing that is too late */
    top->state = T_RUNNING;
    h->counter[KC_SWITCHES]++;
}

/* One-shot: the wheel's next event, or the end of the slice when somebody of the same priority waits. */
static void sched_timer(struct hart *h)
{
    struct thread *t = h->current;
    uint64_t when = timer_next(h);
    h->timer_dirty = false;
    if (t && h->runq.head[t->prio]) {
        uint64_t now = arch_time();
        if (t->slice_end <= now)
            t->slice_end = now + SLICE_TICKS;
        if (t->slice_end < when)
            when = t->slice_end;
    }
    if (unlikely(h->account != 0)) {
        ticks_t end = budget_end(h);
        if (end < when)
            when = end;
    }
    if (when != h->timer_set) {
        h->timer_set = when;
        h->counter[KC_TIMER_SET]++;
        arch_timer_set(when);
    }
}

void sched_choose(void)
{
    struct hart *h = this_hart();
    for (;;) { /* forever: until there is a thread to run */
        if (h->resched || !h->current)
            sched_pick(h);
        if (h->timer_dirty)
            sched_timer(h);
        if (unlikely(h->fpu_moves))
            arch_fpu_leave(h);
        if (likely(h->current != 0))
            return;
        arch_idle();
    }
}
