/* SPDX-License-Identifier: MIT
 * Requests and faults that wait for an operation on their space to end. Volatile: when the pager dies, its callers get
 * ERR_PEER_DEAD and ask again, and faults queue again in the kernel.
 */
#ifndef PAGER_DEFER_H
#define PAGER_DEFER_H

#include <ipc/ipc.h>

/* Keep the event for later. false: the queue is full. */
bool defer_event(const struct ipc_event *ev);
/* An operation ended: serve what waits; what must wait on is queued again. */
void defer_retry(void);
/* MSG_CANCEL: callers are gone. */
void defer_cancel(uint64_t how_many, reply_id_t newest);
uint32_t deferred_count(void);

#endif
