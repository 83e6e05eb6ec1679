/* SPDX-License-Identifier: MIT
 * Bytes between a stream's buffer and what is behind it. It must never lose a byte that can be written later, nor hand one out
 * twice. After an error that will not go away what could not be written is gone, so that it does not turn up elsewhere when the
 * descriptor means something else.
 */
#include "stream.h"

#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- descriptors ---- */

static ssize_t fd_read(FILE *f, void *to, size_t len) { return read(f->fd, to, len); }

/* A stream's own buffer is surely good: a short line may travel in the message. */
static ssize_t fd_write(FILE *f, const void *from, size_t len)
{
    return from == f->buffer ? __write_trusted(f->fd, from, len) : write(f->fd, from, len);
}

static off_t fd_seek(FILE *f, off_t offset, int whence) { return lseek(f->fd, offset, whence); }
static int fd_close(FILE *f) { return close(f->fd); }

const struct __stream_ops __stream_fd_ops = {fd_read, fd_write, fd_seek, fd_close};

/* ---- buffers ---- */

static int failed(FILE *f, int why)
{
    if (why != 0)
        errno = why;
    f->flags |= STREAM_ERROR;
    return EOF;
}

static void empty(FILE *f)
{
    f->pos = f->end = f->buffer;
    f->flags &= ~(unsigned)(STREAM_READING | STREAM_WRITING);
}

/* A buffer when the first byte needs one. An unbuffered stream has one of a byte. */
static int need_buffer(FILE *f)
{
    if (f->buffer != NULL)
        return 0;
    size_t size = f->flags & STREAM_UNBUFFERED ? 1 : BUFSIZ;
    unsigned char *made = malloc(UNGET_MAX + size);
    if (made == NULL)
        return failed(f, ENOMEM);
    f->buffer = made + UNGET_MAX;
    f->size = size;
    f->flags |= STREAM_OWNS_BUFFER;
    f->pos = f->end = f->buffer;
    return 0;
}

/* Write all of it; how much it was. */
static size_t write_out(FILE *f, const unsigned char *from, size_t len)
{
    size_t total = 0;
    while (total < len) { /* bound: every turn writes a byte, or ends */
        ssize_t n = f->ops->write != NULL ? f->ops->write(f, from + total, len - total) : 0;
        if (n <= 0) {
            (void)failed(f, n == 0 ? EIO : 0);
            break;
        }
        total += (size_t)n;
    }
    return total;
}

int __stream_flush(FILE *f)
{
    if (!(f->flags & STREAM_WRITING))
        return 0;
    size_t len = (size_t)(f->pos - f->buffer), done = write_out(f, f->buffer, len);
    f->pos = f->buffer;
    if (done == len)
        return 0;
    if (errno == EAGAIN || errno == EINTR) {
        memmove(f->buffer, f->buffer + done, len - done);
        f->pos += len - done;
    }
    return EOF;
}

int __stream_sync(FILE *f)
{
    if (__stream_flush(f) != 0)
        return EOF;
    if (f->flags & STREAM_READING && f->pos < f->end && f->ops->seek != NULL) {
        int kept = errno;
        if (f->ops->seek(f, (off_t)(f->pos - f->end), SEEK_CUR) < 0) {
            errno = kept; /* a pipe: what was read ahead stays here */
            return 0;
        }
    } else if (f->flags & STREAM_READING && f->pos < f->end) {
        return 0;
    }
    empty(f);
    return 0;
}

int __stream_to_read(FILE *f)
{
    if (f->flags & STREAM_READING)
        return 0;
    if (!(f->flags & STREAM_READ))
        return failed(f, EBADF);
    if (__stream_flush(f) != 0 || need_buffer(f) != 0)
        return EOF;
    empty(f);
    f->flags |= STREAM_READING;
    return 0;
}

/* Lines go out one by one to a console; to a file or a pipe when the buffer is full. Asked at the first byte: most programs that
 * are short print nothing, and the question is a call to a server. */
static void by_line_if_console(FILE *f)
{
    int kept = errno;
    f->flags &= ~(unsigned)STREAM_ASK;
    if (!isatty(f->fd))
        f->flags &= ~(unsigned)STREAM_LINE;
    errno = kept;
}

int __stream_to_write(FILE *f)
{
    if (f->flags & STREAM_WRITING)
        return 0;
    if (!(f->flags & STREAM_WRITE))
        return failed(f, EBADF);
    if (__stream_sync(f) != 0 || need_buffer(f) != 0)
        return EOF;
    empty(f);
    if (f->flags & STREAM_ASK)
        by_line_if_console(f);
    f->end = f->buffer + f->size;
    f->flags |= STREAM_WRITING;
    f->flags &= ~(unsigned)STREAM_EOF;
    return 0;
}

/* What a person is to see before something is asked of them. */
static void show_prompt(const FILE *f)
{
    if (f == stdin && stdout->flags & STREAM_LINE && f != stdout)
        (void)fflush(stdout);
}

int __stream_fill(FILE *f)
{
    show_prompt(f);
    ssize_t n = f->ops->read != NULL ? f->ops->read(f, f->buffer, f->size) : 0;
    f->pos = f->end = f->buffer;
    if (n < 0)
        return failed(f, 0);
    if (n == 0) {
        f->flags |= STREAM_EOF;
        return EOF;
    }
    f->end += n;
    return 0;
}

size_t __stream_read(FILE *f, void *to, size_t len)
{
    size_t total = 0;
    if (len == 0 || __stream_to_read(f) != 0)
        return 0;
    while (total < len) { /* bound: every turn reads a byte, or ends */
        size_t there = (size_t)(f->end - f->pos), want = len - total;
        if (there == 0 && want >= f->size && f->ops->read != NULL) { /* large: past the buffer */
            show_prompt(f);
            ssize_t n = f->ops->read(f, (char *)to + total, want);
            if (n <= 0) {
                f->flags |= n == 0 ? STREAM_EOF : STREAM_ERROR;
                break;
            }
            total += (size_t)n;
            continue;
        }
        if (there == 0 && __stream_fill(f) != 0)
            break;
        there = (size_t)(f->end - f->pos);
        size_t take = there < want ? there : want;
        memcpy((char *)to + total, f->pos, take);
        f->pos += take;
        total += take;
    }
    return total;
}

size_t __stream_write(FILE *f, const void *from, size_t len)
{
    if (len == 0 || __stream_to_write(f) != 0)
        return 0;
    if (len > (size_t)(f->end - f->pos)) {
        if (__stream_flush(f) != 0)
            return 0;
        if (len >= f->size)
            return write_out(f, from, len);
    }
    memcpy(f->pos, from, len);
    f->pos += len;
    bool push = f->flags & STREAM_UNBUFFERED || (f->flags & STREAM_LINE && memchr(from, '\n', len) != NULL);
    return !push || __stream_flush(f) == 0 ? len : 0;
}

int __stream_put(FILE *f, int c)
{
    unsigned char byte = (unsigned char)c;
    if (__stream_to_write(f) != 0 || (f->pos >= f->end && __stream_flush(f) != 0))
        return EOF;
    *f->pos++ = byte;
    if ((f->flags & STREAM_UNBUFFERED || (f->flags & STREAM_LINE && byte == '\n')) && __stream_flush(f) != 0)
        return EOF;
    return byte;
}
