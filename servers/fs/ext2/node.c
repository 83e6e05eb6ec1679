/* SPDX-License-Identifier: MIT
 * Files in memory: a decoded copy of the inode, written through to its block at each change. A node stays cached after the last
 * put until its place is needed; one that has something pending stays for the commit.
 */
#include "internal.h"

int ext2_inode_read(struct ext2 *fs, uint32_t ino, struct buffer **b, struct inode **raw)
{
    if (ino < 1 || ino > fs->inodes_count)
        return ext2_corrupt(fs, "an inode number is out of range");
    uint32_t group = (ino - 1) / fs->inodes_per_group;
    uint64_t offset = (uint64_t)((ino - 1) % fs->inodes_per_group) * fs->inode_bytes;
    struct buffer *desc;
    struct group *g;
    int err = ext2_group(fs, group, &desc, &g);
    if (err != 0)
        return err;
    uint32_t block = g->inode_table + (uint32_t)(offset >> fs->block_shift);
    buffer_put(desc);
    err = buffer_get(&fs->cache, block, FILL_READ, b);
    if (err == 0)
        *raw = (struct inode *)((*b)->data + (offset & (fs->block_bytes - 1)));
    return err;
}

/* ---- times: 34 bits of seconds and 30 of nanoseconds when the inode has the extra words ---- */

static bool has_extra(const struct ext2 *fs, const struct inode *raw)
{
    return fs->inode_bytes >= sizeof(struct inode) && raw->extra_bytes >= INODE_EXTRA_USED &&
           raw->extra_bytes <= fs->inode_bytes - INODE_BYTES_OLD;
}

static struct ext2_time time_load(uint32_t low, uint32_t extra)
{
    return (struct ext2_time){.seconds = (int64_t)(int32_t)low + ((int64_t)(extra & 3) << 32), .nanoseconds = extra >> 2};
}

static uint32_t time_low(const struct ext2_time *t) { return (uint32_t)t->seconds; }

static uint32_t time_extra(const struct ext2_time *t)
{
    uint32_t epoch = (uint32_t)((t->seconds - (int64_t)(int32_t)t->seconds) >> 32) & 3;
    return epoch | t->nanoseconds << 2;
}

/* ---- the inode and the node ---- */

static void load(const struct ext2 *fs, struct ext2_node *n, const struct inode *raw)
{
    bool extra = has_extra(fs, raw);
    n->mode = raw->mode;
    n->uid = raw->uid | (uint32_t)raw->uid_high << 16;
    n->gid = raw->gid | (uint32_t)raw->gid_high << 16;
    n->links = raw->links;
    n->drops = 0;
    n->sectors = raw->sectors;
    n->flags = raw->flags;
    n->acl_block = raw->acl_block;
    n->dtime = raw->dtime;
    n->size = raw->size;
    if ((raw->mode & MODE_TYPE) == MODE_FILE)
        n->size |= (uint64_t)raw->size_high << 32;
    n->atime = time_load(raw->atime, extra ? raw->atime_extra : 0);
    n->mtime = time_load(raw->mtime, extra ? raw->mtime_extra : 0);
    n->ctime = time_load(raw->ctime, extra ? raw->ctime_extra : 0);
    memcpy(n->block, raw->block, sizeof n->block);
    n->goal = ext2_group_first(fs, (n->ino - 1) / fs->inodes_per_group);
    n->room_hint = 0;
    n->room_need = 0;
    n->reserved = false;
    n->read_next = 0;
}

static void store_times(const struct ext2_node *n, struct inode *raw, bool extra)
{
    raw->atime = time_low(&n->atime);
    raw->mtime = time_low(&n->mtime);
    raw->ctime = time_low(&n->ctime);
    raw->dtime = n->dtime;
    if (!extra)
        return;
    raw->atime_extra = time_extra(&n->atime);
    raw->mtime_extra = time_extra(&n->mtime);
    raw->ctime_extra = time_extra(&n->ctime);
}

static void store(const struct ext2 *fs, const struct ext2_node *n, struct inode *raw)
{
    raw->mode = n->mode;
    raw->uid = (uint16_t)n->uid;
    raw->uid_high = (uint16_t)(n->uid >> 16);
    raw->gid = (uint16_t)n->gid;
    raw->gid_high = (uint16_t)(n->gid >> 16);
    raw->links = (uint16_t)(n->links + n->drops);
    raw->sectors = n->sectors;
    raw->flags = n->flags;
    raw->acl_block = n->acl_block;
    raw->size = (uint32_t)n->size;
    if ((n->mode & MODE_TYPE) == MODE_FILE)
        raw->size_high = (uint32_t)(n->size >> 32);
    raw->fragment = raw->links == 0 && n->holds > 0 ? ORPHAN_MARK : 0;
    memcpy(raw->block, n->block, sizeof raw->block);
    store_times(n, raw, has_extra(fs, raw));
}

