/* SPDX-License-Identifier: MIT
 * Priority and budget go along with a message and come back. A server that took a client's call or fault works at its
 * client's priority and on its client's scheduling context until it receives again; whoever queues at an endpoint raises
 * the thread that serves there. Both follow by one rule from what is written in the control blocks (lend_prio_of,
 * lend_context_of); lend_update applies it where something changed, and then to whoever works for that thread.
 *
 *   C (owns context X)  --served_by-->  A  --served_by-->  B          X: C hops 0, A hops 1, B hops 2
 *                       <--client-----     <--client-----
 *
 * Of the message path only lend() (kernel.h) and the receive in ipc.c; never the other way round: nothing here delivers.
 */
#include "arch.h"

struct thread *lend_server(const struct endpoint *ep)
{
    struct thread *s = ep->server;
    bool valid = s && frame_info_of(frame_of(s))->kind == FRAME_THREAD && s->serves == ep;
    return valid && s->state != T_RECEIVING ? s : 0;
}

struct endpoint *lend_queue(const struct thread *t)
{
    struct endpoint *ep = t->serves;
    if (!ep || t->state == T_RECEIVING || frame_info_of(frame_of(ep))->kind != FRAME_ENDPOINT || ep->server != t)
        return 0;
    return ep->senders.above ? ep : 0;
}

unsigned lend_prio_of(const struct thread *t)
{
#ifdef MUTANT_KERNEL_NO_INHERIT
    return t->base_prio;
#endif
    const struct thread *c = t->client;
    unsigned prio = !c ? t->base_prio : c->paged_by == t ? lend_queue_prio(c) : c->prio;
    struct endpoint *ep = lend_queue(t);
    if (ep && queue_top(&ep->senders)->q_prio > prio)
        prio = queue_top(&ep->senders)->q_prio;
    if (t->bound->bits && t->base_prio > prio)
        prio = t->base_prio; /* work of its own waits behind its client's */
    return prio;
}

/* The end of a chain runs on nobody's budget, so that a change has to reach LEND_CHAIN threads and no more. While a pager
 * works on a fault of the client's that a copy met, the pager spends the client's time and the copying server its own. */
struct sched *lend_context_of(const struct thread *t, uint32_t *hops)
{
    const struct thread *c = t->client;
    *hops = 0;
    if (!c || (c->paged_by && c->paged_by != t))
        return t->own;
    *hops = c->hops + 1;
    return c->ctx && *hops < LEND_CHAIN ? c->ctx : 0;
}

/* t runs, on whatever hart: that hart looks at it again. */
static void lend_look(struct thread *t)
{
    t->hart->resched = t->hart->timer_dirty = true;
    if (t->hart != this_hart())
        arch_kick(t->hart);
}

void lend_context(struct thread *t)
{
    t->ctx = lend_context_of(t, &t->hops);
    if (t->state == T_RUNNING)
        lend_look(t); /* its hart changes the account, if it still runs then */
}

/* Whether anything changed. */
static bool lend_refresh(struct thread *t)
{
    uint32_t hops;
    unsigned prio = lend_prio_of(t);
    bool moved = lend_context_of(t, &hops) != t->ctx, changed = moved || prio != t->prio;
    if (moved)
        lend_context(t);
    if (prio != t->prio)
        sched_set_prio(t, prio);
    if (t->ctx && t->state == T_RUNNING)
        lend_look(t); /* how long it may run depends on who waits for it */
    if (t->state == T_SPENT)
        budget_wake(t);
    return changed;
}

/* Who works on t's fault, or has it in the queue; it stands there where it should. 0: nobody */
static struct thread *lend_pager(struct thread *t)
{
    if (t->fault.state != F_QUEUED)
        return t->paged_by;
    sched_requeue(t);
    return lend_server(t->fault_at);
}

void lend_update(struct thread *t)
{
    struct thread *todo[LEND_STEPS + 3 * LEND_CHAIN];
    unsigned n = 0;
    todo[n++] = t;
    for (unsigned steps = 0; n && steps < LEND_STEPS; steps++) { /* bound: LEND_STEPS, each adds 2 at most */
        t = todo[--n];
        if (!lend_refresh(t))
            continue;
        struct thread *copy = t->client && t->client->served_by == t ? lend_pager(t->client) : 0;
        struct thread *call = t->state == T_CALLING ? lend_server(t->ep) : t->served_by;
        struct thread *fault = lend_pager(t);
        if (copy)
            todo[n++] = copy;
        if (call)
            todo[n++] = call;
        if (fault)
            todo[n++] = fault; /* next, for it has the context: that chain is always done in full */
    }
}

/* The two links, if there are any. Whoever else works for the client has its time to itself again. */
static void lend_unlink(struct thread *server)
{
    struct thread *c = server->client;
    server->client = 0;
    if (c->served_by == server) {
        c->served_by = 0;
        struct thread *pager = lend_pager(c); /* a copy's fault: nobody waits for the copy now */
        if (pager)
            lend_update(pager);
        return;
    }
    c->paged_by = 0;
    if (c->served_by)
        lend_update(c->served_by);
}

/* c is not worked for any more, but goes on waiting: the place of its own that it may have had is free for the next one. */
static void lend_to_list(struct thread *c)
{
    if (c->state == T_WAIT_REPLY && c->server->served_call == c) {
        c->server->served_call = 0;
        link_add_tail(&c->server->callers, &c->call_link);
    }
    if (c->fault.state == F_DELIVERED && c->pager->served_fault == c) {
        c->pager->served_fault = 0;
        link_add_tail(&c->pager->faulters, &c->fault_link);
    }
}

void lend_defer(struct thread *server)
{
    if (!server->client)
        return;
    lend_to_list(server->client);
    lend_unlink(server);
}

void lend_lost(struct thread *server)
{
    if (!server)
        return;
    lend_unlink(server);
    lend_update(server);
}

void lend_fault_over(struct thread *t, struct thread *cur)
{
    struct thread *p = t->paged_by;
    if (!p)
        return;
    lend_unlink(p);
    if (p != cur)
        lend_update(p);
}

void lend_take_over(struct endpoint *ep, struct thread *cur)
{
    struct thread *before = lend_server(ep);
    receive_disturbed(ep);
    ep->server = cur;
    if (before)
        lend_update(before);
}

void lend_unqueue(struct thread *t, struct endpoint *ep)
{
    queue_remove(t);
    struct thread *s = lend_server(ep);
    if (s)
        lend_update(s);
}
