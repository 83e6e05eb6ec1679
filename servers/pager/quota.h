/* SPDX-License-Identifier: MIT
 * Quotas of process trees. A quota is a node of a tree; a space belongs to one node or to none, and what it holds counts
 * against that node and all above it. A user frame counts from its allocation until nobody maps it, in the node of the
 * space that allocated it (its number stands in the frame's word), so pages that a dead parent's children share do
 * not slip out; tables and objects count in the node of their space. docs/quotas.md.
 */
#ifndef PAGER_QUOTA_H
#define PAGER_QUOTA_H

#include "ledger.h"

_Static_assert(QUOTAS_MAX - 1 <= FRAME_W_QUOTA >> FRAME_W_QUOTA_SHIFT, "a frame's word holds the number of any node");

enum quota_kind { QUOTA_FRAME = 0, QUOTA_OBJECT = 1 }; /* OBJECT: counts as a frame, too */

static inline uint32_t quota_of_frame(const struct ledger_frame *w) { return w->flags >> FRAME_W_QUOTA_SHIFT; }
static inline uint32_t quota_of_space(uint32_t slot) { return ledger.space[slot].quota; }

/* Whether one more would be too many, there or above. */
bool quota_full(uint32_t quota, enum quota_kind kind);
void quota_add(uint32_t quota, enum quota_kind kind);
void quota_take(uint32_t quota, enum quota_kind kind);
/* A user frame and its node; both for nodes other than 0. */
void quota_frame_begin(struct ledger_frame *w, uint32_t quota);
void quota_frame_end(struct ledger_frame *w);

/* ---- requests: by the key that procmgr chose ---- */
struct quota_limits {
    uint64_t frames, objects; /* 0: none */
};
/* Make a node, or change its limits. Errors  ERR_NOENT parent; ERR_LIMIT too many nodes, or too deep */
err_t quota_set(uint64_t key, uint64_t parent_key, const struct quota_limits *limits);
/* The space and all that is counted for it move to the node. O(frames of the machine). ERR_NOENT */
err_t quota_join(uint32_t slot, uint64_t key);
/* ERR_BUSY while anything is counted in it or it has nodes below; OK also when there is none. */
err_t quota_drop(uint64_t key);
/* The node, or 0. */
uint32_t quota_find(uint64_t key);
uint32_t quota_used(uint32_t quota, enum quota_kind kind);

/* Restart: count anew. The frames' references and the spaces' tables and objects must be right. */
void quota_build(void);
/* The first node whose count is not what a fresh count says, or 0; *counted: what it says. For vmcheck. */
uint32_t quota_check(uint32_t *counted);

#endif
