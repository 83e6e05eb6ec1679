/* SPDX-License-Identifier: MIT
 * Proves that a fork that takes many steps (its pages lie under sixty leaf tables, so procmgr is told IN_PROGRESS) is all or
 * nothing under each strategy: the pager is killed at seeded random times while it runs, the fork succeeds nevertheless,
 * and parent and child see their own pages. vmcheck and the frame count after each case.
 *
 * TIMEOUT: 300
 */
#define GT_NAME "longfork"
#include "gtest.h"

#define BASE 0x400000000UL
#define TABLES 60u
#define TABLE_BYTES (512 * PAGE_SIZE)
#define FULL 140u /* pages, under every eighth table: enough for it to be shared as a whole */

static uint64_t seed = 0x10f0f0f0UL;

/* One page under each leaf table. */
static volatile uint64_t *word(uint64_t i)
{
    return (volatile uint64_t *)(BASE + i * TABLE_BYTES + (i * 37 % 512) * PAGE_SIZE);
}
static size_t wrong(uint64_t odd, uint64_t even)
{
    size_t n = 0;
    for (uint64_t i = 0; i < TABLES; i++)
        n += *word(i) != i + (i % 2 ? odd : even);
    return n;
}
static void child(void *unused)
{
    (void)unused;
    CHECK_EQ(wrong(1, 1), 0);
    for (uint64_t i = 0; i < TABLES; i += 2)
        *word(i) = i + 1000;
    CHECK_EQ(wrong(1, 1000), 0);
}
static void round_trip(void)
{
    RUN_CHILD(child, NULL);
    CHECK_EQ(wrong(1, 1), 0);
    *word(gt_random(&seed) % TABLES) += 0; /* upgrades or copies one of them */
}
static uint64_t restarts(void)
{
    struct ipc_msg m = {.w = {INIT_SERVER_INFO, SERVER_PAGER}};
    return ipc_call(H_INIT, &m) == OK ? m.w[2] : ~0UL;
}

static bool open_wide(void)
{
    struct ipc_msg m = {.w = {PAGER_REGION_ADD, 0, BASE, BASE + TABLES * TABLE_BYTES, PROT_R | PROT_W, BACKING_ANON}};
    if (pager_call(H_PAGER, &m) != OK)
        return false;
    for (uint64_t i = 0; i < TABLES; i += 8)
        for (uint64_t k = 0; k < FULL; k++)
            *(volatile uint8_t *)(BASE + i * TABLE_BYTES + k * PAGE_SIZE) = 1;
    for (uint64_t i = 0; i < TABLES; i++)
        *word(i) = i + 1;
    return true;
}
static void close_wide(void)
{
    struct ipc_msg m = {.w = {PAGER_REGION_REMOVE, 0, BASE, BASE + TABLES * TABLE_BYTES}};
    CHECK_EQ(pager_call(H_PAGER, &m), OK);
}

static void killed_while_it_runs(uint64_t strategy)
{
    uint64_t kills = gt_count ? (uint64_t)gt_count : 100, old = gt_strategy(strategy), start = restarts();
    REQUIRE(open_wide());
    round_trip();
    ticks_t begin = sys_time();
    round_trip();
    ticks_t round = sys_time() - begin;
    for (uint64_t i = 0; i < kills && gt_failed == 0; i++) {
        struct ipc_msg m = {.w = {INIT_KILL_SERVER, SERVER_PAGER, sys_time() + 1 + gt_random(&seed) % round}};
        CHECK_EQ(ipc_call(H_INIT, &m), OK);
        for (int rounds = 0; rounds < 50 && restarts() == start + i; rounds++)
            round_trip();
        CHECK_EQ(restarts(), start + i + 1);
        if (i % 20 == 19)
            CHECK_EQ(gt_vmcheck(), 0);
    }
    close_wide();
    gt_strategy(old);
}
static void a_long_cow_fork_survives_the_pager(void) { killed_while_it_runs(FORK_COW); }
static void a_long_eager_fork_survives_the_pager(void) { killed_while_it_runs(FORK_EAGER); }

static void a_long_fork_with_shared_tables_survives_the_pager(void) { killed_while_it_runs(FORK_TABLES); }

GT_MAIN(CASE(a_long_cow_fork_survives_the_pager), CASE(a_long_eager_fork_survives_the_pager),
        CASE(a_long_fork_with_shared_tables_survives_the_pager))
