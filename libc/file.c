/* SPDX-License-Identifier: MIT
 * Calls that name a file by a path, or by a directory and a path from there: opening, and what a file is. The path goes as a
 * buffer that the server reads up to its nul, so a bad address is EFAULT and not a fault in here. Names that come and go: names.c.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <ipc/fs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ipc_buf __path_buf(struct ipc_msg *m, unsigned which, int dir, const char *path)
{
    uint64_t in_page = PAGE_SIZE - ((uintptr_t)path & PAGE_MASK);
    uint64_t begin = dir == AT_FDCWD ? 0 : dir < 0 ? UINT32_MAX : (uint64_t)dir + 1; /* all ones: no descriptor */
    m->w[6] |= in_page << 32 * which;
    m->w[7] |= begin << 32 * which;
    return (struct ipc_buf){(void *)(uintptr_t)path, FS_PATH_MAX, BUF_R};
}

int __path_call(struct ipc_msg m, int dir, const char *path, uint64_t *word)
{
    struct ipc_buf b = __path_buf(&m, 0, dir, path);
    err_t err = __files_call(&m, &b, 1);
    if (err == OK && word != NULL)
        *word = m.w[1];
    return __error_set(err);
}

int __path_call_with(struct ipc_msg m, int dir, const char *path, struct ipc_buf second, uint64_t *word)
{
    const struct ipc_buf bufs[2] = {__path_buf(&m, 0, dir, path), second};
    err_t err = __files_call(&m, bufs, 2);
    if (err == OK && word != NULL)
        *word = m.w[1];
    return __error_set(err);
}

int __fd_call(uint64_t op, uint64_t value, int fd)
{
    struct ipc_msg m = {.w = {op, value, fd < 0 ? FS_NO_DESCRIPTOR : (uint64_t)fd}};
    return __error_set(__files_call_fd(&m, NULL, 0));
}

int __flags_known(int flags, int known)
{
    if ((flags & ~known) == 0)
        return 0;
    errno = EINVAL;
    return -1;
}

/* ---- opening ---- */

_Static_assert(O_TMPFILE == FS_O_NAMELESS, "the file server's number");
static int open_at(int dir, const char *path, int flags, unsigned mode)
{
    uint64_t fd = 0;
    struct ipc_msg m = {.w = {FS_OPEN, (uint64_t)(unsigned)flags, mode}};
    return __path_call(m, dir, path, &fd) == 0 ? (int)fd : -1;
}

int open(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    unsigned mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, unsigned) : 0;
    va_end(ap);
    return open_at(AT_FDCWD, path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    unsigned mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(ap, unsigned) : 0;
    va_end(ap);
    return open_at(dir, path, flags, mode);
}

int creat(const char *path, mode_t mode) { return open_at(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, mode); }

/* ---- what it is ---- */

int fstatat(int dir, const char *restrict path, struct stat *restrict st, int flags)
{
    struct ipc_msg m = {.w = {FS_STAT, flags & AT_SYMLINK_NOFOLLOW ? FS_NOFOLLOW : 0}};
    if (__flags_known(flags, AT_SYMLINK_NOFOLLOW) != 0)
        return -1;
    return __path_call_with(m, dir, path, (struct ipc_buf){st, sizeof *st, BUF_W}, NULL);
}

int stat(const char *restrict path, struct stat *restrict st) { return fstatat(AT_FDCWD, path, st, 0); }
int lstat(const char *restrict path, struct stat *restrict st) { return fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW); }

/* There is one user, so it is the effective one, too. */
int faccessat(int dir, const char *path, int how, int flags)
{
    if (__flags_known(flags, AT_EACCESS) != 0)
        return -1;
    return __path_call((struct ipc_msg){.w = {FS_ACCESS, (uint64_t)(unsigned)how}}, dir, path, NULL);
}

int access(const char *path, int how) { return faccessat(AT_FDCWD, path, how, 0); }

/* ---- what is changed of it ---- */

int fchmodat(int dir, const char *path, mode_t mode, int flags)
{
    if (__flags_known(flags, AT_SYMLINK_NOFOLLOW) != 0)
        return -1;
    if (flags & AT_SYMLINK_NOFOLLOW) { /* links have no permissions of their own */
        errno = EOPNOTSUPP;
        return -1;
    }
    return __path_call((struct ipc_msg){.w = {FS_CHMOD, mode}}, dir, path, NULL);
}

int chmod(const char *path, mode_t mode) { return fchmodat(AT_FDCWD, path, mode, 0); }
int fchmod(int fd, mode_t mode) { return __fd_call(FS_CHMOD, mode, fd); }

int fchownat(int dir, const char *path, uid_t owner, gid_t group, int flags)
{
    uint64_t who = (uint32_t)(owner == (uid_t)-1 ? -1 : (int)owner) | (uint64_t)(uint32_t)(group == (gid_t)-1 ? -1 : (int)group) << 32;
    struct ipc_msg m = {.w = {FS_CHOWN, who, 0, flags & AT_SYMLINK_NOFOLLOW ? FS_NOFOLLOW : 0}};
    return __flags_known(flags, AT_SYMLINK_NOFOLLOW) != 0 ? -1 : __path_call(m, dir, path, NULL);
}

int chown(const char *path, uid_t owner, gid_t group) { return fchownat(AT_FDCWD, path, owner, group, 0); }
int lchown(const char *path, uid_t owner, gid_t group) { return fchownat(AT_FDCWD, path, owner, group, AT_SYMLINK_NOFOLLOW); }

int fchown(int fd, uid_t owner, gid_t group)
{
    uint64_t who = (uint32_t)(owner == (uid_t)-1 ? -1 : (int)owner) | (uint64_t)(uint32_t)(group == (gid_t)-1 ? -1 : (int)group) << 32;
    return __fd_call(FS_CHOWN, who, fd);
}

int truncate(const char *path, off_t size)
{
    return __path_call((struct ipc_msg){.w = {FS_TRUNCATE, (uint64_t)size}}, AT_FDCWD, path, NULL);
}

int ftruncate(int fd, off_t size) { return __fd_call(FS_TRUNCATE, (uint64_t)size, fd); }

/* ---- where we are ---- */

int chdir(const char *path) { return __path_call((struct ipc_msg){.w = {FS_CHDIR}}, AT_FDCWD, path, NULL); }
int fchdir(int fd) { return __fd_call(FS_CHDIR, 0, fd); }

mode_t umask(mode_t mask)
{
    struct ipc_msg m = {.w = {FS_UMASK, mask & 0777}};
    return __files_call(&m, NULL, 0) == OK ? (mode_t)m.w[1] : 022;
}
