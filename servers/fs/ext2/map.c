/* SPDX-License-Identifier: MIT
 * From a block of a file to a block of the disk, through the pointers of the inode and up to three levels of pointer blocks. A
 * pointer that leads out of the disk or into a table is damage, not a block.
 */
#include "internal.h"

#define DEPTH_MAX 4u

struct path {
    unsigned depth;          /* pointers on the way: 1..4; 0: beyond what an inode can reach */
    uint32_t at[DEPTH_MAX];  /* at[0] in the inode, the others in pointer blocks */
};

static struct path path_of(const struct ext2 *fs, uint32_t at)
{
    struct path p = {.depth = 1, .at = {at}};
    if (at < DIRECT_BLOCKS)
        return p;
    uint64_t left = at - DIRECT_BLOCKS, span = fs->pointers;
    for (unsigned level = 1; level < DEPTH_MAX; level++, span <<= fs->pointers_shift) {
        if (left >= span) {
            left -= span;
            continue;
        }
        p.depth = level + 1;
        p.at[0] = DIRECT_BLOCKS + level - 1;
        for (unsigned i = level; i > 0; i--) {
            p.at[i] = (uint32_t)left & (fs->pointers - 1);
            left >>= fs->pointers_shift;
        }
        return p;
    }
    p.depth = 0;
    return p;
}

/* Blocks an inode can reach, less what 32 bits of sectors can count with the pointer blocks. */
uint64_t ext2_blocks_max(const struct ext2 *fs)
{
    uint64_t n = fs->pointers;
    uint64_t reach = DIRECT_BLOCKS + n + n * n + n * n * n;
    uint64_t countable = ((uint64_t)UINT32_MAX / (fs->block_bytes / SECTOR_BYTES)) / (n + 2) * n;
    return reach < countable ? reach : countable;
}

int ext2_map_look(struct ext2 *fs, struct ext2_node *n, uint32_t at, uint32_t *block, unsigned *missing)
{
    struct path p = path_of(fs, at);
    *block = 0;
    *missing = 0;
    if (p.depth == 0)
        return -EFBIG;
    uint32_t here = n->block[p.at[0]];
    unsigned i = 1;
    for (; here != 0; i++) {
        struct buffer *b;
        if (!ext2_block_ok(fs, here))
            return ext2_corrupt(fs, "a block pointer is out of range");
        if (i == p.depth)
            break;
        int err = buffer_get(&fs->cache, here, FILL_READ, &b);
        if (err != 0)
            return err;
        here = ((uint32_t *)b->data)[p.at[i]];
        buffer_put(b);
    }
    *block = here;
    *missing = here == 0 ? p.depth - i + 1 : 0;
    return 0;
}

int ext2_map(struct ext2 *fs, struct ext2_node *n, uint32_t at, uint32_t *block)
{
    unsigned missing;
    return ext2_map_look(fs, n, at, block, &missing);
}

/* Blocks from `at` on that the missing pointer would lead to: without a pointer block, all that it would name. */
static uint64_t span_of(const struct ext2 *fs, uint32_t at, unsigned missing)
{
    struct path p = path_of(fs, at);
    uint64_t inside = 0, span = 1;
    for (unsigned i = 0; i + 1 < missing; i++) {
        inside += p.at[p.depth - 1 - i] * span;
        span <<= fs->pointers_shift;
    }
    return span - inside;
}

int ext2_map_extent(struct ext2 *fs, struct ext2_node *n, uint32_t at, bool *hole, uint64_t *blocks)
{
    uint32_t block;
    unsigned missing;
    int err = ext2_map_look(fs, n, at, &block, &missing);
    *hole = block == 0;
    *blocks = err == 0 ? span_of(fs, at, missing) : 1;
    return err;
}

/* A new block for the node; a pointer block (is_tree) is full of holes and on the disk before what points to it. */
static int allocate(struct ext2 *fs, struct ext2_node *n, bool is_tree, uint32_t *block)
{
    int err = ext2_block_new(fs, n->goal, block);
    if (err != 0)
        return err;
    n->goal = *block + 1;
    n->sectors += fs->block_bytes / SECTOR_BYTES;
    if (!is_tree)
        return 0;
    struct buffer *b;
    err = buffer_get(&fs->cache, *block, FILL_ZERO, &b);
    if (err != 0) {
        ext2_block_free(fs, *block);
        return err;
    }
    b->fresh = true;
    buffer_dirty(&fs->cache, b, STAGE_FIRST);
    buffer_put(b);
    return 0;
}

/* Follow pointer p.at[i] in *slot, which lies in block b or (b == NULL) in the inode. */
static int step(struct ext2 *fs, struct ext2_node *n, struct buffer *b, uint32_t *slot, bool is_tree, bool *fresh)
{
    *fresh = *slot == 0;
    if (!*fresh)
        return ext2_block_ok(fs, *slot) ? 0 : ext2_corrupt(fs, "a block pointer is out of range");
    int err = allocate(fs, n, is_tree, slot);
    if (err != 0) {
        *slot = 0;
        return err;
    }
    if (b)
        buffer_dirty(&fs->cache, b, ext2_pointer_stage(b));
    return ext2_node_store(fs, n);
}

int ext2_map_new(struct ext2 *fs, struct ext2_node *n, uint32_t at, uint32_t *block, bool *fresh)
{
    struct path p = path_of(fs, at);
    if (p.depth == 0)
        return -EFBIG;
    int err = step(fs, n, NULL, &n->block[p.at[0]], p.depth > 1, fresh);
    *block = n->block[p.at[0]];
    for (unsigned i = 1; err == 0 && i < p.depth; i++) {
        struct buffer *b;
        err = buffer_get(&fs->cache, *block, FILL_READ, &b);
        if (err != 0)
            break;
        uint32_t *slot = (uint32_t *)b->data + p.at[i];
        err = step(fs, n, b, slot, i + 1 < p.depth, fresh);
        *block = *slot;
        buffer_put(b);
    }
    return err;
}
