/* SPDX-License-Identifier: MIT
 * What the shell needs beyond POSIX calls, in one place: on the host another file takes it over (test/host/shell/).
 */
#ifndef SH_MACHINE_H
#define SH_MACHINE_H

#include "sh.h"

/* Start words[0], a path or a name looked for in PATH, in job_group(). 0 and *pid, or an errno value. */
int machine_spawn(const char *file, char **words, char **environment, enum copy_use use, pid_t *pid);
/* Become it. Returns when that failed, with errno. */
void machine_exec(const char *file, char **words, char **environment);
/* Which group gets ^C, ^Z and ^\ from now on. */
void machine_foreground(pid_t group);
/* A shell that does not prompt gets them when nobody else does. */
void machine_adopt(void);
/* The console, from now on: each byte at once and without an echo, or lines. */
void machine_raw(void);
void machine_cooked(void);

#endif
