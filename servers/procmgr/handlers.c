/* SPDX-License-Identifier: MIT
 * The pool of struct handlers, and the requests that only change what is in them: dispositions, masks, stacks. Lasting, as
 * the process records are; who owns what is told by the pair of pointers between both.
 */
#include "signals.h"

#include <string.h>

static struct handlers *const pool = (struct handlers *)HANDLERS_VA;
static struct arena arena = {.start = HANDLERS_VA, .step_bytes = HANDLERS_STEP_BYTES,
                             .max_bytes = PROCS_MAX * sizeof(struct handlers) + HANDLERS_STEP_BYTES};
static struct handlers *free_list;

static err_t pool_take(struct handlers **out)
{
    *out = free_list;
    if (*out) {
        free_list = (*out)->next;
        return OK;
    }
    err_t err = arena_reach(&arena, (ledger->handlers + 1) * sizeof **out);
    if (err == OK)
        *out = &pool[ledger->handlers++];
    return err;
}

err_t handlers_have(struct proc *p)
{
    struct handlers *h;
    if (p->sigs)
        return OK;
    err_t err = pool_take(&h);
    if (err != OK)
        return err;
    memset(h, 0, sizeof *h);
    h->owner = p;
    p->sigs = h; /* commit */
    return OK;
}

void handlers_drop(struct proc *p)
{
    struct handlers *h = p->sigs;
    if (!h)
        return;
    p->sigs = 0;
    h->owner = 0;
    h->next = free_list;
    free_list = h;
}

err_t handlers_rebuild(void)
{
    err_t err = arena_reach(&arena, ledger->handlers * sizeof *pool); /* it is all there: the pager says OK */
    for (uint32_t i = ledger->handlers; i-- > 0 && err == OK;) { /* bound: PROCS_MAX */
        struct handlers *h = &pool[i];
        if (h->owner && h->owner->state != 0 && h->owner->sigs == h)
            continue;
        h->owner = 0;
        h->next = free_list;
        free_list = h;
    }
    return err;
}

struct sig_thread *sig_thread_of(const struct proc *p, unsigned slot)
{
    return p->sigs && slot < PROC_THREADS_MAX ? &p->sigs->thread[slot] : 0;
}

void handlers_new_thread(struct proc *p, unsigned slot, unsigned by)
{
    if (p->sigs)
        p->sigs->thread[slot] = (struct sig_thread){.mask = by < PROC_THREADS_MAX ? p->sigs->thread[by].mask : 0};
}

/* ---- the heirs ---- */

err_t signals_fork(struct proc *child, const struct proc *parent, unsigned slot)
{
    const struct handlers *from = parent->sigs;
    child->sig_ignored = parent->sig_ignored;
    if (!from)
        return OK;
    err_t err = handlers_have(child);
    if (err != OK)
        return err;
    struct handlers *h = child->sigs;
    h->caught = from->caught;
    memcpy(h->mask, from->mask, sizeof h->mask);
    memcpy(h->flags, from->flags, sizeof h->flags);
    h->trampoline = from->trampoline;
    h->thread[0] = (struct sig_thread){.mask = from->thread[slot].mask, .stack = from->thread[slot].stack,
                                       .stack_bytes = from->thread[slot].stack_bytes};
    return OK;
}

/* Also in the place of exec, whose other threads are gone: what was ignored stays so, the mask, what is pending, interval timers. */
void signals_exec(struct proc *p, unsigned slot)
{
    struct handlers *h = p->sigs;
    p->hooked_map = 0;
    timers_exec(p);
    if (!h)
        return;
    struct sig_thread *t = &h->thread[slot];
    h->caught = 0;
    memset(h->flags, 0, sizeof h->flags);
    *t = (struct sig_thread){.mask = t->suspended ? t->saved : t->mask, .pending = t->pending};
    if (t->mask == 0 && t->pending == 0 && p->sig_pending == 0)
        handlers_drop(p);
}

err_t signals_spawn(struct proc *child, const struct proc *parent, unsigned slot)
{
    const struct sig_thread *t = sig_thread_of(parent, slot);
    child->sig_ignored = parent->sig_ignored;
    if (!t || t->mask == 0)
        return OK;
    err_t err = handlers_have(child);
    if (err == OK)
        child->sigs->thread[0].mask = t->mask;
    return err;
}

