/* SPDX-License-Identifier: MIT
 * Region records and the look-up of one; the tree over them is region_tree.c, cutting and joining region_split.c.
 *
 * Order of stores: a record becomes valid with its `used` byte, last; changes of several records go through the redo log.
 */
#include "region_tree.h"

#include "check.h"
#include "files.h"

static uint32_t free_head, free_count; /* chained through node.left, */
static uint32_t fresh;                 /* and this one and those behind it: never used since boot; index + 1 */

/* ---- look-up ---- */

uint32_t region_find(uint32_t slot, uint32_t page)
{
    struct space_vol *v = &ledger.space_vol[slot];
    if (v->last && region_contains(record(v->last), page))
        return v->last - 1;
    uint32_t n = v->tree;
    while (n) { /* bound: depth */
        if (region_contains(record(n), page)) {
            v->last = n;
            return n - 1;
        }
        n = page < record(n)->start_page ? node(n)->left : node(n)->right;
    }
    return NO_REGION;
}

uint32_t region_from(uint32_t slot, uint32_t page)
{
    uint32_t n = ledger.space_vol[slot].tree, best = 0;
    while (n) { /* bound: depth. Regions don't overlap: the ends are in order, too */
        if (record(n)->end_page > page) {
            best = n;
            n = node(n)->left;
        } else {
            n = node(n)->right;
        }
    }
    while (best && record(best)->start_page == record(best)->end_page) /* an empty heap */
        best = tree_next(best);
    return best ? best - 1 : NO_REGION;
}

uint32_t region_at_or_behind(uint32_t slot, uint32_t page)
{
    uint32_t n = ledger.space_vol[slot].tree, best = 0;
    while (n) { /* bound: depth */
        if (record(n)->start_page >= page) {
            best = n;
            n = node(n)->left;
        } else {
            n = node(n)->right;
        }
    }
    return best ? best - 1 : NO_REGION;
}

uint32_t region_next(uint32_t r)
{
    uint32_t n = tree_next(r + 1);
    return n ? n - 1 : NO_REGION;
}

uint32_t region_any(uint32_t slot)
{
    return ledger.space_vol[slot].tree - 1; /* 0 becomes NO_REGION */
}

uint32_t region_heap(uint32_t slot)
{
    uint32_t n = ledger.space_vol[slot].tree;
    while (n && node(n)->left)
        n = node(n)->left;
    while (n && !(record(n)->flags & REGION_HEAP)) /* bound: regions of the space */
        n = tree_next(n);
    return n ? n - 1 : NO_REGION;
}

uint32_t region_heap_last(uint32_t slot)
{
    uint32_t last = NO_REGION;
    for (uint32_t r = region_heap(slot); r != NO_REGION; r = region_next(r)) /* bound: regions of the space */
        if (region_at(r)->flags & REGION_HEAP)
            last = r;
    return last;
}

bool region_is_clear(uint32_t slot, uint32_t start, uint32_t end, uint32_t except)
{
    uint32_t n = ledger.space_vol[slot].tree, best = 0;
    while (n) { /* bound: depth; the first region that starts at or ends behind start */
        if (record(n)->end_page > start || record(n)->start_page >= start) {
            best = n;
            n = node(n)->left;
        } else {
            n = node(n)->right;
        }
    }
    while (best && best - 1 == except)
        best = tree_next(best);
    if (best == 0)
        return true;
    const struct ledger_region *r = record(best);
    return r->start_page >= end && !(start == end && r->start_page == start);
}

/* ---- records ---- */

uint32_t region_free_count(void) { return free_count; }

bool region_may_have(uint32_t slot, uint32_t more)
{
    const struct ledger_space *s = &ledger.space[slot];
#ifdef MUTANT_PAGER_REGIONS_UNBOUNDED
    return more <= free_count;
#endif
    if (s->flags & SPACE_F_SERVER)
        return more <= free_count;
    return ledger.space_vol[slot].regions + more <= (s->quota ? free_count / REGION_QUOTA_SHARE : free_count);
}

uint32_t region_record(void)
{
    uint32_t n = free_head;
    if (n)
        free_head = node(n)->left;
    else if (fresh <= ledger.max_regions)
        n = fresh++;
    free_count -= n != 0;
    return n;
}

void region_record_back(uint32_t n)
{
    *node(n) = (struct region_node){.left = free_head};
    free_head = n;
    free_count++;
}

/* A record of a file's region comes into a tree, or leaves it. */
static inline void count_file(const struct ledger_region *r)
{
    if (unlikely(r->backing == BACKING_FILE)) {
        ledger.space_vol[r->space].files++;
        files_count_in(r->origin);
    }
}
static inline void uncount_file(const struct ledger_region *r)
{
    if (unlikely(r->backing == BACKING_FILE)) {
        ledger.space_vol[r->space].files--;
        files_count_out(r->origin);
    }
}

static inline bool is_special(const struct ledger_region *r) { return (r->flags & (REGION_SHARED | REGION_PINNED | REGION_LOCKED)) != 0; }

