/* SPDX-License-Identifier: MIT
 * The queue of deferred events, first come first served.
 */
#include "defer.h"

#include "limits.h"
#include "request.h"
#include "sysgate.h"

static struct ipc_event queue[DEFERRED_MAX];
static uint32_t head, len;

uint32_t deferred_count(void) { return len; }

bool defer_event(const struct ipc_event *ev)
{
    if (len == DEFERRED_MAX)
        return false;
    queue[(head + len++) % DEFERRED_MAX] = *ev;
    return true;
}

static struct ipc_event take(void)
{
    struct ipc_event ev = queue[head];
    head = (head + 1) % DEFERRED_MAX;
    len--;
    return ev;
}

void defer_retry(void)
{
    for (uint32_t n = len; n > 0; n--) {
        struct ipc_event ev = take();
        serve_late(&ev);
    }
}

void defer_cancel(uint64_t how_many, reply_id_t newest)
{
    for (uint32_t n = len; n > 0; n--) {
        struct ipc_event ev = take();
        bool gone = ev.id == newest || (how_many > 1 && !gate_reply_alive(ev.id));
        if (!gone)
            (void)defer_event(&ev);
    }
}
