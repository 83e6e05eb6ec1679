/* SPDX-License-Identifier: MIT
 * Proves what priorities of threads and mutexes with a protocol promise: a thread in between delays a high one that waits for a low
 * one's mutex only without inheritance; inheritance goes along chains and ends with the wait; ceilings raise; and all of it
 * bears the process manager's death.
 * TIMEOUT: 120
 */
#define GT_NAME "pthreadprio"
#include "gtest.h"
#include "gwaits.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <time.h>

enum { LOW = 60, LOWER = 50, BETWEEN = 90, HIGH = 150, HIGHER = 160 };
#define SECTION_US 2000u
#define SPIN_US 15000u

static pthread_mutex_t first, second;
static sem_t holds, done;
static ticks_t waited;

static void spin(unsigned us)
{
    ticks_t end = sys_time() + gt_us(us);
    while (sys_time() < end)
        for (volatile unsigned n = 0; n < 200; n++) /* reading the clock is what an emulator is slow at */
            ;
}
static void mutex_with(pthread_mutex_t *m, int protocol, int type)
{
    pthread_mutexattr_t a;
    CHECK_EQ(pthread_mutexattr_init(&a), 0);
    CHECK_EQ(pthread_mutexattr_setprotocol(&a, protocol), 0);
    CHECK_EQ(pthread_mutexattr_settype(&a, type), 0);
    CHECK_EQ(pthread_mutex_init(m, &a), 0);
    CHECK_EQ(pthread_mutexattr_destroy(&a), 0);
}
static pthread_t thread_at(int prio, void *(*fn)(void *), void *arg)
{
    pthread_attr_t a;
    pthread_t t = NULL;
    const struct sched_param param = {.sched_priority = prio};
    CHECK_EQ(pthread_attr_init(&a), 0);
    CHECK_EQ(pthread_attr_setinheritsched(&a, PTHREAD_EXPLICIT_SCHED), 0);
    CHECK_EQ(pthread_attr_setschedpolicy(&a, SCHED_RR), 0);
    CHECK_EQ(pthread_attr_setschedparam(&a, &param), 0);
    CHECK_EQ(pthread_create(&t, &a, fn, arg), 0);
    return t;
}
static void join(pthread_t t) { CHECK_EQ(pthread_join(t, NULL), 0); }
static void start(void)
{
    CHECK_EQ(sem_init(&holds, 0, 0), 0);
    CHECK_EQ(sem_init(&done, 0, 0), 0);
}
/* What a thread runs at, whatever it is lent. */
static unsigned runs_at(unsigned slot)
{
    struct ipc_msg m = {.w = {PROC_THREAD_PRIO, slot, PROC_PRIO_OWN, ~0UL}};
    CHECK_EQ(proc_call(H_PROC, &m), OK);
    return (unsigned)m.w[3];
}
static unsigned own_slot(void)
{
    struct ipc_msg m = {.w = {PROC_GETPID}};
    CHECK_EQ(proc_call(H_PROC, &m), OK);
    return (unsigned)m.w[5];
}

/* ---- inheritance ---- */

