/* SPDX-License-Identifier: MIT
 * Region records and their tree: a treap with links up, so that neither insertion nor removal nor a walk needs recursion
 * or a stack. Indices are stored + 1; 0 is nothing.
 *
 * Order of stores: a record becomes valid with its `used` byte, last; changes of several records go through the redo log.
 */
#include "region.h"

#include "check.h"

static uint32_t free_head, free_count; /* chained through node.left, */
static uint32_t fresh;                 /* and this one and those behind it: never used since boot; index + 1 */

/* ---- the tree ---- */

static inline struct region_node *node(uint32_t n) { return &ledger.region_node[n - 1]; }
static inline struct ledger_region *record(uint32_t n) { return &ledger.region[n - 1]; }
static inline uint32_t *root_of(uint32_t n) { return &ledger.space_vol[record(n)->space].tree; }

/* A fresh weight for each insertion, not one that belongs to the record: records freed root by root would come back in the
 * order of their weights and grow a list. Spread by MurmurHash3's finaliser. */
static uint32_t next_weight(void)
{
    static uint32_t inserted;
    uint32_t n = ++inserted;
    n ^= n >> 16;
    n *= 0x85ebca6bu;
    n ^= n >> 13;
    n *= 0xc2b2ae35u;
    return n ^ n >> 16;
}

/* The link that holds n: its parent's, or the root. */
static uint32_t *link_to(uint32_t n)
{
    uint32_t up = node(n)->up;
    if (up == 0)
        return root_of(n);
    return node(up)->left == n ? &node(up)->left : &node(up)->right;
}

/* Lift n above its parent. */
static void rotate_up(uint32_t n)
{
    uint32_t p = node(n)->up, *hold = link_to(p), moved;
    if (node(p)->left == n) {
        moved = node(n)->right;
        node(p)->left = moved;
        node(n)->right = p;
    } else {
        moved = node(n)->left;
        node(p)->right = moved;
        node(n)->left = p;
    }
    if (moved)
        node(moved)->up = p;
    node(n)->up = node(p)->up;
    node(p)->up = n;
    *hold = n;
}

static void tree_insert(uint32_t n)
{
    uint32_t *link = root_of(n), up = 0;
    while (*link) { /* bound: the tree's depth */
        up = *link;
        link = record(n)->start_page < record(up)->start_page ? &node(up)->left : &node(up)->right;
    }
    *node(n) = (struct region_node){.up = up, .weight = next_weight()};
    *link = n;
    while (node(n)->up && node(node(n)->up)->weight < node(n)->weight) /* bound: depth */
        rotate_up(n);
}

static void tree_remove(uint32_t n)
{
    while (node(n)->left || node(n)->right) { /* bound: depth; the heavier child comes up */
        uint32_t l = node(n)->left, r = node(n)->right;
        rotate_up(r == 0 || (l != 0 && node(l)->weight > node(r)->weight) ? l : r);
    }
    *link_to(n) = 0;
    *node(n) = (struct region_node){0};
}

static uint32_t tree_next(uint32_t n)
{
    if (node(n)->right) {
        n = node(n)->right;
        while (node(n)->left)
            n = node(n)->left;
        return n;
    }
    while (node(n)->up && node(node(n)->up)->right == n) /* bound: depth */
        n = node(n)->up;
    return node(n)->up;
}

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

static uint32_t record_take(void)
{
    uint32_t n = free_head;
    if (n)
        free_head = node(n)->left;
    else if (fresh <= ledger.max_regions)
        n = fresh++;
    free_count -= n != 0;
    return n;
}

static void record_put(uint32_t n)
{
    *node(n) = (struct region_node){.left = free_head};
    free_head = n;
    free_count++;
}

static inline bool is_special(const struct ledger_region *r) { return (r->flags & (REGION_SHARED | REGION_PINNED | REGION_LOCKED)) != 0; }

static void count_in(uint32_t n)
{
    struct space_vol *v = &ledger.space_vol[record(n)->space];
    tree_insert(n);
    v->regions++;
    v->special += is_special(record(n));
}

