/* SPDX-License-Identifier: MIT
 * Scheduling contexts: a budget of time in each period. A hart charges one account at a time, that of the context its thread
 * runs on; who that is, lend.c says. Replenishment is periodic and computed when somebody looks: no timer of its own, no list.
 *
 * Who has to stop when `left` has run down to the floor:
 *   the context's own thread, nobody waits for it     0          waits for the replenishment (T_SPENT)
 *   the same, with a client or a queue                -budget    the same, one budget later: it may finish its step on debt
 *   a server that works for it                        -period    the loan ends, it goes on as itself
 */
#include "arch.h"

/* All periods that have begun by now: each adds a budget, and what is left over is lost. */
static void budget_refill(struct sched *c, ticks_t now)
{
    if (now < c->next)
        return;
    uint64_t periods = (now - c->next) / c->period + 1;
    uint64_t room = (uint64_t)((int64_t)c->budget - c->left);
    c->next += periods * c->period;
    c->left = periods * c->budget >= room ? (int64_t)c->budget : c->left + (int64_t)(periods * c->budget);
}

/* What was used of the old period is taken from the old period's budget. */
static void budget_charge(struct sched *c, ticks_t since, ticks_t now)
{
    ticks_t before = since >= c->next ? 0 : (now < c->next ? now : c->next) - since;
    c->left -= (int64_t)before;
    budget_refill(c, now);
    c->left -= (int64_t)(now - since - before);
    c->used += now - since;
}

void budget_switch(struct hart *h, struct sched *c)
{
    ticks_t now = arch_time();
    if (h->account)
        budget_charge(h->account, h->account_since, now);
    h->account = c;
    h->account_since = now;
    h->timer_dirty = true;
    if (h != this_hart())
        arch_kick(h);
    if (c)
        budget_refill(c, now);
}

static int64_t budget_floor(const struct thread *t)
{
#ifdef MUTANT_KERNEL_NO_DEBT
    return 0;
#endif
    const struct sched *c = t->ctx;
    if (c != t->own)
        return -(int64_t)c->period;
    return t->client || lend_queue(t) ? -(int64_t)c->budget : 0;
}

/* Until enough periods have begun. */
static void budget_hold(struct thread *t)
{
    const struct sched *c = t->ctx;
    uint64_t missing = (uint64_t)(budget_floor(t) - c->left);
    t->state = T_SPENT;
    timer_start(t, c->next + missing / c->budget * c->period);
}

bool budget_holds(struct thread *t)
{
    struct sched *c = t->ctx;
    struct hart *h = t->hart;
    if (c != t->own)
        return false;
    if (h->account == c)
        budget_switch(h, c);
    else
        budget_refill(c, arch_time());
    if (c->left > budget_floor(t))
        return false;
    budget_hold(t);
    return true;
}

void budget_wake(struct thread *t)
{
    timer_remove(t);
    sched_ready(t);
}

ticks_t budget_end(const struct hart *h)
{
    const struct thread *t = h->current;
    const struct sched *c = h->account;
    if (!t || t->state != T_RUNNING)
        return ~0UL;
    int64_t may = c->left - budget_floor(t);
    return h->account_since + (may > 0 ? (uint64_t)may : 0);
}

void budget_expire(struct hart *h)
{
    struct thread *t = h->current;
    struct sched *c = h->account;
    if (!t || t->state != T_RUNNING)
        return;
    budget_switch(h, c);
    if (c->left > budget_floor(t))
        return;
    h->resched = true;
#ifndef MUTANT_KERNEL_NO_DEBT
    if (c != t->own) {
        lend_lost(c->thread->paged_by ? c->thread->paged_by : c->thread->served_by);
        return;
    }
#endif
    budget_hold(t);
}

/* ---- binding ---- */

static void budget_bind(struct thread *t, struct sched *c)
{
    if (t->own)
        t->own->thread = 0;
    t->own = c;
    t->standing = 0;
    if (t->state == T_RECEIVING && t->ep->ready == t) { /* no longer one that can go on at once */
        t->ep->ready = 0;
        link_add_tail(&t->ep->receivers, &t->list);
    }
    if (c) {
        c->thread = t;
        t->base_prio = c->prio;
    }
    lend_update(t);
}

void budget_unbind(struct thread *t)
{
    if (t->own)
        budget_bind(t, 0);
}

/* Where it is being used it is charged up to now. */
static void budget_settle(struct sched *c)
{
    for (unsigned i = 0; i < hart_count; i++) /* bound: HARTS_MAX */
        if (harts[i].account == c)
            budget_switch(&harts[i], c);
    if (c->budget)
        budget_refill(c, arch_time());
}

void budget_destroy(struct sched *c)
{
    if (c->thread)
        budget_bind(c->thread, 0);
    for (unsigned i = 0; i < hart_count; i++) /* bound: HARTS_MAX; a thread that has just blocked is charged until the switch */
        if (harts[i].account == c)
            budget_switch(&harts[i], 0);
    frame_give(c->frame, false);
}

/* ---- system calls ---- */

syscall_fn sys_sched_set, sys_thread_sched, sys_sched_info;

static err_t budget_find(struct thread *cur, handle_t h, unsigned right, struct sched **out)
{
    struct handle *slot;
    err_t e = handle_find(cur->space, h, OBJ_SCHED, right, &slot);
    if (e == OK)
        *out = frame_va(slot->object);
    return e;
}

/* a0 context, a1 budget, a2 period, a3 priority. A period begins now; debt stays. */
long sys_sched_set(struct thread *cur, uint64_t *a)
{
    struct sched *c;
    err_t e = budget_find(cur, a[0], RIGHT_CONTROL, &c);
    if (e != OK)
        return e;
    if (a[1] < SCHED_BUDGET_MIN || a[1] > a[2] || a[2] > SCHED_PERIOD_MAX || a[3] >= PRIORITIES)
        return ERR_INVAL;
    /* commit */
    budget_settle(c);
    c->budget = a[1];
    c->period = a[2];
    c->prio = a[3];
    c->left = (int64_t)c->budget + (c->left < 0 ? c->left : 0);
    c->next = arch_time() + c->period;
    if (c->thread) {
        c->thread->base_prio = c->prio;
        lend_update(c->thread);
    }
    return OK;
}

/* a0 thread, a1 context or 0 */
long sys_thread_sched(struct thread *cur, uint64_t *a)
{
    struct handle *slot;
    struct sched *c = 0;
    err_t e = handle_find(cur->space, a[0], OBJ_THREAD, RIGHT_CONTROL, &slot);
    if (e == OK && a[1])
        e = budget_find(cur, a[1], RIGHT_CONTROL, &c);
    if (e != OK)
        return e;
    struct thread *t = frame_va(slot->object);
    if (c && !c->budget)
        return ERR_INVAL;
    if (c && c->thread && c->thread != t)
        return ERR_BUSY;
    /* commit */
    budget_bind(t, c);
    return OK;
}

long sys_sched_info(struct thread *cur, uint64_t *a)
{
    struct sched *c;
    err_t e = budget_find(cur, a[0], 0, &c);
    if (e != OK)
        return e;
    budget_settle(c);
    a[1] = c->budget;
    a[2] = c->period;
    a[3] = (uint64_t)c->left;
    a[4] = c->next;
    a[5] = c->used;
    a[6] = (c->thread ? c->thread->frame : 0) | (uint64_t)c->prio << 32;
    return OK;
}
