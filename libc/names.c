/* SPDX-License-Identifier: MIT
 * Names that come and go: directories, links, FIFOs; renaming and removing.
 */
#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <ipc/fs.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int call_paths(struct ipc_msg m, int a_dir, const char *a, struct ipc_buf second)
{
    const struct ipc_buf bufs[2] = {__path_buf(&m, 0, a_dir, a), second};
    return __error_set(__files_call(&m, bufs, 2));
}

int mkdirat(int dir, const char *path, mode_t mode)
{
    return __path_call((struct ipc_msg){.w = {FS_MKDIR, mode}}, dir, path, NULL);
}

int mkfifoat(int dir, const char *path, mode_t mode)
{
    return __path_call((struct ipc_msg){.w = {FS_MKFIFO, mode}}, dir, path, NULL);
}

int unlinkat(int dir, const char *path, int flags)
{
    struct ipc_msg m = {.w = {FS_UNLINK, flags & AT_REMOVEDIR ? FS_DIRECTORY : 0}};
    return __flags_known(flags, AT_REMOVEDIR) != 0 ? -1 : __path_call(m, dir, path, NULL);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    struct ipc_msg m = {.w = {FS_RENAME}};
    struct ipc_buf second = __path_buf(&m, 1, to_dir, to);
    return call_paths(m, from_dir, from, second);
}

int linkat(int file_dir, const char *file, int dir, const char *path, int flags)
{
    struct ipc_msg m = {.w = {FS_LINK, flags & AT_SYMLINK_FOLLOW ? FS_FOLLOW : 0}};
    struct ipc_buf second = __path_buf(&m, 1, dir, path);
    if ((flags & AT_EMPTY_PATH) && file[0] == '\0' && file_dir != AT_FDCWD) {
        m.w[1] = FS_OPENED;
        m.w[2] = file_dir < 0 ? FS_NO_DESCRIPTOR : (uint64_t)file_dir;
        file_dir = AT_FDCWD;
    }
    return __flags_known(flags, AT_SYMLINK_FOLLOW | AT_EMPTY_PATH) != 0 ? -1 : call_paths(m, file_dir, file, second);
}

int symlinkat(const char *target, int dir, const char *path)
{
    struct ipc_msg m = {.w = {FS_SYMLINK}};
    struct ipc_buf second = __path_buf(&m, 1, dir, path);
    return call_paths(m, AT_FDCWD, target, second);
}

ssize_t readlinkat(int dir, const char *restrict path, char *restrict to, size_t size)
{
    uint64_t len = 0;
    struct ipc_buf b = {to, size, BUF_W};
    return __path_call_with((struct ipc_msg){.w = {FS_READLINK}}, dir, path, b, &len) == 0 ? (ssize_t)len : -1;
}

int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }
int mkfifo(const char *path, mode_t mode) { return mkfifoat(AT_FDCWD, path, mode); }
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int rename(const char *from, const char *to) { return renameat(AT_FDCWD, from, AT_FDCWD, to); }
int link(const char *file, const char *path) { return linkat(AT_FDCWD, file, AT_FDCWD, path, 0); }
int symlink(const char *target, const char *path) { return symlinkat(target, AT_FDCWD, path); }
ssize_t readlink(const char *restrict path, char *restrict to, size_t size) { return readlinkat(AT_FDCWD, path, to, size); }

/* Of the kinds that mknod() makes elsewhere there are FIFOs and plain files only. */
int mknodat(int dir, const char *path, mode_t mode, dev_t device)
{
    (void)device;
    switch (mode & S_IFMT) {
    case S_IFIFO: return mkfifoat(dir, path, mode & ~S_IFMT);
    case 0:
    case S_IFREG: {
        int fd = openat(dir, path, O_CREAT | O_EXCL | O_WRONLY, mode & ~S_IFMT);
        return fd < 0 ? -1 : close(fd);
    }
    default: errno = EPERM; return -1;
    }
}

int mknod(const char *path, mode_t mode, dev_t device) { return mknodat(AT_FDCWD, path, mode, device); }

int remove(const char *path)
{
    if (unlink(path) == 0)
        return 0;
    return errno == EPERM ? rmdir(path) : -1; /* a directory */
}
