/* SPDX-License-Identifier: MIT
 * Read-write locks (a writer that waits goes before new readers), spin locks.
 */
#include "rwlock_word.h"

#include <errno.h>
#include <pthread.h>

static uintptr_t me(void)
{
    uintptr_t tp;
    __asm__("mv %0, tp" : "=r"(tp));
    return tp;
}

int pthread_rwlock_init(pthread_rwlock_t *restrict l, const pthread_rwlockattr_t *restrict a)
{
    *l = (pthread_rwlock_t){.__shared = a != NULL && a->__shared};
    return 0;
}
int pthread_rwlock_destroy(pthread_rwlock_t *l)
{
    if (l->__shared)
        return l->__word != 0 ? EBUSY : 0;
    (void)pthread_mutex_lock(&l->__lock); /* whoever let it go last may not be done */
    bool busy = l->__reading != 0 || l->__writer != 0;
    (void)pthread_mutex_unlock(&l->__lock);
    return busy ? EBUSY : pthread_mutex_destroy(&l->__lock);
}

static int wait_on(pthread_cond_t *c, pthread_rwlock_t *l, const struct timespec *until)
{
    return until == NULL ? pthread_cond_wait(c, &l->__lock) : pthread_cond_timedwait(c, &l->__lock, until);
}

static int lock_shared(pthread_rwlock_t *l, enum rwlock_how how, bool wait, const struct timespec *until)
{
    ticks_t deadline;
    int err = __rwlock_word_lock(l, how, MUTEX_TRY, 0);
    if (err != EBUSY || !wait)
        return err;
    return __deadline_of(CLOCK_REALTIME, until, &deadline) ? __rwlock_word_lock(l, how, MUTEX_WAITS, deadline) : EINVAL;
}

static int read_lock(pthread_rwlock_t *l, bool wait, const struct timespec *until)
{
    int err = 0;
    if (l->__shared)
        return lock_shared(l, RWLOCK_READ, wait, until);
    (void)pthread_mutex_lock(&l->__lock);
    if (l->__writer == me())
        err = EDEADLK;
    while (err == 0 && (l->__writer != 0 || l->__waiting_writers != 0)) /* bound: writers before it, or the deadline */
        err = wait ? wait_on(&l->__readers, l, until) : EBUSY;
    if (err == 0)
        l->__reading++;
    (void)pthread_mutex_unlock(&l->__lock);
    return err == EDEADLK && !wait ? EBUSY : err;
}

static int write_lock(pthread_rwlock_t *l, bool wait, const struct timespec *until)
{
    int err = 0;
    if (l->__shared)
        return lock_shared(l, RWLOCK_WRITE, wait, until);
    (void)pthread_mutex_lock(&l->__lock);
    if (l->__writer == me())
        err = EDEADLK;
    l->__waiting_writers++;
    while (err == 0 && (l->__writer != 0 || l->__reading != 0)) /* bound: those before it, or the deadline */
        err = wait ? wait_on(&l->__writers, l, until) : EBUSY;
    l->__waiting_writers--;
    if (err == 0)
        l->__writer = me();
    else if (l->__waiting_writers == 0 && l->__writer == 0)
        (void)pthread_cond_broadcast(&l->__readers); /* they stood back for a writer that gave up */
    (void)pthread_mutex_unlock(&l->__lock);
    return err == EDEADLK && !wait ? EBUSY : err;
}

int pthread_rwlock_rdlock(pthread_rwlock_t *l) { return read_lock(l, true, NULL); }
int pthread_rwlock_tryrdlock(pthread_rwlock_t *l) { return read_lock(l, false, NULL); }
int pthread_rwlock_timedrdlock(pthread_rwlock_t *restrict l, const struct timespec *restrict until)
{
    return read_lock(l, true, until);
}
int pthread_rwlock_wrlock(pthread_rwlock_t *l) { return write_lock(l, true, NULL); }
int pthread_rwlock_trywrlock(pthread_rwlock_t *l) { return write_lock(l, false, NULL); }
int pthread_rwlock_timedwrlock(pthread_rwlock_t *restrict l, const struct timespec *restrict until)
{
    return write_lock(l, true, until);
}

/* Both clocks begin at the machine's start and run alike. */
static bool is_clock(clockid_t clock) { return clock == CLOCK_REALTIME || clock == CLOCK_MONOTONIC; }

int pthread_rwlock_clockrdlock(pthread_rwlock_t *restrict l, clockid_t clock, const struct timespec *restrict until)
{
    return is_clock(clock) ? read_lock(l, true, until) : EINVAL;
}
int pthread_rwlock_clockwrlock(pthread_rwlock_t *restrict l, clockid_t clock, const struct timespec *restrict until)
{
    return is_clock(clock) ? write_lock(l, true, until) : EINVAL;
}

int pthread_rwlock_unlock(pthread_rwlock_t *l)
{
    int err = 0;
    if (l->__shared)
        return __rwlock_word_unlock(l);
    (void)pthread_mutex_lock(&l->__lock);
    if (l->__writer == me())
        l->__writer = 0;
    else if (l->__writer == 0 && l->__reading > 0)
        l->__reading--;
    else
        err = EPERM;
    if (err == 0 && l->__reading == 0) {
        if (l->__waiting_writers > 0)
            (void)pthread_cond_signal(&l->__writers);
        else
            (void)pthread_cond_broadcast(&l->__readers);
    }
    (void)pthread_mutex_unlock(&l->__lock);
    return err;
}

/* ---- spin locks: on one hart a spinner has to make room for the holder ---- */

int pthread_spin_init(pthread_spinlock_t *l, int shared)
{
    if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
        return EINVAL;
    *l = 0;
    return 0;
}
int pthread_spin_destroy(pthread_spinlock_t *l) { return *l != 0 ? EBUSY : 0; }
int pthread_spin_trylock(pthread_spinlock_t *l) { return __atomic_exchange_n(l, 1, __ATOMIC_ACQUIRE) != 0 ? EBUSY : 0; }
int pthread_spin_lock(pthread_spinlock_t *l)
{
    while (pthread_spin_trylock(l) != 0) /* bound: the holder's section */
        sched_yield();
    return 0;
}
int pthread_spin_unlock(pthread_spinlock_t *l)
{
    __atomic_store_n(l, 0, __ATOMIC_RELEASE);
    return 0;
}
