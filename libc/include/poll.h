/* SPDX-License-Identifier: MIT
 * Waiting until one of several descriptors is ready.
 */
#ifndef PAGODA_POLL_H
#define PAGODA_POLL_H

#define POLLIN 1
#define POLLPRI 2
#define POLLOUT 4
#define POLLERR 8
#define POLLHUP 16
#define POLLNVAL 32
#define POLLRDNORM POLLIN
#define POLLWRNORM POLLOUT

typedef unsigned nfds_t;
struct pollfd {
    int fd;
    short events, revents;
};

/* How many of fds are ready, 0 after timeout_ms (negative: never). Files are always ready, and the console to be written.
 * EINVAL: more than 1,024. */
int poll(struct pollfd *fds, nfds_t n, int timeout_ms);

#endif
