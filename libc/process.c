/* SPDX-License-Identifier: MIT
 * Processes: fork, wait, kill, ids, the end. Each is one request to the process manager.
 */
#include "cancel.h"
#include "internal.h"
#include "signals.h"

#include <errno.h>
#include <ipc/procmgr.h>
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
    if (pid == 0 && __fork_hooks.names != NULL)
        __fork_hooks.names();
    if (pid == 0 && __fork_hooks.robust != NULL)
        __fork_hooks.robust();
    if (threads)
        __libc_unlock();
    if (__fork_hooks.done != NULL)
        __fork_hooks.done(pid == 0);
    return pid >= 0 ? (pid_t)pid : (pid_t)__error_set((err_t)pid);
}

/* The child has a copy of its own, so whatever it does harms nobody; the parent goes on when the child runs another program, or ended. */
pid_t vfork(void)
{
    pid_t pid = fork();
    err_t err = pid > 0 ? ERR_CANCELLED : OK;
    while (err == ERR_CANCELLED) { /* bound: handlers, which run meanwhile */
        struct ipc_msg m = {.w = {PROC_WAIT, (uint64_t)pid, WAIT_EXECED | WAIT_KEEP}};
        err = proc_call(H_PROC, &m);
    }
    return pid;
}

/* Bit by bit: the kernel of a wait, with waitid's options besides. */
static uint64_t wait_flags(int options)
{
    return ((options & WNOHANG) != 0 ? WAIT_NOHANG : 0) | ((options & WUNTRACED) != 0 ? WAIT_STOPPED : 0) |
           ((options & WCONTINUED) != 0 ? WAIT_CONTINUED : 0) | ((options & WNOWAIT) != 0 ? WAIT_KEEP : 0);
}

/* who: as PROC_WAIT has it. Again after a handler with SA_RESTART. */
static err_t wait_for(int64_t who, uint64_t flags, struct ipc_msg *m)
{
    err_t err;
    unsigned breaks = __signal_breaks;
    __stderr_push();
    do {
        *m = (struct ipc_msg){.w = {PROC_WAIT, (uint64_t)who, flags}};
        __cancel_begin();
        err = proc_call(H_PROC, m);
        __cancel_end(err);
    } while (__restarts(err, breaks)); /* bound: signals with such handlers */
    return err;
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    struct ipc_msg m;
    if ((options & ~(WNOHANG | WUNTRACED | WCONTINUED)) != 0) {
        errno = EINVAL;
        return -1;
    }
    err_t err = wait_for(pid, wait_flags(options), &m);
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

static void info_fill(siginfo_t *info, pid_t pid, int word)
{
    *info = (siginfo_t){0};
    if (pid == 0)
        return;
    info->si_signo = SIGCHLD;
    info->si_pid = pid;
    info->si_code = WIFEXITED(word) ? CLD_EXITED : WIFSTOPPED(word) ? CLD_STOPPED : WIFCONTINUED(word) ? CLD_CONTINUED : CLD_KILLED;
    info->si_status = WIFEXITED(word) ? WEXITSTATUS(word) : WIFSTOPPED(word) ? WSTOPSIG(word) :
                      WIFCONTINUED(word) ? SIGCONT : WTERMSIG(word);
}

int waitid(idtype_t what, id_t id, siginfo_t *info, int options)
{
    struct ipc_msg m;
    int events = options & (WEXITED | WSTOPPED | WCONTINUED);
    if ((options & ~(WNOHANG | WEXITED | WSTOPPED | WCONTINUED | WNOWAIT)) != 0 || events == 0 || (what != P_ALL && id <= 0) ||
        (what != P_ALL && what != P_PID && what != P_PGID)) {
        errno = EINVAL;
        return -1;
    }
    int64_t who = what == P_ALL ? -1 : what == P_PID ? (int64_t)id : id == 1 ? WAIT_GROUP_1 : -(int64_t)id;
    uint64_t flags = wait_flags(options) | ((options & WEXITED) != 0 ? 0 : WAIT_NOT_ENDED);
    err_t err = wait_for(who, flags, &m);
    if (err != OK)
        return __error_set(err);
    if (info != NULL)
        info_fill(info, (pid_t)m.w[1], (int)m.w[2]);
    return 0;
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
    uint64_t bits;
    bool ends = proc_call(H_PROC, &m) == OK;
    while (ends) /* forever: our end is certain, but we may run ahead of it on another hart */
        (void)sys_wait(0, DEADLINE_NONE, &bits);
    /* Not reached while there is a process manager. Without one nobody can end us: stop here. */
    __asm__ volatile("unimp");
    __builtin_unreachable();
}
