/* SPDX-License-Identifier: MIT
 * Groups of processes and sessions, the foreground, and stopping: what a shell's jobs are made of. The keys of the console
 * come here as bits of the notification.
 */
#include "signals.h"

#define ASK (~0UL)

unsigned procs_stopped; /* not ended; who runs for nobody else need not look for orphans */

/* ---- groups ---- */

uint64_t group_send(uint32_t group, unsigned sig, const struct sig_info *info)
{
    uint64_t n = 0;
    for (unsigned i = 1; i < procs_used(); i++) { /* bound: PROCS_MAX */
        struct proc *p = proc_at(i);
        if (!p || p->unborn || p->group != group)
            continue;
        n++;
        if (sig != 0)
            signal_send(p, sig, info);
    }
    return n;
}

/* Of the group, any member will do; `session` 0: in whatever session. */
static const struct proc *group_member(uint32_t group, uint32_t session)
{
    for (unsigned i = 0; i < procs_used(); i++) { /* bound: PROCS_MAX */
        const struct proc *p = proc_at(i);
        if (p && !p->unborn && p->group == group && (session == 0 || p->session == session))
            return p;
    }
    return 0;
}

/* Nobody outside of it, in its session, could let it go on when it is stopped. */
bool group_is_orphaned(uint32_t group)
{
    for (unsigned i = 0; i < procs_used(); i++) { /* bound: PROCS_MAX */
        const struct proc *p = proc_at(i);
        if (p && p != init_proc && !p->unborn && p->group == group && p->state == PROC_STATE_RUNNING && p->parent->group != group &&
            p->parent->session == p->session && p->parent != init_proc)
            return false;
    }
    return true;
}

static bool look_for_orphans;

/* Marked now, acted on when its end is over: SIGHUP ends others, and theirs may be orphaned then. */
void groups_leave(const struct proc *p)
{
    for (unsigned i = 1; i < procs_used() && procs_stopped > 0; i++) { /* bound: PROCS_MAX */
        struct proc *q = proc_at(i);
        if (!q || q == p || !q->stopped || q->state != PROC_STATE_RUNNING || q->was_held || group_is_orphaned(q->group))
            continue;
        q->was_held = true;
        look_for_orphans = true;
    }
}

/* Nobody could continue them any more: they are told so, and go on, or end, which is seen to before anybody waits for an event. */
void groups_attend(void)
{
    static const struct sig_info info = {.code = SIC_KERNEL};
    while (look_for_orphans) { /* bound: each turn some of the stopped processes go on or end */
        look_for_orphans = false;
        for (unsigned i = 1; i < procs_used(); i++) { /* bound: PROCS_MAX */
            struct proc *q = proc_at(i);
            if (!q || !q->was_held)
                continue;
            q->was_held = false;
            if (!q->stopped || q->state != PROC_STATE_RUNNING || !group_is_orphaned(q->group))
                continue;
            uint32_t group = q->group;
            group_send(group, SIGHUP, &info);
            group_send(group, SIGCONT, &info);
        }
        ops_run_finished();
    }
}

static err_t group_set(struct proc *caller, struct proc *p, uint64_t group)
{
    if (group == 0)
        group = p->pid;
    if (group > PID_MAX)
        return ERR_INVAL;
    if (p != caller && p->parent != caller)
        return ERR_NOENT;
    if (p != caller && p->has_execed)
        return ERR_RIGHTS;
    if (p->session == p->pid || p->session != caller->session)
        return ERR_PERM;
    if (group != p->pid && !group_member((uint32_t)group, p->session))
        return ERR_PERM;
    p->group = (uint32_t)group;
    return OK;
}

/* Not born yet, so nobody else sees it. */
err_t group_spawn(struct proc *child, uint64_t group)
{
    if (group != 0 && !group_member((uint32_t)group, child->session))
        return ERR_PERM;
    child->group = group != 0 ? (uint32_t)group : child->pid;
    return OK;
}

/* A session of its own. Asked again it has it already. */
static err_t session_new(struct proc *p)
{
    if (p->session == p->pid && p->group == p->pid)
        return ERR_PERM;
    if (group_member(p->pid, 0))
        return ERR_PERM;
    ledger_begin();
    ledger_set(p->session, p->pid);
    ledger_set(p->group, p->pid);
    ledger_commit();
    return OK;
}

err_t do_GROUP(struct request *r)
{
    const uint64_t *w = r->ev->w;
    struct proc *p = w[2] ? proc_find(w[2]) : r->caller;
    err_t err = OK;
    if (w[1] > PROC_GROUP_SESSION)
        return ERR_INVAL;
    if (!p)
        return ERR_NOENT;
    if (w[1] == PROC_GROUP_SET)
        err = group_set(r->caller, p, w[3]);
    else if (w[1] == PROC_GROUP_SESSION)
        err = p == r->caller ? session_new(p) : ERR_INVAL;
    r->m.w[1] = p->group;
    r->m.w[2] = p->session;
    return err;
}

