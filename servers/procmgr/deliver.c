/* SPDX-License-Identifier: MIT
 * A signal's way to a thread. The thread is stopped where it is, if it computes, sleeps or waits for a message; its pc becomes
 * its program's trampoline, which saves the registers, asks what it is about (SIGFETCH) and calls the handler. A call is never
 * torn: a thread in one is hooked, that is, its pc becomes PROC_HOOK_VA, so that it comes here by an exception when the call is
 * over. Calls that may take for ever are ended by who serves them: procmgr itself, the file server, the console. Nothing here
 * touches memory of a program.
 */
#include "queue.h"

#include <ipc/console.h>
#include <ipc/fs.h>

#define TURNS_MAX 1000u           /* another hart takes the thread in and out of calls under our hands */
#define NAG_FIRST_TICKS 10000u    /* 1 ms, then twice as long each time, up to */
#define NAG_DOUBLINGS 6u
#define CONSOLE_TICKS 200000u     /* 20 ms: it waits for nobody */

reply_id_t requester;

static struct proc *nagged; /* chained through nag_next */
static ticks_t nag_at = DEADLINE_NONE;
static unsigned nag_turn;

static bool is_hooked(const struct proc *p, unsigned slot) { return p->hooked_map >> slot & 1; }

static uint64_t pending_of(const struct proc *p, const struct sig_thread *t) { return p->sig_pending | (t ? t->pending : 0); }

/* What a handler of this thread could be called for now. */
static uint64_t deliverable(const struct proc *p, unsigned slot)
{
    const struct sig_thread *t = sig_thread_of(p, slot);
    if (!t || t->phase != SIG_PHASE_NONE || p->stopped)
        return 0;
    return pending_of(p, t) & p->sigs->caught & ~t->mask;
}

/* ---- a stopped thread goes to its trampoline ---- */

static vaddr_t stack_for(const struct proc *p, const struct sig_thread *t)
{
    bool on_it = t->sp - t->stack < t->stack_bytes;
    bool wants = p->sigs->flags[t->signal] & PROC_SA_ONSTACK && t->stack_bytes && !on_it;
    return (wants ? t->stack + t->stack_bytes : t->sp) & ~15UL;
}

static void redirect(struct proc *p, unsigned slot)
{
    const struct sig_thread *t = &p->sigs->thread[slot];
    handle_t h = p->thread[slot].handle;
    err_t err = sys_thread_reg_set(h, REG_SP, stack_for(p, t));
    if (err == OK)
        err = sys_thread_reg_set(h, REG_PC, p->sigs->trampoline);
    if (err == OK)
        err = sys_thread_resume(h);
    (void)err; /* it is stopped, and ours: nothing to refuse */
}

static void deliver(struct proc *p, unsigned slot, const struct pending *what)
{
    unsigned sig = what->signal;
    const struct sig_info *info = &what->info;
    struct handlers *h = p->sigs;
    struct sig_thread *t = &h->thread[slot];
    uint64_t pc = 0, sp = 0;
    err_t err = sys_thread_reg_get(p->thread[slot].handle, REG_PC, &pc);
    if (err == OK)
        err = sys_thread_reg_get(p->thread[slot].handle, REG_SP, &sp);
    ledger_begin();
    ledger_set(t->pc, pc);
    ledger_set(t->sp, sp);
    ledger_set(t->signal, sig);
    ledger_set(t->info.pid, info->pid);
    ledger_set(t->info.code, info->code);
    ledger_set(t->info.status, info->status);
    ledger_set(t->info.value, info->value);
    ledger_set(t->saved, t->suspended ? t->saved : t->mask);
    ledger_set(t->suspended, false);
    pending_take(p, what);
    if (h->flags[sig] & PROC_SA_RESETHAND)
        ledger_set(h->caught, h->caught & ~SIGBIT(sig));
    ledger_set(t->phase, SIG_PHASE_DELIVERING);
    ledger_commit();
    pending_taken(p, what);
    redirect(p, slot);
    (void)err; /* a handle of ours: it has registers */
}

