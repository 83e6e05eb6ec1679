/* SPDX-License-Identifier: MIT
 * What the shell needs beyond POSIX calls, in one place: on the host another file takes it over (test/host/shell/).
 */
#ifndef SH_MACHINE_H
#define SH_MACHINE_H

#include "sh.h"

/* Start words[0], a path or a name looked for in PATH. 0 and *pid, or an errno value. */
int machine_spawn(const char *file, char **words, char **environment, enum copy_use use, pid_t *pid);
/* Become it. Returns when that failed, with errno. */
void machine_exec(const char *file, char **words, char **environment);
/* Who gets ^C from now on; 0: nobody. */
void machine_foreground(pid_t pid);
/* Whether this shell itself runs in the background, as a shell above it said. */
bool machine_is_background(void);
void machine_set_background(void);
/* The console, from now on: each byte at once and without an echo, or lines. */
void machine_raw(void);
void machine_cooked(void);

#endif
