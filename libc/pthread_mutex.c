/* SPDX-License-Identifier: MIT
 * Mutexes. Free to held and back is one compare-and-swap each; only who has to wait, and who may have to wake, takes the queue's
 * lock. A woken thread competes again: no convoy forms, and nothing is handed to a thread that may not run for long.
 */
#include "cas.h"
#include "internal.h"
#include "mutex.h"

#include <errno.h>
#include <pthread.h>

enum { FREE, HELD, CONTENDED };

static uintptr_t me(void)
{
    uintptr_t tp;
    __asm__("mv %0, tp" : "=r"(tp));
    return tp;
}

static int exchange(pthread_mutex_t *m, int to) { return __atomic_exchange_n(&m->__held, to, __ATOMIC_ACQ_REL); }

static bool take_free(pthread_mutex_t *m)
{
    int was = FREE;
    return __atomic_compare_exchange_n(&m->__held, &was, HELD, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

/* Only this thread can have written its own tp there, so the unlocked read is sound. */
static bool is_mine(const pthread_mutex_t *m) { return __atomic_load_n(&m->__owner, __ATOMIC_RELAXED) == me(); }

bool __mutex_may_be_mine(const pthread_mutex_t *m)
{
    if (m->__type & MUTEX_PRIO)
        return __mutex_prio_is_mine(m);
    if (m->__type & MUTEX_WORD)
        return __mutex_word_is_mine(m);
    return m->__type == PTHREAD_MUTEX_NORMAL || is_mine(m);
}

static int again(pthread_mutex_t *m, int refusal)
{
    if (m->__type != PTHREAD_MUTEX_RECURSIVE)
        return refusal;
    if (m->__depth == ~0u)
        return EAGAIN;
    m->__depth++;
    return 0;
}

static int wait_for(pthread_mutex_t *m, ticks_t deadline)
{
    __park_prepare();
    for (;;) { /* bound: the deadline, or the holders' sections before it */
        __waitq_lock(&m->__waiters);
        if (exchange(m, CONTENDED) == FREE) { /* under the lock: who lets it go after this looks at the queue */
            __waitq_unlock(&m->__waiters);
            return 0;
        }
        if (!__waitq_wait(&m->__waiters, deadline))
            return ETIMEDOUT;
    }
}

int __mutex_take(pthread_mutex_t *m, enum mutex_wait wait, ticks_t deadline)
{
    if (take_free(m))
        return 0;
    return wait == MUTEX_TRY ? EBUSY : wait_for(m, deadline);
}

void __mutex_let_go(pthread_mutex_t *m)
{
    int was = HELD;
    if (__atomic_compare_exchange_n(&m->__held, &was, FREE, false, CAS_RELEASES))
        return;
    __waitq_lock(&m->__waiters); /* before it is free: who has it next may destroy it, and waits for us there */
    (void)exchange(m, FREE);
    handle_t woken = __waitq_take(&m->__waiters);
    __waitq_unlock(&m->__waiters);
    __waiter_wake(woken);
}

/* refusal: what the thread is told that has it already. */
static int lock(pthread_mutex_t *m, enum mutex_wait wait, ticks_t deadline, int refusal)
{
    if (m->__type == PTHREAD_MUTEX_NORMAL)
        return __mutex_take(m, wait, deadline);
    if (m->__type & MUTEX_PRIO)
        return __mutex_prio_lock(m, wait, deadline);
    if (m->__type & MUTEX_WORD)
        return __mutex_word_lock(m, wait, deadline, refusal);
    if (is_mine(m))
        return again(m, refusal);
    int err = __mutex_take(m, wait, deadline);
    if (err == 0)
        __atomic_store_n(&m->__owner, me(), __ATOMIC_RELAXED);
    return err;
}

int pthread_mutex_lock(pthread_mutex_t *m) { return lock(m, MUTEX_WAITS, DEADLINE_NONE, EDEADLK); }
int pthread_mutex_trylock(pthread_mutex_t *m) { return lock(m, MUTEX_TRY, 0, EBUSY); }

int __mutex_lock_until(pthread_mutex_t *m, clockid_t clock, const struct timespec *until)
{
    ticks_t deadline;
    int err = lock(m, MUTEX_TRY, 0, EDEADLK);
    if (err != EBUSY)
        return err;
    return __deadline_of(clock, until, &deadline) ? lock(m, MUTEX_WAITS, deadline, EDEADLK) : EINVAL;
}

int pthread_mutex_timedlock(pthread_mutex_t *restrict m, const struct timespec *restrict until)
{
    return __mutex_lock_until(m, CLOCK_REALTIME, until);
}
int pthread_mutex_clocklock(pthread_mutex_t *restrict m, clockid_t clock, const struct timespec *restrict until)
{
    return __mutex_lock_until(m, clock, until);
}

int pthread_mutex_unlock(pthread_mutex_t *m)
{
    if (m->__type & MUTEX_PRIO)
        return __mutex_prio_unlock(m);
    if (m->__type & MUTEX_WORD)
        return __mutex_word_unlock(m);
    if (m->__type != PTHREAD_MUTEX_NORMAL) {
        if (!is_mine(m))
            return EPERM;
        if (m->__depth > 0) {
            m->__depth--;
            return 0;
        }
        __atomic_store_n(&m->__owner, 0, __ATOMIC_RELAXED);
    }
    __mutex_let_go(m);
    return 0;
}

static int kind_of(const pthread_mutexattr_t *a)
{
    static const int protocol[] = {[PTHREAD_PRIO_NONE] = 0, [PTHREAD_PRIO_INHERIT] = MUTEX_INHERIT, [PTHREAD_PRIO_PROTECT] = MUTEX_PROTECT};
    int word = (a->__shared == PTHREAD_PROCESS_SHARED ? MUTEX_SHARED : 0) | (a->__robust == PTHREAD_MUTEX_ROBUST ? MUTEX_ROBUST : 0);
    return a->__type | word | protocol[a->__protocol] | (a->__protocol == PTHREAD_PRIO_PROTECT ? a->__ceiling << 8 : 0);
}

int pthread_mutex_init(pthread_mutex_t *restrict m, const pthread_mutexattr_t *restrict a)
{
    if (a != NULL && (a->__type < PTHREAD_MUTEX_NORMAL || a->__type > PTHREAD_MUTEX_RECURSIVE))
        return EINVAL; /* destroyed attributes */
    if (a != NULL && (a->__shared || a->__robust) && a->__protocol != PTHREAD_PRIO_NONE)
        return ENOTSUP; /* who waits is queued within the process */
    *m = (pthread_mutex_t){.__type = a != NULL ? kind_of(a) : PTHREAD_MUTEX_DEFAULT};
    return 0;
}
int pthread_mutex_destroy(pthread_mutex_t *m)
{
    if (m->__type & MUTEX_WORD)
        return __mutex_word_destroy(m);
    if (__atomic_load_n(&m->__held, __ATOMIC_RELAXED) != FREE)
        return EBUSY;
    __waitq_settle(&m->__waiters); /* whoever let it go before us may not be done */
    return 0;
}

/* ---- attributes ---- */

int pthread_mutexattr_init(pthread_mutexattr_t *a)
{
    *a = (pthread_mutexattr_t){.__type = PTHREAD_MUTEX_DEFAULT, .__protocol = PTHREAD_PRIO_NONE, .__ceiling = PRIO_MAX};
    return 0;
}
int pthread_mutexattr_destroy(pthread_mutexattr_t *a)
{
    a->__type = -1;
    return 0;
}
int pthread_mutexattr_settype(pthread_mutexattr_t *a, int type)
{
    if (type < PTHREAD_MUTEX_NORMAL || type > PTHREAD_MUTEX_RECURSIVE)
        return EINVAL;
    a->__type = type;
    return 0;
}
int pthread_mutexattr_gettype(const pthread_mutexattr_t *restrict a, int *restrict type)
{
    *type = a->__type;
    return 0;
}
int pthread_mutexattr_setprotocol(pthread_mutexattr_t *a, int protocol)
{
    if (protocol < PTHREAD_PRIO_NONE || protocol > PTHREAD_PRIO_PROTECT)
        return EINVAL;
    a->__protocol = protocol;
    return 0;
}
int pthread_mutexattr_getprotocol(const pthread_mutexattr_t *restrict a, int *restrict protocol)
{
    *protocol = a->__protocol;
    return 0;
}
int pthread_mutexattr_setprioceiling(pthread_mutexattr_t *a, int ceiling)
{
    if (ceiling < 1 || ceiling > PRIO_MAX)
        return EINVAL;
    a->__ceiling = ceiling;
    return 0;
}
int pthread_mutexattr_getprioceiling(const pthread_mutexattr_t *restrict a, int *restrict ceiling)
{
    *ceiling = a->__ceiling;
    return 0;
}
int pthread_mutexattr_setpshared(pthread_mutexattr_t *a, int shared)
{
    if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
        return EINVAL;
    a->__shared = shared;
    return 0;
}
int pthread_mutexattr_getpshared(const pthread_mutexattr_t *restrict a, int *restrict shared)
{
    *shared = a->__shared;
    return 0;
}
int pthread_mutexattr_setrobust(pthread_mutexattr_t *a, int robust)
{
    if (robust != PTHREAD_MUTEX_STALLED && robust != PTHREAD_MUTEX_ROBUST)
        return EINVAL;
    a->__robust = robust;
    return 0;
}
int pthread_mutexattr_getrobust(const pthread_mutexattr_t *restrict a, int *restrict robust)
{
    *robust = a->__robust;
    return 0;
}