static void *holds_first(void *m)
{
    CHECK_EQ(pthread_mutex_lock(m), 0);
    CHECK_EQ(sem_post(&holds), 0);
    spin(SECTION_US);
    CHECK_EQ(pthread_mutex_unlock(m), 0);
    return NULL;
}
static void *keeps_others_from_running(void *unused)
{
    spin(SPIN_US);
    return unused;
}
static void *wants(void *m)
{
    ticks_t from = sys_time();
    CHECK_EQ(pthread_mutex_lock(m), 0);
    waited = sys_time() - from;
    CHECK_EQ(pthread_mutex_unlock(m), 0);
    return NULL;
}
/* How long the high thread waits for the low one's mutex while one in between never gives way. */
static ticks_t wait_with(int protocol)
{
    start();
    mutex_with(&first, protocol, PTHREAD_MUTEX_NORMAL);
    pthread_t low = thread_at(LOW, holds_first, &first);
    CHECK_EQ(sem_wait(&holds), 0); /* we are above it: it holds the mutex, and hardly began */
    pthread_t between = thread_at(BETWEEN, keeps_others_from_running, NULL);
    pthread_t high = thread_at(HIGH, wants, &first);
    join(high);
    join(between);
    join(low);
    CHECK_EQ(pthread_mutex_destroy(&first), 0);
    return waited;
}
static void one_in_between_delays_only_without_inheritance(void)
{
    ticks_t without = wait_with(PTHREAD_PRIO_NONE), with = wait_with(PTHREAD_PRIO_INHERIT);
    if (gt_exact())
        CHECK(without >= gt_us(SPIN_US));
    CHECK_SOON(with < gt_us(2 * SECTION_US));
}
static void *holds_second_and_wants(void *m)
{
    CHECK_EQ(pthread_mutex_lock(&second), 0);
    CHECK_EQ(sem_post(&holds), 0);
    CHECK_EQ(pthread_mutex_lock(m), 0);
    CHECK_EQ(pthread_mutex_unlock(m), 0);
    CHECK_EQ(pthread_mutex_unlock(&second), 0);
    return NULL;
}
static void inheritance_goes_along_a_chain(void)
{
    start();
    mutex_with(&first, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_NORMAL);
    mutex_with(&second, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_NORMAL);
    pthread_t lower = thread_at(LOWER, holds_first, &first);
    CHECK_EQ(sem_wait(&holds), 0);
    pthread_t low = thread_at(LOW, holds_second_and_wants, &first);
    CHECK_EQ(sem_wait(&holds), 0);
    pthread_t between = thread_at(BETWEEN, keeps_others_from_running, NULL);
    pthread_t high = thread_at(HIGH, wants, &second);
    join(high);
    join(between);
    join(low);
    join(lower);
    CHECK_SOON(waited < gt_us(2 * SECTION_US));
    CHECK_EQ(pthread_mutex_destroy(&first), 0);
    CHECK_EQ(pthread_mutex_destroy(&second), 0);
}

/* ---- the end of a loan ---- */

static unsigned holder_slot;
static void *holds_until_done(void *m)
{
    holder_slot = own_slot();
    CHECK_EQ(pthread_mutex_lock(m), 0);
    CHECK_EQ(sem_post(&holds), 0);
    CHECK_EQ(sem_wait(&done), 0);
    CHECK_EQ(pthread_mutex_unlock(m), 0);
    CHECK_EQ(runs_at(own_slot()), LOW);
    return NULL;
}
static void *gives_up(void *m)
{
    struct timespec t;
    CHECK_EQ(clock_gettime(CLOCK_MONOTONIC, &t), 0);
    t.tv_sec += !gt_exact(); /* others may keep the one from its hart that looks at the loan */
    t.tv_nsec += 20000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    CHECK_EQ(pthread_mutex_clocklock(m, CLOCK_MONOTONIC, &t), ETIMEDOUT);
    return NULL;
}
static void a_loan_ends_with_the_wait(void)
{
    start();
    mutex_with(&first, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_NORMAL);
    pthread_t low = thread_at(LOW, holds_until_done, &first);
    CHECK_EQ(sem_wait(&holds), 0);
    CHECK_EQ(runs_at(holder_slot), LOW);
    pthread_t higher = thread_at(HIGHER, gives_up, &first); /* runs at once, as far as its wait */
    pthread_t high = thread_at(HIGH, wants, &first);
    GT_UNTIL(runs_at(holder_slot) == HIGHER);
    join(higher);
    CHECK_EQ(runs_at(holder_slot), HIGH);
    CHECK_EQ(sem_post(&done), 0);
    join(high);
    join(low);
    CHECK_EQ(pthread_mutex_destroy(&first), 0);
}
static unsigned order[3], came;
static void *notes_its_turn(void *prio)
{
    CHECK_EQ(pthread_mutex_lock(&first), 0);
    order[came++] = (unsigned)(uintptr_t)prio;
    CHECK_EQ(pthread_mutex_unlock(&first), 0);
    return NULL;
}
static void the_highest_gets_it_first(void)
{
    static const unsigned prio[] = {110, 130, 120};
    pthread_t t[3];
    mutex_with(&first, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_NORMAL);
    came = 0;
    CHECK_EQ(pthread_mutex_lock(&first), 0);
    for (unsigned i = 0; i < 3; i++)
        t[i] = thread_at((int)prio[i], notes_its_turn, (void *)(uintptr_t)prio[i]);
    gt_until_threads_wait();
    CHECK_EQ(pthread_mutex_unlock(&first), 0);
    for (unsigned i = 0; i < 3; i++)
        join(t[i]);
    CHECK(order[0] == 130 && order[1] == 120 && order[2] == 110);
    CHECK_EQ(runs_at(own_slot()), 100);
    CHECK_EQ(pthread_mutex_destroy(&first), 0);
}

