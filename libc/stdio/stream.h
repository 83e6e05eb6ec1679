/* SPDX-License-Identifier: MIT
 * What a stream is. Programs see only its name.
 *
 *   reading   buffer ........ pos ======== end ........ buffer + size      pos..end: read ahead, not asked for yet
 *   writing   buffer ======== pos ........ end = buffer + size             buffer..pos: not written yet
 *   neither   pos = end = buffer: the next call decides
 *
 * Before the buffer lie UNGET_MAX bytes for ungetc(). All functions of this header want the stream's lock held.
 */
#ifndef LIBC_STDIO_STREAM_H
#define LIBC_STDIO_STREAM_H

#include <pagoda/thread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define UNGET_MAX 8u

/* Where bytes come from and go to. As the calls of that name; a missing one fails (seek: ESPIPE). */
struct __stream_ops {
    ssize_t (*read)(FILE *f, void *to, size_t len);
    ssize_t (*write)(FILE *f, const void *from, size_t len);
    off_t (*seek)(FILE *f, off_t offset, int whence);
    int (*close)(FILE *f);
};

enum {
    STREAM_READ = 1 << 0,      /* opened for reading */
    STREAM_WRITE = 1 << 1,
    STREAM_APPEND = 1 << 2,
    STREAM_EOF = 1 << 3,
    STREAM_ERROR = 1 << 4,
    STREAM_LINE = 1 << 5,      /* pushed out at the end of a line */
    STREAM_UNBUFFERED = 1 << 6,
    STREAM_READING = 1 << 7,   /* what the buffer holds; neither: it is empty */
    STREAM_WRITING = 1 << 8,
    STREAM_OWNS_BUFFER = 1 << 9, /* free() it (UNGET_MAX before `buffer`) */
    STREAM_STATIC = 1 << 10,   /* the stream itself is not free()d */
    STREAM_ASK = 1 << 11,      /* before the first byte is written: by line if it goes to a console */
};

struct __file {
    unsigned char *pos, *end;
    unsigned char *buffer;     /* NULL: not needed yet */
    size_t size;
    unsigned flags;
    int fd;                    /* -1: none */
    const struct __stream_ops *ops;
    void *cookie;              /* of the ops; popen(): the process */
    struct thread_mutex mutex; /* with owner and depth: a recursive lock */
    uintptr_t owner;
    unsigned depth;
    FILE *next, *prev;         /* open.c: of all that are open */
};

extern const struct __stream_ops __stream_fd_ops;

/* Bytes into the empty buffer. 0, or EOF at the end or on an error, which the flags then say. */
int __stream_fill(FILE *f);
/* Write what the buffer holds. 0, or EOF; after EAGAIN and EINTR what was not written stays. */
int __stream_flush(FILE *f);
/* Make it a stream that is read, or written. 0, or EOF: it was not opened for that, or its bytes can't be written. */
int __stream_to_read(FILE *f);
int __stream_to_write(FILE *f);
/* How many bytes it was. Less: an error or the end. */
size_t __stream_read(FILE *f, void *to, size_t len);
size_t __stream_write(FILE *f, const void *from, size_t len);
int __stream_put(FILE *f, int c);
/* Write, or give back what was read ahead; then the buffer is empty. */
int __stream_sync(FILE *f);

static inline int __stream_get(FILE *f)
{
    if (f->pos >= f->end || !(f->flags & STREAM_READING)) {
        if (__stream_to_read(f) != 0 || (f->pos >= f->end && __stream_fill(f) != 0))
            return EOF;
    }
    return *f->pos++;
}

/* open.c. The mode's open() flags, or -1 and EINVAL; the STREAM_ flags that go with open() flags. */
int __stream_mode(const char *mode);
unsigned __stream_access(int open_flags);
/* A new stream in the list; NULL: ENOMEM. */
FILE *__stream_new(const struct __stream_ops *ops, void *cookie, unsigned flags);
/* Out of the list, its memory free. */
void __stream_drop(FILE *f);
void __stream_add(FILE *f);
/* For each open stream, with its lock held. */
void __stream_each(void (*act)(FILE *f));

/* A conversion's output. put: more bytes; `count` counts all. */
struct __sink {
    void (*put)(struct __sink *s, const char *bytes, size_t len);
    void *to;
    size_t room, count;
};
/* The body of a function with `format, ...`, which calls its sister with `ap`. */
#define FORWARD(call) \
    va_list ap; \
    va_start(ap, format); \
    int result = call; \
    va_end(ap); \
    return result

/* printf()'s work: 0, or -1 and errno: EINVAL a conversion that there is not, EOVERFLOW, EILSEQ. */
int __format(struct __sink *s, const char *format, va_list ap);
static inline void __sink_put(struct __sink *s, const char *bytes, size_t len)
{
    s->put(s, bytes, len);
    s->count += len;
}
void __sink_pad(struct __sink *s, char c, long n);

/* ---- command.c ---- */
#define __SHELL "/bin/sh"
int __command_wait(pid_t pid); /* -> its status, or -1 with errno; a signal does not end the wait */

#endif
