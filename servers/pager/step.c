/* SPDX-License-Identifier: MIT
 * The state machines. A step ends within a bounded number of pages; only the cursor in the ledger says how far it got, and
 * a step repeated after a crash finds its work done already.
 *
 *   FORK     REGIONS → PAGES → done; on an error UNDO; after a restart CLEAN → FORGET (the child is emptied) → REGIONS
 *   CLEAR    CLEAN: pages → FORGET: records → done
 *   DELETE   the same, then the object
 *   UNMAP, PROTECT         REGIONS → PAGES → done
 *   DISCARD, FILL          one range → done (FILL on an error: UNDO)
 *   LOCK, PIN              pin.c
 */
#include "step.h"

#include "fault.h"
#include "fork/fork.h"
#include "leaf.h"
#include "pin.h"
#include "region.h"
#include "rmap.h"
#include "space.h"
#include "spare.h"
#include "sysgate.h"
#include "table.h"

enum phase { PHASE_CLEAN = 0, PHASE_REGIONS, PHASE_PAGES, PHASE_FORGET, PHASE_UNDO };

/* ---- steps on one space ---- */

/* Unmap the pages of leaf tables, a full one's worth, and take them back or let them stay empty. OK: nothing left. */
enum tables { TABLES_GO = 0, TABLES_STAY };
static err_t step_clean(uint32_t slot, uint32_t *cursor, enum tables tables)
{
    for (uint32_t left = LEAF_PAGES; left > 0;) {
        frame_t leaf = table_next_leaf(slot, cursor);
        if (leaf == NO_FRAME && *cursor < USER_PAGES_END)
            return STEP_MORE;
        if (leaf == NO_FRAME) {
            if (tables == TABLES_GO)
                table_unmake_all(slot);
            return OK;
        }
        uint32_t work = frame_maps(leaf) + LEAF_WORK, floor = leaf_floor(*cursor);
        if (tables == TABLES_GO)
            table_clear(slot, floor);
        else
            table_unmap(slot, floor, floor + LEAF_PAGES);
        *cursor = floor + LEAF_PAGES;
        left -= work < left ? work : left;
    }
    return STEP_MORE;
}

static err_t step_forget(uint32_t slot)
{
    return regions_forget(slot, REGION_STEP) ? OK : STEP_MORE;
}

/* Pages, then region records. */
static err_t step_empty(struct ledger_op *op, uint32_t slot)
{
    if (op->phase != PHASE_FORGET) {
        /* exec: the next program lies where the last one lay, mostly; but a large one's tables are not for a small one to keep */
        bool stay = op->kind == OP_CLEAR && space_vol(slot)->tables <= CLEAR_TABLES_KEPT;
        err_t err = step_clean(slot, &op->cursor_page, stay ? TABLES_STAY : TABLES_GO);
        if (err == OK)
            op->phase = PHASE_FORGET;
        return STEP_MORE;
    }
    err_t err = step_forget(slot);
    if (err == OK)
        space_at(slot)->brk = 0;
    return err;
}

static err_t step_delete(struct ledger_op *op)
{
    uint32_t slot = space_slot(op->space);
    if (slot == 0)
        return OK; /* it went before a restart */
    if (op->phase != PHASE_PAGES) {
        err_t err = step_empty(op, slot);
        if (err == OK)
            op->phase = PHASE_PAGES;
        return err == OK ? STEP_MORE : err;
    }
    err_t err = space_destroy(slot);
    spare_wake();
    return err == ERR_AGAIN ? STEP_MORE : err;
}

static err_t step_clear(struct ledger_op *op)
{
    uint32_t slot = space_slot(op->space);
    err_t err = slot ? step_empty(op, slot) : ERR_NOENT;
    if (err == OK)
        family_begin(slot);
    return err;
}

/* ---- fork ---- */

