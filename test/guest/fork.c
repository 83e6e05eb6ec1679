/* SPDX-License-Identifier: MIT
 * Proves that fork copies memory as POSIX says, whatever is shared underneath: writes stay private in both directions,
 * again after re-forking, with 300 forks, with two thirds of memory, and when three share a quarter each.
 */
#define GT_NAME "fork"
#include "gtest.h"

#define PAGES 64
static uint8_t area[PAGES][PAGE_SIZE] __attribute__((aligned(4096)));
static int initialised = 42;

static void child_writes(void *unused)
{
    (void)unused;
    CHECK_EQ(gt_wrong(area[0], PAGES, 1), 0);
    CHECK_EQ(initialised, 42);
    gt_fill(area[0], PAGES, 2);
    initialised = 43;
    CHECK_EQ(gt_wrong(area[0], PAGES, 2), 0);
}
static void a_childs_writes_are_its_own(void)
{
    gt_fill(area[0], PAGES, 1);
    RUN_CHILD(child_writes, NULL);
    CHECK_EQ(gt_wrong(area[0], PAGES, 1), 0);
    CHECK_EQ(initialised, 42);
}

static void child_looks_later(void *unused)
{
    (void)unused;
    GT_SHARED->word[0] = 1;
    gt_await(1, 1);
    CHECK_EQ(gt_wrong(area[0], PAGES, 3), 0);
}
static void a_parents_writes_do_not_reach_the_child(void)
{
    REQUIRE(gt_shared_open() == OK);
    gt_fill(area[0], PAGES, 3);
    pid_t pid = gt_child(child_looks_later, NULL);
    gt_await(0, 1);
    gt_fill(area[0], PAGES, 4);
    GT_SHARED->word[1] = 1;
    gt_expect_exit(pid, 0);
    CHECK_EQ(gt_wrong(area[0], PAGES, 4), 0);
    gt_shared_close();
}

static void returns_pid_and_zero(void)
{
    pid_t me = getpid();
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(getppid() == me && getpid() != me ? 7 : 8);
    CHECK(pid > 0 && pid != me);
    gt_expect_exit(pid, 7);
}

static void registers_and_stack_are_the_callers(void)
{
    volatile uint64_t on_stack[32];
    for (int i = 0; i < 32; i++)
        on_stack[i] = gt_mark(9, i);
    register uint64_t kept __asm__("s5") = 0x123456789abcdef0UL;
    __asm__ volatile("" : "+r"(kept));
    pid_t pid = fork();
    __asm__ volatile("" : "+r"(kept));
    if (pid == 0) {
        int bad = kept != 0x123456789abcdef0UL;
        for (int i = 0; i < 32; i++)
            bad += on_stack[i] != gt_mark(9, i);
        _exit(bad);
    }
    gt_expect_exit(pid, 0);
    CHECK(kept == 0x123456789abcdef0UL);
}

/* The pages really are shared until somebody writes (COW), and one write copies one page. */
static void count_copies(void *unused)
{
    (void)unused;
    long copies = (long)gt_stat(PAGER_STAT_FAULTS, 0).v[1];
    uint64_t before = gt_page_info(0, area[5]).frame;
    CHECK(gt_page_info(0, area[5]).refs >= 2);
    area[5][0]++;
    CHECK(gt_page_info(0, area[5]).frame != before);
    CHECK_EQ(gt_page_info(0, area[5]).refs, 1);
    CHECK(gt_page_info(0, area[6]).refs >= 2);
    CHECK((long)gt_stat(PAGER_STAT_FAULTS, 0).v[1] > copies);
}
static void a_write_copies_one_page(void)
{
    uint64_t old = gt_strategy_set(FORK_COW);
    gt_fill(area[0], PAGES, 5);
    uint64_t frame = gt_page_info(0, area[5]).frame;
    RUN_CHILD(count_copies, NULL);
    CHECK_EQ(gt_page_info(0, area[5]).frame, frame);
    area[5][0] = area[5][0]; /* the last holder writes in place */
    CHECK_EQ(gt_page_info(0, area[5]).frame, frame);
    CHECK_EQ(gt_wrong(area[0], PAGES, 5), 0);
    gt_strategy(old);
}
static void the_last_holder_upgrades_in_place(void)
{
    uint64_t old = gt_strategy_set(FORK_COW);
    gt_fill(area[0], PAGES, 6);
    RUN_CHILD(count_copies, NULL);
    uint64_t upgrades = gt_stat(PAGER_STAT_FAULTS, 0).v[2], copies = gt_stat(PAGER_STAT_FAULTS, 0).v[1];
    gt_fill(area[8], 8, 7);
    CHECK_EQ(gt_stat(PAGER_STAT_FAULTS, 0).v[2], upgrades + 8);
    CHECK_EQ(gt_stat(PAGER_STAT_FAULTS, 0).v[1], copies);
    gt_strategy(old);
}

