/* SPDX-License-Identifier: MIT
 * An operation is done again and again while procmgr dies at its 1st, 2nd, ... system call of it: what procmgrkill and
 * prockillsignals share.
 */
#ifndef GPROCKILL_H
#define GPROCKILL_H

#include "gtest.h"

#define K_MAX 600
#define PAGES 4
static uint8_t area[PAGES][PAGE_SIZE] __attribute__((aligned(4096)));

enum { ONCE = 2 }; /* the shared word that counts how often something happened */

static uint64_t restarts(void)
{
    struct ipc_msg m = {.w = {INIT_SERVER_INFO, SERVER_PROCMGR}};
    return ipc_call(H_INIT, &m) == OK ? m.w[2] : ~0UL;
}
/* Once, not again when procmgr dies of it. */
static void arm(uint64_t hook, uint64_t k)
{
    struct ipc_msg m = {.w = {PROC_DEBUG, hook, k}};
    err_t e = ipc_call(H_PROC, &m);
    if (e != OK && e != ERR_PEER_DEAD)
        gt_fail("PROC_DEBUG arms", __FILE__, __LINE__);
}
static void GT_UNUSED happened(void) { __atomic_add_fetch(&GT_SHARED->word[ONCE], 1, __ATOMIC_SEQ_CST); }

/* wait() without a limit: whether it hangs is seen by the runner. */
static void expect(pid_t pid, int status)
{
    int got = -1;
    CHECK(pid > 0);
    CHECK_EQ(waitpid(pid, &got, 0), pid);
    CHECK_EQ(got, status);
}
static void GT_UNUSED nothing(void) {}

/* For k = 1, 2, ...: procmgr dies at its k-th system call from the start of the operation, until it makes no k-th. */
static void every_call_with(void (*prepare)(void), void (*operation)(void), uint64_t hook)
{
    uint64_t killed = 0, k = 1, processes = gt_processes();
    for (; k < K_MAX && gt_failed == 0; k++) {
        memset(GT_SHARED, 0, sizeof *GT_SHARED);
        long before = gt_frames_accounted();
        prepare();
        uint64_t r = restarts();
        arm(hook, k);
        operation();
        bool died = restarts() != r;
        if (!died)
            arm(hook, 0);
        gt_until_processes(processes);
        CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
        CHECK_EQ(gt_frames_accounted(), before);
        CHECK_EQ(gt_vmcheck(), 0);
        killed += died;
        if (gt_failed)
            printf("  with k = %lu, hook %lu\n", (unsigned long)k, (unsigned long)hook);
        if (!died)
            break;
    }
    CHECK(k < K_MAX);
    CHECK(killed > 0);
    printf("  killed at %lu system calls\n", (unsigned long)killed);
}
static void every_call(void (*prepare)(void), void (*operation)(void))
{
    gt_fill(area[0], PAGES, 1);
    REQUIRE(gt_shared_open() == OK);
    every_call_with(prepare, operation, PROC_DEBUG_DIE_BEFORE);
    every_call_with(prepare, operation, PROC_DEBUG_DIE_AFTER);
    gt_shared_close();
}
#endif
