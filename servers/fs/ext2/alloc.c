/* SPDX-License-Identifier: MIT
 * Blocks and inodes: bitmaps, counts, and the list of what is to be freed. A bit is set before anything points to what it stands
 * for, and cleared when nothing on the disk does (commit.c). Never trusts a count or a bitmap to keep off tables.
 */
#include "internal.h"

uint32_t ext2_group_first(const struct ext2 *fs, uint32_t group)
{
    return fs->first_data_block + group * fs->blocks_per_group;
}

static uint32_t group_blocks(const struct ext2 *fs, uint32_t group)
{
    uint32_t left = fs->blocks_count - ext2_group_first(fs, group);
    return left < fs->blocks_per_group ? left : fs->blocks_per_group;
}

int ext2_group(struct ext2 *fs, uint32_t group, struct buffer **b, struct group **g)
{
    uint32_t per_block = fs->block_bytes / (uint32_t)sizeof(struct group);
    int err = buffer_get(&fs->cache, fs->groups_block + group / per_block, FILL_READ, b);
    if (err == 0)
        *g = (struct group *)(*b)->data + group % per_block;
    return err;
}

static uint32_t table_blocks(const struct ext2 *fs)
{
    uint32_t bytes = fs->inodes_per_group * fs->inode_bytes;
    return (bytes + fs->block_bytes - 1) >> fs->block_shift;
}

static bool is_power_of(uint32_t n, uint32_t base)
{
    while (n > 1 && n % base == 0)
        n /= base;
    return n == 1;
}

static bool has_super(const struct ext2 *fs, uint32_t group)
{
    if (fs->super->revision == REVISION_OLD || !(fs->super->ro_compat & RO_COMPAT_SPARSE_SUPER))
        return true;
    return group <= 1 || is_power_of(group, 3) || is_power_of(group, 5) || is_power_of(group, 7);
}

static uint32_t group_table_blocks(const struct ext2 *fs)
{
    uint32_t per_block = fs->block_bytes / (uint32_t)sizeof(struct group);
    return (fs->groups + per_block - 1) / per_block;
}

bool ext2_block_ok(struct ext2 *fs, uint32_t block)
{
    if (block <= fs->first_data_block || block >= fs->blocks_count)
        return false;
    uint32_t group = (block - fs->first_data_block) / fs->blocks_per_group;
    struct buffer *b;
    struct group *g;
    if (has_super(fs, group) && block - ext2_group_first(fs, group) <= group_table_blocks(fs))
        return false;
    if (ext2_group(fs, group, &b, &g) != 0)
        return false;
    bool table = block >= g->inode_table && block - g->inode_table < table_blocks(fs);
    bool ok = !table && block != g->block_bitmap && block != g->inode_bitmap;
    buffer_put(b);
    return ok;
}

/* The first clear bit of [from, bits), NO_BIT if none. */
#define NO_BIT (~0u)
static uint32_t bit_find(const uint8_t *map, uint32_t from, uint32_t bits)
{
    for (uint32_t i = from; i < bits; i++) {
        if ((i & 7) == 0)
            while (i + 8 <= bits && map[i >> 3] == 0xff)
                i += 8;
        if (i < bits && !(map[i >> 3] >> (i & 7) & 1))
            return i;
    }
    return NO_BIT;
}

static void count_blocks(struct ext2 *fs, struct buffer *b, struct group *g, int change)
{
    g->free_blocks = (uint16_t)(g->free_blocks + change);
    fs->super->free_blocks += (uint32_t)change;
    buffer_dirty(&fs->cache, b, STAGE_FIRST);
    buffer_dirty(&fs->cache, fs->super_buffer, STAGE_FIRST);
}

/* A clear bit that is no table's. A bitmap that lacks a table's bit is damaged; the bit is set in passing. */
static uint32_t block_take(struct ext2 *fs, uint32_t group, struct buffer *map, uint32_t from)
{
    uint32_t bits = group_blocks(fs, group);
    for (uint32_t bit = bit_find(map->data, from, bits); bit != NO_BIT; bit = bit_find(map->data, bit + 1, bits)) {
        map->data[bit >> 3] |= (uint8_t)(1u << (bit & 7));
        buffer_dirty(&fs->cache, map, STAGE_FIRST);
        if (ext2_block_ok(fs, ext2_group_first(fs, group) + bit))
            return bit;
        (void)ext2_corrupt(fs, "a bitmap offers a table as free");
    }
    return NO_BIT;
}