/* A child that forks in turn, then all write. */
static void refork(void *depth)
{
    uintptr_t d = (uintptr_t)depth;
    CHECK_EQ(gt_wrong(area[0], PAGES, 10), 0);
    area[d][8] = (uint8_t)(d + 1);
    if (d < 2)
        RUN_CHILD(refork, (void *)(d + 1));
    for (uintptr_t i = 0; i < PAGES; i++)
        CHECK_EQ(area[i][8], i <= d ? i + 1 : 0);
}
static void three_hundred_forks_with_reforking_children(void)
{
    memset(area, 0, sizeof area);
    gt_fill(area[0], PAGES, 10);
    for (int i = 0; i < 100 && gt_failed == 0; i++) /* 3 forks each */
        RUN_CHILD(refork, (void *)0);
    CHECK_EQ(gt_wrong(area[0], PAGES, 10), 0);
    for (int i = 0; i < PAGES; i++)
        CHECK_EQ(area[i][8], 0);
}

/* ---- big memory ---- */
static void touch_end(void *p)
{
    uint8_t **big = p;
    CHECK_EQ(*(uint64_t *)*big, gt_mark(20, 0));
    *(uint64_t *)*big = 1;
}
static void two_thirds_of_memory_twice(void)
{
    uint64_t old = gt_strategy_set(FORK_COW);
    size_t pages = (size_t)gt_frames_free_user() * 2 / 3;
    uint8_t *big = gt_pages(pages);
    REQUIRE(big != NULL);
    for (int round = 0; round < 2; round++) {
        gt_fill(big, pages, 20);
        RUN_CHILD(touch_end, &big);
        CHECK_EQ(gt_wrong(big, pages, 20), 0);
    }
    gt_pages_free(pages);
    gt_strategy(old);
}

struct slice {
    uint8_t *big;
    size_t pages;
    uint64_t who;
};
static void write_a_quarter(void *p)
{
    struct slice *s = p;
    size_t quarter = s->pages / 4;
    gt_fill(s->big + s->who * quarter * PAGE_SIZE, quarter, 40 + s->who);
    gt_barrier(3);
    for (uint64_t i = 0; i < 4; i++) {
        const uint8_t *from = s->big + i * quarter * PAGE_SIZE;
        if (i == s->who)
            CHECK_EQ(gt_wrong(from, quarter, 40 + i), 0);
        else
            CHECK_EQ(*(const uint64_t *)(from + PAGE_SIZE), gt_mark(30, i * quarter + 1));
    }
}
/* Shared: half of memory; three children write a quarter of it each: 3/8 of memory in copies beside it. */
static void three_processes_write_a_quarter_three_times(void)
{
    uint64_t old = gt_strategy_set(FORK_COW);
    REQUIRE(gt_shared_open() == OK);
    size_t pages = ((size_t)gt_frames_free_user() / 2) & ~3UL;
    uint8_t *big = gt_pages(pages);
    REQUIRE(big != NULL);
    gt_fill(big, pages, 30);
    for (int round = 0; round < 3; round++) {
        pid_t pid[3];
        struct slice s[3];
        for (uint64_t i = 0; i < 3; i++) {
            s[i] = (struct slice){big, pages, i};
            pid[i] = gt_child(write_a_quarter, &s[i]);
        }
        for (int i = 0; i < 3; i++)
            gt_expect_exit(pid[i], 0);
        CHECK_EQ(gt_wrong(big, pages, 30), 0);
    }
    gt_pages_free(pages);
    gt_shared_close();
    gt_strategy(old);
}

/* Text stays one frame for all; a region made shared is seen by both. */
static void look_at_text(void *unused)
{
    (void)unused;
    CHECK(gt_page_info(0, (void *)look_at_text).refs >= 3); /* parent, child, the image's own hold */
    GT_SHARED->word[3] = 77;
}
static void text_and_shared_regions_stay_shared(void)
{
    REQUIRE(gt_shared_open() == OK);
    RUN_CHILD(look_at_text, NULL);
    CHECK_EQ(GT_SHARED->word[3], 77);
    gt_shared_close();
}

GT_MAIN(CASE(returns_pid_and_zero), CASE(registers_and_stack_are_the_callers), CASE(a_childs_writes_are_its_own),
        CASE(a_parents_writes_do_not_reach_the_child), CASE(a_write_copies_one_page),
        CASE(the_last_holder_upgrades_in_place), CASE(three_hundred_forks_with_reforking_children),
        CASE(two_thirds_of_memory_twice), CASE(three_processes_write_a_quarter_three_times),
        CASE(text_and_shared_regions_stay_shared))
