/* SPDX-License-Identifier: MIT
 * Who waits for what: callers of WAIT and THREAD_JOIN whose answer comes later. Owns the pool of their records; a record
 * lives as long as its reply id, which the kernel's cancel events keep true.
 */
#include "queue.h"

enum wait_kind { WAIT_FREE = 0, WAIT_CHILD, WAIT_THREAD, WAIT_HANDLER, WAIT_SIGNAL };
struct wait {
    uint8_t kind;
    reply_id_t id;
    int64_t who;         /* pid, -1 any child, IN_GROUP();  slot of a thread; set of signals */
    uint64_t flags;      /* WAIT_* */
    struct proc *waiter;
    uint32_t key, slot;  /* of the request, for answer_keep() */
    struct wait *next;   /* of the same process, or free */
};
#define IN_GROUP(group) (-(1L << 32) - (int64_t)(group)) /* nobody's pid: group 1 is not "any" */

static struct wait *const waits = (struct wait *)WAITS_VA;
static struct arena arena = {.start = WAITS_VA, .step_bytes = WAITS_STEP_BYTES,
                             .max_bytes = WAITS_MAX * sizeof(struct wait)};
_Static_assert(WAITS_VA + WAITS_MAX * sizeof(struct wait) <= HANDLERS_VA, "the tables do not overlap");
static struct wait *free_list;
static unsigned used; /* entries that were ever in use */

