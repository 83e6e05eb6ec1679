/* SPDX-License-Identifier: MIT
 * Bytes, strings and blocks in and out of streams; the lock around each call.
 */
#include "stream.h"

#include "cancel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uintptr_t self(void)
{
    uintptr_t tp;
    __asm__("mv %0, tp" : "=r"(tp));
    return tp;
}

int ftrylockfile(FILE *f)
{
    /* Only this thread can have written its own tp there, so the unlocked read is sound. */
    if (__atomic_load_n(&f->owner, __ATOMIC_RELAXED) != self()) {
        if (!thread_mutex_trylock(&f->mutex))
            return -1;
        __atomic_store_n(&f->owner, self(), __ATOMIC_RELAXED);
    }
    f->depth++;
    __cancel_held++;
    return 0;
}

void flockfile(FILE *f)
{
    if (ftrylockfile(f) == 0)
        return;
    thread_mutex_lock(&f->mutex);
    __atomic_store_n(&f->owner, self(), __ATOMIC_RELAXED);
    f->depth++;
    __cancel_held++;
}

void funlockfile(FILE *f)
{
    __cancel_held--;
    if (--f->depth > 0)
        return;
    __atomic_store_n(&f->owner, 0, __ATOMIC_RELAXED);
    thread_mutex_unlock(&f->mutex);
}

/* Bytes of n pieces of that size. 0: none, or EOVERFLOW, more than there can be. */
static size_t bytes_of(size_t size, size_t n, FILE *f)
{
    size_t bytes;
    if (!__builtin_mul_overflow(size, n, &bytes))
        return bytes;
    errno = EOVERFLOW;
    f->flags |= STREAM_ERROR;
    return 0;
}

/* ---- reading ---- */

int getc_unlocked(FILE *f) { return __stream_get(f); }

int fgetc(FILE *f)
{
    flockfile(f);
    int c = __stream_get(f);
    funlockfile(f);
    return c;
}

int getc(FILE *f) { return fgetc(f); }
int getchar(void) { return fgetc(stdin); }
int getchar_unlocked(void) { return __stream_get(stdin); }

int ungetc(int c, FILE *f)
{
    if (c == EOF)
        return EOF;
    flockfile(f);
    bool good = __stream_to_read(f) == 0 && f->pos > f->buffer - UNGET_MAX;
    if (good) {
        *--f->pos = (unsigned char)c;
        f->flags &= ~(unsigned)STREAM_EOF;
    }
    funlockfile(f);
    return good ? (unsigned char)c : EOF;
}

char *fgets(char *restrict to, int size, FILE *restrict f)
{
    int n = 0, c = 0;
    flockfile(f);
    while (n + 1 < size && c != '\n' && (c = __stream_get(f)) != EOF)
        to[n++] = (char)c;
    bool good = n > 0 && !(c == EOF && f->flags & STREAM_ERROR);
    funlockfile(f);
    if (size > 0 && good)
        to[n] = '\0';
    return good ? to : NULL;
}

size_t fread_unlocked(void *restrict to, size_t size, size_t n, FILE *restrict f)
{
    size_t bytes = bytes_of(size, n, f);
    if (bytes == 0)
        return 0;
    size_t got = __stream_read(f, to, bytes);
    return got == bytes ? n : got / size;
}

size_t fread(void *restrict to, size_t size, size_t n, FILE *restrict f)
{
    flockfile(f);
    size_t got = fread_unlocked(to, size, n, f);
    funlockfile(f);
    return got;
}

/* Room for `more` bytes and a nul after the first n. */
static bool line_room(char **line, size_t *size, size_t need)
{
    if (*line != NULL && *size >= need)
        return true;
    size_t want = need < 120 ? 120 : need + need / 2;
    char *made = realloc(*line, want);
    if (made == NULL)
        return false;
    *line = made;
    *size = want;
    return true;
}

/* Up to the delimiter or the end. How many bytes, or -1. */
static ssize_t line_read(char **line, size_t *size, int delimiter, FILE *f)
{
    size_t n = 0;
    if (*line == NULL)
        *size = 0;
    for (int c = 0; c != delimiter || n == 0;) { /* bound: the line */
        c = __stream_get(f);
        if (c == EOF)
            break;
        if (!line_room(line, size, n + 2))
            return -1;
        (*line)[n++] = (char)c;
        if (c == delimiter)
            break;
    }
    if (n == 0)
        return -1;
    (*line)[n] = '\0';
    return (ssize_t)n;
}

ssize_t getdelim(char **restrict line, size_t *restrict size, int delimiter, FILE *restrict f)
{
    if (line == NULL || size == NULL) {
        errno = EINVAL;
        return -1;
    }
    flockfile(f);
    ssize_t n = line_read(line, size, delimiter, f);
    funlockfile(f);
    return n;
}

ssize_t getline(char **restrict line, size_t *restrict size, FILE *restrict f) { return getdelim(line, size, '\n', f); }

/* ---- writing ---- */

int putc_unlocked(int c, FILE *f) { return __stream_put(f, c); }

int fputc(int c, FILE *f)
{
    flockfile(f);
    int result = __stream_put(f, c);
    funlockfile(f);
    return result;
}

int putc(int c, FILE *f) { return fputc(c, f); }
int putchar(int c) { return fputc(c, stdout); }
int putchar_unlocked(int c) { return __stream_put(stdout, c); }

int fputs_unlocked(const char *restrict s, FILE *restrict f)
{
    size_t len = strlen(s);
    return __stream_write(f, s, len) == len ? 0 : EOF;
}

int fputs(const char *restrict s, FILE *restrict f)
{
    flockfile(f);
    int result = fputs_unlocked(s, f);
    funlockfile(f);
    return result;
}

int puts(const char *s)
{
    flockfile(stdout);
    int result = fputs_unlocked(s, stdout) == 0 && __stream_put(stdout, '\n') != EOF ? 0 : EOF;
    funlockfile(stdout);
    return result;
}

size_t fwrite_unlocked(const void *restrict from, size_t size, size_t n, FILE *restrict f)
{
    size_t bytes = bytes_of(size, n, f);
    if (bytes == 0)
        return 0;
    size_t done = __stream_write(f, from, bytes);
    return done == bytes ? n : done / size;
}

size_t fwrite(const void *restrict from, size_t size, size_t n, FILE *restrict f)
{
    flockfile(f);
    size_t done = fwrite_unlocked(from, size, n, f);
    funlockfile(f);
    return done;
}

void perror(const char *what)
{
    const char *why = strerror(errno);
    flockfile(stderr);
    if (what != NULL && *what != '\0')
        (void)fprintf(stderr, "%s: ", what);
    (void)fprintf(stderr, "%s\n", why);
    funlockfile(stderr);
}