/* Nothing keeps it from running but what is pending. */
static void act(struct proc *p, unsigned slot)
{
    uint64_t set = deliverable(p, slot);
    if (set != 0) {
        struct pending what;
        pending_next(p, slot, (unsigned)__builtin_ctzl(set), &what);
        deliver(p, slot, &what);
        return;
    }
    err_t err = sys_thread_resume(p->thread[slot].handle);
    (void)err; /* BUSY: it runs */
}

bool fault_catch(struct proc *p, unsigned slot, const struct ipc_event *ev, const struct sig_info *info)
{
    struct sig_thread *t = sig_thread_of(p, slot);
    unsigned sig = info->status;
    if (!t || t->phase != SIG_PHASE_NONE || ev->w[EXCW_KILL] || !(p->sigs->caught & ~t->mask & SIGBIT(sig)))
        return false;
    answer(ev->id, (err_t)EXC_LEAVE, 0, 0);
    const struct pending what = {.signal = (uint8_t)sig, .slot = (uint8_t)slot, .own = true,
                                 .info = {.code = info->code, .value = ev->w[EXCW_VALUE]}};
    deliver(p, slot, &what); /* one of these that was sent to the thread itself goes along */
    return true;
}

/* ---- a thread in a call ---- */

static void nag(struct proc *p)
{
    if (!p->nagged) {
        p->nagged = true;
        p->nag_next = nagged;
        nagged = p;
    }
    nag_turn = 0;
    nag_at = sys_time() + NAG_FIRST_TICKS;
}

/* OK: it waited there and waits no more. */
static err_t interrupt_files(const struct proc *p, unsigned slot)
{
    struct ipc_msg m = {.w = {FS_INTERRUPT, p->thread[slot].frame}};
    return p->files ? ipc_call_full(PROCMGR_H_FS, &m, 0, 0, DEADLINE_NONE) : ERR_NOENT;
}

static err_t interrupt_console(const struct proc *p, unsigned slot)
{
    struct ipc_msg m = {.w = {CONSOLE_INTERRUPT, p->thread[slot].frame}};
    return ipc_call_full(H_CONSOLE, &m, 0, 0, sys_time() + CONSOLE_TICKS);
}

/* It may wait for long; false: nobody knows of it. Perhaps its request is still on the way. */
static bool interrupt(struct proc *p, unsigned slot)
{
    return waits_interrupt(p, slot) || mutex_interrupt(p, slot) || word_interrupt(p, slot) || interrupt_files(p, slot) == OK || interrupt_console(p, slot) == OK;
}

static bool is_requester(const struct proc *p, unsigned slot) { return (frame_t)requester == p->thread[slot].frame; }

/* OK: out of calls, and stopped. ERR_BUSY: in one, and it comes to us when that is over. */
static err_t halt(struct proc *p, unsigned slot)
{
    handle_t h = p->thread[slot].handle;
    if (is_hooked(p, slot))
        return ERR_BUSY;
    for (unsigned i = 0; i < TURNS_MAX; i++) {
        err_t err = sys_thread_halt(h);
        if (err != ERR_BUSY)
            return err;
        p->hooked_map |= 1UL << slot; /* first: its old pc is in gp from the call below on */
        if (sys_thread_reg_set(h, REG_PC, PROC_HOOK_VA) == OK)
            return ERR_BUSY;
        p->hooked_map &= ~(1UL << slot);
    }
    return ERR_AGAIN;
}

static void call_attention(struct proc *p, unsigned slot)
{
    err_t err = halt(p, slot);
    if (err == OK)
        act(p, slot);
    else if (err == ERR_AGAIN || (!is_requester(p, slot) && !interrupt(p, slot)))
        nag(p);
}

void thread_hold(struct proc *p, unsigned slot)
{
    if (halt(p, slot) == ERR_AGAIN)
        nag(p);
}

void thread_hold_reader(struct proc *p, unsigned slot)
{
    thread_hold(p, slot);
    if (is_hooked(p, slot) && !is_requester(p, slot))
        (void)interrupt_console(p, slot);
}

void thread_let_go(struct proc *p, unsigned slot)
{
    if (deliverable(p, slot) != 0)
        call_attention(p, slot);
    else if (!is_hooked(p, slot))
        act(p, slot);
}

