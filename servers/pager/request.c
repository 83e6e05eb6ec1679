/* SPDX-License-Identifier: MIT
 * From a message to its handler: the table comes from PAGER_OPS, so number, permission and handler can't drift apart.
 * Nothing a client sends stops the pager.
 */
#include "request.h"

#include "defer.h"
#include "fault.h"
#include "leaf.h"
#include "op.h"
#include "space.h"
#include "sysgate.h"

struct entry {
    request_fn *fn;
    uint32_t from; /* set of badge classes */
};

#define req_SPACE_NEW req_space_new
#define req_SPACE_CLEAR req_space_clear
#define req_SPACE_DELETE req_space_delete
#define req_THREAD_NEW req_thread_new
#define req_THREAD_DELETE req_thread_delete
#define req_REGION_ADD req_region_add
#define req_REGIONS_ADD req_regions_add
#define req_REGION_REMOVE req_region_remove
#define req_REGION_PROTECT req_region_protect
#define req_REGION_GAP req_region_gap
#define req_REGION_INFO req_region_info
#define req_REGION_DISCARD req_region_discard
#define req_FILE_MAP req_file_map
#define req_FILE_SERVE req_file_serve
#define req_FILE_REVOKE req_file_revoke
#define req_FILE_USES req_file_uses
#define req_FORK req_fork
#define req_BRK req_brk
#define req_OP_RESULT req_op_result
#define req_NOTIFY req_notify
#define req_STAT req_stat
#define req_PAGE_INFO req_page_info
#define req_SHARER req_sharer
#define req_SPACE_FIND req_space_find
#define req_STRATEGY req_strategy
#define req_VMCHECK req_vmcheck
#define req_DEBUG req_debug
#define req_OBJECT_NEW req_object_new
#define req_DEVICE_MAP req_device_map
#define req_LIMIT req_limit
#define req_HANDLES req_handles
#define req_FRAMES req_frames
#define req_STORE req_store
#define req_PIN req_pin
#define req_POLICY req_policy
#define req_POLICY_INFO req_policy_info
#define req_POLICY_STAT req_policy_stat
#define req_POLICY_RESET req_policy_reset
#define req_QUOTA req_quota
#define req_QUOTA_JOIN req_quota_join
#define req_QUOTA_DROP req_quota_drop
#define req_QUOTA_STAT req_quota_stat
#define req_REPORT req_report
#define req_TUNE req_tune
#define req_IDLE req_idle

static const struct entry table[PAGER_OP_LIMIT] = {
#define PAGER_ENTRY(name, number, who, text) [number] = {req_##name, (who)},
    PAGER_OPS(PAGER_ENTRY)
#undef PAGER_ENTRY
};

uint32_t request_slot(uint64_t id) { return id > UINT32_MAX ? 0 : space_slot((uint32_t)id); }

err_t request_space(const struct ipc_event *ev, uint32_t *slot)
{
    *slot = request_slot(ev->w[1] ? ev->w[1] : BADGE_ID(ev->badge));
    return *slot ? OK : ERR_NOENT;
}

err_t request_space_to_change(const struct ipc_event *ev, uint32_t *slot)
{
    err_t err = request_space(ev, slot);
    if (err == OK && BADGE_CLASS(ev->badge) == BADGE_CLIENT && *slot != space_slot(BADGE_ID(ev->badge)))
        return ERR_PERM;
    return err == OK && space_is_locked(*slot) ? ERR_DEFER : err;
}

static err_t dispatch(const struct ipc_event *ev, struct response *r)
{
    uint64_t op = ev->w[0];
    if (op >= PAGER_OP_LIMIT || table[op].fn == 0)
        return ERR_NOSYS;
    if (!(table[op].from & FROM(BADGE_CLASS(ev->badge))))
        return ERR_PERM;
    return table[op].fn(ev, r);
}

void request_serve(const struct ipc_event *ev, struct response *r)
{
    *r = (struct response){.later = false};
    err_t err = dispatch(ev, r);
    if (err == ERR_DEFER) {
        r->later = defer_event(ev);
        err = ERR_AGAIN;
    }
    r->m.w[0] = (uint64_t)(int64_t)err;
}

/* A fault that waited: the words of its message may be stale by now. */
static void fault_late(const struct ipc_event *ev)
{
    struct fault f;
    struct answer a;
    if (!fault_decode(ev, &f)) {
        (void)gate_fault_reply(ev->id, FAULT_VERDICT(FAULT_FORWARD, 0, FAULT_REASON_UNMAPPED), 0, (frame_t[2]){0, 0});
        return;
    }
    if (f.va < USER_VA_END) {
        f.pte = table_walk(f.slot, f.page, &f.level);
        f.level |= leaf_is_shared(table_leaf(f.slot, f.page)) ? FAULT_LEVEL_SHARED : 0;
    }
    fault_decide(&f, &a);
    if (a.verdict == 0)
        fault_wait(ev);
    else if (gate_fault_reply(f.id, a.verdict, a.frame, a.table) != OK)
        fault_undo(&f, &a);
    else
        fault_accepted(&f, &a);
}

void fault_wait(const struct ipc_event *ev)
{
    if (!defer_event(ev)) /* no place to wait: it faults again and again until there is one */
        (void)gate_fault_reply(ev->id, FAULT_VERDICT(FAULT_RETRY, 0, 0), NO_FRAME, (frame_t[2]){0, 0});
}

void serve_late(const struct ipc_event *ev)
{
    struct response r;
    if (ev->kind == MSG_FAULT) {
        fault_late(ev);
        return;
    }
    request_serve(ev, &r);
    if (r.later)
        return;
    if (r.give[0].h != NO_HANDLE)
        (void)gate_reply_give(ev->id, &r.m, r.give);
    else
        (void)gate_reply(ev->id, &r.m);
}