/* ---- the foreground ---- */

err_t do_FOREGROUND(struct request *r)
{
    uint64_t who = r->ev->w[1];
    if (who != ASK && who != 0 && (who > PID_MAX || (!proc_find(who) && !group_member((uint32_t)who, 0))))
        return ERR_NOENT;
    if (who != ASK)
        ledger->foreground = (uint32_t)who;
    r->m.w[1] = ledger->foreground;
    return OK;
}

/* A process that leads no group stands for itself and its descendants. Marked first: a death changes the tree. */
static void descendants_send(struct proc *target, unsigned sig, const struct sig_info *info)
{
    static bool marked[PROCS_MAX];
    for (unsigned i = 1; i < procs_used(); i++)
        marked[i] = proc_at(i) && proc_descends(proc_at(i), target);
    for (unsigned i = 1; i < procs_used(); i++) {
        struct proc *p = proc_at(i);
        if (p && marked[i])
            signal_send(p, sig, info);
    }
}

static void foreground_send(unsigned sig)
{
    static const struct sig_info info = {.code = SIC_KERNEL};
    struct proc *target = ledger->foreground ? proc_find(ledger->foreground) : 0;
    if (ledger->foreground == 0)
        return;
    if (target && target->group != ledger->foreground)
        descendants_send(target, sig, &info);
    else
        group_send(ledger->foreground, sig, &info);
}

void signal_keys(uint64_t bits)
{
    if (bits & PROC_NTFN_INTR)
        foreground_send(SIGINT);
    if (bits & PROC_NTFN_QUIT)
        foreground_send(SIGQUIT);
    if (bits & PROC_NTFN_STOP)
        foreground_send(SIGTSTP);
}

/* ---- the console, for who is not in the foreground ---- */

/* Or it has nothing to do with jobs there: nobody is in the foreground, or another session is. */
static bool is_in_foreground(const struct proc *p)
{
    const struct proc *target = ledger->foreground ? proc_find(ledger->foreground) : 0;
    if (target && target->group != ledger->foreground)
        return proc_descends(p, target) || p->session != target->session;
    const struct proc *member = ledger->foreground ? group_member(ledger->foreground, 0) : 0;
    return !member || p->group == ledger->foreground || p->session != member->session;
}

/* Who is deaf to the signal can't be stopped: it may change the console all the same, and read nothing. */
err_t do_TERMINAL(struct request *r)
{
    static const struct sig_info info = {.code = SIC_KERNEL};
    struct proc *p = r->caller;
    uint64_t sig = r->ev->w[1];
    if (sig != SIGTTIN && sig != SIGTTOU)
        return ERR_INVAL;
    if (is_in_foreground(p))
        return OK;
    const struct sig_thread *t = sig_thread_of(p, r->slot);
    if (p->sig_ignored & SIGBIT(sig) || (t && t->mask & SIGBIT(sig)))
        return sig == SIGTTIN ? ERR_IO : OK;
    if (group_is_orphaned(p->group))
        return ERR_IO;
    (void)group_send(p->group, (unsigned)sig, &info);
    return ERR_CANCELLED;
}

/* ---- stopping ---- */

/* Threads in calls go on with them, and stop when they are over; but what is typed from now on is not for it. */
void proc_stop(struct proc *p, unsigned sig)
{
    ledger_begin();
    ledger_set(p->stop_signal, sig);
    ledger_set(p->report, REPORT_STOPPED);
    ledger_set(p->stopped, true);
    ledger_commit();
    procs_stopped++;
    for (uint64_t left = p->thread_map; left; left &= left - 1) /* bound: PROC_THREADS_MAX */
        thread_hold_reader(p, (unsigned)__builtin_ctzll(left));
    waits_child_changed(p);
    signal_child(p, CLD_CODE_STOPPED);
}

void proc_cont(struct proc *p)
{
    if (!p->stopped)
        return;
    ledger_begin();
    ledger_set(p->stopped, false);
    ledger_set(p->report, REPORT_CONTINUED);
    ledger_commit();
    procs_stopped--;
    waits_child_changed(p); /* before what is pending for it: it may end of that */
    signal_child(p, CLD_CODE_CONTINUED);
    signals_attend(p);
    for (uint64_t left = p->thread_map; left && p->state == PROC_STATE_RUNNING && !p->stopped; left &= left - 1)
        thread_let_go(p, (unsigned)__builtin_ctzll(left)); /* bound: PROC_THREADS_MAX */
}
