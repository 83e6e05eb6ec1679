/* SPDX-License-Identifier: MIT
 * Contents of files: read, write, truncate, symbolic links' texts. Bytes behind the end of a file in its last block mean nothing
 * until the file grows over them; then they are zeroed.
 */
#include "internal.h"

#define READ_AHEAD_BLOCKS 16u
#define LARGE_FILE_BYTES 0x7fffffffUL

uint64_t ext2_size_max(const struct ext2 *fs) { return ext2_blocks_max(fs) << fs->block_shift; }

static bool is_file(const struct ext2_node *n) { return (n->mode & MODE_TYPE) == MODE_FILE; }
static int not_a_file(const struct ext2_node *n) { return ext2_is_dir(n) ? -EISDIR : -EINVAL; }

/* ---- reading ---- */

/* Several blocks of what is read, and of what comes next when reads are in order, in one go. */
static void read_ahead(struct ext2 *fs, struct ext2_node *n, uint64_t offset, size_t bytes)
{
    uint32_t block[READ_AHEAD_BLOCKS];
    uint32_t first = (uint32_t)(offset >> fs->block_shift), end = (uint32_t)((n->size + fs->block_bytes - 1) >> fs->block_shift);
    uint64_t want = ((offset + bytes - 1) >> fs->block_shift) - first + 1;
    unsigned count = 0;
    if (offset == n->read_next || want > READ_AHEAD_BLOCKS)
        want = READ_AHEAD_BLOCKS;
    for (uint32_t at = first; at < end && count < want; at++)
        if (ext2_map(fs, n, at, &block[count++]) != 0)
            return;
    if (count > 1)
        buffer_prefetch(&fs->cache, block, count);
}

static int read_piece(struct ext2 *fs, struct ext2_node *n, uint64_t offset, uint8_t *to, size_t bytes)
{
    uint32_t block, in = (uint32_t)offset & (fs->block_bytes - 1);
    struct buffer *b;
    int err = ext2_map(fs, n, (uint32_t)(offset >> fs->block_shift), &block);
    if (err != 0)
        return err;
    if (block == 0) {
        memset(to, 0, bytes);
        return 0;
    }
    err = buffer_get(&fs->cache, block, FILL_READ, &b);
    if (err != 0)
        return err;
    memcpy(to, b->data + in, bytes);
    buffer_put(b);
    return 0;
}

static size_t piece_bytes(const struct ext2 *fs, uint64_t offset, size_t left)
{
    size_t in_block = fs->block_bytes - (size_t)(offset & (fs->block_bytes - 1));
    return left < in_block ? left : in_block;
}

/* As Linux's relatime: noted once after each change, so that reading does not keep the disk busy. */
static void note_access(struct ext2 *fs, struct ext2_node *n)
{
    if (n->atime.seconds > n->mtime.seconds && n->atime.seconds > n->ctime.seconds)
        return;
    struct ext2_time now;
    ext2_now(fs, &now);
    if (now.seconds <= n->atime.seconds || ext2_begin(fs, 0) != 0)
        return;
    n->atime = now;
    (void)ext2_node_store(fs, n);
}

long ext2_read(struct ext2 *fs, struct ext2_node *n, uint64_t offset, void *to, size_t bytes)
{
    size_t done = 0;
    if (!is_file(n))
        return not_a_file(n);
    if (offset >= n->size || bytes == 0)
        return 0;
    if (bytes > n->size - offset)
        bytes = (size_t)(n->size - offset);
    if (n->size > ext2_size_max(fs))
        return ext2_corrupt(fs, "a file is larger than can be");
    while (done < bytes) {
        size_t piece = piece_bytes(fs, offset + done, bytes - done);
        if (((offset + done) >> fs->block_shift) % READ_AHEAD_BLOCKS == 0 || done == 0)
            read_ahead(fs, n, offset + done, bytes - done);
        int err = read_piece(fs, n, offset + done, (uint8_t *)to + done, piece);
        if (err != 0)
            return done > 0 ? (long)done : err;
        done += piece;
    }
    n->read_next = offset + done;
    note_access(fs, n);
    return (long)done;
}

/* ---- writing ---- */

