/* SPDX-License-Identifier: MIT
 * Directories: entries in blocks, searched in order. An entry is checked before it is believed. A new block of a directory is on
 * the disk, empty, before the inode points to it (write through), since its names must come after their inodes.
 */
#include "internal.h"

#define BLOCK_MIN_BYTES 12u /* of an entry with a name */

static uint32_t entry_need(size_t len) { return (ENTRY_HEAD_BYTES + (uint32_t)len + 3) & ~3u; }

static unsigned name_bytes(const struct ext2 *fs, const struct entry *e)
{
    return fs->has_types ? e->name_bytes : e->name_bytes | (unsigned)e->type << 8;
}

static bool entry_ok(const struct ext2 *fs, const uint8_t *data, uint32_t offset)
{
    const struct entry *e = (const struct entry *)(data + offset);
    uint32_t left = fs->block_bytes - offset;
#ifdef MUTANT_EXT2_TRUST_ENTRY
    return e->bytes >= BLOCK_MIN_BYTES;
#endif
    if (left < BLOCK_MIN_BYTES || e->bytes < BLOCK_MIN_BYTES || (e->bytes & 3) || e->bytes > left)
        return false;
    return e->ino == 0 || (e->ino <= fs->inodes_count && name_bytes(fs, e) > 0 && entry_need(name_bytes(fs, e)) <= e->bytes);
}

static uint32_t dir_blocks(const struct ext2 *fs, const struct ext2_node *dir)
{
    uint64_t n = dir->size >> fs->block_shift;
    return n < fs->blocks_count ? (uint32_t)n : fs->blocks_count;
}

/* Block number `at`; *b NULL: a hole, which holds no names. */
static int dir_block(struct ext2 *fs, struct ext2_node *dir, uint32_t at, struct buffer **b)
{
    uint32_t block;
    *b = NULL;
    int err = ext2_map(fs, dir, at, &block);
    return err != 0 || block == 0 ? err : buffer_get(&fs->cache, block, FILL_READ, b);
}

/* ---- searching ---- */

static bool is_name(const struct ext2 *fs, const struct entry *e, const char *name, size_t len)
{
    return e->ino != 0 && name_bytes(fs, e) == len && memcmp(e->name, name, len) == 0;
}

/* 1: found, in *out with the buffer's pin; 0: not here. */
static int find_in_block(struct ext2 *fs, struct buffer *b, const char *name, size_t len, struct slot *out)
{
    uint32_t before = NO_OFFSET;
    for (uint32_t offset = 0; offset < fs->block_bytes;) {
        const struct entry *e = (const struct entry *)(b->data + offset);
        if (!entry_ok(fs, b->data, offset))
            return ext2_corrupt(fs, "a directory entry is damaged");
        if (is_name(fs, e, name, len)) {
            *out = (struct slot){.b = b, .offset = offset, .before = before, .ino = e->ino};
            return 1;
        }
        before = offset;
        offset += e->bytes;
    }
    return 0;
}

int ext2_dir_find(struct ext2 *fs, struct ext2_node *dir, const char *name, size_t len, struct slot *out)
{
    if (!ext2_is_dir(dir))
        return -ENOTDIR;
    if (len > NAME_MAX_BYTES)
        return -ENAMETOOLONG;
    uint32_t blocks = dir_blocks(fs, dir);
    for (uint32_t at = 0; at < blocks; at++) {
        struct buffer *b;
        int err = dir_block(fs, dir, at, &b);
        if (err != 0)
            return err;
        if (b == NULL)
            continue;
        err = find_in_block(fs, b, name, len, out);
        out->at = at;
        if (err == 1)
            return 0;
        buffer_put(b);
        if (err != 0)
            return err;
    }
    return -ENOENT;
}

