/* SPDX-License-Identifier: MIT
 * Start a program without forking first. Cheaper than fork and exec, and works when there is no memory for a copy.
 */
#ifndef PAGODA_SPAWN_H
#define PAGODA_SPAWN_H

#include <sys/types.h>

/* file: a path, or a name looked for in $PATH. envp NULL: an empty environment. flags: SPAWN_* (ipc/procmgr.h).
 * Returns 0 and *pid (may be NULL), or an errno value: ENOENT, ENOEXEC, E2BIG, EAGAIN (too many processes), ENOMEM, EPERM (no such group). */
int spawn_program(const char *file, char *const argv[], char *const envp[], unsigned long flags, pid_t *pid);

#endif
