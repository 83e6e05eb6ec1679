/* SPDX-License-Identifier: MIT
 * Fork by sharing pages copy-on-write: one system call a leaf table (2 MiB) marks the parent's private pages COW and maps
 * them in the child; the counts are taken from the child's new entries.
 */
#include "fork/fork.h"

#include "region.h"
#include "resident.h"
#include "spare.h"
#include "swap.h"
#include "sysgate.h"

/* One reference for each of the n pages that the child now maps in [page, end). */
static void count_shared(struct fork_job *job, frame_t leaf, uint32_t page, uint32_t end, uint32_t n)
{
    const volatile pte_t *pte = (const volatile pte_t *)window(leaf) + (page & (LEAF_PAGES - 1));
    struct ledger_frame *const word = ledger.frame - ledger.first_frame;
    const volatile pte_t *const last = pte + (end - page);
#ifndef MUTANT_PAGER_SKIP_REF
    for (; n == end - page && pte + 4 <= last; pte += 4) { /* no hole, as mostly */
        word[pte[0] >> PTE_PPN_SHIFT].refs++;
        word[pte[1] >> PTE_PPN_SHIFT].refs++;
        word[pte[2] >> PTE_PPN_SHIFT].refs++;
        word[pte[3] >> PTE_PPN_SHIFT].refs++;
    }
#endif
    for (; pte < last; pte++) {
        pte_t e = *pte;
        if (!(e & PTE_V))
            continue;
#ifdef MUTANT_PAGER_SKIP_REF
        if (((uintptr_t)pte / sizeof *pte) % 8 == 3)
            continue;
#endif
        word[e >> PTE_PPN_SHIFT].refs++; /* the kernel's entries have nothing above the frame */
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
    if (table_span(leaf, &first, &last)) {
        frame_t table[2] = {NO_FRAME, NO_FRAME};
        unsigned taken = 0;
        err_t err = OK;
        if (ledger.space_vol[job->parent].swapped > 0) {
            uint32_t reached = last;
            err = table_make(job->child, first);
            if (err == OK)
                err = share_slots(job, first, &reached);
            if (reached < last)
                last = end = reached;
        }
        frame_t theirs = table_leaf(job->child, first); /* slots, what an earlier region put there, or made ahead */
        if (err == OK && theirs == NO_FRAME)
            err = table_frames(job->child, first, table);
        if (err != OK)
            return err;
        uint32_t before = theirs == NO_FRAME ? 0 : frame_maps(theirs);
        err = gate_space_share(ledger.space[job->parent].handle, ledger.space[job->child].handle, va_of(first),
                               last - first, mode, table, &taken);
        table_given(job->child, table, taken);
        if (err != OK)
            return err;
        if (theirs == NO_FRAME)
            theirs = table[taken - 1]; /* the last one that was missing */
        count_shared(job, theirs, first, last, frame_maps(theirs) - before);
        if (unlikely(ledger.space_vol[job->parent].domain != 0))
            leave_domain(job, first, last);
    }
    job->page = end;
    return OK;
}

/* Several kinds of regions may lie under one leaf table: the part of it that the region at the cursor governs. */
static err_t share_part(struct fork_job *job, frame_t leaf, uint32_t end, uint32_t *work)
{
    uint32_t r = region_from(job->parent, job->page);
    const struct ledger_region *g = r == NO_REGION ? 0 : region_at(r);
    uint32_t present = frame_maps(leaf);
    *work = LEAF_WORK;
    if (g == 0 || g->start_page >= end) {
        job->page = end;
        return OK;
    }
    if (g->start_page > job->page)
        job->page = g->start_page;
    if (g->end_page < end)
        end = g->end_page;
    *work += end - job->page < present ? end - job->page : present;
    if (g->flags & REGION_SHARED)
        return share(job, leaf, end, SHARE_SAME);
    if (g->flags & (REGION_PINNED | REGION_LOCKED)) {
        *work = LEAF_PAGES;
        return fork_copy_pages(job, end);
    }
    return share(job, leaf, end, SHARE_COW);
}

err_t fork_cow_leaf(struct fork_job *job, frame_t leaf, uint32_t *work)
{
    uint32_t end = leaf_floor(job->page) + LEAF_PAGES;
    *work = LEAF_PAGES;
    if (ledger.space[job->parent].flags & SPACE_F_PINNED)
        return fork_copy_pages(job, end);
    if (ledger.space_vol[job->parent].special != 0)
        return share_part(job, leaf, end, work);
    *work = frame_maps(leaf) + LEAF_WORK;
    spare_note(job->page);
    return share(job, leaf, end, SHARE_COW);
}

/* Leaf tables, a full one's worth. */
static err_t cow_step(struct fork_job *job)
{
    for (uint32_t left = LEAF_PAGES; left > 0;) {
        frame_t leaf = table_next_leaf(job->parent, &job->page);
        uint32_t work;
        if (leaf == NO_FRAME)
            return job->page < USER_PAGES_END ? STEP_MORE : OK;
        err_t err = fork_cow_leaf(job, leaf, &work);
        if (err != OK || fork_is_complete(job))
            return err;
        left -= work < left ? work : left;
    }
    return STEP_MORE;
}

const struct fork_way fork_cow = {.name = "cow", .step = cow_step};

const struct fork_way *fork_way_of(uint32_t number)
{
    static const struct fork_way *const way[] = {[FORK_COW] = &fork_cow, [FORK_EAGER] = &fork_eager, [FORK_TABLES] = &fork_tables};
    return number < sizeof way / sizeof way[0] ? way[number] : 0;
}
