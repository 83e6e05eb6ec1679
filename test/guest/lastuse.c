/* SPDX-License-Identifier: MIT
 * Proves when the memory of what threads wait for is its owner's again. Of a semaphore, when sem_wait() returns: it waits for a post
 * that handed out its unit and was stopped before its end, so a semaphore may stand on the stack of a function that returns. Of a
 * mutex, when pthread_mutex_destroy() returns, though another thread's unlock was stopped so.
 */
#define GT_NAME "lastuse"
#include "gtest.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

static sem_t s;
static _Atomic bool posted;

/* The rest of a post or an unlock: the queue is let go. */
static void *goes_on(void *queue)
{
    struct __waitq *q = queue;
    gt_sleep_us(5000);
    atomic_store(&posted, true);
    __atomic_store_n(&q->__lock, 0, __ATOMIC_RELEASE);
    return queue;
}

/* As sem_post() leaves it when another thread runs before its last instruction. */
static bool waits_for_the_post(int (*wait)(sem_t *))
{
    pthread_t t;
    CHECK_EQ(sem_init(&s, 0, 1), 0);
    s.__waiters.__lock = 1;
    atomic_store(&posted, false);
    CHECK_EQ(pthread_create(&t, NULL, goes_on, &s.__waiters), 0);
    CHECK_EQ(wait(&s), 0);
    bool late = atomic_load(&posted);
    CHECK_EQ(pthread_join(t, NULL), 0);
    CHECK_EQ(sem_destroy(&s), 0);
    return late;
}

static void a_unit_is_taken_when_its_post_is_over(void)
{
    CHECK(waits_for_the_post(sem_wait));
    CHECK(waits_for_the_post(sem_trywait));
}

static void a_mutex_is_destroyed_when_its_unlock_is_over(void)
{
    static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    pthread_t t;
    m.__waiters.__lock = 1;
    atomic_store(&posted, false);
    CHECK_EQ(pthread_create(&t, NULL, goes_on, &m.__waiters), 0);
    CHECK_EQ(pthread_mutex_lock(&m), 0); /* the last user */
    CHECK_EQ(pthread_mutex_unlock(&m), 0);
    CHECK_EQ(pthread_mutex_destroy(&m), 0);
    CHECK(atomic_load(&posted));
    CHECK_EQ(pthread_join(t, NULL), 0);
}

GT_MAIN(CASE(a_unit_is_taken_when_its_post_is_over), CASE(a_mutex_is_destroyed_when_its_unlock_is_over))
