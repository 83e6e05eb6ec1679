/* SPDX-License-Identifier: MIT
 * Open descriptions, and the requests that name a descriptor. A description is what dup, fork and spawn share: its position
 * is one for all of them. It ends with its last descriptor, or with the last request that waits on it.
 */
#include "disk.h"
#include "fs.h"
#include "job.h"
#include "mapped.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/types.h>

#define FLAGS_KEPT (O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC)
#define FLAGS_SETTABLE (O_APPEND | O_NONBLOCK)
#define OFFSET_MAX ((uint64_t)INT64_MAX)

static struct slab files = {.bytes = sizeof(struct file)};

uint64_t files_used(void) { return files.used; }

err_t file_new(enum file_kind kind, uint32_t flags, struct file **out)
{
    struct file *f = files.used < FILES_MAX ? slab_new(&files) : 0;
    if (!f)
        return files.used < FILES_MAX ? ERR_NOMEM : FS_ERR_NFILE;
    f->kind = (uint8_t)kind;
    f->uses = 1;
    f->flags = flags & FLAGS_KEPT;
    f->readable = (flags & O_ACCMODE) != O_WRONLY;
    f->writable = (flags & O_ACCMODE) != O_RDONLY;
    *out = f;
    return OK;
}

void file_enter(struct file *f, struct vnode *v)
{
    f->kind = FILE_VNODE;
    f->vnode = vnode_hold(v);
    v->writers += f->writable;
}

static void file_leave(struct file *f)
{
    f->vnode->writers -= f->writable;
    vnode_drop(f->vnode);
}

void file_drop(struct file *f)
{
    if (--f->uses > 0)
        return;
    locks_file_ends(f);
    if (f->kind == FILE_VNODE)
        file_leave(f);
    else if (f->kind == FILE_PIPE_READ || f->kind == FILE_PIPE_WRITE)
        pipe_end_drop(f->pipe, f->kind);
    slab_free(&files, f);
}

static uint64_t check_wrong;
static struct file *check_one;

static void zero(struct file *f) { f->seen = 0; }
static void count(struct file *f) { f->seen++; }
static void compare(struct file *f)
{
    if (f->seen == f->uses)
        return;
    check_wrong++;
    check_one = f;
}

/* A description with neither descriptor nor request can't be met here; there would be too many of them in use. */
static uint64_t check_found;
static void find(struct file *f)
{
    check_found += f->seen > 0;
    f->seen = 0;
}

uint64_t files_check(uint64_t *which)
{
    static void (*const pass[])(struct file *) = {zero, count, compare, find};
    check_wrong = check_found = 0;
    for (unsigned i = 0; i < sizeof pass / sizeof pass[0]; i++) {
        clients_each(pass[i]);
        requests_each(pass[i]);
    }
    *which = check_wrong ? check_one->kind : check_found;
    return check_wrong + (check_found != files.used);
}

/* ---- bytes of a file ---- */

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* [offset + r->done, end) of v, a piece of it. */
static err_t read_piece(struct request *r, struct vnode *v, uint64_t offset, uint64_t want)
{
    uint64_t stop = r->done + PIECE_BYTES;
    while (r->done < want) { /* bound: PIECE_BYTES, at least a byte a turn */
        void *at;
        uint64_t n, got;
        if (r->done >= stop)
            return LATER_TURN;
        err_t err = v->ops->bytes(v, offset + r->done, VNODE_READ, &at, &n);
        if (err == OK && v->mapped)
            mapped_read(v, offset + r->done, &at, &n);
        if (err == OK)
            err = copy_to(r, 0, r->done, at, least(n, want - r->done), &got);
        else
            got = 0;
        r->done += got;
        if (err != OK)
            return err;
    }
    return OK;
}

static err_t write_piece(struct request *r, struct vnode *v, uint64_t offset, uint64_t want)
{
    uint64_t stop = r->done + PIECE_BYTES;
    while (r->done < want) { /* bound: PIECE_BYTES, at least a byte a turn */
        void *at;
        uint64_t n, got, here = offset + r->done;
        if (r->done >= stop)
            return LATER_TURN;
        if (here >= OFFSET_MAX)
            return FS_ERR_FBIG;
        err_t err = v->ops->bytes(v, here, VNODE_WRITE, &at, &n);
        if (err != OK)
            return err;
        err = copy_from(r, 0, r->done, at, least(n, want - r->done), &got);
        if (got > 0 && v->mapped) {
            mapped_grows(v, here);
            mapped_wrote(v, here, at, got);
        }
        if (got > 0)
            v->ops->wrote(v, here, got);
        r->done += got;
        if (err != OK)
            return err;
    }
    return OK;
}

/* Whether another request has begun to use f's position and is not done. */
bool file_is_moving(const struct request *r, const struct file *f) { return f->moving.first && !r->self; }

