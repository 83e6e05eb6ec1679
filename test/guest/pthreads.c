/* SPDX-License-Identifier: MIT
 * Proves what POSIX says of threads, mutexes, keys and once: what they return, what they refuse, that ended threads leave nothing
 * behind, and that a forked child has the calling one alone. What threads wait for: pthreadsync.c.
 * TIMEOUT: 120
 */
#define GT_NAME "pthreads"
#include "gtest.h"
#include "gclock.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

/* ---- life ---- */

static void *returns_itself(void *arg) { return arg; }
static void *exits_with(void *arg) { pthread_exit(arg); }
static void joins_give_results(void)
{
    pthread_t t;
    void *result;
    CHECK_EQ(pthread_create(&t, NULL, returns_itself, (void *)7), 0);
    CHECK_EQ(pthread_join(t, &result), 0);
    CHECK_EQ((uintptr_t)result, 7);
    CHECK_EQ(pthread_create(&t, NULL, exits_with, (void *)8), 0);
    CHECK_EQ(pthread_join(t, &result), 0);
    CHECK_EQ((uintptr_t)result, 8);
    CHECK_EQ(pthread_join(pthread_self(), NULL), EDEADLK);
    CHECK(pthread_equal(pthread_self(), pthread_self()));
}
static void *tells_itself(void *out)
{
    *(pthread_t *)out = pthread_self();
    return NULL;
}
static void a_thread_knows_itself(void)
{
    pthread_t t, seen = NULL;
    CHECK_EQ(pthread_create(&t, NULL, tells_itself, &seen), 0);
    CHECK_EQ(pthread_join(t, NULL), 0);
    CHECK(seen != pthread_self());
    CHECK(pthread_equal(t, seen));
}
static sem_t ran;
static void *posts(void *unused)
{
    (void)unused;
    CHECK_EQ(sem_post(&ran), 0);
    return NULL;
}
static void detached_threads_leave_nothing(void)
{
    pthread_attr_t a;
    pthread_t t;
    CHECK_EQ(sem_init(&ran, 0, 0), 0);
    CHECK_EQ(pthread_attr_init(&a), 0);
    CHECK_EQ(pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED), 0);
    for (unsigned i = 0; i < 200; i++) { /* three times as many as there may be at once */
        REQUIRE(pthread_create(&t, &a, posts, NULL) == 0);
        CHECK_EQ(sem_wait(&ran), 0);
    }
    CHECK_EQ(pthread_create(&t, NULL, posts, NULL), 0);
    CHECK_EQ(pthread_detach(t), 0);
    CHECK_EQ(sem_wait(&ran), 0);
    CHECK_EQ(pthread_create(&t, NULL, returns_itself, NULL), 0); /* collects them */
    CHECK_EQ(pthread_join(t, NULL), 0);
    CHECK_EQ(pthread_attr_setdetachstate(&a, 7), EINVAL);
    CHECK_EQ(pthread_attr_destroy(&a), 0);
}
static void *deep(void *bytes)
{
    volatile char big[(uintptr_t)1 << 20];
    for (size_t i = 0; i < sizeof big; i += 4096)
        big[i] = 1;
    return (void *)(uintptr_t)(big[0] + (uintptr_t)bytes);
}
static void stacks_are_as_large_as_asked(void)
{
    pthread_attr_t a;
    pthread_t t;
    void *result;
    size_t bytes;
    CHECK_EQ(pthread_attr_init(&a), 0);
    CHECK_EQ(pthread_attr_setstacksize(&a, 1), EINVAL);
    CHECK_EQ(pthread_attr_setstacksize(&a, 1UL << 40), EINVAL);
    CHECK_EQ(pthread_attr_setstacksize(&a, 2UL << 20), 0);
    CHECK_EQ(pthread_attr_getstacksize(&a, &bytes), 0);
    CHECK_EQ(bytes, 2UL << 20);
    CHECK_EQ(pthread_create(&t, &a, deep, (void *)4), 0);
    CHECK_EQ(pthread_join(t, &result), 0);
    CHECK_EQ((uintptr_t)result, 5);
}
/* A stack of the program's: the thread is in it, and it is left to the program, also by a child. */
static char own_stack[PTHREAD_STACK_MIN] __attribute__((aligned(16)));
static void *is_where(void *unused)
{
    char here;
    (void)unused;
    return (void *)(&here >= own_stack && &here < own_stack + sizeof own_stack ? 1UL : 2UL);
}
static void *forks_there(void *unused)
{
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t t;
        void *result;
        bool good = is_where(NULL) == (void *)1 && pthread_create(&t, NULL, returns_itself, (void *)9) == 0 &&
                    pthread_join(t, &result) == 0 && result == (void *)9;
        _exit(good ? 5 : 6);
    }
    gt_expect_exit(pid, 5);
    return unused;
}
static void stacks_may_be_the_programs(void)
{
    pthread_attr_t a;
    pthread_t t;
    void *result, *stack;
    size_t bytes;
    CHECK_EQ(pthread_attr_init(&a) | pthread_attr_getstack(&a, &stack, &bytes), 0);
    CHECK(stack == NULL && bytes >= PTHREAD_STACK_MIN);
    CHECK_EQ(pthread_attr_setstack(&a, own_stack, PTHREAD_STACK_MIN - 16), EINVAL);
    CHECK_EQ(pthread_attr_setstack(&a, own_stack + 1, PTHREAD_STACK_MIN), EINVAL);
    CHECK_EQ(pthread_attr_setstack(&a, own_stack, sizeof own_stack), 0);
    CHECK_EQ(pthread_attr_getstack(&a, &stack, &bytes), 0);
    CHECK(stack == own_stack && bytes == sizeof own_stack);
    for (unsigned i = 0; i < 100; i++) {
        CHECK_EQ(pthread_create(&t, &a, i == 50 ? forks_there : is_where, (void *)1), 0);
        CHECK_EQ(pthread_join(t, &result), 0);
        CHECK_EQ((uintptr_t)result, 1);
    }
    CHECK_EQ(pthread_attr_setdetachstate(&a, PTHREAD_CREATE_DETACHED), 0);
    CHECK_EQ(sem_init(&ran, 0, 0) | pthread_create(&t, &a, posts, NULL) | sem_wait(&ran), 0);
    CHECK_EQ(pthread_create(&t, NULL, returns_itself, NULL), 0); /* collects the one before */
    CHECK_EQ(pthread_join(t, NULL), 0);
    CHECK_EQ(pthread_attr_setdetachstate(&a, PTHREAD_CREATE_JOINABLE) | pthread_attr_setstacksize(&a, 1UL << 20), 0);
    CHECK_EQ(pthread_create(&t, &a, is_where, NULL), 0);
    CHECK_EQ(pthread_join(t, &result), 0);
    CHECK_EQ((uintptr_t)result, 2);
    memset(own_stack, 0, sizeof own_stack);
}
static void *waits(void *sem)
{
    CHECK_EQ(sem_wait(sem), 0);
    return NULL;
}
static void too_many_are_refused(void)
{
    enum { MANY = 80 };
    static pthread_t t[MANY];
    static sem_t go;
    unsigned n = 0;
    CHECK_EQ(sem_init(&go, 0, 0), 0);
    int err = 0;
    for (; n < MANY && err == 0; n += err == 0)
        err = pthread_create(&t[n], NULL, waits, &go);
    CHECK_EQ(err, EAGAIN);
    CHECK(n >= 60);
    for (unsigned i = 0; i < n; i++)
        CHECK_EQ(sem_post(&go), 0);
    for (unsigned i = 0; i < n; i++)
        CHECK_EQ(pthread_join(t[i], NULL), 0);
}

