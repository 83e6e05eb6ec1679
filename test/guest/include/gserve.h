/* SPDX-License-Identifier: MIT
 * A test as a server: the parent owns an endpoint (PROC_ENDPOINT, H_SELF), its children call it at H_PARENT.
 */
#ifndef GSERVE_H
#define GSERVE_H

#include "gtest.h"

static inline bool gs_open(void)
{
    err_t e = gt_proc(PROC_ENDPOINT, 0, 0, NULL);
    CHECK_EQ(e, OK);
    return e == OK;
}
static inline ticks_t gs_deadline(unsigned ms) { return sys_time() + gt_us(ms * 1000UL); }
/* The next event, or ERR_TIMEOUT after GT_HANG_MS. */
static inline long gs_recv(struct ipc_event *ev) { return ipc_recv(H_SELF, ev, gs_deadline(GT_HANG_MS)); }
/* The next call; cancel events are passed over. */
static inline bool gs_recv_call(struct ipc_event *ev)
{
    for (int i = 0; i < 100; i++) {
        long kind = gs_recv(ev);
        if (kind == MSG_CALL)
            return true;
        if (kind != MSG_CANCEL)
            break;
    }
    gt_fail("a call comes", __FILE__, __LINE__);
    printf("  receive gave %ld\n", ev->kind);
    return false;
}
static inline err_t gs_answer(const struct ipc_event *ev, err_t result)
{
    struct ipc_msg m = {.w = {(uint64_t)(int64_t)result}};
    return ipc_reply(ev->id, &m);
}

#endif
