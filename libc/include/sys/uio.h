/* SPDX-License-Identifier: MIT
 * Reading and writing several buffers as one.
 */
#ifndef PAGODA_SYS_UIO_H
#define PAGODA_SYS_UIO_H

#include <limits.h>
#include <stddef.h>
#include <sys/types.h>

struct iovec {
    void *iov_base;
    size_t iov_len;
};

/* EINVAL: count is not 1 to IOV_MAX, or the lengths are more than a ssize_t. */
ssize_t readv(int fd, const struct iovec *v, int count);
ssize_t writev(int fd, const struct iovec *v, int count);

#endif
