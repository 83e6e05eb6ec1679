/* SPDX-License-Identifier: MIT
 * The buffer cache, and the order in which its blocks reach the disk. That order is what makes a power cut harmless:
 *
 *   STAGE_FIRST    file data, bitmaps, counts, and blocks that nothing on the disk points to yet
 *   STAGE_POINTER  inodes, and pointer blocks that are in use: they point to blocks of the first stage
 *   STAGE_NAME     directories: they point to inodes
 *
 * with a flush between stages (commit.c). A block of the first stage may be written at any earlier time; it makes room. Within
 * STAGE_NAME blocks have an order as well, 0 first.
 *
 * Not thread-safe. Memory is what buffer_start() was given. A pinned buffer stays.
 */
#ifndef EXT2_BUFFER_H
#define EXT2_BUFFER_H

#include "device.h"

#define BUFFER_CHAINS 512u
#define BUFFER_ORDER_MAX 200u
#define BUFFER_BATCH 32u /* requests that go to the device together */

enum buffer_stage { STAGE_CLEAN, STAGE_FIRST, STAGE_POINTER, STAGE_NAME, STAGES };
enum buffer_fill { FILL_READ, FILL_ZERO, FILL_NOTHING /* the caller writes all of it */ };

struct buffer {
    uint8_t *data;
    uint32_t block;
    uint16_t pins;
    uint8_t stage, order;
    bool valid;
    bool loading; /* its content is on its way, for another call; pinned */
    bool fresh; /* allocated since the last commit: nothing on the disk points to it */
    struct buffer *chain;           /* the next with the same hash */
    struct buffer *newer, *older;   /* by use */
};

struct cache {
    const struct block_device *device;
    struct buffer *buffer;
    unsigned count, block_bytes;
    unsigned dirty[STAGES];
    bool unflushed; /* something was written since the last flush */
    struct buffer *chain[BUFFER_CHAINS];
    struct buffer *newest, *oldest;
    uint64_t reads, writes, flushes; /* blocks, blocks, calls */
};

/* Buffers of block_bytes in data (count * block_bytes bytes), with their heads in `head`. */
void buffer_start(struct cache *c, const struct block_device *device, struct buffer *head, uint8_t *data, unsigned count,
                  unsigned block_bytes);
/* The block, pinned; buffer_put() it. -EIO: the device, or nothing but pinned and dirty buffers. */
int buffer_get(struct cache *c, uint32_t block, enum buffer_fill fill, struct buffer **out);
void buffer_put(struct buffer *b);
/* Read what is missing of up to BUFFER_BATCH blocks at once; a hint, errors come with buffer_get(). Zeros are skipped. */
void buffer_prefetch(struct cache *c, const uint32_t *block, unsigned count);
/* Its content changed. A later stage wins over an earlier one. */
void buffer_dirty(struct cache *c, struct buffer *b, enum buffer_stage stage);
/* Its content is of no interest any more, dirty or not. */
void buffer_forget(struct cache *c, uint32_t block);
/* Write one buffer now, without a flush. */
int buffer_write(struct cache *c, struct buffer *b);
unsigned buffer_dirty_count(const struct cache *c);
/* Write all of a stage (STAGE_NAME: of one order). What the device refused stays dirty. */
int buffer_write_stage(struct cache *c, enum buffer_stage stage, unsigned order);
unsigned buffer_order_max(const struct cache *c);
int buffer_flush(struct cache *c); /* nothing to do when nothing was written */
void buffer_commit_done(struct cache *c); /* nothing is fresh any more */

#endif
