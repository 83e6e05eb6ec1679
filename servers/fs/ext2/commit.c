/* SPDX-License-Identifier: MIT
 * Commit: everything to the disk, in this order, a flush after each step:
 *
 *   1 data, bitmaps, new pointer blocks   nothing points to them yet
 *   2 inodes, pointer blocks in use       nothing names them yet; what they let go is no longer mentioned after this
 *   3 directories, in their own order
 *   4 link counts of names that went, and inodes without a name emptied
 *
 * Only after 3 and 4 are bits in bitmaps cleared, in memory; step 1 of a later commit writes them. So a cut between any two
 * requests leaves things marked that nobody uses, never the other way round.
 */
#include "internal.h"

int ext2_corrupt(struct ext2 *fs, const char *what)
{
    fs->complaint = what;
    return -EIO;
}

static int write_super(struct ext2 *fs)
{
    buffer_dirty(&fs->cache, fs->super_buffer, STAGE_FIRST);
    int err = buffer_write(&fs->cache, fs->super_buffer);
    return err != 0 ? err : buffer_flush(&fs->cache);
}

int ext2_mark(struct ext2 *fs, bool in_use)
{
    struct ext2_time now;
    ext2_now(fs, &now);
    fs->super->written_at = (uint32_t)now.seconds;
    fs->super->state = (uint16_t)(in_use ? fs->super->state & ~STATE_CLEAN : fs->super->state | STATE_CLEAN);
    int err = write_super(fs);
    if (err == 0)
        fs->marked = in_use;
    return err;
}

/* ---- room for a step ---- */

static int make_room(struct ext2 *fs)
{
    unsigned limit = fs->cache.count - OPERATION_BUFFERS;
    if (buffer_dirty_count(&fs->cache) <= limit)
        return 0;
    int err = buffer_write_stage(&fs->cache, STAGE_FIRST, 0);
    if (err == 0 && buffer_dirty_count(&fs->cache) > limit - limit / 4)
        err = ext2_commit(fs);
    return err;
}

int ext2_begin(struct ext2 *fs, unsigned blocks)
{
    if (fs->read_only)
        return -EROFS;
    int err = make_room(fs);
    if (err == 0 && fs->frees_count + 2 * FREES_PER_STEP > FREES_MAX)
        err = ext2_commit(fs);
    if (err == 0 && fs->super->free_blocks < blocks && (fs->frees_count > 0 || fs->pending))
        err = ext2_commit(fs);
    if (err != 0)
        return err;
    if (fs->super->free_blocks < blocks)
        return -ENOSPC;
    return fs->marked ? 0 : ext2_mark(fs, true);
}

/* ---- the stages ---- */

static int write_stages(struct ext2 *fs)
{
    struct cache *c = &fs->cache;
    int err = buffer_write_stage(c, STAGE_FIRST, 0);
#ifndef MUTANT_EXT2_SKIP_FLUSH
    if (err == 0 && c->dirty[STAGE_POINTER] + c->dirty[STAGE_NAME] > 0)
        err = buffer_flush(c);
#endif
    if (err == 0)
        err = buffer_write_stage(c, STAGE_POINTER, 0);
    for (unsigned order = 0, last = buffer_order_max(c); err == 0 && order <= last && c->dirty[STAGE_NAME] > 0; order++) {
        err = buffer_flush(c);
        if (err == 0)
            err = buffer_write_stage(c, STAGE_NAME, order);
    }
    return err != 0 ? err : buffer_flush(c);
}

/* ---- what waits for names to be gone ---- */

/* The inode counts what names there are. */
static void lower(struct ext2 *fs, struct ext2_node *n)
{
    struct ext2_time now;
    n->drops = 0;
    if (n->links == 0) {
        ext2_now(fs, &now);
        n->dtime = (uint32_t)now.seconds;
    }
    (void)ext2_node_store(fs, n);
}

/* Whether its pointers are pointers. */
static bool is_tree(const struct ext2 *fs, const struct ext2_node *n)
{
    uint16_t type = n->mode & MODE_TYPE;
    return type == MODE_FILE || type == MODE_DIR || (type == MODE_LINK && !ext2_is_short_link(fs, n));
}

