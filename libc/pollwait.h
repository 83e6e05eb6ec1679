/* SPDX-License-Identifier: MIT
 * What poll(), select() and those with a mask of signals have in common.
 */
#ifndef LIBC_POLLWAIT_H
#define LIBC_POLLWAIT_H

#include <abi/error.h>
#include <abi/types.h>
#include <poll.h>
#include <signal.h>
#include <sys/select.h>

/* How a list is waited for. mask: NULL, or the signals that are blocked meanwhile. */
struct __poll_wait {
    int (*poll)(struct pollfd *fds, nfds_t n, const struct __poll_wait *wait);
    ticks_t deadline;
    const sigset_t *mask;
};

int __poll_until(struct pollfd *fds, nfds_t n, ticks_t deadline);
/* For who has just polled something: takes no lock unless the file server has been restarted since. FS_ERR_UNKNOWN: it does not know us. */
err_t __poll_attached(struct pollfd *fds, nfds_t n, ticks_t deadline, int *result);
ticks_t __poll_deadline(time_t seconds, long ns); /* from now on; 0 and 0: do not wait */

/* sets: to read, to write, and those that are never ready. EINVAL: nfds. */
int __select(int nfds, fd_set *const sets[3], const struct __poll_wait *wait);

#endif
