/* SPDX-License-Identifier: MIT
 * Pagoda's own ways to start programs, and its console.
 */
#include "machine.h"

#include <ipc/console.h>
#include <ipc/procmgr.h>
#include <pagoda/spawn.h>
#include <stdlib.h>
#include <unistd.h>

#define BACKGROUND_MARK "SH_BACKGROUND" /* in the environment of what runs with &: it leaves ^C to others */

static bool background;

bool machine_is_background(void)
{
    background = background || variable_get(BACKGROUND_MARK) != NULL;
    return background;
}

void machine_set_background(void) { background = true; }

int machine_spawn(const char *file, char **words, char **environment, enum copy_use use, pid_t *pid)
{
    bool away = use == COPY_BACKGROUND;
    if (away || background) {
        (void)variable_set(BACKGROUND_MARK, "1");
        (void)variable_flag(BACKGROUND_MARK, VAR_EXPORTED);
        environment = variables_environment();
    }
    int error = spawn_program(file, words, environment, away ? SPAWN_BACKGROUND : 0, pid);
    if (away && !background)
        (void)variable_unset(BACKGROUND_MARK);
    return error;
}

void machine_exec(const char *file, char **words, char **environment) { (void)execvpe(file, words, environment); }

/* A shell that runs a line is itself stoppable between programs; one that prompts is not. */
void machine_foreground(pid_t pid)
{
    if (background)
        return;
    uint64_t who = pid != 0 ? (uint64_t)pid : interactive ? 0 : (uint64_t)getpid();
    struct ipc_msg m = {.w = {PROC_FOREGROUND, who}};
    (void)proc_call(H_PROC, &m);
}

static void mode(enum console_mode mode)
{
    struct ipc_msg m = {.w = {CONSOLE_MODE, mode}};
    (void)ipc_call(H_CONSOLE, &m);
}
void machine_raw(void) { mode(CONSOLE_RAW); }
void machine_cooked(void) { mode(CONSOLE_LINE); }
