/* SPDX-License-Identifier: MIT
 * Proves sbrk: growth is zero-filled and lazy, shrinking gives the frames back and forbids the range, and both leave
 * a relative that shares the pages copy-on-write alone, whoever shrinks first.
 */
#define GT_NAME "heap"
#include "gtest.h"
#include <sys/mman.h>

#define PAGES 100

static void growth_is_zero_and_lazy(void)
{
    long before = gt_frames_free();
    uint8_t *p = gt_pages(10000);
    REQUIRE(p != NULL);
    CHECK(before - gt_frames_free() < 8);
    for (int i = 0; i < 10000; i += 97)
        CHECK_EQ(p[i * PAGE_SIZE + 1234], 0);
    CHECK(before - gt_frames_free() < 64 + 104); /* first reads may share the zero page; tables for 40 MiB */
    for (int i = 0; i < 50; i++)
        p[i * PAGE_SIZE] = 1;
    gt_pages_free(10000);
}
static void shrinking_gives_frames_back(void)
{
    uint8_t *p = gt_pages(PAGES);
    REQUIRE(p != NULL);
    long before = gt_frames_free();
    gt_fill(p, PAGES, 1);
    CHECK(before - gt_frames_free() >= PAGES);
    gt_pages_free(PAGES);
    CHECK(gt_frames_free() >= before);
}
static void store(void *va) { *(volatile uint8_t *)va = 1; }
static void what_was_shrunk_away_is_gone(void)
{
    uint8_t *p = gt_pages(PAGES);
    REQUIRE(p != NULL);
    gt_fill(p, PAGES, 2);
    gt_pages_free(PAGES - 10);
    CHECK_EQ(gt_wrong(p, 10, 2), 0);
    gt_expect_signal(gt_child(store, p + 50 * PAGE_SIZE), SIGSEGV);
    gt_pages_free(10);
}
static void regrown_memory_is_zero(void)
{
    for (int round = 0; round < 3; round++) {
        uint8_t *p = gt_pages(PAGES);
        REQUIRE(p != NULL);
        for (size_t i = 0; i < PAGES * PAGE_SIZE; i += 64)
            CHECK_EQ(p[i], 0);
        memset(p, 0xa5, PAGES * PAGE_SIZE);
        gt_pages_free(PAGES);
    }
}

static void child_shrinks(void *p)
{
    CHECK_EQ(gt_wrong(p, PAGES, 3), 0);
    gt_pages_free(PAGES / 2);
    CHECK_EQ(gt_wrong(p, PAGES / 2, 3), 0);
    uint8_t *again = gt_pages(PAGES / 2);
    CHECK_EQ(again, (uint8_t *)p + PAGES / 2 * PAGE_SIZE);
    for (size_t i = 0; i < PAGES / 2; i++)
        CHECK_EQ(again[i * PAGE_SIZE], 0);
    gt_fill(p, PAGES, 4);
}
static void shrinking_in_the_child_leaves_the_parent(void)
{
    uint8_t *p = gt_pages(PAGES);
    REQUIRE(p != NULL);
    gt_fill(p, PAGES, 3);
    RUN_CHILD(child_shrinks, p);
    CHECK_EQ(gt_wrong(p, PAGES, 3), 0);
    gt_pages_free(PAGES);
}

static void child_keeps(void *p)
{
    GT_SHARED->word[0] = 1;
    gt_await(1, 1);
    CHECK_EQ(gt_wrong(p, PAGES, 5), 0);
    gt_fill(p, PAGES, 6); /* the only holder now: upgrades */
    CHECK_EQ(gt_wrong(p, PAGES, 6), 0);
}
static void shrinking_in_the_parent_leaves_the_child(void)
{
    REQUIRE(gt_shared_open() == OK);
    uint8_t *p = gt_pages(PAGES);
    REQUIRE(p != NULL);
    gt_fill(p, PAGES, 5);
    pid_t pid = gt_child(child_keeps, p);
    gt_await(0, 1);
    gt_pages_free(PAGES);
    uint8_t *q = gt_pages(PAGES); /* and new frames there must not be the child's */
    gt_fill(q, PAGES, 7);
    GT_SHARED->word[1] = 1;
    gt_expect_exit(pid, 0);
    CHECK_EQ(gt_wrong(q, PAGES, 7), 0);
    gt_pages_free(PAGES);
    gt_shared_close();
}

/* The parent moves its break up and down while its children's dead spaces are being torn down. */
static void die_with_pages(void *p) { gt_fill(p, PAGES, 8); }
static void mappings_change_while_a_zombie_is_torn_down(void)
{
    uint8_t *p = gt_pages(PAGES);
    REQUIRE(p != NULL);
    gt_fill(p, PAGES, 9);
    for (int round = 0; round < 40; round++) {
        pid_t pid = gt_child(die_with_pages, p);
        for (int i = 0; i < 6; i++) { /* not waited for: the child dies under this */
            gt_pages_free(PAGES / 2);
            uint8_t *q = gt_pages(PAGES / 2);
            CHECK_EQ(q[PAGE_SIZE * (size_t)(i + 1)], 0);
            gt_fill(q, (size_t)i + 2, 10);
            CHECK_EQ(gt_wrong(q, (size_t)i + 2, 10), 0);
            sys_yield();
        }
        gt_expect_exit(pid, 0);
        CHECK_EQ(gt_wrong(p, PAGES / 2, 9), 0);
    }
    gt_pages_free(PAGES);
}
static void impossible_breaks_are_refused(void)
{
    void *now = sbrk(0);
    CHECK(sbrk((ptrdiff_t)1 << 45) == (void *)-1);
    CHECK(sbrk(PTRDIFF_MIN / 2) == (void *)-1);
    CHECK(sbrk((ptrdiff_t)0x3fffffff00) == (void *)-1); /* beyond user space */
    CHECK(sbrk(0) == now);
    uintptr_t above = ((uintptr_t)now + (16u << 20)) & ~(uintptr_t)PAGE_MASK;
    void *there = mmap((void *)above, PAGE_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(there == (void *)above);
    CHECK(sbrk(32 << 20) == (void *)-1); /* into what lies above it */
    CHECK(sbrk(0) == now);
    CHECK_EQ(munmap(there, PAGE_SIZE), 0);
}

GT_MAIN(CASE(growth_is_zero_and_lazy), CASE(shrinking_gives_frames_back), CASE(what_was_shrunk_away_is_gone),
        CASE(regrown_memory_is_zero), CASE(shrinking_in_the_child_leaves_the_parent),
        CASE(shrinking_in_the_parent_leaves_the_child), CASE(mappings_change_while_a_zombie_is_torn_down),
        CASE(impossible_breaks_are_refused))
