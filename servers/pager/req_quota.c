/* SPDX-License-Identifier: MIT
 * Requests about quotas of process trees. Procmgr makes them and says which space counts where; anybody may look.
 */
#include "quota.h"
#include "request.h"
#include "space.h"

err_t req_quota(const struct ipc_event *ev, struct response *r)
{
    const struct quota_limits limits = {.frames = ev->w[3], .objects = ev->w[4]};
    (void)r;
    return quota_set(ev->w[1], ev->w[2], &limits);
}

err_t req_quota_join(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot;
    (void)r;
    err_t err = request_space(ev, &slot);
    return err == OK ? quota_join(slot, ev->w[2]) : err;
}

err_t req_quota_drop(const struct ipc_event *ev, struct response *r)
{
    (void)r;
    return quota_drop(ev->w[1]);
}

err_t req_quota_stat(const struct ipc_event *ev, struct response *r)
{
    uint32_t q = quota_find(ev->w[1]);
    if (q == 0)
        return ERR_NOENT;
    const struct ledger_quota *n = &ledger.header->quota[q];
    r->m.w[1] = quota_used(q, QUOTA_FRAME);
    r->m.w[2] = n->limit_frames;
    r->m.w[3] = quota_used(q, QUOTA_OBJECT);
    r->m.w[4] = n->limit_objects;
    return OK;
}
