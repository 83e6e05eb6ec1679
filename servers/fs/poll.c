/* SPDX-License-Identifier: MIT
 * Which descriptors are ready. A poll that finds none is tried again whenever a pipe changes, and at its deadline.
 */
#include "fs.h"

#include <ipc/console.h>

#define ASKED (FS_POLLIN | FS_POLLPRI | FS_POLLOUT)

/* The console answers at once and waits for nobody. When it has nothing it tells when that changes. */
static int console_ready(void)
{
    struct ipc_msg m = {.w = {CONSOLE_READY}};
    return ipc_call(H_CONSOLE, &m) == OK && m.w[2] ? FS_POLLIN : 0; /* if it died it tells when it is back */
}

static err_t look(const struct client *c, struct fs_poll *p)
{
    struct file *f = p->fd >= 0 ? client_file(c, (uint64_t)p->fd) : 0;
    p->revents = 0;
    if (p->fd < 0)
        return OK;
    if (!f) {
        p->revents = FS_POLLNVAL;
        return OK;
    }
    int ready = FS_POLLIN | FS_POLLOUT; /* files always are */
    if (f->kind == FILE_CONSOLE) {
        ready = FS_POLLOUT | (p->events & FS_POLLIN ? console_ready() : 0);
    } else if (f->kind != FILE_VNODE) {
        ready = pipe_ready(f);
    }
    p->revents = (int16_t)(ready & (p->events | ~ASKED));
    return OK;
}

/* Look at them all; `tell`: into the client's buffer, too. */
static err_t pass(struct request *r, uint64_t n, uint64_t *ready, enum vnode_access tell)
{
    static struct fs_poll piece[POLL_PIECE];
    *ready = 0;
    for (uint64_t first = 0; first < n; first += POLL_PIECE) { /* bound: FS_POLL_MAX */
        uint64_t count = n - first < POLL_PIECE ? n - first : POLL_PIECE, got;
        err_t err = copy_from(r, 0, first * sizeof *piece, piece, count * sizeof *piece, &got);
        for (uint64_t i = 0; i < count && err == OK; i++) {
            err = look(r->client, &piece[i]);
            *ready += err == OK && piece[i].revents != 0;
        }
        if (err == OK && tell == VNODE_WRITE)
            err = copy_to(r, 0, first * sizeof *piece, piece, count * sizeof *piece, &got);
        if (err != OK)
            return err;
    }
    return OK;
}

err_t do_POLL(struct request *r)
{
    uint64_t n = r->ev->w[1], ready;
    if (n > FS_POLL_MAX)
        return ERR_INVAL;
    if (n > 0 && (!buffer_is(r, 0, BUF_R | BUF_W) || buffer_len(r, 0) < n * sizeof(struct fs_poll)))
        return ERR_INVAL;
    err_t err = pass(r, n, &ready, VNODE_READ);
    if (err != OK)
        return err;
    r->deadline = r->ev->w[2];
    if (ready == 0 && sys_time() < r->deadline)
        return LATER_POLL;
    r->m.w[1] = ready;
    return pass(r, n, &ready, VNODE_WRITE);
}