/* ---- what mutexes with inheritance answer ---- */

static void *finds_it_taken(void *m)
{
    const struct timespec past = {0}, wrong = {.tv_nsec = 1000000000};
    CHECK_EQ(pthread_mutex_trylock(m), EBUSY);
    CHECK_EQ(pthread_mutex_timedlock(m, &past), ETIMEDOUT);
    CHECK_EQ(pthread_mutex_timedlock(m, &wrong), EINVAL);
    CHECK_EQ(pthread_mutex_clocklock(m, 77, &past), EINVAL);
    CHECK_EQ(pthread_mutex_unlock(m), EPERM);
    return NULL;
}
static void answers_are_those_of_any_mutex(void)
{
    static const int protocols[] = {PTHREAD_PRIO_INHERIT, PTHREAD_PRIO_PROTECT};
    for (unsigned i = 0; i < 2; i++)
        for (int type = PTHREAD_MUTEX_NORMAL; type <= PTHREAD_MUTEX_RECURSIVE; type++) {
            bool recursive = type == PTHREAD_MUTEX_RECURSIVE;
            mutex_with(&first, protocols[i], type);
            CHECK_EQ(pthread_mutex_unlock(&first), EPERM);
            CHECK_EQ(pthread_mutex_lock(&first), 0);
            CHECK_EQ(pthread_mutex_lock(&first), recursive ? 0 : EDEADLK);
            CHECK_EQ(pthread_mutex_trylock(&first), recursive ? 0 : EBUSY);
            CHECK_EQ(pthread_mutex_destroy(&first), EBUSY);
            join(thread_at(HIGH, finds_it_taken, &first));
            for (unsigned n = recursive ? 3 : 1; n > 0; n--)
                CHECK_EQ(pthread_mutex_unlock(&first), 0);
            CHECK_EQ(pthread_mutex_unlock(&first), EPERM);
            CHECK_EQ(pthread_mutex_trylock(&first), 0);
            CHECK_EQ(pthread_mutex_unlock(&first), 0);
            CHECK_EQ(pthread_mutex_destroy(&first), 0);
        }
}
static pthread_cond_t filled = PTHREAD_COND_INITIALIZER;
static unsigned stock, taken;
static void *takes(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < 200; i++) {
        CHECK_EQ(pthread_mutex_lock(&first), 0);
        while (stock == 0)
            CHECK_EQ(pthread_cond_wait(&filled, &first), 0);
        stock--;
        taken++;
        CHECK_EQ(pthread_mutex_unlock(&first), 0);
    }
    return NULL;
}
static void condition_variables_go_with_it(void)
{
    pthread_t t[3];
    mutex_with(&first, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_NORMAL);
    stock = taken = 0;
    for (int i = 0; i < 3; i++)
        t[i] = thread_at(99 + i, takes, NULL);
    for (unsigned i = 0; i < 600; i++) {
        CHECK_EQ(pthread_mutex_lock(&first), 0);
        stock++;
        CHECK_EQ(pthread_cond_signal(&filled), 0);
        CHECK_EQ(pthread_mutex_unlock(&first), 0);
    }
    for (unsigned i = 0; i < 3; i++)
        join(t[i]);
    CHECK_EQ(taken, 600);
    CHECK_EQ(pthread_mutex_destroy(&first), 0);
}
static unsigned counter;
static void *counts(void *prio)
{
    for (unsigned i = 0; i < 100; i++) {
        CHECK_EQ(pthread_mutex_lock(&first), 0);
        unsigned seen = counter;
        if (i % 4 == (uintptr_t)prio % 4)
            gt_sleep_us(100);
        counter = seen + 1;
        CHECK_EQ(pthread_mutex_unlock(&first), 0);
        if (i % 3 == 0)
            gt_sleep_us(50);
    }
    return NULL;
}
static void it_outlives_the_process_manager(void)
{
    pthread_t t[4];
    mutex_with(&first, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_NORMAL);
    counter = 0;
    for (int i = 0; i < 4; i++)
        t[i] = thread_at(101 + i, counts, (void *)(uintptr_t)i);
    for (unsigned i = 1; i <= 8; i++) {
        struct ipc_msg m = {.w = {PROC_DEBUG, i & 1 ? PROC_DEBUG_DIE_BEFORE : PROC_DEBUG_DIE_AFTER, 3 + i}};
        err_t err = ipc_call(H_PROC, &m); /* it may be dead just now */
        CHECK(err == OK || err == ERR_PEER_DEAD || err == ERR_NOSYS);
        gt_sleep_us(20000);
    }
    for (unsigned i = 0; i < 4; i++)
        join(t[i]);
    CHECK_EQ(counter, 400);
    CHECK_EQ(pthread_mutex_destroy(&first), 0);
}

