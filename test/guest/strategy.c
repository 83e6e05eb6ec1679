/* SPDX-License-Identifier: MIT
 * Proves that the fork strategy can be changed while the system runs and programs can't tell: the same family of
 * processes computes the same contents with eager, with COW, with shared tables, and with a change in between.
 */
#define GT_NAME "strategy"
#include "gtest.h"

#define PAGES 150 /* enough for a leaf table to be shared */
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
static void all_of_them_and_a_change_give_the_same_contents(void)
{
    uint64_t old = gt_strategy(0), h[7][5];
    REQUIRE(gt_shared_open() == OK);
    run(FORK_COW, FORK_COW, h[0]);
    run(FORK_EAGER, FORK_EAGER, h[1]);
    run(FORK_COW, FORK_EAGER, h[2]);
    run(FORK_EAGER, FORK_COW, h[3]);
    run(FORK_TABLES, FORK_TABLES, h[4]);
    run(FORK_TABLES, FORK_EAGER, h[5]);
    run(FORK_COW, FORK_TABLES, h[6]);
    for (int i = 1; i < 7; i++)
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
#define BIG 0x300000000UL
/* A child that only reads has its parent's table to the end; one that stores takes one of its own, and then a page. */
static void reads_all(void *unused)
{
    (void)unused;
    uint64_t split = gt_stat(PAGER_STAT_TABLES, 0).v[2];
    for (vaddr_t va = BIG; va < BIG + 3 * CHUNK_SIZE; va += PAGE_SIZE)
        CHECK(*(volatile uint8_t *)va == 7);
    CHECK_EQ(gt_stat(PAGER_STAT_TABLES, 0).v[2] - split, 0);
}
static void stores_once(void *at)
{
    uint64_t split = gt_stat(PAGER_STAT_TABLES, 0).v[2], copies = gt_stat(PAGER_STAT_FAULTS, 0).v[1];
    *(volatile uint8_t *)at += 1;
    CHECK_EQ(gt_stat(PAGER_STAT_TABLES, 0).v[2] - split, 1);
    CHECK_EQ(gt_stat(PAGER_STAT_FAULTS, 0).v[1] - copies, 1);
}
static void a_table_is_split_at_the_first_store(void)
{
    uint64_t old = gt_strategy_set(FORK_TABLES);
    struct ipc_msg m = {.w = {PAGER_REGION_ADD, 0, BIG, BIG + 3 * CHUNK_SIZE, PROT_R | PROT_W, BACKING_ANON}};
    REQUIRE(pager_call(H_PAGER, &m) == OK);
    for (vaddr_t va = BIG; va < BIG + 3 * CHUNK_SIZE; va += PAGE_SIZE)
        *(volatile uint8_t *)va = 7;
    struct gt_stat a = gt_stat(PAGER_STAT_TABLES, 0);
    RUN_CHILD(reads_all, NULL);
    RUN_CHILD(stores_once, (void *)(BIG + CHUNK_SIZE + 5 * PAGE_SIZE));
    struct gt_stat b = gt_stat(PAGER_STAT_TABLES, 0);
    CHECK(b.v[1] - a.v[1] >= 6);
    CHECK_EQ(b.v[3], 0); /* nobody has one any more */
    for (vaddr_t va = BIG; va < BIG + 3 * CHUNK_SIZE; va += PAGE_SIZE)
        CHECK(*(volatile uint8_t *)va == 7);
    m = (struct ipc_msg){.w = {PAGER_REGION_REMOVE, 0, BIG, BIG + 3 * CHUNK_SIZE}};
    CHECK_EQ(pager_call(H_PAGER, &m), OK);
    gt_strategy(old);
}
/* munmap of a part, of the whole, and mprotect, by the child; the parent keeps all. */
static void changes_regions(void *unused)
{
    (void)unused;
    struct ipc_msg part = {.w = {PAGER_REGION_REMOVE, 0, BIG + 16 * PAGE_SIZE, BIG + 32 * PAGE_SIZE}};
    struct ipc_msg whole = {.w = {PAGER_REGION_REMOVE, 0, BIG + CHUNK_SIZE, BIG + 2 * CHUNK_SIZE}};
    struct ipc_msg narrow = {.w = {PAGER_REGION_PROTECT, 0, BIG + 2 * CHUNK_SIZE, BIG + 3 * CHUNK_SIZE, PROT_R}};
    uint64_t split = gt_stat(PAGER_STAT_TABLES, 0).v[2];
    CHECK_EQ(pager_call(H_PAGER, &whole), OK);
    CHECK_EQ(gt_stat(PAGER_STAT_TABLES, 0).v[2] - split, 0); /* it is let go as it is */
    CHECK_EQ(pager_call(H_PAGER, &part), OK);
    CHECK_EQ(pager_call(H_PAGER, &narrow), OK);
    CHECK_EQ(gt_stat(PAGER_STAT_TABLES, 0).v[2] - split, 2);
    CHECK_EQ(gt_vmcheck(), 0);
    *(volatile uint8_t *)BIG = 9;
    CHECK(*(volatile uint8_t *)(BIG + 2 * CHUNK_SIZE) == 7);
}
static void a_childs_regions_change_without_its_parent(void)
{
    uint64_t old = gt_strategy_set(FORK_TABLES);
    struct ipc_msg m = {.w = {PAGER_REGION_ADD, 0, BIG, BIG + 3 * CHUNK_SIZE, PROT_R | PROT_W, BACKING_ANON}};
    REQUIRE(pager_call(H_PAGER, &m) == OK);
    for (vaddr_t va = BIG; va < BIG + 3 * CHUNK_SIZE; va += PAGE_SIZE)
        *(volatile uint8_t *)va = 7;
    RUN_CHILD(changes_regions, NULL);
    for (vaddr_t va = BIG; va < BIG + 3 * CHUNK_SIZE; va += PAGE_SIZE)
        CHECK((*(volatile uint8_t *)va += 1) == 8);
    m = (struct ipc_msg){.w = {PAGER_REGION_REMOVE, 0, BIG, BIG + 3 * CHUNK_SIZE}};
    CHECK_EQ(pager_call(H_PAGER, &m), OK);
    gt_strategy(old);
}
static void unknown_strategies_are_refused(void)
{
    uint64_t now = gt_strategy(0);
    static const uint64_t bad[] = {4, 99, ~0UL};
    for (unsigned i = 0; i < 3; i++) {
        struct ipc_msg m = {.w = {PAGER_STRATEGY, bad[i]}};
        CHECK_EQ(ipc_call(H_PAGER, &m), ERR_INVAL);
    }
    CHECK_EQ(gt_strategy(0), now);
}

GT_MAIN(CASE(all_of_them_and_a_change_give_the_same_contents), CASE(the_counters_tell_which_one_ran),
        CASE(a_table_is_split_at_the_first_store), CASE(a_childs_regions_change_without_its_parent),
        CASE(unknown_strategies_are_refused))
