/* SPDX-License-Identifier: MIT
 * Semaphores: a count that goes down by compare-and-swap while it can. Within a process a post finds a waiter and hands the unit to it,
 * or adds it. Between processes it adds it and has one woken: a unit is nobody's until it is taken, so none ends with its taker.
 */
#include "cancel.h"
#include "cas.h"
#include "park.h"
#include "signals.h"
#include "word.h"

#include <errno.h>
#include <semaphore.h>
#include <stddef.h>

static int fail(int err)
{
    errno = err;
    return -1;
}

static bool take(sem_t *s)
{
    unsigned v = __atomic_load_n(&s->__value, __ATOMIC_RELAXED);
    while (v > 0) { /* bound: a turn fails only when another thread's succeeded */
        if (__atomic_compare_exchange_n(&s->__value, &v, v - 1, true, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
            return true;
    }
    return false;
}

/* A unit is ours. Whoever posted it may still hold the queue, and when we return the semaphore may be gone. */
static int taken(sem_t *s)
{
    __waitq_settle(&s->__waiters);
    return 0;
}

/* `__sleepers` saves posts a request when nobody sleeps; who was killed or cancelled stays in it, which costs such requests and no more. */
static int wait_shared(sem_t *s, ticks_t deadline, unsigned breaks)
{
    (void)__word_name();
    while (!take(s)) { /* bound: the deadline, a handler, or the posts that others take */
        if (__signal_breaks != breaks) /* also one that ran before the sleep, as while the name was asked for */
            return fail(EINTR);
        __atomic_fetch_add(&s->__sleepers, 1, __ATOMIC_SEQ_CST);
        __cancel_begin();
        err_t err = __word_wait(&s->__value, 0, 0, deadline);
        __cancel_end(err);
        __atomic_fetch_sub(&s->__sleepers, 1, __ATOMIC_SEQ_CST);
        if (err == ERR_TIMEOUT)
            return fail(ETIMEDOUT);
    }
    return 0;
}

static int post_shared(sem_t *s)
{
    unsigned v = __atomic_load_n(&s->__value, __ATOMIC_RELAXED);
    (void)__word_name(); /* whoever waits looks again should we end before the wake */
    do { /* bound: a turn fails only when another thread's succeeded */
        if (v == SEM_VALUE_MAX)
            return fail(EOVERFLOW);
    } while (!__atomic_compare_exchange_n(&s->__value, &v, v + 1, true, CAS_RELEASES));
    if (__atomic_load_n(&s->__sleepers, __ATOMIC_SEQ_CST) != 0)
        __word_wake(&s->__value, 1);
    return 0;
}

static int wait_until(sem_t *s, clockid_t clock, const struct timespec *until)
{
    ticks_t deadline;
    unsigned breaks = __signal_breaks; /* before the test: a handler that comes after it ends the sleep */
    __cancel_test();
    if (take(s))
        return s->__shared ? 0 : taken(s);
    if (!__deadline_of(clock, until, &deadline))
        return fail(EINVAL);
    if (s->__shared)
        return wait_shared(s, deadline, breaks);
    __park_prepare();
    __waitq_lock(&s->__waiters);
    if (take(s)) { /* posts are made under the lock */
        __waitq_unlock(&s->__waiters);
        return 0;
    }
    struct __waiter w;
    __waitq_join(&s->__waiters, &w);
    w.heeds_signals = true;
    w.breaks = breaks;
    if (__waitq_sleep(&s->__waiters, &w, deadline))
        return taken(s);
    if (w.broken)
        __cancel_test();
    return fail(w.broken ? EINTR : ETIMEDOUT);
}

int sem_init(sem_t *s, int shared, unsigned value)
{
    if (value > SEM_VALUE_MAX)
        return fail(EINVAL);
    *s = (sem_t){.__value = value, .__shared = shared != 0};
    return 0;
}
int sem_destroy(sem_t *s) { return !s->__shared && s->__waiters.__head != NULL ? fail(EBUSY) : 0; }
int sem_wait(sem_t *s) { return wait_until(s, CLOCK_REALTIME, NULL); }
int sem_timedwait(sem_t *restrict s, const struct timespec *restrict until) { return wait_until(s, CLOCK_REALTIME, until); }
int sem_clockwait(sem_t *restrict s, clockid_t clock, const struct timespec *restrict until) { return wait_until(s, clock, until); }
int sem_trywait(sem_t *s) { return !take(s) ? fail(EAGAIN) : s->__shared ? 0 : taken(s); }

/* With the queue locked: a waiter has the unit (*woken is to be woken), or the value. False: that is full. */
static bool post(sem_t *s, handle_t *woken)
{
    *woken = NO_HANDLE;
    if (s->__waiters.__head != NULL) {
        *woken = __waitq_take(&s->__waiters);
        return true;
    }
    if (__atomic_load_n(&s->__value, __ATOMIC_RELAXED) == SEM_VALUE_MAX)
        return false;
    __atomic_fetch_add(&s->__value, 1, __ATOMIC_RELEASE);
    return true;
}

/* Posts that found the queue locked, perhaps by the thread that their handler had interrupted. */
static void posts_left(struct __waitq *q, unsigned n)
{
    sem_t *s = (sem_t *)((char *)q - offsetof(sem_t, __waiters));
    for (; n > 0; n--) {
        handle_t woken;
        (void)post(s, &woken);
        __waiter_wake(woken);
    }
}

int sem_post(sem_t *s)
{
    handle_t woken;
    if (s->__shared)
        return post_shared(s);
    __atomic_store_n(&__waitq_left, posts_left, __ATOMIC_RELAXED); /* a holder reads it behind what the next line leaves */
    if (!__waitq_lock_or_leave(&s->__waiters))
        return 0;
    bool done = post(s, &woken);
    __waitq_unlock(&s->__waiters);
    __waiter_wake(woken);
    return done ? 0 : fail(EOVERFLOW);
}

int sem_getvalue(sem_t *restrict s, int *restrict value)
{
    *value = (int)__atomic_load_n(&s->__value, __ATOMIC_RELAXED);
    return 0;
}