/* Whether its exception at PROC_HOOK_VA is our doing: a program may have jumped there by itself. */
bool thread_is_ours(const struct proc *p, unsigned slot)
{
    uint64_t pc = 0;
    return is_hooked(p, slot) || (sys_thread_reg_get(p->thread[slot].handle, REG_PC, &pc) == OK && pc != PROC_HOOK_VA);
}

void thread_unhook(struct proc *p, unsigned slot, reply_id_t id)
{
    handle_t h = p->thread[slot].handle;
    uint64_t pc = 0;
    err_t err = sys_thread_reg_get(h, REG_PC, &pc);
    if (err == OK && pc == PROC_HOOK_VA) /* it is not when procmgr has died behind the next lines */
        err = sys_thread_reg_get(h, REG_GP, &pc);
    if (err == OK)
        err = sys_thread_reg_set(h, REG_PC, pc);
    if (id != NO_REPLY)
        answer(id, (err_t)EXC_LEAVE, 0, 0);
    p->hooked_map &= ~(1UL << slot);
    if (err == OK && !p->stopped)
        act(p, slot);
}

/* ---- what is pending ---- */

/* A thread that takes it now; PROC_THREADS_MAX: none does. */
static unsigned taker(const struct proc *p, unsigned sig)
{
    unsigned found = PROC_THREADS_MAX;
    if (!p->sigs)
        return p->thread_map ? (unsigned)__builtin_ctzll(p->thread_map) : PROC_THREADS_MAX;
    for (uint64_t left = p->thread_map; left; left &= left - 1) { /* bound: PROC_THREADS_MAX */
        unsigned slot = (unsigned)__builtin_ctzll(left);
        const struct sig_thread *t = &p->sigs->thread[slot];
        if (t->mask & SIGBIT(sig))
            continue;
        if (t->pending & SIGBIT(sig))
            return slot;
        if (p->sig_pending & SIGBIT(sig) && t->phase == SIG_PHASE_NONE && found == PROC_THREADS_MAX)
            found = slot;
    }
    return found;
}

static uint64_t pending_all(const struct proc *p)
{
    uint64_t set = p->sig_pending;
    for (uint64_t left = p->sigs ? p->thread_map : 0; left; left &= left - 1) /* bound: PROC_THREADS_MAX */
        set |= p->sigs->thread[__builtin_ctzll(left)].pending;
    return set;
}

static void forget(struct proc *p, unsigned slot, unsigned sig)
{
    p->sig_pending &= ~SIGBIT(sig);
    if (p->sigs)
        p->sigs->thread[slot].pending &= ~SIGBIT(sig);
    queue_drop(p, SIGBIT(sig));
}

/* False: the process is over, or stopped. */
static bool take(struct proc *p, unsigned sig)
{
    unsigned slot = taker(p, sig);
    if (slot == PROC_THREADS_MAX)
        return true;
    switch (signal_effect(p, sig)) {
    case SIG_CAUGHT:
        if (deliverable(p, slot) & SIGBIT(sig))
            call_attention(p, slot);
        return true;
    case SIG_IGNORED:
        forget(p, slot, sig);
        return true;
    case SIG_STOPS:
        forget(p, slot, sig);
        if (sig == SIGSTOP || !group_is_orphaned(p->group))
            proc_stop(p, sig);
        return !p->stopped;
    default:
        forget(p, slot, sig);
        proc_end(p, STATUS_SIGNAL(sig));
        return false;
    }
}

void signals_attend(struct proc *p)
{
    if (p->state != PROC_STATE_RUNNING || p->exec_phase != EXEC_NONE)
        return;
    waits_take_signals(p);
    uint64_t set = p->stopped ? 0 : pending_all(p);
    for (; set; set &= set - 1) /* bound: SIGNALS */
        if (!take(p, (unsigned)__builtin_ctzl(set)))
            return;
}

/* ---- those that were asked for and did not come ---- */

ticks_t signals_nag_at(void) { return nag_at; }

