/* SPDX-License-Identifier: MIT
 * Proves where procmgr puts new threads: on the hart that has the fewest of programs, so that children that stay spread evenly,
 * fill up where others have ended, and do so after procmgr was killed, which counts anew what is there.
 * SMP: 2
 */
#define GT_NAME "smpplace"
#include "gtest.h"

#include <pagoda/thread.h>

#define FIRST 2u  /* children for each hart, which even out what was there before */
#define SECOND 4u /* more for each, which are counted */
#define CHILDREN_MAX ((FIRST + 2 * SECOND) * 8u)

static pid_t pid[CHILDREN_MAX];
static unsigned children;

/* Tells its hart, and stays. */
static void stays(void *slot)
{
    GT_SHARED->word[(uintptr_t)slot] = thread_hart() + 1u;
    for (;;) /* forever: until it is killed */
        gt_sleep_us(1000000);
}
/* So many more children; how many of them came to each hart. */
static void spread(unsigned n, unsigned on[8])
{
    memset(on, 0, 8 * sizeof(on[0]));
    for (unsigned i = 0; i < n && !gt_failed; i++) {
        unsigned slot = children++;
        pid[slot] = gt_child(stays, (void *)(uintptr_t)slot);
        if (pid[slot] > 0 && gt_await(slot, 1))
            on[(GT_SHARED->word[slot] - 1) % 8]++;
    }
}
static void check_even(const unsigned on[8], unsigned each)
{
    for (unsigned h = 0; h < thread_harts(); h++)
        if (on[h] + 1 < each || on[h] > each + 1) {
            gt_fail("as many on each hart", __FILE__, __LINE__);
            printf("  hart %u got %u, not %u\n", h, on[h], each);
        }
}
static void end(unsigned slot)
{
    CHECK_EQ(kill(pid[slot], SIGKILL), 0);
    gt_expect_signal(pid[slot], SIGKILL);
    GT_SHARED->word[slot] = 0;
    pid[slot] = 0;
}
/* All that are on one hart end; how many. */
static unsigned empty(unsigned hart)
{
    unsigned gone = 0;
    for (unsigned i = 0; i < children; i++)
        if (pid[i] > 0 && GT_SHARED->word[i] == hart + 1) {
            end(i);
            gone++;
        }
    return gone;
}
static void kill_procmgr(void)
{
    struct ipc_msg m = {.w = {PROC_DEBUG, PROC_DEBUG_DIE_BEFORE, 1}};
    err_t e = ipc_call(H_PROC, &m); /* once: it may die of it */
    CHECK(e == OK || e == ERR_PEER_DEAD);
    CHECK(gt_processes() > 0); /* again, until it is back */
}

static void place_children(bool killed)
{
    unsigned on[8], harts = thread_harts();
    children = 0;
    REQUIRE(harts > 1 && harts <= 8 && gt_shared_open() == OK);
    spread(FIRST * harts, on);
    spread(SECOND * harts, on);
    check_even(on, SECOND);
    unsigned gone = empty(harts - 1);
    CHECK(gone >= SECOND);
    if (killed)
        kill_procmgr();
    spread(gone, on);
    CHECK(on[harts - 1] + 1 >= gone); /* all to where there is room */
    for (unsigned i = 0; i < children; i++)
        if (pid[i] > 0)
            end(i);
    gt_shared_close();
}
static void children_spread_over_the_harts(void) { place_children(false); }
static void they_do_after_procmgr_was_killed(void) { place_children(true); }

GT_MAIN(CASE(children_spread_over_the_harts), CASE(they_do_after_procmgr_was_killed))