static void count_out(uint32_t n)
{
    struct space_vol *v = &ledger.space_vol[record(n)->space];
    tree_remove(n);
    v->regions--;
    v->special -= is_special(record(n));
    if (v->last == n)
        v->last = 0;
}

static bool is_identical(const struct ledger_region *a, const struct ledger_region *b)
{
    return a->start_page == b->start_page && a->end_page == b->end_page && a->backed_bytes == b->backed_bytes &&
           a->offset_page == b->offset_page && a->file == b->file && a->backing == b->backing && a->flags == b->flags &&
           a->prot == b->prot;
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
    uint32_t n = record_take();
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
    uint32_t n = record_write(want);
    if (n == 0)
        return ERR_LIMIT;
    count_in(n);
    return OK;
}

/* The tree's right edge is climbed from its end to where the weight belongs; what hangs there goes to the left of n. */
static void tree_append(uint32_t n, struct space_vol *v)
{
    uint32_t up = v->tree, below = 0, weight = next_weight();
    while (up && node(up)->right) /* bound: depth */
        up = node(up)->right;
    while (up && node(up)->weight < weight) { /* bound: depth */
        below = up;
        up = node(up)->up;
    }
    *node(n) = (struct region_node){.left = below, .up = up, .weight = weight};
    if (below)
        node(below)->up = n;
    *(up ? &node(up)->right : &v->tree) = n;
}

err_t region_append(uint32_t slot, uint32_t r, uint8_t flags)
{
    struct space_vol *v = &ledger.space_vol[slot];
    uint32_t n = record_take();
    if (n == 0)
        return ERR_LIMIT;
    struct ledger_region *to = record(n);
    const struct ledger_region *from = region_at(r);
    to->start_page = from->start_page, to->end_page = from->end_page;
    to->backed_bytes = from->backed_bytes;
    to->offset_page = from->offset_page;
    to->space = (uint16_t)slot, to->file = from->file;
    to->backing = from->backing, to->flags = flags, to->prot = from->prot;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    *(volatile uint8_t *)&to->used = 1; /* commit */
    tree_append(n, v);
    v->regions++;
    v->special += is_special(to);
    return OK;
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
        record_put(n);
        n = up;
    }
    v->regions -= done;
    return v->tree == 0;
}

void region_delete(uint32_t r)
{
    uint32_t n = r + 1;
    count_out(n);
    *(volatile uint8_t *)&record(n)->used = 0;
    record_put(n);
}

void region_set_end(uint32_t r, uint32_t end_page)
{
    *(volatile uint32_t *)&region_at(r)->end_page = end_page;
}

/* ---- cutting and protecting: what overlaps is split into a part before, a part within and a part behind ---- */

/* The part of *r that lies in [start, end): what it is backed with moves along. */
static struct ledger_region part_of(const struct ledger_region *r, uint32_t start, uint32_t end)
{
    struct ledger_region part = *r;
    uint64_t skipped_bytes = va_of(start - r->start_page);
    part.start_page = start;
    part.end_page = end;
    part.offset_page += start - r->start_page;
    part.backed_bytes = r->backed_bytes > skipped_bytes ? r->backed_bytes - skipped_bytes : 0;
    if (start != r->start_page)
        part.flags &= (uint8_t)~REGION_STACK; /* the guard page stays with the first part; a heap may have several */
    return part;
}

struct split {
    uint32_t old[REGIONS_PER_REQUEST], olds;
    struct ledger_region fresh[REGIONS_PER_REQUEST + 2];
    uint32_t news;
};
static struct split split;

/* What becomes of the part within the range. */
struct change {
    bool cut;
    int prot; /* < 0: stays */
    unsigned set_flags, clear_flags;
};

static void split_part(const struct ledger_region *r, uint32_t start, uint32_t end, const struct change *c)
{
    if (start >= end)
        return;
    struct ledger_region *part = &split.fresh[split.news++];
    *part = part_of(r, start, end);
    if (c->prot >= 0)
        part->prot = (uint8_t)c->prot;
    part->flags = (uint8_t)((part->flags | c->set_flags) & ~c->clear_flags);
}

