/* SPDX-License-Identifier: MIT
 * The block server's protocol. Bytes never pass through it: a client names memory of its own once (ATTACH), and the device
 * reads and writes there. So a client is trusted with the device, and the device with memory (there is no IOMMU).
 *
 * Nobody waits in it: what takes time is asked for, and collected when it has ended. It calls the pager, nobody else.
 */
#ifndef IPC_BLK_H
#define IPC_BLK_H

#include <ipc/ipc.h>

/* X(NAME, number, who may call, request; buffers -> reply words after w[0]) */
#define BLK_OPS(X) \
    X(INFO, 1, FROM_ANY, "-> sectors, BLK_* flags, requests that the device takes at once, errors so far, requests so far") \
    X(ATTACH, 2, FROM(BADGE_FS), "start, bytes: memory of the caller, pages that are pinned; 0 bytes: none. Requests before it have ended") \
    X(TRANSFER, 3, FROM(BADGE_FS), "count, token; buf0: struct blk_request after struct blk_request -> taken; COLLECT says when it has ended") \
    X(FLUSH, 4, FROM(BADGE_FS), "token -> taken; it ends when all that had ended before is on the medium") \
    X(COLLECT, 5, FROM(BADGE_FS), "-> how many have ended, of each token << 32 | which of its requests failed")

enum blk_op {
#define BLK_ENUM(name, number, who, text) BLK_##name = (number),
    BLK_OPS(BLK_ENUM)
#undef BLK_ENUM
    BLK_OP_LIMIT = 6,
};

#define BLK_SECTOR_BYTES 512u
#define BLK_REQUESTS_MAX 32u              /* of one TRANSFER */
#define BLK_MEMORY_MAX (4096u * 4096u)    /* bytes of ATTACH */

/* Flags of INFO. */
#define BLK_READ_ONLY 1u
#define BLK_HAS_FLUSH 2u /* without it nothing is held back, and FLUSH has nothing to do */

enum blk_direction { BLK_READ = 0, BLK_WRITE = 1 };

struct blk_request {
    uint64_t sector;
    uint64_t offset;    /* in the attached memory, bytes; the piece lies in one page */
    uint32_t sectors;
    uint32_t direction; /* enum blk_direction */
};
_Static_assert(sizeof(struct blk_request) == 24, "the layout is the protocol's");

/* TRANSFER and FLUSH are answered at once. Something that has ended is told by the notification that init gave the server for
 * its client, FS_NTFN_DISK, and so is a new start of the server: then, and before ATTACH, all but INFO and ATTACH get ERR_NOENT,
 * and what was under way has to be asked for again. ERR_AGAIN: too much is under way. */
#define BLK_ENDED_MAX 6u /* of one COLLECT */
#define BLK_ENDED(token, failed) ((uint64_t)(token) << 32 | (uint32_t)(failed))

#endif