/* ---- mutexes ---- */

static pthread_mutex_t counted = PTHREAD_MUTEX_INITIALIZER;
static uint64_t count, in_section;
static void *counts_up(void *n)
{
    for (uintptr_t i = 0; i < (uintptr_t)n; i++) {
        CHECK_EQ(pthread_mutex_lock(&counted), 0);
        CHECK_EQ(__atomic_fetch_add(&in_section, 1, __ATOMIC_SEQ_CST), 0);
        uint64_t seen = count;
        if (i % 8 == 0)
            sched_yield();
        count = seen + 1;
        __atomic_fetch_sub(&in_section, 1, __ATOMIC_SEQ_CST);
        CHECK_EQ(pthread_mutex_unlock(&counted), 0);
    }
    return NULL;
}
static void one_at_a_time_holds_a_mutex(void)
{
    pthread_t t[6];
    count = 0;
    for (unsigned i = 0; i < 6; i++)
        CHECK_EQ(pthread_create(&t[i], NULL, counts_up, (void *)500), 0);
    for (unsigned i = 0; i < 6; i++)
        CHECK_EQ(pthread_join(t[i], NULL), 0);
    CHECK_EQ(count, 3000);
}
static void *tries_what_is_held(void *m)
{
    struct timespec soon = in_ms(20), bad = {.tv_nsec = 1000000000};
    CHECK_EQ(pthread_mutex_trylock(m), EBUSY);
    CHECK_EQ(pthread_mutex_timedlock(m, &bad), EINVAL);
    CHECK_EQ(pthread_mutex_timedlock(m, &soon), ETIMEDOUT);
    struct timespec now = in_ms(0);
    CHECK(now.tv_sec > soon.tv_sec || (now.tv_sec == soon.tv_sec && now.tv_nsec >= soon.tv_nsec));
    return NULL;
}
static void mutexes_refuse_what_they_should(void)
{
    pthread_mutexattr_t a;
    pthread_mutex_t m;
    pthread_t t;
    int type;
    CHECK_EQ(pthread_mutexattr_init(&a), 0);
    CHECK_EQ(pthread_mutexattr_settype(&a, 9), EINVAL);
    CHECK_EQ(pthread_mutexattr_setprotocol(&a, 9), EINVAL);
    CHECK_EQ(pthread_mutexattr_setpshared(&a, 2), EINVAL);
    CHECK_EQ(pthread_mutexattr_settype(&a, PTHREAD_MUTEX_ERRORCHECK), 0);
    CHECK_EQ(pthread_mutexattr_gettype(&a, &type), 0);
    CHECK_EQ(type, PTHREAD_MUTEX_ERRORCHECK);
    CHECK_EQ(pthread_mutex_init(&m, &a), 0);
    CHECK_EQ(pthread_mutex_unlock(&m), EPERM);
    CHECK_EQ(pthread_mutex_lock(&m), 0);
    CHECK_EQ(pthread_mutex_lock(&m), EDEADLK);
    CHECK_EQ(pthread_mutex_trylock(&m), EBUSY);
    CHECK_EQ(pthread_mutex_destroy(&m), EBUSY);
    CHECK_EQ(pthread_create(&t, NULL, tries_what_is_held, &m), 0);
    CHECK_EQ(pthread_join(t, NULL), 0);
    CHECK_EQ(pthread_mutex_unlock(&m), 0);
    CHECK_EQ(pthread_mutex_destroy(&m), 0);
}
static void recursive_mutexes_count(void)
{
    pthread_mutexattr_t a;
    pthread_mutex_t m;
    pthread_t t;
    CHECK_EQ(pthread_mutexattr_init(&a), 0);
    CHECK_EQ(pthread_mutexattr_settype(&a, PTHREAD_MUTEX_RECURSIVE), 0);
    CHECK_EQ(pthread_mutex_init(&m, &a), 0);
    CHECK_EQ(pthread_mutex_lock(&m), 0);
    CHECK_EQ(pthread_mutex_lock(&m), 0);
    CHECK_EQ(pthread_mutex_trylock(&m), 0);
    CHECK_EQ(pthread_mutex_unlock(&m), 0);
    CHECK_EQ(pthread_mutex_unlock(&m), 0);
    CHECK_EQ(pthread_create(&t, NULL, tries_what_is_held, &m), 0);
    CHECK_EQ(pthread_join(t, NULL), 0);
    CHECK_EQ(pthread_mutex_unlock(&m), 0);
    CHECK_EQ(pthread_mutex_unlock(&m), EPERM);
}

