/* SPDX-License-Identifier: MIT
 * Handlers: the table of them, which the process manager knows the dispositions of, and how one is called. Owns the table; its
 * entries change under the process manager's nose only in the order that __signal_run can bear.
 */
#include "signals.h"

#include "cancel.h"
#include "internal.h"

#include <errno.h>
#include <ipc/procmgr.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

_Static_assert(SA_NOCLDSTOP == PROC_SA_NOCLDSTOP && SA_NOCLDWAIT == PROC_SA_NOCLDWAIT && SA_ONSTACK == PROC_SA_ONSTACK &&
                   SA_NODEFER == PROC_SA_NODEFER && SA_RESETHAND == PROC_SA_RESETHAND,
               "the process manager's flags are POSIX's");

struct __signal_frame {
    ucontext_t uc;
    siginfo_t info;
};
_Static_assert(offsetof(struct __signal_frame, uc.uc_mcontext.__gregs) == 48 &&
                   offsetof(struct __signal_frame, uc.uc_mcontext.__fpregs) == 304 &&
                   offsetof(struct __signal_frame, uc.uc_mcontext.__fcsr) == 560 && sizeof(struct __signal_frame) <= 656,
               "signals.S knows these");

#define FLAGS_KNOWN (SA_NOCLDSTOP | SA_NOCLDWAIT | SA_ONSTACK | SA_NODEFER | SA_RESETHAND | SA_SIGINFO | SA_RESTART)

static struct sigaction table[NSIG];
static _Atomic bool table_loaded;

extern char __signal_resume[], __signal_jump[];
void __signal_run(struct __signal_frame *f);

/* What was ignored when the program began stays ignored; everything else is as it is by default. */
static err_t table_load(void)
{
    if (atomic_load(&table_loaded))
        return OK;
    struct ipc_msg m = {.w = {PROC_SIGNALS}};
    err_t err = proc_call(H_PROC, &m);
    for (unsigned sig = 1; sig < NSIG && err == OK; sig++)
        if (m.w[3] >> sig & 1)
            table[sig].sa_handler = SIG_IGN;
    atomic_store(&table_loaded, err == OK);
    return err;
}

static err_t tell(int sig, const struct sigaction *a)
{
    uint64_t how = a->sa_handler == SIG_DFL ? PROC_SIG_DEFAULT : a->sa_handler == SIG_IGN ? PROC_SIG_IGNORE : PROC_SIG_CATCH;
    struct ipc_msg m = {.w = {PROC_SIGACTION, (uint64_t)sig, how, (uint64_t)(unsigned)a->sa_flags & PROC_SA_KNOWN, a->sa_mask,
                              (uintptr_t)__signal_trampoline}};
    return proc_call(H_PROC, &m);
}

/* A handler is there before it may be called, and until it may not any more. */
static err_t install(int sig, const struct sigaction *a)
{
    bool catches = a->sa_handler != SIG_DFL && a->sa_handler != SIG_IGN;
    struct sigaction before = table[sig];
    if (catches)
        table[sig] = *a;
    err_t err = tell(sig, a);
    if (err == OK)
        table[sig] = *a;
    else
        table[sig] = before;
    return err;
}

int sigaction(int sig, const struct sigaction *restrict act, struct sigaction *restrict old)
{
    bool fixed = sig == SIGKILL || sig == SIGSTOP;
    if (sig <= 0 || sig >= NSIG || (act != NULL && (fixed || (act->sa_flags & ~FLAGS_KNOWN) != 0))) {
        errno = EINVAL;
        return -1;
    }
    struct sigaction wanted; /* both may be the same */
    if (act != NULL)
        wanted = *act;
    err_t err = table_load();
    if (err == OK && old != NULL)
        *old = table[sig];
    if (err == OK && act != NULL)
        err = install(sig, &wanted);
    return __error_set(err);
}

_sig_func_ptr signal(int sig, _sig_func_ptr handler)
{
    struct sigaction a = {.sa_flags = SA_RESTART}, old;
    a.sa_handler = handler;
    if (handler == SIG_ERR) {
        errno = EINVAL;
        return SIG_ERR;
    }
    return sigaction(sig, &a, &old) == 0 ? old.sa_handler : SIG_ERR;
}

int siginterrupt(int sig, int interrupts)
{
    struct sigaction a;
    if (sigaction(sig, NULL, &a) != 0)
        return -1;
    a.sa_flags = interrupts ? a.sa_flags & ~SA_RESTART : a.sa_flags | SA_RESTART;
    return sigaction(sig, &a, NULL);
}

/* ---- a handler is called ---- */

/* Where it was, unless that was on the way back from another handler: all of that way but the jump can begin again, and the jump
 * has its target in gp; or before a call, which then looks again whether it is to be made. */
static uintptr_t interrupted_at(uintptr_t pc, uintptr_t gp)
{
    if (pc == (uintptr_t)__signal_jump)
        return gp;
    if (pc > (uintptr_t)__cancel_hooks.first && pc < (uintptr_t)__cancel_hooks.last)
        return (uintptr_t)__cancel_hooks.first;
    return pc > (uintptr_t)__signal_resume && pc < (uintptr_t)__signal_jump ? (uintptr_t)__signal_resume : pc;
}

static void frame_fill(struct __signal_frame *f, const struct ipc_msg *m)
{
    unsigned long *x = f->uc.uc_mcontext.__gregs;
    x[0] = interrupted_at(m->w[2], x[3]);
    x[2] = m->w[3];
    f->uc.uc_flags = 0;
    f->uc.uc_link = NULL;
    f->uc.uc_stack = (stack_t){.ss_flags = SS_DISABLE};
    f->uc.uc_sigmask = m->w[4];
    __signal_info(&f->info, (const uint64_t[3]){m->w[1], m->w[6], m->w[5]});
}

static void call_handler(struct __signal_frame *f)
{
    int sig = f->info.si_signo;
    struct sigaction a = table[sig];
    if (a.sa_handler == SIG_DFL || a.sa_handler == SIG_IGN)
        return; /* a sibling has just taken it away */
    if (a.sa_flags & SA_RESETHAND)
        table[sig].sa_handler = SIG_DFL;
    __signal_runs++;
    __signal_breaks += (a.sa_flags & SA_RESTART) == 0;
    sigjmp_buf *escape = __signal_escape; /* not for a handler that this one is interrupted by */
    __signal_escape = NULL;
    if (a.sa_flags & SA_SIGINFO)
        a.sa_sigaction(sig, &f->info, &f->uc);
    else
        a.sa_handler(sig);
    if (escape != NULL && __park_after_handler != NULL)
        __park_after_handler();
    if (escape != NULL)
        siglongjmp(*escape, 1);
}

/* From the trampoline, with every register of the thread in f. On return they are those that it goes on with. */
void __signal_run(struct __signal_frame *f)
{
    int kept = errno;
    struct ipc_msg m = {.w = {PROC_SIGFETCH}};
    bool in_call = __cancel_hooks.leave != NULL && __cancel_hooks.leave();
    if (proc_call_again(H_PROC, &m) != OK)
        _exit(128 + SIGSYS); /* somebody jumped to the trampoline: there is nothing to go back to */
    frame_fill(f, &m);
    call_handler(f);
    if (__park_after_handler != NULL)
        __park_after_handler();
    m = (struct ipc_msg){.w = {PROC_SIGMASK, PROC_MASK_SET, f->uc.uc_sigmask}};
    (void)proc_call_again(H_PROC, &m); /* no key: a request that this handler came into may have to be made again with its own */
    if (in_call)
        __cancel_hooks.again();
    errno = kept;
}
