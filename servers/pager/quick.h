/* SPDX-License-Identifier: MIT
 * The quick way through the decision table (fault.c): three of its rows, for a fault with nothing out of the ordinary about
 * it. All of it is inline, so that main.c's loop keeps fault and answer in registers.
 *
 *   entry \ region | any                    | allows it
 *   ---------------+------------------------+--------------------------------------------------
 *   absent         |                        | anonymous: the zero page for a read, zeros for a write
 *                  |                        | a file's whole page, for a read: mapped with its neighbours, then retry
 *   COW, shared    | copy                   |
 *   COW, sole      | upgrade in place       |
 *
 * Must decide exactly as fault_decide() would, or say false with nothing changed: host/test_pager_quick has both decide
 * the same faults. No quota, no limit, no replacement, no long operation on the space, no table to add: those are for fault.c.
 */
#ifndef PAGER_QUICK_H
#define PAGER_QUICK_H

#include "around.h"
#include "backing/backing.h"
#include "fault.h"
#include "resident.h"
#include "zeroed.h"

#define QUICK static inline __attribute__((always_inline)) /* a call would put fault and answer into memory */

/* Nothing has a say about a further frame of the space but the pool. */
QUICK bool quick_may_have(uint32_t slot)
{
    const struct ledger_space *s = space_at(slot);
#ifdef MUTANT_PAGER_QUICK_NO_LIMIT
    return true;
#endif
    return likely((s->limit | s->quota) == 0);
}

/* A frame for the space, contents unknown, or NO_FRAME with nothing changed. */
QUICK frame_t quick_frame(uint32_t slot)
{
    frame_t f = likely(quick_may_have(slot)) ? frame_pool_take(&frame_pool[POOL_USER]) : NO_FRAME;
    if (likely(f != NO_FRAME))
        frame_begin(f, slot);
    return f;
}

/* The same, full of zeros: one that was zeroed ahead, else one that is zeroed now. */
QUICK frame_t quick_zeros(uint32_t slot)
{
    if (unlikely(!quick_may_have(slot)))
        return NO_FRAME;
    frame_t f = zeroed_take();
    if (f == NO_FRAME) {
        f = frame_pool_take(&frame_pool[POOL_USER]);
        if (unlikely(f == NO_FRAME))
            return NO_FRAME;
        page_zero_here(f);
    }
    frame_begin(f, slot);
    return f;
}

QUICK void quick_map(struct answer *a, frame_t frame, unsigned prot, enum counter count)
{
    a->verdict = FAULT_VERDICT(FAULT_MAP, prot, 0);
    a->frame = frame;
    a->count = count;
}

QUICK bool quick_upgrade(const struct fault *f, struct answer *a)
{
    frame_charge_sole(f->slot, PTE_FRAME(f->pte));
    a->verdict = FAULT_VERDICT(FAULT_UPGRADE, 0, 0);
    a->count = COUNT_UPGRADE;
    return true;
}

QUICK bool quick_copy(const struct fault *f, struct answer *a)
{
    frame_t from = PTE_FRAME(f->pte);
    bool zeros = from == zero_frame();
    frame_t fresh = zeros ? quick_zeros(f->slot) : quick_frame(f->slot);
    if (unlikely(fresh == NO_FRAME))
        return false;
    a->paid = frame_word(from)->charged == f->slot;
    a->dropped = from;
    if (zeros)
        frame_drop(f->slot, from);
    else
        cow_fill(f->slot, from, fresh);
    quick_map(a, fresh, PROT_R | PROT_W, COUNT_COPY);
    return true;
}

QUICK bool quick_page_in(const struct fault *f, struct answer *a)
{
    uint32_t region = region_find_last(f->slot, f->page);
    const struct ledger_region *r = region_at(region);
    if (unlikely(region == NO_REGION || (f->access & ~r->prot) != 0))
        return false;
    if (unlikely((r->flags & (REGION_STACK | REGION_SHARED)) && (f->page == r->start_page || (r->flags & REGION_SHARED))))
        return false; /* the guard page; or all relatives get the page */
    if (r->backing != BACKING_ANON) {
        if ((f->access & PROT_W) || !around_is_on() || !around_map(f->slot, region, f->page))
            return false;
        a->verdict = FAULT_VERDICT(FAULT_RETRY, 0, 0);
        a->count = COUNT_IMAGE;
        return true; /* mapped and counted */
    } else if (unlikely((r->prot & PROT_X) != 0)) {
        return false;
    } else if (!(f->access & PROT_W)) {
        frame_ref(zero_frame());
        quick_map(a, zero_frame(), prot_shared(r->prot), COUNT_ZERO_PAGE);
    } else {
        frame_t fresh = quick_zeros(f->slot);
        if (unlikely(fresh == NO_FRAME))
            return false;
        quick_map(a, fresh, r->prot, COUNT_ZERO_FILL);
    }
    a->mapped = true;
    space_vol(f->slot)->resident++;
    return true;
}

QUICK bool quick_decide(const struct fault *f, struct answer *a)
{
    bool decided = false;
    *a = (struct answer){.count = COUNT_NONE};
    if (unlikely(f->va >= USER_VA_END || f->level != 0 || space_is_locked(f->slot) || resident.unusual))
        return false;
    switch (fault_row(f)) {
    case PTE_COW_SOLE:
        decided = quick_upgrade(f, a);
        break;
    case PTE_COW_SHARED:
        decided = quick_copy(f, a);
        break;
    case PTE_ABSENT:
        decided = quick_page_in(f, a);
        break;
    default:
        break;
    }
    if (unlikely(!decided))
        return false;
    ledger.space[f->slot].faults++;
    stat_count(f->slot, a->count);
    return true;
}

#endif
