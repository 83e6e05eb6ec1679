/* SPDX-License-Identifier: MIT
 * Proves threads of one space: simultaneous faults on a page cost one frame, each thread has its own TLS, errno, stack
 * and registers, fork takes along the calling one alone, and the process's end is the end of all.
 */
#define GT_NAME "threads"
#include "gtest.h"
#include <pagoda/thread.h>

#define PAGES 40
static uint8_t area[PAGES + 1][PAGE_SIZE] __attribute__((aligned(4096)));
static volatile unsigned go, ready, hits[4];
static _Thread_local int mine = 11;

static void *toucher(void *arg)
{
    uintptr_t me = (uintptr_t)arg;
    __atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
    for (unsigned i = 0; i < PAGES; i++) {
        while (go <= i) /* all threads stand before the same page */
            sys_yield();
        area[i][me * 8] += (uint8_t)(me + 1);
        hits[me] = i + 1;
    }
    while (go <= PAGES) /* its own end would give frames back too soon */
        sys_yield();
    return NULL;
}
static void touch_together(unsigned threads)
{
    struct thread *t[4] = {0};
    go = ready = 0;
    for (unsigned i = 0; i < threads; i++) {
        hits[i] = 0;
        CHECK_EQ(thread_create(&t[i], toucher, (void *)(uintptr_t)i), 0);
    }
    while (ready < threads)
        sys_yield();
    uint64_t frames = 0;
    area[PAGES][0] = 1; /* all leaf tables are there */
    for (unsigned page = 0; page < PAGES; page++) {
        long before = gt_frames_free();
        go = page + 1;
        for (unsigned i = 0; i < threads; i++)
            while (hits[i] <= page)
                sys_yield();
        frames += (uint64_t)(before - gt_frames_free());
        CHECK_EQ(gt_page_info(0, area[page]).refs, 1);
    }
    CHECK_EQ(frames, PAGES);
    go = PAGES + 1;
    go = PAGES + 1;
    for (unsigned i = 0; i < threads; i++)
        CHECK_EQ(thread_join(t[i], NULL), 0);
    for (unsigned page = 0; page < PAGES; page++)
        for (unsigned i = 0; i < 4; i++)
            CHECK_EQ(area[page][i * 8], (i < threads ? i + 1 : 0));
}
static void fresh_two(void *unused)
{
    (void)unused;
    touch_together(2);
}
static void fresh_four(void *unused)
{
    (void)unused;
    touch_together(4);
}
/* In children, so that each round finds the pages untouched. */
static void two_threads_on_one_page_take_one_frame(void) { RUN_CHILD(fresh_two, NULL); }
static void four_threads_on_one_page_take_one_frame(void) { RUN_CHILD(fresh_four, NULL); }

static void *errno_and_tls(void *arg)
{
    int n = (int)(intptr_t)arg;
    CHECK_EQ(mine, 11);
    mine = 100 + n;
    for (int i = 0; i < 50; i++) {
        errno = n;
        sys_yield();
        CHECK_EQ(errno, n);
        CHECK_EQ(mine, 100 + n);
    }
    return (void *)(intptr_t)(n * 2);
}
static void errno_and_tls_are_each_threads_own(void)
{
    struct thread *t[8] = {0};
    mine = 12;
    for (int i = 0; i < 8; i++)
        CHECK_EQ(thread_create(&t[i], errno_and_tls, (void *)(intptr_t)(i + 1)), 0);
    for (int i = 0; i < 8; i++) {
        void *result = NULL;
        CHECK_EQ(thread_join(t[i], &result), 0);
        CHECK_EQ((intptr_t)result, (i + 1) * 2);
    }
    CHECK_EQ(mine, 12);
    mine = 11;
}

static volatile bool stop;
static void *spinner(void *unused)
{
    (void)unused;
    while (!stop) {
        area[39][100]++;
        sys_yield();
    }
    return NULL;
}
static void only_one_thread_here(void *unused)
{
    (void)unused;
    uint8_t before = area[39][100];
    for (int i = 0; i < 20; i++)
        sys_yield();
    CHECK_EQ(area[39][100], before); /* the spinner did not come along */
    uint64_t threads = 0;
    struct ipc_msg m = {.w = {PROC_GETPID}};
    CHECK_EQ(proc_call(H_PROC, &m), OK);
    threads = m.w[4];
    CHECK_EQ(threads, 1);
}
static void fork_takes_the_calling_thread_alone(void)
{
    struct thread *t = NULL;
    stop = false;
    CHECK_EQ(thread_create(&t, spinner, NULL), 0);
    sys_yield();
    for (int i = 0; i < 5; i++)
        RUN_CHILD(only_one_thread_here, NULL);
    stop = true;
    CHECK_EQ(thread_join(t, NULL), 0);
}

