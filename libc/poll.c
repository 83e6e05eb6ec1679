/* SPDX-License-Identifier: MIT
 * poll, and select by means of it.
 */
#include "pollwait.h"

#include "internal.h"

#include <errno.h>
#include <ipc/fs.h>
#include <poll.h>
#include <stddef.h>
#include <sys/select.h>
#include <time.h>

_Static_assert(sizeof(struct pollfd) == sizeof(struct fs_poll) && offsetof(struct pollfd, revents) == offsetof(struct fs_poll, revents),
               "the file server's structure is POSIX's");

static int found(err_t err, const struct ipc_msg *m) { return err == OK ? (int)m->w[1] : __error_set(err); }

int __poll_until(struct pollfd *fds, nfds_t n, ticks_t deadline)
{
    struct ipc_msg m = {.w = {FS_POLL, n, deadline}};
    struct ipc_buf b = {fds, n * sizeof *fds, BUF_R | BUF_W};
    return found(__files_call(&m, &b, 1), &m);
}

err_t __poll_attached(struct pollfd *fds, nfds_t n, ticks_t deadline, int *result)
{
    struct ipc_msg m = {.w = {FS_POLL, n, deadline}};
    struct ipc_buf b = {fds, n * sizeof *fds, BUF_R | BUF_W};
    err_t err = __files_call_fd(&m, &b, 1);
    *result = found(err, &m);
    return err;
}

ticks_t __poll_deadline(time_t seconds, long ns)
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
    return __poll_until(fds, n, timeout_ms < 0 ? DEADLINE_NONE : __poll_deadline(timeout_ms / 1000, timeout_ms % 1000 * 1000000L));
}

/* ---- select ---- */

/* Which of a program's descriptors; NULL: none. */
struct sets {
    int nfds;
    fd_set *in, *out, *except;
};
#define FEW 64 /* descriptors whose list may stand on any stack */

static short asked(const struct sets *s, int fd)
{
    return (short)((s->in != NULL && FD_ISSET(fd, s->in) ? POLLIN : 0) | (s->out != NULL && FD_ISSET(fd, s->out) ? POLLOUT : 0) |
                   (s->except != NULL && FD_ISSET(fd, s->except) ? POLLPRI : 0));
}

static nfds_t asked_count(const struct sets *s)
{
    nfds_t n = 0;
    for (int fd = 0; fd < s->nfds; fd++)
        n += asked(s, fd) != 0;
    return n;
}

/* What was ready becomes sets again. Returns how many bits that are. */
static int answer(const struct sets *s, const struct pollfd *list, nfds_t n)
{
    int bits = 0;
    for (nfds_t i = 0; i < n; i++) {
        int fd = list[i].fd;
        bool in = list[i].events & POLLIN && list[i].revents & (POLLIN | POLLHUP | POLLERR);
        bool out = list[i].events & POLLOUT && list[i].revents & (POLLOUT | POLLERR);
        if (s->in != NULL && !in)
            FD_CLR(fd, s->in);
        if (s->out != NULL && !out)
            FD_CLR(fd, s->out);
        if (s->except != NULL)
            FD_CLR(fd, s->except);
        bits += in + out;
    }
    return bits;
}

static int select_list(const struct sets *s, struct pollfd *list, const struct __poll_wait *wait)
{
    nfds_t n = 0;
    for (int fd = 0; fd < s->nfds; fd++)
        if (asked(s, fd) != 0)
            list[n++] = (struct pollfd){.fd = fd, .events = asked(s, fd)};
    int ready = wait->poll(list, n, wait);
    for (nfds_t i = 0; i < n && ready >= 0; i++)
        if (list[i].revents & POLLNVAL) {
            errno = EBADF;
            return -1;
        }
    return ready < 0 ? -1 : answer(s, list, n);
}

/* Not inlined: only who asks for many needs the stack for it. */
static __attribute__((noinline)) int select_few(const struct sets *s, const struct __poll_wait *wait)
{
    struct pollfd list[FEW];
    return select_list(s, list, wait);
}
static __attribute__((noinline)) int select_many(const struct sets *s, const struct __poll_wait *wait)
{
    struct pollfd list[FD_SETSIZE];
    return select_list(s, list, wait);
}

int __select(int nfds, fd_set *const sets[3], const struct __poll_wait *wait)
{
    const struct sets s = {nfds, sets[0], sets[1], sets[2]};
    if (nfds < 0 || nfds > FD_SETSIZE) {
        errno = EINVAL;
        return -1;
    }
    return asked_count(&s) <= FEW ? select_few(&s, wait) : select_many(&s, wait);
}

static int poll_plainly(struct pollfd *fds, nfds_t n, const struct __poll_wait *wait)
{
    return __poll_until(fds, n, wait->deadline);
}

int select(int nfds, fd_set *restrict in, fd_set *restrict out, fd_set *restrict except, struct timeval *restrict timeout)
{
    if (timeout != NULL && (timeout->tv_sec < 0 || timeout->tv_usec < 0)) {
        errno = EINVAL;
        return -1;
    }
    ticks_t deadline = timeout == NULL ? DEADLINE_NONE : __poll_deadline(timeout->tv_sec, timeout->tv_usec * 1000L);
    return __select(nfds, (fd_set *const[3]){in, out, except}, &(struct __poll_wait){.poll = poll_plainly, .deadline = deadline});
}
