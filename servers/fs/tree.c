/* SPDX-License-Identifier: MIT
 * Requests that name paths. Each walks first, checks all there is to check, and then asks the file system for one change.
 */
#include "fs.h"
#include "mapped.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define OPEN_KNOWN (O_ACCMODE | O_APPEND | O_CREAT | O_TRUNC | O_EXCL | O_SYNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | \
                    O_NOFOLLOW | O_DIRECTORY)
#define PERMISSIONS 07777u

static bool is_dir(const struct vnode *v) { return vnode_is(v, S_IFDIR); }

/* ---- open ---- */

static err_t may_open(const struct walk *w, uint32_t flags)
{
    const struct vnode *v = w->node;
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    if ((flags & O_CREAT) && (flags & O_EXCL))
        return ERR_EXIST;
    if (vnode_is(v, S_IFLNK))
        return FS_ERR_LOOP;
    if (is_dir(v))
        return writes || (flags & O_CREAT) ? FS_ERR_ISDIR : OK;
    if (flags & O_DIRECTORY)
        return FS_ERR_NOTDIR;
    return vnode_is(v, S_IFREG) && v->read_only && (writes || (flags & O_TRUNC)) ? FS_ERR_ROFS : OK;
}

static err_t open_create(struct request *r, struct walk *w, uint32_t flags)
{
    if (w->slash)
        return FS_ERR_ISDIR;
    if (flags & O_DIRECTORY)
        return ERR_INVAL;
    uint32_t mode = S_IFREG | ((uint32_t)r->ev->w[2] & PERMISSIONS & ~r->client->umask);
    return w->dir->ops->create(w->dir, w->name, w->len, mode, 0, &w->node);
}

/* A FIFO has its own kind of description, and may have to wait for it. */
static err_t open_fifo(struct request *r, struct vnode *v, uint32_t flags)
{
    unsigned fd;
    struct file *f;
    err_t err = client_place(r->client, 0, &fd);
    if (err != OK)
        return err;
    err = v ? fifo_open(r, v, flags, &f) : fifo_open_on(r, &f);
    if (err != OK) {
        client_unplace(r->client, fd);
        return err;
    }
    client_set(r->client, fd, f, flags & O_CLOEXEC);
    r->m.w[1] = fd;
    return OK;
}

/* One of the process's own descriptors once more. */
static err_t open_again(struct request *r, unsigned old, uint32_t flags)
{
    struct file *f = client_file(r->client, old);
    unsigned fd, access = flags & O_ACCMODE;
    if (!f)
        return FS_ERR_NXIO;
    if ((access != O_WRONLY && !f->readable) || (access != O_RDONLY && !f->writable))
        return FS_ERR_ACCES;
    err_t err = client_place(r->client, 0, &fd);
    if (err != OK)
        return err;
    client_set(r->client, fd, file_hold(f), flags & O_CLOEXEC);
    r->m.w[1] = fd;
    return OK;
}

static err_t vnode_truncate(struct vnode *v, uint64_t size)
{
    if (v->mapped)
        mapped_truncate(v, size);
    return v->ops->truncate(v, size);
}

static err_t open_walked(struct request *r, struct walk *w, uint32_t flags)
{
    struct client *c = r->client;
    struct file *f = 0;
    unsigned fd;
    bool made = !w->node;
    err_t err = made ? OK : may_open(w, flags);
    if (err == OK && !made && vnode_is(w->node, S_IFIFO))
        return open_fifo(r, w->node, flags);
    if (err == OK && !made && vnode_is(w->node, S_IFCHR) && w->node->rdev - RDEV_OPEN < 3)
        return open_again(r, (unsigned)(w->node->rdev - RDEV_OPEN), flags);
    if (err == OK)
        err = client_place(c, 0, &fd);
    if (err != OK)
        return err;
    err = file_new(FILE_CONSOLE, flags, &f); /* it has no vnode yet, as that kind */
    r->making = f;
    if (err == OK && made)
        err = open_create(r, w, flags);
    struct vnode *v = w->node;
    if (err == OK && !made && (flags & O_TRUNC) && (flags & O_ACCMODE) != O_RDONLY && vnode_is(v, S_IFREG))
        err = vnode_truncate(v, 0);
    r->making = 0;
    if (err == OK && request_is_dead(r))
        err = ERR_CANCELLED;
    if (err != OK) {
        if (f)
            file_drop(f);
        client_unplace(c, fd);
        return err;
    }
    if (!(vnode_is(v, S_IFCHR) && v->rdev == RDEV_CONSOLE)) {
        f->kind = FILE_VNODE;
        f->vnode = vnode_hold(v);
    }
    client_set(c, fd, f, flags & O_CLOEXEC);
    r->m.w[1] = fd;
    return OK;
}

