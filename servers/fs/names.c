/* SPDX-License-Identifier: MIT
 * Names that come, go and move. Each request walks first, checks all there is to check, and then asks the file system for one change.
 */
#include "fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

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

/* What gets one more name: by its path, or an open file, also one that has no name yet. */
static err_t link_from(struct request *r, struct walk *from)
{
    if (!(r->ev->w[1] & FS_OPENED))
        return path_walk(r, 0, r->ev->w[1] & FS_FOLLOW ? 0 : WALK_NOFOLLOW, from);
    struct file *f = client_file(r->client, r->ev->w[2]);
    if (!f)
        return FS_ERR_BADF;
    if (f->kind != FILE_VNODE || (f->vnode->links == 0 && !f->vnode->nameless))
        return ERR_NOENT;
    *from = (struct walk){.node = vnode_hold(f->vnode)};
    return OK;
}

err_t do_LINK(struct request *r)
{
    struct walk from, to;
    err_t err = link_from(r, &from);
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
        struct vnode *up = depth < CLIMB_MAX ? dir_parent(here, &err) : 0;
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
