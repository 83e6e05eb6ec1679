/* SPDX-License-Identifier: MIT
 * Spaces and the kernel objects that the pager makes for others: threads, endpoints, notifications, handle-table frames.
 * An id is slot | generation << 16; a stale id is found out, a slot is used again.
 */
#ifndef PAGER_SPACE_H
#define PAGER_SPACE_H

#include <ipc/pager.h>

#include "ledger.h"

/* What the pager was given at start; written once by main. */
struct pager_self {
    handle_t space, thread, endpoint, kernel;
    uint32_t id; /* owner value of its frames */
    frame_t image_first, image_end;
};
extern struct pager_self self;

static inline struct ledger_space *space_at(uint32_t slot) { return &ledger.space[slot]; }
static inline struct space_vol *space_vol(uint32_t slot) { return &ledger.space_vol[slot]; }
static inline uint32_t space_id(uint32_t slot) { return slot | ledger.space[slot].gen << 16; }
static inline bool space_is_locked(uint32_t slot) { return ledger.space_vol[slot].op != 0; }

/* The slot of a live space, or 0. */
static inline uint32_t space_slot(uint32_t id)
{
    uint32_t slot = id & 0xffff;
    return slot < ledger.max_spaces && ledger.space[slot].live && ledger.space[slot].gen == id >> 16 ? slot : 0;
}
/* By key; 0: none. */
uint32_t space_find(uint64_t key);
/* The first live slot behind `after` (0: the first), 0 at the end. */
uint32_t space_after(uint32_t after);

/* Make a space, or find the one with this key. payer: its limit is inherited; 0: none. at: of the first thread it will have, for
 * which it may be one that was made ahead; 0: not said.
 * Errors  ERR_LIMIT no slot; ERR_NOMEM; ERR_NOHANDLE the pager's own table can't grow */
err_t space_new(uint64_t key, uint32_t payer, uint64_t at, uint32_t *slot);
/* Make one ahead (spare.c); 0: not now. */
uint32_t space_new_spare(void);
/* Destroy an emptied space (no threads, pages, tables) and free its slot. ERR_AGAIN: call again. */
err_t space_destroy(uint32_t slot);

/* Thread in its slot of the space: made, or found. at: THREAD_AT, or 0. */
struct thread_made {
    handle_t handle;
    frame_t frame;
};
err_t thread_new(uint32_t slot, unsigned thread_slot, uint64_t at, struct thread_made *out);
/* OK also when there is none. ERR_AGAIN: call again. */
err_t thread_delete(uint32_t slot, unsigned thread_slot);
/* A space's only thread, if it has one. ERR_BUSY: there are more; ERR_AGAIN: call again. */
err_t thread_delete_last(uint32_t slot);
/* Endpoint or notification by key: made, or found. slot: the space that pays and that it ends with; 0: nobody, it stays. */
err_t object_new(uint64_t key, unsigned type, uint32_t slot, handle_t *out);
/* Room for 256 more handles in a space (slot 0: the pager itself). */
err_t handles_grow(uint32_t slot);

/* Volatile structures of both tables from the ledger: chains, hashes, counts of objects. */
void spaces_build(void);
/* Restart: objects that the ledger does not list are destroyed, listed ones that are gone are forgotten. */
void objects_reconcile(void);

uint32_t spaces_live(void);

#endif