/* The child's regions, REGION_STEP a step; cursor: the page behind the last one copied. */
static err_t step_copy_regions(struct ledger_op *op, uint32_t parent, uint32_t child)
{
    uint32_t r = NO_REGION, last = NO_REGION;
    if (op->cursor_page == 0 && !region_may_have(child, space_vol(parent)->regions))
        return ERR_NOMEM;
    for (unsigned i = 0; i < REGION_STEP; i++) {
        r = i == 0 ? region_at_or_behind(parent, op->cursor_page) : region_next(r);
        if (r == NO_REGION) {
            space_at(child)->brk = space_at(parent)->brk;
            return OK;
        }
        const struct ledger_region *g = region_at(r);
        op->cursor_page = g->start_page + 1;
        if (g->backing == BACKING_DEVICE)
            continue;
        last = region_append(child, r, g->flags & (uint8_t)~REGION_LOCKED, last); /* the child is empty, and they come in order */
        if (last == NO_REGION)
            return ERR_NOMEM;
    }
    return STEP_MORE;
}

static err_t step_pages(struct ledger_op *op, uint32_t parent, uint32_t child)
{
    struct fork_job job = {.parent = parent, .child = child, .page = op->cursor_page};
    err_t err = fork_way_of(op->strategy)->step(&job);
    if (err == ERR_IN_PROGRESS)
        err = STEP_MORE; /* a page is leaving to make room: the same again */
    op->cursor_page = job.page;
    op->pages_shared += job.pages_shared;
    op->pages_copied += job.pages_copied;
    return err;
}

static void next_phase(struct ledger_op *op, enum phase phase)
{
    op->cursor_page = 0;
    op->phase = (uint8_t)phase;
}

/* Something failed: remember why, empty the child. */
static err_t begin_undo(struct ledger_op *op, err_t why)
{
    op->result = why;
    next_phase(op, PHASE_UNDO);
    return STEP_MORE;
}

static err_t step_undo(struct ledger_op *op, uint32_t child)
{
    err_t err = step_clean(child, &op->cursor_page, TABLES_GO);
    if (err == OK)
        err = step_forget(child);
    if (err != OK)
        return err;
    space_at(child)->brk = 0;
    return op->result;
}

static void count_fork(const struct ledger_op *op)
{
    ledger.header->forks++;
    ledger.header->pages_shared += op->pages_shared;
    ledger.header->pages_copied += op->pages_copied;
}

static err_t step_fork(struct ledger_op *op)
{
    uint32_t parent = space_slot(op->space), child = space_slot(op->other);
    err_t err;
    if (child == 0)
        return ERR_NOENT;
    switch (op->phase) {
    case PHASE_CLEAN: /* only after a restart */
        err = step_clean(child, &op->cursor_page, TABLES_GO);
        if (err == OK)
            next_phase(op, PHASE_FORGET);
        return STEP_MORE;
    case PHASE_FORGET:
        err = step_forget(child);
        if (err == OK)
            next_phase(op, PHASE_REGIONS);
        return STEP_MORE;
    case PHASE_REGIONS:
        if (parent && space_at(child)->family != space_at(parent)->family)
            family_join(child, space_at(parent)->family);
        err = parent ? step_copy_regions(op, parent, child) : ERR_NOENT;
        if (err == OK)
            next_phase(op, PHASE_PAGES);
        break;
    case PHASE_PAGES:
        err = parent ? step_pages(op, parent, child) : ERR_NOENT;
        if (err == OK) {
            count_fork(op);
            return OK;
        }
        break;
    default:
        return step_undo(op, child);
    }
    return err < 0 ? begin_undo(op, err) : STEP_MORE;
}

/* ---- region changes ---- */

/* The records of a range that is removed or protected, before its pages. Whether they are done. */
static bool step_records(struct ledger_op *op, uint32_t slot)
{
    bool done = op->kind == OP_UNMAP ? regions_remove(slot, op->start_page, op->end_page, REGION_STEP)
                                     : regions_protect(slot, &op->cursor_page, op->end_page, op->prot);
    if (done) {
        op->cursor_page = op->start_page;
        op->phase = PHASE_PAGES;
    }
    return done;
}

/* Of [page, *end) what a page's owner may throw away: pages of private regions that are not to stay. false: none at its beginning. */
static bool may_discard(uint32_t slot, uint32_t page, uint32_t *end)
{
    uint32_t r = region_from(slot, page);
    if (r == NO_REGION || region_at(r)->start_page >= *end)
        return false;
    const struct ledger_region *g = region_at(r);
    bool may = g->start_page <= page && !(g->flags & (REGION_SHARED | REGION_PINNED | REGION_LOCKED)) && g->backing != BACKING_DEVICE;
    uint32_t stop = g->start_page > page ? g->start_page : g->end_page;
    *end = stop < *end ? stop : *end;
    return may;
}

