/* SPDX-License-Identifier: MIT
 * Regions: what a program may do where, and where the bytes come from. Records live in the ledger; a balanced tree per space
 * over them (volatile, rebuilt at a restart) finds one in O(log n), the last hit at once.
 *
 * Never touches page tables. In the fault path it is the look-up for pages that are not there yet.
 */
#ifndef PAGER_REGION_H
#define PAGER_REGION_H

#include <ipc/pager.h>

#include "check.h"
#include "ledger.h"

#define NO_REGION UINT32_MAX
#define BACKED_ALL UINT64_MAX /* backed_bytes of a file's region: as much as the file has */

static inline struct ledger_region *region_at(uint32_t r) { return &ledger.region[r]; }
static inline uint32_t page_of(vaddr_t va) { return (uint32_t)(va >> PAGE_SHIFT); }
static inline vaddr_t va_of(uint32_t page) { return (vaddr_t)page << PAGE_SHIFT; }
#define USER_PAGES_END ((uint32_t)(USER_VA_END >> PAGE_SHIFT) - 1) /* the top page is never mapped */

/* Rebuild free list and all trees from the ledger (restart). Records of dead spaces are freed. */
void regions_build(void);
/* The first start: no record was ever used. */
void regions_begin(void);

static inline bool region_contains(const struct ledger_region *r, uint32_t page)
{
    return page - r->start_page < r->end_page - r->start_page;
}
/* The region of the space in slot that contains the page, or NO_REGION. Cost O(log regions), O(1) for the last hit. */
uint32_t region_find(uint32_t slot, uint32_t page);
/* The same; the last hit without a call. */
static inline uint32_t region_find_last(uint32_t slot, uint32_t page)
{
    uint32_t last = ledger.space_vol[slot].last;
    return likely(last != 0 && region_contains(region_at(last - 1), page)) ? last - 1 : region_find(slot, page);
}
/* The first region that ends after page (contains it or lies behind it), or NO_REGION. Empty regions are passed over. */
uint32_t region_from(uint32_t slot, uint32_t page);
/* The first region that starts at page or behind it, empty ones included, or NO_REGION. */
uint32_t region_at_or_behind(uint32_t slot, uint32_t page);
/* The region behind r in address order, or NO_REGION. */
uint32_t region_next(uint32_t r);
/* The space's heap, or NO_REGION: the first and the last of the parts that protecting and locking made of it. */
uint32_t region_heap(uint32_t slot);
uint32_t region_heap_last(uint32_t slot);
/* Any region of the space (the tree's root), or NO_REGION. */
uint32_t region_any(uint32_t slot);

/* Add a copy of *want (space slot in it).
 * Errors  OK         also when the identical region is there already
 *         ERR_EXIST  it overlaps another one
 *         ERR_LIMIT  no free record for it */
err_t region_add(const struct ledger_region *want);
/* Add a copy of region r, with these flags, behind all regions of another space, where it belongs: behind `last`, its last one, or
 * NO_REGION for who does not know. The new one; NO_REGION: no free record. Cost O(1) on average. */
uint32_t region_append(uint32_t slot, uint32_t r, uint8_t flags, uint32_t last);
/* Forget up to max records of the space; whether it has none left. */
bool regions_forget(uint32_t slot, uint32_t max);
/* Forget a record. One store makes it so. */
void region_delete(uint32_t r);

/* A boundary at page: the region that contains it becomes two. ERR_LIMIT: no free record for it. */
err_t region_split(uint32_t slot, uint32_t page);
/* The two regions that meet at page become one, if nothing but their place tells them apart. */
void region_join(uint32_t slot, uint32_t page);
/* Whether every page of [start, end) has a region. Cost O(regions of the range). */
bool region_covers(uint32_t slot, uint32_t start, uint32_t end);
/* Boundaries at both ends of [start, end); the second one refuses a range with a hole (ERR_NOENT). What a change of the range
 * may fail for fails here (ERR_LIMIT): the two calls after it can't. */
err_t region_cut(uint32_t slot, uint32_t start, uint32_t end);
err_t region_cut_covered(uint32_t slot, uint32_t start, uint32_t end);
/* Forget at most `max` of the regions of [start, end), cut out before; whether none is left. */
bool regions_remove(uint32_t slot, uint32_t start, uint32_t end, uint32_t max);
/* Change the permission of at most REGION_STEP regions of [*cursor, end), cut out before; whether that was the end of it. */
bool regions_protect(uint32_t slot, uint32_t *cursor, uint32_t end, unsigned prot);
/* Set or clear REGION_LOCKED there. ERR_LIMIT, ERR_NOENT: nothing changed. */
err_t region_lock(uint32_t slot, uint32_t start, uint32_t end, bool lock);
/* Where the highest gap of so many pages (not 0) within [low, high) starts, the gap's end taken; 0: there is none.
 * Cost O(log regions); the first time in a space O(regions). */
uint32_t region_gap(uint32_t slot, uint32_t low, uint32_t high, uint32_t pages);
/* Move the end of a heap region. The caller knows that there is room. */
void region_set_end(uint32_t r, uint32_t end_page);
/* Whether [start, end) is free of regions, r apart. */
bool region_is_clear(uint32_t slot, uint32_t start, uint32_t end, uint32_t except);

/* Its flags, and what is counted by them. */
void region_set_flags(uint32_t r, unsigned flags);

/* Free records. */
uint32_t region_free_count(void);
/* Whether the space may have so many records more. No program has more than are free then, so that one alone never takes all; where a
 * quota holds, no more than a part of them, so that many don't either. */
bool region_may_have(uint32_t slot, uint32_t more);

/* ---- between the region_*.c files: records by number + 1 ---- */
uint32_t region_record(void); /* 0: none is free */
void region_record_back(uint32_t n);
void region_count_in(uint32_t n);
void region_count_out(uint32_t n);

#endif
