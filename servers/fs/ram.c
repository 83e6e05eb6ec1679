/* SPDX-License-Identifier: MIT
 * The tree in memory: /, /tmp and what programs make there, the programs of the boot image in /bin, /dev and /proc. Names are
 * found by a hash of directory and name; a directory's list is for reading it. What is of the boot image (read_only) can't be
 * changed: the process manager starts programs from the image itself.
 */
#include "ram.h"

#include "disk.h"

#include <abi/image.h>

#include <string.h>

#define ENTRY_SMALL 40u /* bytes of a name that most have room in */

static struct slab nodes = {.of_files = true, .bytes = sizeof(struct ram_node)};
static struct slab small = {.of_files = true, .bytes = (sizeof(struct ram_entry) + ENTRY_SMALL + 7) & ~7u};
static struct slab large = {.of_files = true, .bytes = (sizeof(struct ram_entry) + FS_NAME_MAX + 7) & ~7u};
static struct ram_entry **names; /* NAME_BUCKETS */
static uint64_t last_number;

uint64_t ram_used(void) { return nodes.used; }

static struct ram_entry **bucket(const struct ram_node *dir, const char *name, unsigned len)
{
    uint64_t hash = 14695981039346656037UL ^ dir->v.number; /* FNV-1a */
    for (unsigned i = 0; i < len; i++)
        hash = (hash ^ (uint8_t)name[i]) * 1099511628211UL;
    return &names[(hash ^ hash >> 32) % NAME_BUCKETS];
}

static struct ram_entry *find(struct ram_node *dir, const char *name, unsigned len)
{
    struct ram_entry *e = *bucket(dir, name, len);
    while (e && (e->dir != dir || e->len != len || memcmp(e->name, name, len))) /* bound: names in the bucket */
        e = e->hash_next;
    return e;
}

static struct ram_entry *entry_new(const char *name, unsigned len)
{
    struct ram_entry *e = slab_new(len <= ENTRY_SMALL ? &small : &large);
    if (!e)
        return 0;
    e->len = (uint8_t)len;
    memcpy(e->name, name, len);
    return e;
}

static void entry_add(struct ram_node *dir, struct ram_entry *e, struct ram_node *node)
{
    struct ram_entry **hash = bucket(dir, e->name, e->len);
    e->dir = dir;
    e->node = node;
    e->cookie = dir->dir.next_cookie++;
    e->hash_next = *hash;
    *hash = e;
    e->before = dir->dir.last;
    e->next = 0;
    *(e->before ? &e->before->next : &dir->dir.first) = e;
    dir->dir.last = e;
    dir->dir.entries++;
    dir->v.mtime_ns = dir->v.ctime_ns = node->v.ctime_ns = vnode_now();
}

static void entry_remove(struct ram_entry *e)
{
    struct ram_node *dir = e->dir;
    struct ram_entry **at = bucket(dir, e->name, e->len);
    while (*at != e) /* bound: names in the bucket */
        at = &(*at)->hash_next;
    *at = e->hash_next;
    *(e->before ? &e->before->next : &dir->dir.first) = e->next;
    *(e->next ? &e->next->before : &dir->dir.last) = e->before;
    dir->dir.entries--;
    if (dir->dir.seen == e)
        dir->dir.seen = e->before;
    dir->v.mtime_ns = dir->v.ctime_ns = e->node->v.ctime_ns = vnode_now();
    slab_free(e->len <= ENTRY_SMALL ? &small : &large, e);
}

static const struct vnode_ops ram_ops;

static struct ram_node *node_new(uint32_t mode)
{
    struct ram_node *n = slab_new(&nodes);
    if (!n)
        return 0;
    n->v = (struct vnode){.ops = &ram_ops, .number = ++last_number, .fs = 1, .mode = mode, .uses = 1};
    n->v.atime_ns = n->v.mtime_ns = n->v.ctime_ns = vnode_now();
    if (vnode_is(&n->v, S_IFDIR))
        n->dir.next_cookie = 2; /* behind "." and ".." */
    return n;
}

