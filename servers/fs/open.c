/* SPDX-License-Identifier: MIT
 * open(): walks, checks all there is to check, and then makes, cuts and hands out in one go.
 */
#include "fs.h"
#include "mapped.h"

#include <fcntl.h>

#define OPEN_KNOWN (O_ACCMODE | O_APPEND | O_CREAT | O_TRUNC | O_EXCL | O_SYNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | \
                    O_NOFOLLOW | O_DIRECTORY | FS_O_NAMELESS | FS_O_PROGRAM)

/* A file without a name: the path is the directory that it could have one in. */
static err_t may_open_nameless(const struct vnode *dir, uint32_t flags)
{
    if ((flags & O_CREAT) || (flags & O_ACCMODE) == O_RDONLY)
        return ERR_INVAL;
    return !is_dir(dir) ? FS_ERR_NOTDIR : !dir->ops->create_nameless ? FS_ERR_OPNOTSUPP : OK;
}

static bool is_descriptor(const struct vnode *v)
{
    return vnode_is(v, S_IFCHR) && (v->rdev - RDEV_OPEN < 3 || v->rdev >= RDEV_FD);
}

static err_t may_open(const struct walk *w, uint32_t flags)
{
    const struct vnode *v = w->node;
    bool writes = (flags & O_ACCMODE) != O_RDONLY;
    if (flags & FS_O_NAMELESS)
        return may_open_nameless(v, flags);
    if ((flags & FS_O_PROGRAM) && !vnode_is(v, S_IFREG) && !is_descriptor(v))
        return FS_ERR_ACCES;
    if ((flags & O_CREAT) && (flags & O_EXCL))
        return ERR_EXIST;
    if (vnode_is(v, S_IFLNK))
        return FS_ERR_LOOP;
    if (is_dir(v))
        return writes || (flags & O_CREAT) ? FS_ERR_ISDIR : OK;
    if (flags & O_DIRECTORY)
        return FS_ERR_NOTDIR;
    if (!vnode_is(v, S_IFREG) || !(writes || (flags & O_TRUNC)))
        return OK;
    return v->read_only ? FS_ERR_ROFS : v->runs > 0 ? FS_ERR_TXTBSY : OK;
}

static uint32_t mode_of(const struct request *r) { return S_IFREG | ((uint32_t)r->ev->w[2] & PERMISSIONS & ~r->client->umask); }

static err_t open_nameless(struct request *r, struct walk *w, uint32_t flags)
{
    struct vnode *made, *dir = w->node;
    err_t err = dir->ops->create_nameless(dir, mode_of(r), &made);
    if (err != OK)
        return err;
    vnode_drop(dir);
    w->node = made;
    made->nameless = !(flags & O_EXCL); /* it never will have one */
    return OK;
}

static err_t open_create(struct request *r, struct walk *w, uint32_t flags)
{
    if (w->slash)
        return FS_ERR_ISDIR;
    if (flags & O_DIRECTORY)
        return ERR_INVAL;
    return w->dir->ops->create(w->dir, w->name, w->len, mode_of(r), 0, &w->node);
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

static err_t place(struct client *c, uint32_t flags, unsigned *fd)
{
    return flags & FS_O_PROGRAM ? client_place_program(c, fd) : client_place(c, 0, fd);
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
    err_t err = place(r->client, flags, &fd);
    if (err != OK)
        return err;
    client_set(r->client, fd, file_hold(f), flags & O_CLOEXEC);
    r->m.w[1] = fd;
    return OK;
}

err_t vnode_truncate(struct vnode *v, uint64_t size)
{
    return v->mapped ? mapped_truncate(v, size) : v->ops->truncate(v, size);
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
    if (err == OK && !made && is_descriptor(w->node))
        return open_again(r, (unsigned)(w->node->rdev - (w->node->rdev < RDEV_FD ? RDEV_OPEN : RDEV_FD)), flags);
    if (err == OK)
        err = place(c, flags, &fd);
    if (err != OK)
        return err;
    err = file_new(FILE_CONSOLE, flags, &f); /* it has no vnode yet, as that kind */
    r->making = f;
    if (err == OK && made)
        err = open_create(r, w, flags);
    if (err == OK && (flags & FS_O_NAMELESS))
        err = open_nameless(r, w, flags);
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
    if (!(vnode_is(v, S_IFCHR) && v->rdev == RDEV_CONSOLE))
        file_enter(f, v);
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
    if ((flags & FS_O_PROGRAM) && (flags & ~(uint64_t)(FS_O_PROGRAM | O_CLOEXEC)) != O_RDONLY)
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
