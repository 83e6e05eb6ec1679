/* SPDX-License-Identifier: MIT
 * Proves the region requests: ten thousand regions stay fast and fork, permissions narrow and widen, pinned and shared
 * regions do what they say, and what is wrong or somebody else's is refused and changes nothing.
 */
#define GT_NAME "regions"
#include "gtest.h"

#define BASE 0x400000000UL
#define MANY 10000u

static err_t add(uint64_t start, uint64_t pages, uint64_t prot_flags)
{
    struct ipc_msg m = {.w = {PAGER_REGION_ADD, 0, start, start + pages * PAGE_SIZE, prot_flags, BACKING_ANON}};
    return pager_call(H_PAGER, &m);
}
static err_t drop(uint64_t start, uint64_t pages)
{
    struct ipc_msg m = {.w = {PAGER_REGION_REMOVE, 0, start, start + pages * PAGE_SIZE}};
    return pager_call(H_PAGER, &m);
}
static err_t protect(uint64_t start, uint64_t pages, uint64_t prot)
{
    struct ipc_msg m = {.w = {PAGER_REGION_PROTECT, 0, start, start + pages * PAGE_SIZE, prot}};
    return pager_call(H_PAGER, &m);
}
static volatile uint64_t *word(uint64_t page) { return (volatile uint64_t *)(BASE + page * PAGE_SIZE); }
static void stores(void *va) { *(volatile uint64_t *)va = 1; }

/* ---- many ---- */
static void child_of_many(void *unused)
{
    (void)unused;
    size_t bad = 0;
    for (uint64_t i = 0; i < MANY; i += 7)
        bad += *word(2 * i) != i + 1;
    CHECK_EQ(bad, 0);
    for (uint64_t i = 0; i < MANY; i += 14)
        *word(2 * i) = 0;
}
/* Instructions of n additions from the i-th region on. */
static uint64_t cost_of(uint64_t i, uint64_t n)
{
    uint64_t before = sys_instret();
    for (uint64_t end = i + n; i < end; i++)
        if (add(BASE + 2 * i * PAGE_SIZE, 1, PROT_R | PROT_W) != OK)
            gt_fail("REGION_ADD", __FILE__, __LINE__);
    return sys_instret() - before;
}
static void ten_thousand_stay_fast(void)
{
    uint64_t few = cost_of(0, 100);
    (void)cost_of(100, MANY - 200);
    uint64_t many = cost_of(MANY - 100, 100);
    CHECK_SOON(many < 2 * few);
    printf("  an addition takes %lu instructions at first, %lu with ten thousand there\n", (unsigned long)few / 100,
           (unsigned long)many / 100);
    for (uint64_t i = 0; i < MANY; i += 7)
        *word(2 * i) = i + 1;
    RUN_CHILD(child_of_many, NULL);
    for (uint64_t i = 0; i < MANY; i += 7)
        if (*word(2 * i) != i + 1)
            return gt_fail("the parent's pages are as they were", __FILE__, __LINE__);
    gt_expect_signal(gt_child(stores, (void *)word(1)), SIGSEGV); /* between two regions */
    for (uint64_t i = 0; i < MANY; i++)
        CHECK_EQ(drop(BASE + 2 * i * PAGE_SIZE, 1), OK);
}

/* ---- permissions ---- */
static void permissions_narrow_and_widen(void)
{
    REQUIRE(add(BASE, 8, PROT_R | PROT_W) == OK);
    for (uint64_t i = 0; i < 8; i++)
        *word(i) = i + 1;
    CHECK_EQ(protect(BASE + 2 * PAGE_SIZE, 3, PROT_R), OK);
    for (uint64_t i = 0; i < 8; i++)
        CHECK_EQ(*word(i), i + 1);
    *word(1) = 20;
    *word(5) = 50;
    gt_expect_signal(gt_child(stores, (void *)word(2)), SIGSEGV);
    gt_expect_signal(gt_child(stores, (void *)word(4)), SIGSEGV);
    CHECK_EQ(protect(BASE, 8, PROT_R | PROT_W), OK);
    *word(2) = 30;
    CHECK_EQ(*word(2), 30);
    CHECK_EQ(*word(3), 4);
    CHECK_EQ(drop(BASE + 3 * PAGE_SIZE, 2), OK);
    gt_expect_signal(gt_child(stores, (void *)word(3)), SIGSEGV);
    CHECK_EQ(protect(BASE, 8, PROT_R), ERR_NOENT); /* there is a hole now */
    *word(0) = 9;                                  /* and nothing was changed */
    CHECK_EQ(drop(BASE, 8), OK);
    CHECK_EQ(drop(BASE, 8), OK); /* idempotent */
}
static void reads_before_a_store(void *va)
{
    CHECK_EQ(*(volatile uint64_t *)va, 7);
    CHECK_EQ(protect((uint64_t)va, 1, PROT_R | PROT_W), OK);
    *(volatile uint64_t *)va = 8;
}
static void widening_a_shared_page_copies_it(void)
{
    REQUIRE(add(BASE, 1, PROT_R | PROT_W) == OK);
    *word(0) = 7;
    CHECK_EQ(protect(BASE, 1, PROT_R), OK);
    RUN_CHILD(reads_before_a_store, (void *)word(0));
    CHECK_EQ(*word(0), 7);
    CHECK_EQ(drop(BASE, 1), OK);
}