/* ---- ceilings ---- */

static void ceilings_raise_while_held(void)
{
    pthread_mutexattr_t a;
    pthread_mutex_t c;
    int ceiling;
    unsigned me = own_slot();
    CHECK_EQ(pthread_mutexattr_init(&a), 0);
    CHECK_EQ(pthread_mutexattr_setprotocol(&a, PTHREAD_PRIO_PROTECT), 0);
    CHECK_EQ(pthread_mutexattr_setprioceiling(&a, 0), EINVAL);
    CHECK_EQ(pthread_mutexattr_setprioceiling(&a, 200), EINVAL);
    CHECK_EQ(pthread_mutexattr_setprioceiling(&a, 140), 0);
    CHECK_EQ(pthread_mutex_init(&first, &a), 0);
    CHECK_EQ(pthread_mutexattr_setprioceiling(&a, 120), 0);
    CHECK_EQ(pthread_mutex_init(&second, &a), 0);
    CHECK_EQ(pthread_mutexattr_setprioceiling(&a, 99), 0);
    CHECK_EQ(pthread_mutex_init(&c, &a), 0);
    CHECK_EQ(pthread_mutex_lock(&second), 0);
    CHECK_EQ(runs_at(me), 120);
    CHECK_EQ(pthread_mutex_lock(&first), 0);
    CHECK_EQ(runs_at(me), 140);
    CHECK_EQ(pthread_mutex_unlock(&second), 0); /* not in the order in which they came */
    CHECK_EQ(runs_at(me), 140);
    CHECK_EQ(pthread_mutex_unlock(&first), 0);
    CHECK_EQ(runs_at(me), 100);
    CHECK_EQ(pthread_mutex_lock(&c), EINVAL);
    CHECK_EQ(pthread_mutex_trylock(&c), EINVAL);
    CHECK_EQ(runs_at(me), 100);
    CHECK_EQ(pthread_mutex_setprioceiling(&c, 101, &ceiling), 0);
    CHECK_EQ(ceiling, 99);
    CHECK_EQ(pthread_mutex_getprioceiling(&c, &ceiling), 0);
    CHECK_EQ(ceiling, 101);
    CHECK_EQ(pthread_mutex_lock(&c), 0);
    CHECK_EQ(pthread_mutex_unlock(&c), 0);
    mutex_with(&first, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_NORMAL);
    CHECK_EQ(pthread_mutex_getprioceiling(&first, &ceiling), EINVAL);
}

/* ---- priorities of threads ---- */

