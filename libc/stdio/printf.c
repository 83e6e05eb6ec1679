/* SPDX-License-Identifier: MIT
 * The members of printf()'s family: where the bytes go.
 */
#include "stream.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void to_stream(struct __sink *s, const char *bytes, size_t len)
{
    if (__stream_write(s->to, bytes, len) != len)
        s->room = 1; /* an error; the flags have it */
}

static void to_memory(struct __sink *s, const char *bytes, size_t len)
{
    size_t take = len < s->room ? len : s->room;
    if (take == 0)
        return;
    memcpy(s->to, bytes, take);
    s->to = (char *)s->to + take;
    s->room -= take;
}

static int stream_format(FILE *f, const char *format, va_list ap)
{
    struct __sink s = {.put = to_stream, .to = f};
    if (__stream_to_write(f) != 0 || __format(&s, format, ap) != 0 || s.room != 0)
        return -1;
    return (int)s.count;
}

/* An unbuffered stream gets a buffer for the time of one call: a conversion is one write. */
static int unbuffered_format(FILE *f, const char *format, va_list ap)
{
    unsigned char room[UNGET_MAX + 512], *buffer = f->buffer;
    if (__stream_to_write(f) != 0)
        return -1;
    size_t size = f->size;
    buffer = f->buffer;
    f->flags &= ~(unsigned)STREAM_UNBUFFERED;
    f->buffer = f->pos = room + UNGET_MAX;
    f->size = sizeof room - UNGET_MAX;
    f->end = f->buffer + f->size;
    int result = stream_format(f, format, ap);
    if (__stream_flush(f) != 0)
        result = -1;
    f->flags |= STREAM_UNBUFFERED;
    f->buffer = f->pos = buffer;
    f->size = size;
    f->end = buffer + size;
    return result;
}

int vfprintf(FILE *restrict f, const char *restrict format, va_list ap)
{
    flockfile(f);
    int result = (f->flags & STREAM_UNBUFFERED ? unbuffered_format : stream_format)(f, format, ap);
    funlockfile(f);
    return result;
}

int vsnprintf(char *restrict to, size_t size, const char *restrict format, va_list ap)
{
    struct __sink s = {.put = to_memory, .to = to, .room = size > 0 ? size - 1 : 0};
    int result = __format(&s, format, ap);
    if (size > 0)
        *(char *)s.to = '\0';
    return result == 0 ? (int)s.count : -1;
}

int vsprintf(char *restrict to, const char *restrict format, va_list ap)
{
    size_t room = SIZE_MAX - (uintptr_t)to; /* all there is */
    return vsnprintf(to, room, format, ap);
}

int vasprintf(char **restrict made, const char *restrict format, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int len = vsnprintf(NULL, 0, format, again);
    va_end(again);
    *made = len >= 0 ? malloc((size_t)len + 1) : NULL;
    return *made != NULL ? vsnprintf(*made, (size_t)len + 1, format, ap) : -1;
}

static ssize_t fd_write(FILE *f, const void *from, size_t len) { return write(f->fd, from, len); }

int vdprintf(int fd, const char *restrict format, va_list ap)
{
    static const struct __stream_ops ops = {.write = fd_write};
    FILE f = {.fd = fd, .ops = &ops, .flags = STREAM_WRITE | STREAM_UNBUFFERED};
    unsigned char byte[UNGET_MAX + 1];
    f.buffer = f.pos = f.end = byte + UNGET_MAX;
    f.size = 1;
    return unbuffered_format(&f, format, ap);
}

int vprintf(const char *restrict format, va_list ap) { return vfprintf(stdout, format, ap); }

int printf(const char *restrict format, ...) { FORWARD(vfprintf(stdout, format, ap)); }
int fprintf(FILE *restrict f, const char *restrict format, ...) { FORWARD(vfprintf(f, format, ap)); }
int dprintf(int fd, const char *restrict format, ...) { FORWARD(vdprintf(fd, format, ap)); }
int sprintf(char *restrict to, const char *restrict format, ...) { FORWARD(vsprintf(to, format, ap)); }
int snprintf(char *restrict to, size_t size, const char *restrict format, ...) { FORWARD(vsnprintf(to, size, format, ap)); }
int asprintf(char **restrict made, const char *restrict format, ...) { FORWARD(vasprintf(made, format, ap)); }
