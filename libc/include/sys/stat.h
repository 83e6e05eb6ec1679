/* SPDX-License-Identifier: MIT
 * picolibc's <sys/stat.h>, and what it declares for some systems only.
 */
#ifndef PAGODA_SYS_STAT_H
#define PAGODA_SYS_STAT_H

#include_next <sys/stat.h>

int lstat(const char *__restrict path, struct stat *__restrict st);

#endif
