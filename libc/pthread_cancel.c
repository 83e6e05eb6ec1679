/* SPDX-License-Identifier: MIT
 * Cancelling threads. A word in each thread's record says whether it is to go; a signal brings it out of a call that waits. What
 * such a call has done already is not lost: it returns, and the thread goes at its next cancellation point. Threads that sleep in
 * queues of the library (park.c) leave these first.
 */
#include "cancel.h"
#include "internal.h"
#include "signals.h"

#include <errno.h>
#include <ipc/regs.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

enum {
    TO_GO = 1,    /* pthread_cancel() was called */
    DISABLED = 2, /* not now */
    AT_ONCE = 4,  /* PTHREAD_CANCEL_ASYNCHRONOUS */
    IN_CALL = 8,  /* between begin and end: a call that has not been made is made no more */
};
#define SIGNAL_CANCEL SIGLOST

/* cancel_call.S, which has these numbers of its own. */
long __cancel_call(long number_flags, uint64_t a0, struct ipc_regs *regs, const void *word);
extern const char __cancel_call_first[], __cancel_call_last[];
_Static_assert(TO_GO == 1 && DISABLED == 2 && IN_CALL == 8 && ERR_CANCELLED == -10, "as there");
_Static_assert(offsetof(struct ipc_regs, w) == 0 && offsetof(struct ipc_regs, t2) == 64 && offsetof(struct ipc_regs, t6) == 96, "as there");

static _Atomic int *word(void) { return __thread_cancel_word(__thread_record()); }

static bool is_to_go(int w) { return (w & TO_GO) && !(w & DISABLED); }

static _Noreturn void go(void)
{
    atomic_fetch_or(word(), DISABLED); /* once */
    pthread_exit(PTHREAD_CANCELED);
}

static void begin(void)
{
    if (__cancel_held != 0)
        return;
    int before = atomic_fetch_or(word(), IN_CALL); /* first: whoever sets TO_GO after this sends a signal after this */
    if (is_to_go(before))
        go();
}

static void end(bool interrupted)
{
    int before = atomic_fetch_and(word(), ~IN_CALL);
    if (interrupted && is_to_go(before) && __cancel_held == 0)
        go();
}

long __cancel_ipc_raw(long number_flags, uint64_t a0, struct ipc_regs *regs)
{
    return __cancel_call(number_flags, a0, regs, word());
}

static void on_signal(int sig)
{
    int w = atomic_load(word());
    (void)sig;
    if (!is_to_go(w))
        return;
    if (w & AT_ONCE)
        go();
    __signal_breaks++; /* whatever it waits in ends as with EINTR; a call that has not been made yet sees the word */
}

static bool leave(void) { return atomic_fetch_and(word(), ~IN_CALL) & IN_CALL; }

static void again(void) { atomic_fetch_or(word(), IN_CALL); }

/* Before main(): a thread that waits already when the first one is cancelled has to have said so. */
__attribute__((constructor)) static void start(void)
{
    __cancel_hooks = (struct cancel_hooks){begin, end, leave, again, __cancel_call_first, __cancel_call_last};
}

static int prepare(void)
{
    static _Atomic bool done;
    struct sigaction a = {.sa_flags = SA_RESTART};
    a.sa_handler = on_signal;
    if (!atomic_load(&done) && sigaction(SIGNAL_CANCEL, &a, NULL) != 0)
        return errno;
    atomic_store(&done, true);
    return 0;
}

int pthread_cancel(pthread_t t)
{
    if (t == NULL)
        return ESRCH;
    int err = prepare();
    if (err != 0)
        return err;
    int before = atomic_fetch_or(__thread_cancel_word(t), TO_GO);
    if (before & TO_GO)
        return 0;
    if (pthread_equal(t, pthread_self())) {
        if (is_to_go(before | TO_GO) && (before & AT_ONCE))
            go();
        return 0;
    }
    (void)pthread_kill(t, SIGNAL_CANCEL); /* ESRCH: it has ended, and is to be joined */
    return 0;
}

void pthread_testcancel(void) { end(true); }

int pthread_setcancelstate(int state, int *old)
{
    if (state != PTHREAD_CANCEL_ENABLE && state != PTHREAD_CANCEL_DISABLE)
        return EINVAL;
    int before = state == PTHREAD_CANCEL_DISABLE ? atomic_fetch_or(word(), DISABLED) : atomic_fetch_and(word(), ~DISABLED);
    if (old != NULL)
        *old = before & DISABLED ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE;
    if (state == PTHREAD_CANCEL_ENABLE && (before & TO_GO) && (before & AT_ONCE))
        go();
    return 0;
}

int pthread_setcanceltype(int type, int *old)
{
    if (type != PTHREAD_CANCEL_DEFERRED && type != PTHREAD_CANCEL_ASYNCHRONOUS)
        return EINVAL;
    int before = type == PTHREAD_CANCEL_ASYNCHRONOUS ? atomic_fetch_or(word(), AT_ONCE) : atomic_fetch_and(word(), ~AT_ONCE);
    if (old != NULL)
        *old = before & AT_ONCE ? PTHREAD_CANCEL_ASYNCHRONOUS : PTHREAD_CANCEL_DEFERRED;
    if (type == PTHREAD_CANCEL_ASYNCHRONOUS && is_to_go(before))
        go();
    return 0;
}
