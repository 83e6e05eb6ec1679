/* SPDX-License-Identifier: MIT
 * Proves what POSIX says of condition variables, semaphores, read-write locks and barriers: what they return, what they refuse,
 * and that waiters sleep and are woken.
 * TIMEOUT: 120
 */
#define GT_NAME "pthreadsync"
#include "gtest.h"
#include "gclock.h"
#include "gwaits.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/time.h>
#include <time.h>

/* ---- condition variables ---- */

static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static unsigned tokens, taken, waiting;
static void *takes_a_token(void *unused)
{
    (void)unused;
    CHECK_EQ(pthread_mutex_lock(&guard), 0);
    waiting++;
    while (tokens == 0)
        CHECK_EQ(pthread_cond_wait(&changed, &guard), 0);
    tokens--;
    taken++;
    CHECK_EQ(pthread_mutex_unlock(&guard), 0);
    return NULL;
}
static void wait_for_waiters(unsigned n)
{
    for (unsigned there = 0; there < n; sched_yield()) {
        (void)pthread_mutex_lock(&guard);
        there = waiting;
        (void)pthread_mutex_unlock(&guard);
    }
}
static void signals_wake_one_and_broadcasts_all(void)
{
    pthread_t t[5];
    tokens = taken = waiting = 0;
    for (unsigned i = 0; i < 5; i++)
        CHECK_EQ(pthread_create(&t[i], NULL, takes_a_token, NULL), 0);
    wait_for_waiters(5);
    CHECK_EQ(pthread_mutex_lock(&guard), 0);
    tokens = 1;
    CHECK_EQ(pthread_cond_signal(&changed), 0);
    CHECK_EQ(pthread_mutex_unlock(&guard), 0);
    GT_UNTIL(*(volatile unsigned *)&taken == 1);
    gt_sleep_us(20000);
    CHECK_EQ(pthread_mutex_lock(&guard), 0);
    CHECK_EQ(taken, 1);
    tokens = 4;
    CHECK_EQ(pthread_cond_broadcast(&changed), 0);
    CHECK_EQ(pthread_mutex_unlock(&guard), 0);
    for (unsigned i = 0; i < 5; i++)
        CHECK_EQ(pthread_join(t[i], NULL), 0);
    CHECK_EQ(taken, 5);
}
static void timed_waits_end(void)
{
    struct timespec soon = in_ms(10), past = {0}, bad = {.tv_nsec = -1};
    CHECK_EQ(pthread_mutex_lock(&guard), 0);
    CHECK_EQ(pthread_cond_timedwait(&changed, &guard, &past), ETIMEDOUT);
    CHECK_EQ(pthread_cond_timedwait(&changed, &guard, &bad), EINVAL);
    CHECK_EQ(pthread_cond_timedwait(&changed, &guard, &soon), ETIMEDOUT);
    CHECK_EQ(pthread_mutex_trylock(&guard), EBUSY); /* it is ours again */
    CHECK_EQ(pthread_mutex_unlock(&guard), 0);
    CHECK_EQ(pthread_cond_destroy(&changed), 0);
    pthread_mutex_t careful = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
    CHECK_EQ(pthread_cond_wait(&changed, &careful), EPERM);
}

/* ---- semaphores ---- */

enum { ROUNDS = 2000 };
static sem_t ping, pong;
static void *answers(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < ROUNDS; i++) {
        CHECK_EQ(sem_wait(&ping), 0);
        CHECK_EQ(sem_post(&pong), 0);
    }
    return NULL;
}
static void semaphores_pass_units(void)
{
    pthread_t t;
    int value;
    struct timespec soon = in_ms(10);
    CHECK_EQ(sem_init(&ping, 0, 0), 0);
    CHECK_EQ(sem_init(&pong, 0, 0), 0);
    CHECK_EQ(pthread_create(&t, NULL, answers, NULL), 0);
    for (unsigned i = 0; i < ROUNDS; i++) {
        CHECK_EQ(sem_post(&ping), 0);
        CHECK_EQ(sem_wait(&pong), 0);
    }
    CHECK_EQ(pthread_join(t, NULL), 0);
    CHECK_EQ(sem_getvalue(&ping, &value), 0);
    CHECK_EQ(value, 0);
    CHECK(sem_trywait(&ping) == -1 && errno == EAGAIN);
    CHECK(sem_timedwait(&ping, &soon) == -1 && errno == ETIMEDOUT);
    CHECK(sem_init(&pong, 1, SEM_VALUE_MAX + 1u) == -1 && errno == EINVAL);
    CHECK(sem_init(&pong, 0, SEM_VALUE_MAX + 1u) == -1 && errno == EINVAL);
    CHECK_EQ(sem_init(&pong, 0, SEM_VALUE_MAX), 0);
    CHECK(sem_post(&pong) == -1 && errno == EOVERFLOW);
    CHECK_EQ(sem_destroy(&ping), 0);
}

/* ---- read-write locks, barriers ---- */

