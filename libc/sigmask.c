/* SPDX-License-Identifier: MIT
 * Sets of signals, masks, and waiting for a signal.
 */
#include "cancel.h"
#include "signals.h"

#include "internal.h"

#include <errno.h>
#include <ipc/procmgr.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int fail(int err)
{
    errno = err;
    return -1;
}

/* ---- sets ---- */

static bool is_signal(int sig) { return sig > 0 && sig < NSIG; }

int sigemptyset(sigset_t *set)
{
    *set = 0;
    return 0;
}

int sigfillset(sigset_t *set)
{
    *set = ~(sigset_t)1;
    return 0;
}

int sigaddset(sigset_t *set, int sig)
{
    if (!is_signal(sig))
        return fail(EINVAL);
    *set |= (sigset_t)1 << sig;
    return 0;
}

int sigdelset(sigset_t *set, int sig)
{
    if (!is_signal(sig))
        return fail(EINVAL);
    *set &= ~((sigset_t)1 << sig);
    return 0;
}

int sigismember(const sigset_t *set, int sig) { return is_signal(sig) ? (int)(*set >> sig & 1) : fail(EINVAL); }

/* ---- masks ---- */

int pthread_sigmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
    if (set != NULL && how != SIG_SETMASK && how != SIG_BLOCK && how != SIG_UNBLOCK)
        return EINVAL;
    struct ipc_msg m = {.w = {PROC_SIGMASK, set == NULL ? PROC_MASK_ASK : (uint64_t)how, set == NULL ? 0 : *set}};
    err_t err = proc_call(H_PROC, &m);
    if (err == OK && old != NULL)
        *old = m.w[1] | m.w[2] << 32;
    return err == OK ? 0 : __error_errno(err);
}

int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
    int err = pthread_sigmask(how, set, old);
    return err == 0 ? 0 : fail(err);
}

static int change(int how, int sig)
{
    sigset_t set = 0;
    return sigaddset(&set, sig) == 0 ? sigprocmask(how, &set, NULL) : -1;
}

int sighold(int sig) { return change(SIG_BLOCK, sig); }
int sigrelse(int sig) { return change(SIG_UNBLOCK, sig); }
int sigignore(int sig) { return signal(sig, SIG_IGN) == SIG_ERR ? -1 : 0; }

_sig_func_ptr sigset(int sig, _sig_func_ptr how)
{
    sigset_t set = 0, before;
    struct sigaction a = {.sa_handler = how}, old;
    if (sigaddset(&set, sig) != 0 || sigprocmask(how == SIG_HOLD ? SIG_BLOCK : SIG_UNBLOCK, &set, &before) != 0 ||
        sigaction(sig, how == SIG_HOLD ? NULL : &a, &old) != 0)
        return SIG_ERR;
    return before >> sig & 1 ? SIG_HOLD : old.sa_handler;
}

static err_t ask_signals(struct ipc_msg *m)
{
    *m = (struct ipc_msg){.w = {PROC_SIGNALS}};
    return proc_call(H_PROC, m);
}

int sigpending(sigset_t *set)
{
    struct ipc_msg m;
    err_t err = ask_signals(&m);
    if (err == OK)
        *set = m.w[1] & m.w[2];
    return __error_set(err);
}

/* ---- waiting ---- */

/* Only a handler ends it, of a signal that comes when the mask is there. */
int sigsuspend(const sigset_t *mask)
{
    sigset_t wanted = *mask;
    err_t err;
    __stderr_push();
    unsigned before = __signal_runs;
    do { /* bound: a handler */
        struct ipc_msg m = {.w = {PROC_SIGSUSPEND, wanted}};
        __cancel_begin();
        err = proc_call(H_PROC, &m);
        __cancel_end(err);
    } while (err == ERR_CANCELLED && __signal_runs == before);
    return __error_set(err);
}

int pause(void)
{
    sigset_t mask;
    return sigprocmask(SIG_BLOCK, NULL, &mask) == 0 ? sigsuspend(&mask) : -1;
}

int sigpause(int sig)
{
    sigset_t mask;
    if (sigprocmask(SIG_BLOCK, NULL, &mask) != 0 || sigdelset(&mask, sig) != 0)
        return -1;
    return sigsuspend(&mask);
}

static int wait_until(const sigset_t *set, siginfo_t *info, ticks_t deadline)
{
    bool waits = deadline != 0;
    struct ipc_msg m = {.w = {PROC_SIGWAIT, *set, waits ? 0 : PROC_SIGWAIT_NOW}};
    __stderr_push();
    __cancel_begin();
    err_t err = proc_call_until(H_PROC, &m, waits ? deadline : DEADLINE_NONE);
    __cancel_end(err);
    if (err != OK)
        return fail(err == ERR_TIMEOUT ? EAGAIN : __error_errno(err));
    int sig = (int)(uint32_t)m.w[1];
    if (info != NULL)
        __signal_info(info, (const uint64_t[3]){m.w[1], m.w[2], m.w[3]});
    return sig;
}

int sigwaitinfo(const sigset_t *restrict set, siginfo_t *restrict info) { return wait_until(set, info, DEADLINE_NONE); }

int sigtimedwait(const sigset_t *restrict set, siginfo_t *restrict info, const struct timespec *restrict timeout)
{
    if (timeout == NULL)
        return wait_until(set, info, DEADLINE_NONE);
    if (timeout->tv_sec < 0 || timeout->tv_nsec < 0 || timeout->tv_nsec >= 1000000000L)
        return fail(EINVAL);
    if (timeout->tv_sec == 0 && timeout->tv_nsec == 0)
        return wait_until(set, info, 0);
    int sig = wait_until(set, info, sys_time() + __timespec_ticks(timeout));
    return sig < 0 && errno == EAGAIN ? wait_until(set, info, 0) : sig; /* the time may end before the question is there */
}

/* It goes on when a handler has run. */
int sigwait(const sigset_t *restrict set, int *restrict sig)
{
    int got;
    do
        got = wait_until(set, NULL, DEADLINE_NONE);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno;
    *sig = got;
    return 0;
}

/* ---- the stack of handlers ---- */

static _Thread_local stack_t alternate = {.ss_flags = SS_DISABLE};

static bool is_on(const stack_t *s)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0), base = (uintptr_t)s->ss_sp;
    return s->ss_flags != SS_DISABLE && here - base < s->ss_size;
}

int sigaltstack(const stack_t *restrict new, stack_t *restrict old)
{
    stack_t was = alternate;
    bool on = is_on(&was);
    if (new != NULL) {
        bool off = new->ss_flags == SS_DISABLE;
        if (on)
            return fail(EPERM);
        if (!off && new->ss_flags != 0 && new->ss_flags != SS_ONSTACK)
            return fail(EINVAL);
        if (!off && new->ss_size < MINSIGSTKSZ)
            return fail(ENOMEM);
        struct ipc_msg m = {.w = {PROC_SIGSTACK, off ? 0 : (uintptr_t)new->ss_sp, off ? 0 : new->ss_size}};
        err_t err = proc_call(H_PROC, &m);
        if (err != OK)
            return __error_set(err);
        alternate = off ? (stack_t){.ss_flags = SS_DISABLE} : (stack_t){.ss_sp = new->ss_sp, .ss_size = new->ss_size};
    }
    if (old != NULL) {
        *old = was;
        old->ss_flags |= on ? SS_ONSTACK : 0;
    }
    return 0;
}