int ext2_dir_find_again(struct ext2 *fs, struct slot *s, const char *name, size_t len)
{
    uint32_t at = s->at;
    int err = find_in_block(fs, s->b, name, len, s);
    s->at = at;
    return err == 1 ? 0 : err == 0 ? -ENOENT : err;
}

/* ---- room ---- */

static uint32_t entry_used(const struct ext2 *fs, const struct entry *e)
{
    return e->ino == 0 ? 0 : entry_need(name_bytes(fs, e));
}

static int room_in_block(struct ext2 *fs, struct buffer *b, uint32_t need, struct slot *out)
{
    for (uint32_t offset = 0; offset < fs->block_bytes;) {
        const struct entry *e = (const struct entry *)(b->data + offset);
        if (!entry_ok(fs, b->data, offset))
            return ext2_corrupt(fs, "a directory entry is damaged");
        if (e->bytes - entry_used(fs, e) >= need) {
            *out = (struct slot){.b = b, .offset = offset, .before = NO_OFFSET};
            return 1;
        }
        offset += e->bytes;
    }
    return 0;
}

static void make_empty(const struct ext2 *fs, uint8_t *data, uint32_t from)
{
    struct entry *e = (struct entry *)(data + from);
    *e = (struct entry){.bytes = (uint16_t)(fs->block_bytes - from)};
}

/* One more block, empty and written. */
static int grow(struct ext2 *fs, struct ext2_node *dir, uint32_t at, struct buffer **b)
{
    uint32_t block;
    bool fresh;
    if ((uint64_t)(at + 1) << fs->block_shift > INT32_MAX)
        return -ENOSPC;
    int err = ext2_map_new(fs, dir, at, &block, &fresh);
    if (err != 0)
        return err;
    err = buffer_get(&fs->cache, block, FILL_ZERO, b);
    if (err != 0)
        return err;
    make_empty(fs, (*b)->data, 0);
    buffer_dirty(&fs->cache, *b, STAGE_FIRST);
    err = buffer_write(&fs->cache, *b);
    if (err == 0) {
        dir->size = (uint64_t)(at + 1) << fs->block_shift;
        err = ext2_node_store(fs, dir);
    }
    if (err != 0)
        buffer_put(*b);
    return err;
}

static int clear_index_flag(struct ext2 *fs, struct ext2_node *dir)
{
    if (!(dir->flags & INODE_FLAG_INDEX))
        return 0;
    dir->flags &= ~INODE_FLAG_INDEX;
    return ext2_node_store(fs, dir);
}

int ext2_dir_room(struct ext2 *fs, struct ext2_node *dir, size_t len, struct slot *out)
{
    uint32_t blocks = dir_blocks(fs, dir), need = entry_need(len);
    uint32_t at = need >= dir->room_need ? dir->room_hint : 0;
    int err = clear_index_flag(fs, dir);
    for (; err == 0 && at < blocks; at++) {
        struct buffer *b;
        err = dir_block(fs, dir, at, &b);
        if (err != 0 || b == NULL)
            continue;
        err = room_in_block(fs, b, need, out);
        if (err == 1)
            break;
        buffer_put(b);
    }
    if (err < 0)
        return err;
    if (err == 0) {
        err = grow(fs, dir, blocks, &out->b);
        if (err != 0)
            return err;
        out->offset = 0;
        out->before = NO_OFFSET;
        at = blocks;
    }
    dir->room_hint = at;
    dir->room_need = need;
    out->at = at;
    return 0;
}

/* ---- changing ---- */

static uint8_t type_of(const struct ext2 *fs, uint16_t mode)
{
    if (!fs->has_types)
        return 0;
    switch (mode & MODE_TYPE) {
    case MODE_FILE: return ENTRY_FILE;
    case MODE_DIR: return ENTRY_DIR;
    case MODE_LINK: return ENTRY_LINK;
    case MODE_CHAR: return ENTRY_CHAR;
    case MODE_BLOCK: return ENTRY_BLOCK;
    case MODE_FIFO: return ENTRY_FIFO;
    case MODE_SOCKET: return ENTRY_SOCKET;
    default: return ENTRY_UNKNOWN;
    }
}

