/* SPDX-License-Identifier: MIT
 * Requests about memory that runs short: frame limits, the size of the store, pins.
 */
#include "evict.h"
#include "limits.h"
#include "op.h"
#include "region.h"
#include "request.h"
#include "resident.h"
#include "space.h"
#include "store.h"

/* Whose limit, or (0) the whole system's. */
static err_t decode_whose(const struct ipc_event *ev, uint32_t *slot)
{
    *slot = 0;
    return ev->w[1] == 0 ? OK : request_space(ev, slot);
}

err_t req_frames(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot;
    err_t err = decode_whose(ev, &slot);
    if (err != OK)
        return err;
    r->m.w[1] = slot ? space_at(slot)->frames : ledger.header->frames;
    r->m.w[2] = slot ? space_vol(slot)->pages : resident.pages;
    if (ev->w[3] == PAGER_FRAMES_ASK)
        return OK;
    if (ev->w[3] != PAGER_FRAMES_SET || ev->w[2] >= NO_LIMIT || (ev->w[2] != 0 && ev->w[2] < FRAMES_MIN))
        return ERR_INVAL;
    if (slot != 0 && (space_at(slot)->flags & SPACE_F_SERVER))
        return ERR_PERM;
    if (!resident_limit_is_enough(slot, (uint32_t)ev->w[2]))
        return ERR_NOMEM;
    /* commit */
    if (slot)
        resident_set_own_limit(slot, (uint32_t)ev->w[2]);
    else
        resident_set_limit((uint32_t)ev->w[2]);
    r->m.w[2] = slot ? space_vol(slot)->pages : resident.pages;
    evict_shrink();
    return OK;
}

err_t req_store(const struct ipc_event *ev, struct response *r)
{
    err_t err = ev->w[1] > UINT32_MAX ? ERR_NOMEM : store_grow((uint32_t)ev->w[1]);
    r->m.w[1] = store_total();
    return err;
}

/* ---- pins ---- */

static err_t run(const struct ipc_event *ev, struct response *r, enum op_kind kind, uint32_t slot, uint32_t start, uint32_t end)
{
    op_set_value(0);
    err_t err = op_run(&(struct ledger_op){.kind = (uint8_t)kind, .space = space_id(slot), .start_page = start,
                                           .end_page = end, .cursor_page = start}, ev->id);
    r->later = err == ERR_IN_PROGRESS;
    r->m.w[1] = err == OK ? op_value() : 0;
    return err;
}

static err_t pin_process(const struct ipc_event *ev, struct response *r, uint32_t slot, bool pin)
{
    if (pin && resident.limit != NO_LIMIT && !resident_may_stay(resident_loose(slot)))
        return ERR_NOMEM;
    resident_pin_space(slot, pin);
    return pin ? run(ev, r, OP_PIN, slot, 0, USER_PAGES_END) : OK;
}

err_t req_pin(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot, start, end;
    bool pin = ev->w[4] == PAGER_PIN_NOW;
    err_t err = request_space_to_change(ev, &slot);
    if (err == OK)
        err = pin || ev->w[4] == PAGER_UNPIN ? request_range(ev, &start, &end) : ERR_INVAL;
    if (err != OK)
        return err;
    if (start == end)
        return start == 0 ? pin_process(ev, r, slot, pin) : OK;
    if (pin && !resident_may_stay(end - start))
        return ERR_NOMEM;
    err = region_lock(slot, start, end, pin);
    if (err != OK)
        return err;
    resident_repin(slot, start, end);
    return pin ? run(ev, r, OP_LOCK, slot, start, end) : OK;
}
