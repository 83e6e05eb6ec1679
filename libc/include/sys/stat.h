/* SPDX-License-Identifier: MIT
 * picolibc's <sys/stat.h>, and what it declares for some systems only.
 */
#ifndef PAGODA_SYS_STAT_H
#define PAGODA_SYS_STAT_H

#include_next <sys/stat.h>

#ifndef UTIME_NOW
#define UTIME_NOW (-2L)
#define UTIME_OMIT (-1L)
#endif

int lstat(const char *__restrict path, struct stat *__restrict st);
int fstatat(int dir, const char *__restrict path, struct stat *__restrict st, int flags);
int fchmodat(int dir, const char *path, mode_t mode, int flags);
int mkdirat(int dir, const char *path, mode_t mode);
int mkfifoat(int dir, const char *path, mode_t mode);
int mknod(const char *path, mode_t mode, dev_t device); /* EPERM: neither S_IFIFO nor S_IFREG */
int mknodat(int dir, const char *path, mode_t mode, dev_t device);
int utimensat(int dir, const char *path, const struct timespec times[2], int flags);
int futimens(int fd, const struct timespec times[2]);

#endif
