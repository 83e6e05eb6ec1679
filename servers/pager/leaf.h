/* SPDX-License-Identifier: MIT
 * Leaf tables that several spaces have (SPACE_SHARE_TABLE): all of them see the same 2 MiB, and nobody may write there. Whoever
 * changes an entry first gets a table of its own (leaf_split).
 *
 * For each space but one that has a shared table a frame is set aside, out of the kernel pool: it is what the space's own table
 * will be, so that splitting never fails. The space pays for it as for a table.
 *
 *   references of a frame   entries of distinct tables: a shared table counts once
 *   resident, tables        of a space: what it sees, whoever else does
 *   charged                 the space that had the table first may pay for pages in it, no other one (payer)
 */
#ifndef PAGER_LEAF_H
#define PAGER_LEAF_H

#include "table.h"

struct leaf_aside {
    uint32_t head, count; /* frames set aside: a chain through frame_next, index + 1 */
};
extern struct leaf_aside leaf_aside;

/* How many spaces have the leaf table; 0: it is nobody's but one's. */
static inline uint32_t leaf_sharers(frame_t leaf)
{
    const volatile struct frame_info *k = frame_kernel_word(leaf);
    return k->flags & FRAME_F_SHARED ? k->parents : 0;
}
static inline bool leaf_is_shared(frame_t leaf) { return leaf != NO_FRAME && leaf_sharers(leaf) != 0; }

/* The child, which has nothing there, gets the parent's leaf table for page. ERR_NOMEM: nothing changed but for an empty table of the
 * middle level, maybe. The table holds ordinary pages alone. */
err_t leaf_share(uint32_t parent, uint32_t child, uint32_t page);
/* The space has a leaf table of its own for page, if it has one at all. */
void leaf_split(uint32_t slot, uint32_t page);
/* Wherever it has any. */
void leaf_split_all(uint32_t slot);
/* The space lets go of the leaf table for page, which is a shared one. */
void leaf_leave(uint32_t slot, uint32_t page);

/* Restart: set frames aside for so many sharers. Pools are built. */
void leaf_rebuild(uint32_t frames);

#endif
