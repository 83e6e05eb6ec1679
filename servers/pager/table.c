/* SPDX-License-Identifier: MIT
 * Walks through the window, and the system calls that change tables with the book-keeping that belongs to each.
 *
 *   page number:  root index [26..18] | middle index [17..9] | leaf index [8..0]
 */
#include "table.h"

#include "leaf.h"
#include "region.h"
#include "swap.h"
#include "sysgate.h"

static inline const volatile pte_t *table_at(frame_t f) { return window(f); }
static inline unsigned index_at(uint32_t page, unsigned level) { return (page >> (LEAF_SHIFT * level)) & (LEAF_PAGES - 1); }

pte_t table_walk(uint32_t slot, uint32_t page, unsigned *level)
{
    frame_t table = ledger.space[slot].root;
    pte_t pte = 0;
    for (*level = 2;; (*level)--) { /* bound: three levels */
        pte = table_at(table)[index_at(page, *level)];
        if (*level == 0 || !pte_is_table(pte))
            return pte;
        table = PTE_FRAME(pte);
    }
}

frame_t table_leaf(uint32_t slot, uint32_t page)
{
    pte_t top = table_at(ledger.space[slot].root)[index_at(page, 2)];
    if (!pte_is_table(top))
        return NO_FRAME;
    pte_t middle = table_at(PTE_FRAME(top))[index_at(page, 1)];
    return pte_is_table(middle) ? PTE_FRAME(middle) : NO_FRAME;
}

uint32_t table_skip_hole(uint32_t slot, uint32_t page)
{
    pte_t top = table_at(ledger.space[slot].root)[index_at(page, 2)];
    if (!pte_is_table(top))
        return (page & ~(L1_PAGES - 1)) + L1_PAGES;
    return leaf_floor(page) + LEAF_PAGES;
}

/* The same in [*page, end), which has one table of the middle level; *tried counts entries looked at. */
static frame_t next_leaf_of(frame_t middle, uint32_t *page, uint32_t end, unsigned *tried)
{
    const volatile pte_t *pte = table_at(middle);
    unsigned first = index_at(*page, 1), last = index_at(end - 1, 1);
    for (unsigned i = first; i <= last; i++, (*tried)++) { /* bound: LEAF_PAGES */
        pte_t e = pte[i];
        if (!pte_is_table(e) || frame_maps(PTE_FRAME(e)) == 0)
            continue;
        if (i > first)
            *page = leaf_floor(*page) + ((i - first) << LEAF_SHIFT);
        return PTE_FRAME(e);
    }
    *page = end;
    return NO_FRAME;
}

frame_t table_next_leaf(uint32_t slot, uint32_t *page)
{
    const volatile pte_t *root = table_at(ledger.space[slot].root);
    uint32_t r = region_from(slot, *page);
    for (unsigned tried = 0; r != NO_REGION && tried < NEXT_LEAVES_MAX; tried++) {
        const struct ledger_region *g = region_at(r);
        if (g->start_page > *page)
            *page = g->start_page;
        if (*page >= g->end_page) {
            r = region_next(r);
            continue;
        }
        uint32_t end = (*page & ~(L1_PAGES - 1)) + L1_PAGES;
        pte_t top = root[index_at(*page, 2)];
        if (end > g->end_page)
            end = g->end_page;
        frame_t leaf = NO_FRAME;
        if (pte_is_table(top))
            leaf = next_leaf_of(PTE_FRAME(top), page, end, &tried);
        else
            *page = end;
        if (leaf != NO_FRAME)
            return leaf;
    }
    if (r == NO_REGION)
        *page = USER_PAGES_END;
    return NO_FRAME;
}

/* Both ends are looked at in turn, since tables are mostly empty and used near one end (a stack's at the very last entries);
 * from the first hit on, the table's count of entries says when all have been seen. */
bool table_span(frame_t leaf, uint32_t *page, uint32_t *end)
{
    const volatile pte_t *const pte = table_at(leaf), *at;
    uint32_t base = leaf_floor(*page), left = frame_maps(leaf);
    const volatile pte_t *first = pte + (*page - base), *last = pte + (*end - base);
    for (; first < last && *first == 0 && last[-1] == 0; first++)
        last--;
    if (first >= last)
        return false;
    if (last[-1] == 0) {
        for (at = first; at < last && left > 0; at++)
            left -= *at != 0;
        last = at; /* maybe further than the last one, when the range is a part of the table */
    } else if (*first == 0) {
        for (at = last; at > first && left > 0; at--)
            left -= at[-1] != 0;
        first = at;
    }
    *page = base + (uint32_t)(first - pte);
    *end = base + (uint32_t)(last - pte);
    return true;
}

err_t table_frames(uint32_t slot, uint32_t page, frame_t out[2])
{
    unsigned level, n = 0;
    (void)table_walk(slot, page, &level);
    out[0] = out[1] = NO_FRAME;
    if (likely(frame_alloc_tables(slot, level, out)))
        return OK;
    for (; n < level; n++) {
        err_t err = frame_alloc_table(slot, &out[n]);
        if (err != OK) {
            out[n] = NO_FRAME;
            table_given(slot, out, 0);
            return err;
        }
    }
    return OK;
}

void table_given(uint32_t slot, const frame_t table[2], unsigned taken)
{
    for (unsigned i = taken; i < 2 && table[i] != NO_FRAME; i++)
        frame_free_table(slot, table[i]);
}