static err_t wait_add(const struct request *r, enum wait_kind kind, int64_t who)
{
    struct proc *p = r->caller;
    struct wait *w = free_list;
    if (r->slot < PROC_THREADS_MAX && p->hooked_map >> r->slot & 1)
        return ERR_CANCELLED; /* a handler is to run first */
    if (!w) {
        err_t err = arena_reach(&arena, (used + 1) * sizeof *w);
        if (err != OK)
            return err;
        w = &waits[used++];
    } else {
        free_list = w->next;
    }
    *w = (struct wait){.kind = (uint8_t)kind, .id = r->ev->id, .who = who, .flags = r->ev->w[2], .waiter = p, .key = r->key, .slot = r->slot,
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
    words_drop(p);
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
    if (c->unborn || c->adopted)
        return false;
    return who == -1 || who == (int64_t)c->pid || who == IN_GROUP(c->group);
}

/* Whether it has something to tell to one who waits with these flags. */
static bool is_ready(const struct proc *c, uint64_t flags)
{
    if (flags & WAIT_EXECED && c->has_execed)
        return true;
    if (c->state == PROC_STATE_ZOMBIE)
        return !(flags & WAIT_NOT_ENDED);
    if (c->state != PROC_STATE_RUNNING)
        return false;
    return (c->report == REPORT_STOPPED && flags & WAIT_STOPPED) || (c->report == REPORT_CONTINUED && flags & WAIT_CONTINUED);
}

static uint32_t status_of(const struct proc *c)
{
    if (c->state == PROC_STATE_ZOMBIE)
        return c->status;
    return c->report == REPORT_STOPPED ? STATUS_STOPPED(c->stop_signal) : STATUS_CONTINUED;
}

/* One that is ready if there is one, else any child that fits, else 0. */
static struct proc *child_find(const struct proc *p, int64_t who, uint64_t flags)
{
    struct proc *found = 0;
    for (struct proc *c = p->child; c; c = c->sibling) { /* bound: its children */
        if (!is_waited_child(c, who))
            continue;
        found = c;
        if (is_ready(c, flags))
            break;
    }
    return found;
}

/* The status moves from the child's record to the waiter's in one stroke: it is never lost and never given twice. */
static void take_status(struct proc *parent, struct proc *child, unsigned slot, uint32_t key)
{
    ledger_begin();
#ifndef MUTANT_PROCMGR_LOSE_STATUS
    answer_keep(parent, slot, key, (const uint32_t[2]){child->pid, status_of(child)});
#else
    (void)parent, (void)slot, (void)key;
#endif
    if (child->state == PROC_STATE_ZOMBIE) {
        ledger_set(child->state, 0);
        ledger_set(parent->cpu_children, parent->cpu_children + child->cpu_ended + child->cpu_children);
    } else {
        ledger_set(child->report, REPORT_NONE);
    }
    ledger_commit();
}

struct told { /* what a child's record said, should the waiter be gone */
    uint8_t state, report;
    uint64_t cpu_children; /* and the parent's */
};

static void give_status_back(struct proc *parent, struct proc *child, unsigned slot, struct told before)
{
    ledger_begin();
    if (slot < PROC_THREADS_MAX)
        ledger_set(parent->thread[slot].key, 0);
    ledger_set(child->state, before.state);
    ledger_set(child->report, before.report);
    ledger_set(parent->cpu_children, before.cpu_children);
    ledger_commit();
}

err_t do_WAIT(struct request *r)
{
    int64_t who = (int64_t)r->ev->w[1];
    uint64_t flags = r->ev->w[2];
    if (who == 0)
        who = IN_GROUP(r->caller->group);
    else if (who < -1 && who >= -(int64_t)PID_MAX)
        who = IN_GROUP(-who);
    if (flags & ~(uint64_t)WAIT_KNOWN || (flags & WAIT_EXECED && !(flags & WAIT_KEEP)))
        return ERR_INVAL;
    struct proc *c = child_find(r->caller, who, flags);
    if (!c)
        return ERR_CHILD;
    if (is_ready(c, flags)) {
        bool ended = c->state == PROC_STATE_ZOMBIE;
        r->m.w[1] = c->pid;
        r->m.w[2] = status_of(c);
        if (flags & WAIT_KEEP)
            return OK;
        take_status(r->caller, c, r->slot, r->key);
        if (ended)
            proc_free(c);
        return OK;
    }
    if (flags & WAIT_NOHANG)
        return OK; /* pid 0: none yet */
    return wait_add(r, WAIT_CHILD, who);
}

/* The waiter gets the child's status; false: it is gone. */
static bool tell(struct wait *w, struct proc *child)
{
    struct ipc_msg m = {.w = {OK, child->pid, status_of(child)}};
    struct told before = {.state = child->state, .report = child->report, .cpu_children = w->waiter->cpu_children};
    if (w->flags & WAIT_KEEP)
        return ipc_reply(w->id, &m) == OK;
    take_status(w->waiter, child, w->slot, w->key);
    if (ipc_reply(w->id, &m) == OK)
        return true;
    give_status_back(w->waiter, child, w->slot, before);
    return false;
}

/* Somebody of `parent` takes the child's status; false: nobody waits for it. */
static bool tell_waiter(struct proc *parent, struct proc *child)
{
    struct wait **at = &parent->waits;
    while (*at) { /* bound: threads of the parent */
        struct wait *w = *at;
        if (w->kind != WAIT_CHILD || !is_waited_child(child, w->who) || !is_ready(child, w->flags)) {
            at = &w->next;
            continue;
        }
        bool told = tell(w, child), keeps = w->flags & WAIT_KEEP;
        wait_remove(at);
        if (told && !keeps)
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
        if (w->kind != WAIT_CHILD || child_find(parent, w->who, w->flags)) {
            at = &w->next;
            continue;
        }
        answer(w->id, ERR_CHILD, 0, 0);
        wait_remove(at);
    }
}

/* The parent has said that it will never ask. */
static bool is_unwanted(const struct proc *child)
{
    const struct proc *parent = child->parent;
    return child->adopted || parent->sig_ignored & SIGBIT(SIGCHLD) ||
           (parent->sigs && parent->sigs->flags[SIGCHLD] & PROC_SA_NOCLDWAIT);
}

void waits_child_ended(struct proc *child)
{
    struct proc *parent = child->parent;
    if (!child->adopted)
        signal_child(child, child->status & 0x7f ? CLD_CODE_KILLED : CLD_CODE_EXITED);
    if (!is_unwanted(child) && !tell_waiter(parent, child))
        return;
    proc_free(child);
    tell_childless(parent);
}

void waits_child_changed(struct proc *child) { (void)tell_waiter(child->parent, child); }

/* ---- signals ---- */

bool waits_interrupt(struct proc *p, unsigned slot)
{
    for (struct wait **at = &p->waits; *at; at = &(*at)->next) { /* bound: threads of the process */
        struct wait *w = *at;
        if ((frame_t)w->id != p->thread[slot].frame)
            continue;
        answer(w->id, ERR_CANCELLED, 0, 0);
        wait_remove(at);
        return true;
    }
    return false;
}

/* The mask at once; the one before comes back with the end of the handler, or was kept by a try that procmgr did not survive. */
err_t do_SIGSUSPEND(struct request *r)
{
    struct proc *p = r->caller;
    if (r->slot == PROC_THREADS_MAX)
        return ERR_INVAL;
    err_t err = handlers_have(p);
    if (err != OK)
        return err;
    struct sig_thread *t = &p->sigs->thread[r->slot];
    if (r->key && t->suspend_key == r->key && !t->suspended)
        return ERR_CANCELLED; /* a handler has run since it was asked first */
    ledger_begin();
    ledger_set(t->suspend_key, r->key);
    if (!t->suspended)
        ledger_set(t->saved, t->mask);
    ledger_set(t->suspended, true);
    ledger_set(t->mask, r->ev->w[1] & ~SIGS_NEVER);
    ledger_commit();
    signals_attend(p);
    if (p->state != PROC_STATE_RUNNING)
        return LATER;
    err = wait_add(r, WAIT_HANDLER, 0);
    if (err == LATER || err == ERR_CANCELLED)
        return err;
    ledger_begin(); /* no room to note that it waits: nothing has happened */
    ledger_set(t->mask, t->saved);
    ledger_set(t->suspended, false);
    ledger_commit();
    return err;
}

/* One that is pending, of the thread's own before those of the process. */
static bool signal_choose(const struct proc *p, unsigned slot, uint64_t set, struct pending *out)
{
    const struct sig_thread *t = sig_thread_of(p, slot);
    uint64_t own = t ? t->pending & set : 0, found = own ? own : p->sig_pending & set;
    if (found != 0)
        pending_next(p, slot, (unsigned)__builtin_ctzl(found), out);
    return found != 0;
}

/* To who waits for it, unless he has given up: then it stays pending, for somebody else. */
static void signal_hand_over(struct proc *p, const struct pending *what, reply_id_t id, uint32_t key)
{
    const struct sig_info *info = &what->info;
    struct ipc_msg m = {.w = {OK, what->signal | (uint64_t)(uint32_t)info->code << 32, info->pid | (uint64_t)info->status << 32, info->value}};
    uint32_t key_before = p->thread[what->slot].key;
    ledger_begin();
    pending_take(p, what);
    answer_keep(p, what->slot, key, (const uint32_t[2]){what->signal, info->pid});
    ledger_commit();
    if (ipc_reply(id, &m) == OK) {
        pending_taken(p, what);
        return;
    }
    p->thread[what->slot].key = key_before;
    pending_restore(p, what);
}

err_t do_SIGWAIT(struct request *r)
{
    struct proc *p = r->caller;
    uint64_t set = r->ev->w[1] & ~SIGS_NEVER;
    struct pending what;
    if (r->slot == PROC_THREADS_MAX || r->ev->w[2] > PROC_SIGWAIT_NOW)
        return ERR_INVAL;
    err_t err = handlers_have(p);
    if (err != OK)
        return err;
    if (!signal_choose(p, r->slot, set, &what))
        return r->ev->w[2] == PROC_SIGWAIT_NOW ? ERR_TIMEOUT : wait_add(r, WAIT_SIGNAL, (int64_t)set);
    signal_hand_over(p, &what, r->ev->id, r->key);
    return LATER;
}

bool waits_want(const struct proc *p, unsigned sig)
{
    const struct wait *w = p->waits;
    while (w && (w->kind != WAIT_SIGNAL || !((uint64_t)w->who & SIGBIT(sig)))) /* bound: threads of the process */
        w = w->next;
    return w;
}

void waits_take_signals(struct proc *p)
{
    struct wait **at = &p->waits;
    while (*at && p->sigs) { /* bound: threads of the process */
        struct wait *w = *at;
        struct pending what;
        if (w->kind != WAIT_SIGNAL || w->slot >= PROC_THREADS_MAX || !signal_choose(p, w->slot, (uint64_t)w->who, &what)) {
            at = &w->next;
            continue;
        }
        signal_hand_over(p, &what, w->id, w->key);
        wait_remove(at);
    }
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
