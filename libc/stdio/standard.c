/* SPDX-License-Identifier: MIT
 * The three standard streams, and what becomes of all streams when the program ends. stdin and stdout go by line, so that one
 * line is one request to the console. stderr must look unbuffered but a request per character would be slow: it collects a
 * line and is pushed out before anything that somebody could notice (any other call of this library: read, fork, sleep, exit...).
 */
#include "stream.h"

#include "internal.h"

#define BUFFER_BYTES 1024

static unsigned char in_buffer[UNGET_MAX + BUFFER_BYTES], out_buffer[UNGET_MAX + BUFFER_BYTES], err_buffer[UNGET_MAX + BUFFER_BYTES];

static FILE in_file, out_file, err_file;

#define STANDARD(number, bytes, access, after, before) \
    {.fd = (number), .buffer = (bytes) + UNGET_MAX, .pos = (bytes) + UNGET_MAX, .end = (bytes) + UNGET_MAX, \
     .size = BUFFER_BYTES, .flags = (access) | STREAM_LINE | STREAM_STATIC, .ops = &__stream_fd_ops, .next = (after), .prev = (before)}

static FILE in_file = STANDARD(0, in_buffer, STREAM_READ, &out_file, NULL);
static FILE out_file = STANDARD(1, out_buffer, STREAM_WRITE | STREAM_ASK, &err_file, &in_file);
static FILE err_file = STANDARD(2, err_buffer, STREAM_WRITE, NULL, &out_file);

FILE *const stdin = &in_file;
FILE *const stdout = &out_file;
FILE *const stderr = &err_file;

void __stderr_push(void)
{
    /* An unlocked look: a thread that is just printing pushes its own bytes later. */
    if (err_file.flags & STREAM_WRITING && err_file.pos > err_file.buffer)
        (void)fflush(stderr);
}

/* What was read ahead is given back to the file, for who reads on after us. */
static void leave(FILE *f)
{
    (void)__stream_sync(f);
}

static bool is_used(const FILE *f)
{
    return f->flags & (STREAM_READING | STREAM_WRITING);
}

/* Last of all destructors (the lowest priority number runs last), after every atexit() handler. A program that used no stream
 * writes to none here: that would cost it a page of its own. */
__attribute__((destructor(101))) static void streams_leave(void)
{
    if (is_used(stdin) || is_used(stdout) || is_used(stderr) || stderr->next != NULL)
        __stream_each(leave);
}