void region_count_in(uint32_t n)
{
    struct space_vol *v = &ledger.space_vol[record(n)->space];
    tree_insert(n);
    v->regions++;
    v->special += is_special(record(n));
    count_file(record(n));
}

void region_count_out(uint32_t n)
{
    struct space_vol *v = &ledger.space_vol[record(n)->space];
    tree_remove(n);
    v->regions--;
    v->special -= is_special(record(n));
    uncount_file(record(n));
    if (v->last == n)
        v->last = 0;
}

static bool is_identical(const struct ledger_region *a, const struct ledger_region *b)
{
    return a->start_page == b->start_page && a->end_page == b->end_page && a->backed_bytes == b->backed_bytes &&
           a->offset_page == b->offset_page && a->file == b->file && a->backing == b->backing && a->flags == b->flags &&
           a->prot == b->prot && a->origin == b->origin;
}

/* The region that starts at page, empty ones included; 0: none. */
static uint32_t find_start(uint32_t slot, uint32_t page)
{
    uint32_t n = ledger.space_vol[slot].tree;
    while (n && record(n)->start_page != page) /* bound: depth */
        n = page < record(n)->start_page ? node(n)->left : node(n)->right;
    return n;
}

/* A new record, in no tree yet; 0: there is none. */
static uint32_t record_write(const struct ledger_region *want)
{
    uint32_t n = region_record();
    if (n == 0)
        return 0;
    *record(n) = *want;
    record(n)->used = 0;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    *(volatile uint8_t *)&record(n)->used = 1; /* commit */
    return n;
}

err_t region_add(const struct ledger_region *want)
{
    uint32_t there = find_start(want->space, want->start_page);
    if (there)
        return is_identical(record(there), want) ? OK : ERR_EXIST;
    if (!region_is_clear(want->space, want->start_page, want->end_page, NO_REGION))
        return ERR_EXIST;
    if (!region_may_have(want->space, 1))
        return ERR_LIMIT;
    uint32_t n = record_write(want);
    if (n == 0)
        return ERR_LIMIT;
    region_count_in(n);
    return OK;
}

uint32_t region_append(uint32_t slot, uint32_t r, uint8_t flags, uint32_t last)
{
    struct space_vol *v = &ledger.space_vol[slot];
    uint32_t n = region_may_have(slot, 1) ? region_record() : 0;
    if (n == 0)
        return NO_REGION;
    struct ledger_region *to = record(n), copy = *region_at(r);
    copy.used = 0;
    copy.space = (uint16_t)slot;
    copy.flags = flags;
    *to = copy;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    *(volatile uint8_t *)&to->used = 1; /* commit */
    tree_append(n, r + 1, last + 1); /* NO_REGION becomes 0 */
    v->regions++;
    v->special += is_special(&copy);
    count_file(&copy);
    return n - 1;
}

/* From the leaves of the tree, so that nothing has to be rotated. */
bool regions_forget(uint32_t slot, uint32_t max)
{
    struct space_vol *v = &ledger.space_vol[slot];
    uint32_t n = v->tree, done = 0;
    v->last = 0;
    for (; n && done < max; done++) {
        while (node(n)->left || node(n)->right) /* bound: depth */
            n = node(n)->left ? node(n)->left : node(n)->right;
        uint32_t up = node(n)->up;
        *(volatile uint8_t *)&record(n)->used = 0; /* commit */
        if (up == 0)
            v->tree = 0;
        else
            *(node(up)->left == n ? &node(up)->left : &node(up)->right) = 0;
        v->special -= is_special(record(n));
        uncount_file(record(n));
        region_record_back(n);
        n = up;
    }
    v->regions -= done;
    return v->tree == 0;
}

void region_delete(uint32_t r)
{
    uint32_t n = r + 1;
    region_count_out(n);
    *(volatile uint8_t *)&record(n)->used = 0;
    region_record_back(n);
}

void region_set_end(uint32_t r, uint32_t end_page)
{
    *(volatile uint32_t *)&region_at(r)->end_page = end_page;
    tree_moved(r + 1);
}

void region_set_flags(uint32_t r, unsigned flags)
{
    struct space_vol *v = &ledger.space_vol[region_at(r)->space];
    v->special -= is_special(region_at(r));
    *(volatile uint8_t *)&region_at(r)->flags = (uint8_t)flags;
    v->special += is_special(region_at(r));
}

/* ---- start and restart ---- */

void regions_begin(void)
{
    files_begin();
    free_head = 0;
    free_count = ledger.max_regions;
    fresh = 1;
}

void regions_build(void)
{
    files_begin();
    free_head = free_count = 0;
    fresh = ledger.max_regions + 1;
    for (uint32_t n = ledger.max_regions; n > 0; n--) {
        struct ledger_region *r = record(n);
        if (r->used && (r->space >= ledger.max_spaces || !ledger.space[r->space].live))
            r->used = 0;
        if (!r->used)
            region_record_back(n);
        else
            region_count_in(n);
    }
}
