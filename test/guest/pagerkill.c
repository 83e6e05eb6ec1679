/* SPDX-License-Identifier: MIT
 * Proves that the pager can be killed anywhere and nobody loses a page: before and after every system call it makes in
 * a fork, in COW faults and in an exit, and at 1,000 random instructions (seeded, so a run can be repeated).
 * Contents are checked throughout; the frame count and vmcheck after each round.
 *
 * TIMEOUT: 300
 */
#define GT_NAME "pagerkill"
#include "gtest.h"

#define PAGES 12
#define K_MAX 3000
static uint8_t own[PAGES][PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t (*area)[PAGE_SIZE] = own;

static uint64_t restarts(void)
{
    struct ipc_msg m = {.w = {INIT_SERVER_INFO, SERVER_PAGER}};
    return ipc_call(H_INIT, &m) == OK ? m.w[2] : ~0UL;
}

/* ---- what is done while the pager dies ---- */
static void writer(void *unused)
{
    (void)unused;
    CHECK_EQ(gt_wrong(area[0], PAGES, 1), 0);
    gt_fill(area[0], PAGES, 2);
    CHECK_EQ(gt_wrong(area[0], PAGES, 2), 0);
}
static void operation_fork(void)
{
    RUN_CHILD(writer, NULL);
    CHECK_EQ(gt_wrong(area[0], PAGES, 1), 0);
}
/* The parent's pages were made COW by a child which still lives; now both write. */
static pid_t held;
static void holder(void *unused)
{
    (void)unused;
    GT_SHARED->word[0] = 1;
    gt_await(1, 1);
    CHECK_EQ(gt_wrong(area[0], PAGES, 1), 0);
    gt_fill(area[0], PAGES, 3);
    CHECK_EQ(gt_wrong(area[0], PAGES, 3), 0);
}
static void prepare_cow(void)
{
    memset(GT_SHARED, 0, sizeof *GT_SHARED);
    held = gt_child(holder, NULL);
    gt_await(0, 1);
}
static void operation_cow(void)
{
    gt_fill(area[0], PAGES, 4);
    CHECK_EQ(gt_wrong(area[0], PAGES, 4), 0);
    GT_SHARED->word[1] = 1;
    gt_expect_exit(held, 0);
    CHECK_EQ(gt_wrong(area[0], PAGES, 4), 0);
    gt_fill(area[0], PAGES, 1);
}
/* A process of some size that has nothing left to do but die. */
static void leaver(void *unused)
{
    (void)unused;
    uint8_t *p = gt_pages(PAGES);
    gt_fill(p, PAGES, 5);
    gt_fill(area[0], PAGES / 2, 5);
    GT_SHARED->word[0] = 1;
    gt_await(1, 1);
}
static void prepare_exit(void)
{
    memset(GT_SHARED, 0, sizeof *GT_SHARED);
    held = gt_child(leaver, NULL);
    gt_await(0, 1);
}
static void operation_exit(void)
{
    GT_SHARED->word[1] = 1;
    gt_expect_exit(held, 0);
    CHECK_EQ(gt_wrong(area[0], PAGES, 1), 0);
}
static void nothing(void) {}

/* For k = 1, 2, ...: the pager dies at its k-th system call from the start of the operation, until it makes no k-th. */
static void every_call(void (*prepare)(void), void (*operation)(void), uint64_t hook)
{
    uint64_t k = 1, killed = 0;
    gt_fill(area[0], PAGES, 1);
    REQUIRE(gt_shared_open() == OK);
    for (; k < K_MAX && gt_failed == 0; k++) {
        long before = gt_frames_accounted();
        prepare();
        uint64_t r = restarts();
        gt_pager_arm(hook, k);
        operation();
        bool died = restarts() != r;
        if (!died)
            gt_pager_debug(hook, 0);
        CHECK_EQ(gt_frames_accounted(), before);
        CHECK_EQ(gt_vmcheck(), 0);
        killed += died;
        if (gt_failed)
            printf("  with k = %lu\n", (unsigned long)k);
        if (!died)
            break;
    }
    CHECK(k < K_MAX);
    CHECK(killed > 4);
    printf("  killed at %lu system calls\n", (unsigned long)killed);
    gt_shared_close();
}
static void before_every_call_in_fork(void) { every_call(nothing, operation_fork, PAGER_DEBUG_DIE_SYSCALL); }
static void after_every_call_in_fork(void) { every_call(nothing, operation_fork, PAGER_DEBUG_DIE_AFTER); }
static void before_every_call_in_cow_faults(void) { every_call(prepare_cow, operation_cow, PAGER_DEBUG_DIE_SYSCALL); }
static void after_every_call_in_cow_faults(void) { every_call(prepare_cow, operation_cow, PAGER_DEBUG_DIE_AFTER); }
static void before_every_call_in_exit(void) { every_call(prepare_exit, operation_exit, PAGER_DEBUG_DIE_SYSCALL); }
static void after_every_call_in_exit(void) { every_call(prepare_exit, operation_exit, PAGER_DEBUG_DIE_AFTER); }
static void every_call_in_an_eager_fork(void)
{
    uint64_t old = gt_strategy_set(FORK_EAGER);
    every_call(nothing, operation_fork, PAGER_DEBUG_DIE_SYSCALL);
    gt_strategy(old);
}

/* The pages are in a region of their own, with others, so many that their leaf table is shared. */
#define BIG 0x300000000UL
#define BIG_PAGES 140
static void with_shared_tables(void (*prepare)(void), void (*operation)(void), uint64_t hook)
{
    uint64_t old = gt_strategy_set(FORK_TABLES), before = gt_stat(PAGER_STAT_TABLES, 0).v[2];
    struct ipc_msg m = {.w = {PAGER_REGION_ADD, 0, BIG, BIG + CHUNK_SIZE, PROT_R | PROT_W, BACKING_ANON}};
    REQUIRE(pager_call(H_PAGER, &m) == OK);
    area = (void *)BIG;
    gt_fill(area[0], BIG_PAGES, 1);
    every_call(prepare, operation, hook);
    CHECK(gt_stat(PAGER_STAT_TABLES, 0).v[2] - before > 4);
    CHECK_EQ(gt_wrong(area[0], PAGES, 1), 0);
    area = own;
    m = (struct ipc_msg){.w = {PAGER_REGION_REMOVE, 0, BIG, BIG + CHUNK_SIZE}};
    CHECK_EQ(pager_call(H_PAGER, &m), OK);
    gt_strategy(old);
}
static void every_call_in_a_fork_with_shared_tables(void) { with_shared_tables(nothing, operation_fork, PAGER_DEBUG_DIE_AFTER); }
static void every_call_while_tables_are_split(void) { with_shared_tables(prepare_cow, operation_cow, PAGER_DEBUG_DIE_SYSCALL); }

/* ---- random instructions ---- */
static void churn_child(void *arg)
{
    unsigned depth = (unsigned)(uintptr_t)arg;
    CHECK_EQ(gt_wrong(area[0], PAGES, 1), 0);
    if (depth > 0)
        RUN_CHILD(churn_child, (void *)(uintptr_t)(depth - 1));
    gt_fill(area[0], PAGES, 10 + depth);
    uint8_t *p = gt_pages(6);
    CHECK(p != NULL && p[0] == 0 && p[5 * PAGE_SIZE + 99] == 0);
    gt_fill(p, 6, 20 + depth);
    CHECK_EQ(gt_wrong(area[0], PAGES, 10 + depth), 0);
    CHECK_EQ(gt_wrong(p, 6, 20 + depth), 0);
    gt_pages_free(3);
    CHECK_EQ(gt_wrong(p, 3, 20 + depth), 0);
}
static void churn(void)
{
    pid_t a = gt_child(churn_child, (void *)1), b = gt_child(churn_child, (void *)0);
    gt_expect_exit(a, 0);
    gt_expect_exit(b, 0);
    CHECK_EQ(gt_wrong(area[0], PAGES, 1), 0);
}
/* How long one round takes; the kill is placed within it. */
static ticks_t measure(void)
{
    ticks_t begin = sys_time();
    churn();
    return sys_time() - begin;
}
static void at_random_instructions(void)
{
    uint64_t kills = gt_count ? (uint64_t)gt_count : 1000, seed = 0x5eed5eed5eedUL, start = restarts();
    gt_fill(area[0], PAGES, 1);
    churn();
    ticks_t round = measure();
    for (uint64_t i = 0; i < kills && gt_failed == 0; i++) {
        struct ipc_msg m = {.w = {INIT_KILL_SERVER, SERVER_PAGER, sys_time() + 1 + gt_random(&seed) % round}};
        CHECK_EQ(ipc_call(H_INIT, &m), OK);
        for (int rounds = 0; rounds < 50 && restarts() == start + i; rounds++)
            churn();
        CHECK_EQ(restarts(), start + i + 1);
        if (i % 50 == 49)
            CHECK_EQ(gt_vmcheck(), 0);
    }
    printf("  %lu kills within rounds of %lu ticks\n", (unsigned long)(restarts() - start), (unsigned long)round);
}

/* ---- the processes die, not the pager ---- */
static void forks_once(void *unused)
{
    (void)unused;
    pid_t pid = gt_child(writer, NULL);
    gt_expect_exit(pid, 0);
}
/* The parent is killed after a growing delay, that is, at successive steps of its fork and what follows. */
static void the_parent_dies_at_every_step_of_fork(void)
{
    uint64_t before = gt_processes();
    gt_fill(area[0], PAGES, 1);
    ticks_t begin = sys_time();
    RUN_CHILD(forks_once, NULL);
    ticks_t whole = sys_time() - begin, step = whole / 300 + 1;
    long frames = gt_frames_accounted();
    for (ticks_t delay = 0; delay < whole && gt_failed == 0; delay += step) {
        uint64_t bits;
        pid_t pid = gt_child(forks_once, NULL);
        (void)sys_wait(0, sys_time() + delay, &bits);
        (void)kill(pid, SIGKILL);
        int status = gt_reap(pid, GT_HANG_MS);
        CHECK(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
        gt_until_processes(before);
        CHECK_EQ(gt_frames_accounted(), frames);
        CHECK_EQ(gt_wrong(area[0], PAGES, 1), 0);
    }
}

GT_MAIN(CASE(before_every_call_in_fork), CASE(after_every_call_in_fork), CASE(before_every_call_in_cow_faults),
        CASE(after_every_call_in_cow_faults), CASE(before_every_call_in_exit), CASE(after_every_call_in_exit),
        CASE(every_call_in_an_eager_fork), CASE(every_call_in_a_fork_with_shared_tables), CASE(every_call_while_tables_are_split),
        CASE(the_parent_dies_at_every_step_of_fork), CASE(at_random_instructions))