static void release(struct vnode *v)
{
    struct ram_node *n = ram(v);
    if (v->links > 0)
        return;
    if (!vnode_is(v, S_IFDIR))
        ram_data_free(n);
    slab_free(&nodes, n);
}

/* ---- operations ---- */

static err_t lookup(struct vnode *dir, const char *name, unsigned len, struct vnode **out)
{
    if (len == 2 && name[0] == '.' && name[1] == '.') {
        *out = vnode_hold(&ram(dir)->dir.parent->v);
        return OK;
    }
    struct ram_entry *e = find(ram(dir), name, len);
    if (!e)
        return ERR_NOENT;
    *out = vnode_hold(&e->node->v);
    return OK;
}

static err_t may_change(struct vnode *dir)
{
    return dir->read_only ? FS_ERR_ROFS : dir->links == 0 ? ERR_NOENT : OK;
}

static err_t link_fill(struct ram_node *n, const char *target)
{
    void *at;
    uint64_t len = strlen(target), room;
    err_t err = ram_bytes(&n->v, 0, VNODE_WRITE, &at, &room); /* a page holds the longest */
    if (err == OK) {
        memcpy(at, target, len);
        n->v.size = len;
    }
    return err;
}

static err_t create(struct vnode *v, const char *name, unsigned len, uint32_t mode, const char *target, struct vnode **out)
{
    struct ram_node *dir = ram(v);
    err_t err = find(dir, name, len) ? ERR_EXIST : may_change(v);
    if (err == OK && S_ISDIR(mode) && v->links >= LINKS_MAX)
        err = FS_ERR_MLINK;
    if (err != OK)
        return err;
    struct ram_entry *e = entry_new(name, len);
    struct ram_node *n = e ? node_new(mode) : 0;
    err = !n ? FS_ERR_NOSPC : S_ISLNK(mode) ? link_fill(n, target) : OK;
    if (err != OK) {
        if (n)
            vnode_drop(&n->v);
        if (e)
            slab_free(len <= ENTRY_SMALL ? &small : &large, e);
        return err;
    }
    n->v.links = 1;
    if (S_ISDIR(mode)) {
        n->v.links = 2;
        n->dir.parent = dir;
        v->links++;
    }
    entry_add(dir, e, n);
    *out = &n->v;
    return OK;
}

static err_t create_nameless(struct vnode *dir, uint32_t mode, struct vnode **out)
{
    err_t err = may_change(dir);
    struct ram_node *n = err == OK ? node_new(mode) : 0;
    if (!n)
        return err == OK ? FS_ERR_NOSPC : err;
    n->v.nameless = true;
    *out = &n->v;
    return OK;
}

static err_t link(struct vnode *v, const char *name, unsigned len, struct vnode *file)
{
    err_t err = find(ram(v), name, len) ? ERR_EXIST : may_change(v);
    if (err == OK && file->read_only)
        err = FS_ERR_ROFS;
    if (err == OK && file->links >= LINKS_MAX)
        err = FS_ERR_MLINK;
    struct ram_entry *e = err == OK ? entry_new(name, len) : 0;
    if (!e)
        return err == OK ? FS_ERR_NOSPC : err;
    file->links++;
    file->nameless = false;
    entry_add(ram(v), e, ram(file));
    return OK;
}

/* A name of file less. The caller has a use of it, so it stays until that is dropped. */
static void unname(struct ram_node *dir, struct ram_node *file)
{
    if (vnode_is(&file->v, S_IFDIR)) {
        file->v.links = 0;
        dir->v.links--;
    } else {
        file->v.links--;
    }
}

static err_t unlink(struct vnode *dir, const char *name, unsigned len, struct vnode *file)
{
    err_t err = may_change(dir);
    struct ram_entry *e = find(ram(dir), name, len);
    if (err != OK || !e || e->node != ram(file))
        return err != OK ? err : ERR_NOENT;
    if (vnode_is(file, S_IFDIR) && ram(file)->dir.entries > 0)
        return FS_ERR_NOTEMPTY;
    entry_remove(e);
    unname(ram(dir), ram(file));
    return OK;
}

