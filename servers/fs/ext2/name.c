/* SPDX-License-Identifier: MIT
 * Names that come and go: create, mkdir, symlink, link, unlink, rmdir. Everything is looked up and allocated first; then the
 * directory changes, which cannot fail.
 */
#include "internal.h"

int ext2_check_name(const struct ext2_node *dir, const char *name, size_t len)
{
    if (!ext2_is_dir(dir))
        return -ENOTDIR;
    if (len == 0 || dir->links == 0)
        return -ENOENT;
    if (len > NAME_MAX_BYTES)
        return -ENAMETOOLONG;
    return memchr(name, '/', len) || memchr(name, 0, len) ? -EINVAL : 0;
}

static bool is_dots(const char *name, size_t len)
{
    return len <= 2 && name[0] == '.' && (len == 1 || name[1] == '.');
}

/* Room for a step that may allocate; near the end of the disk it may still succeed with less. */
int ext2_begin_growth(struct ext2 *fs)
{
    int err = ext2_begin(fs, OPERATION_BLOCKS);
    return err == -ENOSPC ? ext2_begin(fs, 0) : err;
}

/* The name is free and this is its place. */
static int place_for(struct ext2 *fs, struct ext2_node *dir, const char *name, size_t len, struct slot *s)
{
    int err = ext2_check_name(dir, name, len);
    if (err != 0)
        return err;
    err = ext2_dir_find(fs, dir, name, len, s);
    if (err == 0) {
        buffer_put(s->b);
        return -EEXIST;
    }
    if (err == -ENOENT)
        err = ext2_begin_growth(fs);
    return err != 0 ? err : ext2_dir_room(fs, dir, len, s);
}

static int enter(struct ext2 *fs, struct ext2_node *dir, const struct slot *s, const char *name, size_t len,
                 struct ext2_node *n)
{
    ext2_touch(fs, dir);
    int err = ext2_node_store(fs, dir);
    if (err == 0)
        err = ext2_dir_put(fs, s, name, len, n->ino, n->mode);
    if (err == 0)
        ext2_dir_added(fs, n, dir, s->b);
    return err;
}

/* ---- new inodes ---- */

static int start_inode(struct ext2 *fs, struct ext2_node *n, struct ext2_node *dir, uint16_t mode)
{
    uint32_t ino;
    int err = ext2_inode_new(fs, dir->ino, (mode & MODE_TYPE) == MODE_DIR, &ino);
    if (err != 0)
        return err;
    ext2_node_name(fs, n, ino);
    n->mode = mode;
    n->links = 1;
    n->born_epoch = fs->epoch;
    n->goal = ext2_group_first(fs, (ino - 1) / fs->inodes_per_group);
    ext2_touch(fs, n);
    n->atime = n->mtime;
    return ext2_node_store_new(fs, n);
}

/* It gets no name after all: the next commit frees it. */
static void discard(struct ext2 *fs, struct ext2_node *n)
{
    if (n->ino != 0) {
        n->links = 0;
        (void)ext2_node_store(fs, n);
    }
    ext2_put(fs, n);
}

static int text_into(struct ext2 *fs, struct ext2_node *n, const char *text, size_t len)
{
    uint32_t block;
    bool fresh;
    struct buffer *b;
    n->size = len;
    if (len < sizeof n->block) {
        memcpy(n->block, text, len);
        return ext2_node_store(fs, n);
    }
    int err = ext2_map_new(fs, n, 0, &block, &fresh);
    if (err == 0)
        err = buffer_get(&fs->cache, block, FILL_ZERO, &b);
    if (err != 0)
        return err;
    memcpy(b->data, text, len);
    buffer_dirty(&fs->cache, b, STAGE_FIRST);
    buffer_put(b);
    return ext2_node_store(fs, n);
}

static int fill_dir(struct ext2 *fs, struct ext2_node *n, struct ext2_node *dir)
{
    int err = ext2_dir_start(fs, n, dir->ino);
    if (err != 0)
        return err;
    n->links = 2;
    return ext2_node_store(fs, n);
}

/* text: of a symbolic link. */
static int make(struct ext2 *fs, struct ext2_node *dir, const char *name, size_t len, uint16_t mode, const char *text,
                struct ext2_node **out)
{
    struct slot s;
    struct ext2_node *n;
    if (fs->super->free_inodes == 0 && fs->pending && ext2_commit(fs) != 0)
        return -EIO;
    int err = ext2_node_new(fs, &n);
    if (err != 0)
        return err;
    err = place_for(fs, dir, name, len, &s);
    if (err != 0) {
        n->holds = 0;
        return err;
    }
    err = start_inode(fs, n, dir, mode);
    if (err == 0 && text)
        err = text_into(fs, n, text, strlen(text));
    if (err == 0 && ext2_is_dir(n))
        err = fill_dir(fs, n, dir);
    uint32_t more = err == 0 && ext2_is_dir(n); /* its ".." counts */
    dir->links += more;
    if (err == 0)
        err = enter(fs, dir, &s, name, len, n);
    buffer_put(s.b);
    *out = n;
    if (err != 0) {
        dir->links -= more;
        discard(fs, n);
    }
    return err;
}

