/* SPDX-License-Identifier: MIT
 * Named pipes. The first one who opens a FIFO makes its pipe, which goes with the last one. Opening an end waits for somebody to
 * open the other; what it has opened is counted from the start, so that two who wait for each other meet. A request that waits
 * has its description, which nobody else has.
 */
#include "fs.h"

#include <fcntl.h>

/* Whether the other end was opened since f was, even if it is closed again. f->position: how often it had been then. */
static bool has_met(const struct file *f) { return pipe_opened_other(f) != f->position || pipe_has_other(f); }

static err_t attach(struct vnode *v, struct file *f, enum file_kind kind)
{
    err_t err = v->fifo ? OK : pipe_new_fifo(v);
    if (err != OK)
        return err;
    f->pipe = v->fifo;
    f->kind = (uint8_t)kind;
    pipe_end_open(f);
    f->position = pipe_opened_other(f);
    return OK;
}

/* A description of the FIFO: *out. It is not there yet when the request has to wait. */
static err_t meet(struct request *r, struct file *f, struct file **out)
{
    if (has_met(f) || (f->flags & O_NONBLOCK)) {
        *out = f;
        return OK;
    }
    r->file = r->making = f;
    r->wait_on = pipe_opens(f);
    return LATER_PIPE;
}

err_t fifo_open(struct request *r, struct vnode *v, uint32_t flags, struct file **out)
{
    enum file_kind kind = (flags & O_ACCMODE) == O_WRONLY ? FILE_PIPE_WRITE : FILE_PIPE_READ;
    struct file *f;
    if ((flags & O_ACCMODE) == O_RDWR)
        return ERR_INVAL; /* POSIX leaves it open */
    if (kind == FILE_PIPE_WRITE && (flags & O_NONBLOCK) && !(v->fifo && pipe_has_readers(v->fifo)))
        return FS_ERR_NXIO;
    err_t err = file_new(FILE_CONSOLE, flags, &f);
    if (err != OK)
        return err;
    err = attach(v, f, kind);
    if (err != OK) {
        file_drop(f);
        return err;
    }
    return meet(r, f, out);
}

/* The same request again: its description is r->file. */
err_t fifo_open_on(struct request *r, struct file **out)
{
    err_t err = meet(r, r->file, out);
    r->making = 0; /* the request has it already */
    if (err == OK)
        file_hold(r->file);
    return err;
}