int ext2_node_store(struct ext2 *fs, struct ext2_node *n)
{
    struct buffer *b;
    struct inode *raw;
    int err = ext2_inode_read(fs, n->ino, &b, &raw);
    if (err != 0)
        return err;
    store(fs, n, raw);
    buffer_dirty(&fs->cache, b, STAGE_POINTER);
    buffer_put(b);
    return 0;
}

int ext2_node_store_new(struct ext2 *fs, struct ext2_node *n)
{
    struct buffer *b;
    struct inode *raw;
    int err = ext2_inode_read(fs, n->ino, &b, &raw);
    if (err != 0)
        return err;
    uint32_t generation = raw->generation + 1;
    memset(raw, 0, fs->inode_bytes);
    raw->generation = generation;
    if (fs->inode_bytes >= sizeof(struct inode)) {
        raw->extra_bytes = INODE_EXTRA_USED;
        raw->crtime = time_low(&n->ctime);
        raw->crtime_extra = time_extra(&n->ctime);
    }
    store(fs, n, raw);
    buffer_dirty(&fs->cache, b, STAGE_POINTER);
    buffer_put(b);
    return 0;
}

/* ---- the table of nodes ---- */

static struct ext2_node **chain_of(struct ext2 *fs, uint32_t ino) { return &fs->chain[ino % NODE_CHAINS]; }

static void unhash(struct ext2 *fs, struct ext2_node *n)
{
    for (struct ext2_node **link = chain_of(fs, n->ino); *link; link = &(*link)->chain) {
        if (*link != n)
            continue;
        *link = n->chain;
        break;
    }
    n->ino = 0;
}

void ext2_node_forget(struct ext2 *fs, struct ext2_node *n)
{
    if (n->ino != 0)
        unhash(fs, n);
}

/* What it knows about its new names is still needed. */
static bool has_new_names(const struct ext2 *fs, const struct ext2_node *n)
{
    return n->added_epoch == fs->epoch && (n->born_epoch != fs->epoch || ext2_is_dir(n));
}

static struct ext2_node *unused(struct ext2 *fs)
{
    for (unsigned i = 0; i < fs->nodes; i++) {
        struct ext2_node *n = &fs->node[fs->node_hand];
        fs->node_hand = (fs->node_hand + 1) % fs->nodes;
        if (n->holds == 0 && !n->pending && !has_new_names(fs, n))
            return n;
    }
    return NULL;
}

int ext2_node_new(struct ext2 *fs, struct ext2_node **out)
{
    struct ext2_node *n = unused(fs);
    if (n == NULL && fs->shared)
        return -EDEADLK;
    if (n == NULL && ext2_commit(fs) == 0)
        n = unused(fs);
    if (n == NULL)
        return -ENFILE;
    ext2_node_forget(fs, n);
    *n = (struct ext2_node){.holds = 1};
    *out = n;
    return 0;
}

void ext2_node_name(struct ext2 *fs, struct ext2_node *n, uint32_t ino)
{
    n->ino = ino;
    n->chain = *chain_of(fs, ino);
    *chain_of(fs, ino) = n;
}

int ext2_node_orphan(struct ext2 *fs, uint32_t ino)
{
    struct ext2_node *n;
    struct buffer *b;
    struct inode *raw;
    int err = ext2_node_new(fs, &n);
    if (err != 0)
        return err;
    n->holds = 0;
    err = ext2_inode_read(fs, ino, &b, &raw);
    if (err != 0)
        return err;
    ext2_node_name(fs, n, ino);
    load(fs, n, raw);
    buffer_put(b);
    ext2_node_pend(fs, n);
    return 0;
}

static struct ext2_node *known(struct ext2 *fs, uint32_t ino)
{
    struct ext2_node *n = *chain_of(fs, ino);
    while (n != NULL && n->ino != ino)
        n = n->chain;
    return n;
}

static int hold_known(struct ext2 *fs, struct ext2_node *n, struct ext2_node **out)
{
    if (n->links == 0 && n->holds == 0)
        return ext2_corrupt(fs, "a name leads to an inode that is being freed");
    n->holds++;
    *out = n;
    return 0;
}

