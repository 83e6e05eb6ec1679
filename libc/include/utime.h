/* SPDX-License-Identifier: MIT
 * picolibc's <utime.h>, and the function that it leaves out.
 */
#ifndef PAGODA_UTIME_H
#define PAGODA_UTIME_H

#include <sys/types.h>

#include_next <utime.h>

int utime(const char *path, const struct utimbuf *times);

#endif