int ext2_dir_put(struct ext2 *fs, const struct slot *s, const char *name, size_t len, uint32_t ino, uint16_t mode)
{
    struct entry *e = ext2_entry_at(s);
    if (!entry_ok(fs, s->b->data, s->offset) || e->bytes - entry_used(fs, e) < entry_need(len))
        return ext2_corrupt(fs, "a directory's block has two uses"); /* the place was good when it was chosen */
    uint32_t used = entry_used(fs, e);
    if (used > 0) {
        struct entry *rest = (struct entry *)((uint8_t *)e + used);
        rest->bytes = (uint16_t)(e->bytes - used);
        e->bytes = (uint16_t)used;
        e = rest;
    }
    e->ino = ino;
    e->name_bytes = (uint8_t)len;
    e->type = type_of(fs, mode);
    memcpy(e->name, name, len);
    buffer_dirty(&fs->cache, s->b, STAGE_NAME);
    return 0;
}

void ext2_dir_replace(struct ext2 *fs, const struct slot *s, uint32_t ino, uint16_t mode)
{
    struct entry *e = ext2_entry_at(s);
    e->ino = ino;
    if (fs->has_types)
        e->type = type_of(fs, mode);
    buffer_dirty(&fs->cache, s->b, STAGE_NAME);
}

void ext2_dir_remove(struct ext2 *fs, struct ext2_node *dir, const struct slot *s)
{
    struct entry *e = ext2_entry_at(s);
    if (s->before == NO_OFFSET)
        e->ino = 0;
    else
        ((struct entry *)(s->b->data + s->before))->bytes += e->bytes;
    if (s->at < dir->room_hint)
        dir->room_hint = s->at;
    buffer_dirty(&fs->cache, s->b, STAGE_NAME);
}

/* ---- order ---- */

int ext2_dir_order(struct ext2 *fs, const struct ext2_node *n, struct buffer *b)
{
    bool nothing = n->added_epoch != fs->epoch || n->born_epoch == fs->epoch; /* a file that no commit saw can't be lost */
    if (nothing || (!n->added_more && n->added_block == b->block))
        return 0;
    bool late = (b->stage == STAGE_CLEAN || b->order > n->added_order) && n->added_order < BUFFER_ORDER_MAX;
    if (!late)
        return ext2_commit(fs);
    if (b->order <= n->added_order)
        b->order = (uint8_t)(n->added_order + 1);
    return 0;
}

unsigned ext2_dir_name_order(const struct ext2 *fs, const struct ext2_node *dir, const struct buffer *b)
{
    return dir->added_epoch == fs->epoch && dir->added_order > b->order ? dir->added_order : b->order;
}

void ext2_dir_added(struct ext2 *fs, struct ext2_node *n, const struct ext2_node *dir, const struct buffer *b)
{
    bool first = n->added_epoch != fs->epoch;
    unsigned order = ext2_dir_name_order(fs, dir, b);
    n->added_more = !first && (n->added_more || n->added_block != b->block);
    n->added_order = (uint8_t)(!first && n->added_order > order ? n->added_order : order);
    n->added_block = b->block;
    n->added_epoch = fs->epoch;
}

int ext2_dir_start(struct ext2 *fs, struct ext2_node *dir, uint32_t parent)
{
    struct slot s = {.before = NO_OFFSET};
    int err = grow(fs, dir, 0, &s.b);
    if (err != 0)
        return err;
    err = ext2_dir_put(fs, &s, ".", 1, dir->ino, MODE_DIR);
    if (err == 0)
        err = ext2_dir_put(fs, &s, "..", 2, parent, MODE_DIR);
    if (err == 0)
        err = buffer_write(&fs->cache, s.b); /* its own inode and one that is in use: nothing to wait for */
    buffer_put(s.b);
    return err;
}

