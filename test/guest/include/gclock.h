/* SPDX-License-Identifier: MIT
 * Times for calls that wait until one.
 */
#ifndef GUEST_GCLOCK_H
#define GUEST_GCLOCK_H

#include <time.h>

/* So many milliseconds from now, by CLOCK_REALTIME. */
static inline struct timespec in_ms(long ms)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += ms * 1000000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

#endif