err_t do_OPEN(struct request *r)
{
    uint64_t flags = r->ev->w[1];
    struct walk w;
    if ((flags & ~(uint64_t)OPEN_KNOWN) || (flags & O_ACCMODE) == O_ACCMODE)
        return ERR_INVAL;
    if (r->file)
        return open_fifo(r, 0, (uint32_t)flags); /* it waited for the other end */
    unsigned how = flags & O_CREAT ? WALK_PARENT : 0;
    if ((flags & O_NOFOLLOW) || ((flags & O_CREAT) && (flags & O_EXCL)))
        how |= WALK_NOFOLLOW;
    err_t err = path_walk(r, 0, how, &w);
    if (err != OK)
        return err;
    err = open_walked(r, &w, (uint32_t)flags);
    walk_end(&w);
    return err;
}

/* ---- what a path names ---- */

err_t do_STAT(struct request *r)
{
    struct walk w;
    struct stat st;
    err_t err = path_walk(r, 0, r->ev->w[1] & FS_NOFOLLOW ? WALK_NOFOLLOW : 0, &w);
    if (err != OK)
        return err;
    fill_stat(w.node, &st);
    walk_end(&w);
    return answer_bytes(r, 1, &st, sizeof st);
}

err_t do_ACCESS(struct request *r)
{
    struct walk w;
    uint64_t how = r->ev->w[1];
    if (how & ~(uint64_t)(R_OK | W_OK | X_OK))
        return ERR_INVAL;
    err_t err = path_walk(r, 0, 0, &w);
    if (err != OK)
        return err;
    if ((how & W_OK) && w.node->read_only && !vnode_is(w.node, S_IFCHR))
        err = FS_ERR_ROFS;
    else if ((how & X_OK) && !is_dir(w.node) && !(w.node->mode & 0111))
        err = FS_ERR_ACCES; /* the one user may do all else */
    walk_end(&w);
    return err;
}

/* By path, or without buffer 0 by the descriptor in word 2. *file has a use. */
static err_t named(struct request *r, unsigned how, struct vnode **file)
{
    struct walk w;
    if (buffer_len(r, 0) > 0 || buffer_is(r, 0, BUF_R)) {
        err_t err = path_walk(r, 0, how, &w);
        *file = w.node;
        return err;
    }
    struct file *f = client_file(r->client, r->ev->w[2]);
    struct vnode *v = !f ? 0 : f->kind == FILE_VNODE ? f->vnode : f->kind == FILE_CONSOLE ? 0 : pipe_vnode(f);
    if (!v)
        return f ? ERR_INVAL : FS_ERR_BADF;
    *file = vnode_hold(v);
    return OK;
}

err_t do_CHMOD(struct request *r)
{
    struct vnode *v;
    err_t err = named(r, 0, &v);
    if (err != OK)
        return err;
    uint32_t old = v->mode;
    v->mode = (old & S_IFMT) | ((uint32_t)r->ev->w[1] & PERMISSIONS);
    err = v->read_only ? FS_ERR_ROFS : v->ops->changed(v);
    if (err == OK)
        v->ctime_ns = vnode_now();
    else
        v->mode = old;
    vnode_drop(v);
    return err;
}

static int64_t time_of(uint64_t word, int64_t old)
{
    return word == FS_TIME_KEEP ? old : word == FS_TIME_NOW ? vnode_now() : (int64_t)word;
}

