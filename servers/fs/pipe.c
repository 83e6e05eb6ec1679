/* SPDX-License-Identifier: MIT
 * Pipes: a ring of one page with two ends. A write of up to FS_PIPE_BUF bytes goes in whole or waits: its bytes are copied
 * into the free part first and count only when all are there; meanwhile the writer keeps its turn, so nobody writes there.
 */
#include "pipe.h"

#include <fcntl.h>

static struct slab pipes = {.bytes = sizeof(struct pipe)};

uint64_t pipes_used(void) { return pipes.used; }
uint64_t pipe_fill(const struct file *f) { return f->pipe->fill; }

/* Ready to be written: whatever is never torn fits. */
int pipe_ready(const struct file *f)
{
    const struct pipe *p = f->pipe;
    if (f->kind == FILE_PIPE_READ)
        return (p->fill > 0 ? FS_POLLIN : 0) | (p->writers == 0 ? FS_POLLHUP : 0);
    if (p->readers == 0)
        return FS_POLLERR;
    return RING_BYTES - p->fill >= FS_PIPE_BUF ? FS_POLLOUT : 0;
}

static bool is_reader(const struct file *f) { return f->kind == FILE_PIPE_READ; }

bool pipe_has_readers(const struct pipe *p) { return p->readers > 0; }
bool pipe_has_other(const struct file *f) { return (is_reader(f) ? f->pipe->writers : f->pipe->readers) > 0; }
uint64_t pipe_opened_other(const struct file *f) { return f->pipe->opened[is_reader(f)]; }
struct wait_queue *pipe_opens(const struct file *f) { return &f->pipe->opens[!is_reader(f)]; }
struct vnode *pipe_vnode(const struct file *f) { return f->pipe->fifo; }

void pipe_end_open(const struct file *f)
{
    struct pipe *p = f->pipe;
    ++*(is_reader(f) ? &p->readers : &p->writers);
    p->opened[!is_reader(f)]++;
    request_wake(&p->opens[is_reader(f)]);
}

err_t pipe_new_fifo(struct vnode *v)
{
    err_t err = pipe_new(&v->fifo);
    if (err != OK)
        return err;
    v->fifo->readers = v->fifo->writers = 0;
    v->fifo->fifo = vnode_hold(v);
    return OK;
}

err_t pipe_new(struct pipe **out)
{
    struct pipe *p = slab_new(&pipes);
    if (!p)
        return ERR_NOMEM;
    p->ring = page_new();
    if (!p->ring) {
        slab_free(&pipes, p);
        return ERR_NOMEM;
    }
    p->readers = p->writers = 1;
    *out = p;
    return OK;
}

void pipe_end_drop(struct pipe *p, enum file_kind kind)
{
    uint32_t *ends = kind == FILE_PIPE_READ ? &p->readers : &p->writers;
    if (--*ends > 0)
        return;
    request_wake(kind == FILE_PIPE_READ ? &p->writes : &p->reads); /* EPIPE; end of file */
    if (p->readers > 0 || p->writers > 0)
        return;
    struct vnode *v = p->fifo;
    page_free(p->ring);
    slab_free(&pipes, p);
    if (v) {
        v->fifo = 0;
        vnode_drop(v);
    }
}

/* Waits in q, or may not. Somebody may be waiting there already. */
static err_t wait_for(struct request *r, struct file *f, struct wait_queue *q)
{
    if (f->flags & O_NONBLOCK)
        return ERR_AGAIN;
    r->file = f;
    r->wait_on = q;
    return LATER_PIPE;
}

static bool is_turn(const struct request *r, const struct wait_queue *q) { return r->self || !q->first; }

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* One copy out of the ring, up to its end. */
static err_t take(struct request *r, struct pipe *p, uint64_t want)
{
    uint64_t n = least(least(want, p->fill), RING_BYTES - p->head), got;
    err_t err = copy_to(r, 0, r->done, p->ring + p->head, n, &got);
    p->head = (uint32_t)((p->head + got) % RING_BYTES);
    p->fill -= (uint32_t)got;
    r->done += got;
    return err;
}

err_t pipe_read(struct request *r, struct file *f)
{
    struct pipe *p = f->pipe;
    uint64_t len = r->ev->w[0] == FS_READ_SHORT ? r->ev->w[2] : buffer_len(r, 0), before = r->done;
    if (len == 0)
        return OK;
    if (r->self && r->ev->w[0] == FS_READ_SHORT && !sys_reply_alive(r->ev->id))
        return ERR_STALE; /* its bytes would go with a message that nobody gets */
    if (!is_turn(r, &p->reads) || (p->fill == 0 && p->writers > 0 && r->done == 0))
        return wait_for(r, f, &p->reads);
    err_t err = OK;
    while (err == OK && p->fill > 0 && r->done < len) /* bound: two turns, the ring's end lies between */
        err = take(r, p, len - r->done);
    if (r->done > before)
        request_wake(&p->writes);
    if (err == LATER_COPY) {
        r->file = f;
        r->wait_on = &p->reads;
        return err;
    }
    r->m.w[1] = r->done;
    return r->done > 0 ? OK : err;
}

/* One copy into the free part, `ahead` bytes behind what counts. */
static err_t put(struct request *r, struct pipe *p, uint64_t ahead, uint64_t want, uint64_t *got)
{
    uint64_t at = (p->head + p->fill + ahead) % RING_BYTES;
    return copy_from(r, 0, r->done, p->ring + at, least(want, RING_BYTES - at), got);
}

static err_t write_whole(struct request *r, struct pipe *p, uint64_t len)
{
    err_t err = OK;
    while (err == OK && r->done < len) { /* bound: two turns */
        uint64_t got;
        err = put(r, p, r->done, len - r->done, &got);
        r->done += got;
    }
    if (err == OK)
        p->fill += (uint32_t)len;
    return err;
}

static err_t write_pieces(struct request *r, struct pipe *p, uint64_t len)
{
    err_t err = OK;
    while (err == OK && r->done < len && p->fill < RING_BYTES) { /* bound: two turns */
        uint64_t got;
        err = put(r, p, 0, least(len - r->done, RING_BYTES - p->fill), &got);
        p->fill += (uint32_t)got;
        r->done += got;
    }
    return err;
}

err_t pipe_write(struct request *r, struct file *f)
{
    struct pipe *p = f->pipe;
    uint64_t len = r->ev->w[0] == FS_WRITE_SHORT ? r->ev->w[2] : buffer_len(r, 0);
    bool whole = len <= FS_PIPE_BUF;
    r->m.w[1] = whole ? len : r->done;
    if (len == 0)
        return OK;
    if (p->readers == 0)
        return whole || r->done == 0 ? FS_ERR_PIPE : OK;
#ifndef MUTANT_FS_TORN_WRITE
    uint64_t need = whole ? len : 1;
#else
    whole = false;
    uint64_t need = 1;
#endif
    if (!is_turn(r, &p->writes) || RING_BYTES - p->fill < need)
        return wait_for(r, f, &p->writes);
    uint32_t before = p->fill;
    err_t err = whole ? write_whole(r, p, len) : write_pieces(r, p, len);
    if (p->fill != before)
        request_wake(&p->reads);
    if (err == LATER_COPY) {
        r->file = f;
        r->wait_on = &p->writes;
        return err;
    }
    if (whole)
        return err;
    r->m.w[1] = r->done;
    if (err != OK || r->done == len)
        return r->done > 0 ? OK : err;
    return f->flags & O_NONBLOCK ? OK : wait_for(r, f, &p->writes);
}
