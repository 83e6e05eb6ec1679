/* SPDX-License-Identifier: MIT
 * Mount and unmount: the super block and the group descriptors are believed only after every number in them has been checked;
 * the other files rely on that.
 */
#include "internal.h"

#define ALIGN 16u

static size_t align_up(size_t n) { return (n + ALIGN - 1) & ~(size_t)(ALIGN - 1); }

size_t ext2_tables_bytes(unsigned nodes, size_t buffers_bytes)
{
    return ALIGN + align_up(sizeof(struct ext2)) + align_up(nodes * sizeof(struct ext2_node)) +
           buffers_bytes / 1024 * sizeof(struct buffer);
}

/* ---- what the super block says ---- */

static int read_super(const struct block_device *device, uint8_t *to)
{
    struct block_io io = {.sector = SUPER_OFFSET / SECTOR_BYTES, .sectors = sizeof(struct super) / SECTOR_BYTES, .data = to};
    if (device->sectors < io.sector + io.sectors)
        return -EINVAL;
    return device->read(device->context, &io, 1) != 0 || io.error != 0 ? -EIO : 0;
}

static int check_features(const struct super *s, bool *read_only)
{
    if (s->revision == REVISION_OLD)
        return 0;
    if (s->revision > 1 || (s->incompat & ~INCOMPAT_KNOWN))
        return -ENOTSUP;
    if ((s->ro_compat & ~RO_COMPAT_KNOWN) || (s->state & STATE_ERRORS))
        *read_only = true;
    return 0;
}

static bool sizes_ok(const struct ext2 *fs, const struct super *s)
{
    uint32_t bits = fs->block_bytes * 8;
    bool inode_size = fs->inode_bytes >= INODE_BYTES_OLD && fs->inode_bytes <= fs->block_bytes &&
                      (fs->inode_bytes & (fs->inode_bytes - 1)) == 0;
    bool groups = s->blocks_per_group > 0 && s->blocks_per_group <= bits && s->inodes_per_group > 0 &&
                  s->inodes_per_group <= bits && s->first_data_block == (fs->block_bytes == 1024 ? 1 : 0) &&
                  s->blocks_count > s->first_data_block;
    return inode_size && groups && fs->first_ino > ROOT_INO && fs->first_ino <= s->inodes_per_group;
}

static int read_geometry(struct ext2 *fs, const struct super *s, const struct block_device *device)
{
    if (s->magic != SUPER_MAGIC || s->log_block_bytes > 2)
        return s->magic == SUPER_MAGIC ? -ENOTSUP : -EINVAL;
    fs->block_shift = 10 + s->log_block_bytes;
    fs->block_bytes = 1u << fs->block_shift;
    fs->pointers_shift = fs->block_shift - 2;
    fs->pointers = 1u << fs->pointers_shift;
    fs->inode_bytes = s->revision == REVISION_OLD ? INODE_BYTES_OLD : s->inode_bytes;
    fs->first_ino = s->revision == REVISION_OLD ? FIRST_INO_OLD : s->first_ino;
    if (!sizes_ok(fs, s))
        return -EINVAL;
    fs->blocks_count = s->blocks_count;
    fs->first_data_block = s->first_data_block;
    fs->blocks_per_group = s->blocks_per_group;
    fs->inodes_per_group = s->inodes_per_group;
    fs->groups_block = s->first_data_block + 1;
    fs->has_types = s->revision != REVISION_OLD && (s->incompat & INCOMPAT_FILETYPE);
    uint64_t groups = ((uint64_t)s->blocks_count - s->first_data_block + s->blocks_per_group - 1) / s->blocks_per_group;
    fs->groups = (uint32_t)groups;
    fs->inodes_count = s->inodes_count;
    if ((uint64_t)s->blocks_count > device->sectors / (fs->block_bytes / SECTOR_BYTES) ||
        groups * s->inodes_per_group != s->inodes_count)
        return -EINVAL;
    return 0;
}

/* Every bitmap and table lies in its own group, apart from the others and from the head of the group. */
static int check_group(struct ext2 *fs, uint32_t number)
{
    struct buffer *b;
    struct group *g;
    int err = ext2_group(fs, number, &b, &g);
    if (err != 0)
        return err;
    uint32_t first = ext2_group_first(fs, number), end = first + fs->blocks_per_group;
    if (end > fs->blocks_count || end < first)
        end = fs->blocks_count;
    uint32_t table = (fs->inodes_per_group * fs->inode_bytes + fs->block_bytes - 1) >> fs->block_shift;
    uint32_t head = number == 0 ? fs->groups_block + (fs->groups * (uint32_t)sizeof *g - 1) / fs->block_bytes + 1 : first;
    bool inside = g->block_bitmap >= head && g->block_bitmap < end && g->inode_bitmap >= head && g->inode_bitmap < end &&
                  g->inode_table >= head && g->inode_table < end && table <= end - g->inode_table;
    bool apart = g->block_bitmap != g->inode_bitmap && g->block_bitmap - g->inode_table >= table &&
                 g->inode_bitmap - g->inode_table >= table;
    buffer_put(b);
    return inside && apart ? 0 : -EINVAL;
}

