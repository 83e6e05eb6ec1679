/* SPDX-License-Identifier: MIT
 * Several buffers as one. What fits into one request goes as one, so that it is as whole as one write is; the bytes pass through
 * a buffer of our own.
 */
#include "internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define ON_STACK 1024u

/* Bytes in all, -1 and EINVAL: more than can be said. */
static ssize_t sum(const struct iovec *v, int count)
{
    size_t bytes = 0;
    if (count < 1 || count > IOV_MAX) {
        errno = EINVAL;
        return -1;
    }
    for (int i = 0; i < count; i++)
        if (v[i].iov_len > SSIZE_MAX - bytes) {
            errno = EINVAL;
            return -1;
        } else {
            bytes += v[i].iov_len;
        }
    return (ssize_t)bytes;
}

/* One after the other, as far as each is wholly done: what a caller gets that has too much for one piece. */
static ssize_t one_by_one(int fd, const struct iovec *v, int count, ssize_t (*call)(int, const struct iovec *))
{
    ssize_t total = 0;
    for (int i = 0; i < count; i++) {
        ssize_t n = v[i].iov_len > 0 ? call(fd, &v[i]) : 0;
        if (n < 0)
            return total > 0 ? total : -1;
        total += n;
        if ((size_t)n < v[i].iov_len)
            break;
    }
    return total;
}

static ssize_t read_one(int fd, const struct iovec *v) { return read(fd, v->iov_base, v->iov_len); }
static ssize_t write_one(int fd, const struct iovec *v) { return write(fd, v->iov_base, v->iov_len); }

/* errno is the call's. */
static void give_back(char *all)
{
    int error = errno;
    free(all);
    errno = error;
}

ssize_t writev(int fd, const struct iovec *v, int count)
{
    char small[ON_STACK];
    ssize_t bytes = sum(v, count);
    if (bytes < 0)
        return -1;
    char *all = (size_t)bytes <= sizeof small ? small : malloc((size_t)bytes);
    if (all == NULL)
        return one_by_one(fd, v, count, write_one);
    for (size_t i = 0, at = 0; i < (size_t)count; at += v[i].iov_len, i++)
        memcpy(all + at, v[i].iov_base, v[i].iov_len);
    ssize_t done = write(fd, all, (size_t)bytes);
    if (all != small)
        give_back(all);
    return done;
}

/* A read that finds less than was asked for ends there; a second one could wait. */
ssize_t readv(int fd, const struct iovec *v, int count)
{
    char small[ON_STACK];
    ssize_t bytes = sum(v, count);
    if (bytes < 0)
        return -1;
    char *all = (size_t)bytes <= sizeof small ? small : malloc((size_t)bytes);
    if (all == NULL)
        return one_by_one(fd, v, count, read_one);
    ssize_t done = read(fd, all, (size_t)bytes);
    size_t left = done > 0 ? (size_t)done : 0, at = 0;
    for (int i = 0; i < count && left > 0; i++) {
        size_t n = left < v[i].iov_len ? left : v[i].iov_len;
        memcpy(v[i].iov_base, all + at, n);
        at += n;
        left -= n;
    }
    if (all != small)
        give_back(all);
    return done;
}