/* Zero what is left of the last block before the file grows beyond it. */
static int zero_tail(struct ext2 *fs, struct ext2_node *n, uint64_t new_size)
{
    uint32_t block, in = (uint32_t)n->size & (fs->block_bytes - 1);
    struct buffer *b;
    if (in == 0 || new_size <= n->size)
        return 0;
    int err = ext2_map(fs, n, (uint32_t)(n->size >> fs->block_shift), &block);
    if (err != 0 || block == 0)
        return err;
    err = buffer_get(&fs->cache, block, FILL_READ, &b);
    if (err != 0)
        return err;
    memset(b->data + in, 0, fs->block_bytes - in);
    buffer_dirty(&fs->cache, b, STAGE_FIRST);
    buffer_put(b);
    return 0;
}

static int set_size(struct ext2 *fs, struct ext2_node *n, uint64_t size)
{
    if (size > LARGE_FILE_BYTES && !(fs->super->ro_compat & RO_COMPAT_LARGE_FILE)) {
        if (fs->super->revision == REVISION_OLD)
            return -EFBIG;
        fs->super->ro_compat |= RO_COMPAT_LARGE_FILE;
        buffer_dirty(&fs->cache, fs->super_buffer, STAGE_FIRST);
    }
    n->size = size;
    return 0;
}

/* The block for bytes at offset, pinned and dirty; made if it is missing. fill: of one that holds bytes of the file already. */
static int place(struct ext2 *fs, struct ext2_node *n, uint64_t offset, enum buffer_fill fill, struct buffer **b)
{
    uint32_t block, at = (uint32_t)(offset >> fs->block_shift);
    unsigned missing;
    bool fresh, behind = (uint64_t)at << fs->block_shift >= n->size; /* a block there holds nothing of the file */
    int err = ext2_map_look(fs, n, at, &block, &missing);
    if (err == 0)
        err = ext2_begin(fs, missing);
    if (err == 0)
        err = zero_tail(fs, n, offset);
    if (err == 0)
        err = ext2_map_new(fs, n, at, &block, &fresh);
    if (err != 0)
        return err;
    err = buffer_get(&fs->cache, block, fill == FILL_READ && (fresh || behind) ? FILL_ZERO : fill, b);
    if (err != 0)
        return err;
    n->reserved = n->reserved || behind;
    buffer_dirty(&fs->cache, *b, STAGE_FIRST);
    return 0;
}

int ext2_wrote(struct ext2 *fs, struct ext2_node *n, uint64_t offset, size_t bytes)
{
    int err = offset + bytes > n->size ? set_size(fs, n, offset + bytes) : 0;
    ext2_touch(fs, n);
    n->reserved = false; /* what was made lies before the end now */
    return err != 0 ? err : ext2_node_store(fs, n);
}

/* One block, or a part of it. */
static int write_piece(struct ext2 *fs, struct ext2_node *n, uint64_t offset, const uint8_t *from, size_t bytes)
{
    struct buffer *b;
    int err = place(fs, n, offset, bytes == fs->block_bytes ? FILL_NOTHING : FILL_READ, &b);
    if (err != 0)
        return err;
    memcpy(b->data + (offset & (fs->block_bytes - 1)), from, bytes);
    buffer_put(b);
    return ext2_wrote(fs, n, offset, bytes);
}

long ext2_write(struct ext2 *fs, struct ext2_node *n, uint64_t offset, const void *from, size_t bytes)
{
    size_t done = 0;
    uint64_t max = ext2_size_max(fs);
    if (!is_file(n))
        return not_a_file(n);
    if (bytes == 0)
        return 0;
    if (offset >= max)
        return -EFBIG;
    if (bytes > max - offset)
        bytes = (size_t)(max - offset);
    while (done < bytes) {
        size_t piece = piece_bytes(fs, offset + done, bytes - done);
        int err = write_piece(fs, n, offset + done, (const uint8_t *)from + done, piece);
        if (err != 0)
            return done > 0 ? (long)done : err;
        done += piece;
    }
    return (long)done;
}

/* ---- bytes in place ---- */

static const uint8_t zeros[4096];

int ext2_bytes_read(struct ext2 *fs, struct ext2_node *n, uint64_t offset, const void **at, size_t *bytes)
{
    uint32_t block, in = (uint32_t)offset & (fs->block_bytes - 1);
    struct buffer *b;
    if (!is_file(n))
        return not_a_file(n);
    if (n->size > ext2_size_max(fs))
        return ext2_corrupt(fs, "a file is larger than can be");
    *bytes = offset < n->size ? piece_bytes(fs, offset, (size_t)(n->size - offset)) : 0;
    if (*bytes == 0)
        return 0;
    if (in == 0)
        read_ahead(fs, n, offset, *bytes);
    int err = ext2_map(fs, n, (uint32_t)(offset >> fs->block_shift), &block);
    if (err != 0)
        return err;
    n->read_next = offset + *bytes;
    *at = zeros;
    if (block == 0)
        return 0;
    err = buffer_get(&fs->cache, block, FILL_READ, &b);
    if (err != 0)
        return err;
    *at = b->data + in;
    buffer_put(b); /* the newest one: it stays until something else is asked for */
    return 0;
}

