/* SPDX-License-Identifier: MIT
 * From a path to a vnode: name after name from the root or the client's working directory, through symbolic links and
 * mounts. A walk changes nothing, so a request that has to wait for its path's page simply begins anew.
 */
#include "disk.h"
#include "fs.h"

#include <string.h>

struct vnode *root;

/* Up to its nul. What lies behind is not asked for, if it can be helped: not a page that the path is not in. */
err_t path_fetch(struct request *r, unsigned buffer, char to[FS_PATH_MAX])
{
    uint64_t room = buffer_len(r, buffer), got = 0;
    uint64_t page = r->ev->w[6] >> 32 * buffer & UINT32_MAX;
    if (!buffer_is(r, buffer, BUF_R))
        return ERR_INVAL;
    if (room > FS_PATH_MAX)
        room = FS_PATH_MAX;
    while (got < room) { /* bound: three turns */
        uint64_t stop = got < PATH_FIRST_BYTES ? PATH_FIRST_BYTES : room;
        if (got < page && page < stop)
            stop = page;
        uint64_t n;
        err_t err = copy_from(r, buffer, got, to + got, (stop < room ? stop : room) - got, &n);
        if (memchr(to + got, 0, n))
            return *to ? OK : ERR_NOENT;
        if (err != OK)
            return err;
        got += n;
    }
    return room == FS_PATH_MAX ? ERR_NAMETOOLONG : ERR_INVAL;
}

struct vnode *step_mounts(struct vnode *v)
{
    while (v->mounted) { /* bound: mounts over mounts */
        struct vnode *up = vnode_hold(v->mounted);
        vnode_drop(v);
        v = up;
    }
    return v;
}

struct vnode *dir_parent(struct vnode *dir, err_t *err)
{
    struct vnode *up;
    while (dir->covers) /* bound: as above */
        dir = dir->covers;
    *err = dir->links > 0 ? OK : ERR_NOENT; /* it was removed, and its parent may be gone, too */
    if (*err != OK)
        return 0;
    if (dir == root)
        return vnode_hold(root);
    *err = dir->ops->lookup(dir, "..", 2, &up);
    return *err == OK ? up : 0;
}

static err_t step(struct vnode *dir, const char *name, unsigned len, struct vnode **out)
{
    err_t err = OK;
    if (!vnode_is(dir, S_IFDIR))
        return FS_ERR_NOTDIR;
    if (len > FS_NAME_MAX)
        return ERR_NAMETOOLONG;
    if (len == 1 && name[0] == '.') {
        *out = vnode_hold(dir);
    } else if (len == 2 && name[0] == '.' && name[1] == '.') {
        *out = dir_parent(dir, &err);
    } else {
        err = disk_is_missed(dir) ? ERR_IO : dir->ops->lookup(dir, name, len, out);
        if (err == OK && disk_comes_to(*out)) {
            vnode_drop(*out);
            return LATER_DISK;
        }
        if (err == OK)
            *out = step_mounts(*out);
    }
    return err;
}

/* What the link says takes the place of its name: target, then the rest of the path. */
static err_t splice(struct vnode *link, char *path, const char **rest)
{
    char whole[FS_PATH_MAX];
    uint64_t len = link->size, rest_len = strlen(*rest);
    if (len + rest_len + 1 > FS_PATH_MAX)
        return ERR_NAMETOOLONG;
    for (uint64_t at = 0; at < len;) { /* bound: a path's length */
        void *bytes;
        uint64_t n;
        err_t err = link->ops->bytes(link, at, VNODE_READ, &bytes, &n);
        if (err != OK)
            return err;
        n = n < len - at ? n : len - at;
        memcpy(whole + at, bytes, n);
        at += n;
    }
    memcpy(whole + len, *rest, rest_len + 1);
    memcpy(path, whole, len + rest_len + 1);
    *rest = path;
    return OK;
}

static bool is_dots(const char *name, unsigned len) { return len <= 2 && name[0] == '.' && (len == 1 || name[1] == '.'); }

/* Where it begins: at the root, at the directory that word 7 names, or at the working directory. */
static err_t walk_start(struct request *r, unsigned buffer, const char *path, struct vnode **at)
{
    uint64_t dir = r->ev->w[7] >> 32 * buffer & UINT32_MAX;
    struct file *f = dir == 0 || *path == '/' ? 0 : client_file(r->client, dir - 1);
    if (dir != 0 && *path != '/' && !f)
        return FS_ERR_BADF;
    if (f && (f->kind != FILE_VNODE || !vnode_is(f->vnode, S_IFDIR)))
        return FS_ERR_NOTDIR;
    *at = vnode_hold(*path == '/' ? root : f ? f->vnode : r->client->cwd);
    return OK;
}