static void *tells_its_priority(void *out)
{
    struct sched_param param;
    int policy;
    CHECK_EQ(pthread_getschedparam(pthread_self(), &policy, &param), 0);
    *(int *)out = policy * 1000 + param.sched_priority;
    return NULL;
}
static void threads_have_what_they_are_given(void)
{
    struct sched_param param = {.sched_priority = 120};
    pthread_t t;
    int seen = -1, policy;
    join(thread_at(77, tells_its_priority, &seen));
    CHECK_EQ(seen, SCHED_RR * 1000 + 77);
    CHECK_EQ(pthread_create(&t, NULL, tells_its_priority, &seen), 0);
    join(t);
    CHECK_EQ(seen, SCHED_OTHER * 1000);
    CHECK_EQ(pthread_setschedparam(pthread_self(), SCHED_RR, &param), 0);
    CHECK_EQ(runs_at(own_slot()), 120);
    CHECK_EQ(pthread_create(&t, NULL, tells_its_priority, &seen), 0);
    join(t);
    CHECK_EQ(seen, SCHED_RR * 1000 + 120); /* its creator's */
    CHECK_EQ(pthread_setschedprio(pthread_self(), 130), 0);
    CHECK_EQ(pthread_getschedparam(pthread_self(), &policy, &param), 0);
    CHECK(policy == SCHED_RR && param.sched_priority == 130);
    CHECK_EQ(pthread_setschedprio(pthread_self(), 200), EINVAL);
    CHECK_EQ(pthread_setschedparam(pthread_self(), SCHED_RR, &(struct sched_param){.sched_priority = 0}), EINVAL);
    CHECK_EQ(pthread_setschedparam(pthread_self(), SCHED_OTHER, &(struct sched_param){.sched_priority = 5}), EINVAL);
    CHECK_EQ(pthread_setschedparam(pthread_self(), SCHED_FIFO, &param), ENOTSUP);
    CHECK_EQ(pthread_setschedparam(pthread_self(), 77, &param), EINVAL);
    CHECK_EQ(pthread_setschedparam(pthread_self(), SCHED_OTHER, &(struct sched_param){.sched_priority = 0}), 0);
    CHECK_EQ(runs_at(own_slot()), 100);
}
static void a_child_has_the_forking_threads_priority(void)
{
    struct sched_param param = {.sched_priority = 120};
    CHECK_EQ(pthread_setschedparam(pthread_self(), SCHED_RR, &param), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(sched_getparam(0, &param) == 0 && param.sched_priority == 120 && runs_at(own_slot()) == 120 ? 0 : 1);
    int status = -1;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    CHECK_EQ(pthread_setschedparam(pthread_self(), SCHED_OTHER, &(struct sched_param){.sched_priority = 0}), 0);
}
static void processes_have_policies(void)
{
    struct sched_param param = {.sched_priority = 77};
    struct timespec slice;
    CHECK_EQ(sched_getscheduler(0), SCHED_OTHER);
    CHECK_EQ(sched_getparam(getpid(), &param), 0);
    CHECK_EQ(param.sched_priority, 0);
    param.sched_priority = 110;
    CHECK_EQ(sched_setscheduler(0, SCHED_RR, &param), SCHED_OTHER);
    CHECK_EQ(sched_getscheduler(getpid()), SCHED_RR);
    param.sched_priority = 111;
    CHECK_EQ(sched_setparam(0, &param), 0);
    CHECK_EQ(runs_at(own_slot()), 111);
    CHECK(sched_setscheduler(0, SCHED_FIFO, &param) == -1 && errno == EINVAL);
    param.sched_priority = 200;
    CHECK(sched_setparam(0, &param) == -1 && errno == EINVAL);
    param.sched_priority = 0;
    CHECK_EQ(sched_setscheduler(0, SCHED_OTHER, &param), SCHED_RR);
    CHECK_EQ(runs_at(own_slot()), 100);
    CHECK(sched_getscheduler(-1) == -1 && errno == EINVAL);
    CHECK(sched_getscheduler(999999) == -1 && errno == ESRCH);
    CHECK(sched_setscheduler(getppid(), SCHED_OTHER, &param) == -1 && errno == EPERM);
    CHECK_EQ(sched_get_priority_min(SCHED_RR), 1);
    CHECK_EQ(sched_get_priority_max(SCHED_RR), 199);
    CHECK(sched_get_priority_max(77) == -1 && errno == EINVAL);
    CHECK_EQ(sched_rr_get_interval(0, &slice), 0);
    CHECK(slice.tv_sec == 0 && slice.tv_nsec == 10000000);
}

GT_MAIN(CASE(one_in_between_delays_only_without_inheritance), CASE(inheritance_goes_along_a_chain), CASE(a_loan_ends_with_the_wait),
        CASE(the_highest_gets_it_first), CASE(answers_are_those_of_any_mutex), CASE(condition_variables_go_with_it),
        CASE(it_outlives_the_process_manager), CASE(ceilings_raise_while_held), CASE(threads_have_what_they_are_given),
        CASE(a_child_has_the_forking_threads_priority), CASE(processes_have_policies))
