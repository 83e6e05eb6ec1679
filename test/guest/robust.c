/* SPDX-License-Identifier: MIT
 * Proves robust mutexes: whoever locks one next hears when its holder ended with it, by whatever end, waiting or not; what was said to
 * be consistent goes on as before, what was not is never had again. Also for threads of a process, and when procmgr dies meanwhile.
 */
#define GT_NAME "robust"
#include "gclock.h"
#include "gmap.h"
#include "gwaits.h"

#include <pthread.h>

static struct together {
    pthread_mutex_t mutex, second;
    pthread_cond_t cond;
    volatile unsigned n;
} *t;

static void mutex_robust(pthread_mutex_t *m, int type, int shared)
{
    pthread_mutexattr_t a;
    int is;
    CHECK(pthread_mutexattr_init(&a) == 0 && pthread_mutexattr_getrobust(&a, &is) == 0 && is == PTHREAD_MUTEX_STALLED);
    CHECK_EQ(pthread_mutexattr_setrobust(&a, 9), EINVAL);
    CHECK(pthread_mutexattr_setrobust(&a, PTHREAD_MUTEX_ROBUST) == 0 && pthread_mutexattr_getrobust(&a, &is) == 0);
    CHECK_EQ(is, PTHREAD_MUTEX_ROBUST);
    CHECK(pthread_mutexattr_settype(&a, type) == 0 && pthread_mutexattr_setpshared(&a, shared) == 0);
    CHECK_EQ(pthread_mutex_init(m, &a), 0);
}
static void begin(int type)
{
    t = mmap(NULL, PAGE, RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK((void *)t != MAP_FAILED);
    mutex_robust(&t->mutex, type, PTHREAD_PROCESS_SHARED);
    mutex_robust(&t->second, type, PTHREAD_PROCESS_SHARED);
}
static void finish(void) { CHECK_EQ(munmap(t, PAGE), 0); }
static void until_asleep(uint64_t n) { GT_UNTIL(gt_word_waits() == n); } /* nobody else in the system waits for words */

static void repair(void)
{
    CHECK_EQ(pthread_mutex_consistent(&t->mutex), 0);
    CHECK_EQ(pthread_mutex_consistent(&t->mutex), EINVAL);
    CHECK_EQ(pthread_mutex_unlock(&t->mutex), 0);
    CHECK_EQ(pthread_mutex_lock(&t->mutex), 0);
    CHECK_EQ(pthread_mutex_unlock(&t->mutex), 0);
}

/* ---- ends of processes ---- */

static void exits(void *unused)
{
    (void)unused;
    CHECK(pthread_mutex_lock(&t->mutex) == 0 && pthread_mutex_lock(&t->second) == 0);
}
static void is_killed(void *unused)
{
    exits(unused);
    t->n = 1;
    for (;;)
        pause();
}
static void executes(void *unused)
{
    exits(unused);
    t->n = 1;
    execl("/bin/sleep", "sleep", "0.1", (char *)0);
}
static void locks_it(void *unused)
{
    (void)unused;
    CHECK_EQ(pthread_mutex_lock(&t->mutex), EOWNERDEAD);
    t->n = 2;
    repair();
}

static void the_next_one_hears_of_an_exit(void)
{
    struct timespec soon = in_ms(100);
    begin(PTHREAD_MUTEX_NORMAL);
    RUN_CHILD(exits, NULL);
    CHECK_EQ(pthread_mutex_lock(&t->mutex), EOWNERDEAD);
    repair();
    CHECK_EQ(pthread_mutex_trylock(&t->second), EOWNERDEAD);
    CHECK(pthread_mutex_consistent(&t->second) == 0 && pthread_mutex_unlock(&t->second) == 0);
    RUN_CHILD(exits, NULL);
    CHECK_EQ(pthread_mutex_timedlock(&t->mutex, &soon), EOWNERDEAD);
    repair();
    CHECK_EQ(pthread_mutex_destroy(&t->mutex), 0);
    finish();
}

static void who_waits_hears_of_a_kill(void)
{
    begin(PTHREAD_MUTEX_NORMAL);
    pid_t holder = gt_child(is_killed, NULL);
    GT_UNTIL(t->n != 0);
    CHECK_EQ(pthread_mutex_trylock(&t->mutex), EBUSY);
    pid_t waiter = gt_child(locks_it, NULL);
    until_asleep(1);
    CHECK_EQ(kill(holder, SIGKILL), 0);
    gt_expect_signal(holder, SIGKILL);
    gt_expect_exit(waiter, 0);
    CHECK_EQ(t->n, 2);
    CHECK_EQ(pthread_mutex_lock(&t->mutex), 0); /* repaired */
    CHECK_EQ(pthread_mutex_unlock(&t->mutex), 0);
    CHECK_EQ(pthread_mutex_lock(&t->second), EOWNERDEAD);
    CHECK_EQ(pthread_mutex_unlock(&t->second), 0); /* not repaired */
    CHECK_EQ(pthread_mutex_lock(&t->second), ENOTRECOVERABLE);
    CHECK_EQ(pthread_mutex_trylock(&t->second), ENOTRECOVERABLE);
    CHECK_EQ(pthread_mutex_destroy(&t->second), 0);
    finish();
}

static void exec_is_an_end_as_well(void)
{
    begin(PTHREAD_MUTEX_ERRORCHECK);
    pid_t child = gt_child(executes, NULL);
    CHECK_EQ(pthread_mutex_unlock(&t->mutex), EPERM);
    GT_UNTIL(t->n == 1);
    CHECK_EQ(pthread_mutex_lock(&t->mutex), EOWNERDEAD);
    CHECK_EQ(pthread_mutex_lock(&t->mutex), EDEADLK);
    repair();
    gt_expect_exit(child, 0);
    finish();
}

static void who_repairs_may_die_too(void)
{
    begin(PTHREAD_MUTEX_NORMAL);
    RUN_CHILD(exits, NULL);
    pid_t pid = gt_fork();
    if (pid == 0)
        _exit(pthread_mutex_lock(&t->mutex) == EOWNERDEAD ? 0 : 1);
    gt_expect_exit(pid, 0);
    CHECK_EQ(pthread_mutex_lock(&t->mutex), EOWNERDEAD);
    repair();
    finish();
}

static void gets_no_more(void *unused)
{
    (void)unused;
    CHECK_EQ(pthread_mutex_lock(&t->mutex), ENOTRECOVERABLE);
}
static void all_who_wait_hear_that_it_is_lost(void)
{
    pid_t child[3];
    begin(PTHREAD_MUTEX_NORMAL);
    RUN_CHILD(exits, NULL);
    CHECK_EQ(pthread_mutex_lock(&t->mutex), EOWNERDEAD);
    for (int i = 0; i < 3; i++)
        child[i] = gt_child(gets_no_more, NULL);
    until_asleep(3);
    CHECK_EQ(pthread_mutex_unlock(&t->mutex), 0);
    for (int i = 0; i < 3; i++)
        gt_expect_exit(child[i], 0);
    finish();
}

static void takes_the_signal(void *unused)
{
    (void)unused;
    CHECK_EQ(pthread_mutex_lock(&t->mutex), 0);
    t->n = 3;
    CHECK_EQ(pthread_cond_wait(&t->cond, &t->mutex), EOWNERDEAD);
    repair();
}
static void condition_variables_say_so(void)
{
    pthread_condattr_t a;
    begin(PTHREAD_MUTEX_NORMAL);
    CHECK(pthread_condattr_init(&a) == 0 && pthread_condattr_setpshared(&a, PTHREAD_PROCESS_SHARED) == 0);
    CHECK_EQ(pthread_cond_init(&t->cond, &a), 0);
    pid_t child = gt_child(takes_the_signal, NULL);
    GT_UNTIL(t->n == 3);
    pid_t holder = gt_child(is_killed, NULL);
    GT_UNTIL(t->n == 1);
    until_asleep(1); /* for the signal */
    CHECK_EQ(pthread_cond_signal(&t->cond), 0);
    until_asleep(1); /* for the mutex */
    CHECK_EQ(kill(holder, SIGKILL), 0);
    gt_expect_signal(holder, SIGKILL);
    gt_expect_exit(child, 0);
    finish();
}

static void procmgr_dies_meanwhile(void)
{
    begin(PTHREAD_MUTEX_NORMAL);
    pid_t holder = gt_child(is_killed, NULL);
    GT_UNTIL(t->n != 0);
    pid_t waiter = gt_child(locks_it, NULL);
    until_asleep(1);
    gt_kill_server(SERVER_PROCMGR);
    CHECK_EQ(kill(holder, SIGKILL), 0);
    gt_expect_signal(holder, SIGKILL);
    gt_expect_exit(waiter, 0);
    finish();
}

/* ---- ends of threads ---- */

static pthread_mutex_t own, other, third;
static volatile bool is_held;
static void *ends_with_it(void *all)
{
    CHECK_EQ(pthread_mutex_lock(&own), 0);
    CHECK(all == NULL || (pthread_mutex_lock(&other) == 0 && pthread_mutex_lock(&third) == 0 && pthread_mutex_unlock(&other) == 0));
    is_held = true;
    if (all != NULL)
        until_asleep(1);
    return NULL;
}
static void threads_end_as_well(void)
{
    static const int shared[] = {PTHREAD_PROCESS_PRIVATE, PTHREAD_PROCESS_SHARED};
    pthread_t thread;
    for (int i = 0; i < 2; i++) {
        mutex_robust(&own, PTHREAD_MUTEX_RECURSIVE, shared[i]);
        mutex_robust(&other, PTHREAD_MUTEX_NORMAL, shared[i]);
        mutex_robust(&third, PTHREAD_MUTEX_NORMAL, shared[i]);
        is_held = false;
        CHECK_EQ(pthread_create(&thread, NULL, ends_with_it, &own), 0);
        GT_UNTIL(is_held);
        CHECK_EQ(pthread_mutex_lock(&own), EOWNERDEAD); /* waited for */
        CHECK(pthread_mutex_lock(&own) == 0 && pthread_mutex_unlock(&own) == 0);
        CHECK(pthread_mutex_consistent(&own) == 0 && pthread_mutex_unlock(&own) == 0);
        CHECK_EQ(pthread_join(thread, NULL), 0);
        CHECK_EQ(pthread_mutex_lock(&other), 0); /* it had let that go */
        CHECK_EQ(pthread_mutex_unlock(&other), 0);
        CHECK_EQ(pthread_mutex_trylock(&third), EOWNERDEAD);
        CHECK_EQ(pthread_mutex_unlock(&third), 0);
        CHECK_EQ(pthread_mutex_lock(&third), ENOTRECOVERABLE);
        CHECK_EQ(pthread_create(&thread, NULL, ends_with_it, NULL), 0); /* in the slot of the one before */
        CHECK_EQ(pthread_join(thread, NULL), 0);
        CHECK_EQ(pthread_mutex_lock(&own), EOWNERDEAD);
        CHECK(pthread_mutex_consistent(&own) == 0 && pthread_mutex_unlock(&own) == 0);
        CHECK(pthread_mutex_destroy(&own) == 0 && pthread_mutex_destroy(&other) == 0 && pthread_mutex_destroy(&third) == 0);
    }
}

static void does_not_own(void *unused)
{
    (void)unused;
    CHECK_EQ(pthread_mutex_unlock(&t->mutex), EPERM);
    CHECK_EQ(pthread_mutex_trylock(&t->mutex), EBUSY);
}
static void a_child_holds_nothing_of_its_parent(void)
{
    begin(PTHREAD_MUTEX_NORMAL);
    CHECK_EQ(pthread_mutex_lock(&t->mutex), 0);
    RUN_CHILD(does_not_own, NULL);
    CHECK_EQ(pthread_mutex_unlock(&t->mutex), 0);
    finish();
}

/* Holders die at random moments: what they count together stays exact, if the one that hears of a death mends it. */
static void counts_for_ever(void *unused)
{
    (void)unused;
    for (;;) {
        int err = pthread_mutex_lock(&t->mutex);
        if (err == EOWNERDEAD) {
            t->n &= ~1u; /* torn: between the two steps */
            (void)pthread_mutex_consistent(&t->mutex);
        }
        t->n++;
        if (t->n % 16 == 1)
            sched_yield();
        t->n++;
        (void)pthread_mutex_unlock(&t->mutex);
    }
}
static void random_deaths_stop_nobody(void)
{
    pid_t child[3];
    begin(PTHREAD_MUTEX_NORMAL);
    for (int i = 0; i < 3; i++)
        child[i] = gt_child(counts_for_ever, NULL);
    for (int round = 0; round < 20; round++) {
        unsigned before = t->n;
        do /* bound: the others count on, or the test counts as hung */
            gt_sleep_us(3000 + (unsigned)round * 37);
        while (t->n == before);
        CHECK_EQ(kill(child[round % 3], SIGKILL), 0);
        gt_expect_signal(child[round % 3], SIGKILL);
        child[round % 3] = gt_child(counts_for_ever, NULL);
    }
    for (int i = 0; i < 3; i++) {
        CHECK_EQ(kill(child[i], SIGKILL), 0);
        gt_expect_signal(child[i], SIGKILL);
    }
    int err = pthread_mutex_lock(&t->mutex);
    CHECK(err == 0 || err == EOWNERDEAD);
    CHECK(err != 0 || t->n % 2 == 0);
    finish();
}

GT_MAIN(CASE(the_next_one_hears_of_an_exit), CASE(who_waits_hears_of_a_kill), CASE(exec_is_an_end_as_well), CASE(who_repairs_may_die_too),
        CASE(all_who_wait_hear_that_it_is_lost), CASE(condition_variables_say_so), CASE(procmgr_dies_meanwhile), CASE(threads_end_as_well),
        CASE(a_child_holds_nothing_of_its_parent), CASE(random_deaths_stop_nobody))
