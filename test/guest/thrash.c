/* SPDX-License-Identifier: MIT
 * Proves that pages survive in the store: four times more pages than frames, all checksummed; shared copy-on-write, forked
 * again while they are in the store, written, and dropped; with the pager killed at every system call of an eviction and a
 * fault-in, and at random instructions.
 *
 * ARGS: frames=64 store=2048
 * TIMEOUT: 600
 */
#define GT_NAME "thrash"
#include "gpolicy.h"

#define FRAMES 64
#define PAGES (4 * FRAMES)
#define EVICTIONS 10000u

/* Each page says which it is and how often it was written, at both ends. */
struct page {
    volatile uint64_t mark, times, middle[508], sum, twin;
};
static struct page *area;
static uint32_t written[PAGES]; /* what `times` of a page should be */

static void page_write(unsigned i)
{
    struct page *p = &area[i];
    p->times = ++written[i];
    p->mark = p->twin = gt_mark(written[i], i);
    p->sum = ~p->mark;
}
static bool page_is_right(unsigned i)
{
    const struct page *p = &area[i];
    return p->times == written[i] && p->mark == gt_mark(written[i], i) && p->twin == p->mark && p->sum == ~p->mark;
}
static void area_make(void)
{
    area = (struct page *)gt_pages(PAGES);
    REQUIRE(area != NULL);
    memset(written, 0, sizeof written);
    for (unsigned i = 0; i < PAGES; i++)
        page_write(i);
}
static void area_check(void)
{
    unsigned wrong = 0;
    for (unsigned i = 0; i < PAGES; i++)
        wrong += !page_is_right(i);
    CHECK_EQ(wrong, 0);
}
static void area_drop(void) { gt_pages_free(PAGES); }

/* Look at a page at random; write every second one. */
static void work(uint64_t *seed, unsigned steps)
{
    for (unsigned n = 0; n < steps && gt_failed == 0; n++) {
        unsigned i = (unsigned)(gt_random(seed) % PAGES);
        CHECK(page_is_right(i));
        if (n & 1)
            page_write(i);
    }
}

static void four_times_more_pages_than_frames(void)
{
    uint64_t seed = 0x7a5e7a5e7a5eUL, before = gp_evictions();
    area_make();
    unsigned n = 0;
    for (; gp_evictions() - before < EVICTIONS && gt_failed == 0 && n < 100; n++)
        work(&seed, 1000);
    area_check();
    struct gt_stat e = gt_stat(PAGER_STAT_EVICT, 0), s = gt_stat(PAGER_STAT_STORE, 0), f = gt_stat(PAGER_STAT_FRAMES, 0);
    CHECK(e.v[1] - before >= EVICTIONS);
    CHECK(f.v[1] <= f.v[2]);
    printf("  %lu evictions, %lu of them clean; %lu written (%lu ahead), %lu read, %lu bad victims; %lu of %lu slots\n", e.v[1],
           e.v[2], e.v[3], e.v[5], e.v[4], e.v[6], s.v[1], s.v[2]);
    area_drop();
}

/* ---- relatives ---- */

