/* SPDX-License-Identifier: MIT
 * Where a file's bytes are and where there are none: positions, and room that is made ahead of time. What goes through a large file
 * does so in pieces, between which others are served.
 */
#include "fs.h"
#include "mapped.h"

#include <string.h>
#include <unistd.h>

#define OFFSET_MAX ((uint64_t)INT64_MAX)
#define EXTENTS_PER_TURN 1024u

static err_t extent_at(struct vnode *v, uint64_t at, enum vnode_extent *what, uint64_t *len)
{
    *what = VNODE_DATA;
    *len = v->size - at;
    err_t err = v->ops->extent ? v->ops->extent(v, at, what, len) : OK;
    if (err == OK && v->mapped)
        mapped_extent(v, at, what, len);
    return err;
}

/* The first byte of that kind at or after `from`, which is before the end. Behind the last byte is a hole. */
static err_t find(struct request *r, struct vnode *v, enum vnode_extent wanted, uint64_t *to)
{
    uint64_t from = r->ev->w[2];
    enum vnode_extent what;
    if (!vnode_is(v, S_IFREG))
        return ERR_INVAL;
    if (from >= v->size)
        return FS_ERR_NXIO;
    for (unsigned i = 0; i < EXTENTS_PER_TURN; i++) {
        uint64_t len;
        *to = from + r->done;
        if (*to >= v->size) {
            *to = v->size;
            return wanted == VNODE_HOLE ? OK : FS_ERR_NXIO;
        }
        err_t err = extent_at(v, *to, &what, &len);
        if (err != OK || what == wanted)
            return err;
        r->done += len;
    }
    return LATER_TURN;
}

static err_t move(uint64_t base, int64_t by, uint64_t *to)
{
    if (by > 0 && base > OFFSET_MAX - (uint64_t)by)
        return FS_ERR_OVERFLOW;
    if (by < 0 && base < 0 - (uint64_t)by)
        return ERR_INVAL;
    *to = base + (uint64_t)by;
    return OK;
}

static err_t target(struct request *r, const struct file *f, uint64_t *to)
{
    int64_t by = (int64_t)r->ev->w[2];
    switch (r->ev->w[3]) {
    case SEEK_SET: return move(0, by, to);
    case SEEK_CUR: return move(f->position, by, to);
    case SEEK_END: return is_dir(f->vnode) ? ERR_INVAL : move(f->vnode->size, by, to); /* positions in a directory are cookies */
    case FS_SEEK_DATA: return find(r, f->vnode, VNODE_DATA, to);
    case FS_SEEK_HOLE: return find(r, f->vnode, VNODE_HOLE, to);
    default: return ERR_INVAL;
    }
}

err_t do_LSEEK(struct request *r)
{
    struct file *f = request_file(r, r->ev->w[1]);
    uint64_t to;
    if (!f || f->kind != FILE_VNODE)
        return f ? FS_ERR_SPIPE : FS_ERR_BADF;
    if (file_is_moving(r, f))
        return file_wait_turn(r, f, LATER_PIPE);
    err_t err = target(r, f, &to);
    if (err > OK)
        return file_wait_turn(r, f, err);
    if (err != OK)
        return err;
    f->position = to;
    r->m.w[1] = to;
    return OK;
}

/* ---- room ahead of time ---- */

/* So many bytes from `here` on have a place already: nobody needs to look at them. */
static err_t has_room(struct vnode *v, uint64_t here, uint64_t *len)
{
    enum vnode_extent what = VNODE_DATA;
    uint64_t rest = here < v->size ? v->size - here : 0;
    *len = rest;
    err_t err = rest > 0 && v->ops->extent ? v->ops->extent(v, here, &what, len) : OK;
    *len = what == VNODE_HOLE ? 0 : *len < rest ? *len : rest;
    return err;
}

/* A block that is there keeps what is in it; what lies behind the end becomes zeros. */
static void fill(struct vnode *v, uint64_t here, char *at, uint64_t len)
{
    uint64_t old = here >= v->size ? 0 : v->size - here < len ? v->size - here : len;
    memset(at + old, 0, len - old);
    if (old < len && v->mapped) {
        mapped_grows(v, here + old);
        mapped_wrote(v, here + old, at + old, len - old);
    }
    v->ops->wrote(v, here, len);
}

static err_t allocate(struct request *r, struct vnode *v, uint64_t want)
{
    uint64_t stop = r->done + PIECE_BYTES;
    while (r->done < want) { /* bound: PIECE_BYTES, at least a byte a turn */
        void *at;
        uint64_t n, here = r->ev->w[2] + r->done;
        if (r->done >= stop)
            return LATER_TURN;
        err_t err = has_room(v, here, &n);
        bool has = n > 0;
        if (err == OK && !has)
            err = v->ops->bytes(v, here, VNODE_WRITE, &at, &n);
        if (err != OK)
            return err;
        n = n < want - r->done ? n : want - r->done;
        if (!has)
            fill(v, here, at, n);
        r->done += n;
    }
    return OK;
}

/* The room that was found before there was no more stays the file's. */
err_t do_ALLOCATE(struct request *r)
{
    uint64_t offset = r->ev->w[2], len = r->ev->w[3];
    struct file *f = request_file(r, r->ev->w[1]);
    if (!f || !f->writable)
        return FS_ERR_BADF;
    if (f->kind != FILE_VNODE || !vnode_is(f->vnode, S_IFREG))
        return f->kind == FILE_PIPE_WRITE ? FS_ERR_SPIPE : FS_ERR_NODEV;
    if (offset > OFFSET_MAX || len == 0 || len > OFFSET_MAX)
        return ERR_INVAL;
    if (len > OFFSET_MAX - offset)
        return FS_ERR_FBIG;
    err_t err = allocate(r, f->vnode, len);
    if (err > OK)
        r->file = f;
    return err;
}
