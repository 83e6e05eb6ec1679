/* SPDX-License-Identifier: MIT
 * Proves that limits hold and only for whom they are set: frames of a process, processes, threads, stack.
 */
#define GT_NAME "limits"
#include "gtest.h"
#include <pagoda/thread.h>

static uint64_t limit(uint64_t which, uint64_t value)
{
    uint64_t now = 0;
    CHECK_EQ(gt_proc(PROC_LIMIT, which, value, &now), OK);
    return now;
}
static void eats_its_frames(void *unused)
{
    (void)unused;
    uint64_t charged = gt_stat(PAGER_STAT_POOL, 0).v[5];
    limit(PROC_LIMIT_FRAMES, charged + 100);
    uint8_t *p = gt_pages(400); /* what counts is what is touched */
    CHECK(p != NULL);
    for (int i = 0; i < 60; i++) /* within the limit */
        p[i * PAGE_SIZE] = 1;
    if (gt_failed)
        return;
    GT_SHARED->word[0] = 1;
    for (int i = 60; i < 400; i++)
        p[i * PAGE_SIZE] = 1;
    GT_SHARED->word[0] = 2;
    CHECK(!"the limit lets too many pages pass");
}
static void frames_of_a_process(void)
{
    REQUIRE(gt_shared_open() == OK);
    int status = gt_reap(gt_child(eats_its_frames, NULL), GT_HANG_MS);
    CHECK(status != -1 && WIFSIGNALED(status));
    CHECK_EQ(GT_SHARED->word[0], 1);
    uint8_t *p = gt_pages(400); /* the parent has no such limit */
    for (int i = 0; i < 400; i++)
        p[i * PAGE_SIZE] = 1;
    gt_pages_free(400);
    gt_shared_close();
}
static void waits(void *unused)
{
    (void)unused;
    gt_await(0, 1);
}
static void processes_in_the_system(void)
{
    REQUIRE(gt_shared_open() == OK);
    uint64_t old = limit(PROC_LIMIT_PROCESSES, ~0UL), now = gt_processes();
    limit(PROC_LIMIT_PROCESSES, now + 3);
    pid_t pid[8];
    int n = 0;
    fflush(stdout);
    while (n < 8 && (pid[n] = fork()) > 0)
        n++;
    if (n < 8 && pid[n] == 0) {
        waits(NULL);
        _exit(0);
    }
    CHECK_EQ(n, 3);
    CHECK_EQ(errno, EAGAIN);
    GT_SHARED->word[0] = 1;
    while (n-- > 0)
        gt_expect_exit(pid[n], 0);
    limit(PROC_LIMIT_PROCESSES, old);
    CHECK_EQ(limit(PROC_LIMIT_PROCESSES, ~0UL), old);
    RUN_CHILD(waits, NULL);
    gt_shared_close();
}
static void starts_nobody(void *unused)
{
    (void)unused;
    limit(PROC_LIMIT_PROCESSES, 1);
    CHECK_EQ(fork(), -1);
    CHECK_EQ(errno, EAGAIN);
}
static void does_nothing(void *unused) { (void)unused; }
static void a_limit_binds_its_owner_only(void)
{
    uint64_t before = limit(PROC_LIMIT_PROCESSES, ~0UL);
    RUN_CHILD(starts_nobody, NULL);
    CHECK_EQ(limit(PROC_LIMIT_PROCESSES, ~0UL), before);
    RUN_CHILD(does_nothing, NULL); /* the shell and all others can still start programs */
}
static void *nothing(void *p) { return p; }
static volatile bool stop;
static void *until_stop(void *p)
{
    while (!stop)
        sys_yield();
    return p;
}
static void few_threads(void *unused)
{
    (void)unused;
    struct thread *t[4] = {0};
    limit(PROC_LIMIT_THREADS, 3);
    CHECK_EQ(thread_create(&t[0], until_stop, NULL), 0);
    CHECK_EQ(thread_create(&t[1], until_stop, NULL), 0);
    CHECK_EQ(thread_create(&t[2], until_stop, NULL), EAGAIN);
    stop = true;
    CHECK_EQ(thread_join(t[0], NULL), 0);
    CHECK_EQ(thread_join(t[1], NULL), 0);
    CHECK_EQ(thread_create(&t[3], nothing, NULL), 0);
    CHECK_EQ(thread_join(t[3], NULL), 0);
}
static void threads_of_a_process(void) { RUN_CHILD(few_threads, NULL); }
static void unknown_limits_are_refused(void)
{
    CHECK_EQ(gt_proc(PROC_LIMIT, 0, ~0UL, NULL), ERR_INVAL);
    CHECK_EQ(gt_proc(PROC_LIMIT, 99, ~0UL, NULL), ERR_INVAL);
}

GT_MAIN(CASE(frames_of_a_process), CASE(processes_in_the_system), CASE(a_limit_binds_its_owner_only),
        CASE(threads_of_a_process), CASE(unknown_limits_are_refused))
