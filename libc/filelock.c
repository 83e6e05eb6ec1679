/* SPDX-License-Identifier: MIT
 * Locks on files: fcntl()'s, which belong to the process, and flock()'s, which belong to the open file. The server keeps them.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <ipc/fs.h>
#include <unistd.h>

int __fcntl_lock(int fd, int what, struct flock *l)
{
    struct ipc_msg m = {.w = {FS_LOCK, fd < 0 ? FS_NO_DESCRIPTOR : (uint64_t)fd, (uint64_t)what, (uint64_t)l->l_type, (uint64_t)l->l_start,
                              (uint64_t)l->l_len, (uint64_t)l->l_whence}};
    err_t err = __files_call_fd(&m, NULL, 0);
    if (err != OK || what != F_GETLK)
        return __error_set(err);
    l->l_type = (short)m.w[1];
    if (l->l_type == F_UNLCK)
        return 0;
    l->l_whence = SEEK_SET;
    l->l_start = (off_t)m.w[2];
    l->l_len = (off_t)m.w[3];
    l->l_pid = (pid_t)m.w[4];
    return 0;
}

int flock(int fd, int how)
{
    int type;
    switch (how & ~LOCK_NB) {
    case LOCK_SH: type = F_RDLCK; break;
    case LOCK_EX: type = F_WRLCK; break;
    case LOCK_UN: type = F_UNLCK; break;
    default: errno = EINVAL; return -1;
    }
    struct ipc_msg m = {.w = {FS_LOCK, fd < 0 ? FS_NO_DESCRIPTOR : (uint64_t)fd, how & LOCK_NB ? FS_FLOCK : FS_FLOCK_WAIT, (uint64_t)type}};
    return __error_set(__files_call_fd(&m, NULL, 0));
}

int lockf(int fd, int what, off_t len)
{
    struct flock l = {.l_type = what == F_ULOCK ? F_UNLCK : F_WRLCK, .l_whence = SEEK_CUR, .l_len = len};
    switch (what) {
    case F_ULOCK:
    case F_TLOCK: return __fcntl_lock(fd, F_SETLK, &l);
    case F_LOCK: return __fcntl_lock(fd, F_SETLKW, &l);
    case F_TEST:
        if (__fcntl_lock(fd, F_GETLK, &l) != 0)
            return -1;
        if (l.l_type == F_UNLCK)
            return 0;
        errno = EAGAIN;
        return -1;
    default: errno = EINVAL; return -1;
    }
}
