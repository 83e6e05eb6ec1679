/* SPDX-License-Identifier: MIT
 * Condition variables between processes: a word that each signal changes. Who waits reads it before the mutex is free, and sleeps while
 * it is the same. `__sleepers` saves a request when nobody sleeps; one that was killed stays in it, which costs such requests and no more.
 */
#include "cond_word.h"

#include "cancel.h"
#include "signals.h"
#include "word.h"

#include <errno.h>

#define LOOK_TICKS 10000000u /* 1 s: how often one who may be cancelled looks whether he was, between two looks of his own */

/* Also after a while for nothing, as POSIX permits. */
int __cond_word_wait(pthread_cond_t *c, pthread_mutex_t *m, ticks_t deadline)
{
    unsigned breaks = __signal_breaks;
    ticks_t look = __cancel_hooks.begin != NULL ? sys_time() + LOOK_TICKS : DEADLINE_NONE;
    (void)__word_name();
    __cancel_test();
    unsigned depth = m->__depth; /* a recursive mutex is let go altogether */
    m->__depth = 0;
    __atomic_fetch_add(&c->__sleepers, 1, __ATOMIC_SEQ_CST);
    uint32_t seen = __atomic_load_n(&c->__signals, __ATOMIC_SEQ_CST);
    (void)pthread_mutex_unlock(m);
    err_t err = __word_wait(&c->__signals, seen, 0, deadline < look ? deadline : look);
    __atomic_fetch_sub(&c->__sleepers, 1, __ATOMIC_SEQ_CST);
    int locked = pthread_mutex_lock(m);
    m->__depth = depth;
    if (__signal_breaks != breaks || err == ERR_TIMEOUT)
        __cancel_test();
    return locked != 0 ? locked : err == ERR_TIMEOUT && sys_time() >= deadline ? ETIMEDOUT : 0;
}

void __cond_word_signal(pthread_cond_t *c, unsigned n)
{
    (void)__word_name(); /* whoever waits looks again should we end before the wake */
    __atomic_fetch_add(&c->__signals, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&c->__sleepers, __ATOMIC_SEQ_CST) != 0)
        __word_wake(&c->__signals, n);
}
