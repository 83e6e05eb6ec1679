/* SPDX-License-Identifier: MIT
 * Where we are. The file server says it as long as it is a path that could be opened; a directory may lie deeper than that, when a program
 * went there step by step, and then its name is looked for from one directory to the next.
 */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ipc/fs.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int asked(char *to, size_t size)
{
    struct ipc_msg m = {.w = {FS_GETCWD}};
    struct ipc_buf b = {to, size, BUF_W};
    return __error_errno(__files_call(&m, &b, 1));
}

static bool is_same(const struct stat *a, const struct stat *b) { return a->st_dev == b->st_dev && a->st_ino == b->st_ino; }

/* The entry of `up` that is this directory; a number alone would not do where a file system is mounted. */
static struct dirent *entry_of(DIR *up, const struct stat *dir)
{
    struct dirent *e;
    struct stat st;
    errno = 0;
    while ((e = readdir(up)) != NULL) { /* bound: its entries */
        bool dots = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
        if (!dots && e->d_type == DT_DIR && fstatat(dirfd(up), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && is_same(&st, dir))
            return e;
    }
    errno = errno == 0 ? ENOENT : errno; /* it is being moved or removed */
    return NULL;
}

/* One name before what stands in the buffer from *at on. 1: there is none, this is the root; -1 and errno. */
static int name_before(DIR **here, char *to, size_t *at)
{
    struct stat mine, above;
    int fd = openat(dirfd(*here), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *up = fd >= 0 ? fdopendir(fd) : NULL;
    if (up == NULL) {
        int error = errno;
        if (fd >= 0)
            (void)close(fd);
        errno = error;
        return -1;
    }
    bool known = fstat(dirfd(*here), &mine) == 0 && fstat(fd, &above) == 0, top = known && is_same(&mine, &above);
    const struct dirent *e = known && !top ? entry_of(up, &mine) : NULL;
    size_t len = e != NULL ? strlen(e->d_name) + 1 : 0;
    if (len > *at)
        errno = ERANGE;
    if (e != NULL && len <= *at) {
        *at -= len;
        to[*at] = '/';
        memcpy(to + *at + 1, e->d_name, len - 1);
    }
    int result = top ? 1 : e == NULL || errno == ERANGE ? -1 : 0;
    (void)closedir(*here);
    *here = up;
    return result;
}

static int climbed(char *to, size_t size)
{
    size_t at = size - 1;
    int found = 0;
    DIR *here = opendir(".");
    to[at] = '\0';
    errno = here == NULL ? errno : 0;
    while (here != NULL && (found = name_before(&here, to, &at)) == 0) /* bound: directories above */
        ;
    int error = found == 1 ? 0 : errno;
    if (here != NULL)
        (void)closedir(here);
    memmove(to, to + at, size - at);
    return error;
}

static int where(char *to, size_t size)
{
    int error = asked(to, size);
    return error == ENAMETOOLONG ? size < PATH_MAX ? ERANGE : climbed(to, size) : error;
}

char *getcwd(char *to, size_t size)
{
    int before = errno, error;
    char *made = NULL;
    bool grows = to == NULL && size == 0; /* as elsewhere: a new string, as long as it must be */
    size_t room = grows ? FS_PATH_MAX : size;
    do { /* bound: memory */
        char *more = to == NULL ? realloc(made, room) : to;
        error = more == NULL ? ENOMEM : where(more, room);
        made = to == NULL && more != NULL ? more : made;
        room *= 2;
    } while (grows && error == ERANGE);
    errno = error == 0 ? before : error;
    if (error == 0)
        return to == NULL ? made : to;
    free(made);
    return NULL;
}
