/* SPDX-License-Identifier: MIT
 * Commands for the shell through a pipe: popen(), pclose(). Streams of popen() are closed by exec, so no command keeps another's
 * pipe open.
 */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int spawn_shell(const char *command, const posix_spawn_file_actions_t *actions, pid_t *pid)
{
    char *argv[] = {"sh", "-c", (char *)(uintptr_t)command, NULL};
    return posix_spawn(pid, __SHELL, actions, NULL, argv, environ);
}

int __command_wait(pid_t pid)
{
    int status;
    pid_t got;
    do { /* bound: signals that interrupt it */
        got = waitpid(pid, &status, 0);
    } while (got < 0 && errno == EINTR);
    return got == pid ? status : -1;
}

/* The child's end of the pipe becomes its 0 or 1; all else that popen() opened closes by itself. */
static int spawn_on(const char *command, int end, int as, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    int why = posix_spawn_file_actions_init(&actions);
    if (why != 0)
        return why;
    why = posix_spawn_file_actions_adddup2(&actions, end, as);
    if (why == 0)
        why = spawn_shell(command, &actions, pid);
    (void)posix_spawn_file_actions_destroy(&actions);
    return why;
}

FILE *popen(const char *command, const char *mode)
{
    int fds[2], reads = *mode == 'r';
    pid_t pid;
    if ((*mode != 'r' && *mode != 'w') || (mode[1] != '\0' && mode[1] != 'e')) {
        errno = EINVAL;
        return NULL;
    }
    if (pipe2(fds, O_CLOEXEC) != 0)
        return NULL;
    int mine = fds[reads ? 0 : 1], theirs = fds[reads ? 1 : 0];
    FILE *f = fdopen(mine, reads ? "r" : "w");
    int why = f != NULL ? spawn_on(command, theirs, reads ? STDOUT_FILENO : STDIN_FILENO, &pid) : errno;
    (void)close(theirs);
    if (f != NULL && why == 0) {
        f->cookie = (void *)(intptr_t)pid;
        return f;
    }
    if (f != NULL)
        (void)fclose(f);
    else
        (void)close(mine);
    errno = why;
    return NULL;
}

int pclose(FILE *f)
{
    pid_t pid = (pid_t)(intptr_t)f->cookie;
    (void)fclose(f);
    if (pid > 0)
        return __command_wait(pid);
    errno = ECHILD;
    return -1;
}
