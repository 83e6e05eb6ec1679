/* SPDX-License-Identifier: MIT
 * Proves what POSIX says of cancelling threads: at which points they go, with which cleanup, that nothing they held stays held, and that
 * neither a cancellation that comes early nor one that comes late is lost.
 * TIMEOUT: 120
 */
#define GT_NAME "pthreadcancel"
#include "gtest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <spawn.h>
#include <time.h>
#include <unistd.h>

static int p[2], full[2]; /* nothing to read; no room to write */
static sem_t never;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static unsigned cleaned;

static void cleans(void *unused)
{
    (void)unused;
    cleaned++;
}
static void unlocks(void *m) { CHECK_EQ(pthread_mutex_unlock(m), 0); }

/* ---- each point ---- */

static void at_read(void)
{
    char c;
    (void)read(p[0], &c, 1);
}
static void at_write(void)
{
    char c = 0;
    (void)write(full[1], &c, 1);
}
static void at_poll(void)
{
    struct pollfd f = {.fd = p[0], .events = POLLIN};
    (void)poll(&f, 1, -1);
}
static void at_sleep(void) { (void)sleep(1000); }
static void at_nanosleep(void) { (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &(struct timespec){.tv_sec = 100000}, NULL); }
static void at_sem(void) { (void)sem_wait(&never); }
static void at_cond(void)
{
    CHECK_EQ(pthread_mutex_lock(&mutex), 0);
    pthread_cleanup_push(unlocks, &mutex);
    for (;;) /* forever: it is cancelled */
        CHECK_EQ(pthread_cond_wait(&cond, &mutex), 0);
    pthread_cleanup_pop(0);
}
static void at_wait(void)
{
    while (waitpid(-1, NULL, 0) > 0) { /* a child that stays */
    }
}
static void at_sigsuspend(void)
{
    sigset_t none;
    CHECK_EQ(sigemptyset(&none), 0);
    (void)sigsuspend(&none);
}
static void at_sigwait(void)
{
    sigset_t set;
    int sig;
    CHECK_EQ(sigemptyset(&set) | sigaddset(&set, SIGUSR1), 0);
    (void)sigwait(&set, &sig);
}
static void *sleeps(void *unused)
{
    CHECK_EQ(sem_wait(&never), 0);
    return unused;
}
static pthread_t joined;
static void at_join(void) { (void)pthread_join(joined, NULL); }
static void at_testcancel(void)
{
    for (;;) { /* forever: it is cancelled */
        pthread_testcancel();
        sched_yield();
    }
}

static const struct point {
    const char *what;
    void (*fn)(void);
} points[] = {
    {"read", at_read}, {"write", at_write}, {"poll", at_poll}, {"sleep", at_sleep}, {"clock_nanosleep", at_nanosleep},
    {"sem_wait", at_sem}, {"pthread_cond_wait", at_cond}, {"waitpid", at_wait}, {"sigsuspend", at_sigsuspend},
    {"sigwait", at_sigwait}, {"pthread_join", at_join}, {"pthread_testcancel", at_testcancel},
};

static void *stops_at(void *arg)
{
    const struct point *point = arg;
    pthread_cleanup_push(cleans, NULL);
    point->fn();
    pthread_cleanup_pop(0);
    return NULL;
}
/* early: before it comes there. */
static void cancel_at(const struct point *point, unsigned pause_us)
{
    pthread_t t;
    void *result = NULL;
    cleaned = 0;
    if (gt_full)
        printf("%s, after %u us\n", point->what, pause_us), fflush(stdout);
    CHECK_EQ(pthread_create(&t, NULL, stops_at, (void *)(uintptr_t)point), 0);
    if (pause_us > 0)
        gt_sleep_us(pause_us);
    CHECK_EQ(pthread_cancel(t), 0);
    CHECK_EQ(pthread_join(t, &result), 0);
    if (result != PTHREAD_CANCELED || cleaned != 1) {
        gt_fail(point->what, __FILE__, __LINE__);
        printf("  cancelled after %u us: result %p, %u handlers ran\n", pause_us, result, cleaned);
    }
}
static void stays(void *unused)
{
    (void)unused;
    for (;;) /* forever: it is killed */
        gt_sleep_us(1000000);
}
static void threads_go_at_each_point(void)
{
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(pipe2(full, O_NONBLOCK), 0);
    while (write(full[1], "x", 1) == 1) { /* bound: what it holds */
    }
    CHECK_EQ(fcntl(full[1], F_SETFL, 0), 0);
    CHECK_EQ(sem_init(&never, 0, 0), 0);
    pid_t child = gt_child(stays, NULL);
    CHECK_EQ(pthread_create(&joined, NULL, sleeps, NULL), 0);
    for (unsigned i = 0; i < sizeof points / sizeof points[0]; i++)
        for (unsigned pause_us = 0; pause_us <= 2000; pause_us = pause_us * 3 + 10)
            cancel_at(&points[i], pause_us);
    CHECK_EQ(pthread_mutex_trylock(&mutex), 0);
    CHECK_EQ(pthread_mutex_unlock(&mutex), 0);
    CHECK_EQ(pthread_cond_destroy(&cond), 0); /* nobody stands in it */
    CHECK_EQ(sem_post(&never), 0);
    CHECK_EQ(pthread_join(joined, NULL), 0);
    CHECK_EQ(sem_destroy(&never), 0);
    CHECK_EQ(kill(child, SIGKILL), 0);
    gt_expect_signal(child, SIGKILL);
    CHECK_EQ(close(p[0]) | close(p[1]) | close(full[0]) | close(full[1]), 0);
}

