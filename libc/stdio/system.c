/* SPDX-License-Identifier: MIT
 * system(). While commands run the program does not hear SIGINT and SIGQUIT, which are for them, and the calling thread not SIGCHLD,
 * which is for system() itself; the commands begin with what there was before.
 */
#include "cancel.h"
#include "internal.h"
#include "stream.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <unistd.h>

/* Dispositions are the process's, and several threads may be here: the first sets them, the last one puts them back. */
static unsigned inside;
static struct sigaction interrupt_before, quit_before;

static void enter(void)
{
    struct sigaction ignore = {0};
    ignore.sa_handler = SIG_IGN;
    __libc_lock();
    if (inside++ == 0) {
        (void)sigaction(SIGINT, &ignore, &interrupt_before);
        (void)sigaction(SIGQUIT, &ignore, &quit_before);
    }
    __libc_unlock();
}

static void leave(void)
{
    __libc_lock();
    if (--inside == 0) {
        (void)sigaction(SIGINT, &interrupt_before, NULL);
        (void)sigaction(SIGQUIT, &quit_before, NULL);
    }
    __libc_unlock();
}

/* -> an error number */
static int start(const char *command, const sigset_t *mask, pid_t *pid)
{
    char *argv[] = {"sh", "-c", (char *)(uintptr_t)command, NULL};
    posix_spawnattr_t attr;
    sigset_t defaults;
    int why = posix_spawnattr_init(&attr);
    if (why != 0)
        return why;
    (void)sigemptyset(&defaults);
    if (interrupt_before.sa_handler != SIG_IGN)
        (void)sigaddset(&defaults, SIGINT);
    if (quit_before.sa_handler != SIG_IGN)
        (void)sigaddset(&defaults, SIGQUIT);
    (void)posix_spawnattr_setsigdefault(&attr, &defaults);
    (void)posix_spawnattr_setsigmask(&attr, mask);
    (void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
    why = posix_spawn(pid, __SHELL, NULL, &attr, argv, environ);
    (void)posix_spawnattr_destroy(&attr);
    return why;
}

/* Who is cancelled goes when the command has ended. */
int system(const char *command)
{
    pid_t pid;
    sigset_t children = 0, mask;
    if (command == NULL)
        return access(__SHELL, X_OK) == 0;
    (void)sigaddset(&children, SIGCHLD);
    __cancel_held++;
    enter();
    (void)pthread_sigmask(SIG_BLOCK, &children, &mask);
    int why = start(command, &mask, &pid);
    int status = why == 0 ? __command_wait(pid) : -1;
    why = why == 0 ? errno : why;
    leave();
    (void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
    __cancel_held--;
    errno = status == -1 ? why : errno;
    return status;
}