err_t do_TIMES(struct request *r)
{
    struct vnode *v;
    err_t err = named(r, r->ev->w[4] & FS_NOFOLLOW ? WALK_NOFOLLOW : 0, &v);
    if (err != OK)
        return err;
    int64_t modified = v->mtime_ns, accessed = v->atime_ns;
    v->mtime_ns = time_of(r->ev->w[1], modified);
    v->atime_ns = time_of(r->ev->w[3], accessed);
    err = v->read_only ? FS_ERR_ROFS : v->ops->changed(v);
    if (err == OK) {
        v->ctime_ns = vnode_now();
    } else {
        v->mtime_ns = modified;
        v->atime_ns = accessed;
    }
    vnode_drop(v);
    return err;
}

/* All files are the one user's, and stay so. */
err_t do_CHOWN(struct request *r)
{
    struct vnode *v;
    uint32_t owner = (uint32_t)r->ev->w[1], group = (uint32_t)(r->ev->w[1] >> 32);
    err_t err = named(r, r->ev->w[3] & FS_NOFOLLOW ? WALK_NOFOLLOW : 0, &v);
    if (err != OK)
        return err;
    if ((owner != 0 && owner != UINT32_MAX) || (group != 0 && group != UINT32_MAX))
        err = ERR_PERM;
    else if (v->read_only)
        err = FS_ERR_ROFS;
    vnode_drop(v);
    return err;
}

err_t do_STATFS(struct request *r)
{
    struct vnode *v;
    err_t err = named(r, 0, &v);
    if (err != OK)
        return err;
    v->ops->room(v, &r->m.w[1]);
    r->m.w[6] = (uint64_t)v->fs << 1 | v->read_only;
    vnode_drop(v);
    return OK;
}

static bool is_writable(struct request *r)
{
    struct file *f = client_file(r->client, r->ev->w[2]);
    return !f || f->writable;
}

err_t do_TRUNCATE(struct request *r)
{
    struct vnode *v;
    if (r->ev->w[1] > (uint64_t)INT64_MAX)
        return ERR_INVAL;
    bool by_path = buffer_is(r, 0, BUF_R);
    err_t err = named(r, 0, &v);
    if (err != OK)
        return err;
    if (is_dir(v))
        err = by_path ? FS_ERR_ISDIR : ERR_INVAL;
    else if (!vnode_is(v, S_IFREG) || (!by_path && !is_writable(r)))
        err = ERR_INVAL;
    else
        err = v->read_only ? FS_ERR_ROFS : vnode_truncate(v, r->ev->w[1]);
    vnode_drop(v);
    return err;
}

err_t do_READLINK(struct request *r)
{
    struct walk w;
    void *at;
    uint64_t len, done;
    if (!buffer_is(r, 1, BUF_W) || buffer_len(r, 1) == 0)
        return ERR_INVAL;
    err_t err = path_walk(r, 0, WALK_NOFOLLOW, &w);
    if (err != OK)
        return err;
    struct vnode *v = w.node;
    err = vnode_is(v, S_IFLNK) ? v->ops->bytes(v, 0, VNODE_READ, &at, &len) : ERR_INVAL;
    if (err == OK) {
        len = len < v->size ? len : v->size;
        len = len < buffer_len(r, 1) ? len : buffer_len(r, 1);
        err = copy_to(r, 1, 0, at, len, &done);
        r->m.w[1] = len;
    }
    walk_end(&w);
    return err;
}

/* ---- names that come and go ---- */

err_t do_MKDIR(struct request *r)
{
    struct walk w;
    err_t err = path_walk(r, 0, WALK_PARENT | WALK_NOFOLLOW, &w);
    if (err != OK)
        return err;
    struct vnode *made = 0;
    uint32_t mode = S_IFDIR | ((uint32_t)r->ev->w[1] & PERMISSIONS & ~r->client->umask);
    err = w.node ? ERR_EXIST : w.dir->ops->create(w.dir, w.name, w.len, mode, 0, &made);
    vnode_drop(made);
    walk_end(&w);
    return err;
}

err_t do_MKFIFO(struct request *r)
{
    struct walk w;
    err_t err = path_walk(r, 0, WALK_PARENT | WALK_NOFOLLOW, &w);
    if (err != OK)
        return err;
    struct vnode *made = 0;
    uint32_t mode = S_IFIFO | ((uint32_t)r->ev->w[1] & PERMISSIONS & ~r->client->umask);
    err = w.node ? ERR_EXIST : w.slash ? ERR_NOENT : w.dir->ops->create(w.dir, w.name, w.len, mode, 0, &made);
    vnode_drop(made);
    walk_end(&w);
    return err;
}

