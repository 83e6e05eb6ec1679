/* SPDX-License-Identifier: MIT
 * Proves that a tree within limits cannot take the machine from the others: a fork bomb and a memory hog in the background,
 * as `limit processes=N frames=N COMMAND &` starts them, while a command is run again and again and a control thread of
 * high priority wakes by the clock. The command finishes within COMMAND_US, no wake-up is later than LATE_US, and
 * afterwards the whole tree is ended at once and every frame is back. 60 seconds each with --full.
 *
 * TIMEOUT: 300
 */
#define GT_NAME "bomb"
#include "gtest.h"
#include <spawn.h>

#define SECONDS_FULL 60
#define SHARE_US 400000UL   /* without --full */
#define COMMAND_US 20000UL  /* spawn, exec, end and wait of a small program */
#define COMMANDS 5          /* more than these, however long it takes: a host slower than the harts it plays gives no times */
#define PERIOD_US 5000UL
#define LATE_US 2000UL
#define PROCESSES 40
#define FRAMES 1500
#define PRIO_BACKGROUND 90u
#define PRIO_CONTROL 199u
extern char **environ;

enum { STOP, READY, WAKES, WORST_TICKS, DEATHS }; /* shared words */

static void limit(uint64_t which, uint64_t value)
{
    struct ipc_msg m = {.w = {PROC_TREE, which, value}};
    CHECK_EQ(proc_call(H_PROC, &m), OK);
}
static void in_limits(void)
{
    limit(PROC_TREE_PROCESSES, PROCESSES);
    limit(PROC_TREE_FRAMES, FRAMES);
    GT_SHARED->word[READY] = 1; /* before it gives way: who awaits it spins */
    CHECK_EQ(gt_prio(PRIO_BACKGROUND), OK);
}
/* No cooperation: it and all its descendants fork for ever. */
static void fork_bomb(void *unused)
{
    (void)unused;
    in_limits();
    for (;;) /* forever: until the tree is killed */
        (void)fork();
}
/* One hog after the other, each until its quota ends it. */
static void memory_hogs(void *unused)
{
    (void)unused;
    in_limits();
    for (;;) { /* forever: until the tree is killed */
        pid_t pid = fork();
        if (pid == 0)
            for (uint8_t *p;;) { /* forever: until the quota is used up */
                p = gt_pages(1);
                *p = 1;
            }
        int status = 0;
        if (pid > 0 && waitpid(pid, &status, 0) == pid && status == SIGKILL)
            __atomic_add_fetch(&GT_SHARED->word[DEATHS], 1, __ATOMIC_SEQ_CST);
    }
}
static void control(void *unused)
{
    (void)unused;
    CHECK_EQ(gt_prio(PRIO_CONTROL), OK);
    ticks_t due = sys_time();
    while (GT_SHARED->word[STOP] == 0) { /* bound: until the test ends */
        uint64_t bits;
        due += gt_us(PERIOD_US);
        (void)sys_wait(0, due, &bits);
        ticks_t late = sys_time() - due;
        if (late > GT_SHARED->word[WORST_TICKS])
            GT_SHARED->word[WORST_TICKS] = late;
        GT_SHARED->word[WAKES]++;
    }
}
static ticks_t run_a_command(void)
{
    char *argv[] = {"true", NULL};
    pid_t pid;
    int status = -1;
    ticks_t begin = sys_time();
    CHECK_EQ(posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ), 0);
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK_EQ(status, 0);
    return sys_time() - begin;
}
static void others_go_on(void (*menace)(void *))
{
    uint64_t processes = gt_processes(), seconds = gt_full ? SECONDS_FULL : 0, killed = 0;
    REQUIRE(gt_shared_open() == OK);
    pid_t controller = gt_child(control, NULL), first = gt_child(menace, NULL);
    gt_await(READY, 1);
    ticks_t begin = sys_time(), end = begin + gt_us(seconds ? seconds * 1000000 : SHARE_US), worst = 0;
    unsigned commands = 0;
    for (uint64_t second = 0; (sys_time() < end || commands <= COMMANDS) && gt_failed == 0; commands++) {
        for (; second < (sys_time() - begin) / gt_us(1000000); second++) /* bound: seconds */
            gt_progress((long)second + 1, (long)seconds);
        ticks_t took = run_a_command();
        worst = took > worst ? took : worst;
        gt_sleep_us(10000); /* at a prompt most time is spent waiting */
    }
    struct gt_stat memory = gt_stat(PAGER_STAT_MEMORY, 0);
    CHECK(memory.v[2] > FRAMES); /* others have memory left */
    CHECK_EQ(gt_proc(PROC_TREE_KILL, (uint64_t)first, SIGKILL, &killed), OK);
    gt_expect_signal(first, SIGKILL);
    GT_SHARED->word[STOP] = 1;
    gt_expect_exit(controller, 0);
    gt_until_processes(processes);
    uint64_t hz = gt_us(1000000);
    printf("  %u commands, the slowest %lu us; %lu wake-ups, the latest by %lu us; %lu processes ended\n", commands,
           (unsigned long)(worst * 1000000 / hz), (unsigned long)GT_SHARED->word[WAKES],
           (unsigned long)(GT_SHARED->word[WORST_TICKS] * 1000000 / hz), (unsigned long)killed);
    CHECK_SOON(worst < gt_us(COMMAND_US));
    CHECK(GT_SHARED->word[WAKES] > 20);
    CHECK_SOON(GT_SHARED->word[WORST_TICKS] < gt_us(LATE_US));
}
static void a_fork_bomb(void)
{
    others_go_on(fork_bomb);
    gt_shared_close();
}
static void a_memory_hog(void)
{
    others_go_on(memory_hogs);
    CHECK(GT_SHARED->word[DEATHS] > 0);
    gt_shared_close();
}

GT_MAIN(CASE(a_fork_bomb), CASE(a_memory_hog))
