/* SPDX-License-Identifier: MIT
 * Streams over memory: fmemopen() over the program's own bytes, open_memstream() over a string that grows.
 */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

struct memory {
    char *bytes;
    size_t size, len, at; /* size: room; len: what counts as its content; at: position */
    bool ours, appends;
};

static off_t memory_seek(FILE *f, off_t offset, int whence)
{
    struct memory *m = f->cookie;
    off_t base = whence == SEEK_CUR ? (off_t)m->at : whence == SEEK_END ? (off_t)m->len : 0;
    if (whence < SEEK_SET || whence > SEEK_END || base + offset < 0 || base + offset > (off_t)m->size) {
        errno = EINVAL;
        return -1;
    }
    m->at = (size_t)(base + offset);
    return (off_t)m->at;
}

static ssize_t memory_read(FILE *f, void *to, size_t len)
{
    struct memory *m = f->cookie;
    size_t there = m->at < m->len ? m->len - m->at : 0, n = len < there ? len : there;
    memcpy(to, m->bytes + m->at, n);
    m->at += n;
    return (ssize_t)n;
}

static ssize_t memory_write(FILE *f, const void *from, size_t len)
{
    struct memory *m = f->cookie;
    if (m->appends)
        m->at = m->len;
    size_t room = m->size - m->at, n = len < room ? len : room;
    if (n == 0) {
        errno = ENOSPC;
        return -1;
    }
    memcpy(m->bytes + m->at, from, n);
    m->at += n;
    if (m->at > m->len) {
        m->len = m->at;
        if (m->len < m->size)
            m->bytes[m->len] = '\0';
    }
    return (ssize_t)n;
}

static int memory_close(FILE *f)
{
    struct memory *m = f->cookie;
    if (m->ours)
        free(m->bytes);
    free(m);
    return 0;
}

static const struct __stream_ops memory_ops = {memory_read, memory_write, memory_seek, memory_close};

FILE *fmemopen(void *restrict buffer, size_t size, const char *restrict mode)
{
    int flags = __stream_mode(mode);
    struct memory *m = flags >= 0 ? calloc(1, sizeof *m) : NULL;
    if (m == NULL)
        return NULL;
    *m = (struct memory){.bytes = buffer, .size = size, .ours = buffer == NULL, .appends = (flags & O_APPEND) != 0};
    if (m->ours)
        m->bytes = calloc(1, size != 0 ? size : 1);
    FILE *f = m->bytes != NULL ? __stream_new(&memory_ops, m, __stream_access(flags)) : NULL;
    if (f == NULL) {
        if (m->ours)
            free(m->bytes);
        free(m);
        return NULL;
    }
    if (flags & O_TRUNC && size > 0)
        m->bytes[0] = '\0';
    m->len = *mode == 'r' ? size : strnlen(m->bytes, size);
    m->at = m->appends ? m->len : 0;
    return f;
}

/* ---- a string that grows ---- */

struct string {
    char **at;
    size_t *size;
    char *bytes;
    size_t room, len, pos;
};

static void string_show(struct string *s)
{
    *s->at = s->bytes;
    *s->size = s->pos < s->len ? s->pos : s->len;
}

static bool string_reach(struct string *s, size_t end)
{
    if (end + 1 > s->room) {
        size_t want = end + 1 + end / 2;
        char *made = realloc(s->bytes, want);
        if (made == NULL)
            return false;
        s->bytes = made;
        s->room = want;
    }
    if (end > s->len) { /* a gap reads as zeros, and the string always ends with one */
        memset(s->bytes + s->len, 0, end + 1 - s->len);
        s->len = end;
    }
    return true;
}

static ssize_t string_write(FILE *f, const void *from, size_t len)
{
    struct string *s = f->cookie;
    if (!string_reach(s, s->pos + len))
        return -1;
    memcpy(s->bytes + s->pos, from, len);
    s->pos += len;
    string_show(s);
    return (ssize_t)len;
}

static off_t string_seek(FILE *f, off_t offset, int whence)
{
    struct string *s = f->cookie;
    off_t base = whence == SEEK_CUR ? (off_t)s->pos : whence == SEEK_END ? (off_t)s->len : 0;
    if (whence < SEEK_SET || whence > SEEK_END || base + offset < 0) {
        errno = EINVAL;
        return -1;
    }
    s->pos = (size_t)(base + offset);
    string_show(s);
    return (off_t)s->pos;
}

static int string_close(FILE *f)
{
    free(f->cookie);
    return 0;
}

static const struct __stream_ops string_ops = {NULL, string_write, string_seek, string_close};

FILE *open_memstream(char **at, size_t *size)
{
    struct string *s = calloc(1, sizeof *s);
    if (s == NULL)
        return NULL;
    s->at = at;
    s->size = size;
    FILE *f = string_reach(s, 0) ? __stream_new(&string_ops, s, STREAM_WRITE) : NULL;
    if (f == NULL) {
        free(s->bytes);
        free(s);
        return NULL;
    }
    s->bytes[0] = '\0';
    string_show(s);
    return f;
}