/* ---- keys, once, cleanup ---- */

static pthread_key_t key;
static unsigned destroyed, cleaned;
static void destroys(void *value)
{
    destroyed += (unsigned)(uintptr_t)value;
    if ((uintptr_t)value == 10)
        CHECK_EQ(pthread_setspecific(key, (void *)1), 0); /* once more, then */
}
static void cleans(void *arg) { cleaned = cleaned * 10 + (unsigned)(uintptr_t)arg; }
static void *has_values(void *unused)
{
    CHECK(pthread_getspecific(key) == NULL);
    CHECK_EQ(pthread_setspecific(key, (void *)10), 0);
    CHECK_EQ((uintptr_t)pthread_getspecific(key), 10);
    pthread_cleanup_push(cleans, (void *)1);
    pthread_cleanup_push(cleans, (void *)2);
    pthread_cleanup_push(cleans, (void *)3);
    pthread_cleanup_pop(1);
    if (unused == NULL)
        pthread_exit(NULL);
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return NULL;
}
static void values_belong_to_threads(void)
{
    pthread_key_t old;
    pthread_t t;
    destroyed = cleaned = 0;
    CHECK_EQ(pthread_key_create(&key, destroys), 0);
    CHECK_EQ(pthread_setspecific(key, (void *)100), 0);
    CHECK_EQ(pthread_create(&t, NULL, has_values, NULL), 0);
    CHECK_EQ(pthread_join(t, NULL), 0);
    CHECK_EQ(destroyed, 11);
    CHECK_EQ(cleaned, 321);
    CHECK_EQ((uintptr_t)pthread_getspecific(key), 100);
    CHECK_EQ(pthread_key_delete(key), 0);
    CHECK_EQ(pthread_key_delete(key), EINVAL);
    CHECK_EQ(pthread_setspecific(key, NULL), EINVAL);
    CHECK_EQ(pthread_key_create(&old, NULL), 0);
    CHECK(pthread_getspecific(old) == NULL); /* also when it is the same number */
    CHECK_EQ(pthread_key_delete(old), 0);
    pthread_key_t all[PTHREAD_KEYS_MAX + 1];
    unsigned n = 0;
    while (n <= PTHREAD_KEYS_MAX && pthread_key_create(&all[n], NULL) == 0)
        n++;
    CHECK_EQ(n, PTHREAD_KEYS_MAX);
    while (n-- > 0)
        CHECK_EQ(pthread_key_delete(all[n]), 0);
}
static pthread_once_t once = PTHREAD_ONCE_INIT;
static unsigned times;
static void happens(void)
{
    gt_sleep_us(2000);
    times++;
}
static void *calls_once(void *unused)
{
    (void)unused;
    CHECK_EQ(pthread_once(&once, happens), 0);
    CHECK_EQ(times, 1);
    return NULL;
}
static void once_is_once(void)
{
    pthread_t t[4];
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(pthread_create(&t[i], NULL, calls_once, NULL), 0);
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(pthread_join(t[i], NULL), 0);
    CHECK_EQ(times, 1);
}

