/* SPDX-License-Identifier: MIT
 * Fork by copying: every page that the parent may write is copied at once, the rest is shared. The baseline that COW is
 * measured against, and how pinned regions fork under any strategy.
 */
#include "fork/fork.h"

#include "backing/backing.h"
#include "region.h"

/* Whether the child gets the very frame: nobody may write it, or it is held and thus copied at the first write. */
static bool is_shareable(pte_t pte, const struct ledger_region *r)
{
    if (r->flags & REGION_SHARED)
        return true;
    return !(pte & (PTE_W | PTE_COW)) || frame_is_held(frame_word(PTE_FRAME(pte)));
}

static unsigned prot_of(pte_t pte)
{
    return (unsigned)((pte >> 1) & (PROT_R | PROT_W | PROT_X)) | (pte & PTE_COW ? PROT_COW : 0);
}

static err_t share_page(struct fork_job *job, uint32_t page, pte_t pte)
{
    frame_ref(PTE_FRAME(pte));
    err_t err = table_map(job->child, page, PTE_FRAME(pte), prot_of(pte));
    if (err != OK)
        frame_drop(job->child, PTE_FRAME(pte));
    else
        job->pages_shared++;
    return err;
}

static err_t copy_page(struct fork_job *job, uint32_t page, pte_t pte)
{
    frame_t fresh;
    err_t err = frame_alloc_user(job->child, &fresh);
    if (err != OK)
        return err;
    page_copy(fresh, PTE_FRAME(pte));
    err = table_map(job->child, page, fresh, PROT_R | PROT_W);
    if (err != OK)
        frame_drop(job->child, fresh);
    else
        job->pages_copied++;
    return err;
}

err_t fork_copy_pages(struct fork_job *job, uint32_t end)
{
    frame_t leaf = table_leaf(job->parent, job->page);
    for (unsigned work = 0; job->page < end && work < EAGER_STEP_PAGES; job->page++) {
        pte_t pte = ((const volatile pte_t *)window(leaf))[job->page & (LEAF_PAGES - 1)];
        uint32_t r = pte & PTE_V ? region_find(job->parent, job->page) : NO_REGION;
        if (r == NO_REGION || region_at(r)->backing == BACKING_DEVICE)
            continue;
        err_t err = is_shareable(pte, region_at(r)) ? share_page(job, job->page, pte) : copy_page(job, job->page, pte);
        if (err != OK)
            return err;
        work++;
    }
    return OK;
}

static err_t eager_step(struct fork_job *job)
{
    if (table_next_leaf(job->parent, &job->page) == NO_FRAME)
        return job->page < USER_PAGES_END ? STEP_MORE : OK;
    err_t err = fork_copy_pages(job, leaf_floor(job->page) + LEAF_PAGES);
    return err == OK ? STEP_MORE : err;
}

const struct fork_way fork_eager = {.name = "eager", .step = eager_step};
