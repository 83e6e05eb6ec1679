/* SPDX-License-Identifier: MIT
 * Who waits for what: callers of WAIT and THREAD_JOIN whose answer comes later. Owns the pool of their records; a record
 * lives as long as its reply id, which the kernel's cancel events keep true.
 */
#include "procmgr.h"

enum wait_kind { WAIT_FREE = 0, WAIT_CHILD, WAIT_THREAD };
struct wait {
    uint8_t kind;
    reply_id_t id;
    int64_t who;         /* pid, or -1 for any child; slot of a thread */
    struct proc *waiter;
    uint32_t key, slot;  /* of the request, for answer_keep() */
    struct wait *next;   /* of the same process, or free */
};
static struct wait *const waits = (struct wait *)WAITS_VA;
static struct arena arena = {.start = WAITS_VA, .step_bytes = WAITS_STEP_BYTES,
                             .max_bytes = WAITS_MAX * sizeof(struct wait)};
static struct wait *free_list;
static unsigned used; /* entries that were ever in use */

static err_t wait_add(const struct request *r, enum wait_kind kind, int64_t who)
{
    struct proc *p = r->caller;
    struct wait *w = free_list;
    if (!w) {
        err_t err = (used + 1) * sizeof *w > arena.bytes ? arena_grow(&arena) : OK;
        if (err != OK)
            return err;
        w = &waits[used++];
    } else {
        free_list = w->next;
    }
    *w = (struct wait){.kind = (uint8_t)kind, .id = r->ev->id, .who = who, .waiter = p, .key = r->key, .slot = r->slot,
                       .next = p->waits};
    p->waits = w;
    return LATER;
}

/* *at is w; returns with *at the next one. */
static void wait_remove(struct wait **at)
{
    struct wait *w = *at;
    *at = w->next;
    w->kind = WAIT_FREE;
    w->next = free_list;
    free_list = w;
}

static void wait_forget(struct wait *w)
{
    struct wait **at = &w->waiter->waits;
    while (*at != w) /* bound: threads of the process */
        at = &(*at)->next;
    wait_remove(at);
}

void waits_drop(struct proc *p)
{
    mutex_drop(p);
    while (p->waits) /* bound: threads of the process */
        wait_remove(&p->waits);
}

void waits_cancelled(uint64_t count, reply_id_t newest)
{
    for (unsigned i = 0; i < used; i++) {
        struct wait *w = &waits[i];
        if (w->kind == WAIT_FREE)
            continue;
        if (count == 1 ? w->id == newest : !sys_reply_alive(w->id))
            wait_forget(w);
    }
}

static bool is_waited_child(const struct proc *c, int64_t who)
{
    return !c->unborn && !c->adopted && (who == -1 || (int64_t)c->pid == who);
}

/* A zombie if there is one, else any child that fits, else 0. */
static struct proc *child_find(const struct proc *p, int64_t who)
{
    struct proc *found = 0;
    for (struct proc *c = p->child; c; c = c->sibling) { /* bound: its children */
        if (!is_waited_child(c, who))
            continue;
        found = c;
        if (c->state == PROC_STATE_ZOMBIE)
            break;
    }
    return found;
}

/* The status moves from the child's record to the waiter's in one stroke: it is never lost and never given twice. */
static void take_status(struct proc *parent, struct proc *child, unsigned slot, uint32_t key)
{
    ledger_begin();
#ifndef MUTANT_PROCMGR_LOSE_STATUS
    answer_keep(parent, slot, key, (const uint32_t[2]){child->pid, child->status});
#else
    (void)parent, (void)slot, (void)key;
#endif
    ledger_set(child->state, 0);
    ledger_commit();
}

static void give_status_back(struct proc *parent, struct proc *child, unsigned slot)
{
    ledger_begin();
    if (slot < PROC_THREADS_MAX)
        ledger_set(parent->thread[slot].key, 0);
    ledger_set(child->state, PROC_STATE_ZOMBIE);
    ledger_commit();
}

err_t do_WAIT(struct request *r)
{
    int64_t who = (int64_t)r->ev->w[1];
    struct proc *c = child_find(r->caller, who);
    if (who == 0 || who < -1 || (r->ev->w[2] & ~(uint64_t)WAIT_NOHANG))
        return ERR_INVAL;
    if (!c)
        return ERR_CHILD;
    if (c->state == PROC_STATE_ZOMBIE) {
        r->m.w[1] = c->pid;
        r->m.w[2] = c->status;
        take_status(r->caller, c, r->slot, r->key);
        proc_free(c);
        return OK;
    }
    if (r->ev->w[2] & WAIT_NOHANG)
        return OK; /* pid 0: none yet */
    return wait_add(r, WAIT_CHILD, who);
}

/* Somebody of `parent` takes the child's status; false: nobody waits for it. */
static bool tell_waiter(struct proc *parent, struct proc *child)
{
    struct wait **at = &parent->waits;
    while (*at) { /* bound: threads of the parent */
        struct wait *w = *at;
        if (w->kind != WAIT_CHILD || !is_waited_child(child, w->who)) {
            at = &w->next;
            continue;
        }
        struct ipc_msg m = {.w = {OK, child->pid, child->status}};
        take_status(parent, child, w->slot, w->key);
        err_t err = ipc_reply(w->id, &m);
        if (err != OK)
            give_status_back(parent, child, w->slot);
        wait_remove(at);
        if (err == OK)
            return true;
    }
    return false;
}

/* Those who wait for what cannot come any more. */
static void tell_childless(struct proc *parent)
{
    struct wait **at = &parent->waits;
    while (*at) { /* bound: threads of the parent */
        struct wait *w = *at;
        if (w->kind != WAIT_CHILD || child_find(parent, w->who)) {
            at = &w->next;
            continue;
        }
        answer(w->id, ERR_CHILD, 0, 0);
        wait_remove(at);
    }
}

void waits_child_ended(struct proc *child)
{
    struct proc *parent = child->parent;
    if (child->adopted) {
        proc_free(child);
        return;
    }
    if (!tell_waiter(parent, child))
        return;
    proc_free(child);
    tell_childless(parent);
}

/* ---- threads ---- */

static void join(struct proc *p, unsigned ended, unsigned by, uint32_t key)
{
    ledger_begin();
    ledger_set(p->joinable_map, p->joinable_map & ~(1UL << ended));
    answer_keep(p, by, key, (const uint32_t[2]){0, 0});
    ledger_commit();
}

err_t do_THREAD_JOIN(struct request *r)
{
    struct proc *p = r->caller;
    uint64_t slot = r->ev->w[1];
    if (slot >= PROC_THREADS_MAX)
        return ERR_INVAL;
    if (p->joinable_map >> slot & 1) {
        join(p, (unsigned)slot, r->slot, r->key);
        return OK;
    }
    if (!(p->thread_map >> slot & 1))
        return ERR_NOENT;
    if (slot == r->slot)
        return ERR_INVAL; /* it would wait for ever */
    return wait_add(r, WAIT_THREAD, (int64_t)slot);
}

void waits_thread_ended(struct proc *p, unsigned slot)
{
    mutex_thread_ended(p, slot);
    struct wait **at = &p->waits;
    while (*at) { /* bound: threads of the process */
        struct wait *w = *at;
        if (w->kind != WAIT_THREAD || w->who != (int64_t)slot) {
            at = &w->next;
            continue;
        }
        join(p, slot, w->slot, w->key);
        answer(w->id, OK, 0, 0);
        wait_remove(at);
    }
}