static int block_in_group(struct ext2 *fs, uint32_t group, uint32_t from, uint32_t *block)
{
    struct buffer *b, *map;
    struct group *g;
    int err = ext2_group(fs, group, &b, &g);
    if (err != 0)
        return err;
    err = g->free_blocks == 0 ? -ENOSPC : buffer_get(&fs->cache, g->block_bitmap, FILL_READ, &map);
    if (err == 0) {
        uint32_t bit = block_take(fs, group, map, from);
        if (bit == NO_BIT && from > 0)
            bit = block_take(fs, group, map, 0);
        if (bit == NO_BIT) { /* the count is wrong */
            count_blocks(fs, b, g, -(int)g->free_blocks);
            err = -ENOSPC;
        } else {
            *block = ext2_group_first(fs, group) + bit;
            count_blocks(fs, b, g, -1);
        }
        buffer_put(map);
    }
    buffer_put(b);
    return err;
}

int ext2_block_new(struct ext2 *fs, uint32_t goal, uint32_t *block)
{
    if (goal < fs->first_data_block || goal >= fs->blocks_count)
        goal = fs->first_data_block;
    uint32_t first = (goal - fs->first_data_block) / fs->blocks_per_group;
    for (uint32_t i = 0; i < fs->groups; i++) {
        uint32_t group = (first + i) % fs->groups;
        int err = block_in_group(fs, group, i == 0 ? goal - ext2_group_first(fs, group) : 0, block);
        if (err != -ENOSPC)
            return err;
    }
    return -ENOSPC;
}

static void extent_add(struct ext2 *fs, uint32_t block)
{
    if (fs->frees_count > 0) { /* files are let go from their end: mostly the block before */
        struct extent *e = &fs->frees[fs->frees_count - 1];
        if (e->start == block + 1 || e->start + e->count == block) {
            e->start = e->start < block ? e->start : block;
            e->count++;
            return;
        }
    }
    fs->frees[fs->frees_count++] = (struct extent){block, 1};
}

void ext2_block_free(struct ext2 *fs, uint32_t block)
{
    if (!ext2_block_ok(fs, block)) {
        (void)ext2_corrupt(fs, "a file has a block that cannot be a file's");
        return;
    }
    buffer_forget(&fs->cache, block);
    extent_add(fs, block);
#ifdef MUTANT_EXT2_FREE_AT_ONCE
    (void)ext2_frees_release(fs);
#endif
}

static int block_release(struct ext2 *fs, uint32_t block)
{
    uint32_t group = (block - fs->first_data_block) / fs->blocks_per_group, bit = block - ext2_group_first(fs, group);
    struct buffer *b, *map;
    struct group *g;
    int err = ext2_group(fs, group, &b, &g);
    if (err != 0)
        return err;
    err = buffer_get(&fs->cache, g->block_bitmap, FILL_READ, &map);
    if (err == 0) {
        if (map->data[bit >> 3] >> (bit & 7) & 1) {
            map->data[bit >> 3] &= (uint8_t)~(1u << (bit & 7));
            buffer_dirty(&fs->cache, map, STAGE_FIRST);
            count_blocks(fs, b, g, 1);
        } else
            (void)ext2_corrupt(fs, "a block was freed twice");
        buffer_put(map);
    }
    buffer_put(b);
    return err;
}

int ext2_frees_release(struct ext2 *fs)
{
    while (fs->frees_count > 0) { /* bound: the blocks in the list */
        struct extent *e = &fs->frees[fs->frees_count - 1];
        int err = block_release(fs, e->start + e->count - 1);
        if (err != 0)
            return err;
        if (--e->count == 0)
            fs->frees_count--;
    }
    return 0;
}

/* ---- inodes ---- */

static void count_inodes(struct ext2 *fs, struct buffer *b, struct group *g, int change, bool is_dir)
{
    g->free_inodes = (uint16_t)(g->free_inodes + change);
    if (is_dir)
        g->directories = (uint16_t)(g->directories - change);
    fs->super->free_inodes += (uint32_t)change;
    buffer_dirty(&fs->cache, b, STAGE_FIRST);
    buffer_dirty(&fs->cache, fs->super_buffer, STAGE_FIRST);
}

