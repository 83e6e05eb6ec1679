/* SPDX-License-Identifier: MIT
 * What space.c and object.c need of each other. Everybody else uses space.h.
 */
#ifndef PAGER_OBJECT_H
#define PAGER_OBJECT_H

#include "space.h"

/* OBJECT_CREATE, with more room in the pager's own handle table when that is what is missing. */
err_t object_create(unsigned type, frame_t f, const uint64_t how[3], handle_t *out); /* how: sys_object_create_at */
/* Destroy what was never recorded. Few callers can be queued on it. */
void object_destroy_fresh(handle_t h);
/* The space is gone: its handle-table frames are free again. */
void objects_forget_handles(uint32_t slot);
/* Endpoints and notifications made for the space end with it. ERR_AGAIN: call again. */
err_t objects_destroy_owned(uint32_t slot);
/* Chains and counts from the ledger; the spaces are there already. */
void objects_build(void);

#endif
