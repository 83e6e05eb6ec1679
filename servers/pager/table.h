/* SPDX-License-Identifier: MIT
 * Page tables as the pager sees them: read through the window, changed only by system calls. Tables are the truth about
 * mappings; this file keeps the counts (refs, resident pages, tables) in step with every change it asks for.
 */
#ifndef PAGER_TABLE_H
#define PAGER_TABLE_H

#include "frame.h"

typedef uint64_t pte_t;

#define LEAF_PAGES ((uint32_t)PTES_PER_TABLE)
#define LEAF_SHIFT 9                           /* pages to leaf tables */
#define L1_PAGES ((uint32_t)PTES_PER_TABLE << LEAF_SHIFT) /* pages under one entry of the root */

static inline bool pte_is_table(pte_t pte) { return (pte & (PTE_V | PTE_R | PTE_W | PTE_X)) == PTE_V; }
/* What the program may do with a present page as its entry stands, a copy at the next store included. Without U it is there and
 * not to be touched: PROT_NONE. */
static inline unsigned pte_logical(pte_t pte)
{
    unsigned prot = (unsigned)(pte >> 1) & (PROT_R | PROT_W | PROT_X);
    return !(pte & PTE_U) ? 0 : pte & PTE_COW ? prot | PROT_W : prot;
}
static inline uint32_t leaf_floor(uint32_t page) { return page & ~(LEAF_PAGES - 1); }

/* Entry at which the walk for page ends, and its level (0 leaf .. 2 root). */
pte_t table_walk(uint32_t slot, uint32_t page, unsigned *level);
/* Frame of the leaf table for page, or NO_FRAME. */
frame_t table_leaf(uint32_t slot, uint32_t page);

/* Where a search goes on after page, whose leaf table is missing or empty. */
uint32_t table_skip_hole(uint32_t slot, uint32_t page);

/* The first page >= *page whose leaf table exists and is not empty, within the space's regions; its leaf table.
 * NO_FRAME: none, or (*page < USER_PAGES_END then) the search was cut short and goes on at *page. */
frame_t table_next_leaf(uint32_t slot, uint32_t *page);

/* Narrow [*page, *end), which lies under `leaf`, to where its present pages are. false: there are none. */
bool table_span(frame_t leaf, uint32_t *page, uint32_t *end);

/* Frames for the tables that page lacks; NO_FRAME behind the last. ERR_NOMEM: none are taken. table_given: the kernel took so many
 * of them, the rest goes back. */
err_t table_frames(uint32_t slot, uint32_t page, frame_t out[2]);
void table_given(uint32_t slot, const frame_t table[2], unsigned taken);
/* See to it that page has a leaf table. ERR_NOMEM: a table already added stays. */
err_t table_make(uint32_t slot, uint32_t page);
/* The same for the table above the leaf table. */
err_t table_make_middle(uint32_t slot, uint32_t page);
/* Take back the leaf table of page and the table above it, when they are empty. */
void table_unmake(uint32_t slot, uint32_t page);

/* Unmap what is mapped, or in the store, of [page, end), which lies under one leaf table, and drop the references. A shared table is
 * let go when the range is all of it, else split. */
void table_unmap(uint32_t slot, uint32_t page, uint32_t end);
/* The same with all of page's leaf table, which goes, and with it the one above when it is empty. */
void table_clear(uint32_t slot, uint32_t page);
/* Take back every table but the root. The space maps nothing any more. Scans all; for spaces about to go. */
void table_unmake_all(uint32_t slot);

/* Map a frame where nothing is; the reference is the caller's and becomes the mapping's. Tables are made.
 * ERR_NOMEM: nothing mapped, the reference is still the caller's. */
err_t table_map(uint32_t slot, uint32_t page, frame_t f, unsigned prot);

#endif
