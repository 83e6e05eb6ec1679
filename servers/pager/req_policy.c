/* SPDX-License-Identifier: MIT
 * Requests about replacement policies: which there are, which is in charge, what they did, what must be told on the console.
 */
#include <string.h>

#include "ledger.h"
#include "replace.h"
#include "report.h"
#include "request.h"
#include "resident.h"
#include "space.h"

static void put_name(uint64_t w[2], const char *name)
{
    char text[POLICY_NAME_BYTES] = {0};
    strncpy(text, name, sizeof(text) - 1);
    memcpy(w, text, sizeof(text));
}

static const char *name_of(uint32_t number)
{
    const struct policy *p = replace_policy(number);
    return p ? p->name : REPLACE_BUILT_IN;
}

static err_t set(const struct ipc_event *ev, uint32_t slot)
{
    char name[POLICY_NAME_BYTES + 1] = {0};
    if (ev->w[2] == PAGER_POLICY_COMMON)
        return slot ? replace_set_policy(slot, "") : ERR_INVAL;
    memcpy(name, &ev->w[3], POLICY_NAME_BYTES);
    return name[0] ? replace_set_policy(slot, name) : ERR_NOENT;
}

err_t req_policy(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot = space_slot((uint32_t)ev->w[1]);
    if (ev->w[1] != 0 && (slot == 0 || ev->w[1] >> 32))
        return ERR_NOENT;
    if (ev->w[2] > PAGER_POLICY_COMMON)
        return ERR_INVAL;
    err_t err = ev->w[2] == PAGER_POLICY_ASK ? OK : set(ev, slot);
    if (err != OK)
        return err;
    if (slot != 0 && ev->w[2] != PAGER_POLICY_ASK)
        resident_update_domain(slot); /* its pages go where the policy is */
    put_name(&r->m.w[1], name_of(replace_policy_of(replace_has_own(slot) ? slot : 0)));
    r->m.w[3] = replace_has_own(slot);
    return OK;
}

err_t req_policy_info(const struct ipc_event *ev, struct response *r)
{
    const struct policy *p = ev->w[1] <= POLICIES_MAX ? replace_policy((uint32_t)ev->w[1]) : 0;
    if (p == 0)
        return ERR_NOENT;
    put_name(&r->m.w[1], p->name);
    size_t length = strlen(p->idea), from = ev->w[2] < length ? ev->w[2] : length;
    size_t bytes = length - from < PAGER_IDEA_PART ? length - from : PAGER_IDEA_PART;
    memcpy(&r->m.w[3], p->idea + from, bytes);
    return OK;
}

err_t req_policy_stat(const struct ipc_event *ev, struct response *r)
{
    if (ev->w[1] > POLICIES_MAX || (ev->w[1] != 0 && !replace_policy((uint32_t)ev->w[1])))
        return ERR_NOENT;
    const struct ledger_policy *s = &ledger.header->policy_stat[ev->w[1]];
    r->m.w[1] = s->victims;
    r->m.w[2] = s->faults;
    r->m.w[3] = s->bad;
    r->m.w[4] = s->deposed;
    return OK;
}

err_t req_policy_reset(const struct ipc_event *ev, struct response *r)
{
    (void)ev, (void)r;
    memset(ledger.header->policy_stat, 0, sizeof(ledger.header->policy_stat));
    memset(ledger.header->evict, 0, sizeof(ledger.header->evict));
    return OK;
}

err_t req_report(const struct ipc_event *ev, struct response *r)
{
    return ev->w[1] <= UINT32_MAX ? report_read((uint32_t)ev->w[1], &r->m) : ERR_NOENT;
}
