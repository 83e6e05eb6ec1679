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

/* List the absent pages but `page`, which the answer maps, and count them. References are given at once: a death before the system
 * call leaves too many, which a restart counts anew. */
static uint32_t list(const struct group *g, frame_t leaf, uint32_t page)
{
    const volatile pte_t *pte = (const volatile pte_t *)window(leaf) + (g->start & (LEAF_PAGES - 1));
    uint64_t *batch = window(ledger.header->batch_frame);
    struct ledger_frame *w = frame_word(g->first);
    uint32_t listed = 0;
    for (uint32_t i = 0; i < g->pages; i++) { /* bound: AROUND_MAX */
        bool wanted = pte[i] == 0 && g->start + i != page;
        batch[i] = wanted ? g->first + i : NO_FRAME;
        w[i].refs += wanted;
        listed += wanted;
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

void around_map(uint32_t slot, uint32_t region, uint32_t page)
{
    const struct ledger_region *r = region_at(region);
    const struct backing *b = backing_of(r);
    uint32_t width = ledger.header->around, start = page & ~(width - 1), end = start + width;
    struct group g = {.start = start < r->start_page ? r->start_page : start};
    end = end > r->end_page ? r->end_page : end;
    frame_t leaf = table_leaf(slot, page);
    if (b->run == 0 || leaf == NO_FRAME)
        return;
    g.pages = b->run(r, g.start, end - g.start, &g.first);
    uint32_t mapped = g.pages > 1 ? list(&g, leaf, page) : 0;
    if (mapped == 0)
        return;
    uint64_t done = 0;
    if (gate_space_map(space_at(slot)->handle, va_of(g.start), g.pages, prot_shared(r->prot), &done) != OK)
        mapped -= unlist(&g, done);
#ifndef MUTANT_PAGER_AROUND_UNCOUNTED
    space_vol(slot)->resident += mapped;
#endif
    ledger.header->around_pages += mapped;
}

bool around_set(uint64_t pages)
{
    if (pages == 0 || pages > AROUND_MAX || (pages & (pages - 1)) != 0)
        return false;
    *(volatile uint32_t *)&ledger.header->around = (uint32_t)pages;
    return true;
}
