/* SPDX-License-Identifier: MIT
 * Limited trees of processes. A process counts in one account and in all those around it; children begin in their
 * parent's, and stay there whoever adopts them. Processes and threads are counted here, frames and kernel objects by the
 * pager, in a quota of the same shape. The accounts are lasting, the counts are counted anew at a restart.
 * docs/quotas.md
 */
#include "procmgr.h"

#include <ipc/pager.h>
#include <string.h>

#define ASK (~0UL)
#define ROOT 0u

struct count {
    uint64_t n[PROC_TREE_LIMITS]; /* PROCESSES and THREADS */
};
static struct count count[ACCOUNTS_MAX];

static struct account *at(uint32_t number) { return &ledger->account[number]; }

/* The pager's key of an account's quota. */
static uint64_t key_of(uint32_t number) { return number; }

err_t account_add(uint32_t number, enum proc_tree what, uint64_t n)
{
    for (uint32_t a = number; a != ROOT; a = at(a)->parent) /* bound: ACCOUNTS_MAX; the pager refuses deep ones */
        if (at(a)->limit[what] != 0 && count[a].n[what] + n > at(a)->limit[what])
            return ERR_LIMIT;
    for (uint32_t a = number; a != ROOT; a = at(a)->parent)
        count[a].n[what] += n;
    return OK;
}

void account_take(uint32_t number, enum proc_tree what, uint64_t n)
{
    for (uint32_t a = number; a != ROOT; a = at(a)->parent)
        count[a].n[what] -= n;
}

/* Nobody is in it or below it: it goes, as soon as the pager agrees. Those around it may be empty, too. */
void account_left(uint32_t number)
{
    while (number != ROOT && count[number].n[PROC_TREE_PROCESSES] == 0) { /* bound: ACCOUNTS_MAX */
        struct ipc_msg m = {.w = {PAGER_QUOTA_DROP, key_of(number)}};
        if (pager_call(H_PAGER, &m) != OK)
            return; /* a page is still on its way to the store: account_new() tries again */
        uint32_t parent = at(number)->parent;
        at(number)->used = 0;
        number = parent;
    }
}

static uint32_t free_account(void)
{
    for (uint32_t a = 1; a < ACCOUNTS_MAX; a++) {
        if (at(a)->used && count[a].n[PROC_TREE_PROCESSES] == 0)
            account_left(a);
        if (!at(a)->used)
            return a;
    }
    return ROOT;
}

static err_t quota_tell(uint32_t number)
{
    const struct account *a = at(number);
    struct ipc_msg m = {.w = {PAGER_QUOTA, key_of(number), key_of(a->parent), a->limit[PROC_TREE_FRAMES],
                              a->limit[PROC_TREE_OBJECTS]}};
    return pager_call(H_PAGER, &m);
}

static err_t quota_join(const struct proc *p)
{
    struct ipc_msg m = {.w = {PAGER_QUOTA_JOIN, p->space, key_of(p->account)}};
    return pager_call(H_PAGER, &m);
}

static uint64_t threads_of(const struct proc *p)
{
    return (uint64_t)__builtin_popcountl(p->thread_map | p->unsure_map);
}

/* An account of p's own, within the one it is in. Its descendants could not come along. */
static err_t account_new(struct proc *p)
{
    uint32_t old = p->account, number = free_account();
    if (p->child)
        return ERR_BUSY;
    if (number == ROOT)
        return ERR_LIMIT;
    *at(number) = (struct account){.parent = old, .owner = p->pid};
    err_t err = quota_tell(number); /* nobody counts there yet: dropped again if this is cut off */
    if (err != OK)
        return err;
    ledger_begin();
    ledger_set(at(number)->used, 1);
    ledger_set(p->account, number);
    ledger_commit();
    count[number] = (struct count){.n = {[PROC_TREE_PROCESSES] = 1, [PROC_TREE_THREADS] = threads_of(p)}};
    return quota_join(p);
}

static err_t limit_set(struct proc *p, uint64_t which, uint64_t value)
{
    err_t err = p->account == ROOT || at(p->account)->owner != p->pid ? account_new(p) : OK;
    if (err != OK)
        return err;
    uint64_t *limit = &at(p->account)->limit[which];
    if (*limit != 0 && value > *limit)
        return ERR_PERM;
    *limit = value;
    return which == PROC_TREE_FRAMES || which == PROC_TREE_OBJECTS ? quota_tell(p->account) : OK;
}

