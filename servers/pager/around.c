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

/* The aligned group around the page, as far as region and file reach. false: it is one page, or nothing can be mapped by runs. */
static bool group_of(const struct ledger_region *r, uint32_t page, struct map_run *run)
{
    const struct backing *b = backing_of(r);
    uint32_t width = ledger.header->around, start = page & ~(width - 1), end = start + width;
    start = start < r->start_page ? r->start_page : start;
    end = end > r->end_page ? r->end_page : end;
    run->va = va_of(start);
    run->prot = prot_shared(r->prot);
    run->pages = b != 0 && b->run != 0 ? b->run(r, start, end - start, &run->first) : 0;
    return run->pages > 1;
}

/* Map the run from its first page on until something is there already. References are given afterwards: a death in between leaves
 * too few, which a restart counts anew. */
static uint32_t map_run(uint32_t slot, const struct map_run *run)
{
    uint64_t done = 0;
    (void)gate_space_map_run(space_at(slot)->handle, run, &done);
    struct ledger_frame *w = frame_word(run->first), *end = w + done;
    for (; w < end; w++) /* bound: AROUND_MAX */
        w->refs++;
    return (uint32_t)done;
}

/* The same, as one list, for a group in which something is there already: what is absent is listed, and counted at once. */
static uint32_t list(const struct map_run *run, frame_t leaf)
{
    const volatile pte_t *pte = (const volatile pte_t *)window(leaf) + (page_of(run->va) & (LEAF_PAGES - 1));
    uint64_t *batch = window(ledger.header->batch_frame);
    uint32_t listed = 0;
    for (uint32_t i = 0; i < run->pages; i++) { /* bound: AROUND_MAX */
        batch[i] = pte[i] == 0 ? run->first + i : NO_FRAME;
        if (pte[i] != 0)
            continue;
        frame_ref(run->first + i);
        listed++;
    }
    return listed;
}

/* The system call stopped after `done` pages: take back what the others got. */
static uint32_t unlist(uint64_t pages, uint64_t done)
{
    const uint64_t *batch = window(ledger.header->batch_frame);
    uint32_t gone = 0;
    for (uint64_t i = done; i < pages; i++) { /* bound: AROUND_MAX */
        if (batch[i] == NO_FRAME)
            continue;
        frame_word((frame_t)batch[i])->refs--;
        gone++;
    }
    return gone;
}

static __attribute__((noinline)) uint32_t map_listed(uint32_t slot, const struct map_run *run)
{
    frame_t leaf = table_leaf(slot, page_of(run->va));
    uint32_t mapped = leaf != NO_FRAME ? list(run, leaf) : 0;
    uint64_t done = 0;
    if (mapped > 0 && gate_space_map(space_at(slot)->handle, run->va, run->pages, run->prot, &done) != OK)
        mapped -= unlist(run->pages, done);
    return mapped;
}

bool around_map(uint32_t slot, uint32_t region, uint32_t page)
{
    struct map_run run;
    if (!group_of(region_at(region), page, &run) || page - page_of(run.va) >= run.pages)
        return false;
    uint32_t mapped = map_run(slot, &run);
    if (unlikely(mapped < run.pages))
        mapped += map_listed(slot, &run);
    if (unlikely(mapped == 0))
        return false;
#ifndef MUTANT_PAGER_AROUND_UNCOUNTED
    space_vol(slot)->resident += mapped;
#endif
    ledger.header->around_pages += mapped - 1;
    return true;
}

bool around_set(uint64_t pages)
{
    if (pages == 0 || pages > AROUND_MAX || (pages & (pages - 1)) != 0)
        return false;
    *(volatile uint32_t *)&ledger.header->around = (uint32_t)pages;
    return true;
}
