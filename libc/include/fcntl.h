/* SPDX-License-Identifier: MIT
 * picolibc's <fcntl.h>, with a struct flock whose l_pid holds every pid, and what it declares for some systems only.
 */
#ifndef PAGODA_FCNTL_H
#define PAGODA_FCNTL_H

#define flock __picolibc_flock
#include_next <fcntl.h>
#undef flock

#include <sys/types.h>

struct flock {
    short l_type;   /* F_RDLCK, F_WRLCK, F_UNLCK */
    short l_whence; /* SEEK_* */
    off_t l_start, l_len; /* l_len 0: as far as files can reach */
    pid_t l_pid;    /* F_GETLK: who has it */
};

#ifndef LOCK_SH
#define LOCK_SH 1
#define LOCK_EX 2
#define LOCK_NB 4
#define LOCK_UN 8
#endif
#ifndef O_TMPFILE
#define O_TMPFILE 0x800000 /* the path is a directory: a file in it without a name (not on a disk: EOPNOTSUPP) */
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 16 /* linkat(): the file that is open, which may have no name yet */
#endif
#ifndef O_DSYNC
#define O_DSYNC O_SYNC
#endif
#ifndef O_RSYNC
#define O_RSYNC O_SYNC
#endif

int flock(int fd, int how);
int openat(int dir, const char *path, int flags, ...);
int posix_fallocate(int fd, off_t offset, off_t len);
int posix_fadvise(int fd, off_t offset, off_t len, int advice);
#define POSIX_FADV_NORMAL 0
#define POSIX_FADV_SEQUENTIAL 1
#define POSIX_FADV_RANDOM 2
#define POSIX_FADV_WILLNEED 3
#define POSIX_FADV_DONTNEED 4
#define POSIX_FADV_NOREUSE 5

#endif