static err_t used_get(uint32_t number, uint64_t which, uint64_t *used)
{
    *used = count[number].n[which];
    if (number == ROOT || which < PROC_TREE_FRAMES)
        return OK;
    struct ipc_msg m = {.w = {PAGER_QUOTA_STAT, key_of(number)}};
    err_t err = pager_call(H_PAGER, &m);
    *used = which == PROC_TREE_FRAMES ? m.w[1] : m.w[3];
    return err;
}

err_t do_TREE(struct request *r)
{
    struct proc *p = r->caller;
    uint64_t which = r->ev->w[1], value = r->ev->w[2];
    if (which == 0 || which >= PROC_TREE_LIMITS || value == 0 || (value != ASK && value > UINT32_MAX))
        return ERR_INVAL;
    err_t err = value == ASK ? OK : limit_set(p, which, value);
    if (err == OK)
        err = used_get(p->account, which, &r->m.w[2]);
    r->m.w[1] = at(p->account)->limit[which];
    r->m.w[3] = at(p->account)->owner;
    return err;
}

static uint32_t owned_by(uint64_t pid)
{
    for (uint32_t a = 1; a < ACCOUNTS_MAX; a++)
        if (at(a)->used && at(a)->owner == pid)
            return a;
    return ROOT;
}

static bool counts_in(const struct proc *p, uint32_t number)
{
    uint32_t a = p->account;
    while (a != ROOT && a != number) /* bound: ACCOUNTS_MAX */
        a = at(a)->parent;
    return a == number;
}

/* Marked first, ended then, so that a fork under way comes to nothing and nobody is left. */
err_t do_TREE_KILL(struct request *r)
{
    uint32_t number = owned_by(r->ev->w[1]);
    uint64_t sig = r->ev->w[2];
    if (sig == 0 || sig >= SIGNALS)
        return ERR_INVAL;
    if (number == ROOT)
        return ERR_NOENT;
    for (unsigned i = 1; i < procs_used(); i++) { /* bound: PROCS_MAX */
        struct proc *p = proc_at(i);
        if (p && counts_in(p, number))
            p->doomed = STATUS_SIGNAL(sig);
    }
    for (unsigned i = 1; i < procs_used(); i++) { /* bound: PROCS_MAX */
        struct proc *p = proc_at(i);
        if (!p || !counts_in(p, number))
            continue;
        r->m.w[1] += p->state == PROC_STATE_RUNNING;
        proc_end(p, p->doomed);
    }
    return OK;
}

/* ---- counting anew ---- */

static void count_all(struct count *into)
{
    memset(into, 0, sizeof count);
    for (unsigned i = 1; i < procs_used(); i++) { /* bound: PROCS_MAX */
        const struct proc *p = proc_at(i);
        for (uint32_t a = p ? p->account : ROOT; a != ROOT; a = at(a)->parent) {
            into[a].n[PROC_TREE_PROCESSES]++;
            into[a].n[PROC_TREE_THREADS] += threads_of(p);
        }
    }
}

err_t accounts_rebuild(void)
{
    err_t err = OK;
    count_all(count);
    for (uint32_t a = 1; a < ACCOUNTS_MAX && err == OK; a++) {
        if (at(a)->used) {
            err = quota_tell(a);
        } else { /* its making may have been cut off */
            struct ipc_msg m = {.w = {PAGER_QUOTA_DROP, key_of(a)}};
            err = pager_call(H_PAGER, &m);
        }
    }
    for (unsigned i = 1; i < procs_used() && err == OK; i++) { /* bound: PROCS_MAX */
        struct proc *p = proc_at(i);
        if (p && p->account != ROOT && p->space != 0 && p->state == PROC_STATE_RUNNING)
            err = quota_join(p);
    }
    return err;
}

err_t do_CHECK(struct request *r)
{
    static struct count fresh[ACCOUNTS_MAX];
    uint64_t bad = 0, live = 0, zombies = 0;
    count_all(fresh);
    for (uint32_t a = 1; a < ACCOUNTS_MAX; a++)
        bad += at(a)->used && memcmp(&fresh[a], &count[a], sizeof fresh[a]) != 0;
    for (unsigned i = 1; i < procs_used(); i++) { /* bound: PROCS_MAX */
        const struct proc *p = proc_at(i);
        zombies += p && p->state == PROC_STATE_ZOMBIE;
        live += p && p->state != PROC_STATE_ZOMBIE;
        bad += p && p->threads != (unsigned)__builtin_popcountl(p->thread_map);
    }
    r->m.w[1] = bad + (live != counts.live) + (zombies != counts.zombies);
    return OK;
}