/* ---- pinned and shared ---- */
static void child_of_special(void *unused)
{
    (void)unused;
    uint64_t faults = gt_stat(PAGER_STAT_SPACE, 0).v[6];
    *word(0) = 100;  /* pinned: its own copy, writable already */
    *word(64) = 200; /* shared: the parent's */
    CHECK_EQ(gt_stat(PAGER_STAT_SPACE, 0).v[6], faults);
    *word(100) = 300; /* nobody touched it yet */
}
static void pinned_is_copied_and_shared_is_shared(void)
{
    REQUIRE(add(BASE, 40, PROT_R | PROT_W | REGION_PINNED << 8) == OK);
    REQUIRE(add(BASE + 64 * PAGE_SIZE, 40, PROT_R | PROT_W | REGION_SHARED << 8) == OK);
    uint64_t faults = gt_stat(PAGER_STAT_SPACE, 0).v[6];
    for (uint64_t i = 0; i < 40; i++)
        *word(i) = i;
    CHECK_EQ(gt_stat(PAGER_STAT_SPACE, 0).v[6], faults);
    for (uint64_t i = 0; i < 30; i++)
        *word(64 + i) = i;
    CHECK_EQ(gt_stat(PAGER_STAT_SPACE, 0).v[6], faults + 30);
    RUN_CHILD(child_of_special, NULL);
    CHECK_EQ(*word(0), 0);
    CHECK_EQ(*word(64), 200);
    CHECK_EQ(*word(100), 300);
    CHECK_EQ(drop(BASE, 104), OK);
}
static void pinning_more_than_there_is_fails_cleanly(void)
{
    long before = gt_frames_free();
    CHECK_EQ(add(BASE, (uint64_t)before + 10, PROT_R | PROT_W | REGION_PINNED << 8), ERR_NOMEM);
    CHECK_EQ(gt_frames_free(), before);
    gt_expect_signal(gt_child(stores, (void *)word(0)), SIGSEGV);
}

/* ---- refused ---- */
static void what_is_wrong_is_refused(void)
{
    const uint64_t rw = PROT_R | PROT_W;
    REQUIRE(add(BASE, 4, rw) == OK);
    CHECK_EQ(add(BASE, 4, rw), OK); /* the same again */
    CHECK_EQ(add(BASE, 5, rw), ERR_EXIST);
    CHECK_EQ(add(BASE + 3 * PAGE_SIZE, 4, rw), ERR_EXIST);
    CHECK_EQ(add(BASE + 4 * PAGE_SIZE, 1, PROT_R | PROT_W | PROT_X), ERR_INVAL);
    CHECK_EQ(add(BASE + 4 * PAGE_SIZE, 1, PROT_W), ERR_INVAL);
    CHECK_EQ(add(BASE + 4 * PAGE_SIZE + 8, 1, rw), ERR_INVAL);
    CHECK_EQ(add(BASE + 4 * PAGE_SIZE, 0, rw), ERR_INVAL);
    CHECK_EQ(add(WINDOW_BASE, 1, rw), ERR_INVAL);
    CHECK_EQ(add(USER_VA_END - PAGE_SIZE, 1, rw), ERR_INVAL);
    CHECK_EQ(add(USER_VA_END, 1, rw), ERR_INVAL);
    CHECK_EQ(protect(BASE, 4, PROT_W | PROT_X | PROT_R), ERR_INVAL);
    struct ipc_msg device = {.w = {PAGER_REGION_ADD, 0, BASE + 8 * PAGE_SIZE, BASE + 9 * PAGE_SIZE, rw, BACKING_DEVICE}};
    CHECK_EQ(pager_call(H_PAGER, &device), ERR_INVAL);
    struct ipc_msg map = {.w = {PAGER_DEVICE_MAP, 0, BASE + 8 * PAGE_SIZE, 0x10000000}};
    CHECK_EQ(pager_call(H_PAGER, &map), ERR_PERM);
    struct ipc_msg image = {.w = {PAGER_REGION_ADD, 0, BASE + 8 * PAGE_SIZE, BASE + 9 * PAGE_SIZE, PROT_R, BACKING_IMAGE | 600 << 8, 0, 1}};
    CHECK_EQ(pager_call(H_PAGER, &image), ERR_NOENT);
    *word(3) = 1;
    CHECK_EQ(drop(BASE, 4), OK);
}
static void nobody_changes_another_space(void)
{
    for (uint64_t key = 1; key < 4; key++) { /* the shell and its like */
        struct ipc_msg find = {.w = {PAGER_SPACE_FIND, key}};
        if (pager_call(H_PAGER, &find) != OK || key == (uint64_t)getpid())
            continue;
        struct ipc_msg m = {.w = {PAGER_REGION_ADD, find.w[1], BASE, BASE + PAGE_SIZE, PROT_R, BACKING_ANON}};
        CHECK_EQ(pager_call(H_PAGER, &m), ERR_PERM);
        m = (struct ipc_msg){.w = {PAGER_REGION_REMOVE, find.w[1], 0x10000, 0x20000}};
        CHECK_EQ(pager_call(H_PAGER, &m), ERR_PERM);
        m = (struct ipc_msg){.w = {PAGER_REGION_PROTECT, find.w[1], 0x10000, 0x11000, PROT_R}};
        CHECK_EQ(pager_call(H_PAGER, &m), ERR_PERM);
        m = (struct ipc_msg){.w = {PAGER_SPACE_CLEAR, find.w[1], 77}};
        CHECK_EQ(pager_call(H_PAGER, &m), ERR_PERM);
    }
}

GT_MAIN(CASE(ten_thousand_stay_fast), CASE(permissions_narrow_and_widen), CASE(widening_a_shared_page_copies_it),
        CASE(pinned_is_copied_and_shared_is_shared), CASE(pinning_more_than_there_is_fails_cleanly),
        CASE(what_is_wrong_is_refused), CASE(nobody_changes_another_space))