static err_t rename_(struct vnode *from, const char *name, unsigned len, struct vnode *to, const char *new_name,
                     unsigned new_len, struct vnode *file, struct vnode *replaced)
{
    err_t err = may_change(from);
    if (err == OK)
        err = may_change(to);
    if (err == OK && replaced && vnode_is(replaced, S_IFDIR) && ram(replaced)->dir.entries > 0)
        err = FS_ERR_NOTEMPTY;
    struct ram_entry *old = find(ram(from), name, len), *over = find(ram(to), new_name, new_len);
    if (err == OK && (!old || old->node != ram(file) || (over ? &over->node->v : 0) != replaced))
        err = ERR_NOENT; /* names changed while the request waited for a part of its paths that is on the disk */
    struct ram_entry *e = err == OK ? entry_new(new_name, new_len) : 0;
    if (!e) {
        return err != OK ? err : FS_ERR_NOSPC;
    }
    /* commit */
    if (over) {
        unname(ram(to), over->node);
        entry_remove(over);
    }
    entry_remove(old);
    entry_add(ram(to), e, ram(file));
    if (vnode_is(file, S_IFDIR)) {
        from->links--;
        to->links++;
        ram(file)->dir.parent = ram(to);
    }
    return OK;
}

static err_t next(struct vnode *dir, uint64_t *cookie, struct vnode_entry *out)
{
    struct ram_node *d = ram(dir), *n;
    if (*cookie < 2) {
        n = *cookie == 0 ? d : d->dir.parent;
        out->len = (unsigned)*cookie + 1;
        memcpy(out->name, "..", 2);
        *cookie += 1;
    } else {
        struct ram_entry *e = d->dir.seen && d->dir.seen->cookie < *cookie ? d->dir.seen : d->dir.first;
        while (e && e->cookie < *cookie) /* bound: the directory's entries */
            e = e->next;
        if (!e)
            return ERR_NOENT;
        n = e->node;
        d->dir.seen = e;
        out->len = e->len;
        memcpy(out->name, e->name, e->len);
        *cookie = e->cookie + 1;
    }
    out->number = n->v.number;
    out->type = n->v.mode & S_IFMT;
    return OK;
}

static err_t changed(struct vnode *file)
{
    (void)file; /* the node is the medium */
    return OK;
}

static void room(struct vnode *any, uint64_t out[5])
{
    (void)any;
    uint64_t spare = pool_max() / POOL_SPARE_SHARE, left = pool_max() - pool_used();
    out[0] = PAGE_SIZE;
    out[1] = pool_max();
    out[2] = left > spare ? left - spare : 0;
    out[3] = nodes.used + out[2] * (PAGE_SIZE / (nodes.bytes + small.bytes));
    out[4] = out[3] - nodes.used;
}

static err_t sync_(struct vnode *file, struct vnode *any)
{
    (void)file, (void)any; /* there is no medium behind it */
    return OK;
}

static const struct vnode_ops ram_ops = {
    .lookup = lookup, .create = create, .create_nameless = create_nameless, .link = link, .unlink = unlink, .rename = rename_, .next = next, .bytes = ram_bytes,
    .extent = ram_extent, .wrote = ram_wrote, .truncate = ram_truncate, .page = ram_page, .changed = changed, .room = room, .sync = sync_, .release = release,
};

/* ---- what is there at the start ---- */

static err_t make(struct vnode *dir, const char *name, uint32_t mode, struct vnode **out)
{
    return create(dir, name, (unsigned)strlen(name), mode, "", out);
}

static err_t image_add(struct vnode *bin, const struct image_header *image, const struct image_entry *e)
{
    struct vnode *v;
    if (strncmp(e->name, "bin/", 4) != 0 || e->offset > image->total_bytes ||
        e->size_bytes > image->total_bytes - e->offset)
        return OK; /* servers, which nobody can run */
    char name[IMAGE_NAME_MAX + 1] = {0};
    memcpy(name, e->name + 4, IMAGE_NAME_MAX - 4);
    err_t err = make(bin, name, S_IFREG | 0555, &v);
    if (err != OK)
        return err;
    ram(v)->data.image = (const uint8_t *)image + e->offset;
    v->read_only = true;
    v->size = e->size_bytes;
    v->blocks = (e->size_bytes + 511) / 512;
    vnode_drop(v);
    return OK;
}