static err_t may_unlink(const struct walk *w, bool directory)
{
    if (!w->node)
        return ERR_NOENT;
    if (!directory)
        return is_dir(w->node) ? ERR_PERM : OK;
    if (!is_dir(w->node))
        return FS_ERR_NOTDIR;
    if (w->dot)
        return ERR_INVAL;
    if (w->node == root || w->node->covers)
        return ERR_BUSY;
    return w->dir ? OK : FS_ERR_NOTEMPTY; /* ".." */
}

err_t do_UNLINK(struct request *r)
{
    struct walk w;
    err_t err = path_walk(r, 0, WALK_PARENT | WALK_NOFOLLOW, &w);
    if (err != OK)
        return err;
    err = may_unlink(&w, r->ev->w[1] & FS_DIRECTORY);
    if (err == OK)
        err = w.dir->ops->unlink(w.dir, w.name, w.len, w.node);
    walk_end(&w);
    return err;
}

err_t do_LINK(struct request *r)
{
    struct walk from, to;
    err_t err = path_walk(r, 0, r->ev->w[1] & FS_FOLLOW ? 0 : WALK_NOFOLLOW, &from);
    if (err != OK)
        return err;
    err = path_walk(r, 1, WALK_PARENT | WALK_NOFOLLOW, &to);
    if (err == OK) {
        if (to.node)
            err = ERR_EXIST;
        else if (is_dir(from.node))
            err = ERR_PERM;
        else if (to.slash)
            err = ERR_NOENT;
        else if (from.node->fs != to.dir->fs)
            err = FS_ERR_XDEV;
        else
            err = to.dir->ops->link(to.dir, to.name, to.len, from.node);
        walk_end(&to);
    }
    walk_end(&from);
    return err;
}

err_t do_SYMLINK(struct request *r)
{
    char *target = r->scratch->text;
    struct walk w;
    struct vnode *made = 0;
    err_t err = path_fetch(r, 0, target);
    if (err == OK)
        err = path_walk(r, 1, WALK_PARENT | WALK_NOFOLLOW, &w);
    if (err != OK)
        return err;
    err = w.node ? ERR_EXIST : w.slash ? ERR_NOENT : w.dir->ops->create(w.dir, w.name, w.len, S_IFLNK | 0777, target, &made);
    vnode_drop(made);
    walk_end(&w);
    return err;
}

/* Whether dir is `above` or lies below it. */
static err_t lies_in(struct vnode *dir, const struct vnode *above, bool *in)
{
    err_t err = OK;
    struct vnode *here = vnode_hold(dir);
    *in = here == above;
    for (unsigned depth = 0; here && here != root && !*in; depth++) {
        struct vnode *up = depth < DEPTH_MAX ? dir_parent(here, &err) : 0;
        vnode_drop(here);
        here = up;
        *in = here == above;
    }
    if (!here)
        return err != OK ? err : FS_ERR_LOOP;
    vnode_drop(here);
    return OK;
}

static err_t may_rename(const struct walk *from, const struct walk *to)
{
    if (!from->node)
        return ERR_NOENT;
    if (!from->dir || !to->dir)
        return from->node == root || to->node == root ? ERR_BUSY : ERR_INVAL; /* ends with a dot */
    if (from->node->covers || (to->node && to->node->covers))
        return ERR_BUSY;
    if (from->dir->fs != to->dir->fs)
        return FS_ERR_XDEV;
    if (is_dir(from->node) && from->node->read_only)
        return FS_ERR_ROFS;
    if (to->slash && !is_dir(from->node))
        return FS_ERR_NOTDIR;
    if (to->node && is_dir(to->node) != is_dir(from->node))
        return is_dir(to->node) ? FS_ERR_ISDIR : FS_ERR_NOTDIR;
    if (!is_dir(from->node))
        return OK;
    bool in;
    err_t err = lies_in(to->dir, from->node, &in);
    return err == OK && in ? ERR_INVAL : err;
}

