/* SPDX-License-Identifier: MIT
 * What the two files of pipes share: pipe.c, which does everything, and pipequick.c, which does the commonest quickly.
 */
#ifndef FS_PIPE_H
#define FS_PIPE_H

#include "fs.h"

#define RING_BYTES PAGE_SIZE
_Static_assert(RING_BYTES >= FS_PIPE_BUF, "the largest write that is never torn fits");

struct pipe {
    char *ring;
    uint32_t head, fill; /* first byte, bytes */
    uint32_t readers, writers; /* open descriptions */
    uint64_t opened[2];        /* a FIFO's: how often for reading, for writing */
    struct vnode *fifo;        /* 0: it has no name. Holds a use */
    struct wait_queue reads, writes;
    struct wait_queue opens[2];   /* who waits for the other end: for reading, for writing */
};

#endif
