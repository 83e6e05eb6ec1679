/* SPDX-License-Identifier: MIT
 * A few bytes through a pipe, the way that processes take turns by: a short write goes straight into the message of the reader that
 * waits, and a short read that finds nothing is set aside. Nothing here is a rule of its own: whatever is not exactly one of these
 * cases is pipe.c's, which would do the same in these.
 */
#include "pipe.h"

#include <fcntl.h>

static struct file *find(const struct ipc_event *ev, enum file_kind kind)
{
    const struct client *c = BADGE_CLASS(ev->badge) == BADGE_CLIENT ? client_find(BADGE_ID(ev->badge)) : 0;
    struct file *f = c ? client_file(c, ev->w[1]) : 0;
    return f && f->kind == kind ? f : 0;
}

static enum quick write_quick(const struct ipc_event *ev, struct ipc_msg *reply)
{
    struct file *f = find(ev, FILE_PIPE_WRITE);
    if (!f || ev->w[2] - 1 >= FS_WRITE_SHORT_MAX || f->pipe->fill > 0 || !request_hand_over(&f->pipe->reads, &ev->w[2]))
        return QUICK_NO;
    reply->w[0] = OK;
    reply->w[1] = ev->w[2];
    return QUICK_ANSWER;
}

static enum quick read_quick(const struct ipc_event *ev)
{
    struct file *f = find(ev, FILE_PIPE_READ);
    if (!f || ev->w[2] - 1 >= FS_READ_SHORT_MAX)
        return QUICK_NO;
    struct pipe *p = f->pipe;
    if (p->fill > 0 || p->writers == 0 || p->reads.first || p->writes.first || (f->flags & O_NONBLOCK))
        return QUICK_NO;
    return request_park_short(ev, f, &p->reads) ? QUICK_PARKED : QUICK_NO;
}

enum quick pipe_quick(const struct ipc_event *ev, struct ipc_msg *reply)
{
    switch (ev->w[0]) {
    case FS_WRITE_SHORT: return write_quick(ev, reply);
    case FS_READ_SHORT: return read_quick(ev);
    default: return QUICK_NO;
    }
}
