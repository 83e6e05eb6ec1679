/* SPDX-License-Identifier: MIT
 * clock(): nobody counts the processor's time by process, so it is what has passed since the machine's start.
 */
#include <time.h>

clock_t clock(void)
{
    struct timespec now;
    return clock_gettime(CLOCK_MONOTONIC, &now) == 0 ? (clock_t)(now.tv_sec * CLOCKS_PER_SEC + now.tv_nsec / (1000000000 / CLOCKS_PER_SEC)) : (clock_t)-1;
}
