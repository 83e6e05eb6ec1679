/* SPDX-License-Identifier: MIT
 * Fork by copying: every page that the parent may write is copied at once, the rest is shared. The baseline that COW is
 * measured against, and how pinned regions fork under any strategy.
 */
#include "fork/fork.h"

#include "backing/backing.h"
#include "region.h"
#include "resident.h"
#include "swap.h"
#include "sysgate.h"

/* Whether the child gets the very frame: nobody may write it, or it is held and thus copied at the first write. What is pinned is its
 * process's alone, so that no end of a relative leaves it pinned by nobody. */
static bool is_shareable(const struct fork_job *job, pte_t pte, const struct ledger_region *r)
{
    if (r->flags & REGION_SHARED)
        return true;
    bool pinned = (r->flags & (REGION_PINNED | REGION_LOCKED)) || (space_at(job->parent)->flags & SPACE_F_PINNED);
    if (pinned && resident_counts(job->parent, PTE_FRAME(pte)))
        return false;
    return !(pte & (PTE_W | PTE_COW)) || frame_is_held(frame_word(PTE_FRAME(pte)));
}

/* 0: there, and not to be touched. */
static unsigned prot_of(pte_t pte)
{
    if (!(pte & PTE_U))
        return 0;
    return (unsigned)((pte >> 1) & (PROT_R | PROT_W | PROT_X)) | (pte & PTE_COW ? PROT_COW : 0);
}

/* ---- what goes into the child is collected in the batch page and mapped by one call ---- */

static struct {
    uint32_t page, count; /* of the first entry; entries, holes included */
    unsigned prot;
} run;

static uint64_t *batch_list(void) { return window(ledger.header->batch_frame); }

/* Map what was collected. On an error what was not mapped gives its reference back. */
static err_t run_flush(struct fork_job *job)
{
    uint64_t done = 0, mapped = 0;
    if (run.count == 0)
        return OK;
    handle_t child = ledger.space[job->child].handle;
    err_t err = gate_space_map(child, va_of(run.page), run.count, run.prot ? run.prot : PROT_R, &done);
    if (err == OK)
        done = run.count;
    if (run.prot == 0 && gate_space_protect(child, va_of(run.page), done, 0) != OK)
        err = ERR_INVAL;
    for (uint32_t i = 0; i < run.count; i++) { /* bound: EAGER_STEP_PAGES and the holes between, one leaf table at most */
        if (batch_list()[i] == 0)
            continue;
        if (i < done)
            mapped++;
        else
            frame_drop(job->child, (frame_t)batch_list()[i]);
    }
    ledger.space_vol[job->child].resident += (uint32_t)mapped;
    run.count = 0;
    return err;
}

/* The frame with its reference goes to page of the child. */
static err_t run_add(struct fork_job *job, uint32_t page, frame_t f, unsigned prot)
{
    if (run.count && run.prot != prot) {
        err_t err = run_flush(job);
        if (err != OK) {
            frame_drop(job->child, f);
            return err;
        }
    }
    if (run.count == 0) {
        run.page = page;
        run.prot = prot;
    }
    while (run.count < page - run.page) /* holes */
        batch_list()[run.count++] = 0;
    batch_list()[run.count++] = f;
    return OK;
}

static err_t share_page(struct fork_job *job, uint32_t page, pte_t pte)
{
    frame_ref(PTE_FRAME(pte));
    if (unlikely(resident.on))
        resident_share(PTE_FRAME(pte));
    job->pages_shared++;
    return run_add(job, page, PTE_FRAME(pte), prot_of(pte));
}

static err_t copy_page(struct fork_job *job, uint32_t page, pte_t pte)
{
    frame_t fresh;
    unsigned prot = pte & (PTE_W | PTE_COW) ? PROT_R | PROT_W : prot_of(pte);
    if (!resident_may_stay(1) && resident_is_pinned(job->child, page))
        return ERR_NOMEM;
    resident.guard = PTE_FRAME(pte);
    err_t err = frame_alloc_user(job->child, &fresh);
    resident.guard = NO_FRAME;
    if (err != OK)
        return err;
    page_copy(fresh, PTE_FRAME(pte));
    if (prot & PROT_X)
        gate_exec_fence();
    resident_add(job->child, page, fresh);
    job->pages_copied++;
    return run_add(job, page, fresh, prot);
}

static err_t copy_or_share(struct fork_job *job, uint32_t end)
{
    frame_t leaf = table_leaf(job->parent, job->page);
    for (unsigned work = 0; job->page < end && work < EAGER_STEP_PAGES; job->page++) {
        pte_t pte = ((const volatile pte_t *)window(leaf))[job->page & (LEAF_PAGES - 1)];
        if (pte != 0 && !(pte & PTE_V)) { /* in the store: shared there, copied when it comes back and is written */
            err_t err = swap_share(job->parent, job->child, job->page);
            if (err != OK && err != ERR_EXIST)
                return err;
            work++;
            continue;
        }
        uint32_t r = pte & PTE_V ? region_find(job->parent, job->page) : NO_REGION;
        if (r == NO_REGION || region_at(r)->backing == BACKING_DEVICE)
            continue;
        err_t err = is_shareable(job, pte, region_at(r)) ? share_page(job, job->page, pte) : copy_page(job, job->page, pte);
        if (err != OK)
            return err;
        work++;
    }
    return OK;
}

err_t fork_copy_pages(struct fork_job *job, uint32_t end)
{
    run.count = 0;
    err_t err = table_make(job->child, job->page);
    if (err != OK)
        return err;
    err = copy_or_share(job, end);
    err_t mapped = run_flush(job); /* also after an error: what was counted must be mapped, or given back */
    return err != OK ? err : mapped;
}

static err_t eager_step(struct fork_job *job)
{
    if (table_next_leaf(job->parent, &job->page) == NO_FRAME)
        return job->page < USER_PAGES_END ? STEP_MORE : OK;
    err_t err = fork_copy_pages(job, leaf_floor(job->page) + LEAF_PAGES);
    return err == OK ? STEP_MORE : err;
}

const struct fork_way fork_eager = {.name = "eager", .step = eager_step};
