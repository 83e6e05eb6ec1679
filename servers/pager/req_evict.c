/* SPDX-License-Identifier: MIT
 * Requests about memory that runs short: frame limits, the size of the store, pins.
 */
#include "evict.h"
#include "limits.h"
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

err_t req_pin(const struct ipc_event *ev, struct response *r)
{
    (void)ev, (void)r;
    return ERR_NOSYS;
}