/* ---- state and type ---- */

static sem_t there, go_on;
static void *goes_when_it_says(void *unused)
{
    int old;
    (void)unused;
    CHECK_EQ(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old), 0);
    CHECK_EQ(old, PTHREAD_CANCEL_ENABLE);
    CHECK_EQ(sem_post(&there), 0);
    CHECK_EQ(sem_wait(&go_on), 0); /* a point, but not now */
    pthread_testcancel();
    cleaned = 7;
    CHECK_EQ(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old), 0);
    CHECK_EQ(old, PTHREAD_CANCEL_DISABLE);
    pthread_testcancel();
    cleaned = 8;
    return NULL;
}
static void a_thread_may_postpone_it(void)
{
    pthread_t t;
    void *result;
    CHECK_EQ(sem_init(&there, 0, 0) | sem_init(&go_on, 0, 0), 0);
    CHECK_EQ(pthread_create(&t, NULL, goes_when_it_says, NULL), 0);
    CHECK_EQ(sem_wait(&there), 0);
    CHECK_EQ(pthread_cancel(t), 0);
    CHECK_EQ(pthread_cancel(t), 0);
    gt_sleep_us(2000);
    CHECK_EQ(sem_post(&go_on), 0);
    CHECK_EQ(pthread_join(t, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
    CHECK_EQ(cleaned, 7);
    CHECK_EQ(pthread_setcancelstate(9, NULL), EINVAL);
    CHECK_EQ(pthread_setcanceltype(9, NULL), EINVAL);
    CHECK_EQ(pthread_cancel(NULL), ESRCH);
}
static void *computes(void *unused)
{
    int old;
    CHECK_EQ(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old), 0);
    CHECK_EQ(old, PTHREAD_CANCEL_DEFERRED);
    CHECK_EQ(sem_post(&there), 0);
    for (volatile unsigned long n = 0;; n++) { /* forever: no point in here */
    }
    return unused;
}
static void one_that_never_waits_goes_at_once(void)
{
    pthread_t t;
    void *result;
    CHECK_EQ(sem_init(&there, 0, 0), 0);
    CHECK_EQ(pthread_create(&t, NULL, computes, NULL), 0);
    CHECK_EQ(sem_wait(&there), 0);
    CHECK_EQ(pthread_cancel(t), 0);
    CHECK_EQ(pthread_join(t, &result), 0);
    CHECK(result == PTHREAD_CANCELED);
}

/* ---- nothing is lost ---- */

static void *returns(void *arg) { return arg; }
static void who_has_ended_is_joined_as_ever(void)
{
    pthread_t t;
    void *result;
    CHECK_EQ(pthread_create(&t, NULL, returns, (void *)5), 0);
    gt_sleep_us(2000);
    CHECK_EQ(pthread_cancel(t), 0);
    CHECK_EQ(pthread_join(t, &result), 0);
    CHECK_EQ((uintptr_t)result, 5);
}
static unsigned taken;
static void *takes_bytes(void *unused)
{
    char c;
    (void)unused;
    while (read(p[0], &c, 1) == 1)
        taken++;
    return NULL;
}
/* What a read took before the thread went is counted, or still there. */
static void no_byte_is_lost(void)
{
    unsigned left = 0, written = 0;
    char c = 'x';
    CHECK_EQ(pipe(p), 0);
    taken = 0;
    for (unsigned i = 0; i < 400 && gt_failed == 0; i++) {
        pthread_t t;
        CHECK_EQ(pthread_create(&t, NULL, takes_bytes, NULL), 0);
        gt_sleep_us(100 + i * 7 % 50);
        CHECK_EQ(write(p[1], &c, 1), 1);
        written++;
        if (i % 2 == 0)
            gt_sleep_us(i % 13);
        else
            for (volatile unsigned n = i * 5; n > 0; n--) { /* to be on another hart when the byte has just arrived there */
            }
        CHECK_EQ(pthread_cancel(t), 0);
        CHECK_EQ(pthread_join(t, NULL), 0);
    }
    CHECK_EQ(close(p[1]), 0);
    while (read(p[0], &c, 1) == 1)
        left++;
    CHECK_EQ(taken + left, written);
    CHECK_EQ(close(p[0]), 0);
}

/* What is opened for it would stay open. */
static pid_t spawned;
static void *spawns_while_it_is_to_go(void *unused)
{
    char *argv[] = {"script", NULL};
    CHECK_EQ(pthread_cancel(pthread_self()), 0);
    CHECK_EQ(posix_spawn(&spawned, "/tmp/script", NULL, NULL, argv, environ), 0);
    pthread_testcancel();
    return unused;
}
static void running_a_file_is_no_point(void)
{
    pthread_t t;
    void *result = NULL;
    int fd = open("/tmp/script", O_WRONLY | O_CREAT, 0755);
    CHECK_EQ(write(fd, "#!/bin/true\n", 12), 12);
    CHECK_EQ(close(fd), 0);
    spawned = 0;
    CHECK_EQ(pthread_create(&t, NULL, spawns_while_it_is_to_go, NULL), 0);
    CHECK_EQ(pthread_join(t, &result), 0);
    CHECK(result == PTHREAD_CANCELED && spawned > 0);
    gt_expect_exit(spawned, 0);
    CHECK_EQ(unlink("/tmp/script"), 0);
}

/* ---- beside cancellation: handlers while a thread waits for what cannot be interrupted ---- */

static _Atomic unsigned handled;
static void counts(int sig)
{
    (void)sig;
    handled++;
}
static void *wants(void *m)
{
    CHECK_EQ(pthread_mutex_lock(m), 0);
    CHECK_EQ(pthread_mutex_unlock(m), 0);
    return NULL;
}
static void handlers_run_while_a_mutex_is_waited_for(void)
{
    struct sigaction a = {.sa_flags = 0}, old;
    a.sa_handler = counts;
    CHECK_EQ(sigaction(SIGUSR1, &a, &old), 0);
    for (int protocol = PTHREAD_PRIO_NONE; protocol <= PTHREAD_PRIO_PROTECT; protocol++) {
        pthread_mutexattr_t attr;
        pthread_mutex_t m;
        pthread_t t;
        handled = 0;
        CHECK_EQ(pthread_mutexattr_init(&attr) | pthread_mutexattr_setprotocol(&attr, protocol) | pthread_mutex_init(&m, &attr), 0);
        CHECK_EQ(pthread_mutex_lock(&m), 0);
        CHECK_EQ(pthread_create(&t, NULL, wants, &m), 0);
        gt_sleep_us(2000);
        CHECK_EQ(pthread_kill(t, SIGUSR1), 0);
        for (unsigned i = 0; i < GT_HANG_MS && handled == 0; i++)
            gt_sleep_us(1000);
        CHECK_EQ(handled, 1);
        CHECK_EQ(pthread_mutex_unlock(&m), 0);
        CHECK_EQ(pthread_join(t, NULL), 0);
        CHECK_EQ(pthread_mutex_destroy(&m), 0);
    }
    CHECK_EQ(sigaction(SIGUSR1, &old, NULL), 0);
}

GT_MAIN(CASE(threads_go_at_each_point), CASE(a_thread_may_postpone_it), CASE(one_that_never_waits_goes_at_once),
        CASE(who_has_ended_is_joined_as_ever), CASE(no_byte_is_lost), CASE(running_a_file_is_no_point),
        CASE(handlers_run_while_a_mutex_is_waited_for))
