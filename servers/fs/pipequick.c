/* SPDX-License-Identifier: MIT
 * A few bytes through a pipe, the way that processes take turns by: a short write goes straight into the answer of the reader that
 * waits, and a short read that finds nothing is set aside. Both are done in the registers that they came in, between one receive
 * and the next, and leave nothing to do behind. Nothing here is a rule of its own: whatever is not exactly one of these cases is
 * pipe.c's, which would do the same in these.
 */
#include "pipe.h"
#include "waiting.h"

#include <fcntl.h>
#include <ipc/regs.h>

/* Of a reader that was answered, for the next one: a record as it has to be but for who asks, and for the lists. */
static struct waiting *spare;

uint64_t requests_waiting(void) { return waiting_slab.used - (spare != 0); }

/* The caller's descriptor, if it is such an end of a pipe. */
static inline struct file *find(const struct ipc_regs *x, enum file_kind kind)
{
    const struct client *c = client_of(x->t3);
    struct file *f = c ? client_file(c, x->w[1]) : 0;
    return f && f->kind == kind ? f : 0;
}

/* w is first and last in its queue, and nobody has woken it: nothing follows from its end. */
static inline void end(struct waiting *w)
{
    w->queue->first = w->queue->last = 0;
    *(w->before ? &w->before->next : &waiting_all) = w->next;
    if (w->next)
        w->next->before = w->before;
    w->file->uses--; /* not the last one */
    if (spare)
        slab_free(&waiting_slab, w);
    else
        spare = w;
}

/* Who waits for these bytes and is the only one: a READ_SHORT that they fit into, and nothing before them in the pipe. */
static inline struct waiting *taker(const struct pipe *p, uint64_t len)
{
    struct waiting *w = p->reads.first;
    if (!w || p->fill > 0 || len - 1 >= FS_WRITE_SHORT_MAX)
        return 0;
    return w->q_next || w->flags || w->file->uses == 1 || w->ev.w[0] != FS_READ_SHORT || w->ev.w[2] < len ? 0 : w;
}

/* WRITE_SHORT: the words of the request become those of the reader's answer, which will do for the writer's as well: its own bytes. */
static inline bool write_quick(struct ipc_regs *x)
{
    const struct file *f = find(x, FILE_PIPE_WRITE);
    struct waiting *w = f ? taker(f->pipe, x->w[2]) : 0;
    if (!w)
        return false;
    struct ipc_regs y = {.w = {OK, x->w[2], x->w[3], x->w[4], x->w[5], x->w[6], x->w[7]}};
    reply_id_t id = w->ev.id;
    end(w);
    if (ipc_reply_bare(0, id, &y) != OK)
        return false; /* it is gone: its cancel event is on the way. The bytes are another's */
    y.t2 = x->t2;
    *x = y;
    return true;
}

static __attribute__((noinline)) struct waiting *spare_new(void)
{
    struct waiting *w = slab_new(&waiting_slab);
    if (w) {
        w->ev.kind = MSG_CALL;
        w->ev.w[0] = FS_READ_SHORT;
    }
    return w;
}

/* READ_SHORT from an empty pipe with writers, at which nobody waits: it is set aside. */
static inline bool read_quick(const struct ipc_regs *x)
{
    struct file *f = find(x, FILE_PIPE_READ);
    if (!f || f->pipe->fill > 0 || f->pipe->writers == 0 || (f->flags & O_NONBLOCK) || x->w[2] - 1 >= FS_READ_SHORT_MAX)
        return false;
    struct pipe *p = f->pipe;
    if (p->reads.first || p->writes.first)
        return false;
    struct waiting *w = spare ? spare : spare_new();
    if (!w)
        return false;
    spare = 0;
    w->ev.w[1] = x->w[1];
    w->ev.w[2] = x->w[2];
    w->ev.id = x->t2;
    w->ev.badge = x->t3;
    w->file = file_hold(f);
    w->queue = &p->reads;
    p->reads.first = p->reads.last = w;
    w->before = 0;
    w->next = waiting_all;
    if (w->next)
        w->next->before = w;
    waiting_all = w;
    return true;
}

static long first(reply_id_t id, const struct ipc_msg *reply, struct ipc_regs *x)
{
    if (!id)
        return ipc_recv_bare(SERVER_H_ENDPOINT, x);
    ipc_words_in(x, reply->w);
    return ipc_reply_bare(SERVER_H_ENDPOINT, id, x);
}

/* By itself, so that the words of a request have registers of their own. */
__attribute__((noinline)) void pipes_receive(reply_id_t id, const struct ipc_msg *reply, struct ipc_event *ev)
{
    struct ipc_regs x;
    long kind = first(id, reply, &x);
    while (kind == MSG_CALL) { /* forever: until there is something else */
        if (x.w[0] == FS_WRITE_SHORT && write_quick(&x))
            kind = ipc_reply_bare(SERVER_H_ENDPOINT, x.t2, &x);
        else if (x.w[0] == FS_READ_SHORT && read_quick(&x))
            kind = ipc_recv_bare(SERVER_H_ENDPOINT, &x);
        else
            break;
    }
    (void)ipc_event_out(ev, kind, &x);
}
