/* SPDX-License-Identifier: MIT
 * Requests about memory that runs short: frame limits, the size of the store, pins.
 */
#include "request.h"

err_t req_frames(const struct ipc_event *ev, struct response *r)
{
    (void)ev, (void)r;
    return ERR_NOSYS; /* until pages can leave */
}

err_t req_store(const struct ipc_event *ev, struct response *r)
{
    (void)ev, (void)r;
    return ERR_NOSYS;
}

err_t req_pin(const struct ipc_event *ev, struct response *r)
{
    (void)ev, (void)r;
    return ERR_NOSYS;
}
