/* SPDX-License-Identifier: MIT
 * Memory that a process shares with its children (REGION_SHARED). Who touches a page first gives it to all at once: it is
 * mapped in every relative that has the region, so that what it holds outlives whoever filled it, with no more books than the
 * page tables.
 */
#ifndef PAGER_SHARED_H
#define PAGER_SHARED_H

#include "ledger.h"
#include "frame.h"

/* The frame of page, absent in the space in slot, with one reference for the mapping to come; every relative maps it afterwards.
 * *fresh: it was nobody's before, and is zeroed.
 * Errors  ERR_NOMEM        no frame, or none for a relative's table; or too few pages could leave then. Nothing changed
 *         ERR_IN_PROGRESS  a relative is in the midst of a fork or the like: ask again at its end */
err_t shared_bring_in(uint32_t slot, uint32_t region, uint32_t page, frame_t *out, bool *fresh);
/* Restart: the page is mapped in the space in slot; who lacks it gets it. */
void shared_mend(uint32_t slot, uint32_t region, uint32_t page, frame_t f);

#endif