static void grandchild(void *unused)
{
    uint64_t seed = 99;
    (void)unused;
    area_check();
    work(&seed, 200);
    area_check();
}
static void child(void *arg)
{
    uint64_t seed = 7 + (uintptr_t)arg;
    area_check();
    for (unsigned i = 0; i < PAGES; i += 3)
        page_write(i);
    RUN_CHILD(grandchild, NULL);
    work(&seed, 300);
    area_check();
}
static void two_children_and_theirs(void)
{
    pid_t a = gt_child(child, (void *)1), b = gt_child(child, (void *)2);
    for (unsigned i = 0; i < PAGES; i += 2)
        page_write(i);
    gt_expect_exit(a, 0);
    gt_expect_exit(b, 0);
    area_check();
    CHECK_EQ(gt_vmcheck(), 0);
}
static void forked_while_in_the_store_under_each_policy(void)
{
    char before[17];
    bool own;
    gp_get(0, before, &own);
    area_make();
    for (unsigned p = 0; p < GP_NAMES && gt_failed == 0; p++) {
        uint64_t was = gp_evictions();
        CHECK_EQ(gp_set(0, PAGER_POLICY_SET, gp_names[p]), OK);
        two_children_and_theirs();
        CHECK(gp_evictions() - was >= PAGES);
    }
    CHECK_EQ(gp_set(0, PAGER_POLICY_SET, before), OK);
    area_drop();
}
static void eager_fork_of_swapped_pages(void)
{
    uint64_t old = gt_strategy_set(FORK_EAGER);
    area_make();
    RUN_CHILD(child, (void *)5);
    area_check();
    area_drop();
    gt_strategy(old);
}
/* Nobody reads them again: their slots go with them. */
static void pages_that_end_in_the_store_leave_it(void)
{
    uint64_t before = gt_stat(PAGER_STAT_STORE, 0).v[1];
    area_make();
    pid_t pid = gt_child(grandchild, NULL);
    gt_expect_exit(pid, 0);
    uint64_t full = gt_stat(PAGER_STAT_STORE, 0).v[1];
    CHECK(full >= before + PAGES - FRAMES);
    area_drop();
    CHECK(gt_stat(PAGER_STAT_STORE, 0).v[1] < before + FRAMES);
}

/* ---- the pager dies ---- */

static uint64_t restarts(void) { return gt_pager_restarts(); }

/* Some that are in the store, some that are not; a child that shares them. */
static void move_pages(void)
{
    static unsigned at;
    for (unsigned n = 0; n < 6; n++, at = (at + 11) % PAGES) {
        CHECK(page_is_right(at));
        page_write(at);
    }
}
static void reader(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < PAGES; i += 40)
        CHECK(page_is_right(i));
    move_pages();
}
static void killed_at(uint64_t hook)
{
    unsigned k = 1, killed = 0;
    area_make();
    for (; k < 400 && gt_failed == 0; k++) {
        uint64_t r = restarts();
        gt_pager_arm(hook, k);
        move_pages();
        RUN_CHILD(reader, NULL);
        bool died = restarts() != r;
        killed += died;
        if (k % 16 == 0)
            CHECK_EQ(gt_vmcheck(), 0);
        if (!died) {
            gt_pager_debug(hook, 0);
            break;
        }
    }
    area_check();
    CHECK(killed > 40);
    printf("  killed at %u system calls\n", killed);
    area_drop();
}
static void killed_before_every_system_call(void) { killed_at(PAGER_DEBUG_DIE_SYSCALL); }
static void killed_after_every_system_call(void) { killed_at(PAGER_DEBUG_DIE_AFTER); }

static void killed_at_random_instructions(void)
{
    uint64_t kills = gt_count ? (uint64_t)gt_count : 100, seed = 0xdeadbeefcafeUL, start = restarts();
    area_make();
    for (uint64_t i = 0; i < kills && gt_failed == 0; i++) {
        struct ipc_msg m = {.w = {INIT_KILL_SERVER, SERVER_PAGER, sys_time() + 1 + gt_random(&seed) % 100000}};
        CHECK_EQ(ipc_call(H_INIT, &m), OK);
        for (int rounds = 0; rounds < 400 && restarts() == start + i; rounds++)
            work(&seed, 30);
        CHECK_EQ(restarts(), start + i + 1);
        if (i % 10 == 9)
            CHECK_EQ(gt_vmcheck(), 0);
    }
    area_check();
    area_drop();
}

GT_MAIN(CASE(four_times_more_pages_than_frames), CASE(forked_while_in_the_store_under_each_policy), CASE(eager_fork_of_swapped_pages),
        CASE(pages_that_end_in_the_store_leave_it), CASE(killed_before_every_system_call),
        CASE(killed_after_every_system_call), CASE(killed_at_random_instructions))
