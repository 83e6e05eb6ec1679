/* SPDX-License-Identifier: MIT
 * What posix_spawn knows of its attributes.
 */
#ifndef LIBC_SPAWNATTR_H
#define LIBC_SPAWNATTR_H

#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>

bool __spawnattr_any(const posix_spawnattr_t *a);     /* whether there is anything to do; a may be null */
int __spawnattr_perform(const posix_spawnattr_t *a);  /* in the child; 0 or an errno value */

#endif