err_t path_walk(struct request *r, unsigned buffer, unsigned how, struct walk *out)
{
    char *path = r->scratch->path[buffer];
    *out = (struct walk){0};
    err_t err = path_fetch(r, buffer, path);
    if (err != OK)
        return err;
    struct vnode *at;
    err = walk_start(r, buffer, path, &at);
    if (err != OK)
        return err;
    const char *p = path;
    for (unsigned links = 0;;) { /* bound: names of a path, LINK_DEPTH_MAX times */
        p += strspn(p, "/");
        if (!*p)
            break;
        unsigned len = (unsigned)strcspn(p, "/");
        const char *rest = p + len;
        out->slash = *rest;
        bool last = !rest[strspn(rest, "/")];
        struct vnode *next = 0;
        err = step(at, p, len, &next);
        if (err == OK && vnode_is(next, S_IFLNK) && (!last || out->slash || !(how & WALK_NOFOLLOW))) {
            err = ++links > LINK_DEPTH_MAX ? FS_ERR_LOOP : splice(next, path, &rest);
            vnode_drop(next);
            if (err == OK && *path == '/') {
                vnode_drop(at);
                at = vnode_hold(root);
            }
            p = rest;
            if (err == OK)
                continue;
            next = 0;
        }
        if (last && (how & WALK_PARENT) && (err == OK || (err == ERR_NOENT && !is_dots(p, len)))) {
            out->node = next;
            out->name = p;
            out->len = len;
            out->dot = len == 1 && *p == '.';
            out->dir = is_dots(p, len) ? 0 : at;
            if (!out->dir)
                vnode_drop(at);
            if (next && out->slash && !vnode_is(next, S_IFDIR))
                err = FS_ERR_NOTDIR;
            else
                err = OK;
            if (err != OK)
                walk_end(out);
            return err;
        }
        vnode_drop(at);
        if (err != OK)
            return err;
        at = next;
        p = rest;
    }
    if (out->slash && !vnode_is(at, S_IFDIR)) {
        vnode_drop(at);
        return FS_ERR_NOTDIR;
    }
    out->node = at;
    return OK;
}

void walk_end(struct walk *w)
{
    vnode_drop(w->dir);
    vnode_drop(w->node);
    *w = (struct walk){0};
}

/* The name that dir has in up. */
static err_t name_in(struct vnode *up, const struct vnode *dir, struct vnode_entry *out)
{
    uint64_t cookie = 0;
    while (dir->covers) /* a root is seen by its mount's name */
        dir = dir->covers;
    if (dir->ops->name) {
        dir->ops->name(dir, out);
        return OK;
    }
    for (;;) { /* bound: the directory's entries */
        err_t err = up->ops->next(up, &cookie, out);
        if (err != OK)
            return err;
        if (out->number == dir->number && !is_dots(out->name, out->len))
            return OK;
    }
}

err_t path_of(struct request *r, struct vnode *dir, char path[FS_PATH_MAX], uint64_t *bytes)
{
    struct vnode_entry *entry = &r->scratch->entry;
    unsigned at = FS_PATH_MAX;
    err_t err = OK;
    struct vnode *here = vnode_hold(dir);
    path[--at] = 0;
    for (unsigned depth = 0; here != root && err == OK; depth++) {
        struct vnode *up = here->links > 0 && depth < DEPTH_MAX ? dir_parent(here, &err) : 0;
        if (!up)
            err = err != OK ? err : here->links == 0 ? ERR_NOENT : ERR_NAMETOOLONG;
        if (err == OK)
            err = name_in(up, here, entry);
        if (err == OK && entry->len + 1 > at)
            err = ERR_NAMETOOLONG;
        if (err == OK) {
            at -= entry->len;
            memcpy(path + at, entry->name, entry->len);
            path[--at] = '/';
        }
        vnode_drop(here);
        here = up;
    }
    vnode_drop(here);
    if (err != OK)
        return err;
    if (at == FS_PATH_MAX - 1)
        path[--at] = '/';
    *bytes = FS_PATH_MAX - at;
    memmove(path, path + at, *bytes);
    return OK;
}
