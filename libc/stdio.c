/* SPDX-License-Identifier: MIT
 * The three standard streams over picolibc's buffered files: stdin and stdout by line, so that one line is one request
 * to the console. stderr must look unbuffered but a request per character would be slow: it collects a line and is
 * pushed out before anything that somebody could notice (any other call of this library: read, fork, sleep, exit...).
 */
#include "internal.h"

#include <stdio.h>
#include <stdio-bufio.h>
#include <errno.h>
#include <unistd.h>

#define BUFFER_BYTES 1024

static char in_buffer[BUFFER_BYTES], out_buffer[BUFFER_BYTES], err_buffer[BUFFER_BYTES];

/* Streams hand over their own buffers, which are good: short lines may travel in the message. close() is respected. */
static ssize_t stream_write(int fd, const void *buf, size_t len)
{
    return __write_trusted(fd, buf, len);
}

static struct __file_bufio in_file =
    FDEV_SETUP_BUFIO(0, in_buffer, BUFFER_BYTES, read, stream_write, lseek, close, __SRD, __BLBF);
static struct __file_bufio out_file =
    FDEV_SETUP_BUFIO(1, out_buffer, BUFFER_BYTES, read, stream_write, lseek, close, __SWR, __BLBF);
static struct __file_bufio err_file =
    FDEV_SETUP_BUFIO(2, err_buffer, BUFFER_BYTES, read, stream_write, lseek, close, __SWR, __BLBF);

FILE *const stdin = &in_file.xfile.cfile.file;
FILE *const stdout = &out_file.xfile.cfile.file;
FILE *const stderr = &err_file.xfile.cfile.file;

/* Lines go out one by one to a console; to a file or a pipe when the buffer is full. */
void __stdio_start(bool has_files)
{
    if (has_files && !isatty(STDOUT_FILENO))
        out_file.bflags &= (uint8_t)~__BLBF;
    __lock_init(in_file.lock);
    __lock_init(out_file.lock);
    __lock_init(err_file.lock);
}

void __stderr_push(void)
{
    /* An unlocked look: a thread that is just printing pushes its own bytes later. */
    if (err_file.len > 0)
        (void)fflush(stderr);
}

/* Last of all destructors (the lowest priority number runs last), after every atexit() handler. */
__attribute__((destructor(101))) static void streams_flush(void)
{
    (void)fflush(stdout);
    (void)fflush(stderr);
}