err_t file_wait_turn(struct request *r, struct file *f, err_t why)
{
    r->file = f;
    r->wait_on = &f->moving;
    return why;
}

/* What was done counts; what stopped it is for the next call to find. */
static err_t bytes_done(struct request *r, struct file *f, err_t err, bool moves)
{
    if (err > OK && moves)
        return file_wait_turn(r, f, err);
    if (err > OK) {
        r->file = f;
        return err;
    }
    r->m.w[1] = r->done;
    return r->done > 0 ? OK : err;
}

static uint64_t request_len(const struct request *r)
{
    uint64_t op = r->ev->w[0];
    return op == FS_READ_SHORT || op == FS_WRITE_SHORT ? r->ev->w[2] : buffer_len(r, 0);
}

err_t file_read(struct request *r, struct file *f, uint64_t offset, bool moves)
{
    struct vnode *v = f->vnode;
    if (vnode_is(v, S_IFDIR))
        return FS_ERR_ISDIR;
    if (moves && file_is_moving(r, f))
        return file_wait_turn(r, f, LATER_PIPE);
    err_t err = v->ops->make && r->done == 0 ? v->ops->make(v, offset) : OK;
    if (err != OK)
        return bytes_done(r, f, err, moves);
    if (vnode_is(v, S_IFCHR))
        err = dev_read(r, v->rdev, offset);
    else if (offset < v->size)
        err = read_piece(r, v, offset, least(request_len(r), v->size - offset));
    if (moves && err <= OK)
        f->position = offset + r->done;
    return bytes_done(r, f, err, moves);
}

err_t file_write(struct request *r, struct file *f, uint64_t offset, bool moves)
{
    struct vnode *v = f->vnode;
    if (vnode_is(v, S_IFCHR))
        return bytes_done(r, f, dev_write(r, v->rdev), false);
    if (moves && file_is_moving(r, f))
        return file_wait_turn(r, f, LATER_PIPE);
    if (moves && (f->flags & O_APPEND))
        offset = v->size - r->done;
    err_t err = write_piece(r, v, offset, request_len(r));
    if (moves && err <= OK)
        f->position = offset + r->done;
    if (err <= OK && r->done > 0 && (f->flags & O_SYNC)) {
        err_t stored = vnode_sync(v); /* of a file on the disk in a job, by now */
        if (stored != OK)
            return stored;
    }
    return bytes_done(r, f, err, moves);
}

/* ---- requests ---- */

struct file *request_file(struct request *r, uint64_t fd)
{
    if (!r->file)
        r->file = client_file(r->client, fd);
    return r->file;
}

static err_t named(struct request *r, uint64_t fd, struct file **out)
{
    *out = request_file(r, fd);
    return *out ? OK : FS_ERR_BADF;
}

static err_t reader(struct request *r, struct file **out)
{
    err_t err = named(r, r->ev->w[1], out);
    if (err != OK || !(*out)->readable)
        return FS_ERR_BADF;
    if ((*out)->kind == FILE_CONSOLE)
        return FS_ERR_CONSOLE;
    return r->ev->w[0] == FS_READ_SHORT || buffer_is(r, 0, BUF_W) ? OK : ERR_INVAL;
}

static err_t writer(struct request *r, struct file **out)
{
    err_t err = named(r, r->ev->w[1], out);
    if (err != OK || !(*out)->writable)
        return FS_ERR_BADF;
    if ((*out)->kind == FILE_CONSOLE)
        return FS_ERR_CONSOLE;
    return r->ev->w[0] == FS_WRITE_SHORT || buffer_is(r, 0, BUF_R) ? OK : ERR_INVAL;
}

err_t do_READ(struct request *r)
{
    struct file *f;
    err_t err = reader(r, &f);
    if (err != OK)
        return err;
    return f->kind == FILE_PIPE_READ ? pipe_read(r, f) : file_read(r, f, f->position, true);
}

err_t do_WRITE(struct request *r)
{
    struct file *f;
    err_t err = writer(r, &f);
    if (err != OK)
        return err;
    return f->kind == FILE_PIPE_WRITE ? pipe_write(r, f) : file_write(r, f, f->position, true);
}

err_t do_READ_SHORT(struct request *r)
{
    return r->ev->w[2] - 1 < FS_READ_SHORT_MAX ? do_READ(r) : ERR_INVAL;
}

err_t do_WRITE_SHORT(struct request *r)
{
    return r->ev->w[2] - 1 < FS_WRITE_SHORT_MAX ? do_WRITE(r) : ERR_INVAL;
}

err_t do_PREAD(struct request *r)
{
    struct file *f;
    err_t err = reader(r, &f);
    if (err != OK)
        return err == FS_ERR_CONSOLE ? FS_ERR_SPIPE : err;
    if (f->kind != FILE_VNODE)
        return FS_ERR_SPIPE;
    return r->ev->w[2] <= OFFSET_MAX ? file_read(r, f, r->ev->w[2], false) : ERR_INVAL;
}