static inline uint32_t min_page(uint32_t a, uint32_t b) { return a < b ? a : b; }
static inline uint32_t max_page(uint32_t a, uint32_t b) { return a > b ? a : b; }

/* Decode only: nothing is changed. */
static err_t split_collect(uint32_t slot, uint32_t start, uint32_t end, const struct change *c)
{
    static const struct change none = {.prot = -1};
    uint32_t reached = start;
    split.olds = split.news = 0;
    for (uint32_t r = region_from(slot, start); r != NO_REGION && region_at(r)->start_page < end; r = region_next(r)) {
        const struct ledger_region *g = region_at(r);
        if (g->start_page == g->end_page)
            continue;
        if (split.olds == REGIONS_PER_REQUEST)
            return ERR_LIMIT;
        if (!c->cut && g->start_page > reached)
            return ERR_NOENT;
        reached = g->end_page;
        split.old[split.olds++] = r;
        split_part(g, g->start_page, min_page(start, g->end_page), &none);
        if (!c->cut)
            split_part(g, max_page(start, g->start_page), min_page(end, g->end_page), c);
        split_part(g, max_page(end, g->start_page), g->end_page, &none);
    }
    return !c->cut && reached < end ? ERR_NOENT : OK;
}

/* One transaction: the old records become free, the new ones valid. Old records are reused first. */
static void split_commit(void)
{
    static const struct ledger_region none;
    uint32_t target[REGIONS_PER_REQUEST + 2];
    for (uint32_t i = 0; i < split.olds; i++)
        count_out(split.old[i] + 1);
    ledger_begin();
    for (uint32_t i = 0; i < split.news; i++) {
        target[i] = i < split.olds ? split.old[i] + 1 : record_take();
        ledger_put(record(target[i]), &split.fresh[i], sizeof(struct ledger_region));
    }
    for (uint32_t i = split.news; i < split.olds; i++)
        ledger_put(record(split.old[i] + 1), &none, sizeof(none));
    ledger_commit();
    for (uint32_t i = 0; i < split.news; i++)
        count_in(target[i]);
    for (uint32_t i = split.news; i < split.olds; i++)
        record_put(split.old[i] + 1);
}

static err_t split_run(uint32_t slot, uint32_t start, uint32_t end, const struct change *c)
{
    err_t err = split_collect(slot, start, end, c);
    if (err != OK)
        return err;
    if (split.news > split.olds && split.news - split.olds > free_count)
        return ERR_LIMIT;
    if (split.news > REGIONS_PER_REQUEST)
        return ERR_LIMIT;
    /* commit */
    if (split.olds)
        split_commit();
    return OK;
}
_Static_assert((REGIONS_PER_REQUEST + REGIONS_PER_REQUEST) * sizeof(struct ledger_region) / 8 <= LOG_ENTRIES_MAX,
               "a split fits the log");

err_t region_cut(uint32_t slot, uint32_t start, uint32_t end)
{
    return split_run(slot, start, end, &(struct change){.cut = true});
}

err_t region_protect(uint32_t slot, uint32_t start, uint32_t end, unsigned prot)
{
    return split_run(slot, start, end, &(struct change){.prot = (int)prot});
}

err_t region_lock(uint32_t slot, uint32_t start, uint32_t end, bool lock)
{
    return split_run(slot, start, end, &(struct change){.prot = -1, .set_flags = lock ? REGION_LOCKED : 0,
                                                        .clear_flags = lock ? 0 : REGION_LOCKED});
}

/* ---- start and restart ---- */

void regions_begin(void)
{
    free_head = 0;
    free_count = ledger.max_regions;
    fresh = 1;
}

void regions_build(void)
{
    free_head = free_count = 0;
    fresh = ledger.max_regions + 1;
    for (uint32_t n = ledger.max_regions; n > 0; n--) {
        struct ledger_region *r = record(n);
        if (r->used && (r->space >= ledger.max_spaces || !ledger.space[r->space].live))
            r->used = 0;
        if (!r->used)
            record_put(n);
        else
            count_in(n);
    }
}
