/* SPDX-License-Identifier: MIT
 * Streams come and go. Owns the list of all that are open, which exit() and fflush(NULL) walk: the standard ones, then the others, the
 * youngest first.
 */
#include "stream.h"

#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int __stream_mode(const char *mode)
{
    int flags = *mode == 'r' ? O_RDONLY : *mode == 'w' ? O_WRONLY | O_CREAT | O_TRUNC
              : *mode == 'a' ? O_WRONLY | O_CREAT | O_APPEND : -1;
    if (flags == -1) {
        errno = EINVAL;
        return -1;
    }
    for (mode++; *mode != '\0' && *mode != ','; mode++) {
        if (*mode == '+')
            flags = (flags & ~O_ACCMODE) | O_RDWR;
        else if (*mode == 'x')
            flags |= O_EXCL;
        else if (*mode == 'e')
            flags |= O_CLOEXEC;
    }
    return flags;
}

unsigned __stream_access(int flags)
{
    int how = flags & O_ACCMODE;
    return (how != O_WRONLY ? STREAM_READ : 0u) | (how != O_RDONLY ? STREAM_WRITE : 0u) | (flags & O_APPEND ? STREAM_APPEND : 0u);
}

void __stream_add(FILE *f)
{
    __libc_lock();
    f->prev = stderr;
    f->next = stderr->next;
    if (f->next != NULL)
        f->next->prev = f;
    stderr->next = f;
    __libc_unlock();
}

static void take_out(FILE *f)
{
    __libc_lock();
    f->prev->next = f->next;
    if (f->next != NULL)
        f->next->prev = f->prev;
    __libc_unlock();
}

FILE *__stream_new(const struct __stream_ops *ops, void *cookie, unsigned flags)
{
    FILE *f = calloc(1, sizeof *f);
    if (f == NULL)
        return NULL;
    f->ops = ops;
    f->cookie = cookie;
    f->flags = flags;
    f->fd = -1;
    __stream_add(f);
    return f;
}

static void free_buffer(FILE *f)
{
    if (f->flags & STREAM_OWNS_BUFFER)
        free(f->buffer - UNGET_MAX);
    f->flags &= ~(unsigned)STREAM_OWNS_BUFFER;
    f->buffer = f->pos = f->end = NULL;
    f->size = 0;
}

void __stream_drop(FILE *f)
{
    free_buffer(f);
    if (f->flags & STREAM_STATIC) { /* stays in the list, closed */
        f->flags = STREAM_STATIC;
        f->fd = -1;
        return;
    }
    take_out(f);
    free(f);
}

void __stream_each(void (*act)(FILE *f))
{
    __libc_lock();
    for (FILE *f = stdin; f != NULL; f = f->next) { /* bound: the open streams */
        if (ftrylockfile(f) != 0)
            continue; /* in use by a thread that is in the middle of a call */
        act(f);
        funlockfile(f);
    }
    __libc_unlock();
}

static FILE *stream_on(int fd, int flags)
{
    FILE *f = __stream_new(&__stream_fd_ops, NULL, __stream_access(flags));
    if (f != NULL)
        f->fd = fd;
    return f;
}

static void line_if_console(FILE *f, int flags)
{
    int kept = errno;
    if ((flags & O_ACCMODE) != O_RDONLY && isatty(f->fd))
        f->flags |= STREAM_LINE;
    errno = kept;
}

FILE *fdopen(int fd, const char *mode)
{
    int flags = __stream_mode(mode), now = flags >= 0 ? fcntl(fd, F_GETFL) : -1;
    if (now < 0)
        return NULL;
    int have = now & O_ACCMODE, want = flags & O_ACCMODE;
    if (have != O_RDWR && have != want) {
        errno = EINVAL;
        return NULL;
    }
    if (flags & O_APPEND && !(now & O_APPEND))
        (void)fcntl(fd, F_SETFL, now | O_APPEND);
    if (flags & O_CLOEXEC)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    FILE *f = stream_on(fd, flags);
    if (f != NULL)
        line_if_console(f, flags);
    return f;
}

FILE *fopen(const char *restrict path, const char *restrict mode)
{
    int flags = __stream_mode(mode), fd = flags >= 0 ? open(path, flags, 0666) : -1;
    if (fd < 0)
        return NULL;
    FILE *f = stream_on(fd, flags);
    if (f == NULL)
        (void)close(fd);
    else
        line_if_console(f, flags);
    return f;
}

/* The same descriptor with other flags; only what fcntl() can change, as POSIX leaves it to us. */
static int change_mode(FILE *f, int flags)
{
    int now = f->fd >= 0 ? fcntl(f->fd, F_GETFL) : -1;
    if (now < 0 || ((now & O_ACCMODE) != O_RDWR && (now & O_ACCMODE) != (flags & O_ACCMODE))) {
        errno = EBADF;
        return -1;
    }
    return fcntl(f->fd, F_SETFL, (now & ~O_APPEND) | (flags & O_APPEND));
}

/* A new file under the old number, as programs that redirect their standard streams rely on. */
static int open_instead(FILE *f, const char *path, int flags)
{
    int old = f->fd, fd = open(path, flags, 0666);
    if (fd < 0)
        return -1;
    if (old >= 0 && fd != old) {
        int moved = dup3(fd, old, flags & O_CLOEXEC);
        (void)close(fd);
        fd = moved;
    } else if (f->ops != &__stream_fd_ops && f->ops->close != NULL) {
        (void)f->ops->close(f);
    }
    f->ops = &__stream_fd_ops;
    f->fd = fd;
    return fd < 0 ? -1 : 0;
}

FILE *freopen(const char *restrict path, const char *restrict mode, FILE *restrict f)
{
    int flags = __stream_mode(mode);
    flockfile(f);
    (void)__stream_sync(f);
    bool good = flags >= 0 && (path != NULL ? open_instead(f, path, flags) : change_mode(f, flags)) == 0;
    if (good) {
        const unsigned keep = STREAM_OWNS_BUFFER | STREAM_STATIC | STREAM_UNBUFFERED;
        f->flags = (f->flags & keep) | __stream_access(flags);
        f->pos = f->end = f->buffer;
        line_if_console(f, flags);
    }
    funlockfile(f);
    if (good)
        return f;
    int why = errno;
    (void)fclose(f);
    errno = why;
    return NULL;
}

int fclose(FILE *f)
{
    flockfile(f);
    int result = __stream_sync(f);
    int why = errno;
    if (f->ops->close != NULL && f->ops->close(f) != 0)
        result = EOF;
    else if (result != 0)
        errno = why;
    funlockfile(f);
    __stream_drop(f);
    return result;
}

static int flush_result;

static void flush_one(FILE *f)
{
    if (f->flags & STREAM_WRITING && __stream_flush(f) != 0)
        flush_result = EOF;
}

int fflush_unlocked(FILE *f)
{
    return __stream_sync(f);
}

int fflush(FILE *f)
{
    int result;
    if (f == NULL) {
        __libc_lock();
        flush_result = 0;
        __stream_each(flush_one);
        result = flush_result;
        __libc_unlock();
        return result;
    }
    flockfile(f);
    result = __stream_sync(f);
    funlockfile(f);
    return result;
}

int fileno_unlocked(FILE *f)
{
    if (f->fd < 0)
        errno = EBADF;
    return f->fd;
}

int fileno(FILE *f) { return fileno_unlocked(f); }
