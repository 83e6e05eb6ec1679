/* SPDX-License-Identifier: MIT
 * Regions are cut in two where a change begins and ends, and put together again when nothing tells them apart any more. A
 * cut changes nothing that a program could see, so a change of many regions is: two cuts, then one store a region, in as
 * many steps as it takes. Each cut and each joining is one transaction of the ledger.
 */
#include "region_tree.h"

#include "check.h"

/* The part of *r from start to end: what it is backed with moves along. */
static struct ledger_region part_of(const struct ledger_region *r, uint32_t start, uint32_t end)
{
    struct ledger_region part = *r;
    uint64_t skipped_bytes = va_of(start - r->start_page);
    part.start_page = start;
    part.end_page = end;
    if (r->backed_bytes != BACKED_ALL)
        part.backed_bytes = r->backed_bytes > skipped_bytes ? r->backed_bytes - skipped_bytes : 0;
    if (r->backing != BACKING_ANON)
        part.offset_page += start - r->start_page;
    if (start != r->start_page)
        part.flags &= (uint8_t)~REGION_STACK; /* the guard page stays with the first part; a heap may have several */
    return part;
}

err_t region_split(uint32_t slot, uint32_t page)
{
    uint32_t n = region_find(slot, page) + 1;
    if (n == 0 || record(n)->start_page == page)
        return OK;
    struct ledger_region before = *record(n), behind = part_of(&before, page, before.end_page);
    before.end_page = page;
    uint32_t fresh = region_record();
    if (fresh == 0)
        return ERR_LIMIT;
    ledger_begin();
    ledger_put(record(n), &before, sizeof(before));
    ledger_put(record(fresh), &behind, sizeof(behind));
    ledger_commit();
    tree_moved(n);
    region_count_in(fresh);
    return OK;
}

static bool is_same_but_place(const struct ledger_region *a, const struct ledger_region *b)
{
    return a->backed_bytes == b->backed_bytes && a->offset_page == b->offset_page && a->file == b->file &&
           a->backing == b->backing && a->flags == b->flags && a->prot == b->prot && a->origin == b->origin;
}

void region_join(uint32_t slot, uint32_t page)
{
    static const struct ledger_region none;
    uint32_t behind = region_find(slot, page) + 1, n = behind ? tree_previous(behind) : 0;
    if (n == 0 || record(behind)->start_page != page || record(n)->end_page != page || record(n)->start_page == page)
        return;
    struct ledger_region both = *record(n);
    both.end_page = record(behind)->end_page;
    struct ledger_region part = part_of(&both, page, both.end_page);
    if (both.backing == BACKING_DEVICE || !is_same_but_place(&part, record(behind)))
        return;
    ledger_begin();
    ledger_put(record(behind), &none, sizeof(none));
    ledger_put(record(n), &both, sizeof(both));
    region_count_out(behind); /* while its record still says whose it is */
    ledger_commit();
    region_record_back(behind);
    tree_moved(n);
}

bool region_covers(uint32_t slot, uint32_t start, uint32_t end)
{
    uint32_t r = region_find(slot, start);
    while (r != NO_REGION && region_at(r)->end_page < end) { /* bound: regions of the range */
        uint32_t next = region_next(r);
        if (next == NO_REGION || region_at(next)->start_page != region_at(r)->end_page)
            return false;
        r = next;
    }
    return r != NO_REGION;
}

/* Whether a boundary at page takes a record. */
static unsigned needs_split(uint32_t slot, uint32_t page)
{
    uint32_t r = region_find(slot, page);
    return r != NO_REGION && region_at(r)->start_page != page;
}

err_t region_cut(uint32_t slot, uint32_t start, uint32_t end)
{
    unsigned parts = needs_split(slot, start) + needs_split(slot, end);
    if (parts > 0 && !region_may_have(slot, parts))
        return ERR_LIMIT;
    err_t err = region_split(slot, start);
    return err == OK ? region_split(slot, end) : err;
}

err_t region_cut_covered(uint32_t slot, uint32_t start, uint32_t end)
{
    return region_covers(slot, start, end) ? region_cut(slot, start, end) : ERR_NOENT;
}

/* The first region of [start, end), or NO_REGION. */
static uint32_t first_of(uint32_t slot, uint32_t start, uint32_t end)
{
    uint32_t r = region_from(slot, start);
    return r != NO_REGION && region_at(r)->start_page < end ? r : NO_REGION;
}

bool regions_remove(uint32_t slot, uint32_t start, uint32_t end, uint32_t max)
{
    for (; max > 0; max--) {
        uint32_t r = first_of(slot, start, end);
        if (r == NO_REGION)
            return true;
        region_delete(r);
    }
    return false;
}

bool regions_protect(uint32_t slot, uint32_t *cursor, uint32_t end, unsigned prot)
{
    for (unsigned i = 0; i < REGION_STEP; i++) {
        uint32_t r = first_of(slot, *cursor, end);
        if (r == NO_REGION) {
            region_join(slot, end);
            return true;
        }
        *cursor = region_at(r)->end_page;
        *(volatile uint8_t *)&region_at(r)->prot = (uint8_t)prot;
        region_join(slot, region_at(r)->start_page);
    }
    return false;
}

err_t region_lock(uint32_t slot, uint32_t start, uint32_t end, bool lock)
{
    err_t err = region_cut_covered(slot, start, end);
    for (uint32_t at = start; err == OK && at < end;) { /* bound: regions of the range */
        uint32_t r = region_find(slot, at);
        struct ledger_region *g = region_at(r);
        at = g->end_page;
        region_set_flags(r, lock ? g->flags | REGION_LOCKED : g->flags & ~REGION_LOCKED);
        region_join(slot, g->start_page);
    }
    if (err == OK)
        region_join(slot, end);
    return err;
}
