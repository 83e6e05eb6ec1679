/* SPDX-License-Identifier: MIT
 * Bringing pinned pages in. A pinned page is its process's alone, so that neither a relative's copy-on-write nor an eviction
 * for one can touch it. Never takes pages from a policy: that is done before the first step.
 */
#include "pin.h"

#include "backing/backing.h"
#include "evict.h"
#include "fault.h"
#include "leaf.h"
#include "op.h"
#include "resident.h"
#include "step.h"
#include "swap.h"
#include "sysgate.h"

static inline unsigned verdict_prot(const struct answer *a) { return (unsigned)(a->verdict >> 8) & 0xff; }

/* From the store. The frame may be a relative's, too: the caller looks again. */
static err_t pin_swapped(uint32_t slot, const struct ledger_region *r, uint32_t page, pte_t pte)
{
    if (!resident_may_stay(1))
        return ERR_NOMEM;
    struct fault f = {.slot = slot, .page = page, .va = va_of(page), .access = r->prot & PROT_W ? PROT_W : PROT_R, .pte = pte};
    struct answer a = {.count = COUNT_NONE};
    err_t err = swap_in(&f, r->prot, &a);
    if (err != OK)
        return err;
    err = gate_space_map_frame(space_at(slot)->handle, f.va, a.frame, verdict_prot(&a));
    check(err == OK); /* the table is there: the entry was in it */
    space_vol(slot)->resident++;
    swap_accepted(slot, a.leaves_slot);
    return OK;
}

/* A copy of the process's own takes the page's place. */
static err_t pin_copy(uint32_t slot, uint32_t page, pte_t pte)
{
    frame_t from = PTE_FRAME(pte), fresh;
    if (!resident_may_stay(1))
        return ERR_NOMEM;
    resident.guard = from;
    err_t err = frame_alloc_user(slot, &fresh);
    resident.guard = NO_FRAME;
    if (err != OK)
        return err;
    page_copy(fresh, from);
    unsigned prot = pte & PTE_COW ? PROT_R | PROT_W : (unsigned)(pte >> 1) & (PROT_R | PROT_W | PROT_X);
    if (prot & PROT_X)
        gate_exec_fence();
    evict_replace_entry(slot, page, pte, fresh, prot);
    frame_drop(slot, from);
    resident_add(slot, page, fresh);
    return OK;
}

/* The boot image's pages and the zero page stay anyway; a locked range that may be written gets pages of its own for them, so
 * that no later store needs a frame. */
static err_t pin_present(uint32_t slot, const struct ledger_region *r, uint32_t page, pte_t pte)
{
    if (!frame_in_ram(PTE_FRAME(pte)))
        return OK;
    const struct ledger_frame *w = frame_word(PTE_FRAME(pte));
    bool copy = frame_is_held(w) ? (r->flags & REGION_LOCKED) && (pte & PTE_COW) : w->refs > 1;
    if (copy)
        return pin_copy(slot, page, pte);
    if (w->flags & FRAME_W_PAGE) /* it may have been a relative's, too, when the range was pinned */
        resident_pin(PTE_FRAME(pte));
    return OK;
}

static bool is_to_pin(const struct ledger_region *r, uint32_t page)
{
    bool guard = (r->flags & REGION_STACK) && page == r->start_page;
    return !guard && r->prot != 0 && r->backing != BACKING_DEVICE;
}

static err_t pin_page(uint32_t slot, uint32_t region, uint32_t page, uint32_t *absent)
{
    const struct ledger_region *r = region_at(region);
    unsigned level;
    err_t err = OK;
    if (!is_to_pin(r, page))
        return OK;
    leaf_split(slot, page); /* else its counts would not tell who has the page */
    pte_t pte = table_walk(slot, page, &level);
    if (level == 0 && pte != 0 && !(pte & PTE_V)) {
        err = pin_swapped(slot, r, page, pte);
        pte = table_walk(slot, page, &level);
    }
    if (err == OK && level == 0 && (pte & PTE_V) && (r->flags & REGION_SHARED))
        return OK; /* such pages never leave, those of files not while they are locked */
    if (err == OK && level == 0 && (pte & PTE_V))
        return pin_present(slot, r, page, pte);
    if (r->backing == BACKING_FILE) {
        *absent += err == OK;
        return err; /* to wait for the file server here would keep the pager busy: who locks them touches them, and asks again */
    }
    return err == OK && (r->flags & REGION_LOCKED) ? fault_fill(slot, region, page) : err;
}

/* The next page at or behind *page that has to be looked at; false: none before end. */
static bool next_page(const struct ledger_op *op, uint32_t slot, uint32_t *page, uint32_t *region)
{
    *region = region_find(slot, *page);
    if (*region == NO_REGION) {
        *region = region_from(slot, *page);
        if (*region != NO_REGION && region_at(*region)->start_page > *page)
            *page = region_at(*region)->start_page;
    }
    return *region != NO_REGION && *page < op->end_page;
}

static err_t finish(struct ledger_op *op, uint32_t slot, err_t err)
{
    op_step_value(op, op->kind == OP_LOCK ? op->absent : 0);
    if (err == OK)
        return OK;
    if (op->kind == OP_PIN) {
        resident_pin_space(slot, false);
        return err;
    }
    (void)region_lock(slot, op->start_page, op->end_page, false); /* its parts are records of their own already */
    resident_repin(slot, op->start_page, op->end_page);
    return err;
}

err_t pin_step(struct ledger_op *op)
{
    uint32_t slot = space_slot(op->space), page = op->cursor_page, region;
    if (slot == 0)
        return ERR_NOENT;
    for (unsigned i = 0; i < FILL_STEP_PAGES; i++) {
        if (!next_page(op, slot, &page, &region))
            return finish(op, slot, OK);
        if (op->kind == OP_PIN && table_leaf(slot, page) == NO_FRAME) { /* nothing there to keep */
            page = table_skip_hole(slot, page);
            continue;
        }
        err_t err = pin_page(slot, region, page, &op->absent);
        if (err == ERR_IN_PROGRESS)
            break;
        if (err != OK)
            return finish(op, slot, err);
        page++;
    }
    op->cursor_page = page;
    return STEP_MORE;
}
