/* SPDX-License-Identifier: MIT
 * The block server's protocol. Bytes never pass through it: a client names memory of its own once (ATTACH), and the device
 * reads and writes there. So a client is trusted with the device, and the device with memory (there is no IOMMU).
 *
 * The server waits for its device and for the pager, for nobody else.
 */
#ifndef IPC_BLK_H
#define IPC_BLK_H

#include <ipc/ipc.h>

/* X(NAME, number, who may call, request; buffers -> reply words after w[0]) */
#define BLK_OPS(X) \
    X(INFO, 1, FROM_ANY, "-> sectors, BLK_* flags, requests that the device takes at once, errors so far, requests so far") \
    X(ATTACH, 2, FROM(BADGE_FS), "start, bytes: memory of the caller, pages that are pinned; requests before it have ended") \
    X(TRANSFER, 3, FROM(BADGE_FS), "count; buf0: struct blk_request after struct blk_request (read and written) -> how many failed") \
    X(FLUSH, 4, FROM(BADGE_FS), "answered when all that was written before is on the medium")

enum blk_op {
#define BLK_ENUM(name, number, who, text) BLK_##name = (number),
    BLK_OPS(BLK_ENUM)
#undef BLK_ENUM
    BLK_OP_LIMIT = 5,
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
    uint16_t direction; /* enum blk_direction */
    int16_t error;      /* out: OK, ERR_IO, ERR_INVAL outside the disk or the memory, ERR_PERM a write to a read-only disk */
};
_Static_assert(sizeof(struct blk_request) == 24, "the layout is the protocol's");

/* TRANSFER before ATTACH (also: the server was restarted) gets ERR_NOENT. */

#endif