static int fill(struct ext2 *fs, struct ext2_node *n, uint32_t ino, const struct inode *raw)
{
    ext2_node_name(fs, n, ino);
    load(fs, n, raw);
    if (n->links > 0 && n->mode != 0)
        return 0;
    ext2_node_forget(fs, n);
    n->holds = 0;
    return ext2_corrupt(fs, "a name leads to an inode that is free");
}

int ext2_get(struct ext2 *fs, uint32_t ino, struct ext2_node **out)
{
    struct buffer *b;
    struct inode *raw;
    struct ext2_node *n = known(fs, ino), *other;
    if (n != NULL)
        return hold_known(fs, n, out);
    int err = ext2_node_new(fs, &n);
    if (err != 0)
        return err;
    err = ext2_inode_read(fs, ino, &b, &raw);
    if (err != 0) {
        n->holds = 0;
        return err;
    }
    other = known(fs, ino); /* while the inode was read, another call may have got the file */
    if (other != NULL) {
        n->holds = 0;
        err = hold_known(fs, other, out);
    } else {
        err = fill(fs, n, ino, raw);
        *out = n;
    }
    buffer_put(b);
    return err;
}

int ext2_root(struct ext2 *fs, struct ext2_node **out) { return ext2_get(fs, ROOT_INO, out); }

void ext2_hold(struct ext2_node *n) { n->holds++; }

bool ext2_put_is_quick(const struct ext2_node *n) { return n->holds > 1 || (n->links > 0 && !n->reserved); }

void ext2_put(struct ext2 *fs, struct ext2_node *n)
{
    if (n->holds == 1 && n->links > 0)
        (void)ext2_trim(fs, n); /* a failure leaves a block too many, which e2fsck would call a wrong size */
    if (--n->holds == 0 && n->ino != 0 && n->links == 0)
        ext2_node_pend(fs, n);
}

void ext2_node_pend(struct ext2 *fs, struct ext2_node *n)
{
    if (n->pending)
        return;
    n->pending = true;
    n->pending_next = fs->pending;
    fs->pending = n;
}

void ext2_node_drop(struct ext2 *fs, struct ext2_node *n, uint32_t names)
{
    if (names > n->links) { /* more names than the inode counted */
        (void)ext2_corrupt(fs, "a link count is too low");
        names = n->links;
    }
    n->links -= names;
    n->drops += names;
    ext2_node_pend(fs, n);
}

/* ---- what is known of one ---- */

uint32_t ext2_ino(const struct ext2_node *n) { return n->ino; }
bool ext2_is_dir(const struct ext2_node *n) { return (n->mode & MODE_TYPE) == MODE_DIR; }
bool ext2_is_link(const struct ext2_node *n) { return (n->mode & MODE_TYPE) == MODE_LINK; }

void ext2_stat(const struct ext2_node *n, struct ext2_stat *out)
{
    bool is_device = (n->mode & MODE_TYPE) == MODE_BLOCK || (n->mode & MODE_TYPE) == MODE_CHAR;
    *out = (struct ext2_stat){.ino = n->ino, .uid = n->uid, .gid = n->gid, .links = n->links, .mode = n->mode,
                              .size_bytes = n->size, .sectors = n->sectors,
                              .device = is_device ? n->block[0] ? n->block[0] : n->block[1] : 0,
                              .accessed = n->atime, .modified = n->mtime, .changed = n->ctime};
}

void ext2_touch(struct ext2 *fs, struct ext2_node *n)
{
    ext2_now(fs, &n->mtime);
    n->ctime = n->mtime;
}

int ext2_chmod(struct ext2 *fs, struct ext2_node *n, uint16_t mode)
{
    int err = ext2_begin(fs, 0);
    if (err != 0)
        return err;
    n->mode = (uint16_t)((n->mode & MODE_TYPE) | (mode & ~MODE_TYPE));
    ext2_now(fs, &n->ctime);
    return ext2_node_store(fs, n);
}

int ext2_set_times(struct ext2 *fs, struct ext2_node *n, const struct ext2_time *accessed, const struct ext2_time *modified)
{
    int err = ext2_begin(fs, 0);
    if (err != 0)
        return err;
    if (accessed)
        n->atime = *accessed;
    if (modified)
        n->mtime = *modified;
    ext2_now(fs, &n->ctime);
    return ext2_node_store(fs, n);
}