err_t do_RENAME(struct request *r)
{
    struct walk from, to;
    err_t err = path_walk(r, 0, WALK_PARENT | WALK_NOFOLLOW, &from);
    if (err != OK)
        return err;
    err = path_walk(r, 1, WALK_PARENT | WALK_NOFOLLOW, &to);
    if (err == OK) {
        err = may_rename(&from, &to);
        if (err == OK && from.node != to.node)
            err = from.dir->ops->rename(from.dir, from.name, from.len, to.dir, to.name, to.len, from.node, to.node);
        walk_end(&to);
    }
    walk_end(&from);
    return err;
}

/* ---- directories ---- */

err_t do_CHDIR(struct request *r)
{
    struct vnode *v;
    err_t err = named(r, 0, &v);
    if (err == ERR_INVAL)
        return FS_ERR_NOTDIR; /* a pipe, or the console */
    if (err != OK)
        return err;
    if (!is_dir(v)) {
        vnode_drop(v);
        return FS_ERR_NOTDIR;
    }
    struct vnode *old = r->client->cwd;
    r->client->cwd = v;
    vnode_drop(old);
    return OK;
}

err_t do_GETCWD(struct request *r)
{
    char *path = r->scratch->text;
    uint64_t bytes;
    if (!buffer_is(r, 0, BUF_W) || buffer_len(r, 0) == 0)
        return ERR_INVAL;
    err_t err = path_of(r, r->client->cwd, path, &bytes);
    if (err == OK && bytes > buffer_len(r, 0))
        err = FS_ERR_RANGE;
    if (err != OK)
        return err;
    r->m.w[1] = bytes;
    return answer_bytes(r, 0, path, bytes);
}

static unsigned dirent_put(char *to, uint64_t room, const struct vnode_entry *e, uint64_t next)
{
    struct fs_dirent *d = (struct fs_dirent *)to;
    unsigned bytes = (unsigned)(offsetof(struct fs_dirent, name) + e->len + 1 + 7) & ~7u;
    if (bytes > room)
        return 0;
    memset(d, 0, bytes);
    d->number = e->number;
    d->next = next;
    d->bytes = (uint16_t)bytes;
    d->type = (uint8_t)(e->type >> 12);
    d->name_len = (uint8_t)e->len;
    memcpy(d->name, e->name, e->len);
    return bytes;
}

/* As many as fit. A directory without a name has none, not even its dots. */
static err_t records_fill(struct request *r, struct vnode *dir, uint64_t *cookie, uint64_t *used)
{
    struct scratch *s = r->scratch;
    uint64_t room = buffer_len(r, 0) < sizeof s->records ? buffer_len(r, 0) : sizeof s->records;
    while (dir->links > 0) { /* bound: a page of records */
        uint64_t next = *cookie;
        err_t err = dir->ops->next(dir, &next, &s->entry);
        if (err == ERR_NOENT)
            break;
        if (err != OK)
            return err;
        unsigned bytes = dirent_put((char *)s->records + *used, room - *used, &s->entry, next);
        if (bytes == 0)
            return *used == 0 ? ERR_INVAL : OK;
        *used += bytes;
        *cookie = next;
    }
    return OK;
}

err_t do_READDIR(struct request *r)
{
    struct file *f = request_file(r, r->ev->w[1]);
    uint64_t cookie, used = 0;
    if (!f)
        return FS_ERR_BADF;
    if (f->kind != FILE_VNODE || !is_dir(f->vnode))
        return FS_ERR_NOTDIR;
    if (file_is_moving(r, f))
        return file_wait_turn(r, f, LATER_PIPE);
    cookie = f->position;
    err_t err = records_fill(r, f->vnode, &cookie, &used);
    if (err == OK && used > 0)
        err = answer_bytes(r, 0, r->scratch->records, used);
    if (err == OK) {
        f->position = cookie;
        r->m.w[1] = used;
    }
    return err > OK ? file_wait_turn(r, f, err) : err;
}

err_t do_UMASK(struct request *r)
{
    r->m.w[1] = r->client->umask;
    if (r->ev->w[1] != ~0UL)
        r->client->umask = (uint32_t)r->ev->w[1] & 0777;
    return OK;
}
