/* SPDX-License-Identifier: MIT
 * Letting go of a file's blocks, from its end, in steps as large as the list of frees has room for. Each step ends in a state
 * that may be on the disk. Bounded also in a damaged tree: every pointer that is let go is zeroed where it stood.
 */
#include "internal.h"

static void discount(const struct ext2 *fs, struct ext2_node *n)
{
    uint32_t sectors = fs->block_bytes / SECTOR_BYTES;
    n->sectors = n->sectors > sectors ? n->sectors - sectors : 0;
}

static void release(struct ext2 *fs, struct ext2_node *n, uint32_t block)
{
    ext2_block_free(fs, block);
    discount(fs, n);
}

/* One pointer block on the way down. */
struct level {
    struct buffer *b;
    uint32_t keep; /* entries before this one stay */
};

static uint32_t *last_entry(const struct ext2 *fs, const struct level *l)
{
    uint32_t *entry = (uint32_t *)l->b->data;
    for (uint32_t i = fs->pointers; i-- > l->keep;)
        if (entry[i] != 0)
            return &entry[i];
    return NULL;
}

/* Zero a pointer, in block b or (NULL) in the inode, and let its block go. */
static void cut(struct ext2 *fs, struct ext2_node *n, struct buffer *b, uint32_t *pointer)
{
    uint32_t block = *pointer;
    *pointer = 0;
    if (b)
        buffer_dirty(&fs->cache, b, ext2_pointer_stage(b));
    release(fs, n, block);
}

/* The leaf pointers of one block, from `last` down to the one at keep. */
static void cut_leaves(struct ext2 *fs, struct ext2_node *n, const struct level *l, uint32_t *last)
{
    for (uint32_t *first = (uint32_t *)l->b->data + l->keep; last >= first && !ext2_frees_full(fs); last--)
        if (*last != 0)
            cut(fs, n, l->b, last);
}

/* Go down from *slot along the last entries, to leaves or an empty pointer block, and cut those. *more false: nothing was to
 * go. keep: of the tree's blocks, how many stay. What is damaged or unreadable is cut with all below it; e2fsck finds that. */
static void cut_last(struct ext2 *fs, struct ext2_node *n, uint32_t *slot, unsigned depth, uint64_t keep, bool *more)
{
    struct level way[3];
    unsigned down = 0;
    struct buffer *holder = NULL;
    uint32_t *pointer = slot;
    while (down < depth) {
        struct level *l = &way[down];
        if (!ext2_block_ok(fs, *pointer) || buffer_get(&fs->cache, *pointer, FILL_READ, &l->b) != 0)
            break;
        unsigned shift = (depth - 1 - down) * fs->pointers_shift;
        l->keep = (uint32_t)(keep >> shift);
        uint32_t *last = last_entry(fs, l);
        if (last == NULL) {
            buffer_put(l->b);
            *more = keep == 0; /* else: this block stays, and with it all above */
            break;
        }
        keep = (uint64_t)(last - (uint32_t *)l->b->data) == keep >> shift ? keep & ((1UL << shift) - 1) : 0;
        holder = l->b;
        pointer = last;
        down++;
    }
    if (down == depth)
        cut_leaves(fs, n, &way[depth - 1], pointer);
    else if (*more)
        cut(fs, n, holder, pointer);
    while (down-- > 0)
        buffer_put(way[down].b);
}

/* Whether all of it is gone that was to go. */
static bool shrink_tree(struct ext2 *fs, struct ext2_node *n, unsigned depth, uint64_t keep)
{
    uint32_t *slot = &n->block[DIRECT_BLOCKS + depth - 1];
    bool more = true;
    while (*slot != 0 && more && !ext2_frees_full(fs)) { /* bound: the pointers in the tree */
        cut_last(fs, n, slot, depth, keep, &more);
        if (buffer_dirty_count(&fs->cache) + OPERATION_BUFFERS > fs->cache.count)
            return false;
    }
    return *slot == 0 || !more;
}

void ext2_shrink_step(struct ext2 *fs, struct ext2_node *n, uint32_t keep, bool *done)
{
    uint64_t below = DIRECT_BLOCKS, span[4];
    *done = false;
    span[1] = fs->pointers;
    span[2] = span[1] * fs->pointers;
    span[3] = span[2] * fs->pointers;
    for (unsigned depth = 3; depth > 0; depth--) {
        uint64_t base = below + (depth > 1 ? span[1] : 0) + (depth > 2 ? span[2] : 0);
        if (base + span[depth] > keep && !shrink_tree(fs, n, depth, keep > base ? keep - base : 0))
            return;
    }
    for (uint32_t i = DIRECT_BLOCKS; i-- > 0 && i >= keep;) {
        if (ext2_frees_full(fs))
            return;
        if (n->block[i] != 0)
            cut(fs, n, NULL, &n->block[i]);
    }
    *done = true;
}

int ext2_attributes_free(struct ext2 *fs, struct ext2_node *n)
{
    uint32_t block = n->acl_block;
    struct buffer *b;
    if (block == 0)
        return 0;
    n->acl_block = 0;
    discount(fs, n);
    if (!ext2_block_ok(fs, block))
        return ext2_corrupt(fs, "a block of attributes is out of range");
    int err = buffer_get(&fs->cache, block, FILL_READ, &b);
    if (err != 0)
        return err;
    struct attributes *a = (struct attributes *)b->data;
    bool shared = a->magic == ATTRIBUTES_MAGIC && a->references > 1;
    if (shared) {
        a->references--;
        buffer_dirty(&fs->cache, b, STAGE_POINTER);
    }
    buffer_put(b);
    if (!shared)
        ext2_block_free(fs, block);
    return 0;
}