static void *forker(void *unused)
{
    (void)unused;
    pid_t pid = fork();
    if (pid == 0)
        _exit(mine == 11 ? 5 : 6);
    int status = 0;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(WEXITSTATUS(status), 5);
    return NULL;
}
static void any_thread_can_fork(void)
{
    struct thread *t = NULL;
    CHECK_EQ(thread_create(&t, forker, NULL), 0);
    CHECK_EQ(thread_join(t, NULL), 0);
}

/* Other threads write while the process forks: each child must see, per thread, two counters that differ by at most one. */
static volatile uint64_t pair[4][2] __attribute__((aligned(64)));
static void *pair_writer(void *arg)
{
    uintptr_t me = (uintptr_t)arg;
    unsigned page = 0;
    while (!stop) {
        pair[me][0]++;
        area[page++ % PAGES][me]++;
        pair[me][1]++;
    }
    return NULL;
}
static void pairs_agree(void *unused)
{
    (void)unused;
    for (int i = 0; i < 4; i++)
        CHECK(pair[i][0] - pair[i][1] <= 1);
}
static void threads_fault_while_the_process_forks(void)
{
    struct thread *t[4] = {0};
    stop = false;
    for (uintptr_t i = 0; i < 4; i++)
        CHECK_EQ(thread_create(&t[i], pair_writer, (void *)i), 0);
    for (int i = 0; i < 30; i++)
        RUN_CHILD(pairs_agree, NULL);
    stop = true;
    for (int i = 0; i < 4; i++)
        CHECK_EQ(thread_join(t[i], NULL), 0);
    for (int i = 0; i < 4; i++)
        CHECK(pair[i][0] == pair[i][1] && pair[i][0] > 0);
}

static void *sleeper(void *unused)
{
    (void)unused;
    gt_sleep_us(100000000);
    return NULL;
}
static void exit_with_others_running(void *unused)
{
    (void)unused;
    struct thread *t = NULL;
    stop = false;
    CHECK_EQ(thread_create(&t, spinner, NULL), 0);
    CHECK_EQ(thread_create(&t, sleeper, NULL), 0);
    sys_yield();
    _exit(gt_failed ? 1 : 9);
}
static void exit_ends_all_threads(void) { gt_expect_exit(gt_child(exit_with_others_running, NULL), 9); }

static volatile uint64_t null_page_va = 16;
static void *offender(void *unused)
{
    (void)unused;
    *(volatile int *)null_page_va = 1;
    return NULL;
}
static void thread_faults(void *unused)
{
    (void)unused;
    struct thread *t = NULL;
    CHECK_EQ(thread_create(&t, offender, NULL), 0);
    thread_join(t, NULL);
}
static void a_threads_bad_store_kills_its_process(void) { gt_expect_signal(gt_child(thread_faults, NULL), SIGSEGV); }

static void *quick(void *p) { return p; }
static void many_threads_in_turn_leave_nothing(void)
{
    for (intptr_t i = 0; i < 300; i++) {
        struct thread *t = NULL;
        void *result = NULL;
        CHECK_EQ(thread_create(&t, quick, (void *)i), 0);
        CHECK_EQ(thread_join(t, &result), 0);
        CHECK_EQ((intptr_t)result, i);
    }
}
static void too_many(void *unused)
{
    (void)unused;
    struct thread *t[PROC_THREADS_MAX + 2];
    unsigned n = 0;
    int e = 0;
    stop = false;
    while (n < PROC_THREADS_MAX + 2 && (e = thread_create(&t[n], spinner, NULL)) == 0)
        n++;
    CHECK(e == EAGAIN || e == ENOMEM);
    CHECK_EQ(n, THREADS_MAX);
    stop = true;
    while (n-- > 0)
        CHECK_EQ(thread_join(t[n], NULL), 0);
}
static void too_many_threads_are_refused(void) { RUN_CHILD(too_many, NULL); }

GT_MAIN(CASE(two_threads_on_one_page_take_one_frame), CASE(four_threads_on_one_page_take_one_frame),
        CASE(errno_and_tls_are_each_threads_own), CASE(fork_takes_the_calling_thread_alone), CASE(any_thread_can_fork),
        CASE(threads_fault_while_the_process_forks), CASE(exit_ends_all_threads),
        CASE(a_threads_bad_store_kills_its_process), CASE(many_threads_in_turn_leave_nothing),
        CASE(too_many_threads_are_refused))
