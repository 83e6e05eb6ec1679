/* SPDX-License-Identifier: MIT
 * Pages come back from the store, and everything that names slots: entries, links, transfers.
 */
#ifndef PAGER_SWAP_H
#define PAGER_SWAP_H

#include "fault.h"
#include "store.h"

/* A page of the entry f->pte, which names a slot: the frame and protection to map it with go into *a. The entry keeps its
 * reference of the slot until swap_accepted().
 * Errors  ERR_IN_PROGRESS  it is being read, or a page must leave first: the fault waits
 *         ERR_NOMEM, ERR_IO */
err_t swap_in(const struct fault *f, unsigned prot, struct answer *a);
/* The slot whose entry an answer under way replaces, 0: none. The pager learns that it was taken when the next event comes, so a
 * dump of memory (tools/memcheck.py) finds one reference of this slot more than there are entries. */
extern volatile uint32_t swap_leaving;
/* The answer was taken: the entry that named the slot names a frame now. */
void swap_accepted(uint32_t slot, uint32_t store_slot);

/* One entry less names the slot. */
void swap_drop(uint32_t store_slot);
/* The child's entry for the page becomes the parent's, which names a slot. ERR_EXIST: something is there already. */
err_t swap_share(uint32_t parent, uint32_t child, uint32_t page);

/* Take note of transfers that have ended, and let what waited try again. */
void swap_poll(void);
/* Start and restart: nothing is under way. */
void swap_reset(void);
/* Give up a page that was read and that nobody has mapped yet. false: there is none. */
bool swap_drop_arrived(void);

#endif
