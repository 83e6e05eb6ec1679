/* SPDX-License-Identifier: MIT
 * Proves that running out of frames is clean: for every k, failing the k-th frame allocation of a fork, an exec, or
 * a run of faults ends in an error or the death of the one process, with every frame back and the parent's memory as
 * it was; so does really using up all memory.
 */
#define GT_NAME "oom"
#include "gtest.h"

#define PAGES 24
#define K_MAX 2000
static uint8_t area[PAGES][PAGE_SIZE] __attribute__((aligned(4096)));
static char *const exec_argv[] = {"sh", "-c", ":", NULL};

static volatile int unshared;

enum { REFUSED = 3 };

/* Go on only when the parent has broken its own copy-on-write sharing, so that the failing allocation is this side's. */
static void arm(unsigned k)
{
    GT_SHARED->word[0] = 1;
    gt_await(1, 1);
    gt_pager_debug(PAGER_DEBUG_FAIL_ALLOC, k);
}
static void fork_victim(void *k)
{
    arm((unsigned)(uintptr_t)k);
    pid_t pid = fork();
    if (pid == 0) {
        gt_fill(area[0], PAGES / 2, 2);
        _exit(gt_wrong(area[0], PAGES / 2, 2) != 0 || gt_wrong(area[PAGES / 2], 1, 1) == 0);
    }
    if (pid < 0) {
        CHECK(errno == ENOMEM || errno == EAGAIN);
        CHECK_EQ(gt_wrong(area[0], PAGES, 1), 0);
        _exit(REFUSED);
    }
    int status = 0;
    CHECK_EQ(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
    CHECK_EQ(gt_wrong(area[0], PAGES, 1), 0);
}
static void exec_victim(void *k)
{
    arm((unsigned)(uintptr_t)k);
    execv("/bin/sh", exec_argv);
    CHECK(errno == ENOMEM || errno == EAGAIN);
    CHECK_EQ(gt_wrong(area[0], PAGES, 1), 0);
    _exit(REFUSED);
}
static void fault_victim(void *k)
{
    arm((unsigned)(uintptr_t)k);
    gt_fill(area[0], PAGES, 4); /* copies */
    uint8_t *p = gt_pages(PAGES);
    if (p == NULL)
        _exit(REFUSED);
    gt_fill(p, PAGES, 5); /* zero fills, and a table */
    CHECK_EQ(gt_wrong(area[0], PAGES, 4) + gt_wrong(p, PAGES, 5), 0);
}

/* Run the victim with the k-th allocation failing. Returns whether there was a k-th one. */
static bool one(void (*victim)(void *), unsigned k, unsigned *failures)
{
    long before = gt_frames_accounted();
    uint64_t processes = gt_processes();
    memset(GT_SHARED, 0, sizeof *GT_SHARED);
    pid_t pid = gt_child(victim, (void *)(uintptr_t)k);
    gt_await(0, 1);
    unshared++; /* break the sharing of what this side will touch while it waits: its data, its stack */
    errno = 0;
    (void)gt_frames_free();
    (void)waitpid(pid, &(int){0}, WNOHANG);
    GT_SHARED->word[1] = 1;
    int status = gt_reap(pid, GT_HANG_MS);
    unsigned allocations = (unsigned)gt_pager_debug(PAGER_DEBUG_FAIL_ALLOC, 0);
    bool clean = status == 0, refused = WIFEXITED(status) && WEXITSTATUS(status) == REFUSED;
    CHECK(clean || refused || (WIFSIGNALED(status) && status != -1));
    *failures += !clean;
    gt_until_processes(processes); /* the victim may have died before its child */
    CHECK_EQ(gt_wrong(area[0], PAGES, 1), 0);
    CHECK_EQ(gt_frames_accounted(), before);
    CHECK_EQ(gt_vmcheck(), 0);
    if (gt_failed)
        printf("  with k = %u, status 0x%x, %u allocations\n", k, (unsigned)status, allocations);
    return allocations >= k;
}
static void every(void (*victim)(void *), unsigned at_least)
{
    unsigned k = 1, failures = 0;
    gt_fill(area[0], PAGES, 1);
    REQUIRE(gt_shared_open() == OK);
    while (k < K_MAX && gt_failed == 0 && one(victim, k, &failures))
        k++;
    CHECK(k < K_MAX);
    CHECK(k > at_least);
    CHECK(failures > 0); /* or nothing was tried */
    printf("  %u allocations failed in turn, %u of the processes did not finish\n", k - 1, failures);
    gt_shared_close();
}
static void every_allocation_in_fork_cow(void)
{
    uint64_t old = gt_strategy_set(FORK_COW);
    every(fork_victim, 6);
    gt_strategy(old);
}
static void every_allocation_in_fork_eager(void)
{
    uint64_t old = gt_strategy_set(FORK_EAGER);
    every(fork_victim, 6 + PAGES);
    gt_strategy(old);
}
static void every_allocation_in_exec(void) { every(exec_victim, 5); }
static void every_allocation_in_faults(void)
{
    uint64_t old = gt_strategy_set(FORK_COW); /* half of them are to be copies */
    every(fault_victim, 2 * PAGES - 1);
    gt_strategy(old);
}

/* ---- really no memory ---- */
static void eat(void *unused)
{
    (void)unused;
    size_t pages = (size_t)gt_frames_free() + 1000;
    uint8_t *p = gt_pages(pages);
    if (p == NULL)
        _exit(REFUSED);
    for (size_t i = 0; i < pages; i++)
        p[i * PAGE_SIZE] = 1;
    CHECK(!"there was more memory than there is");
}
static void who_eats_all_memory_ends_and_nobody_else(void)
{
    gt_fill(area[0], PAGES, 1);
    for (int round = 0; round < 2; round++) {
        int status = gt_reap(gt_child(eat, NULL), 4 * GT_HANG_MS);
        CHECK(status != -1 && (WIFSIGNALED(status) || WEXITSTATUS(status) == REFUSED));
        CHECK_EQ(gt_wrong(area[0], PAGES, 1), 0);
    }
}
static void fork_without_memory_fails_cleanly(void)
{
    uint64_t old = gt_strategy_set(FORK_EAGER);
    size_t pages = (size_t)gt_frames_free_user() * 2 / 3;
    uint8_t *p = gt_pages(pages);
    REQUIRE(p != NULL);
    gt_fill(p, pages, 7);
    for (int round = 0; round < 3; round++) {
        long before = gt_frames_free();
        pid_t pid = fork();
        if (pid == 0)
            _exit(1);
        CHECK_EQ(pid, -1);
        if (pid > 0)
            gt_expect_exit(pid, 1);
        CHECK(errno == ENOMEM);
        CHECK_EQ(gt_frames_free(), before);
    }
    CHECK_EQ(gt_wrong(p, pages, 7), 0);
    gt_pages_free(pages);
    gt_strategy(old);
}

GT_MAIN(CASE(every_allocation_in_fork_cow), CASE(every_allocation_in_fork_eager), CASE(every_allocation_in_exec),
        CASE(every_allocation_in_faults), CASE(who_eats_all_memory_ends_and_nobody_else),
        CASE(fork_without_memory_fails_cleanly))
