/* SPDX-License-Identifier: MIT
 * Who is sent a signal, and what it does there: kill, SIGCHLD. What is not thrown away becomes pending; the rest of its way
 * is deliver.c's.
 */
#include "queue.h"

#define SIGS_IGNORED (SIGBIT(SIGCHLD) | SIGBIT(SIGURG) | SIGBIT(SIGWINCH) | SIGBIT(SIGCONT)) /* by default */

enum sig_effect signal_effect(const struct proc *p, unsigned sig)
{
    uint64_t bit = SIGBIT(sig);
    if (p->sigs && p->sigs->caught & bit)
        return SIG_CAUGHT;
    if (p->sig_ignored & bit || SIGS_IGNORED & bit)
        return SIG_IGNORED;
    return SIGS_STOP & bit ? SIG_STOPS : SIG_ENDS;
}

/* No thread of it takes the signal now. */
static bool is_blocked(const struct proc *p, unsigned sig)
{
    if (!p->sigs)
        return false;
    for (uint64_t left = p->thread_map; left; left &= left - 1) /* bound: PROC_THREADS_MAX */
        if (!(p->sigs->thread[__builtin_ctzll(left)].mask & SIGBIT(sig)))
            return false;
    return true;
}

/* A blocked one is kept even if it does nothing: it may be waited for. */
bool signals_wanted(const struct proc *p, unsigned sig)
{
    return signal_effect(p, sig) != SIG_IGNORED || is_blocked(p, sig);
}

void pending_drop(struct proc *p, uint64_t set)
{
    p->sig_pending &= ~set;
    for (uint64_t left = p->sigs ? p->thread_map : 0; left; left &= left - 1) /* bound: PROC_THREADS_MAX */
        p->sigs->thread[__builtin_ctzll(left)].pending &= ~set;
    queue_drop(p, set);
}

/* Stopping and going on take each other back, whatever they do otherwise. */
static void job_control(struct proc *p, unsigned sig)
{
    if (SIGS_STOP & SIGBIT(sig))
        pending_drop(p, SIGBIT(SIGCONT));
    if (sig != SIGCONT)
        return;
    pending_drop(p, SIGS_STOP);
    proc_cont(p);
}

static void info_note(const struct proc *p, unsigned sig, const struct sig_info *info)
{
    if (p->sigs)
        p->sigs->info[sig] = *info;
}

/* r: whose answer goes with it, or 0. ERR_LIMIT, or the pager's error: nothing has happened. */
static err_t queued(struct proc *p, unsigned sig, const struct sig_info *info, const struct request *r)
{
    struct queued *q;
    err_t err = queue_reserve(p, &q);
    if (err != OK)
        return err;
    ledger_begin();
    queue_put(q, p, sig, info);
    if (r)
        answer_keep(r->caller, r->slot, r->key, (const uint32_t[2]){0, 0});
    ledger_commit();
    queue_was_put(q);
    signals_attend(p);
    return OK;
}

void signal_send(struct proc *p, unsigned sig, const struct sig_info *info)
{
    if (p->state == PROC_STATE_NEW && signal_effect(p, sig) == SIG_ENDS)
        proc_end(p, STATUS_SIGNAL(sig)); /* as soon as it can */
    if (p->state != PROC_STATE_RUNNING || p == init_proc)
        return;
    if (sig == SIGKILL) {
        proc_end(p, STATUS_SIGNAL(sig));
        return;
    }
    job_control(p, sig);
    if (!signals_wanted(p, sig))
        return;
    if (sig >= SIGNAL_REALTIME && queued(p, sig, info, 0) == OK)
        return;
    info_note(p, sig, info);
    p->sig_pending |= SIGBIT(sig);
    signals_attend(p);
}

void signal_child(struct proc *child, int code)
{
    struct proc *parent = child->parent;
    if (!parent->sigs || parent->state != PROC_STATE_RUNNING || child->unborn)
        return;
    if (code >= CLD_CODE_STOPPED && parent->sigs->flags[SIGCHLD] & PROC_SA_NOCLDSTOP)
        return;
    uint32_t status = child->status;
    struct sig_info info = {.pid = child->pid, .code = code, .status = status & 0x7f ? status & 0x7f : status >> 8 & 0xff};
    if (code == CLD_CODE_STOPPED)
        info.status = child->stop_signal;
    if (code == CLD_CODE_CONTINUED)
        info.status = SIGCONT;
    signal_send(parent, SIGCHLD, &info);
}

/* ---- KILL ---- */

/* To a thread of the caller's own. */
static err_t kill_thread(struct request *r, unsigned slot, unsigned sig)
{
    struct proc *p = r->caller;
    if (slot >= PROC_THREADS_MAX || !(p->thread_map >> slot & 1))
        return ERR_NOENT;
    if (sig == 0)
        return OK;
    const struct sig_info info = {.pid = p->pid, .code = SIC_THREAD};
    if (SIGS_NEVER & SIGBIT(sig) || sig == SIGCONT || !p->sigs) {
        signal_send(p, sig, &info); /* it concerns all of the process */
        return OK;
    }
    struct sig_thread *t = &p->sigs->thread[slot];
    if (signal_effect(p, sig) == SIG_IGNORED && !(t->mask & SIGBIT(sig)))
        return OK;
    info_note(p, sig, &info);
    ledger_begin();
    ledger_set(t->pending, t->pending | SIGBIT(sig));
    answer_keep(p, r->slot, r->key, (const uint32_t[2]){0, 0});
    ledger_commit();
    signals_attend(p);
    return OK;
}

