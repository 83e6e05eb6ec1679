/* SPDX-License-Identifier: MIT
 * The last REPORTS_MAX reports, in the ledger: a pager that died in a policy must be able to say so afterwards.
 */
#include "report.h"

#include <string.h>

#include "ledger.h"
#include "op.h"
#include "space.h"

void report(const char *policy, enum pager_report reason, uint32_t domain, uint64_t detail)
{
    struct ledger_header *h = ledger.header;
    struct ledger_report *r = &h->report[h->reports % REPORTS_MAX];
    *r = (struct ledger_report){.reason = reason, .detail = detail, .key = domain ? space_at(domain)->key : 0};
    strncpy(r->policy, policy, sizeof(r->policy) - 1);
    h->reports++;
    op_notify(BADGE_INIT);
}

err_t report_read(uint32_t after, struct ipc_msg *m)
{
    const struct ledger_header *h = ledger.header;
    uint32_t oldest = h->reports > REPORTS_MAX ? h->reports - REPORTS_MAX : 0;
    uint32_t i = after > oldest ? after : oldest;
    if (i >= h->reports)
        return ERR_NOENT;
    const struct ledger_report *r = &h->report[i % REPORTS_MAX];
    m->w[1] = i + 1;
    m->w[2] = r->reason;
    memcpy(&m->w[3], r->policy, sizeof(r->policy));
    m->w[5] = r->key;
    m->w[6] = r->detail;
    return OK;
}
