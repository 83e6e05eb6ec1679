/* SPDX-License-Identifier: MIT
 * Counters of the fault path, for the system and for each space, and the requests that read them.
 */
#ifndef PAGER_STAT_H
#define PAGER_STAT_H

#include <ipc/pager.h>

#include "ledger.h"

/* Indices of ledger_header.faults; the first six are ledger_space.counter, too. */
enum counter {
    COUNT_COPY = 0,
    COUNT_UPGRADE = 1,
    COUNT_ZERO_FILL = 2,
    COUNT_ZERO_PAGE = 3,
    COUNT_IMAGE = 4,
    COUNT_RETRY = 5,
    COUNT_REFUSED = 6, /* kills and forwards */
    COUNT_NONE = 7,    /* mappings widened after a protect: rare, and not reported */
    COUNT_SWAP_IN = COUNT_NONE, /* counted by the store's reads (enum evict_counter) */
};

static inline void stat_count(uint32_t slot, enum counter c)
{
    ledger.header->faults[c]++;
    if (c < 6)
        ledger.space[slot].counter[c]++;
    ledger.space[slot].refused += c == COUNT_REFUSED;
}

/* PAGER_STAT: fill w[1]..w[7]. */
err_t stat_read(unsigned which, uint32_t slot, struct ipc_msg *m);
/* PAGER_PAGE_INFO */
err_t stat_page_info(uint32_t slot, vaddr_t va, struct ipc_msg *m);
/* PAGER_SHARER: the next space behind `after` that maps the frame. With a hint only that address is looked at in each space.
 * ERR_NOENT: no more; ERR_AGAIN: w[1] is where to go on (as `after`). */
err_t stat_sharer(frame_t f, uint32_t after_id, vaddr_t hint, struct ipc_msg *m);

#endif
