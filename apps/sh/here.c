/* SPDX-License-Identifier: MIT
 * Here-documents: a short one waits in a pipe, a longer one in a file that has no name any more.
 */
#include "sh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PIPE_HOLDS 4096u /* what fits into any pipe at once */

static int in_pipe(const char *text, size_t len)
{
    int p[2];
    if (pipe2(p, O_CLOEXEC) != 0)
        return -1;
    bool good = len == 0 || write(p[1], text, len) == (ssize_t)len;
    (void)close(p[1]);
    if (good)
        return p[0];
    (void)close(p[0]);
    return -1;
}

static int in_file(const char *text, size_t len)
{
    static unsigned number;
    char path[64];
    snprintf(path, sizeof path, "/tmp/sh.%ld.%u", (long)getpid(), number++);
    int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), from = -1;
    ssize_t n = 1;
    if (to < 0)
        return -1;
    for (size_t done = 0; done < len && n > 0; done += n > 0 ? (size_t)n : 0)
        n = write(to, text + done, len - done);
    if (n > 0)
        from = open(path, O_RDONLY | O_CLOEXEC);
    int error = errno;
    (void)close(to);
    (void)unlink(path);
    errno = error;
    return from;
}

int here_document(const struct redirection *r)
{
    const char *text = r->quoted ? r->body : expand_here(r->body, r->body_len);
    size_t len = r->quoted ? r->body_len : strlen(text);
    return len <= PIPE_HOLDS ? in_pipe(text, len) : in_file(text, len);
}
