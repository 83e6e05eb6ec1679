/* SPDX-License-Identifier: MIT
 * The pager's protocol (ipc/pager.h): dispatch, permission check, one handler an operation.
 */
#ifndef PAGER_REQUEST_H
#define PAGER_REQUEST_H

#include <ipc/pager.h>

/* What goes back to the caller. */
struct response {
    struct ipc_msg m;     /* w[0]: the result */
    struct ipc_give give[2]; /* NO_HANDLE: none goes along */
    bool later;           /* deferred, or an operation will answer: send nothing now */
};

/* Serve a MSG_CALL. */
void request_serve(const struct ipc_event *ev, struct response *r);
/* Serve a deferred event and answer it. */
void serve_late(const struct ipc_event *ev);

/* Keep a fault until a transfer of the store has ended. */
void fault_wait(const struct ipc_event *ev);

/* A handler: m is the request; the result is returned, further words go to r->m.w[1..]. */
typedef err_t request_fn(const struct ipc_event *ev, struct response *r);

/* The slot of a space id as it stands in a message; 0: no such space. */
uint32_t request_slot(uint64_t id);
/* The space a request names in w[1] (0: the caller's own), live. ERR_NOENT.
 * `change`: a client may only change itself: ERR_PERM. */
err_t request_space(const struct ipc_event *ev, uint32_t *slot);
err_t request_space_to_change(const struct ipc_event *ev, uint32_t *slot);

/* req_region.c */
request_fn req_region_add, req_regions_add, req_region_remove, req_region_protect, req_region_discard, req_region_gap, req_region_info, req_brk,
    req_device_map, req_file_map;
/* req_file.c */
request_fn req_file_serve, req_file_revoke, req_file_uses;
/* req_info.c */
request_fn req_stat, req_page_info, req_sharer, req_space_find, req_strategy, req_vmcheck, req_debug;
/* req_evict.c */
/* The range w[2], w[3] in whole pages of user space. ERR_INVAL. */
err_t request_range(const struct ipc_event *ev, uint32_t *start_page, uint32_t *end_page);
request_fn req_frames, req_store, req_pin;
/* req_policy.c */
request_fn req_policy, req_policy_info, req_policy_stat, req_policy_reset, req_report, req_tune, req_idle;
/* req_quota.c */
request_fn req_quota, req_quota_join, req_quota_drop, req_quota_stat;
/* req_space.c */
request_fn req_space_new, req_space_clear, req_space_delete, req_thread_new, req_thread_delete, req_fork, req_op_result,
    req_notify, req_object_new, req_limit, req_handles;

#endif
