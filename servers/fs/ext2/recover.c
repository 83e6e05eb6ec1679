/* SPDX-License-Identifier: MIT
 * After a cut: files that had no name but were open are freed, and free space is counted again. What else a cut may leave
 * (space that nobody uses) is e2fsck's to find; nothing of it is dangerous. Reads all inodes that are in use.
 */
#include "internal.h"

static bool is_orphan(const struct inode *raw) { return raw->links == 0 && raw->fragment == ORPHAN_MARK; }

static int free_orphan(struct ext2 *fs, uint32_t ino)
{
    struct buffer *b;
    struct inode *raw;
    int err = ext2_inode_read(fs, ino, &b, &raw);
    if (err != 0)
        return err;
    bool orphan = is_orphan(raw);
    buffer_put(b);
    return orphan ? ext2_node_orphan(fs, ino) : 0;
}

static int recover_group(struct ext2 *fs, uint32_t group)
{
    struct buffer *b, *map;
    struct group *g;
    int err = ext2_group(fs, group, &b, &g);
    if (err != 0)
        return err;
    err = buffer_get(&fs->cache, g->inode_bitmap, FILL_READ, &map);
    buffer_put(b);
    if (err != 0)
        return err;
    for (uint32_t bit = group == 0 ? fs->first_ino - 1 : 0; bit < fs->inodes_per_group && err == 0; bit++)
        if (map->data[bit >> 3] >> (bit & 7) & 1)
            err = free_orphan(fs, group * fs->inodes_per_group + bit + 1);
    buffer_put(map);
    return err;
}

int ext2_recover(struct ext2 *fs)
{
    int err = ext2_count_again(fs);
    for (uint32_t group = 0; group < fs->groups && err == 0; group++)
        err = recover_group(fs, group);
    return err != 0 ? err : ext2_commit(fs);
}
