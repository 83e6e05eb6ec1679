/* SPDX-License-Identifier: MIT
 * picolibc's <sys/select.h> with room for every descriptor that a program may have. As there, who defines FD_SETSIZE first has sets of
 * that size, and must not ask select() for more.
 */
#ifndef PAGODA_SYS_SELECT_H
#define PAGODA_SYS_SELECT_H

#ifndef FD_SETSIZE
#define FD_SETSIZE 1024
#endif

#include_next <sys/select.h>

#endif
