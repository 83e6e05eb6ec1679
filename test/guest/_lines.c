/* SPDX-License-Identifier: MIT
 * No test of its own: prints numbered lines while the console is killed again and again. qemu/test_supervision looks at what
 * came out: no line may be missing.
 */
#define GT_NAME "lines"
#include "gtest.h"

#define LINES 300
#define LINES_PER_KILL 10
#define KILL_WITHIN_TICKS 3000 /* about the time that two lines take */

int main(void)
{
    uint64_t seed = 0x11e5UL;
    for (int i = 0; i < LINES; i++) {
        if (i % LINES_PER_KILL == 0) {
            struct ipc_msg m = {.w = {INIT_KILL_SERVER, SERVER_CONSOLE, sys_time() + gt_random(&seed) % KILL_WITHIN_TICKS}};
            (void)ipc_call(H_INIT, &m);
        }
        printf("line %d of %d\n", i, LINES);
    }
    struct ipc_msg m = {.w = {INIT_SERVER_INFO, SERVER_CONSOLE}};
    if (ipc_call(H_INIT, &m) == OK)
        printf("restarts %lu\n", (unsigned long)m.w[2]);
    return gt_failed != 0;
}