/* Whether all its blocks have gone. */
static bool empty(struct ext2 *fs, struct ext2_node *n)
{
    bool done = true, tree = is_tree(fs, n);
    (void)ext2_attributes_free(fs, n);
    if (tree)
        ext2_shrink_step(fs, n, 0, &done);
    if (done) {
        n->size = 0;
        n->sectors = 0;
        memset(n->block, 0, sizeof n->block);
    }
    (void)ext2_node_store(fs, n);
    return done;
}

static bool room_for_one(const struct ext2 *fs)
{
    return !ext2_frees_full(fs) && buffer_dirty_count(&fs->cache) + OPERATION_BUFFERS <= fs->cache.count;
}

/* As many of the pending nodes as fit into the cache; those that are empty now go to *emptied. */
static void settle_some(struct ext2 *fs, struct ext2_node **emptied)
{
    struct ext2_node **link = &fs->pending;
    while (*link != NULL && room_for_one(fs)) {
        struct ext2_node *n = *link;
        lower(fs, n);
        if (n->links == 0 && n->holds == 0 && !empty(fs, n)) {
            link = &n->pending_next;
            continue;
        }
        *link = n->pending_next;
        n->pending = n->links == 0 && n->holds == 0;
        if (!n->pending)
            continue;
        n->pending_next = *emptied;
        *emptied = n;
    }
}

static void put_back(struct ext2 *fs, struct ext2_node *emptied)
{
    while (emptied != NULL) {
        struct ext2_node *n = emptied;
        emptied = n->pending_next;
        n->pending_next = fs->pending;
        fs->pending = n;
    }
}

static int free_inodes(struct ext2 *fs, struct ext2_node *emptied)
{
    while (emptied != NULL) {
        struct ext2_node *n = emptied;
        int err = ext2_inode_bit_clear(fs, n->ino, ext2_is_dir(n));
        if (err != 0) {
            put_back(fs, emptied);
            return err;
        }
        emptied = n->pending_next;
        n->pending = false;
        ext2_node_forget(fs, n);
    }
    return 0;
}

static int settle(struct ext2 *fs)
{
    while (fs->pending != NULL) { /* bound: the pending nodes' blocks; each turn frees some */
        struct ext2_node *emptied = NULL;
        if (!room_for_one(fs) && buffer_write_stage(&fs->cache, STAGE_FIRST, 0) != 0)
            return -EIO;
        settle_some(fs, &emptied);
        int err = buffer_write_stage(&fs->cache, STAGE_POINTER, 0);
        if (err == 0)
            err = buffer_flush(&fs->cache);
        if (err == 0)
            err = ext2_frees_release(fs);
        if (err != 0) {
            put_back(fs, emptied);
            return err;
        }
        err = free_inodes(fs, emptied);
        if (err != 0)
            return err;
    }
    return 0;
}

int ext2_commit(struct ext2 *fs)
{
    if (fs->read_only)
        return 0;
    int err = write_stages(fs);
    if (err != 0)
        return err;
    buffer_commit_done(&fs->cache);
    fs->epoch++;
    err = ext2_frees_release(fs);
    return err != 0 ? err : settle(fs);
}

static bool has_orphans(const struct ext2 *fs)
{
    for (unsigned i = 0; i < fs->nodes; i++)
        if (fs->node[i].ino != 0 && fs->node[i].links == 0)
            return true;
    return false;
}

bool ext2_is_dirty(const struct ext2 *fs)
{
    return !fs->read_only && (buffer_dirty_count(&fs->cache) > 0 || fs->pending || fs->frees_count > 0 || fs->cache.unflushed);
}

int ext2_rest(struct ext2 *fs)
{
    for (unsigned i = 0; i < fs->nodes; i++)
        if (fs->node[i].ino != 0 && fs->node[i].links > 0)
            (void)ext2_trim(fs, &fs->node[i]);
    int err = ext2_commit(fs);
    if (err == 0 && buffer_dirty_count(&fs->cache) > 0)
        err = write_stages(fs);
    if (err != 0 || fs->read_only || !fs->marked || fs->unclean || has_orphans(fs) || fs->complaint)
        return err;
    return ext2_mark(fs, false);
}
