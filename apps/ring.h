/* SPDX-License-Identifier: MIT
 * Reading the event ring of a hart (docs/trace.md).
 */
#ifndef APPS_RING_H
#define APPS_RING_H

#include <abi/trace.h>
#include <ipc/ipc.h>
#include <stdbool.h>

#define RING_SEARCH_BITS 40 /* no ring has seen 2^40 events */

/* Event *seq, or the oldest one kept; *seq becomes the number of the one behind it. False: not recorded yet. */
static inline bool ring_read(unsigned hart, uint64_t *seq, struct trace_event *e)
{
    uint64_t w[4];
    if (sys_trace_read(H_KERNEL, hart, seq, w) != OK)
        return false;
    *e = (struct trace_event){.instret = w[0], .thread = (uint32_t)w[1], .kind = (uint16_t)(w[1] >> 32), .a = w[2],
                              .b = w[3]};
    ++*seq;
    return true;
}

/* The number of the next event to come. */
static inline uint64_t ring_end(unsigned hart)
{
    uint64_t low = 1, high = 1UL << RING_SEARCH_BITS;
    struct trace_event e;
    while (low < high) { /* bound: RING_SEARCH_BITS */
        uint64_t middle = low + (high - low) / 2, seq = middle;
        if (ring_read(hart, &seq, &e))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

#endif
