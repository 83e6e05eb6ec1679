/* SPDX-License-Identifier: MIT
 * Requests that only ask, and the switches of tests: statistics, page information, self-check, fork strategy, seeded damage.
 */
#include "backing/backing.h"
#include "debug.h"
#include "fork/fork.h"
#include "request.h"
#include "space.h"
#include "stat.h"
#include "vmcheck.h"

err_t req_stat(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot = 0;
    if (ev->w[2] || ev->w[1] == PAGER_STAT_SPACE) {
        slot = request_slot(ev->w[2] ? ev->w[2] : BADGE_ID(ev->badge));
        if (slot == 0)
            return ERR_NOENT;
    }
    return ev->w[1] > UINT32_MAX ? ERR_INVAL : stat_read((unsigned)ev->w[1], slot, &r->m);
}

err_t req_page_info(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot;
    err_t err = request_space(ev, &slot);
    return err == OK ? stat_page_info(slot, ev->w[2], &r->m) : err;
}

/* w[3]: an address to look at in each space, 0: search everywhere. */
err_t req_sharer(const struct ipc_event *ev, struct response *r)
{
    if (ev->w[1] > UINT32_MAX || ev->w[2] > UINT32_MAX)
        return ERR_INVAL;
    return stat_sharer((frame_t)ev->w[1], (uint32_t)ev->w[2], ev->w[3], &r->m);
}

err_t req_space_find(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot = space_find(ev->w[1]);
    if (slot == 0)
        return ERR_NOENT;
    r->m.w[1] = space_id(slot);
    return OK;
}

err_t req_strategy(const struct ipc_event *ev, struct response *r)
{
    uint32_t want = (uint32_t)ev->w[1];
    if (ev->w[1] > UINT32_MAX || (want != 0 && fork_way_of(want) == 0))
        return ERR_INVAL;
    if (want != 0)
        *(volatile uint32_t *)&ledger.header->strategy = want;
    r->m.w[1] = ledger.header->strategy;
    return OK;
}

err_t req_vmcheck(const struct ipc_event *ev, struct response *r)
{
    struct vm_report report;
    (void)ev;
    vmcheck(&report);
    r->m.w[1] = report.violations;
    r->m.w[2] = report.first;
    r->m.w[3] = report.where;
    r->m.w[4] = report.detail;
    return OK;
}

err_t req_debug(const struct ipc_event *ev, struct response *r)
{
    return ev->w[1] > UINT32_MAX ? ERR_INVAL : debug_set((unsigned)ev->w[1], ev->w[2], &r->m.w[1]);
}
