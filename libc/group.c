/* SPDX-License-Identifier: MIT
 * Groups of processes, sessions, and which group has the console. There is one console; a session's leader need not open it.
 */
#include "internal.h"

#include <errno.h>
#include <ipc/procmgr.h>
#include <signal.h>
#include <unistd.h>

static int ask(uint64_t what, pid_t pid, pid_t group, struct ipc_msg *m)
{
    *m = (struct ipc_msg){.w = {PROC_GROUP, what, (uint64_t)pid, (uint64_t)group}};
    err_t err = proc_call(H_PROC, m);
    if (err == ERR_NOENT) {
        errno = ESRCH;
        return -1;
    }
    return __error_set(err);
}

int setpgid(pid_t pid, pid_t group)
{
    struct ipc_msg m;
    if (group < 0 || pid < 0) {
        errno = group < 0 ? EINVAL : ESRCH;
        return -1;
    }
    return ask(PROC_GROUP_SET, pid, group, &m);
}

static pid_t word_of(pid_t pid, unsigned word)
{
    struct ipc_msg m;
    if (pid < 0) {
        errno = ESRCH;
        return -1;
    }
    return ask(PROC_GROUP_ASK, pid, 0, &m) == 0 ? (pid_t)m.w[word] : -1;
}

pid_t getpgid(pid_t pid) { return word_of(pid, 1); }
pid_t getsid(pid_t pid) { return word_of(pid, 2); }
pid_t getpgrp(void) { return word_of(0, 1); }
int setpgrp(void) { return setpgid(0, 0); }

pid_t setsid(void)
{
    struct ipc_msg m;
    return ask(PROC_GROUP_SESSION, 0, 0, &m) == 0 ? (pid_t)m.w[2] : -1;
}

static err_t foreground(uint64_t who, pid_t *now)
{
    struct ipc_msg m = {.w = {PROC_FOREGROUND, who}};
    err_t err = proc_call(H_PROC, &m);
    *now = (pid_t)m.w[1];
    return err;
}

pid_t tcgetpgrp(int fd)
{
    pid_t now;
    if (!isatty(fd))
        return -1; /* EBADF or ENOTTY */
    err_t err = foreground(~0UL, &now);
    return err == OK ? now : (pid_t)__error_set(err);
}

int tcsetpgrp(int fd, pid_t group)
{
    pid_t now;
    if (!isatty(fd))
        return -1;
    if (group <= 0) {
        errno = EINVAL;
        return -1;
    }
    err_t err = __console_allowed(SIGTTOU);
    if (err != OK)
        return __error_set(err);
    err = foreground((uint64_t)group, &now);
    return __error_set(err == ERR_NOENT ? ERR_PERM : err);
}
