/* SPDX-License-Identifier: MIT
 * How much room a file system has.
 */
#include "internal.h"

#include <fcntl.h>
#include <ipc/fs.h>
#include <sys/statvfs.h>

static int fill(err_t err, const struct ipc_msg *m, struct statvfs *to)
{
    if (err != OK)
        return __error_set(err);
    *to = (struct statvfs){.f_bsize = m->w[1], .f_frsize = m->w[1], .f_blocks = m->w[2], .f_bfree = m->w[3], .f_bavail = m->w[3],
                           .f_files = m->w[4], .f_ffree = m->w[5], .f_favail = m->w[5], .f_fsid = m->w[6] >> 1,
                           .f_flag = (m->w[6] & 1 ? ST_RDONLY : 0) | ST_NOSUID, .f_namemax = FS_NAME_MAX};
    return 0;
}

int statvfs(const char *restrict path, struct statvfs *restrict to)
{
    struct ipc_msg m = {.w = {FS_STATFS}};
    struct ipc_buf b = __path_buf(&m, 0, AT_FDCWD, path);
    err_t err = __files_call(&m, &b, 1);
    return fill(err, &m, to);
}

int fstatvfs(int fd, struct statvfs *to)
{
    struct ipc_msg m = {.w = {FS_STATFS, 0, fd < 0 ? FS_NO_DESCRIPTOR : (uint64_t)fd}};
    err_t err = __files_call_fd(&m, NULL, 0);
    return fill(err, &m, to);
}
