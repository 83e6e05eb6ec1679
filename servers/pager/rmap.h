/* SPDX-License-Identifier: MIT
 * The reverse map: where a frame is mapped. Pages never move in their address space and are shared only by fork, so the
 * page number and the family (all spaces that come from one ancestor by fork without an exec between) say where to look.
 *
 * A family is named after its first space's slot. Once that slot is used again, a name may stand for two families at once:
 * a walk then looks into more spaces than it has to, and finds no more than there is.
 */
#ifndef PAGER_RMAP_H
#define PAGER_RMAP_H

#include "frame.h"
#include "limits.h"
#include "table.h"

struct rmap {
    uint32_t page;
    unsigned count;
    uint16_t slot[EVICT_MAPPINGS_MAX];
    pte_t pte[EVICT_MAPPINGS_MAX];
};

/* The space in slot begins a family of its own (made, or emptied for an exec), or joins one (a child before its fork). */
void family_begin(uint32_t slot);
void family_join(uint32_t slot, uint32_t family);
/* It is about to be forgotten. */
void family_leave(uint32_t slot);
/* Restart: the chains, from the ledger. */
void families_build(void);

/* Remember where the space in slot maps the frame. */
static inline void rmap_set(frame_t f, uint32_t slot, uint32_t page)
{
    struct page_vol *p = &ledger.page[frame_index(f)];
    p->page = page;
    p->family = ledger.space[slot].family;
}

/* All entries that map the frame. false: some are not found, or there are more than EVICT_MAPPINGS_MAX. */
bool rmap_find(frame_t f, struct rmap *out);

#endif