static pthread_rwlock_t rw = PTHREAD_RWLOCK_INITIALIZER;
static unsigned readers_in, writers_in;
static void *reads(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < 50; i++) {
        CHECK_EQ(pthread_rwlock_rdlock(&rw), 0);
        __atomic_add_fetch(&readers_in, 1, __ATOMIC_SEQ_CST);
        CHECK_EQ(writers_in, 0);
        sched_yield();
        __atomic_sub_fetch(&readers_in, 1, __ATOMIC_SEQ_CST);
        CHECK_EQ(pthread_rwlock_unlock(&rw), 0);
    }
    return NULL;
}
static void *writes(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < 50; i++) {
        CHECK_EQ(pthread_rwlock_wrlock(&rw), 0);
        CHECK_EQ(__atomic_add_fetch(&writers_in, 1, __ATOMIC_SEQ_CST), 1);
        CHECK_EQ(readers_in, 0);
        sched_yield();
        __atomic_sub_fetch(&writers_in, 1, __ATOMIC_SEQ_CST);
        CHECK_EQ(pthread_rwlock_unlock(&rw), 0);
    }
    return NULL;
}
static void *reads_once_more(void *unused)
{
    (void)unused;
    CHECK_EQ(pthread_rwlock_tryrdlock(&rw), 0);
    CHECK_EQ(pthread_rwlock_trywrlock(&rw), EBUSY);
    CHECK_EQ(pthread_rwlock_unlock(&rw), 0);
    return NULL;
}
static void *finds_it_taken(void *unused)
{
    struct timespec soon = in_ms(5);
    (void)unused;
    CHECK_EQ(pthread_rwlock_tryrdlock(&rw), EBUSY);
    CHECK_EQ(pthread_rwlock_trywrlock(&rw), EBUSY);
    CHECK_EQ(pthread_rwlock_timedrdlock(&rw, &soon), ETIMEDOUT);
    CHECK_EQ(pthread_rwlock_timedwrlock(&rw, &soon), ETIMEDOUT);
    return NULL;
}
static void readers_share_and_writers_do_not(void)
{
    pthread_t t[5];
    for (unsigned i = 0; i < 5; i++)
        CHECK_EQ(pthread_create(&t[i], NULL, i < 3 ? reads : writes, NULL), 0);
    for (unsigned i = 0; i < 5; i++)
        CHECK_EQ(pthread_join(t[i], NULL), 0);
    CHECK_EQ(pthread_rwlock_rdlock(&rw), 0);
    CHECK_EQ(pthread_create(&t[0], NULL, reads_once_more, NULL), 0);
    CHECK_EQ(pthread_join(t[0], NULL), 0);
    CHECK_EQ(pthread_rwlock_unlock(&rw), 0);
    CHECK_EQ(pthread_rwlock_unlock(&rw), EPERM);
    CHECK_EQ(pthread_rwlock_wrlock(&rw), 0);
    CHECK_EQ(pthread_rwlock_wrlock(&rw), EDEADLK);
    CHECK_EQ(pthread_create(&t[0], NULL, finds_it_taken, NULL), 0);
    CHECK_EQ(pthread_join(t[0], NULL), 0);
    CHECK_EQ(pthread_rwlock_unlock(&rw), 0);
    CHECK_EQ(pthread_rwlock_destroy(&rw), 0);
}
static pthread_barrier_t barrier;
static unsigned arrived, serials;
static void *meets(void *unused)
{
    (void)unused;
    for (unsigned round = 1; round <= 20; round++) {
        __atomic_add_fetch(&arrived, 1, __ATOMIC_SEQ_CST);
        int r = pthread_barrier_wait(&barrier);
        CHECK(r == 0 || r == PTHREAD_BARRIER_SERIAL_THREAD);
        CHECK(__atomic_load_n(&arrived, __ATOMIC_SEQ_CST) >= 4 * round);
        if (r != 0)
            __atomic_add_fetch(&serials, 1, __ATOMIC_SEQ_CST);
    }
    return NULL;
}
static void barriers_wait_for_all(void)
{
    pthread_t t[4];
    CHECK_EQ(pthread_barrier_init(&barrier, NULL, 0), EINVAL);
    CHECK_EQ(pthread_barrier_init(&barrier, NULL, 4), 0);
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(pthread_create(&t[i], NULL, meets, NULL), 0);
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(pthread_join(t[i], NULL), 0);
    CHECK_EQ(serials, 20);
    CHECK_EQ(pthread_barrier_destroy(&barrier), 0);
}

/* ---- posts of handlers ---- */

static sem_t posted;
static volatile unsigned handled;
static void posts(int sig)
{
    (void)sig;
    handled++;
    CHECK_EQ(sem_post(&posted), 0);
}
/* The thread that the handler interrupts may be in the midst of a post or a wait of the same semaphore. */
static void handlers_post_at_any_instruction(void)
{
    struct sigaction a = {.sa_handler = posts, .sa_flags = SA_RESTART};
    struct itimerval each = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    int value;
    CHECK_EQ(sem_init(&posted, 0, 0), 0);
    CHECK(sigaction(SIGALRM, &a, NULL) == 0 && setitimer(ITIMER_REAL, &each, NULL) == 0);
    ticks_t began = sys_time();
    while (sys_time() - began < gt_us(200000) || (handled <= 50 && sys_time() - began < gt_us(GT_HANG_MS * 1000UL))) {
        CHECK_EQ(sem_post(&posted), 0);
        CHECK_EQ(sem_wait(&posted), 0);
    }
    CHECK_EQ(setitimer(ITIMER_REAL, &never, NULL), 0);
    CHECK(sem_getvalue(&posted, &value) == 0 && handled > 50);
    CHECK_EQ(value, handled); /* none is lost, none comes twice */
    CHECK(signal(SIGALRM, SIG_DFL) != SIG_ERR);
    CHECK_EQ(sem_destroy(&posted), 0);
}

GT_MAIN(CASE(handlers_post_at_any_instruction), CASE(signals_wake_one_and_broadcasts_all), CASE(timed_waits_end), CASE(semaphores_pass_units),
        CASE(readers_share_and_writers_do_not), CASE(barriers_wait_for_all))
