/* SPDX-License-Identifier: MIT
 * Read-write locks between processes: one word, how many read or that one writes, and that somebody waits. While that bit is set new
 * readers wait as well, so a writer's turn comes; who lets the lock go altogether clears it and wakes all. So one that is killed
 * while it waits is forgotten then.
 */
#include "rwlock_word.h"

#include "word.h"

#include <errno.h>

#define WAITED 0x80000000u
#define WRITTEN 0x40000000u
#define READERS 0x3fffffffu

static bool is_writer(const pthread_rwlock_t *l)
{
    return (__word_load(&l->__word) & WRITTEN) && __atomic_load_n(&l->__writer, __ATOMIC_RELAXED) == __word_name();
}

/* Whether it can't be had by the word v; else *to is the word with it. */
static bool is_taken(uint32_t v, enum rwlock_how how, uint32_t *to)
{
    *to = how == RWLOCK_READ ? v + 1 : v | WRITTEN;
    return how == RWLOCK_READ ? (v & (WRITTEN | WAITED)) != 0 : v != 0;
}

int __rwlock_word_lock(pthread_rwlock_t *l, enum rwlock_how how, enum mutex_wait wait, ticks_t deadline)
{
    uint32_t to;
    (void)__word_name();
    if (is_writer(l))
        return wait == MUTEX_TRY ? EBUSY : EDEADLK;
    for (;;) { /* bound: the deadline, or those before it */
        uint32_t v = __word_load(&l->__word);
        if (!is_taken(v, how, &to)) {
            if (how == RWLOCK_READ && (v & READERS) == READERS)
                return EAGAIN;
            if (__word_cas(&l->__word, v, to))
                break;
        } else if (wait == MUTEX_TRY) {
            return EBUSY;
        } else if ((v & WAITED) || __word_cas(&l->__word, v, v | WAITED)) {
            if (__word_wait(&l->__word, v | WAITED, 0, deadline) == ERR_TIMEOUT)
                return ETIMEDOUT;
        }
    }
    if (how == RWLOCK_WRITE)
        __atomic_store_n(&l->__writer, __word_name(), __ATOMIC_RELAXED);
    return 0;
}

int __rwlock_word_unlock(pthread_rwlock_t *l)
{
    uint32_t v, to;
    if (is_writer(l))
        l->__writer = 0;
    do { /* bound: a turn fails only when another thread's succeeded */
        v = __word_load(&l->__word);
        if ((v & ~WAITED) == 0 || ((v & WRITTEN) && l->__writer != 0))
            return EPERM;
        to = v & WRITTEN || (v & READERS) == 1 ? 0 : v - 1;
    } while (!__word_cas(&l->__word, v, to));
    if (to == 0 && (v & WAITED))
        __word_wake(&l->__word, WORD_ALL);
    return 0;
}
