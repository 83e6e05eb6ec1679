/* SPDX-License-Identifier: MIT
 * Proves that pinned pages stay while others leave: locked ones, all of a process, and of a program that was spawned pinned; they
 * are copied at fork, and no death of the pager while it locks loses one.
 *
 * ARGS: frames=64 store=512
 * TIMEOUT: 300
 */
#define GT_NAME "pins"
#include "gstore.h"
#include "gwaits.h"

#include <pagoda/spawn.h>
#include <pagoda/system.h>
#include <sys/mman.h>

static void pinned_child(void *arg)
{
    uint8_t *p = arg;
    CHECK_EQ(gt_page_info(gt_own_space(), p).pte & PTE_COW, 0); /* copied at once */
    CHECK_EQ(gt_page_info(gt_own_space(), p).refs, 1);
    CHECK_EQ(gt_wrong(p, 8, 10), 0);
    gs_hog(NULL);
    CHECK(gs_absent(p, 8) > 0); /* a lock is not inherited */
    CHECK_EQ(gt_wrong(p, 8, 10), 0);
}
static void locked_pages_stay_and_are_copied_at_fork(void)
{
    uint8_t *p = gs_filled(8, 10), *other = gs_filled(GS_PAGES, 11);
    CHECK(gs_absent(p, 8) > 0);
    CHECK_EQ(mlock(p, 8 * PAGE_SIZE), 0);
    CHECK_EQ(gs_absent(p, 8), 0);
    uint64_t pinned = gs_frames(0).v[3];
    CHECK(pinned >= 8);
    for (int round = 0; round < 3; round++) {
        gt_fill(other, GS_PAGES, 12);
        CHECK_EQ(gs_absent(p, 8), 0);
    }
    RUN_CHILD(pinned_child, p);
    CHECK_EQ(gt_page_info(gt_own_space(), p).pte & PTE_COW, 0); /* no store to it will ever fault */
    CHECK_EQ(gt_wrong(p, 8, 10), 0);
    CHECK_EQ(munlock(p, 8 * PAGE_SIZE), 0);
    CHECK_EQ(gs_frames(0).v[3], pinned - 8);
    gt_fill(other, GS_PAGES, 13);
    CHECK(gs_absent(p, 8) > 0);
    CHECK_EQ(gt_wrong(p, 8, 10), 0);
    gt_pages_free(GS_PAGES + 8);
}
static void lock_shared(void *arg)
{
    uint8_t *p = arg;
    CHECK_EQ(mlock(p, 8 * PAGE_SIZE), 0);
    CHECK_EQ(gs_absent(p, 8), 0);
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQ(gt_page_info(gt_own_space(), p + i * PAGE_SIZE).refs, 1);
    gt_fill(p, 8, 15);
    CHECK_EQ(gt_wrong(p, 8, 15), 0);
}
static void locking_takes_pages_out_of_a_share(void)
{
    uint8_t *p = gs_filled(8, 14);
    RUN_CHILD(lock_shared, p);
    gt_pager_debug(PAGER_DEBUG_EVICT, GS_FRAMES);
    RUN_CHILD(lock_shared, p);
    CHECK_EQ(gt_wrong(p, 8, 14), 0);
    gt_pages_free(8);
}
static void not_everything_can_be_locked(void)
{
    uint8_t *p = gt_pages(GS_FRAMES);
    CHECK_EQ(mlock(p, GS_FRAMES * PAGE_SIZE), -1);
    CHECK_EQ(errno, ENOMEM);
    CHECK_EQ(mlock((void *)0x500000000UL, 8), -1); /* nothing is there */
    CHECK_EQ(errno, ENOMEM);
    gt_fill(p, GS_FRAMES, 16);
    CHECK_EQ(gt_wrong(p, GS_FRAMES, 16), 0);
    gt_pages_free(GS_FRAMES);
}
/* Pages that are there and not a process's alone, or that a store would have to copy first. */
static unsigned shared_of(uint64_t space, const uint8_t *p, unsigned pages)
{
    unsigned n = 0;
    for (unsigned i = 0; i < pages; i++) {
        struct gt_page page = gt_page_info(space, p + i * PAGE_SIZE);
        n += (page.pte & PTE_V) && (page.refs != 1 || (page.pte & PTE_COW));
    }
    return n;
}
struct family {
    uint64_t parent;
    uint8_t *p;
};
static void child_of_the_pinned(void *family)
{
    const struct family *f = family;
    CHECK_EQ(shared_of(gt_own_space(), f->p, 16), 0);
    CHECK_EQ(shared_of(f->parent, f->p, 16), 0); /* while both live */
    CHECK_EQ(gt_wrong(f->p, 16, 17), 0);
    gt_fill(f->p, 16, 18);
}
static void pinned_process(void *unused)
{
    (void)unused;
    uint8_t *p = gs_filled(16, 17);
    struct family f = {gt_own_space(), p};
    CHECK_EQ(mlockall(MCL_CURRENT | MCL_FUTURE), 0);
    CHECK_EQ(gt_wrong(p, 16, 17), 0);
    uint64_t copies = gt_stat(PAGER_STAT_FAULTS, gt_own_space()).v[1];
    RUN_CHILD(child_of_the_pinned, &f);
    CHECK_EQ(gt_wrong(p, 16, 17), 0);
    gt_fill(p, 16, 17);
    CHECK_EQ(gt_stat(PAGER_STAT_FAULTS, gt_own_space()).v[1], copies); /* no store of it had to copy */
    uint64_t swapped = gs_frames(gt_own_space()).v[4];
    CHECK_EQ(swapped, 0);
    RUN_CHILD(gs_hog, NULL);
    CHECK_EQ(gs_absent(p, 16), 0);
    CHECK_EQ(gs_frames(gt_own_space()).v[4], 0);
    CHECK_EQ(munlockall(), 0);
    RUN_CHILD(gs_hog, NULL);
    CHECK(gs_absent(p, 16) > 0);
    CHECK_EQ(gt_wrong(p, 16, 17), 0);
}
static void a_pinned_process_keeps_its_pages(void) { RUN_CHILD(pinned_process, NULL); }