/* One leaf table's part of the range. */
static err_t step_range(struct ledger_op *op)
{
    uint32_t slot = space_slot(op->space), page = op->cursor_page;
    if (slot == 0 || (page >= op->end_page && op->phase != PHASE_REGIONS)) /* behind the last region its pages are still to come */
        return OK;
    if (op->phase == PHASE_REGIONS && !step_records(op, slot))
        return STEP_MORE;
    page = op->cursor_page;
    for (unsigned i = 0; i < LEAF_PAGES && page < op->end_page && table_leaf(slot, page) == NO_FRAME; i++)
        page = table_skip_hole(slot, page);
    uint32_t end = leaf_floor(page) + LEAF_PAGES;
    if (end > op->end_page)
        end = op->end_page;
    frame_t leaf = page < end ? table_leaf(slot, page) : NO_FRAME;
    bool goes = op->kind == OP_UNMAP || (op->kind == OP_DISCARD && may_discard(slot, page, &end));
    if (leaf != NO_FRAME && frame_maps(leaf) > 0) {
        if (goes)
            table_unmap(slot, page, end);
        else if (op->kind == OP_PROTECT)
            leaf_split(slot, page);
        if (op->kind == OP_PROTECT && gate_space_protect(space_at(slot)->handle, va_of(page), end - page, op->prot) != OK)
            return ERR_INVAL;
    }
    if (goes && leaf != NO_FRAME)
        table_unmake(slot, page);
    op->cursor_page = end;
    return end < op->end_page ? STEP_MORE : OK;
}

static err_t step_fill(struct ledger_op *op)
{
    uint32_t slot = space_slot(op->space);
    if (slot == 0)
        return ERR_NOENT;
    if (op->phase == PHASE_UNDO) {
        struct ledger_op unmap = *op;
        unmap.kind = OP_UNMAP;
        err_t err = step_range(&unmap);
        op->cursor_page = unmap.cursor_page;
        if (err == STEP_MORE)
            return err;
        (void)regions_remove(slot, op->start_page, op->end_page, 1); /* the region that was added for it */
        return op->result;
    }
    uint32_t r = region_find(slot, op->start_page);
    for (unsigned i = 0; r != NO_REGION && i < FILL_STEP_PAGES && op->cursor_page < op->end_page; i++) {
        bool guard = (region_at(r)->flags & REGION_STACK) && op->cursor_page == region_at(r)->start_page;
        err_t err = guard ? OK : fault_fill(slot, r, op->cursor_page);
        if (err == ERR_IN_PROGRESS)
            return STEP_MORE; /* the store is at work: the same page again */
        if (err != OK) {
            (void)begin_undo(op, err);
            op->cursor_page = op->start_page;
            return STEP_MORE;
        }
        op->cursor_page++;
    }
    return op->cursor_page < op->end_page && r != NO_REGION ? STEP_MORE : OK;
}

/* ---- the table ---- */

typedef err_t step_fn(struct ledger_op *op);
static step_fn *const step_of[] = {
    [OP_FORK] = step_fork,    [OP_CLEAR] = step_clear,   [OP_DELETE] = step_delete,
    [OP_UNMAP] = step_range,  [OP_PROTECT] = step_range, [OP_FILL] = step_fill,
    [OP_LOCK] = pin_step,     [OP_PIN] = pin_step,       [OP_DISCARD] = step_range,
};

err_t step_take(struct ledger_op *op)
{
    return step_of[op->kind](op);
}

void step_begin(struct ledger_op *op)
{
    bool records = op->kind == OP_FORK || op->kind == OP_UNMAP || op->kind == OP_PROTECT;
    op->phase = records ? PHASE_REGIONS : PHASE_CLEAN;
}

void step_restart(struct ledger_op *op)
{
    bool range = op->kind == OP_UNMAP || op->kind == OP_PROTECT || op->kind == OP_FILL ||
                 op->kind == OP_LOCK || op->kind == OP_PIN || op->kind == OP_DISCARD;
    op->cursor_page = range ? op->start_page : 0;
    if (op->kind == OP_FORK && op->phase != PHASE_UNDO) {
        op->phase = PHASE_CLEAN;
        op->pages_shared = op->pages_copied = 0;
    }
}
