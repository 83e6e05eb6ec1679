/* SPDX-License-Identifier: MIT
 * What stands behind a name: its attributes, its length, its list of names. Opening is open.c's, names that change are names.c's.
 */
#include "disk.h"
#include "fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

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
        err = v->read_only ? FS_ERR_ROFS : v->runs > 0 ? FS_ERR_TXTBSY : vnode_truncate(v, r->ev->w[1]);
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
            return err > OK && *used > 0 ? OK : err; /* what there is will do for now */
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
    err_t err = disk_is_missed(f->vnode) ? ERR_IO : records_fill(r, f->vnode, &cookie, &used);
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
