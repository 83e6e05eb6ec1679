/* SPDX-License-Identifier: MIT
 * picolibc's <unistd.h>, and what it declares for some systems only.
 */
#ifndef PAGODA_UNISTD_H
#define PAGODA_UNISTD_H

#include_next <unistd.h>

int symlink(const char *target, const char *path);
ssize_t readlink(const char *__restrict path, char *__restrict to, size_t size);
int pipe2(int fds[2], int flags);
int dup3(int fd, int to, int flags);
void sync(void);
int execvpe(const char *file, char *const argv[], char *const envp[]);

#endif
