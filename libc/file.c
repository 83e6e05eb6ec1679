/* SPDX-License-Identifier: MIT
 * Calls that name a path. The path goes as a buffer that the server reads up to its nul, so a bad address is EFAULT and not
 * a fault in here.
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
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

struct ipc_buf __path_buf(const char *path, unsigned which, uint64_t *rest)
{
    uint64_t in_page = PAGE_SIZE - ((uintptr_t)path & PAGE_MASK);
    *rest |= in_page << 32 * which;
    return (struct ipc_buf){(void *)(uintptr_t)path, FS_PATH_MAX, BUF_R};
}

/* A request about one path; *word: the reply's first word. */
static int call(struct ipc_msg m, const char *path, uint64_t *word)
{
    struct ipc_buf b = __path_buf(path, 0, &m.w[6]);
    err_t err = __files_call(&m, &b, 1);
    if (err == OK && word != NULL)
        *word = m.w[1];
    return __error_set(err);
}

/* And one about a path and a second buffer. */
static int call_with(struct ipc_msg m, const char *path, struct ipc_buf second, uint64_t *word)
{
    const struct ipc_buf bufs[2] = {__path_buf(path, 0, &m.w[6]), second};
    err_t err = __files_call(&m, bufs, 2);
    if (err == OK && word != NULL)
        *word = m.w[1];
    return __error_set(err);
}

static int call_paths(uint64_t op, const char *a, const char *b)
{
    struct ipc_msg m = {.w = {op}};
    const struct ipc_buf bufs[2] = {__path_buf(a, 0, &m.w[6]), __path_buf(b, 1, &m.w[6])};
    return __error_set(__files_call(&m, bufs, 2));
}

int open(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    unsigned mode = flags & O_CREAT ? va_arg(ap, unsigned) : 0;
    va_end(ap);
    uint64_t fd = 0;
    return call((struct ipc_msg){.w = {FS_OPEN, (uint64_t)(unsigned)flags, mode}}, path, &fd) == 0 ? (int)fd : -1;
}

int creat(const char *path, mode_t mode) { return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode); }

int stat(const char *restrict path, struct stat *restrict st)
{
    return call_with((struct ipc_msg){.w = {FS_STAT}}, path, (struct ipc_buf){st, sizeof *st, BUF_W}, NULL);
}

int lstat(const char *restrict path, struct stat *restrict st)
{
    return call_with((struct ipc_msg){.w = {FS_STAT, FS_NOFOLLOW}}, path, (struct ipc_buf){st, sizeof *st, BUF_W}, NULL);
}

int access(const char *path, int how)
{
    return call((struct ipc_msg){.w = {FS_ACCESS, (uint64_t)(unsigned)how}}, path, NULL);
}

int mkdir(const char *path, mode_t mode) { return call((struct ipc_msg){.w = {FS_MKDIR, mode}}, path, NULL); }
int unlink(const char *path) { return call((struct ipc_msg){.w = {FS_UNLINK}}, path, NULL); }
int rmdir(const char *path) { return call((struct ipc_msg){.w = {FS_UNLINK, FS_DIRECTORY}}, path, NULL); }
int rename(const char *from, const char *to) { return call_paths(FS_RENAME, from, to); }
int link(const char *file, const char *path) { return call_paths(FS_LINK, file, path); }
int symlink(const char *target, const char *path) { return call_paths(FS_SYMLINK, target, path); }

int remove(const char *path)
{
    if (unlink(path) == 0)
        return 0;
    return errno == EPERM ? rmdir(path) : -1; /* a directory */
}

ssize_t readlink(const char *restrict path, char *restrict to, size_t size)
{
    uint64_t len = 0;
    struct ipc_buf b = {to, size, BUF_W};
    return call_with((struct ipc_msg){.w = {FS_READLINK}}, path, b, &len) == 0 ? (ssize_t)len : -1;
}

/* A request about a descriptor that has a path as well. */
static int call_fd(uint64_t op, uint64_t value, int fd)
{
    struct ipc_msg m = {.w = {op, value, fd < 0 ? FS_DESCRIPTORS_MAX : (uint64_t)fd}};
    return __error_set(__files_call_fd(&m, NULL, 0));
}

int chdir(const char *path) { return call((struct ipc_msg){.w = {FS_CHDIR}}, path, NULL); }
int fchdir(int fd) { return call_fd(FS_CHDIR, 0, fd); }
int chmod(const char *path, mode_t mode) { return call((struct ipc_msg){.w = {FS_CHMOD, mode}}, path, NULL); }
int fchmod(int fd, mode_t mode) { return call_fd(FS_CHMOD, mode, fd); }
int truncate(const char *path, off_t size) { return call((struct ipc_msg){.w = {FS_TRUNCATE, (uint64_t)size}}, path, NULL); }
int ftruncate(int fd, off_t size) { return call_fd(FS_TRUNCATE, (uint64_t)size, fd); }

char *getcwd(char *to, size_t size)
{
    char *made = NULL;
    if (to == NULL) /* as elsewhere: a new string */
        to = made = malloc(size != 0 ? size : (size = FS_PATH_MAX));
    if (to == NULL)
        return NULL;
    struct ipc_msg m = {.w = {FS_GETCWD}};
    struct ipc_buf b = {to, size, BUF_W};
    if (__error_set(__files_call(&m, &b, 1)) == 0)
        return to;
    free(made);
    return NULL;
}

mode_t umask(mode_t mask)
{
    struct ipc_msg m = {.w = {FS_UMASK, mask & 0777}};
    return __files_call(&m, NULL, 0) == OK ? (mode_t)m.w[1] : 022;
}

int utime(const char *path, const struct utimbuf *times)
{
    uint64_t ns = times == NULL ? ~0UL : (uint64_t)times->modtime * 1000000000u;
    return call((struct ipc_msg){.w = {FS_TIMES, ns}}, path, NULL);
}

int utimes(const char *path, const struct timeval times[2])
{
    uint64_t ns = times == NULL ? ~0UL : (uint64_t)times[1].tv_sec * 1000000000u + (uint64_t)times[1].tv_usec * 1000u;
    return call((struct ipc_msg){.w = {FS_TIMES, ns}}, path, NULL);
}