static int check_groups(struct ext2 *fs)
{
    for (uint32_t i = 0; i < fs->groups; i++) {
        int err = check_group(fs, i);
        if (err != 0)
            return err;
    }
    return 0;
}

/* ---- mount ---- */

static int start_cache(struct ext2 *fs, const struct ext2_setup *setup, struct buffer *heads, size_t heads_bytes)
{
    size_t count = setup->buffers_bytes >> fs->block_shift;
    if (count < EXT2_BUFFERS_MIN || count * sizeof(struct buffer) > heads_bytes)
        return -ENOMEM;
    buffer_start(&fs->cache, setup->device, heads, setup->buffers, (unsigned)count, fs->block_bytes);
    int err = buffer_get(&fs->cache, SUPER_OFFSET >> fs->block_shift, FILL_READ, &fs->super_buffer);
    if (err == 0)
        fs->super = (struct super *)(fs->super_buffer->data + (SUPER_OFFSET & (fs->block_bytes - 1)));
    return err;
}

static int open_for_writing(struct ext2 *fs)
{
    struct ext2_time now;
    fs->now(&now);
    fs->behind = now.seconds < (int64_t)fs->super->written_at ? (int64_t)fs->super->written_at - now.seconds : 0;
    fs->super->mounted_at = fs->super->written_at;
    fs->super->mounts++;
    int err = fs->unclean ? ext2_recover(fs) : 0;
    return err;
}

static int check_root(struct ext2 *fs)
{
    struct ext2_node *root;
    int err = ext2_root(fs, &root);
    if (err != 0)
        return err;
    bool ok = ext2_is_dir(root);
    ext2_put(fs, root);
    return ok ? 0 : -EINVAL;
}

static int mount(struct ext2 *fs, const struct ext2_setup *setup, uint8_t *heads, size_t heads_bytes)
{
    int err = read_super(setup->device, setup->buffers);
    if (err != 0)
        return err;
    const struct super *s = (const struct super *)setup->buffers;
    err = read_geometry(fs, s, setup->device);
    if (err == 0)
        err = check_features(s, &fs->read_only);
    fs->unclean = !(s->state & STATE_CLEAN);
    if (err == 0)
        err = start_cache(fs, setup, (struct buffer *)(void *)heads, heads_bytes);
    if (err == 0)
        err = check_groups(fs);
    if (err == 0)
        err = check_root(fs);
    fs->marked = fs->unclean;
    return err != 0 || fs->read_only ? err : open_for_writing(fs);
}

int ext2_mount(const struct ext2_setup *setup, struct ext2 **out)
{
    if (setup->nodes < EXT2_NODES_MIN || setup->buffers_bytes < EXT2_BUFFERS_MIN * 1024)
        return -ENOMEM;
    size_t skew = (ALIGN - (uintptr_t)setup->tables % ALIGN) % ALIGN;
    size_t need = align_up(sizeof(struct ext2)) + align_up(setup->nodes * sizeof(struct ext2_node));
    if (setup->tables_bytes < skew + need)
        return -ENOMEM;
    uint8_t *at = (uint8_t *)setup->tables + skew;
    struct ext2 *fs = (struct ext2 *)(void *)at;
    memset(at, 0, need);
    fs->node = (struct ext2_node *)(void *)(at + align_up(sizeof *fs));
    fs->nodes = setup->nodes;
    fs->epoch = 1;
    fs->now = setup->now;
    fs->read_only = setup->read_only || setup->device->read_only;
    int err = mount(fs, setup, at + need, setup->tables_bytes - skew - need);
    if (err == 0)
        *out = fs;
    return err;
}

void ext2_set_shared(struct ext2 *fs, bool shared) { fs->shared = shared; }

int ext2_unmount(struct ext2 *fs)
{
    return ext2_rest(fs);
}

/* ---- what is known of it ---- */

void ext2_statfs(const struct ext2 *fs, struct ext2_statfs *out)
{
    const struct super *s = fs->super;
    uint64_t free_blocks = s->free_blocks;
    for (unsigned i = 0; i < fs->frees_count; i++)
        free_blocks += fs->frees[i].count;
    *out = (struct ext2_statfs){.block_bytes = fs->block_bytes, .blocks = s->blocks_count, .blocks_free = free_blocks,
                                .blocks_available = free_blocks > s->reserved_blocks ? free_blocks - s->reserved_blocks : 0,
                                .inodes = s->inodes_count, .inodes_free = s->free_inodes, .read_only = fs->read_only};
}

bool ext2_was_unclean(const struct ext2 *fs) { return fs->unclean; }
const char *ext2_complaint(const struct ext2 *fs) { return fs->complaint; }