static struct process_info child_of(pid_t parent)
{
    struct process_info p;
    for (unsigned i = 0; i < GT_HANG_MS; i++) {
        for (uint32_t pid = 1; process_next(pid, &p) == OK; pid = p.pid + 1)
            if (p.ppid == (uint32_t)parent)
                return p;
        gt_sleep_us(1000);
    }
    gt_fail("it starts its program", __FILE__, __LINE__);
    return (struct process_info){0};
}
static struct gt_stat beside_a_hog(pid_t pid, uint64_t space, uint64_t *before)
{
    gt_until_waits(pid); /* it has come to its sleep */
    *before = gs_frames(space).v[1];
    for (unsigned i = 0; i < 2; i++)
        RUN_CHILD(gs_hog, NULL);
    return gs_frames(space);
}
static char *sleeper[] = {"pin", "sleep", "1000", NULL};
/* By `pin`, which spawns with SPAWN_PINNED; and the same program without. */
static void a_program_that_was_spawned_pinned_keeps_its_pages(void)
{
    pid_t pid[2];
    uint64_t before;
    int status = 0;
    REQUIRE(spawn_program("pin", sleeper, NULL, 0, &pid[0]) == 0);
    struct process_info p = child_of(pid[0]);
    struct gt_stat after = beside_a_hog((pid_t)p.pid, p.space, &before);
    CHECK(before > 3);
    CHECK(after.v[3] > 0); /* pinned; a page of the image that nobody wrote to is not counted */
    printf("  %lu pages, %lu pinned\n", (unsigned long)before, (unsigned long)after.v[3]);
    CHECK_EQ(after.v[1], before);
    CHECK_EQ(after.v[4], 0); /* none is absent */
    CHECK_EQ(kill((pid_t)p.pid, SIGTERM), 0);
    CHECK_EQ(waitpid(pid[0], &status, 0), pid[0]);
    CHECK_EQ(status, (128 + SIGTERM) << 8);
    REQUIRE(spawn_program("sleep", sleeper + 1, NULL, 0, &pid[1]) == 0);
    struct ipc_msg m = {.w = {PAGER_SPACE_FIND, (uint64_t)pid[1]}};
    CHECK_EQ(pager_call(H_PAGER, &m), OK);
    after = beside_a_hog(pid[1], m.w[1], &before);
    CHECK(after.v[1] < before && after.v[3] == 0);
    CHECK_EQ(kill(pid[1], SIGTERM), 0);
    CHECK_EQ(waitpid(pid[1], &status, 0), pid[1]);
}

static void killed_while_it_locks(void)
{
    uint8_t *p = gs_filled(12, 18);
    unsigned k = 1;
    for (; k < 200 && gt_failed == 0; k++) {
        uint64_t r = gt_pager_restarts();
        gt_pager_debug(PAGER_DEBUG_EVICT, GS_FRAMES);
        gt_pager_arm(k & 1 ? PAGER_DEBUG_DIE_AFTER : PAGER_DEBUG_DIE_SYSCALL, k / 2 + 1);
        CHECK_EQ(mlock(p, 12 * PAGE_SIZE), 0);
        bool died = gt_pager_restarts() != r;
        gt_pager_debug(k & 1 ? PAGER_DEBUG_DIE_AFTER : PAGER_DEBUG_DIE_SYSCALL, 0);
        CHECK_EQ(gt_wrong(p, 12, 18), 0);
        CHECK_EQ(munlock(p, 12 * PAGE_SIZE), 0);
        if (!died)
            break;
    }
    CHECK(k > 20);
    gt_pages_free(12);
}

GT_MAIN(CASE(locked_pages_stay_and_are_copied_at_fork), CASE(locking_takes_pages_out_of_a_share),
        CASE(not_everything_can_be_locked), CASE(a_pinned_process_keeps_its_pages),
        CASE(a_program_that_was_spawned_pinned_keeps_its_pages), CASE(killed_while_it_locks))
