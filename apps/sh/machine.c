/* SPDX-License-Identifier: MIT
 * Pagoda's own ways to start programs, and its console.
 */
#include "machine.h"

#include <ipc/console.h>
#include <ipc/procmgr.h>
#include <pagoda/spawn.h>
#include <signal.h>
#include <unistd.h>

#define FOREGROUND_ASK (~0UL)

int machine_spawn(const char *file, char **words, char **environment, enum copy_use use, pid_t *pid)
{
    uint64_t flags = use == COPY_BACKGROUND ? SPAWN_BACKGROUND : 0;
    bool away = use == COPY_BACKGROUND && job_group() < 0;
    if (job_group() >= 0)
        flags |= SPAWN_IN_GROUP(job_group()) | (use == COPY_FOREGROUND ? SPAWN_FOREGROUND : 0); /* before it reads there */
    if (away)
        signal_catch(SIGINT, SIG_IGN); /* without groups, ^C is not for the background */
    int error = spawn_program(file, words, environment, flags, pid);
    if (away)
        signal_default(SIGINT);
    return error;
}

void machine_exec(const char *file, char **words, char **environment) { (void)execvpe(file, words, environment); }

void machine_foreground(pid_t group)
{
    struct ipc_msg m = {.w = {PROC_FOREGROUND, (uint64_t)group}};
    (void)proc_call(H_PROC, &m);
}

void machine_adopt(void)
{
    struct ipc_msg m = {.w = {PROC_FOREGROUND, FOREGROUND_ASK}};
    if (proc_call(H_PROC, &m) == OK && m.w[1] == 0)
        machine_foreground(getpgrp());
}

static void mode(enum console_mode mode)
{
    struct ipc_msg m = {.w = {CONSOLE_MODE, mode}};
    (void)ipc_call(H_CONSOLE, &m);
}
void machine_raw(void) { mode(CONSOLE_RAW); }
void machine_cooked(void) { mode(CONSOLE_LINE); }
