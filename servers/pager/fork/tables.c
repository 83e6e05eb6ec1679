/* SPDX-License-Identifier: MIT
 * Fork by sharing leaf tables: parent and child have the same table of 2 MiB, until one of them changes something there. So a fork
 * costs per 2 MiB, not per page. What is not worth it, or not possible, is shared page by page, as cow.c does it:
 *
 *   few pages under the table          it would be split at the first store: a copy of 512 entries for a handful of pages
 *   regions that fork their own way    pinned, locked, shared with other processes
 *   files that are mapped              the file server takes their pages back one by one
 *   replacement is on                  pages leave one by one, which a shared table does not allow
 */
#include "fork/fork.h"

#include "leaf.h"
#include "region.h"
#include "resident.h"
#include "space.h"

uint32_t fork_table_min = TABLE_SHARE_MIN;

/* The leaf table for job->page may be the child's as it is. */
static bool may_share(const struct fork_job *job, frame_t leaf)
{
    const struct space_vol *v = space_vol(job->parent);
    if (frame_maps(leaf) < fork_table_min || resident.on || v->swapped > 0 || (space_at(job->parent)->flags & SPACE_F_PINNED))
        return false;
    if (v->special == 0 && v->files == 0)
        return true;
    uint32_t floor = leaf_floor(job->page), r = region_find(job->parent, job->page);
    const struct ledger_region *g = region_at(r);
    return r != NO_REGION && g->start_page <= floor && g->end_page >= floor + LEAF_PAGES &&
           g->backing != BACKING_FILE && !(g->flags & (REGION_SHARED | REGION_PINNED | REGION_LOCKED));
}

/* One leaf table. ERR_OWNER: there are pages in it that are not the pager's to share. */
static err_t share_table(struct fork_job *job, frame_t leaf)
{
    err_t err = leaf_share(job->parent, job->child, job->page);
    if (err != OK)
        return err;
    job->pages_shared += frame_maps(leaf);
    job->page = leaf_floor(job->page) + LEAF_PAGES;
    return OK;
}

static err_t tables_step(struct fork_job *job)
{
    for (uint32_t left = LEAF_PAGES; left > 0;) {
        frame_t leaf = table_next_leaf(job->parent, &job->page);
        if (leaf == NO_FRAME)
            return job->page < USER_PAGES_END ? STEP_MORE : OK;
        uint32_t work = TABLE_WORK;
        err_t err = may_share(job, leaf) ? share_table(job, leaf) : ERR_OWNER;
        if (err == ERR_OWNER)
            err = fork_cow_leaf(job, leaf, &work);
        if (err != OK || fork_is_complete(job))
            return err;
        left -= work < left ? work : left;
    }
    return STEP_MORE;
}

const struct fork_way fork_tables = {.name = "tables", .step = tables_step};
