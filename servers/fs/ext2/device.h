/* SPDX-License-Identifier: MIT
 * What a file system asks of a disk: sectors read, sectors written, and a flush. Nothing here knows a file system or a server.
 *
 * Requests of one list may be carried out in any order and together. What was written may be lost, wholly or in part, until a
 * flush that began afterwards has succeeded.
 */
#ifndef EXT2_DEVICE_H
#define EXT2_DEVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SECTOR_BYTES 512u

struct block_io {
    uint64_t sector;
    uint32_t sectors;
    void *data;      /* sectors * SECTOR_BYTES bytes */
    int error;       /* out: 0 or a negative errno value */
};

struct block_device {
    uint64_t sectors;
    bool read_only;
    void *context;
    /* Carry out all of list; each gets its own `error`. Returns 0, or the error of one of them. */
    int (*read)(void *context, struct block_io *list, unsigned count);
    int (*write)(void *context, struct block_io *list, unsigned count);
    int (*flush)(void *context);
    /* Let others use the file system until something has been read: calls that only read may run beside each other, each going
     * on when its own blocks have come. 0: there are no others. */
    void (*pause)(void *context);
};

#endif
