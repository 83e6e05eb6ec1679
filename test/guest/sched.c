/* SPDX-License-Identifier: MIT
 * Proves fixed-priority preemptive scheduling: a higher priority that wakes takes over at once, a lower one waits,
 * equals take turns, by yield in order and by the timer without it.
 */
#define GT_NAME "sched"
#include "gtest.h"
#include "gwaits.h"

#include <ipc/procmgr.h>
#include <pagoda/spawn.h>
#include <pagoda/system.h>
#include <pagoda/thread.h>

#define RUN_US 40000

/* All that compete do so for one hart. */
static void same_hart(void) { CHECK_EQ(thread_set_hart(0), 0); }
static pid_t child_here(void (*fn)(void *), void *arg)
{
    same_hart();
    return gt_child(fn, arg);
}
static void spin_until(ticks_t end, unsigned word)
{
    while (sys_time() < end)
        GT_SHARED->word[word]++;
}
static void spinner(void *word)
{
    same_hart();
    spin_until(GT_SHARED->word[100], (unsigned)(uintptr_t)word);
}
static void low_spinner(void *word)
{
    CHECK_EQ(gt_prio(50), OK);
    spinner(word);
}

static void equals_share_the_hart(void)
{
    REQUIRE(gt_shared_open() == OK);
    pid_t pid[3];
    GT_SHARED->word[100] = sys_time() + gt_us(3 * RUN_US);
    for (uintptr_t i = 0; i < 3; i++)
        pid[i] = child_here(spinner, (void *)i);
    for (int i = 0; i < 3; i++)
        gt_expect_exit(pid[i], 0);
    uint64_t least = ~0UL, most = 0;
    for (int i = 0; i < 3; i++) {
        uint64_t n = GT_SHARED->word[i];
        least = n < least ? n : least;
        most = n > most ? n : most;
    }
    CHECK_SOON(least > 0);
    CHECK_SOON(most < least * 2);
    gt_shared_close();
}
static void low_until_stopped(void *word)
{
    CHECK_EQ(gt_prio(50), OK);
    same_hart();
    while (GT_SHARED->word[100] == 0)
        GT_SHARED->word[(uintptr_t)word]++;
}
static void a_lower_priority_waits(void)
{
    REQUIRE(gt_shared_open() == OK);
    pid_t low = child_here(low_until_stopped, (void *)1);
    GT_UNTIL(GT_SHARED->word[1] > 0); /* it runs while this process sleeps */
    uint64_t before = GT_SHARED->word[1];
    spin_until(sys_time() + gt_us(RUN_US / 2), 0);
    CHECK_EQ(GT_SHARED->word[1], before);
    gt_sleep_us(2000);
    CHECK_SOON(GT_SHARED->word[1] > before);
    GT_UNTIL(GT_SHARED->word[1] > before);
    GT_SHARED->word[100] = 1;
    gt_expect_exit(low, 0);
    gt_shared_close();
}
/* Woken by the clock while a lower one spins: late by the switch only. */
static void a_higher_priority_takes_over_at_once(void)
{
    REQUIRE(gt_shared_open() == OK);
    GT_SHARED->word[100] = sys_time() + gt_us(RUN_US);
    pid_t low = child_here(low_spinner, (void *)1);
    ticks_t worst = 0;
    for (int i = 0; i < 20; i++) {
        uint64_t bits;
        ticks_t when = sys_time() + gt_us(500);
        (void)sys_wait(0, when, &bits);
        ticks_t late = sys_time() - when;
        worst = late > worst ? late : worst;
    }
    CHECK_SOON(worst < gt_us(100)); /* far below a time slice */
    gt_expect_exit(low, 0);
    gt_shared_close();
}
static void takes_turns(void *arg)
{
    uint64_t me = (uint64_t)(uintptr_t)arg;
    same_hart();
    gt_barrier(3);
    for (int i = 0; i < 40; i++) {
        uint64_t n = __atomic_fetch_add(&GT_SHARED->word[0], 1, __ATOMIC_SEQ_CST);
        if (n < 100)
            GT_SHARED->word[1 + n] = me + 1;
        sys_yield();
    }
}
static void yield_goes_to_the_next_in_order(void)
{
    REQUIRE(gt_shared_open() == OK);
    pid_t pid[3];
    for (uintptr_t i = 0; i < 3; i++)
        pid[i] = child_here(takes_turns, (void *)i);
    gt_sleep_us(20000); /* out of their way */
    for (int i = 0; i < 3; i++)
        gt_expect_exit(pid[i], 0);
    unsigned out_of_turn = 0;
    for (int n = 4; n < 99; n++) /* the first round may begin unevenly */
        out_of_turn += GT_SHARED->word[1 + n] != GT_SHARED->word[1 + n - 3];
    CHECK_SOON(out_of_turn <= 6); /* a time slice may end in between, now and then */
    CHECK_EQ(GT_SHARED->word[0], 120);
    gt_shared_close();
}
static void priorities_have_limits(void)
{
    uint64_t old = 0;
    CHECK_EQ(gt_proc(PROC_PRIO, 0, 60, &old), OK);
    uint64_t now = 0;
    CHECK_EQ(gt_proc(PROC_PRIO, 0, old, &now), OK);
    CHECK_EQ(now, 60);
    static const uint64_t bad[] = {0, 200, 255, 256, ~0UL};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        CHECK(gt_prio(bad[i]) < 0);
    CHECK_EQ(gt_proc(PROC_PRIO, 0, old, &now), OK);
    CHECK_EQ(now, old);
    CHECK(gt_proc(PROC_PRIO, 999999, 50, NULL) < 0);
}
static void a_sleep_is_never_short(void)
{
    for (unsigned us = 100; us < 30000; us *= 3) {
        ticks_t begin = sys_time();
        usleep(us);
        CHECK(sys_time() - begin >= gt_us(us));
        CHECK_SOON(sys_time() - begin < gt_us(us + 5000));
    }
    ticks_t begin = sys_time();
    CHECK_EQ(sleep(1), 0);
    CHECK(sys_time() - begin >= gt_us(1000000));
}

/* What runs in the background stands below the shell and below the shell's foreground, and so do its children. */
static void the_background_is_lower(void)
{
    static char *const argv[] = {"sleep", "1", NULL};
    uint64_t own = 0;
    CHECK_EQ(gt_proc(PROC_PRIO, 0, 100, &own), OK);
    for (unsigned flags = 0; flags <= SPAWN_BACKGROUND; flags++) {
        pid_t pid = 0;
        struct process_info info;
        CHECK_EQ(spawn_program("sleep", argv, NULL, flags, &pid), 0);
        CHECK_EQ(process_next((uint32_t)pid, &info), OK);
        CHECK_EQ(info.pid, (uint32_t)pid);
        CHECK_EQ(info.prio, flags ? 90 : 100);
        gt_expect_exit(pid, 0);
    }
    CHECK_EQ(gt_proc(PROC_PRIO, 0, own, NULL), OK);
}

GT_MAIN(CASE(equals_share_the_hart), CASE(a_lower_priority_waits), CASE(a_higher_priority_takes_over_at_once),
        CASE(yield_goes_to_the_next_in_order), CASE(priorities_have_limits), CASE(a_sleep_is_never_short),
        CASE(the_background_is_lower))
