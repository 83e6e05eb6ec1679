/* SPDX-License-Identifier: MIT
 * Positions, buffering and flags of streams.
 */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>

static off_t seek(FILE *f, off_t offset, int whence)
{
    if (f->ops->seek == NULL) {
        errno = ESPIPE;
        return -1;
    }
    return f->ops->seek(f, offset, whence);
}

/* Where the program is: what is behind it has been read ahead or is not written yet. */
static off_t position(FILE *f)
{
    bool appends = f->flags & STREAM_WRITING && f->flags & STREAM_APPEND && f->pos > f->buffer;
    off_t at = seek(f, 0, appends ? SEEK_END : SEEK_CUR);
    if (at < 0)
        return -1;
    if (f->flags & STREAM_READING)
        return at - (f->end - f->pos);
    return f->flags & STREAM_WRITING ? at + (f->pos - f->buffer) : at;
}

static int move(FILE *f, off_t offset, int whence)
{
    if (whence == SEEK_CUR && f->flags & STREAM_READING)
        offset -= f->end - f->pos;
    if (__stream_flush(f) != 0 || seek(f, offset, whence) < 0)
        return -1;
    f->pos = f->end = f->buffer;
    f->flags &= ~(unsigned)(STREAM_READING | STREAM_WRITING | STREAM_EOF);
    return 0;
}

int fseeko(FILE *f, off_t offset, int whence)
{
    flockfile(f);
    int result = move(f, offset, whence);
    funlockfile(f);
    return result;
}

off_t ftello(FILE *f)
{
    flockfile(f);
    off_t at = position(f);
    funlockfile(f);
    return at;
}

int fseek(FILE *f, long offset, int whence) { return fseeko(f, offset, whence); }
long ftell(FILE *f) { return ftello(f); }

void rewind(FILE *f)
{
    flockfile(f);
    (void)move(f, 0, SEEK_SET);
    f->flags &= ~(unsigned)STREAM_ERROR;
    funlockfile(f);
}

int fgetpos(FILE *restrict f, fpos_t *restrict at)
{
    at->__offset = ftello(f);
    return at->__offset < 0 ? -1 : 0;
}

int fsetpos(FILE *f, const fpos_t *at) { return fseeko(f, at->__offset, SEEK_SET); }

int feof_unlocked(FILE *f) { return (f->flags & STREAM_EOF) != 0; }
int ferror_unlocked(FILE *f) { return (f->flags & STREAM_ERROR) != 0; }
void clearerr_unlocked(FILE *f) { f->flags &= ~(unsigned)(STREAM_EOF | STREAM_ERROR); }
int feof(FILE *f) { return feof_unlocked(f); }
int ferror(FILE *f) { return ferror_unlocked(f); }

void clearerr(FILE *f)
{
    flockfile(f);
    clearerr_unlocked(f);
    funlockfile(f);
}

/* A given buffer holds the room for ungetc() as well. Too small to hold anything: ours will do. */
static void use_buffer(FILE *f, char *buffer, size_t size)
{
    if (f->flags & STREAM_OWNS_BUFFER)
        free(f->buffer - UNGET_MAX);
    f->flags &= ~(unsigned)STREAM_OWNS_BUFFER;
    f->buffer = NULL;
    if (buffer != NULL && size > 2 * UNGET_MAX) {
        f->buffer = (unsigned char *)buffer + UNGET_MAX;
        f->size = size - UNGET_MAX;
    } else if (size > 2 * UNGET_MAX) {
        unsigned char *made = malloc(UNGET_MAX + size);
        if (made != NULL) {
            f->buffer = made + UNGET_MAX;
            f->size = size;
            f->flags |= STREAM_OWNS_BUFFER;
        }
    }
    f->pos = f->end = f->buffer;
}

int setvbuf(FILE *restrict f, char *restrict buffer, int how, size_t size)
{
    if (how != _IOFBF && how != _IOLBF && how != _IONBF) {
        errno = EINVAL;
        return -1;
    }
    flockfile(f);
    if (__stream_sync(f) == 0 && !(f->flags & STREAM_READING)) {
        f->flags &= ~(unsigned)(STREAM_LINE | STREAM_UNBUFFERED | STREAM_ASK);
        f->flags |= how == _IOLBF ? STREAM_LINE : how == _IONBF ? STREAM_UNBUFFERED : 0u;
        if (how == _IONBF)
            use_buffer(f, NULL, 0);
        else if (buffer != NULL || f->size != size)
            use_buffer(f, buffer, size);
    }
    funlockfile(f);
    return 0;
}

void setbuffer(FILE *f, char *buffer, size_t size) { (void)setvbuf(f, buffer, buffer != NULL ? _IOFBF : _IONBF, size); }
void setbuf(FILE *restrict f, char *restrict buffer) { setbuffer(f, buffer, BUFSIZ); }
void setlinebuf(FILE *f) { (void)setvbuf(f, NULL, _IOLBF, 0); }
