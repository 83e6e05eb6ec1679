/* SPDX-License-Identifier: MIT
 * clock(): the processor time of the process, all its threads together.
 */
#include <time.h>

#define NS_PER_CLOCK (1000000000 / CLOCKS_PER_SEC)

clock_t clock(void)
{
    struct timespec used;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0)
        return (clock_t)-1;
    return (clock_t)(used.tv_sec * CLOCKS_PER_SEC + used.tv_nsec / NS_PER_CLOCK);
}
