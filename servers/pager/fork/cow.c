/* SPDX-License-Identifier: MIT
 * Fork by sharing pages copy-on-write: one system call a leaf table (2 MiB) marks the parent's private pages COW and maps
 * them in the child; the counts are taken from the child's new entries.
 */
#include "fork/fork.h"

#include "region.h"
#include "sysgate.h"

/* One reference for every page that the child now maps in [page, end). */
static void count_shared(struct fork_job *job, uint32_t page, uint32_t end)
{
    frame_t leaf = table_leaf(job->child, page);
    const volatile pte_t *pte = (const volatile pte_t *)window(leaf) + (page & (LEAF_PAGES - 1));
    uint32_t left = frame_maps(leaf), n = 0;
    for (; page < end && n < left; page++, pte++) {
        if (!(*pte & PTE_V))
            continue;
#ifdef MUTANT_PAGER_SKIP_REF
        if (n == 3) {
            n++;
            continue;
        }
#endif
        frame_ref(PTE_FRAME(*pte));
        n++;
    }
    ledger.space_vol[job->child].resident += n;
    job->pages_shared += n;
}

/* [job->page, end) under one leaf table, which the parent has. */
static err_t share(struct fork_job *job, uint32_t end, unsigned mode)
{
    uint64_t done;
    err_t err = table_make(job->child, job->page);
    if (err != OK)
        return err;
    err = gate_space_share(ledger.space[job->parent].handle, ledger.space[job->child].handle, va_of(job->page),
                           end - job->page, mode, &done);
    if (err != OK)
        return err;
    count_shared(job, job->page, end);
    job->page = end;
    return OK;
}

/* Several kinds of regions may lie under one leaf table: the part of it that the region at the cursor governs. */
static err_t share_part(struct fork_job *job, uint32_t end)
{
    uint32_t r = region_from(job->parent, job->page);
    const struct ledger_region *g = r == NO_REGION ? 0 : region_at(r);
    if (g == 0 || g->start_page >= end) {
        job->page = end;
        return OK;
    }
    if (g->start_page > job->page)
        job->page = g->start_page;
    if (g->end_page < end)
        end = g->end_page;
    if (g->flags & REGION_SHARED)
        return share(job, end, SHARE_SAME);
    if (g->flags & REGION_PINNED)
        return fork_copy_pages(job, end);
    return share(job, end, SHARE_COW);
}

static err_t cow_step(struct fork_job *job)
{
    if (table_next_leaf(job->parent, &job->page) == NO_FRAME)
        return job->page < USER_PAGES_END ? STEP_MORE : OK;
    uint32_t end = leaf_floor(job->page) + LEAF_PAGES;
    bool plain = ledger.space_vol[job->parent].special == 0;
    err_t err = plain ? share(job, end, SHARE_COW) : share_part(job, end);
    return err == OK ? STEP_MORE : err;
}

const struct fork_way fork_cow = {.name = "cow", .step = cow_step};

const struct fork_way *fork_way_of(uint32_t number)
{
    return number == FORK_COW ? &fork_cow : number == FORK_EAGER ? &fork_eager : 0;
}
