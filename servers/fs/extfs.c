/* SPDX-License-Identifier: MIT
 * ext2 as vnodes. A vnode of the disk holds its node of ext2 and is found again by its number, so there is one for each file in
 * use. What it shows (size, links, times) is copied from the node after each change. Whatever may wait for the disk is a job's, or
 * LATER_DISK.
 */
#include "disk.h"
#include "fs.h"
#include "job.h"

#include <errno.h>
#include <string.h>

#define BUCKETS 64u
#define DISK_FS 2u /* st_dev */
#define NS 1000000000

struct ext_vnode {
    struct vnode v;
    struct ext2_node *node;
    struct ext_vnode *next; /* of its bucket */
    struct ext_vnode *released_next;
    bool released;          /* in that list; it may be in use again */
};

static struct slab vnodes = {.bytes = sizeof(struct ext_vnode)};
static struct ext_vnode *bucket[BUCKETS];
static struct ext_vnode *released;
static struct ext2 *fs;
static const struct vnode_ops ext_ops;

uint64_t extfs_used(void) { return vnodes.used; }
static struct ext2_node *node(struct vnode *v) { return ((struct ext_vnode *)v)->node; }

err_t extfs_error(int err)
{
    switch (err) {
    case 0: return OK;
    case -ENOENT: return ERR_NOENT;
    case -EEXIST: return ERR_EXIST;
    case -ENOTDIR: return FS_ERR_NOTDIR;
    case -EISDIR: return FS_ERR_ISDIR;
    case -ENOTEMPTY: return FS_ERR_NOTEMPTY;
    case -ENOSPC: return FS_ERR_NOSPC;
    case -EFBIG: return FS_ERR_FBIG;
    case -EROFS: return FS_ERR_ROFS;
    case -EMLINK: return FS_ERR_MLINK;
    case -ENFILE: return FS_ERR_NFILE;
    case -ENAMETOOLONG: return ERR_NAMETOOLONG;
    case -EBUSY: return ERR_BUSY;
    case -EPERM: return ERR_PERM;
    case -EINVAL: return ERR_INVAL;
    case -ENOMEM: return ERR_NOMEM;
    case -ENOTSUP: return ERR_NOSYS;
    case -EDEADLK: return LATER_ALONE;
    default: return ERR_IO;
    }
}

/* ---- vnodes ---- */

static int64_t ns_of(const struct ext2_time *t) { return t->seconds * NS + t->nanoseconds; }
static struct ext2_time time_of(int64_t ns) { return (struct ext2_time){ns / NS, (uint32_t)(ns % NS)}; }

static void show(struct vnode *v)
{
    struct ext2_stat s;
    struct ext2_statfs whole;
    if (v == 0)
        return;
    ext2_stat(node(v), &s);
    ext2_statfs(fs, &whole);
    v->number = s.ino;
    v->mode = s.mode;
    v->links = s.links;
    v->size = s.size_bytes;
    v->blocks = s.sectors;
    v->rdev = s.device;
    v->mtime_ns = ns_of(&s.modified);
    v->ctime_ns = ns_of(&s.changed);
    v->atime_ns = ns_of(&s.accessed);
    v->read_only = whole.read_only;
}

static struct ext_vnode *known(uint64_t number)
{
    struct ext_vnode *x = bucket[number % BUCKETS];
    while (x && x->v.number != number) /* bound: vnodes in use */
        x = x->next;
    return x;
}

/* Takes over the hold of n. */
static err_t vnode_of(struct ext2_node *n, struct vnode **out)
{
    struct ext_vnode *x = known(ext2_ino(n));
    if (x) {
        ext2_put(fs, n);
        *out = vnode_hold(&x->v);
        return OK;
    }
    x = slab_new(&vnodes);
    if (!x) {
        ext2_put(fs, n);
        return ERR_NOMEM;
    }
    x->v = (struct vnode){.ops = &ext_ops, .fs = DISK_FS, .uses = 1};
    x->node = n;
    show(&x->v);
    x->next = bucket[x->v.number % BUCKETS];
    bucket[x->v.number % BUCKETS] = x;
    *out = &x->v;
    return OK;
}

