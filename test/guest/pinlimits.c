/* SPDX-License-Identifier: MIT
 * Proves that pinned memory harms nobody but its owner: a pinned process that wants more than three quarters of the frames ends, alone;
 * a region, a fork or a limit that would take more is refused; and pages that a child pinned can leave again when it has ended.
 *
 * ARGS: frames=64 store=512
 * TIMEOUT: 120
 */
#define GT_NAME "pinlimits"
#include "gstore.h"
#include "gwaits.h"

#include <sys/mman.h>

#define MOST (GS_FRAMES - GS_FRAMES / 4)
#define PAGES 100u
#define AREA_VA 0x800000000UL

static uint64_t pinned(void) { return gt_stat(PAGER_STAT_FRAMES, 0).v[3]; }
static err_t pinned_region(unsigned op, unsigned pages)
{
    struct ipc_msg m = {.w = {op, 0, AREA_VA, AREA_VA + pages * PAGE_SIZE, PROT_R | PROT_W | REGION_PINNED << 8, BACKING_ANON}};
    return pager_call(H_PAGER, &m);
}

/* ---- beside a stranger ---- */

static void touches_too_much(void *beside)
{
    struct gs_beside *b = beside;
    uint8_t *p = gt_pages(PAGES);
    CHECK_EQ(mlockall(MCL_CURRENT | MCL_FUTURE), 0);
    for (; b->pages < PAGES; b->pages++) {
        p[b->pages * PAGE_SIZE] = 1;
        if (b->pages % 8 == 7)
            gs_until_round(b);
    }
}
static void pins_too_much(void *beside)
{
    (void)gs_filled(PAGES, 3);
    CHECK_EQ(mlockall(MCL_CURRENT | MCL_FUTURE), -1);
    CHECK_EQ(errno, ENOMEM);
    CHECK_EQ(pinned_region(PAGER_REGION_ADD, MOST), ERR_NOMEM);
    gs_until_round(beside);
    CHECK_EQ(pinned_region(PAGER_REGION_ADD, MOST / 2), OK);
    gs_until_round(beside);
    CHECK_EQ(fork(), -1); /* the child's would be pinned, too */
    CHECK_EQ(errno, ENOMEM);
    CHECK_EQ(gs_limit(0, 16), ERR_NOMEM);
    CHECK_EQ(gs_limit(gt_own_space(), 16), ERR_NOMEM);
    gs_until_round(beside);
    CHECK_EQ(pinned_region(PAGER_REGION_REMOVE, MOST / 2), OK);
}
static void beside_a_stranger(void (*menace)(void *), int status)
{
    struct gs_beside *b = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(b != MAP_FAILED);
    b->stop = 0; /* it is there before anything is pinned, and is one of the pages that stay */
    pid_t other = gt_child(gs_faults_all_the_while, b);
    int got = gt_reap(gt_child(menace, b), GT_HANG_MS);
    CHECK_EQ(got, status);
    b->stop = 1;
    gt_expect_exit(other, 0);
    printf("  %u pages touched, %u rounds of the other one\n", b->pages, b->rounds);
    CHECK(menace != touches_too_much || (b->pages > GS_FRAMES / 4 && b->pages <= MOST));
    CHECK_EQ(munmap(b, PAGE_SIZE), 0);
    CHECK_EQ(gt_vmcheck(), 0);
}
static void a_pinned_process_that_wants_too_much_ends_alone(void) { beside_a_stranger(touches_too_much, SIGKILL); }
static void what_would_pin_too_much_is_refused(void) { beside_a_stranger(pins_too_much, 0); }

/* ---- pages of a family ---- */

static void locks_a_range(void *p)
{
    CHECK_EQ(mlock(p, 16 * PAGE_SIZE), 0);
    CHECK_EQ(gt_wrong(p, 16, 5), 0);
}
static void locks_all(void *p)
{
    CHECK_EQ(mlockall(MCL_CURRENT), 0);
    CHECK_EQ(gt_wrong(p, 16, 5), 0);
}
static void locks_and_is_killed(void *p)
{
    for (;;) { /* forever: until it is killed */
        (void)mlock(p, 16 * PAGE_SIZE);
        (void)munlock(p, 16 * PAGE_SIZE);
    }
}
static void what_a_child_pinned_can_leave_when_it_has_ended(void)
{
    uint64_t before = pinned(), seed = 11;
    uint8_t *p = gs_filled(16, 5);
    for (unsigned round = 0; round < 10 && gt_failed == 0; round++) {
        RUN_CHILD(locks_a_range, p);
        RUN_CHILD(locks_all, p);
        pid_t pid = gt_child(locks_and_is_killed, p);
        gt_sleep_us(gt_random(&seed) % 3000);
        CHECK_EQ(kill(pid, SIGKILL), 0);
        gt_expect_signal(pid, SIGKILL);
        CHECK_EQ(pinned(), before);
        CHECK_EQ(gt_wrong(p, 16, 5), 0);
    }
    (void)gt_pager_debug(PAGER_DEBUG_EVICT, GS_FRAMES);
    for (unsigned i = 0; i < 16; i++)
        CHECK_EQ(gt_page_info(gt_own_space(), p + i * PAGE_SIZE).pte & PTE_V, 0);
    CHECK_EQ(gt_wrong(p, 16, 5), 0);
    gt_pages_free(16);
}

GT_MAIN(CASE(a_pinned_process_that_wants_too_much_ends_alone), CASE(what_would_pin_too_much_is_refused),
        CASE(what_a_child_pinned_can_leave_when_it_has_ended))