/* ---- reading ---- */

static bool is_dots(const struct ext2 *fs, const struct entry *e)
{
    unsigned n = name_bytes(fs, e);
    return n <= 2 && e->name[0] == '.' && (n == 1 || e->name[1] == '.');
}

static int empty_block(struct ext2 *fs, const struct buffer *b)
{
    for (uint32_t offset = 0; offset < fs->block_bytes;) {
        const struct entry *e = (const struct entry *)(b->data + offset);
        if (!entry_ok(fs, b->data, offset))
            return ext2_corrupt(fs, "a directory entry is damaged");
        if (e->ino != 0 && !is_dots(fs, e))
            return -ENOTEMPTY;
        offset += e->bytes;
    }
    return 0;
}

int ext2_dir_empty(struct ext2 *fs, struct ext2_node *dir)
{
    uint32_t blocks = dir_blocks(fs, dir);
    for (uint32_t at = 0; at < blocks; at++) {
        struct buffer *b;
        int err = dir_block(fs, dir, at, &b);
        if (err == 0 && b != NULL) {
            err = empty_block(fs, b);
            buffer_put(b);
        }
        if (err != 0)
            return err;
    }
    return 0;
}

static uint16_t mode_type(const struct ext2 *fs, const struct entry *e)
{
    static const uint16_t type[] = {0, MODE_FILE, MODE_DIR, MODE_CHAR, MODE_BLOCK, MODE_FIFO, MODE_SOCKET, MODE_LINK};
    return fs->has_types && e->type < sizeof type / sizeof type[0] ? type[e->type] : 0;
}

static void entry_out(const struct ext2 *fs, const struct entry *e, struct ext2_entry *out)
{
    out->ino = e->ino;
    out->type = mode_type(fs, e);
    out->name_bytes = name_bytes(fs, e);
    memcpy(out->name, e->name, out->name_bytes);
    out->name[out->name_bytes] = 0;
}

/* The first name in the block at or after `from`. Walked from its start: the entry at a position may have gone. */
static int entry_from(struct ext2 *fs, const struct buffer *b, uint32_t from, uint32_t *next, struct ext2_entry *out)
{
    for (uint32_t offset = 0; offset < fs->block_bytes;) {
        const struct entry *e = (const struct entry *)(b->data + offset);
        if (!entry_ok(fs, b->data, offset) || name_bytes(fs, e) > NAME_MAX_BYTES)
            return ext2_corrupt(fs, "a directory entry is damaged");
        *next = offset + e->bytes;
        if (offset >= from && e->ino != 0) {
            entry_out(fs, e, out);
            return 1;
        }
        offset = *next;
    }
    return 0;
}

int ext2_read_dir(struct ext2 *fs, struct ext2_node *dir, uint64_t *position, struct ext2_entry *out)
{
    if (!ext2_is_dir(dir))
        return -ENOTDIR;
    uint32_t blocks = dir_blocks(fs, dir);
    for (uint64_t at = *position >> fs->block_shift; at < blocks; at++) {
        struct buffer *b;
        uint32_t from = (uint32_t)*position & (fs->block_bytes - 1), next = 0;
        int err = dir_block(fs, dir, (uint32_t)at, &b);
        if (err == 0 && b != NULL) {
            err = entry_from(fs, b, from, &next, out);
            buffer_put(b);
        }
        *position = err == 1 ? (at << fs->block_shift) + next : (at + 1) << fs->block_shift;
        if (err != 0)
            return err;
    }
    return 0;
}

int ext2_lookup(struct ext2 *fs, struct ext2_node *dir, const char *name, size_t len, uint32_t *ino)
{
    struct slot s;
    int err = ext2_dir_find(fs, dir, name, len, &s);
    if (err != 0)
        return err;
    *ino = s.ino;
    buffer_put(s.b);
    return 0;
}
