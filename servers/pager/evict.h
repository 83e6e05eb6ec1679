/* SPDX-License-Identifier: MIT
 * The mechanism of replacement: a page leaves its frame. Policies propose (replace.h), this file checks and does it.
 *
 *   dirty page            protect all its entries, write it to a slot, link the two          (clean)
 *   clean page            each entry names the slot instead of the frame, in one step        (detach)
 *
 * Clean means linked: the slot holds the same bytes and no entry is writable. So a page can be written while it is still
 * there for readers, and a store to it makes it dirty through the pager (UPGRADE), not behind its back.
 */
#ifndef PAGER_EVICT_H
#define PAGER_EVICT_H

#include "frame.h"
#include "resident.h"

/* ---- for the policies ---- */

/* Whether the page can be evicted now: resident, in this domain, unpinned, not held. */
bool evict_is_candidate(uint32_t domain, uint32_t page);
/* Whether any mapping of the page was used since this was last asked; asking forgets. */
bool evict_accessed(uint32_t page);

/* ---- for the pager ---- */

/* Before a frame is taken for the space in slot: see to it that the limits allow one more.
 * Errors  ERR_NOMEM        nothing can leave, or the space is pinned and as much stays already as may
 *         ERR_IN_PROGRESS  a page is on its way to the store: ask again when it is there (swap.h retries deferred faults) */
err_t evict_make_room_slowly(uint32_t slot);
static inline err_t evict_make_room(uint32_t slot)
{
    if (likely(ledger.space_vol[slot].domain == 0 && resident.pages < resident.limit && !(ledger.space[slot].flags & SPACE_F_PINNED)))
        return OK;
    return evict_make_room_slowly(slot);
}
/* One page leaves, whatever the limits say: there is no frame at all. */
err_t evict_any(uint32_t slot);

/* A limit was lowered: pages that it no longer allows leave, a step whenever no event is pending. */
void evict_shrink(void);
extern bool evict_shrinking; /* steps are to be taken */
void evict_shrink_step(void);

/* Idle time: one page of everybody's is written and stands ready, for a victim that only has to be unmapped. Begins when no more are
 * ready than half of the high mark. false: nothing to do until a victim was used up, of which who lends the time is told (BADGE_IDLE).
 * Never anything to do where the store exchanges frames: there a dirty page leaves as cheaply as a clean one. */
bool evict_clean_ahead(void);
uint32_t evict_high_mark(void);

/* The page is no longer among those that are ready to leave. */
void evict_not_ready(uint32_t page);
/* A write that was under way has ended; the page is still the same. */
void evict_written(uint32_t page, err_t err);
uint32_t evict_ready_count(void);

/* The entry `old` of a page becomes one for the frame, with no moment at which a death could lose the page. Counts are the
 * caller's. */
void evict_replace_entry(uint32_t slot, uint32_t page, uint64_t old, frame_t frame, unsigned prot);

/* Restart: finish what was between two system calls. Before anything is counted. */
void evict_recover(void);
/* Nothing is ready, nothing wanted. */
void evict_reset(void);

/* PAGER_DEBUG_EVICT: up to n pages leave. Returns how many did. */
uint64_t evict_now(uint64_t n);

#endif
