/* SPDX-License-Identifier: MIT
 * Condition variables: a queue, entered before the mutex is let go, so that no signal between the two is lost.
 */
#include "cancel.h"
#include "cond_word.h"
#include "park.h"
#include "signals.h"
#include "word.h"

#include <errno.h>
#include <pthread.h>

static int wait_until(pthread_cond_t *c, pthread_mutex_t *m, clockid_t clock, const struct timespec *until)
{
    struct __waiter w;
    ticks_t deadline;
    if (!__deadline_of(clock, until, &deadline))
        return EINVAL;
    if (!__mutex_may_be_mine(m))
        return EPERM;
    if (c->__shared)
        return __cond_word_wait(c, m, deadline);
    unsigned breaks = __signal_breaks; /* before the test: a handler that comes after it ends the sleep */
    __cancel_test();
    unsigned depth = m->__depth; /* a recursive mutex is let go altogether */
    m->__depth = 0;
    __park_prepare();
    __waitq_lock(&c->__waiters);
    __waitq_join(&c->__waiters, &w); /* before the mutex is free: signals look at the queue without its lock */
    w.heeds_signals = __cancel_hooks.begin != NULL;
    w.breaks = breaks;
    (void)pthread_mutex_unlock(m);
    bool woken = __waitq_sleep(&c->__waiters, &w, deadline);
    int locked = pthread_mutex_lock(m);
    m->__depth = depth;
    if (w.broken)
        __cancel_test(); /* it goes with the mutex, as its cleanup handlers expect */
    return locked != 0 ? locked : woken || w.broken ? 0 : ETIMEDOUT; /* nobody's signal: as POSIX permits */
}

int pthread_cond_wait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m) { return wait_until(c, m, CLOCK_REALTIME, NULL); }
int pthread_cond_timedwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m, const struct timespec *restrict until)
{
    return wait_until(c, m, CLOCK_REALTIME, until); /* both clocks begin at the machine's start and run alike */
}
int pthread_cond_clockwait(pthread_cond_t *restrict c, pthread_mutex_t *restrict m, clockid_t clock,
                           const struct timespec *restrict until)
{
    return wait_until(c, m, clock, until);
}

int pthread_cond_signal(pthread_cond_t *c)
{
    if (c->__shared) {
        __cond_word_signal(c, 1);
        return 0;
    }
    if (__atomic_load_n(&c->__waiters.__head, __ATOMIC_ACQUIRE) == NULL)
        return 0; /* whoever is on its way in holds the mutex still */
    __waitq_lock(&c->__waiters);
    handle_t woken = __waitq_take(&c->__waiters);
    __waitq_unlock(&c->__waiters);
    __waiter_wake(woken);
    return 0;
}

int pthread_cond_broadcast(pthread_cond_t *c)
{
    if (c->__shared)
        __cond_word_signal(c, WORD_ALL);
    else if (__atomic_load_n(&c->__waiters.__head, __ATOMIC_ACQUIRE) != NULL)
        __waitq_wake_all(&c->__waiters);
    return 0;
}

int pthread_cond_init(pthread_cond_t *restrict c, const pthread_condattr_t *restrict a)
{
    *c = (pthread_cond_t){.__shared = a != NULL && a->__shared}; /* its clock: see pthread_cond_timedwait() */
    return 0;
}
int pthread_cond_destroy(pthread_cond_t *c) { return c->__waiters.__head != NULL ? EBUSY : 0; }

int pthread_condattr_init(pthread_condattr_t *a)
{
    *a = (pthread_condattr_t){.__clock = CLOCK_REALTIME, .__shared = PTHREAD_PROCESS_PRIVATE};
    return 0;
}
int pthread_condattr_destroy(pthread_condattr_t *a)
{
    (void)a;
    return 0;
}
int pthread_condattr_setclock(pthread_condattr_t *a, clockid_t clock)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return EINVAL;
    a->__clock = clock;
    return 0;
}
int pthread_condattr_getclock(const pthread_condattr_t *restrict a, clockid_t *restrict clock)
{
    *clock = a->__clock;
    return 0;
}
int pthread_condattr_setpshared(pthread_condattr_t *a, int shared)
{
    if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
        return EINVAL;
    a->__shared = shared;
    return 0;
}
int pthread_condattr_getpshared(const pthread_condattr_t *restrict a, int *restrict shared)
{
    *shared = a->__shared;
    return 0;
}
