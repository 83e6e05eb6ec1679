/* SPDX-License-Identifier: MIT
 * poll, and select by means of it.
 */
#include "internal.h"

#include <errno.h>
#include <ipc/fs.h>
#include <poll.h>
#include <stddef.h>
#include <sys/select.h>
#include <time.h>

_Static_assert(sizeof(struct pollfd) == sizeof(struct fs_poll) && offsetof(struct pollfd, revents) == offsetof(struct fs_poll, revents),
               "the file server's structure is POSIX's");

static int poll_until(struct pollfd *fds, nfds_t n, ticks_t deadline)
{
    struct ipc_msg m = {.w = {FS_POLL, n, deadline}};
    struct ipc_buf b = {fds, n * sizeof *fds, BUF_R | BUF_W};
    err_t err = __files_call(&m, &b, 1);
    return err == OK ? (int)m.w[1] : __error_set(err);
}

static ticks_t deadline_in(time_t seconds, long ns)
{
    struct timespec now;
    if (seconds < 0 || seconds > 1 << 30)
        return DEADLINE_NONE;
    ticks_t ticks = sys_time();
    if (seconds == 0 && ns == 0)
        return DEADLINE_POLL;
    (void)clock_getres(CLOCK_MONOTONIC, &now);
    uint64_t tick_ns = now.tv_nsec > 0 ? (uint64_t)now.tv_nsec : 1;
    return ticks + ((uint64_t)seconds * 1000000000u + (uint64_t)ns + tick_ns - 1) / tick_ns;
}

int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
    return poll_until(fds, n, timeout_ms < 0 ? DEADLINE_NONE : deadline_in(timeout_ms / 1000, timeout_ms % 1000 * 1000000L));
}

/* Sets become a list; what was ready becomes sets again. */
int select(int nfds, fd_set *restrict in, fd_set *restrict out, fd_set *restrict except, struct timeval *restrict timeout)
{
    struct pollfd list[FD_SETSIZE];
    nfds_t n = 0;
    if (nfds < 0 || nfds > FD_SETSIZE || (timeout != NULL && (timeout->tv_sec < 0 || timeout->tv_usec < 0))) {
        errno = EINVAL;
        return -1;
    }
    for (int fd = 0; fd < nfds; fd++) {
        short events = (short)((in != NULL && FD_ISSET(fd, in) ? POLLIN : 0) | (out != NULL && FD_ISSET(fd, out) ? POLLOUT : 0) |
                               (except != NULL && FD_ISSET(fd, except) ? POLLPRI : 0));
        if (events != 0)
            list[n++] = (struct pollfd){.fd = fd, .events = events};
    }
    int found = poll_until(list, n, timeout == NULL ? DEADLINE_NONE : deadline_in(timeout->tv_sec, timeout->tv_usec * 1000L));
    for (nfds_t i = 0; i < n && found >= 0; i++)
        if (list[i].revents & POLLNVAL) {
            errno = EBADF;
            return -1;
        }
    if (found < 0)
        return -1;
    found = 0;
    for (nfds_t i = 0; i < n; i++) {
        int fd = list[i].fd;
        bool reads = list[i].revents & (POLLIN | POLLHUP | POLLERR), writes = list[i].revents & (POLLOUT | POLLERR);
        bool in_is = in != NULL && FD_ISSET(fd, in) && reads, out_is = out != NULL && FD_ISSET(fd, out) && writes;
        if (in != NULL && FD_ISSET(fd, in) && !in_is)
            FD_CLR(fd, in);
        if (out != NULL && FD_ISSET(fd, out) && !out_is)
            FD_CLR(fd, out);
        if (except != NULL && FD_ISSET(fd, except))
            FD_CLR(fd, except);
        found += in_is + out_is;
    }
    return found;
}