static void let_go(struct ext_vnode *x)
{
    struct ext_vnode **link = &bucket[x->v.number % BUCKETS];
    while (*link != x) /* bound: vnodes in the bucket */
        link = &(*link)->next;
    *link = x->next;
    ext2_put(fs, x->node);
    slab_free(&vnodes, x);
}

/* Uses end anywhere. What that changes on the disk is done by who has it alone, the keeper at last. */
static void release(struct vnode *v)
{
    struct ext_vnode *x = (struct ext_vnode *)v;
    if (x->released)
        return;
    if (ext2_put_is_quick(x->node) || (job_now() && job_now()->alone)) {
        let_go(x);
        return;
    }
    x->released = true;
    x->released_next = released;
    released = x;
}

bool extfs_has_released(void) { return released; }

void extfs_let_go(void)
{
    while (released) { /* bound: vnodes */
        struct ext_vnode *x = released;
        released = x->released_next;
        x->released = false;
        if (x->v.uses == 0)
            let_go(x);
    }
}

err_t extfs_root(struct ext2 *which, struct vnode **out)
{
    struct ext2_node *n;
    fs = which;
    int err = ext2_root(fs, &n);
    return err == 0 ? vnode_of(n, out) : extfs_error(err);
}

/* ---- names ---- */

static err_t lookup(struct vnode *dir, const char *name, unsigned len, struct vnode **out)
{
    struct ext2_node *n;
    uint32_t ino;
    if (!job_now())
        return LATER_DISK;
    int err = ext2_lookup(fs, node(dir), name, len, &ino);
    if (err == 0)
        err = ext2_get(fs, ino, &n);
    return err == 0 ? vnode_of(n, out) : extfs_error(err);
}

static err_t create(struct vnode *dir, const char *name, unsigned len, uint32_t mode, const char *target, struct vnode **out)
{
    struct ext2_node *n;
    int err;
    if (!job_now())
        return LATER_DISK;
    switch (mode & S_IFMT) {
    case S_IFDIR: err = ext2_mkdir(fs, node(dir), name, len, (uint16_t)mode); break;
    case S_IFLNK: err = ext2_symlink(fs, node(dir), name, len, target); break;
    case S_IFIFO:
    case S_IFREG: err = ext2_create(fs, node(dir), name, len, (uint16_t)mode, &n); break;
    default: return ERR_INVAL;
    }
    show(dir);
    if (err != 0)
        return extfs_error(err);
    return S_ISREG(mode) || S_ISFIFO(mode) ? vnode_of(n, out) : lookup(dir, name, len, out);
}

static err_t link_(struct vnode *dir, const char *name, unsigned len, struct vnode *file)
{
    if (!job_now())
        return LATER_DISK;
    int err = ext2_link(fs, node(dir), name, len, node(file));
    show(dir);
    show(file);
    return extfs_error(err);
}

static err_t unlink_(struct vnode *dir, const char *name, unsigned len, struct vnode *file)
{
    if (!job_now())
        return LATER_DISK;
    int err = vnode_is(file, S_IFDIR) ? ext2_rmdir(fs, node(dir), name, len) : ext2_unlink(fs, node(dir), name, len);
    show(dir);
    show(file);
    return extfs_error(err);
}

static err_t rename_(struct vnode *from, const char *name, unsigned len, struct vnode *to, const char *new_name,
                     unsigned new_len, struct vnode *file, struct vnode *replaced)
{
    if (!job_now())
        return LATER_DISK;
    int err = ext2_rename(fs, node(from), name, len, node(to), new_name, new_len);
    show(from);
    show(to);
    show(file);
    show(replaced);
    return extfs_error(err);
}

static uint32_t type_of(uint32_t ino)
{
    struct ext2_node *n;
    struct ext2_stat s;
    if (ext2_get(fs, ino, &n) != 0)
        return 0;
    ext2_stat(n, &s);
    ext2_put(fs, n);
    return s.mode & S_IFMT;
}