int ext2_extent(struct ext2 *fs, struct ext2_node *n, uint64_t offset, bool *hole, uint64_t *bytes)
{
    uint64_t blocks;
    if (!is_file(n))
        return not_a_file(n);
    if (n->size > ext2_size_max(fs))
        return ext2_corrupt(fs, "a file is larger than can be");
    int err = ext2_map_extent(fs, n, (uint32_t)(offset >> fs->block_shift), hole, &blocks);
    if (err == 0)
        *bytes = (blocks << fs->block_shift) - (offset & (fs->block_bytes - 1));
    return err;
}

int ext2_bytes_write(struct ext2 *fs, struct ext2_node *n, uint64_t offset, void **at, size_t *bytes)
{
    uint64_t max = ext2_size_max(fs);
    struct buffer *b;
    if (!is_file(n))
        return not_a_file(n);
    if (offset >= max)
        return -EFBIG;
    *bytes = piece_bytes(fs, offset, (size_t)(max - offset));
    int err = place(fs, n, offset, FILL_READ, &b);
    if (err != 0)
        return err;
    *at = b->data + (offset & (fs->block_bytes - 1));
    buffer_put(b);
    return 0;
}

int ext2_trim(struct ext2 *fs, struct ext2_node *n)
{
    bool done = false;
    if (!n->reserved)
        return 0;
    while (!done) { /* bound: as in ext2_truncate(); it is one block */
        int err = ext2_begin(fs, 0);
        if (err != 0)
            return err;
        ext2_shrink_step(fs, n, (uint32_t)((n->size + fs->block_bytes - 1) >> fs->block_shift), &done);
        err = ext2_node_store(fs, n);
        if (err != 0)
            return err;
    }
    n->reserved = false;
    return 0;
}

/* ---- truncating ---- */

static int grow(struct ext2 *fs, struct ext2_node *n, uint64_t size)
{
    int err = ext2_begin(fs, 0);
    if (err == 0)
        err = zero_tail(fs, n, size);
    if (err == 0)
        err = set_size(fs, n, size);
    ext2_touch(fs, n);
    return err != 0 ? err : ext2_node_store(fs, n);
}

int ext2_truncate(struct ext2 *fs, struct ext2_node *n, uint64_t size)
{
    if (!is_file(n))
        return not_a_file(n);
    if (size > ext2_size_max(fs))
        return -EFBIG;
    if (size >= n->size)
        return grow(fs, n, size);
    uint32_t keep = (uint32_t)((size + fs->block_bytes - 1) >> fs->block_shift);
    bool done = false;
    while (!done) { /* bound: the file's blocks; each step lets go of some */
        int err = ext2_begin(fs, 0);
        if (err != 0)
            return err;
        ext2_shrink_step(fs, n, keep, &done);
        if (done)
            n->size = size;
        ext2_touch(fs, n);
        err = ext2_node_store(fs, n);
        if (err != 0)
            return err;
    }
    return 0;
}

/* ---- symbolic links ---- */

long ext2_read_link(struct ext2 *fs, struct ext2_node *n, char *to, size_t bytes)
{
    struct buffer *b;
    if (!ext2_is_link(n))
        return -EINVAL;
    size_t len = n->size < bytes ? (size_t)n->size : bytes;
    bool is_short = ext2_is_short_link(fs, n);
    if (n->size >= fs->block_bytes || (is_short && n->size > sizeof n->block))
        return ext2_corrupt(fs, "a symbolic link is too long");
    if (is_short) {
        memcpy(to, n->block, len);
        return (long)len;
    }
    if (!ext2_block_ok(fs, n->block[0]))
        return ext2_corrupt(fs, "a symbolic link has no block");
    int err = buffer_get(&fs->cache, n->block[0], FILL_READ, &b);
    if (err != 0)
        return err;
    memcpy(to, b->data, len);
    buffer_put(b);
    return (long)len;
}
