/* SPDX-License-Identifier: MIT
 * Pages that stay in memory. There is no mmap.
 */
#ifndef _SYS_MMAN_H
#define _SYS_MMAN_H

#include <stddef.h>

#define MCL_CURRENT 1
#define MCL_FUTURE 2

/* The pages of [address, address + length) are brought in, are this process's own from now on and never leave memory. Children
 * do not inherit it. 0, or -1 and errno: ENOMEM no memory for it, or part of the range is not the process's; EINVAL. */
int mlock(const void *address, size_t length);
int munlock(const void *address, size_t length);
/* What is in memory stays there, and so does what is touched from now on (always both, whatever flags says). */
int mlockall(int flags);
int munlockall(void);

#endif
