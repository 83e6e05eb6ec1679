/* SPDX-License-Identifier: MIT
 * Proves that 100,000 times fork and exit leave exactly the frames that were there, whatever the child wrote.
 * --full does all of them, --count=N another number; the default is a quick sample of 2,000.
 *
 * RUN: t_forkstorm --full
 * TIMEOUT: 600
 */
#define GT_NAME "forkstorm"
#include "gtest.h"

#define PAGES 4
static uint8_t area[PAGES][PAGE_SIZE] __attribute__((aligned(4096)));

static void fork_and_exit_leave_the_frame_count(void)
{
    long count = gt_count ? gt_count : gt_full ? 100000 : 2000;
    gt_fill(area[0], PAGES, 1);
    fflush(stdout);
    long before = gt_frames_accounted();
    for (long i = 0; i < count && gt_failed == 0; i++) {
        gt_progress(i, count);
        pid_t pid = fork();
        if (pid == 0) {
            for (long k = 0; k < i % (PAGES + 1); k++)
                area[k][0]++;
            _exit((int)(i & 0x7f));
        }
        int status = -1;
        if (pid < 0 || waitpid(pid, &status, 0) != pid || WEXITSTATUS(status) != (i & 0x7f))
            gt_fail("fork, exit and wait", __FILE__, __LINE__);
    }
    for (int i = 0; i < PAGES; i++) /* own pages private again */
        area[i][8]++;
    long delta = gt_frames_accounted() - before;
    CHECK_EQ(delta, 0);
    CHECK_EQ(area[0][8], 1);
    printf("  %ld forks, frame delta %ld\n", count, delta);
}

GT_MAIN(CASE(fork_and_exit_leave_the_frame_count))
