/* SPDX-License-Identifier: MIT
 * Requests about what the pager does ahead: fault-around, idle time.
 */
#include "around.h"
#include "evict.h"
#include "request.h"
#include "spare.h"
#include "zeroed.h"

static err_t tune_around(uint64_t value, uint64_t *w)
{
    w[1] = ledger.header->around;
    w[2] = ledger.header->around_pages;
    return value == PAGER_TUNE_ASK || around_set(value) ? OK : ERR_INVAL;
}

static err_t tune_zeroed(uint64_t value, uint64_t *w)
{
    w[1] = zeroed.limit;
    bool done = value == PAGER_TUNE_ASK || zeroed_set(value);
    w[2] = zeroed.count;
    return done ? OK : ERR_INVAL;
}

err_t req_tune(const struct ipc_event *ev, struct response *r)
{
    switch (ev->w[1]) {
    case PAGER_TUNE_AROUND: return tune_around(ev->w[2], r->m.w);
    case PAGER_TUNE_ZEROED: return tune_zeroed(ev->w[2], r->m.w);
    default: return ERR_INVAL;
    }
}

/* The caller lends its time. */
err_t req_idle(const struct ipc_event *ev, struct response *r)
{
    (void)ev;
    r->m.w[1] = zeroed_step() || spare_step() || evict_clean_ahead();
    return OK;
}