static int inode_in_group(struct ext2 *fs, uint32_t group, bool is_dir, uint32_t *ino)
{
    struct buffer *b, *map;
    struct group *g;
    int err = ext2_group(fs, group, &b, &g);
    if (err != 0)
        return err;
    err = g->free_inodes == 0 ? -ENOSPC : buffer_get(&fs->cache, g->inode_bitmap, FILL_READ, &map);
    if (err == 0) {
        uint32_t bit = bit_find(map->data, group == 0 ? fs->first_ino - 1 : 0, fs->inodes_per_group);
        if (bit == NO_BIT) {
            count_inodes(fs, b, g, -(int)g->free_inodes, false);
            err = -ENOSPC;
        } else {
            map->data[bit >> 3] |= (uint8_t)(1u << (bit & 7));
            buffer_dirty(&fs->cache, map, STAGE_FIRST);
            count_inodes(fs, b, g, -1, is_dir);
            *ino = group * fs->inodes_per_group + bit + 1;
        }
        buffer_put(map);
    }
    buffer_put(b);
    return err;
}

/* Directories are spread: the group with most free inodes. */
static uint32_t roomiest_group(struct ext2 *fs)
{
    uint32_t best = 0, most = 0;
    for (uint32_t i = 0; i < fs->groups; i++) {
        struct buffer *b;
        struct group *g;
        if (ext2_group(fs, i, &b, &g) != 0)
            continue;
        if (g->free_inodes > most && g->free_blocks > 0) {
            most = g->free_inodes;
            best = i;
        }
        buffer_put(b);
    }
    return best;
}

int ext2_inode_new(struct ext2 *fs, uint32_t dir_ino, bool is_dir, uint32_t *ino)
{
    uint32_t first = is_dir ? roomiest_group(fs) : (dir_ino - 1) / fs->inodes_per_group;
    for (uint32_t i = 0; i < fs->groups; i++) {
        int err = inode_in_group(fs, (first + i) % fs->groups, is_dir, ino);
        if (err != -ENOSPC)
            return err;
    }
    return -ENOSPC;
}

int ext2_inode_bit_clear(struct ext2 *fs, uint32_t ino, bool is_dir)
{
    uint32_t group = (ino - 1) / fs->inodes_per_group, bit = (ino - 1) % fs->inodes_per_group;
    struct buffer *b, *map;
    struct group *g;
    int err = ext2_group(fs, group, &b, &g);
    if (err != 0)
        return err;
    err = buffer_get(&fs->cache, g->inode_bitmap, FILL_READ, &map);
    if (err == 0) {
        if (map->data[bit >> 3] >> (bit & 7) & 1) {
            map->data[bit >> 3] &= (uint8_t)~(1u << (bit & 7));
            buffer_dirty(&fs->cache, map, STAGE_FIRST);
            count_inodes(fs, b, g, 1, is_dir);
        }
        buffer_put(map);
    }
    buffer_put(b);
    return err;
}

/* ---- counts, after a cut ---- */

static uint32_t clear_bits(const uint8_t *map, uint32_t bits)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < bits; i++)
        n += !(map[i >> 3] >> (i & 7) & 1);
    return n;
}

static int count_bitmap(struct ext2 *fs, uint32_t block, uint32_t bits, uint32_t *clear)
{
    struct buffer *map;
    int err = buffer_get(&fs->cache, block, FILL_READ, &map);
    if (err != 0)
        return err;
    *clear = clear_bits(map->data, bits);
    buffer_put(map);
    return 0;
}

int ext2_count_again(struct ext2 *fs)
{
    uint32_t blocks = 0, inodes = 0;
    for (uint32_t i = 0; i < fs->groups; i++) {
        struct buffer *b;
        struct group *g;
        uint32_t free_blocks = 0, free_inodes = 0;
        int err = ext2_group(fs, i, &b, &g);
        if (err != 0)
            return err;
        err = count_bitmap(fs, g->block_bitmap, group_blocks(fs, i), &free_blocks);
        if (err == 0)
            err = count_bitmap(fs, g->inode_bitmap, fs->inodes_per_group, &free_inodes);
        g->free_blocks = (uint16_t)free_blocks;
        g->free_inodes = (uint16_t)free_inodes;
        buffer_dirty(&fs->cache, b, STAGE_FIRST);
        buffer_put(b);
        if (err != 0)
            return err;
        blocks += free_blocks;
        inodes += free_inodes;
    }
    fs->super->free_blocks = blocks;
    fs->super->free_inodes = inodes;
    buffer_dirty(&fs->cache, fs->super_buffer, STAGE_FIRST);
    return 0;
}
