/* SPDX-License-Identifier: MIT
 * Barriers, within a process and between processes; attributes of barriers and of read-write locks, which say no more than that.
 */
#include "park.h"
#include "word.h"

#include <errno.h>
#include <pthread.h>

int pthread_barrier_init(pthread_barrier_t *restrict b, const pthread_barrierattr_t *restrict a, unsigned count)
{
    if (count == 0)
        return EINVAL;
    /* its first round is none that somebody may still leave who knew another barrier there */
    *b = (pthread_barrier_t){.__wanted = count, .__shared = a != NULL && a->__shared, .__rounds = (unsigned)sys_time()};
    return 0;
}

int pthread_barrier_destroy(pthread_barrier_t *b)
{
    if (b->__shared)
        return __atomic_load_n(&b->__here, __ATOMIC_ACQUIRE) > 0 ? EBUSY : 0;
    (void)pthread_mutex_lock(&b->__lock);
    int err = b->__here > 0 ? EBUSY : 0;
    while (err == 0 && b->__leaving > 0) /* bound: the threads that were woken: they still look at it */
        (void)pthread_cond_wait(&b->__all_here, &b->__lock);
    (void)pthread_mutex_unlock(&b->__lock);
    return err != 0 ? err : pthread_mutex_destroy(&b->__lock);
}

/* Between processes: who leaves looks at the round and at nothing else. One that was killed while it waited has arrived. */
static int wait_shared(pthread_barrier_t *b)
{
    (void)__word_name();
    uint32_t round = __word_load(&b->__rounds);
    if (__atomic_add_fetch(&b->__here, 1, __ATOMIC_ACQ_REL) == b->__wanted) {
        __atomic_store_n(&b->__here, 0, __ATOMIC_RELEASE);
        __atomic_add_fetch(&b->__rounds, 1, __ATOMIC_ACQ_REL);
        __word_wake(&b->__rounds, WORD_ALL);
        return PTHREAD_BARRIER_SERIAL_THREAD;
    }
    while (__word_load(&b->__rounds) == round) /* bound: the last one's arrival */
        (void)__word_wait(&b->__rounds, round, 0, DEADLINE_NONE);
    return 0;
}

int pthread_barrier_wait(pthread_barrier_t *b)
{
    int result = 0;
    if (b->__shared)
        return wait_shared(b);
    (void)pthread_mutex_lock(&b->__lock);
    uint64_t round = b->__round;
    if (++b->__here == b->__wanted) {
        b->__here = 0;
        b->__round++;
        b->__leaving += b->__wanted - 1;
        result = PTHREAD_BARRIER_SERIAL_THREAD;
        (void)pthread_cond_broadcast(&b->__all_here);
    } else {
        while (b->__round == round) /* bound: the last one's arrival */
            (void)pthread_cond_wait(&b->__all_here, &b->__lock);
        if (--b->__leaving == 0)
            (void)pthread_cond_broadcast(&b->__all_here); /* who destroys it may go on */
    }
    (void)pthread_mutex_unlock(&b->__lock);
    return result;
}

/* ---- attributes ---- */

static int set_shared(int *to, int shared)
{
    if (shared != PTHREAD_PROCESS_PRIVATE && shared != PTHREAD_PROCESS_SHARED)
        return EINVAL;
    *to = shared;
    return 0;
}

#define ATTRIBUTES(of) \
    int pthread_##of##attr_init(pthread_##of##attr_t *a) \
    { \
        a->__shared = PTHREAD_PROCESS_PRIVATE; \
        return 0; \
    } \
    int pthread_##of##attr_destroy(pthread_##of##attr_t *a) \
    { \
        (void)a; \
        return 0; \
    } \
    int pthread_##of##attr_setpshared(pthread_##of##attr_t *a, int shared) { return set_shared(&a->__shared, shared); } \
    int pthread_##of##attr_getpshared(const pthread_##of##attr_t *restrict a, int *restrict shared) \
    { \
        *shared = a->__shared; \
        return 0; \
    }
ATTRIBUTES(rwlock)
ATTRIBUTES(barrier)
