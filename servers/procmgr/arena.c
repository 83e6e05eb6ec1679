/* SPDX-License-Identifier: MIT
 * Tables that grow. procmgr must live on when memory is full, so it never touches a page for the first time in passing:
 * a table gets its next pages by a request that fills them, and when there are none the client's request fails.
 * Tables never shrink; what they took is taken again by the next processes.
 */
#include "procmgr.h"

#include <ipc/pager.h>

static err_t grow(struct arena *a)
{
    if (a->bytes + a->step_bytes > a->max_bytes)
        return ERR_LIMIT;
    vaddr_t start = a->start + a->bytes;
    struct ipc_msg m = {.w = {PAGER_REGION_ADD, own_space, start, start + a->step_bytes,
                              PROT_R | PROT_W | REGION_PINNED << 8, BACKING_ANON}};
    err_t err = pager_call(H_PAGER, &m);
    if (err == OK)
        a->bytes += a->step_bytes;
    return err;
}

err_t arena_reach(struct arena *a, uint64_t bytes)
{
    err_t err = OK;
    while (a->bytes < bytes && err == OK) /* bound: its limit */
        err = grow(a);
    return err;
}
