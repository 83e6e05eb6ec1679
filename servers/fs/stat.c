/* SPDX-License-Identifier: MIT
 * What a file is, as stat() shows it, and when it is where it stays.
 */
#include "disk.h"
#include "fs.h"
#include "job.h"
#include "mapped.h"

#include <string.h>
#include <sys/types.h>

static void times_fill(const struct vnode *v, struct stat *st)
{
    st->st_mtim = (struct timespec){v->mtime_ns / 1000000000, v->mtime_ns % 1000000000};
    st->st_ctim = (struct timespec){v->ctime_ns / 1000000000, v->ctime_ns % 1000000000};
    st->st_atim = (struct timespec){v->atime_ns / 1000000000, v->atime_ns % 1000000000};
}

void fill_stat(const struct vnode *v, struct stat *st)
{
    memset(st, 0, sizeof *st);
    st->st_dev = (dev_t)v->fs;
    st->st_ino = (ino_t)v->number;
    st->st_mode = v->mode;
    st->st_nlink = (nlink_t)v->links;
    st->st_rdev = (dev_t)v->rdev;
    st->st_size = (off_t)v->size;
    st->st_blksize = (blksize_t)PAGE_SIZE;
    st->st_blocks = (blkcnt_t)v->blocks;
    times_fill(v, st);
}

err_t do_FSTAT(struct request *r)
{
    struct stat st;
    struct file *f = client_file(r->client, r->ev->w[1]);
    if (!f)
        return FS_ERR_BADF;
    struct vnode *v = f->kind == FILE_VNODE ? f->vnode : f->kind == FILE_CONSOLE ? 0 : pipe_vnode(f);
    if (v) {
        fill_stat(v, &st);
    } else {
        memset(&st, 0, sizeof st);
        st.st_mode = (f->kind == FILE_CONSOLE ? S_IFCHR : S_IFIFO) | S_IRUSR | S_IWUSR;
        st.st_nlink = 1;
        st.st_blksize = (blksize_t)PAGE_SIZE;
        st.st_rdev = f->kind == FILE_CONSOLE ? RDEV_CONSOLE : 0;
        st.st_size = f->kind == FILE_CONSOLE ? 0 : (off_t)pipe_fill(f);
    }
    return answer_bytes(r, 0, &st, sizeof st);
}

err_t vnode_sync(struct vnode *v)
{
    err_t err = v->mapped && job_now() ? mapped_write_back(v) : OK;
    return err == OK ? v->ops->sync(v, v) : err;
}

err_t do_SYNC(struct request *r)
{
    if (r->ev->w[1] == ~0UL)
        return disk_sync(); /* the tree in memory has no medium behind it */
    if (!r->client)
        return ERR_INVAL; /* init has no descriptors */
    struct file *f = request_file(r, r->ev->w[1]);
    if (!f)
        return FS_ERR_BADF;
    if (f->kind != FILE_VNODE)
        return ERR_INVAL;
    return vnode_sync(f->vnode);
}