int ext2_create(struct ext2 *fs, struct ext2_node *dir, const char *name, size_t len, uint16_t mode, struct ext2_node **out)
{
    uint16_t type = (mode & MODE_TYPE) == MODE_FIFO ? MODE_FIFO : MODE_FILE;
    return make(fs, dir, name, len, (uint16_t)(type | (mode & ~MODE_TYPE)), NULL, out);
}

int ext2_mkdir(struct ext2 *fs, struct ext2_node *dir, const char *name, size_t len, uint16_t mode)
{
    struct ext2_node *n;
    if (dir->links >= LINKS_MAX)
        return -EMLINK;
    int err = make(fs, dir, name, len, (uint16_t)(MODE_DIR | (mode & ~MODE_TYPE)), NULL, &n);
    if (err == 0)
        ext2_put(fs, n);
    return err;
}

int ext2_symlink(struct ext2 *fs, struct ext2_node *dir, const char *name, size_t len, const char *target)
{
    struct ext2_node *n;
    size_t target_len = strlen(target);
    if (target_len == 0)
        return -ENOENT;
    if (target_len >= fs->block_bytes)
        return -ENAMETOOLONG;
    int err = make(fs, dir, name, len, MODE_LINK | 0777, target, &n);
    if (err == 0)
        ext2_put(fs, n);
    return err;
}

int ext2_link(struct ext2 *fs, struct ext2_node *dir, const char *name, size_t len, struct ext2_node *n)
{
    struct slot s;
    if (ext2_is_dir(n))
        return -EPERM;
    if (n->links == 0)
        return -ENOENT;
    if (n->links + n->drops >= LINKS_MAX)
        return -EMLINK;
    int err = place_for(fs, dir, name, len, &s);
    if (err != 0)
        return err;
    n->links++;
    ext2_now(fs, &n->ctime);
    err = ext2_node_store(fs, n);
    if (err == 0)
        err = enter(fs, dir, &s, name, len, n);
    if (err != 0)
        n->links--;
    buffer_put(s.b);
    return err;
}

/* ---- names that go ---- */

static int find_node(struct ext2 *fs, struct ext2_node *dir, const char *name, size_t len, struct slot *s,
                     struct ext2_node **n)
{
    int err = ext2_check_name(dir, name, len);
    if (err == 0)
        err = ext2_begin(fs, 0);
    if (err == 0)
        err = ext2_dir_find(fs, dir, name, len, s);
    if (err != 0)
        return err;
    err = ext2_get(fs, s->ino, n);
    if (err != 0)
        buffer_put(s->b);
    return err;
}

/* names: how many of the inode's links go with this one. */
static int take_away(struct ext2 *fs, struct ext2_node *dir, const struct slot *s, struct ext2_node *n, uint32_t names)
{
    int err = ext2_dir_order(fs, n, s->b);
    if (err != 0)
        return err;
    ext2_dir_remove(fs, dir, s);
    ext2_node_drop(fs, n, names);
    ext2_now(fs, &n->ctime);
    err = ext2_node_store(fs, n);
    ext2_touch(fs, dir);
    int err2 = ext2_node_store(fs, dir);
    return err != 0 ? err : err2;
}

int ext2_unlink(struct ext2 *fs, struct ext2_node *dir, const char *name, size_t len)
{
    struct slot s;
    struct ext2_node *n;
    int err = find_node(fs, dir, name, len, &s, &n);
    if (err != 0)
        return err;
    err = ext2_is_dir(n) ? -EISDIR : take_away(fs, dir, &s, n, 1);
    buffer_put(s.b);
    ext2_put(fs, n);
    return err;
}

void ext2_parent_drop(struct ext2 *fs, struct ext2_node *dir)
{
    if (dir->links > 2)
        ext2_node_drop(fs, dir, 1);
    else
        (void)ext2_corrupt(fs, "a directory counts too few directories");
}

int ext2_rmdir(struct ext2 *fs, struct ext2_node *dir, const char *name, size_t len)
{
    struct slot s;
    struct ext2_node *n;
    if (len > 0 && is_dots(name, len))
        return len == 1 ? -EINVAL : -ENOTEMPTY;
    int err = find_node(fs, dir, name, len, &s, &n);
    if (err != 0)
        return err;
    if (!ext2_is_dir(n))
        err = -ENOTDIR;
    else if (n->ino == ROOT_INO || n == dir)
        err = -EBUSY;
    else
        err = ext2_dir_empty(fs, n);
    if (err == 0)
        err = take_away(fs, dir, &s, n, n->links);
    if (err == 0)
        ext2_parent_drop(fs, dir);
    buffer_put(s.b);
    ext2_put(fs, n);
    return err;
}
