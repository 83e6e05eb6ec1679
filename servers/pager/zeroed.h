/* SPDX-License-Identifier: MIT
 * Frames that were zeroed ahead, while the machine had nothing else to do. Idle time comes to the pager as a call of the lowest
 * priority (PAGER_IDLE, by a thread of init that does nothing else): each one zeroes one frame, and the thread sleeps when there
 * is no more to do, until it is signalled. So zeroing is preempted like any client's request, and delays a fault by one page at most.
 *
 * The frames here are free: neither in a chunk's list nor anybody's. They go back when the pools run dry. Volatile: to a
 * restart they are free frames like any other, of unknown contents.
 */
#ifndef PAGER_ZEROED_H
#define PAGER_ZEROED_H

#include "frame.h"

struct zeroed {
    uint32_t count;
    uint32_t limit;       /* at most ZEROED_MAX; 0: off */
    uint32_t low;         /* with fewer than that, idle time is wanted: half of the limit, rounded up */
    bool asleep;          /* who lends idle time was told that there is nothing to do */
    frame_t frame[ZEROED_MAX];
};
extern struct zeroed zeroed;

/* There is something to do for idle time. */
void zeroed_wake(void);

/* A free frame full of zeros, which is nobody's then; NO_FRAME: there is none. */
static inline frame_t zeroed_take(void)
{
    if (unlikely(zeroed.asleep && zeroed.count < zeroed.low))
        zeroed_wake();
    return zeroed.count != 0 ? zeroed.frame[--zeroed.count] : NO_FRAME;
}

/* Zero one more. false: there are enough, or too few frames are left to keep some apart. */
bool zeroed_step(void);
/* All go back to their chunks' lists. */
void zeroed_give_back(void);
/* Start and restart: none are known. */
void zeroed_reset(void);
/* How many to keep. false: more than ZEROED_MAX. */
bool zeroed_set(uint64_t frames);

#endif
