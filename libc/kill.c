/* SPDX-License-Identifier: MIT
 * Sending signals: to processes, groups, oneself. Part of every program, since a write to a pipe may raise one: so it must not need
 * the rest of what there is for signals.
 */
#include "signals.h"

#include "internal.h"

#include <errno.h>
#include <ipc/procmgr.h>
#include <unistd.h>

static err_t request(int64_t who, int sig, uint64_t thread)
{
    struct ipc_msg m = {.w = {PROC_KILL, (uint64_t)who, (uint64_t)sig, thread}};
    return proc_call(H_PROC, &m);
}

static err_t send(int64_t who, int sig, uint64_t thread)
{
    __stderr_push();
    return request(who, sig, thread);
}

void __signal_for_write(int sig) { (void)request(0, sig, PROC_KILL_SELF); }

static int sent(err_t err)
{
    if (err != ERR_NOENT)
        return __error_set(err);
    errno = ESRCH;
    return -1;
}

static bool is_bad(int sig) { return sig < 0 || sig >= NSIG; }

int kill(pid_t pid, int sig)
{
    if (is_bad(sig)) {
        errno = EINVAL;
        return -1;
    }
    return sent(send(pid, sig, 0));
}

int sigqueue(pid_t pid, int sig, union sigval value)
{
    struct ipc_msg m = {.w = {PROC_SIGQUEUE, (uint64_t)pid, (uint64_t)sig, (uintptr_t)value.sival_ptr}};
    if (is_bad(sig)) {
        errno = EINVAL;
        return -1;
    }
    __stderr_push();
    return sent(pid > 0 ? proc_call(H_PROC, &m) : ERR_NOENT);
}

int killpg(pid_t group, int sig)
{
    if (group < 0 || is_bad(sig)) {
        errno = EINVAL;
        return -1;
    }
    return sent(group == 1 ? send(-(1L << 32) - 1, sig, 0) : send(-(int64_t)group, sig, 0));
}

err_t __thread_kill(unsigned slot, int sig) { return send(0, sig, slot == SIGNAL_SELF ? PROC_KILL_SELF : slot + 1UL); }

/* It is taken before the answer comes back, unless it is blocked. */
int raise(int sig)
{
    if (is_bad(sig)) {
        errno = EINVAL;
        return -1;
    }
    return sent(__thread_kill(SIGNAL_SELF, sig));
}