/* Whether any thread of p is still on its way here. */
static bool nag_proc(struct proc *p)
{
    bool still = false;
    if (p->state != PROC_STATE_RUNNING)
        return false;
    for (uint64_t left = p->thread_map; left; left &= left - 1) { /* bound: PROC_THREADS_MAX */
        unsigned slot = (unsigned)__builtin_ctzll(left);
        if (p->stopped && !is_hooked(p, slot))
            still |= halt(p, slot) == ERR_AGAIN;
        else if (deliverable(p, slot) != 0)
            still |= halt(p, slot) == OK ? (act(p, slot), false) : !interrupt(p, slot);
    }
    return still;
}

void signals_nag(void)
{
    struct proc *all = nagged;
    if (nag_at > sys_time())
        return;
    nagged = 0;
    while (all) { /* bound: PROCS_MAX */
        struct proc *p = all;
        all = p->nag_next;
        p->nagged = nag_proc(p);
        if (p->nagged) {
            p->nag_next = nagged;
            nagged = p;
        }
    }
    nag_turn += nag_turn < NAG_DOUBLINGS;
    nag_at = nagged ? sys_time() + ((ticks_t)NAG_FIRST_TICKS << nag_turn) : DEADLINE_NONE;
}

void signals_forget(struct proc *p)
{
    struct proc **at = &nagged;
    procs_stopped -= p->stopped;
    p->stopped = false; /* as far as anybody asks */
    queue_drop(p, ~0UL);
    timers_drop(p);
    handlers_drop(p);
    while (p->nagged && *at) { /* bound: PROCS_MAX */
        if (*at == p) {
            *at = p->nag_next;
            p->nagged = false;
        } else {
            at = &(*at)->nag_next;
        }
    }
}

/* ---- requests of the trampoline and of who waits for a signal ---- */

/* The answer first: should procmgr die before the commit, its handler runs with all signals blocked until the mask is set. */
err_t do_SIGFETCH(struct request *r)
{
    struct proc *p = r->caller;
    struct sig_thread *t = sig_thread_of(p, r->slot);
    if (!t || t->phase != SIG_PHASE_DELIVERING)
        return ERR_NOENT;
    unsigned sig = t->signal;
    struct ipc_msg m = {.w = {OK, sig | (uint64_t)(uint32_t)t->info.code << 32, t->pc, t->sp, t->saved, t->info.value,
                              t->info.pid | (uint64_t)t->info.status << 32}};
    if (ipc_reply(r->ev->id, &m) != OK)
        return LATER;
    requester = NO_REPLY;
    uint64_t own = p->sigs->flags[sig] & PROC_SA_NODEFER ? 0 : SIGBIT(sig);
    ledger_begin();
    ledger_set(t->mask, t->mask | p->sigs->mask[sig] | own);
    ledger_set(t->phase, SIG_PHASE_NONE);
    ledger_commit();
    signals_attend(p);
    return LATER;
}

/* A stop may have come before the request for the exec was looked at: the new program is the one that stops. */
void signals_exec_done(struct proc *p, unsigned slot)
{
    if (p->stopped)
        thread_hold(p, slot);
    signals_attend(p);
}

/* After a restart. Threads that we had stopped go on; what was pending is looked at again. */
void signals_recover(struct proc *p)
{
    for (uint64_t left = p->thread_map; left; left &= left - 1) { /* bound: PROC_THREADS_MAX */
        unsigned slot = (unsigned)__builtin_ctzll(left);
        const struct sig_thread *t = sig_thread_of(p, slot);
        struct thread_info info;
        uint64_t pc = 0;
        if (sys_thread_info(p->thread[slot].handle, &info) != OK)
            continue;
        bool stopped = info.state == THREAD_STOPPED;
        bool there = sys_thread_reg_get(p->thread[slot].handle, REG_PC, &pc) == OK && pc == PROC_HOOK_VA;
        if (is_hooked(p, slot) && !there)
            p->hooked_map &= ~(1UL << slot); /* it was not yet, or it came and was seen to */
        if (p->stopped)
            thread_hold(p, slot);
        else if (stopped && t && t->phase == SIG_PHASE_DELIVERING && pc != p->sigs->trampoline)
            redirect(p, slot);
        else if (stopped)
            act(p, slot);
    }
    signals_attend(p);
}
