/* SPDX-License-Identifier: MIT
 * Waiting until one of several descriptors is ready.
 */
#ifndef PAGODA_POLL_H
#define PAGODA_POLL_H

#include <signal.h>
#include <time.h>

#define POLLIN 1
#define POLLPRI 2
#define POLLOUT 4
#define POLLERR 8
#define POLLHUP 16
#define POLLNVAL 32
#define POLLRDNORM POLLIN
#define POLLWRNORM POLLOUT
#define POLLRDBAND POLLPRI /* neither ever is */
#define POLLWRBAND 64

typedef unsigned nfds_t;
struct pollfd {
    int fd;
    short events, revents;
};

/* How many of fds are ready, 0 after timeout_ms (negative: never). Files are always ready, and the console to be written.
 * EINVAL: more than 1,024. */
int poll(struct pollfd *fds, nfds_t n, int timeout_ms);
/* timeout NULL: for ever; mask: the signals that are blocked meanwhile, NULL: those that are. Between the change of the mask and the wait
 * no signal is lost. EINTR: a handler ran, SA_RESTART or not. */
int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask);

#endif