err_t do_PWRITE(struct request *r)
{
    struct file *f;
    err_t err = writer(r, &f);
    if (err != OK)
        return err == FS_ERR_CONSOLE ? FS_ERR_SPIPE : err;
    if (f->kind != FILE_VNODE)
        return FS_ERR_SPIPE;
    return r->ev->w[2] <= OFFSET_MAX ? file_write(r, f, r->ev->w[2], false) : ERR_INVAL;
}

err_t do_CLOSE(struct request *r)
{
    if (!client_file(r->client, r->ev->w[1]))
        return FS_ERR_BADF;
    file_drop(client_take(r->client, (unsigned)r->ev->w[1]));
    return OK;
}

err_t do_DUP(struct request *r)
{
    struct client *c = r->client;
    struct file *f = client_file(c, r->ev->w[1]), *old;
    bool exact = r->ev->w[3] & FS_DUP_EXACT;
    if (!f)
        return FS_ERR_BADF;
    if (r->ev->w[2] >= c->limit)
        return exact ? FS_ERR_BADF : ERR_INVAL;
    unsigned fd = (unsigned)r->ev->w[2], place;
    old = exact ? client_file(c, fd) : 0;
    r->m.w[1] = fd;
    if (exact && fd == r->ev->w[1])
        return OK;
    err_t err = old ? OK : client_place(c, fd, &place);
    if (err != OK)
        return err;
    if (exact && !old && place != fd) {
        client_unplace(c, place);
        return ERR_BUSY; /* somebody is opening something there */
    }
    if (!exact)
        fd = place;
    file_hold(f);
    if (old) {
        struct file **slot = &c->chunk[fd / CHUNK_FDS]->file[fd % CHUNK_FDS];
        locks_closed(old, c->pid);
        c->used--;
        *slot = 0;
        client_set(c, fd, f, r->ev->w[3] & FS_DUP_CLOEXEC);
        file_drop(old);
    } else {
        client_set(c, fd, f, r->ev->w[3] & FS_DUP_CLOEXEC);
    }
    r->m.w[1] = fd;
    return OK;
}

err_t do_FCNTL(struct request *r)
{
    struct client *c = r->client;
    struct file *f = client_file(c, r->ev->w[1]);
    unsigned fd = (unsigned)r->ev->w[1];
    if (!f)
        return FS_ERR_BADF;
    uint64_t bit = 1UL << fd % CHUNK_FDS, *cloexec = &c->cloexec[fd / CHUNK_FDS];
    switch (r->ev->w[2]) {
    case F_GETFD:
        r->m.w[1] = *cloexec & bit ? FD_CLOEXEC : 0;
        return OK;
    case F_SETFD:
        *cloexec = r->ev->w[3] & FD_CLOEXEC ? *cloexec | bit : *cloexec & ~bit;
        return OK;
    case F_GETFL:
        r->m.w[1] = f->flags;
        return OK;
    case F_SETFL:
        f->flags = (f->flags & ~(uint32_t)FLAGS_SETTABLE) | ((uint32_t)r->ev->w[3] & FLAGS_SETTABLE);
        return OK;
    default:
        return ERR_INVAL;
    }
}

static err_t pipe_open(uint32_t flags, struct file **in, struct file **out)
{
    struct pipe *p;
    err_t err = file_new(FILE_PIPE_READ, (flags & O_NONBLOCK) | O_RDONLY, in);
    if (err != OK)
        return err;
    err = file_new(FILE_PIPE_WRITE, (flags & O_NONBLOCK) | O_WRONLY, out);
    if (err == OK && (err = pipe_new(&p)) != OK)
        slab_free(&files, *out);
    if (err != OK)
        slab_free(&files, *in);
    else
        (*in)->pipe = (*out)->pipe = p;
    return err;
}

err_t do_PIPE(struct request *r)
{
    struct client *c = r->client;
    uint32_t flags = (uint32_t)r->ev->w[1];
    struct file *in, *out;
    unsigned from, to;
    if (r->ev->w[1] & ~(uint64_t)(O_CLOEXEC | O_NONBLOCK))
        return ERR_INVAL;
    err_t err = client_place(c, 0, &from);
    if (err != OK)
        return err;
    err = client_place(c, from + 1, &to);
    if (err == OK && (err = pipe_open(flags, &in, &out)) != OK)
        client_unplace(c, to);
    if (err != OK) {
        client_unplace(c, from);
        return err == ERR_INVAL ? FS_ERR_MFILE : err;
    }
    client_set(c, from, in, flags & O_CLOEXEC);
    client_set(c, to, out, flags & O_CLOEXEC);
    r->m.w[1] = from;
    r->m.w[2] = to;
    return OK;
}
