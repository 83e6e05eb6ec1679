/* SPDX-License-Identifier: MIT
 * Priorities of threads, and mutexes with inheritance: who waits for a mutex waits here, and its holder runs at the highest
 * priority of those who wait for it, over any chain of holders that wait themselves (docs/decisions/0061).
 *
 * The mutex is a word of the program's: 0 free, else the holder's slot + 1, with PROC_MUTEX_WAITED when somebody may wait. As
 * long as that bit is set only this file writes the word, so a plain store is enough. All here is volatile: the word says who
 * holds what, those who waited ask again after a restart, and a word that was written already is seen as that.
 */
#include "procmgr.h"

struct mutex_wait {
    reply_id_t id;           /* 0: free */
    uint64_t va;             /* the mutex, as the program calls it */
    struct proc *proc;
    uint32_t slot, owner;    /* who waits; for whom, PROC_THREADS_MAX: nobody there is */
    struct mutex_wait *next; /* of the same process, the newest first; or free */
};
static struct mutex_wait *const waits = (struct mutex_wait *)MUTEX_WAITS_VA;
static struct arena arena = {.start = MUTEX_WAITS_VA, .step_bytes = WAITS_STEP_BYTES,
                             .max_bytes = WAITS_MAX * sizeof(struct mutex_wait)};
static struct mutex_wait *free_list;
static unsigned used; /* entries that were ever in use */

/* ---- priorities ---- */

static bool is_thread(const struct proc *p, uint64_t slot)
{
    return slot < PROC_THREADS_MAX && (p->thread_map >> slot & 1);
}

uint8_t thread_prio_own(const struct proc *p, unsigned slot)
{
    return slot < PROC_THREADS_MAX && p->thread[slot].prio != 0 ? p->thread[slot].prio : p->prio;
}

static uint8_t higher(uint8_t a, uint8_t b) { return a > b ? a : b; }

static uint8_t prio_with(const struct proc *p, unsigned slot, uint8_t lent)
{
    return higher(higher(thread_prio_own(p, slot), p->thread[slot].ceiling), lent);
}

uint8_t thread_prio(const struct proc *p, unsigned slot) { return prio_with(p, slot, p->thread[slot].lent); }

static void apply_to(const struct proc *p, unsigned slot)
{
    err_t err = sys_thread_prio(p->thread[slot].handle, thread_prio(p, slot));
    (void)err; /* a handle of ours, a priority in range: nothing to refuse */
}

/* What each thread is lent, from nothing up: a round carries priorities one holder further along each chain. */
static void find_lent(const struct proc *p, uint8_t lent[PROC_THREADS_MAX])
{
    bool changed = true;
    for (unsigned i = 0; i < PROC_THREADS_MAX; i++)
        lent[i] = 0;
    for (unsigned round = 0; changed && round < PROC_THREADS_MAX; round++) {
        changed = false;
        for (const struct mutex_wait *w = p->mutex_waits; w; w = w->next) { /* bound: threads of the process */
            if (!is_thread(p, w->owner) || !is_thread(p, w->slot))
                continue;
            uint8_t prio = prio_with(p, w->slot, lent[w->slot]);
            if (prio > lent[w->owner]) {
                lent[w->owner] = prio;
                changed = true;
            }
        }
    }
}

static void inherit(struct proc *p)
{
    uint8_t lent[PROC_THREADS_MAX];
#ifndef MUTANT_PROCMGR_NO_INHERIT
    find_lent(p, lent);
#else
    (void)find_lent;
    for (unsigned i = 0; i < PROC_THREADS_MAX; i++)
        lent[i] = 0;
#endif
    for (uint64_t left = p->thread_map; left; left &= left - 1) { /* bound: PROC_THREADS_MAX */
        unsigned slot = (unsigned)__builtin_ctzll(left);
        uint8_t before = thread_prio(p, slot);
        p->thread[slot].lent = lent[slot];
        if (thread_prio(p, slot) != before)
            apply_to(p, slot);
    }
}

/* The process's priority has changed, or after a restart something may have. */
void prio_apply(struct proc *p)
{
    inherit(p);
    for (uint64_t left = p->thread_map; left; left &= left - 1) /* bound: PROC_THREADS_MAX */
        apply_to(p, (unsigned)__builtin_ctzll(left));
}

err_t do_THREAD_PRIO(struct request *r)
{
    struct proc *p = r->caller;
    const uint64_t *w = r->ev->w;
    uint64_t slot = w[1] == ~0UL ? r->slot : w[1];
    if (w[2] > PROC_PRIO_CEILING || (w[3] != ~0UL && w[3] > PRIO_CLIENT_MAX) || (w[1] != ~0UL && slot >= PROC_THREADS_MAX))
        return ERR_INVAL;
    if (!is_thread(p, slot))
        return ERR_NOENT;
    struct thread *t = &p->thread[slot];
    if (w[3] != ~0UL) {
        *(w[2] == PROC_PRIO_OWN ? &t->prio : &t->ceiling) = (uint8_t)w[3]; /* commit: one store, and harmless when it comes again */
        inherit(p);
        apply_to(p, (unsigned)slot);
    }
    r->m.w[1] = w[2] == PROC_PRIO_OWN ? t->prio : t->ceiling;
    r->m.w[2] = thread_prio_own(p, (unsigned)slot);
    r->m.w[3] = thread_prio(p, (unsigned)slot);
    return OK;
}

/* ---- those who wait ---- */

static err_t wait_new(struct mutex_wait **out)
{
    struct mutex_wait *w = free_list;
    if (w) {
        free_list = w->next;
    } else {
        err_t err = arena_reach(&arena, (used + 1) * sizeof *w);
        if (err != OK)
            return err;
        w = &waits[used++];
    }
    *out = w;
    return OK;
}

