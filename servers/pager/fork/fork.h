/* SPDX-License-Identifier: MIT
 * Fork strategies: how the pages of a parent come into its child. One file each. A strategy moves a cursor through the
 * parent's pages, one bounded step a call; what it leaves behind in the child when it fails is emptied by its caller.
 */
#ifndef PAGER_FORK_H
#define PAGER_FORK_H

#include <abi/error.h>
#include <ipc/pager.h>

#include "step.h"
#include "table.h"

struct fork_job {
    uint32_t parent, child; /* slots */
    uint32_t page;          /* cursor: pages before it are done */
    uint64_t pages_shared, pages_copied;
};

struct fork_way {
    const char *name;
    /* One step. STEP_MORE; OK: every page is in the child; ERR_NOMEM: it can't go on. */
    err_t (*step)(struct fork_job *job);
};

extern const struct fork_way fork_cow, fork_eager, fork_tables;
/* By FORK_*; 0: no such strategy. */
const struct fork_way *fork_way_of(uint32_t number);

/* All that the parent has was handed on in this one step: nothing is to be looked for any more. */
static inline bool fork_is_complete(const struct fork_job *job)
{
    const struct space_vol *v = &ledger.space_vol[job->parent];
    return job->pages_shared == v->resident && v->swapped == 0;
}

/* eager.c: copy up to EAGER_STEP_PAGES pages of [job->page, end) under one leaf table. Moves the cursor.
 * Used by COW forks for pinned regions, too. */
err_t fork_copy_pages(struct fork_job *job, uint32_t end);
/* cow.c: share the pages from job->page on that lie under this leaf table one by one, or some of them. Moves the cursor. *work: what
 * it cost, in pages. */
err_t fork_cow_leaf(struct fork_job *job, frame_t leaf, uint32_t *work);
/* tables.c: leaf tables with fewer pages are not shared. */
extern uint32_t fork_table_min;

#endif
