/* SPDX-License-Identifier: MIT
 * How much room a file system has.
 */
#ifndef PAGODA_SYS_STATVFS_H
#define PAGODA_SYS_STATVFS_H

#include <sys/types.h>


#define ST_RDONLY 1
#define ST_NOSUID 2

struct statvfs {
    unsigned long f_bsize, f_frsize;
    fsblkcnt_t f_blocks, f_bfree, f_bavail; /* of f_frsize bytes */
    fsfilcnt_t f_files, f_ffree, f_favail;
    unsigned long f_fsid, f_flag, f_namemax;
};

int statvfs(const char *__restrict path, struct statvfs *__restrict to);
int fstatvfs(int fd, struct statvfs *to);

#endif
