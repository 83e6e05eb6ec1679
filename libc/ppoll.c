/* SPDX-License-Identifier: MIT
 * Waiting for descriptors and for signals at once: pselect, ppoll.
 *
 * A signal that the mask lets through may come before the request is on its way, and then nothing would end the wait. So while one waits
 * its handler, when it is done, does not go back to where the thread was but here (__signal_escape, signal.c). What poll has found by
 * then is forgotten, which loses nothing: who asks again is told again.
 */
#include "pollwait.h"

#include "signals.h"

#include <errno.h>
#include <ipc/fs.h>
#include <setjmp.h>

/* Between the two settings no lock of the library's is held: the thread may vanish from anywhere there. */
static err_t wait_armed(struct pollfd *fds, nfds_t n, const struct __poll_wait *wait, int *found)
{
    sigjmp_buf out;
    *found = -1;
    if (sigsetjmp(out, 0) != 0) {
        errno = EINTR;
        return ERR_CANCELLED;
    }
    __signal_escape = &out;
    err_t err = ERR_PERM;
    if (sigprocmask(SIG_SETMASK, wait->mask, NULL) == 0)
        err = __poll_attached(fds, n, wait->deadline, found);
    __signal_escape = NULL;
    return err;
}

static int poll_masked(struct pollfd *fds, nfds_t n, const struct __poll_wait *wait)
{
    sigset_t before;
    if (wait->mask == NULL)
        return __poll_until(fds, n, wait->deadline);
    if (sigprocmask(SIG_BLOCK, NULL, &before) != 0)
        return -1;
    int found;
    err_t err = FS_ERR_UNKNOWN;
    while (err == FS_ERR_UNKNOWN) { /* bound: deaths of the file server */
        (void)__poll_until(NULL, 0, DEADLINE_POLL);
        err = wait_armed(fds, n, wait, &found);
    }
    int error = errno;
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return found;
}

/* false and EINVAL: no time. */
static bool deadline_from(const struct timespec *timeout, ticks_t *deadline)
{
    bool good = timeout == NULL || (timeout->tv_sec >= 0 && timeout->tv_nsec >= 0 && timeout->tv_nsec < 1000000000L);
    if (good)
        *deadline = timeout == NULL ? DEADLINE_NONE : __poll_deadline(timeout->tv_sec, timeout->tv_nsec);
    else
        errno = EINVAL;
    return good;
}

int ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
    struct __poll_wait wait = {.mask = mask};
    return deadline_from(timeout, &wait.deadline) ? poll_masked(fds, n, &wait) : -1;
}

int pselect(int nfds, fd_set *restrict in, fd_set *restrict out, fd_set *restrict except, const struct timespec *restrict timeout,
            const sigset_t *restrict mask)
{
    struct __poll_wait wait = {.poll = poll_masked, .mask = mask};
    return deadline_from(timeout, &wait.deadline) ? __select(nfds, (fd_set *const[3]){in, out, except}, &wait) : -1;
}