/* ---- requests ---- */

err_t do_SIGACTION(struct request *r)
{
    struct proc *p = r->caller;
    const uint64_t *w = r->ev->w;
    uint64_t sig = w[1], how = w[2];
    if (sig >= SIGNALS || (SIGS_NEVER & SIGBIT(sig)) || how > PROC_SIG_CATCH || (w[3] & ~(uint64_t)PROC_SA_KNOWN))
        return ERR_INVAL;
    uint64_t bit = SIGBIT(sig);
    if (how == PROC_SIG_CATCH || w[3] != 0) {
        err_t err = handlers_have(p);
        if (err != OK)
            return err;
    }
    struct handlers *h = p->sigs;
    ledger_begin();
    ledger_set(p->sig_ignored, how == PROC_SIG_IGNORE ? p->sig_ignored | bit : p->sig_ignored & ~bit);
    if (h) {
        ledger_set(h->caught, how == PROC_SIG_CATCH ? h->caught | bit : h->caught & ~bit);
        ledger_set(h->flags[sig], w[3]);
        ledger_set(h->mask[sig], w[4] & ~SIGS_NEVER);
        if (how == PROC_SIG_CATCH)
            ledger_set(h->trampoline, w[5]);
    }
    ledger_commit();
    if (how == PROC_SIG_IGNORE)
        pending_drop(p, bit);
    signals_attend(p); /* by default it may do something else than before */
    return OK;
}

/* In two halves, as it is kept for who asks again. */
static void mask_tell(struct request *r, uint64_t mask)
{
    r->m.w[1] = (uint32_t)mask;
    r->m.w[2] = mask >> 32;
}

err_t do_SIGMASK(struct request *r)
{
    struct proc *p = r->caller;
    uint64_t how = r->ev->w[1];
    uint64_t set = r->ev->w[2] & ~SIGS_NEVER;
    if (how > PROC_MASK_ASK || r->slot == PROC_THREADS_MAX)
        return ERR_INVAL;
    if (how == PROC_MASK_ASK || (!p->sigs && (set == 0 || how == PROC_MASK_UNBLOCK))) {
        mask_tell(r, p->sigs ? p->sigs->thread[r->slot].mask : 0);
        return OK;
    }
    err_t err = handlers_have(p);
    if (err != OK)
        return err;
    struct sig_thread *t = &p->sigs->thread[r->slot];
    uint64_t old = t->mask, new = how == PROC_MASK_SET ? set : how == PROC_MASK_BLOCK ? old | set : old & ~set;
    mask_tell(r, old);
    ledger_begin();
    ledger_set(t->mask, new);
    ledger_set(t->phase, SIG_PHASE_NONE); /* of a SIGFETCH whose answer came before procmgr's end */
    answer_keep(p, r->slot, r->key, (const uint32_t[2]){(uint32_t)old, (uint32_t)(old >> 32)});
    ledger_commit();
    if (old & ~new)
        signals_attend(p);
    return OK;
}

err_t do_SIGNALS(struct request *r)
{
    const struct proc *p = r->caller;
    const struct sig_thread *t = sig_thread_of(p, r->slot);
    r->m.w[1] = p->sig_pending | (t ? t->pending : 0);
    r->m.w[2] = t ? t->mask : 0;
    r->m.w[3] = p->sig_ignored;
    r->m.w[4] = p->sigs ? p->sigs->caught : 0;
    return OK;
}

err_t do_SIGSTACK(struct request *r)
{
    struct proc *p = r->caller;
    uint64_t base = r->ev->w[1], bytes = r->ev->w[2];
    if (r->slot == PROC_THREADS_MAX || bytes > UINT32_MAX || base + bytes < base)
        return ERR_INVAL;
    err_t err = bytes > 0 ? handlers_have(p) : OK;
    if (err != OK || !p->sigs)
        return err;
    struct sig_thread *t = &p->sigs->thread[r->slot];
    ledger_begin();
    ledger_set(t->stack, base);
    ledger_set(t->stack_bytes, bytes);
    ledger_commit();
    return OK;
}