/* Tables down to the one of `level`, if they are not there. */
static err_t make_down_to(uint32_t slot, uint32_t page, unsigned level)
{
    for (unsigned tries = 0; tries < 3; tries++) { /* bound: two levels, and the look that finds them there */
        frame_t f;
        unsigned reached;
        (void)table_walk(slot, page, &reached);
        if (reached <= level)
            return OK;
        err_t err = frame_alloc_table(slot, &f);
        if (err != OK)
            return err;
        err = gate_space_table(ledger.space[slot].handle, va_of(page), f);
        if (err != OK) {
            frame_free_table(slot, f);
            return err == ERR_EXIST ? OK : err;
        }
    }
    return OK;
}

err_t table_make(uint32_t slot, uint32_t page) { return make_down_to(slot, page, 0); }
err_t table_make_middle(uint32_t slot, uint32_t page) { return make_down_to(slot, page, 1); }

/* The lowest table for page is empty: the kernel gives it back. */
static bool untable(uint32_t slot, uint32_t page)
{
    frame_t f = NO_FRAME;
    if (gate_space_untable(ledger.space[slot].handle, va_of(page), &f) != OK)
        return false;
    frame_free_table(slot, f);
    return true;
}

void table_unmake(uint32_t slot, uint32_t page)
{
    frame_t leaf = table_leaf(slot, page);
    if (leaf != NO_FRAME && (frame_maps(leaf) != 0 || !untable(slot, page)))
        return;
    pte_t top = table_at(ledger.space[slot].root)[index_at(page, 2)];
    if (pte_is_table(top) && frame_maps(PTE_FRAME(top)) == 0)
        (void)untable(slot, page);
}

static frame_t gone[LEAF_PAGES]; /* frames without a reference, until they are unmapped */

/* What an exit costs per page. Counts go down first: a restart counts anew. Returns how many are gone[]. */
static uint32_t drop_entries(uint32_t slot, uint32_t page, uint32_t end)
{
    struct space_vol *v = &ledger.space_vol[slot];
    struct ledger_frame *const word = ledger.frame;
    const uint64_t first = ledger.first_frame, frames = ledger.frames;
    frame_t *g = gone;
    const volatile pte_t *pte = table_at(table_leaf(slot, page)) + index_at(page, 0), *last = pte + (end - page);
    uint32_t present = 0, charged = 0, slots = 0;
    for (; pte < last; pte++) {
        pte_t e = *pte;
        if (unlikely(!(e & PTE_V))) {
            if (e != 0) {
                swap_drop(store_slot_of(e));
                slots++;
            }
            continue;
        }
        uint64_t index = (e >> PTE_PPN_SHIFT) - first; /* the kernel's entries have nothing above the frame */
        if (unlikely(index >= frames))
            continue; /* device pages have no count */
        present++;
        struct ledger_frame *w = &word[index];
        check(w->refs > 0);
        if (w->charged == slot) {
            w->charged = 0;
            charged++;
        }
        if (--w->refs == 0)
            *g++ = (frame_t)(first + index);
    }
    v->charged -= charged;
    v->resident -= present;
    v->swapped -= slots;
    return (uint32_t)(g - gone);
}

void table_unmap(uint32_t slot, uint32_t page, uint32_t end)
{
    frame_t leaf = table_leaf(slot, page);
    if (leaf == NO_FRAME || frame_maps(leaf) == 0)
        return;
    if (unlikely(leaf_is_shared(leaf))) {
        if (end - page == LEAF_PAGES) {
            leaf_leave(slot, page);
            return;
        }
        leaf_split(slot, page);
        leaf = table_leaf(slot, page);
    }
    if (!table_span(leaf, &page, &end))
        return;
    uint32_t n = drop_entries(slot, page, end);
    err_t err = gate_space_unmap(ledger.space[slot].handle, va_of(page), end - page);
    check(err == OK); /* the space is ours and the range is in user space */
    for (uint32_t i = 0; i < n; i++)
        frame_release(gone[i]);
}

void table_clear(uint32_t slot, uint32_t page)
{
    frame_t table[2];
    uint32_t end = page + LEAF_PAGES;
    frame_t leaf = table_leaf(slot, page);
    if (leaf_is_shared(leaf)) {
        leaf_leave(slot, page);
        return;
    }
    if (!table_span(leaf, &page, &end))
        return;
    uint32_t n = drop_entries(slot, page, end);
    err_t err = gate_space_unmap_tables(ledger.space[slot].handle, va_of(page), end - page, table);
    check(err == OK);
    for (uint32_t i = 0; i < n; i++)
        frame_release(gone[i]);
    for (unsigned i = 0; i < 2 && table[i] != NO_FRAME; i++)
        frame_free_table(slot, table[i]);
}

/* Everything below one entry of the root. */
static void unmake_middle(uint32_t slot, frame_t middle, uint32_t page)
{
    for (unsigned i = 0; i < LEAF_PAGES && frame_maps(middle) > 0; i++)
        if (pte_is_table(table_at(middle)[i]))
            (void)untable(slot, page + (i << LEAF_SHIFT));
    (void)untable(slot, page);
}

void table_unmake_all(uint32_t slot)
{
    frame_t root = ledger.space[slot].root;
    for (unsigned i = 0; i < LEAF_PAGES / 2 && ledger.space_vol[slot].tables > 0; i++) {
        pte_t top = table_at(root)[i];
        if (pte_is_table(top))
            unmake_middle(slot, PTE_FRAME(top), i << (2 * LEAF_SHIFT));
    }
}

err_t table_map(uint32_t slot, uint32_t page, frame_t f, unsigned prot)
{
    err_t err = table_make(slot, page);
    if (err != OK)
        return err;
    err = gate_space_map_frame(ledger.space[slot].handle, va_of(page), f, prot);
    if (err == OK)
        ledger.space_vol[slot].resident++;
    return err;
}
