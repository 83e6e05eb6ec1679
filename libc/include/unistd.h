/* SPDX-License-Identifier: MIT
 * picolibc's <unistd.h>, and what it declares for some systems only.
 */
#ifndef PAGODA_UNISTD_H
#define PAGODA_UNISTD_H

#include_next <unistd.h>

#define SEEK_DATA 3 /* lseek(): the next byte that is not in a hole of the file, */
#define SEEK_HOLE 4 /* or the next hole; behind the end is one */

pid_t getpgid(pid_t pid);
int setpgrp(void);
int symlink(const char *target, const char *path);
ssize_t readlink(const char *__restrict path, char *__restrict to, size_t size);
int pipe2(int fds[2], int flags);
int dup3(int fd, int to, int flags);
void sync(void);
int faccessat(int dir, const char *path, int how, int flags);
int fchownat(int dir, const char *path, uid_t owner, gid_t group, int flags);
int linkat(int file_dir, const char *file, int dir, const char *path, int flags);
int symlinkat(const char *target, int dir, const char *path);
ssize_t readlinkat(int dir, const char *__restrict path, char *__restrict to, size_t size);
int unlinkat(int dir, const char *path, int flags);
int renameat(int from_dir, const char *from, int to_dir, const char *to);
int lockf(int fd, int what, off_t len);
int execvpe(const char *file, char *const argv[], char *const envp[]);

#ifndef _CS_PATH /* confstr() */
#define _CS_PATH 0
#endif

#endif
