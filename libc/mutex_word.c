/* SPDX-License-Identifier: MIT
 * Mutexes that others than this process's living threads have to do with: shared between processes, and robust ones. The word names
 * the holder in all of the system, so whoever finds it held can ask whether that thread is still there.
 *
 *   word:  0 free | holder's name, 30 bits | DIED: a holder ended with it, what it guards may be torn | WAITED: somebody may sleep
 *
 * A process that ends leaves its name in the word; a thread that ends (of a living process) is taken out of it by itself, for which each
 * thread has a list of the robust ones it holds. Links of the list are in the mutex and mean something to the holder only.
 */
#include "internal.h"
#include "mutex.h"
#include "word.h"

#include <errno.h>

#define WAITED 0x80000000u
#define DIED 0x40000000u
#define NOT_RECOVERABLE (1u << PROC_WORD_SLOT_SHIFT) /* as a name: no pid is 0 */

static _Thread_local pthread_mutex_t *held; /* the robust ones */

static uint32_t *word_of(pthread_mutex_t *m) { return (uint32_t *)&m->__held; }
static bool is_robust(const pthread_mutex_t *m) { return m->__type & MUTEX_ROBUST; }

/* ---- the list ---- */

static pthread_mutex_t *next_of(const pthread_mutex_t *m) { return (pthread_mutex_t *)m->__waiters.__head; }
static pthread_mutex_t *before_of(const pthread_mutex_t *m) { return (pthread_mutex_t *)m->__waiters.__tail; }
static void set_next(pthread_mutex_t *m, pthread_mutex_t *to) { m->__waiters.__head = (struct __waiter *)to; }
static void set_before(pthread_mutex_t *m, pthread_mutex_t *to) { m->__waiters.__tail = (struct __waiter *)to; }

/* What it holds is somebody's else from now on, or nobody's. */
static void thread_goes(void)
{
    while (held != NULL) { /* bound: what it holds */
        pthread_mutex_t *m = held;
        held = next_of(m);
        if (__atomic_exchange_n(word_of(m), DIED, __ATOMIC_ACQ_REL) & WAITED)
            __word_wake(word_of(m), 1);
    }
}

static void after_fork(void) { held = NULL; } /* the parent's */

static void list_add(pthread_mutex_t *m)
{
    __fork_hooks.robust = after_fork;
    __robust_thread_goes = thread_goes;
    set_next(m, held);
    set_before(m, NULL);
    if (held != NULL)
        set_before(held, m);
    held = m;
}

static void list_remove(pthread_mutex_t *m)
{
    if (before_of(m) != NULL)
        set_next(before_of(m), next_of(m));
    else
        held = next_of(m);
    if (next_of(m) != NULL)
        set_before(next_of(m), before_of(m));
}

/* ---- locking ---- */

bool __mutex_word_is_mine(const pthread_mutex_t *m)
{
    return (__word_load((const uint32_t *)&m->__held) & PROC_WORD_NAMES) == __word_name();
}

/* It is ours. */
static int taken(pthread_mutex_t *m, uint32_t died)
{
    m->__depth = 0;
    if (is_robust(m))
        list_add(m);
    return died ? EOWNERDEAD : 0;
}

static int again(pthread_mutex_t *m, int refusal)
{
    if (MUTEX_TYPE(m) != PTHREAD_MUTEX_RECURSIVE)
        return refusal;
    if (m->__depth == ~0u)
        return EAGAIN;
    m->__depth++;
    return 0;
}

/* Somebody else has it, by the word v. *gone: and is there no more. EBUSY, ETIMEDOUT; 0: look again. */
static int wait_for(pthread_mutex_t *m, uint32_t v, enum mutex_wait wait, ticks_t deadline, bool *gone)
{
    unsigned flags = (is_robust(m) ? PROC_WORD_OWNED : 0) | (wait == MUTEX_TRY ? PROC_WORD_ASK : 0);
    *gone = false;
    if (flags == PROC_WORD_ASK)
        return EBUSY;
    err_t err = __word_wait(word_of(m), v, flags, wait == MUTEX_TRY ? DEADLINE_NONE : deadline);
    *gone = err == ERR_NOENT;
    return err == ERR_BUSY ? EBUSY : err == ERR_TIMEOUT ? ETIMEDOUT : 0;
}

int __mutex_word_lock(pthread_mutex_t *m, enum mutex_wait wait, ticks_t deadline, int refusal)
{
    uint32_t *word = word_of(m), me = __word_name(), waited = 0; /* waited: others may still sleep when we have it */
    for (;;) { /* bound: the deadline, or the holders' sections before it */
        uint32_t v = __word_load(word), owner = v & PROC_WORD_NAMES;
        bool gone = false;
        int err = 0;
        if (owner == NOT_RECOVERABLE)
            return ENOTRECOVERABLE;
        if (owner == me && (MUTEX_TYPE(m) != PTHREAD_MUTEX_NORMAL || wait == MUTEX_TRY))
            return again(m, refusal);
        if (owner == 0 && __word_cas(word, v, v | me | waited))
            return taken(m, v & DIED);
        if (owner == 0 || (wait != MUTEX_TRY && !(v & WAITED) && !__word_cas(word, v, v | WAITED)))
            continue;
        waited = wait != MUTEX_TRY ? WAITED : 0;
        err = wait_for(m, v | waited, wait, deadline, &gone);
        if (gone && __word_cas(word, v | waited, me | DIED | WAITED))
            return taken(m, DIED);
        if (err != 0)
            return err;
    }
}

int __mutex_word_unlock(pthread_mutex_t *m)
{
    if (!__mutex_word_is_mine(m))
        return EPERM;
    if (m->__depth > 0) {
        m->__depth--;
        return 0;
    }
    if (is_robust(m))
        list_remove(m);
    uint32_t *word = word_of(m), to = __word_load(word) & DIED ? NOT_RECOVERABLE : 0;
    if (__atomic_exchange_n(word, to, __ATOMIC_ACQ_REL) & WAITED) /* from here on it may be somebody's who destroys it */
        __word_wake(word, to != 0 ? WORD_ALL : 1);
    return 0;
}

int __mutex_word_destroy(pthread_mutex_t *m)
{
    uint32_t owner = __word_load(word_of(m)) & PROC_WORD_NAMES;
    return owner != 0 && owner != NOT_RECOVERABLE ? EBUSY : 0;
}

int pthread_mutex_consistent(pthread_mutex_t *m)
{
    if (!is_robust(m) || !__mutex_word_is_mine(m) || !(__word_load(word_of(m)) & DIED))
        return EINVAL;
    __atomic_fetch_and(word_of(m), ~DIED, __ATOMIC_ACQ_REL);
    return 0;
}