/* Asked again, the process may be gone, or its handler has run: so the answer is kept with the effect. Stopping and going on may
 * happen twice. */
static void note(struct request *r, struct proc *p, unsigned sig)
{
    bool ends = sig == SIGKILL || (signal_effect(p, sig) == SIG_ENDS && !is_blocked(p, sig) && !p->stopped && !waits_want(p, sig));
    if ((SIGS_STOP | SIGBIT(SIGCONT)) & SIGBIT(sig) || (!ends && !signals_wanted(p, sig)))
        return;
    ledger_begin();
    answer_keep(r->caller, r->slot, r->key, (const uint32_t[2]){0, 0});
    if (ends)
        ledger_set(p->doomed, STATUS_SIGNAL(sig));
    else
        ledger_set(p->sig_pending, p->sig_pending | SIGBIT(sig));
    ledger_commit();
}

static err_t find(const struct request *r, struct proc **out)
{
    *out = proc_find(r->ev->w[1]);
    return !*out ? ERR_NOENT : *out == init_proc ? ERR_PERM : OK;
}

/* Whether one instance of it more or less makes a difference there. */
static bool is_counted(const struct proc *p, unsigned sig)
{
    return p->state == PROC_STATE_RUNNING && !((SIGS_NEVER | SIGS_STOP | SIGBIT(SIGCONT)) & SIGBIT(sig)) && signals_wanted(p, sig) &&
           (signal_effect(p, sig) != SIG_ENDS || is_blocked(p, sig) || p->stopped || waits_want(p, sig));
}

static err_t kill_one(struct request *r, unsigned sig)
{
    struct proc *p;
    const struct sig_info info = {.pid = r->caller->pid, .code = SIC_USER};
    err_t err = find(r, &p);
    if (err != OK || sig == 0)
        return err;
    if (sig >= SIGNAL_REALTIME && is_counted(p, sig) && queued(p, sig, &info, r) == OK)
        return OK; /* without room it is pending once, and nobody is told who sent it */
    if (r->key && p->state == PROC_STATE_RUNNING)
        note(r, p, sig);
    signal_send(p, sig, &info);
    return OK;
}

static err_t kill_all(struct request *r, unsigned sig)
{
    const struct sig_info info = {.pid = r->caller->pid, .code = SIC_USER};
    bool any = false;
    for (unsigned i = 1; i < procs_used(); i++) { /* bound: PROCS_MAX */
        struct proc *p = proc_at(i);
        if (!p || p->unborn || p == r->caller)
            continue;
        any = true;
        if (sig != 0)
            signal_send(p, sig, &info);
    }
    return any ? OK : ERR_NOENT;
}

static err_t kill_group(struct request *r, uint64_t group, unsigned sig)
{
    const struct sig_info info = {.pid = r->caller->pid, .code = SIC_USER};
    if (group > UINT32_MAX)
        return ERR_NOENT;
    return group_send((uint32_t)group, sig, &info) ? OK : ERR_NOENT;
}

/* With a value, and as often as it is sent. */
err_t do_SIGQUEUE(struct request *r)
{
    const uint64_t *w = r->ev->w;
    const struct sig_info info = {.pid = r->caller->pid, .code = SIC_QUEUE, .value = w[3]};
    struct proc *p;
    if (w[2] >= SIGNALS)
        return ERR_INVAL;
    err_t err = find(r, &p);
    if (err != OK || w[2] == 0)
        return err;
    if (is_counted(p, (unsigned)w[2]))
        return queued(p, (unsigned)w[2], &info, r);
    if (r->key && p->state == PROC_STATE_RUNNING)
        note(r, p, (unsigned)w[2]);
    signal_send(p, (unsigned)w[2], &info);
    return OK;
}

err_t do_KILL(struct request *r)
{
    int64_t who = (int64_t)r->ev->w[1];
    uint64_t sig = r->ev->w[2], thread = r->ev->w[3];
    if (sig >= SIGNALS)
        return ERR_INVAL;
    if (thread == PROC_KILL_SELF)
        thread = r->slot + 1UL;
    if (thread != 0)
        return thread <= PROC_THREADS_MAX ? kill_thread(r, (unsigned)thread - 1, (unsigned)sig) : ERR_NOENT;
    if (who > 0)
        return kill_one(r, (unsigned)sig);
    if (who == -1)
        return kill_all(r, (unsigned)sig);
    if (who < -(1L << 32)) /* group 1 has no number of its own */
        who += 1L << 32;
    return kill_group(r, who == 0 ? r->caller->group : -(uint64_t)who, (unsigned)sig);
}
