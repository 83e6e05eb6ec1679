/* SPDX-License-Identifier: MIT
 * Processes: fork, wait, kill, ids, the end. Each is one request to the process manager.
 */
#include "internal.h"

#include <errno.h>
#include <ipc/procmgr.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

struct fork_hooks __fork_hooks;

/* Buffers of stdio are copied with everything else; who wants them empty flushes first, as POSIX says.
 * Nothing is written between the request and the return as long as the program has one thread: a store would copy its page,
 * and the next thing that many a parent does is wait, that most children do is exec. */
pid_t fork(void)
{
    if (__fork_hooks.prepare != NULL)
        __fork_hooks.prepare();
    bool threads = __fork_hooks.threads != NULL;
    __stderr_push();
    if (threads)
        __libc_lock(); /* only this thread exists in the child: no other may hold the heap then */
    long pid = proc_fork(H_PROC);
    if (pid == 0 && threads)
        __fork_hooks.threads();
    if (pid == 0 && __fork_hooks.park != NULL)
        __fork_hooks.park();
    if (pid == 0 && __fork_hooks.prio != NULL)
        __fork_hooks.prio();
    if (threads)
        __libc_unlock();
    if (__fork_hooks.done != NULL)
        __fork_hooks.done(pid == 0);
    return pid >= 0 ? (pid_t)pid : (pid_t)__error_set((err_t)pid);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    if ((options & ~WNOHANG) != 0) {
        errno = EINVAL;
        return -1;
    }
    /* All processes are of one group: "any of my group" is any. */
    int64_t who = pid > 0 ? pid : -1;
    struct ipc_msg m = {.w = {PROC_WAIT, (uint64_t)who, (options & WNOHANG) != 0 ? WAIT_NOHANG : 0}};
    __stderr_push();
    err_t err = proc_call(H_PROC, &m);
    if (err != OK)
        return (pid_t)__error_set(err);
    if (m.w[1] != 0 && status != NULL)
        *status = (int)m.w[2];
    return (pid_t)m.w[1];
}

pid_t wait(int *status)
{
    return waitpid(-1, status, 0);
}

int kill(pid_t pid, int sig)
{
    if (sig < 0 || sig >= NSIG) {
        errno = EINVAL;
        return -1;
    }
    if (pid <= 0) { /* process groups do not exist: no group, so no member */
        errno = ESRCH;
        return -1;
    }
    struct ipc_msg m = {.w = {PROC_KILL, (uint64_t)pid, (uint64_t)sig}};
    __stderr_push();
    err_t err = proc_call(H_PROC, &m);
    if (err == ERR_NOENT) {
        errno = ESRCH;
        return -1;
    }
    return __error_set(err);
}

static uint64_t own_info(int word)
{
    struct ipc_msg m = {.w = {PROC_GETPID}};
    return proc_call(H_PROC, &m) == OK ? m.w[word] : 0;
}

pid_t getpid(void) { return (pid_t)own_info(1); }
pid_t getppid(void) { return (pid_t)own_info(2); }

void _exit(int status)
{
    struct ipc_msg m = {.w = {PROC_EXIT, (uint64_t)(status & 0xff)}};
    __stderr_push();
    (void)proc_call(H_PROC, &m);
    /* Not reached while there is a process manager. Without one nobody can end us: stop here. */
    __asm__ volatile("unimp");
    __builtin_unreachable();
}
