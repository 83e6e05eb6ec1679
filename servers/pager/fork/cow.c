/* SPDX-License-Identifier: MIT
 * Fork by sharing pages copy-on-write: one system call a leaf table (2 MiB) marks the parent's private pages COW and maps
 * them in the child; the counts are taken from the child's new entries.
 */
#include "fork/fork.h"

#include "region.h"
#include "resident.h"
#include "swap.h"
#include "sysgate.h"

/* One reference for every page that the child now maps in [page, end). */
static void count_shared(struct fork_job *job, uint32_t page, uint32_t end)
{
    const volatile pte_t *pte = (const volatile pte_t *)window(table_leaf(job->child, page)) + (page & (LEAF_PAGES - 1));
    struct ledger_frame *const word = ledger.frame;
    const frame_t first_frame = ledger.first_frame;
    uint32_t n = 0;
    for (uint32_t left = end - page; left > 0; left--, pte++) {
        pte_t e = *pte;
        if (!(e & PTE_V))
            continue;
        n++;
#ifdef MUTANT_PAGER_SKIP_REF
        if (n == 3)
            continue;
#endif
        word[PTE_FRAME(e) - first_frame].refs++;
    }
    ledger.space_vol[job->child].resident += n;
    job->pages_shared += n;
}

/* The parent's pages were its own domain's; what the child has, too, is everybody's. */
static void leave_domain(const struct fork_job *job, uint32_t page, uint32_t end)
{
    const volatile pte_t *pte = (const volatile pte_t *)window(table_leaf(job->child, page)) + (page & (LEAF_PAGES - 1));
    for (; page < end; page++, pte++)
        if ((*pte & PTE_V) && !frame_is_held(frame_word(PTE_FRAME(*pte))))
            resident_share(PTE_FRAME(*pte));
}

/* The entries of [page, *end) that name slots, at most SHARE_SLOTS_STEP: *end is moved behind the last one done. */
static err_t share_slots(const struct fork_job *job, uint32_t page, uint32_t *end)
{
    unsigned n = 0;
    for (; page < *end; page++) {
        const volatile pte_t *pte = (const volatile pte_t *)window(table_leaf(job->parent, page)) + (page & (LEAF_PAGES - 1));
        if (*pte == 0 || (*pte & PTE_V))
            continue;
        if (n++ == SHARE_SLOTS_STEP) {
            *end = page;
            break;
        }
        err_t err = swap_share(job->parent, job->child, page);
        if (err != OK && err != ERR_EXIST)
            return err;
    }
    return OK;
}

/* What is present of [job->page, end), which lies under `leaf` of the parent. */
static err_t share(struct fork_job *job, frame_t leaf, uint32_t end, unsigned mode)
{
    uint32_t first = job->page, last = end;
    uint64_t done;
    if (table_span(leaf, &first, &last)) {
        err_t err = table_make(job->child, first);
        if (err == OK && ledger.space_vol[job->parent].swapped > 0) {
            uint32_t reached = last;
            err = share_slots(job, first, &reached);
            if (reached < last)
                last = end = reached;
        }
        if (err != OK)
            return err;
        err = gate_space_share(ledger.space[job->parent].handle, ledger.space[job->child].handle, va_of(first),
                               last - first, mode, &done);
        if (err != OK)
            return err;
        count_shared(job, first, last);
        if (unlikely(ledger.space_vol[job->parent].domain != 0))
            leave_domain(job, first, last);
    }
    job->page = end;
    return OK;
}

/* Several kinds of regions may lie under one leaf table: the part of it that the region at the cursor governs. */
static err_t share_part(struct fork_job *job, frame_t leaf, uint32_t end)
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
        return share(job, leaf, end, SHARE_SAME);
    if (g->flags & (REGION_PINNED | REGION_LOCKED))
        return fork_copy_pages(job, end);
    return share(job, leaf, end, SHARE_COW);
}

static err_t cow_step(struct fork_job *job)
{
    frame_t leaf = table_next_leaf(job->parent, &job->page);
    if (leaf == NO_FRAME)
        return job->page < USER_PAGES_END ? STEP_MORE : OK;
    uint32_t end = leaf_floor(job->page) + LEAF_PAGES;
    if (ledger.space[job->parent].flags & SPACE_F_PINNED) {
        err_t err = fork_copy_pages(job, end);
        return err == OK ? STEP_MORE : err;
    }
    bool plain = ledger.space_vol[job->parent].special == 0;
    err_t err = plain ? share(job, leaf, end, SHARE_COW) : share_part(job, leaf, end);
    return err == OK ? STEP_MORE : err;
}

const struct fork_way fork_cow = {.name = "cow", .step = cow_step};

const struct fork_way *fork_way_of(uint32_t number)
{
    return number == FORK_COW ? &fork_cow : number == FORK_EAGER ? &fork_eager : 0;
}
