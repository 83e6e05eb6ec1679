/* SPDX-License-Identifier: MIT
 * Relatives of a shared region: same family, same page, same origin. Their tables are made first, then nothing can fail.
 */
#include "shared.h"

#include "leaf.h"
#include "op.h"
#include "region.h"
#include "resident.h"
#include "rmap.h"
#include "space.h"
#include "sysgate.h"
#include "table.h"

static unsigned op_of(uint32_t slot) { return space_is_locked(slot) ? ledger.op[space_vol(slot)->op - 1].kind : OP_NONE; }

/* Whether the space is being emptied: what it maps matters no more. */
static bool is_going(uint32_t slot) { return op_of(slot) == OP_CLEAR || op_of(slot) == OP_DELETE; }

/* The region of another space that shares this page; NO_REGION. */
static uint32_t counterpart(uint32_t slot, uint32_t origin, uint32_t page)
{
    uint32_t r = space_vol(slot)->special ? region_find(slot, page) : NO_REGION;
    return r != NO_REGION && region_at(r)->backing == BACKING_ANON && region_at(r)->origin == origin && !is_going(slot) ? r : NO_REGION;
}

/* The next relative of `me` behind `at` (0: the first) that has the page's region; 0: no more. */
static uint32_t next_relative(uint32_t me, uint32_t at, uint32_t origin, uint32_t page)
{
    uint32_t s = at ? space_vol(at)->family_next : ledger.family[space_at(me)->family];
    while (s && (s == me || counterpart(s, origin, page) == NO_REGION)) /* bound: spaces of the family */
        s = space_vol(s)->family_next;
    return s;
}

/* Look at all relatives: one that has the page (*frame), and whether all can be given it. Makes their tables. */
static err_t prepare(uint32_t slot, uint32_t origin, uint32_t page, frame_t *frame)
{
    *frame = NO_FRAME;
    if (op_of(slot) == OP_FORK)
        return ERR_IN_PROGRESS; /* what it has counted must not change */
    for (uint32_t s = next_relative(slot, 0, origin, page); s; s = next_relative(slot, s, origin, page)) {
        unsigned level;
        pte_t pte = table_walk(s, page, &level);
        if (level == 0 && (pte & PTE_V)) {
            *frame = PTE_FRAME(pte);
            continue;
        }
        if (op_of(s) == OP_FORK)
            return ERR_IN_PROGRESS;
        err_t err = table_make(s, page);
        if (err != OK)
            return err;
    }
    return OK;
}

/* Nothing is there and the table is. */
static void give_to(uint32_t s, uint32_t page, frame_t f)
{
    const struct ledger_region *r = region_at(region_find(s, page));
    unsigned level, prot = r->prot ? r->prot : PROT_R;
    leaf_split(s, page);
    if (table_walk(s, page, &level) & PTE_V || level != 0)
        return;
    frame_ref(f);
    err_t err = gate_space_map_frame(space_at(s)->handle, va_of(page), f, prot);
    check(err == OK);
    space_vol(s)->resident++;
    if (r->prot == 0)
        err = gate_space_protect(space_at(s)->handle, va_of(page), 1, 0);
    check(err == OK);
}

static void give_to_all(uint32_t slot, uint32_t origin, uint32_t page, frame_t f)
{
    bool any = false;
    for (uint32_t s = next_relative(slot, 0, origin, page); s; s = next_relative(slot, s, origin, page), any = true)
        give_to(s, page, f);
    if (any && resident.on)
        resident_share(f);
}

err_t shared_bring_in(uint32_t slot, uint32_t region, uint32_t page, frame_t *out, bool *fresh)
{
    uint32_t origin = region_at(region)->origin;
    err_t err = prepare(slot, origin, page, out);
    *fresh = *out == NO_FRAME;
#ifndef MUTANT_PAGER_SHARES_ALL
    if (err == OK && *fresh && resident.on && !resident_may_pin(slot))
        return ERR_NOMEM; /* else the next one who faults finds nothing that can leave, whoever that is */
#endif
    if (err == OK && *fresh) {
        err = frame_alloc_user(slot, out);
        if (err == OK)
            page_zero(*out);
    } else if (err == OK) {
        frame_ref(*out);
    }
#ifndef MUTANT_PAGER_SHARED_ALONE
    if (err == OK)
        give_to_all(slot, origin, page, *out);
#endif
    return err;
}

void shared_mend(uint32_t slot, uint32_t region, uint32_t page, frame_t f)
{
    uint32_t origin = region_at(region)->origin;
    for (uint32_t s = next_relative(slot, 0, origin, page); s; s = next_relative(slot, s, origin, page))
        if (table_make(s, page) == OK)
            give_to(s, page, f);
}
