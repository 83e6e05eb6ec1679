/* SPDX-License-Identifier: MIT
 * The neighbours of a file's page. Their frames are there already and held for ever, so that nothing is allocated, charged or
 * evicted here; each gets one reference, as if it had been faulted in on its own.
 */
#include "around.h"

#include "backing/backing.h"
#include "fault.h"
#include "space.h"
#include "sysgate.h"
#include "table.h"

_Static_assert(AROUND_MAX <= LEAF_PAGES && AROUND_MAX <= PAGE_SIZE / 8, "a group lies under one leaf table, and in the batch page");

/* What is to be mapped, of a group. */
struct group {
    uint32_t start, pages;
    frame_t first; /* of start */
};

/* The aligned group around the page, as far as region and file reach. false: it is one page, or nothing can be mapped by runs. */
static bool group_of(const struct ledger_region *r, uint32_t page, struct group *g)
{
    const struct backing *b = backing_of(r);
    uint32_t width = ledger.header->around, start = page & ~(width - 1), end = start + width;
    start = start < r->start_page ? r->start_page : start;
    end = end > r->end_page ? r->end_page : end;
    g->start = start;
    g->pages = b != 0 && b->run != 0 ? b->run(r, start, end - start, &g->first) : 0;
    return g->pages > 1;
}

/* List the absent pages but `page`, which the answer maps, and count them. References are given at once: a death before the system
 * call leaves too many, which a restart counts anew. The loop is what a page costs here: pointers, no indices. */
static uint32_t list(const struct group *g, frame_t leaf, uint32_t page)
{
    const volatile pte_t *pte = (const volatile pte_t *)window(leaf) + (g->start & (LEAF_PAGES - 1));
    const volatile pte_t *answered = pte + (page - g->start), *end = pte + g->pages;
    uint64_t *batch = window(ledger.header->batch_frame), f = g->first;
    struct ledger_frame *w = frame_word(g->first);
    uint32_t listed = 0;
    for (; pte < end; pte++, batch++, w++, f++) { /* bound: AROUND_MAX */
        if (*pte != 0 || pte == answered) {
            *batch = NO_FRAME;
            continue;
        }
        *batch = f;
        w->refs++;
        listed++;
    }
    return listed;
}

/* The system call stopped after `done` pages: take back what the others got. */
static uint32_t unlist(const struct group *g, uint64_t done)
{
    const uint64_t *batch = window(ledger.header->batch_frame);
    uint32_t gone = 0;
    for (uint64_t i = done; i < g->pages; i++) { /* bound: AROUND_MAX */
        if (batch[i] == NO_FRAME)
            continue;
        frame_word((frame_t)batch[i])->refs--;
        gone++;
    }
    return gone;
}

static void map_group(uint32_t slot, const struct ledger_region *r, const struct group *g, uint32_t page)
{
    frame_t leaf = table_leaf(slot, page);
    uint32_t mapped = leaf != NO_FRAME ? list(g, leaf, page) : 0;
    uint64_t done = 0;
    if (mapped == 0)
        return;
    if (gate_space_map(space_at(slot)->handle, va_of(g->start), g->pages, prot_shared(r->prot), &done) != OK)
        mapped -= unlist(g, done);
#ifndef MUTANT_PAGER_AROUND_UNCOUNTED
    space_vol(slot)->resident += mapped;
#endif
    ledger.header->around_pages += mapped;
}

void around_map(uint32_t slot, uint32_t region, uint32_t page)
{
    struct group g;
    if (group_of(region_at(region), page, &g))
        map_group(slot, region_at(region), &g, page);
}

frame_t around_page(uint32_t slot, uint32_t region, uint32_t page)
{
    struct group g;
    if (!group_of(region_at(region), page, &g) || page - g.start >= g.pages)
        return NO_FRAME;
    map_group(slot, region_at(region), &g, page);
    frame_ref(g.first + (page - g.start));
    return g.first + (page - g.start);
}

bool around_set(uint64_t pages)
{
    if (pages == 0 || pages > AROUND_MAX || (pages & (pages - 1)) != 0)
        return false;
    *(volatile uint32_t *)&ledger.header->around = (uint32_t)pages;
    return true;
}
