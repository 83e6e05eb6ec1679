/* SPDX-License-Identifier: MIT
 * The shell's machine.h on the host: plain POSIX.
 */
#include "../../../apps/sh/machine.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <termios.h>
#include <unistd.h>

int machine_spawn(const char *file, char **words, char **environment, enum copy_use use, pid_t *pid)
{
    posix_spawnattr_t how;
    bool away = use == COPY_BACKGROUND && job_group() < 0;
    if (posix_spawnattr_init(&how) != 0)
        return ENOMEM;
    if (job_group() >= 0) {
        (void)posix_spawnattr_setpgroup(&how, job_group());
        (void)posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP);
    }
    if (away)
        signal_catch(SIGINT, SIG_IGN);
    int error = posix_spawnp(pid, file, NULL, &how, words, environment);
    if (away)
        signal_default(SIGINT);
    (void)posix_spawnattr_destroy(&how);
    return error;
}

void machine_exec(const char *file, char **words, char **environment)
{
    (void)environment; /* it is environ */
    (void)execvp(file, words);
}

void machine_foreground(pid_t group)
{
    sigset_t stops, before;
    sigemptyset(&stops);
    sigaddset(&stops, SIGTTOU);
    (void)sigprocmask(SIG_BLOCK, &stops, &before);
    (void)tcsetpgrp(STDIN_FILENO, group);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
}

void machine_adopt(void) {}

static struct termios before_raw;
static bool raw;

void machine_raw(void)
{
    struct termios t;
    if (raw || tcgetattr(STDIN_FILENO, &before_raw) != 0)
        return;
    t = before_raw;
    t.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    t.c_iflag &= ~(tcflag_t)(ICRNL | IXON);
    raw = tcsetattr(STDIN_FILENO, TCSANOW, &t) == 0;
}

void machine_cooked(void)
{
    if (raw)
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &before_raw);
    raw = false;
}
