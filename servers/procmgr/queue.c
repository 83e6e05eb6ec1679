/* SPDX-License-Identifier: MIT
 * Signals that are queued: those with a value of their own (SIGQUEUE, timers), and real-time ones. Owns the pool of them, which lasts;
 * each process's list, in the order in which they were sent, is rebuilt. While a signal has an entry here its bit is among those that
 * are pending, so whoever looks for pending signals need not look here.
 */
#include "signals.h"

#include "queue.h"

static struct queued *const pool = (struct queued *)QUEUE_VA;
static struct arena arena = {.start = QUEUE_VA, .step_bytes = QUEUE_STEP_BYTES, .max_bytes = QUEUED_MAX * sizeof(struct queued)};
static struct queued *free_list;

static struct queued *of_signal(struct queued *q, unsigned sig)
{
    while (q && q->signal != sig) /* bound: QUEUED_OF_PROCESS_MAX */
        q = q->next;
    return q;
}

static void give_back(struct queued *q)
{
    q->owner = 0;
    q->next = free_list;
    free_list = q;
}

err_t queue_reserve(const struct proc *p, struct queued **out)
{
    unsigned n = 0;
    for (const struct queued *q = p->queued; q; q = q->next) /* bound: QUEUED_OF_PROCESS_MAX */
        n++;
    if (n >= QUEUED_OF_PROCESS_MAX)
        return ERR_LIMIT;
    if (!free_list) {
        if (ledger->queued == QUEUED_MAX)
            return ERR_LIMIT;
        err_t err = arena_reach(&arena, (ledger->queued + 1) * sizeof *pool);
        if (err != OK)
            return err;
        pool[ledger->queued].owner = 0; /* should an earlier try have left something */
        pool[ledger->queued].next = 0;
        free_list = &pool[ledger->queued++];
    }
    *out = free_list;
    return OK;
}

void queue_put(struct queued *q, struct proc *p, unsigned sig, const struct sig_info *info)
{
    q->signal = (uint8_t)sig;
    q->order = ledger->next_key++;
    q->info = *info;
    ledger_set(q->owner, (uintptr_t)p);
    ledger_set(p->sig_pending, p->sig_pending | SIGBIT(sig));
}

static void link_in(struct proc *p, struct queued *q)
{
    struct queued **at = &p->queued;
    while (*at && (*at)->order < q->order) /* bound: QUEUED_OF_PROCESS_MAX */
        at = &(*at)->next;
    q->next = *at;
    *at = q;
}

void queue_was_put(struct queued *q)
{
    free_list = q->next;
    link_in(q->owner, q);
}

struct queued *queue_of_timer(const struct proc *p, unsigned id)
{
    struct queued *q = p->queued;
    while (q && (q->info.code != SIC_TIMER || q->info.status != id + 1)) /* bound: QUEUED_OF_PROCESS_MAX */
        q = q->next;
    return q;
}

void pending_next(const struct proc *p, unsigned slot, unsigned sig, struct pending *out)
{
    const struct sig_thread *t = sig_thread_of(p, slot);
    *out = (struct pending){.signal = (uint8_t)sig, .slot = (uint8_t)slot, .own = t && t->pending & SIGBIT(sig)};
    out->queued = out->own ? 0 : of_signal(p->queued, sig);
    if (out->queued)
        out->info = out->queued->info;
    else if (p->sigs)
        out->info = p->sigs->info[sig];
}

void pending_take(struct proc *p, const struct pending *what)
{
    struct queued *q = what->queued;
    uint64_t bit = SIGBIT(what->signal);
    if (q)
        ledger_set(q->owner, 0);
    if (what->own)
        ledger_set(p->sigs->thread[what->slot].pending, p->sigs->thread[what->slot].pending & ~bit);
    else if (!q || !of_signal(q->next, what->signal))
        ledger_set(p->sig_pending, p->sig_pending & ~bit);
}

void pending_restore(struct proc *p, const struct pending *what)
{
    ledger_begin();
    if (what->queued)
        ledger_set(what->queued->owner, (uintptr_t)p);
    if (what->own)
        ledger_set(p->sigs->thread[what->slot].pending, p->sigs->thread[what->slot].pending | SIGBIT(what->signal));
    else
        ledger_set(p->sig_pending, p->sig_pending | SIGBIT(what->signal));
    ledger_commit();
}

void pending_taken(struct proc *p, const struct pending *what)
{
    struct queued **at = &p->queued;
    if (!what->queued)
        return;
    while (*at != what->queued) /* bound: QUEUED_OF_PROCESS_MAX */
        at = &(*at)->next;
    *at = what->queued->next;
    if (what->queued->info.code == SIC_TIMER)
        timer_told(p, what->queued->info.status - 1);
    give_back(what->queued);
}

void queue_drop(struct proc *p, uint64_t set)
{
    struct queued **at = &p->queued;
    while (*at) { /* bound: QUEUED_OF_PROCESS_MAX */
        struct queued *q = *at;
        if (!(set & SIGBIT(q->signal))) {
            at = &q->next;
            continue;
        }
        *at = q->next;
        give_back(q);
    }
}

void queue_drop_timer(struct proc *p, unsigned id)
{
    struct queued *q = queue_of_timer(p, id);
    if (!q)
        return;
    struct pending what = {.signal = q->signal, .slot = PROC_THREADS_MAX, .queued = q};
    bool only = of_signal(p->queued, q->signal) == q && !of_signal(q->next, q->signal);
    ledger_begin();
    ledger_set(q->owner, 0);
    if (only)
        ledger_set(p->sig_pending, p->sig_pending & ~SIGBIT(q->signal));
    ledger_commit();
    pending_taken(p, &what);
}

/* An entry whose bit is gone was about to be dropped. */
err_t queue_rebuild(void)
{
    err_t err = arena_reach(&arena, ledger->queued * sizeof *pool); /* it is all there: the pager says OK */
    for (uint32_t i = ledger->queued; i-- > 0 && err == OK;) { /* bound: QUEUED_MAX */
        struct queued *q = &pool[i];
        if (q->owner && q->owner->state != 0 && q->owner->sig_pending & SIGBIT(q->signal))
            link_in(q->owner, q);
        else
            give_back(q);
    }
    return err;
}