static err_t image_start(struct vnode *bin)
{
    const struct image_header *image = (const struct image_header *)FS_IMAGE_VA;
    err_t err = OK;
    for (unsigned i = 0; i < image->files && err == OK; i++)
        err = image_add(bin, image, &image->entry[i]);
    return err;
}

struct special {
    const char *name;
    uint64_t rdev;
};

static err_t specials(struct vnode *dir, const struct special *list, uint32_t mode)
{
    for (; list->name; list++) {
        struct vnode *v;
        err_t err = make(dir, list->name, S_IFCHR | mode, &v);
        if (err != OK)
            return err;
        v->rdev = list->rdev;
        v->read_only = true;
        vnode_drop(v);
    }
    return OK;
}

/* Pages that a tree of so many files takes, and some. */
static uint64_t pages_for(uint64_t files)
{
    return 8 + files * (nodes.bytes + small.bytes) / (PAGE_SIZE - 512);
}

err_t ram_start(void)
{
    const struct image_header *image = (const struct image_header *)FS_IMAGE_VA;
    static const struct special devices[] = {{"console", RDEV_CONSOLE}, {"tty", RDEV_CONSOLE}, {"null", RDEV_NULL},
                                             {"zero", RDEV_ZERO}, {"random", RDEV_RANDOM}, {"urandom", RDEV_RANDOM}, {"full", RDEV_FULL},
                                             {"stdin", RDEV_OPEN}, {"stdout", RDEV_OPEN + 1}, {"stderr", RDEV_OPEN + 2}, {0, 0}};
    static const struct special pages[] = {{"meminfo", RDEV_TEXT}, {"pager", RDEV_TEXT + 1}, {"fs", RDEV_TEXT + 2},
                                           {"disk", RDEV_TEXT + 3}, {"uptime", RDEV_TEXT + 4}, {"mounts", RDEV_TEXT + 5},
                                           {"stat", RDEV_TEXT + 6}, {0, 0}};
    struct vnode *bin, *tmp, *dev, *shm, *fds, *proc, *disk;
    _Static_assert(NAME_BUCKETS * sizeof *names <= PAGE_SIZE, "the hash is one page");
    if (image->magic != IMAGE_MAGIC || image->files > IMAGE_FILES_MAX)
        return ERR_NOEXEC;
    err_t err = pool_reserve(pages_for(image->files + 26));
    if (err != OK)
        return err;
    names = page_new();
    struct ram_node *top = node_new(S_IFDIR | 0755);
    top->v.links = 2;
    top->dir.parent = top;
    root = &top->v;
    err = make(root, "bin", S_IFDIR | 0755, &bin);
    if (err == OK)
        err = image_start(bin);
    if (err == OK)
        err = make(root, "dev", S_IFDIR | 0755, &dev);
    if (err == OK)
        err = specials(dev, devices, 0666);
    if (err == OK)
        err = make(dev, "shm", S_IFDIR | 01777, &shm);
    if (err == OK)
        err = make(dev, "fd", S_IFDIR | 0555, &fds);
    if (err == OK)
        err = make(root, "proc", S_IFDIR | 0555, &proc);
    if (err == OK)
        err = specials(proc, pages, 0444);
    if (err == OK)
        err = make(root, "tmp", S_IFDIR | 01777, &tmp);
    if (err == OK)
        err = make(root, "disk", S_IFDIR | 0555, &disk);
    if (err != OK)
        return err;
    fdfs_mount(fds);
    procfs_mount(proc);
    bin->read_only = dev->read_only = fds->read_only = proc->read_only = disk->read_only = true;
    disk_mount(disk);
    return OK; /* each keeps the use that it was made with */
}
