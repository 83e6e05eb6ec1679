/* SPDX-License-Identifier: MIT
 * Proves that procmgr can be killed anywhere and every request has its effect once: before and after every system call it
 * makes in fork, spawn, exec, exit, wait, kill, threads, and in its own restart. A child is forked once, a status comes once
 * and is right, nobody hangs; afterwards all children are gone, every frame is back, all invariants hold.
 *
 * TIMEOUT: 300
 */
#define GT_NAME "procmgrkill"
#include "gtest.h"
#include "gprockill.h"
#include <pagoda/thread.h>
#include <spawn.h>

extern char **environ;

/* ---- what is done while procmgr dies ---- */
static void child(void *unused)
{
    (void)unused;
    CHECK_EQ(gt_wrong(area[0], PAGES, 1), 0);
    happened();
}
static void operation_fork(void)
{
    expect(gt_child(child, NULL), 0);
    CHECK_EQ(GT_SHARED->word[ONCE], 1);
}
static void operation_spawn(void)
{
    char *argv[] = {"false", NULL};
    pid_t pid = -1;
    CHECK_EQ(posix_spawn(&pid, "/bin/false", NULL, NULL, argv, environ), 0);
    expect(pid, 1 << 8);
}
static void *spins(void *p)
{
    for (;;) /* forever: until the exec ends it */
        sys_yield();
    return p;
}
static void execs(void *unused)
{
    (void)unused;
    char *argv[] = {"sh", "-c", "exit 5", NULL};
    struct thread *t;
    CHECK_EQ(thread_create(&t, spins, NULL), 0);
    execv("/bin/sh", argv);
    _exit(99);
}
static void exec_only(void *unused)
{
    (void)unused;
    char *argv[] = {"sh", "-c", "exit 5", NULL};
    execv("/bin/sh", argv);
    _exit(99);
}
static void operation_exec(void) { expect(gt_child(exec_only, NULL), 5 << 8); }
static void operation_exec_with_threads(void) { expect(gt_child(execs, NULL), 5 << 8); }

/* The child is there already, so what follows is its end and the wait alone. */
static pid_t held;
static void holder(void *code)
{
    GT_SHARED->word[0] = 1;
    gt_await(1, 1);
    _exit((int)(intptr_t)code);
}
static void prepare_holder(void)
{
    held = gt_child(holder, (void *)7);
    gt_await(0, 1);
}
static void operation_exit(void)
{
    GT_SHARED->word[1] = 1;
    expect(held, 7 << 8);
}
/* It has ended before; only the wait is left. */
static void prepare_zombie(void)
{
    uint64_t processes = gt_processes();
    prepare_holder();
    GT_SHARED->word[1] = 1;
    gt_until_processes(processes);
}
static void operation_wait(void) { expect(held, 7 << 8); }
static void operation_kill(void)
{
    CHECK_EQ(kill(held, SIGKILL), 0);
    expect(held, SIGKILL);
}
static void *counts(void *p)
{
    happened();
    return p;
}
static void operation_threads(void)
{
    struct thread *t;
    void *result = NULL;
    CHECK_EQ(thread_create(&t, counts, &held), 0);
    if (gt_failed)
        return;
    CHECK_EQ(thread_join(t, &result), 0);
    CHECK(result == &held);
    CHECK_EQ(GT_SHARED->word[ONCE], 1);
}
static volatile uintptr_t nowhere = 64; /* in the null page */
static void faults(void *unused)
{
    (void)unused;
    *(volatile uint8_t *)nowhere = 1;
}
static void operation_exception(void) { expect(gt_child(faults, NULL), SIGSEGV); }
/* The parent is gone before its child: init adopts it. */
static void leaves_an_orphan(void *unused)
{
    (void)unused;
    if (gt_child(holder, (void *)3) > 0)
        gt_await(0, 1);
}
static void operation_orphan(void)
{
    expect(gt_child(leaves_an_orphan, NULL), 0);
    GT_SHARED->word[1] = 1;
}
static void every_call_in_fork(void) { every_call(nothing, operation_fork); }
static void every_call_in_spawn(void) { every_call(nothing, operation_spawn); }
static void every_call_in_exec(void) { every_call(nothing, operation_exec); }
static void every_call_in_exec_with_threads(void) { every_call(nothing, operation_exec_with_threads); }
static void every_call_in_exit(void) { every_call(prepare_holder, operation_exit); }
static void every_call_in_wait(void) { every_call(prepare_zombie, operation_wait); }
static void every_call_in_kill(void) { every_call(prepare_holder, operation_kill); }
static void every_call_in_threads(void) { every_call(nothing, operation_threads); }
static void every_call_in_an_exception(void) { every_call(nothing, operation_exception); }
static void every_call_in_an_orphans_end(void) { every_call(nothing, operation_orphan); }
static void every_call_in_an_eager_fork(void)
{
    uint64_t old = gt_strategy_set(FORK_EAGER);
    every_call(nothing, operation_fork);
    gt_strategy(old);
}

/* It dies in the middle of a fork and an exit, and again at its k-th system call after that: in its restart, mostly. */
static void every_call_in_a_restart(void)
{
    gt_fill(area[0], PAGES, 1);
    REQUIRE(gt_shared_open() == OK);
    uint64_t processes = gt_processes(), k = 1;
    for (; k < K_MAX && gt_failed == 0; k++) {
        memset(GT_SHARED, 0, sizeof *GT_SHARED);
        long before = gt_frames_accounted();
        prepare_holder();
        uint64_t r = restarts();
        arm(PROC_DEBUG_DIE_AGAIN, k);
        arm(PROC_DEBUG_DIE_BEFORE, 5 + k % 12);
        operation_fork();
        operation_exit();
        bool twice = restarts() > r + 1;
        arm(PROC_DEBUG_DIE_AGAIN, 0);
        arm(PROC_DEBUG_DIE_BEFORE, 0);
        gt_until_processes(processes);
        CHECK_EQ(gt_frames_accounted(), before);
        CHECK_EQ(gt_vmcheck(), 0);
        if (gt_failed)
            printf("  with k = %lu\n", (unsigned long)k);
        if (!twice)
            break;
    }
    printf("  killed twice for each of %lu system calls\n", (unsigned long)k - 1);
    CHECK(k > 100 && k < K_MAX);
    gt_shared_close();
}

GT_MAIN(CASE(every_call_in_fork), CASE(every_call_in_spawn), CASE(every_call_in_exec), CASE(every_call_in_exec_with_threads),
        CASE(every_call_in_exit), CASE(every_call_in_wait), CASE(every_call_in_kill), CASE(every_call_in_threads),
        CASE(every_call_in_an_exception), CASE(every_call_in_an_orphans_end), CASE(every_call_in_an_eager_fork), CASE(every_call_in_a_restart))