static void wait_remove(struct mutex_wait *w)
{
    struct mutex_wait **at = &w->proc->mutex_waits;
    while (*at != w) /* bound: threads of the process */
        at = &(*at)->next;
    *at = w->next;
    w->id = 0;
    w->next = free_list;
    free_list = w;
}

void mutex_drop(struct proc *p)
{
    while (p->mutex_waits) /* bound: threads of the process */
        wait_remove(p->mutex_waits);
}

void mutex_cancelled(uint64_t count, reply_id_t newest)
{
    for (unsigned i = 0; i < used; i++) {
        struct mutex_wait *w = &waits[i];
        if (w->id == 0 || (count == 1 ? w->id != newest : sys_reply_alive(w->id)))
            continue;
        struct proc *p = w->proc;
        wait_remove(w);
        inherit(p);
    }
}

bool mutex_interrupt(struct proc *p, unsigned slot)
{
    for (struct mutex_wait *w = p->mutex_waits; w; w = w->next) { /* bound: threads of the process */
        if (w->slot != slot)
            continue;
        answer(w->id, ERR_CANCELLED, 0, 0);
        wait_remove(w);
        inherit(p);
        return true;
    }
    return false;
}

/* Its slot will be another thread's: who waits for it waits for nobody from now on. */
void mutex_thread_ended(struct proc *p, unsigned slot)
{
    for (struct mutex_wait *w = p->mutex_waits; w; w = w->next) /* bound: threads of the process */
        if (w->owner == slot)
            w->owner = PROC_THREADS_MAX;
}

/* A thread waits for one mutex; that of an earlier request, which timed out, may still be here. */
static void forget_thread(struct proc *p, unsigned slot)
{
    for (struct mutex_wait *w = p->mutex_waits, *next; w; w = next) { /* bound: threads of the process */
        next = w->next;
        if (w->slot == slot)
            wait_remove(w);
    }
}

/* The one with the highest priority, among equals the one that has waited longest; *more: there are others. */
static struct mutex_wait *choose(const struct proc *p, uint64_t va, bool *more)
{
    struct mutex_wait *best = 0;
    unsigned n = 0;
    for (struct mutex_wait *w = p->mutex_waits; w; w = w->next) { /* bound: threads of the process */
        if (w->va != va)
            continue;
        n++;
        if (!best || thread_prio(p, w->slot) >= thread_prio(p, best->slot))
            best = w;
    }
    *more = n > 1;
    return best;
}

/* ---- requests ---- */

static err_t word_read(const struct request *r, uint32_t *word)
{
    if (r->slot == PROC_THREADS_MAX || r->caller == init_proc || BUF_LEN(r->ev->buf_len[0]) < sizeof *word)
        return ERR_INVAL;
    return ipc_copy_from(r->ev->id, 0, 0, word, sizeof *word, copy_deadline());
}

static uint32_t owner_of(uint32_t word) { return (word & ~PROC_MUTEX_WAITED) - 1; }

/* ERR_AGAIN: nobody said in the word that he waits, so nobody would wake him. OK: it is the caller's, given to it before a restart,
 * or before it stopped waiting. */
err_t do_MUTEX_WAIT(struct request *r)
{
    uint32_t word;
    struct mutex_wait *w;
    err_t err = word_read(r, &word);
    if (err != OK)
        return err;
    forget_thread(r->caller, r->slot);
    if (owner_of(word) == r->slot)
        return OK;
    if (r->ev->w[2] & PROC_MUTEX_LEAVE) {
        inherit(r->caller);
        return ERR_TIMEOUT;
    }
    if (r->caller->hooked_map >> r->slot & 1)
        return ERR_CANCELLED; /* a handler is to run first */
    err = word & PROC_MUTEX_WAITED ? wait_new(&w) : ERR_AGAIN;
    if (err != OK)
        return err;
    uint32_t owner = owner_of(word);
    *w = (struct mutex_wait){.id = r->ev->id, .va = r->ev->w[1], .proc = r->caller, .slot = r->slot,
                             .owner = is_thread(r->caller, owner) ? owner : PROC_THREADS_MAX, .next = r->caller->mutex_waits};
    r->caller->mutex_waits = w;
    inherit(r->caller);
    return LATER;
}

static void owner_is(const struct proc *p, uint64_t va, uint32_t slot)
{
    for (struct mutex_wait *w = p->mutex_waits; w; w = w->next) /* bound: threads of the process */
        if (w->va == va)
            w->owner = slot;
}

/* The word is written before the new holder hears of it. Who has stopped waiting meanwhile is passed over. */
static err_t give(struct request *r)
{
    struct proc *p = r->caller;
    uint64_t va = r->ev->w[1];
    bool more;
    for (;;) { /* bound: threads of the process: each turn removes one */
        struct mutex_wait *w = choose(p, va, &more);
        uint32_t word = w ? w->slot + 1 : 0;
        if (more)
            word |= PROC_MUTEX_WAITED;
        err_t err = ipc_copy_to(r->ev->id, 0, 0, &word, sizeof word, copy_deadline());
        if (err != OK || !w)
            return err;
        struct ipc_msg m = {.w = {OK}};
        owner_is(p, va, w->slot);
        err = ipc_reply(w->id, &m);
        wait_remove(w);
        if (err == OK)
            return OK;
    }
}

err_t do_MUTEX_GIVE(struct request *r)
{
    uint32_t word;
    err_t err = word_read(r, &word);
    if (err == OK && owner_of(word) == r->slot) /* else it was given already, and this is the request once more */
        err = give(r);
    inherit(r->caller);
    return err;
}