static err_t next(struct vnode *dir, uint64_t *cookie, struct vnode_entry *out)
{
    struct ext2_entry e;
    if (!job_now())
        return LATER_DISK;
    int err = ext2_read_dir(fs, node(dir), cookie, &e);
    if (err != 1)
        return err == 0 ? ERR_NOENT : extfs_error(err);
    out->number = e.ino;
    out->type = e.type ? e.type : type_of(e.ino);
    out->len = e.name_bytes;
    memcpy(out->name, e.name, e.name_bytes);
    return OK;
}

/* ---- bytes ---- */

static err_t link_bytes(struct vnode *v, uint64_t offset, void **at, uint64_t *len)
{
    static char text[FS_PATH_MAX];
    long n = ext2_read_link(fs, node(v), text, sizeof text);
    if (n <= (long)offset)
        return n < 0 ? extfs_error((int)n) : ERR_IO;
    *at = text + offset;
    *len = (uint64_t)n - offset;
    return OK;
}

static err_t bytes(struct vnode *v, uint64_t offset, enum vnode_access access, void **at, uint64_t *len)
{
    const void *bytes_at = 0;
    size_t n = 0;
    int err;
    if (!job_now())
        return LATER_DISK;
    if (vnode_is(v, S_IFLNK))
        return link_bytes(v, offset, at, len);
    if (access == VNODE_READ) {
        err = ext2_bytes_read(fs, node(v), offset, &bytes_at, &n);
        *at = (void *)(uintptr_t)bytes_at;
    } else {
        err = ext2_bytes_write(fs, node(v), offset, at, &n);
    }
    *len = n;
    return err == 0 && n == 0 ? ERR_IO : extfs_error(err);
}

static err_t extent(struct vnode *v, uint64_t offset, enum vnode_extent *what, uint64_t *len)
{
    bool hole = false;
    if (!job_now())
        return LATER_DISK;
    int err = ext2_extent(fs, node(v), offset, &hole, len);
    *what = hole ? VNODE_HOLE : VNODE_DATA;
    return extfs_error(err);
}

static void wrote(struct vnode *v, uint64_t offset, uint64_t len)
{
    (void)ext2_wrote(fs, node(v), offset, len); /* an inode that can't be read now is stored by the next change */
    show(v);
}

static err_t truncate_(struct vnode *v, uint64_t size)
{
    if (!job_now())
        return LATER_DISK;
    int err = ext2_truncate(fs, node(v), size);
    show(v);
    return extfs_error(err);
}

static err_t changed(struct vnode *v)
{
    struct ext2_stat s;
    struct ext2_time modified = time_of(v->mtime_ns), accessed = time_of(v->atime_ns);
    int err = 0;
    if (!job_now())
        return LATER_DISK;
    ext2_stat(node(v), &s);
    if ((s.mode & ~S_IFMT) != (v->mode & ~S_IFMT))
        err = ext2_chmod(fs, node(v), (uint16_t)v->mode);
    if (err == 0 && (ns_of(&s.modified) != v->mtime_ns || ns_of(&s.accessed) != v->atime_ns))
        err = ext2_set_times(fs, node(v), &accessed, &modified);
    show(v);
    return extfs_error(err);
}

static void room(struct vnode *any, uint64_t out[5])
{
    struct ext2_statfs s;
    (void)any;
    ext2_statfs(fs, &s);
    out[0] = s.block_bytes;
    out[1] = s.blocks;
    out[2] = s.blocks_free;
    out[3] = s.inodes;
    out[4] = s.inodes_free;
}

static err_t sync_(struct vnode *file, struct vnode *any)
{
    (void)any; /* there is one disk, and a file is on it when all is */
    if (!job_now())
        return LATER_DISK;
    return file ? extfs_error(ext2_commit(fs)) : disk_sync();
}

static const struct vnode_ops ext_ops = {
    .lookup = lookup, .create = create, .link = link_, .unlink = unlink_, .rename = rename_, .next = next, .bytes = bytes,
    .extent = extent, .wrote = wrote, .truncate = truncate_, .changed = changed, .room = room, .sync = sync_, .release = release,
};
