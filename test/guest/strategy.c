/* SPDX-License-Identifier: MIT
 * Proves that the fork strategy can be changed while the system runs and programs can't tell: the same family of
 * processes computes the same contents with eager, with COW, and with a change in between.
 */
#define GT_NAME "strategy"
#include "gtest.h"

#define PAGES 20
static uint8_t area[PAGES][PAGE_SIZE] __attribute__((aligned(4096)));
#define FLAT ((volatile uint8_t *)area)

static uint64_t hash_area(void)
{
    uint64_t h = 14695981039346656037UL;
    for (size_t i = 0; i < sizeof area; i += 8)
        h = (h ^ *(volatile uint64_t *)(FLAT + i)) * 1099511628211UL;
    return h;
}
struct plan {
    uint64_t first, later; /* strategies */
    unsigned depth;
};
/* Each process writes some pages, forks, writes more; its hash goes to the shared page. */
static void family(void *arg)
{
    struct plan p = *(struct plan *)arg;
    uint64_t seed = 77 + p.depth;
    unsigned depth = p.depth;
    if (depth == 2)
        gt_strategy(p.later);
    for (int i = 0; i < 8; i++)
        area[gt_random(&seed) % PAGES][gt_random(&seed) % PAGE_SIZE] = (uint8_t)(depth + 1);
    p.depth--;
    pid_t pid = depth > 0 ? gt_child(family, &p) : 0;
    for (int i = 0; i < 8; i++)
        area[gt_random(&seed) % PAGES][gt_random(&seed) % PAGE_SIZE] = (uint8_t)(depth + 101);
    if (pid > 0)
        gt_expect_exit(pid, 0);
    GT_SHARED->word[depth] = hash_area();
}
static void run(uint64_t first, uint64_t later, uint64_t *hashes)
{
    struct plan p = {first, later, 4};
    memset(area, 0x5a, sizeof area);
    gt_strategy(first);
    RUN_CHILD(family, &p);
    for (int i = 0; i < 5; i++)
        hashes[i] = GT_SHARED->word[i];
    for (size_t i = 0; i < sizeof area; i++)
        if (FLAT[i] != 0x5a)
            return gt_fail("the first ancestor's memory is as it was", __FILE__, __LINE__);
}
static void eager_cow_and_a_change_give_the_same_contents(void)
{
    uint64_t old = gt_strategy(0), h[4][5];
    REQUIRE(gt_shared_open() == OK);
    run(FORK_COW, FORK_COW, h[0]);
    run(FORK_EAGER, FORK_EAGER, h[1]);
    run(FORK_COW, FORK_EAGER, h[2]);
    run(FORK_EAGER, FORK_COW, h[3]);
    for (int i = 1; i < 4; i++)
        for (int k = 0; k < 5; k++)
            CHECK(h[i][k] == h[0][k]);
    CHECK(h[0][0] != h[0][1]); /* the hashes tell states apart */
    gt_shared_close();
    gt_strategy(old);
}
static void nothing(void *unused) { (void)unused; }
static void the_counters_tell_which_one_ran(void)
{
    uint64_t old = gt_strategy_set(FORK_COW);
    gt_fill(area[0], PAGES, 1);
    struct gt_stat a = gt_stat(PAGER_STAT_FORKS, 0);
    RUN_CHILD(nothing, NULL);
    struct gt_stat b = gt_stat(PAGER_STAT_FORKS, 0);
    CHECK_EQ(b.v[1] - a.v[1], 1);
    CHECK(b.v[2] - a.v[2] >= PAGES);
    CHECK(b.v[3] - a.v[3] < PAGES);
    CHECK_EQ(gt_strategy(FORK_EAGER), FORK_EAGER);
    gt_fill(area[0], PAGES, 2);
    a = gt_stat(PAGER_STAT_FORKS, 0);
    RUN_CHILD(nothing, NULL);
    b = gt_stat(PAGER_STAT_FORKS, 0);
    CHECK(b.v[3] - a.v[3] >= PAGES);
    gt_strategy(old);
}
static void unknown_strategies_are_refused(void)
{
    uint64_t now = gt_strategy(0);
    static const uint64_t bad[] = {3, 99, ~0UL};
    for (unsigned i = 0; i < 3; i++) {
        struct ipc_msg m = {.w = {PAGER_STRATEGY, bad[i]}};
        CHECK_EQ(ipc_call(H_PAGER, &m), ERR_INVAL);
    }
    CHECK_EQ(gt_strategy(0), now);
}

GT_MAIN(CASE(eager_cow_and_a_change_give_the_same_contents), CASE(the_counters_tell_which_one_ran),
        CASE(unknown_strategies_are_refused))
