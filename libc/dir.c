/* SPDX-License-Identifier: MIT
 * Reading directories: a page of entries at a time.
 */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ipc/fs.h>
#include <pagoda/thread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES 2048u

struct __dir {
    int fd;
    size_t used, at; /* bytes in the buffer; of these, handed out */
    long position;
    struct thread_mutex lock; /* readdir_r's */
    struct dirent entry;
    uint64_t buffer[BUFFER_BYTES / sizeof(uint64_t)];
};

DIR *fdopendir(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0)
        return NULL;
    if (!S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        return NULL;
    }
    DIR *d = malloc(sizeof *d);
    if (d == NULL)
        return NULL;
    d->fd = fd;
    d->used = d->at = 0;
    d->position = 0;
    d->lock = (struct thread_mutex){0};
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    return d;
}

DIR *opendir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    DIR *d = fdopendir(fd);
    if (d == NULL) {
        int error = errno;
        (void)close(fd);
        errno = error;
    }
    return d;
}

static int refill(DIR *d)
{
    struct ipc_msg m = {.w = {FS_READDIR, (uint64_t)d->fd}};
    struct ipc_buf b = {d->buffer, sizeof d->buffer, BUF_W};
    err_t err = __files_call_fd(&m, &b, 1);
    d->at = 0;
    d->used = err == OK && m.w[1] <= sizeof d->buffer ? m.w[1] : 0;
    return __error_set(err);
}

/* False: the end, or with errno set. */
static bool next(DIR *d, struct dirent *to)
{
    if (d->at >= d->used && (refill(d) != 0 || d->used == 0))
        return false;
    const struct fs_dirent *from = (const struct fs_dirent *)((char *)d->buffer + d->at);
    d->at += from->bytes;
    d->position = (long)from->next;
    to->d_ino = (ino_t)from->number;
    to->d_type = from->type;
    memcpy(to->d_name, from->name, from->name_len + 1u);
    return true;
}

struct dirent *readdir(DIR *d) { return next(d, &d->entry) ? &d->entry : NULL; }

int readdir_r(DIR *d, struct dirent *restrict entry, struct dirent **restrict result)
{
    int before = errno;
    thread_mutex_lock(&d->lock);
    errno = 0;
    bool there = next(d, entry);
    int error = there ? 0 : errno;
    thread_mutex_unlock(&d->lock);
    errno = before;
    *result = there ? entry : NULL;
    return error;
}

void seekdir(DIR *d, long position)
{
    d->used = d->at = 0;
    d->position = position;
    (void)lseek(d->fd, position, SEEK_SET);
}

long telldir(DIR *d) { return d->position; }
void rewinddir(DIR *d) { seekdir(d, 0); }
int dirfd(DIR *d) { return d->fd; }

int closedir(DIR *d)
{
    int fd = d->fd;
    free(d);
    return close(fd);
}