/* ---- fork ---- */

static unsigned order;
static void step(unsigned digit) { order = order * 10 + digit; }
static void before2(void) { step(2); }
static void before1(void) { step(1); }
static void parent1(void) { step(3); }
static void parent2(void) { step(4); }
static void child1(void) { step(5); }
static void child2(void) { step(6); }
static void *sleeps(void *unused)
{
    (void)unused;
    gt_sleep_us(50000);
    return NULL;
}
static void *forks(void *unused)
{
    (void)unused;
    CHECK_EQ(pthread_mutex_lock(&counted), 0); /* wakers of the parent would be stale */
    CHECK_EQ(pthread_mutex_unlock(&counted), 0);
    pid_t pid = fork();
    if (pid == 0) {
        pthread_t t;
        CHECK_EQ(order, 2156);
        count = 0;
        for (unsigned i = 0; i < 70; i++) { /* the other threads' places are free */
            CHECK_EQ(pthread_create(&t, NULL, counts_up, (void *)2), 0);
            CHECK_EQ(pthread_join(t, NULL), 0);
        }
        CHECK_EQ(count, 140);
        _exit(gt_failed ? 1 : 0);
    }
    gt_expect_exit(pid, 0);
    return NULL;
}
static void a_child_has_the_forking_thread_alone(void)
{
    pthread_t t[8], f;
    order = 0;
    CHECK_EQ(pthread_atfork(before1, parent1, child1), 0);
    CHECK_EQ(pthread_atfork(before2, parent2, child2), 0);
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQ(pthread_create(&t[i], NULL, sleeps, NULL), 0);
    CHECK_EQ(pthread_create(&f, NULL, forks, NULL), 0);
    CHECK_EQ(pthread_join(f, NULL), 0);
    CHECK_EQ(order, 2134);
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQ(pthread_join(t[i], NULL), 0);
}

GT_MAIN(CASE(joins_give_results), CASE(a_thread_knows_itself), CASE(detached_threads_leave_nothing), CASE(stacks_are_as_large_as_asked), CASE(stacks_may_be_the_programs),
        CASE(too_many_are_refused), CASE(one_at_a_time_holds_a_mutex), CASE(mutexes_refuse_what_they_should), CASE(recursive_mutexes_count),
        CASE(values_belong_to_threads),
        CASE(once_is_once), CASE(a_child_has_the_forking_thread_alone))
