/* SPDX-License-Identifier: MIT
 * Files that are started: procmgr asks for their headers and for regions of them; here is known what a descriptor means and
 * which file may be executed. The file is kept for the process that starts it, so that what was looked at is what runs.
 */
#include "fs.h"
#include "job.h"
#include "mapped.h"

#include <ipc/pager.h>
#include <string.h>

#define MAY_EXECUTE (S_IXUSR | S_IXGRP | S_IXOTH)

/* w[1] pid, w[2] its descriptor */
err_t do_PROC_PROGRAM(struct request *r)
{
    struct client *c = client_find(r->ev->w[1]);
    struct file *f = c ? client_file(c, r->ev->w[2]) : 0;
    if (!f)
        return FS_ERR_BADF;
    if (f->kind != FILE_VNODE || !vnode_is(f->vnode, S_IFREG) || !f->readable || !(f->vnode->mode & MAY_EXECUTE))
        return FS_ERR_ACCES;
    if (f->vnode->writers > 0)
        return FS_ERR_TXTBSY;
    struct vnode *before = c->program;
    c->program = vnode_hold(f->vnode);
    vnode_drop(before);
    r->m.w[1] = f->vnode->size;
    return OK;
}

static err_t read_program(struct request *r, struct vnode *v, uint64_t offset)
{
    uint64_t n;
    void *at;
    r->m.w[1] = v->size << 8;
    if (offset >= v->size)
        return OK;
    err_t err = v->ops->bytes(v, offset, VNODE_READ, &at, &n);
    if (err != OK)
        return err;
    if (v->mapped)
        mapped_read(v, offset, &at, &n);
    n = n < v->size - offset ? n : v->size - offset;
    n = n < FS_READ_SHORT_MAX ? n : FS_READ_SHORT_MAX;
    memcpy(&r->m.w[2], at, n);
    r->m.w[1] |= n;
    return OK;
}

/* w[1] pid, w[2] offset. While it waits for the disk the process may end, and with it its use of the file. */
err_t do_PROC_READ(struct request *r)
{
    struct client *c = client_find(r->ev->w[1]);
    if (!c || !c->program)
        return ERR_NOENT;
    struct vnode *v = vnode_hold(c->program);
    err_t err = read_program(r, v, r->ev->w[2]);
    vnode_drop(v);
    return err;
}

/* w[1] pid, w[2] start, w[3] end, w[4] PROT_*, w[5] offset, w[6] bytes from the file, 0: all */
err_t do_PROC_MAP(struct request *r)
{
    const uint64_t *w = r->ev->w;
    struct client *c = client_find(w[1]);
    if (!c || !c->program)
        return ERR_NOENT;
    return mapped_region(c->program, &(struct ipc_msg){.w = {PAGER_FILE_MAP, c->pid, w[2], w[3], w[4] & 0xff, 0, w[5], w[6]}});
}
