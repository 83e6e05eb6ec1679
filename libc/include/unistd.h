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

int getlogin_r(char *name, size_t size);

/* Parts of POSIX.1-2008: what is there as a whole, as sysconf() says it, too; -1: not there. Not named: sysconf() says no. */
#define _POSIX_VERSION 200809L
#define _POSIX_ADVISORY_INFO 200809L
#define _POSIX_ASYNCHRONOUS_IO (-1)
#define _POSIX_BARRIERS 200809L
#define _POSIX_CHOWN_RESTRICTED 1
#define _POSIX_CLOCK_SELECTION 200809L
#define _POSIX_CPUTIME 200809L
#define _POSIX_FSYNC 200809L
#define _POSIX_IPV6 (-1)
#define _POSIX_JOB_CONTROL 1
#define _POSIX_MAPPED_FILES 200809L
#define _POSIX_MEMLOCK 200809L
#define _POSIX_MEMLOCK_RANGE 200809L
#define _POSIX_MEMORY_PROTECTION 200809L
#define _POSIX_MESSAGE_PASSING (-1)
#define _POSIX_MONOTONIC_CLOCK 200809L
#define _POSIX_NO_TRUNC 1
#define _POSIX_READER_WRITER_LOCKS 200809L
#define _POSIX_REALTIME_SIGNALS 200809L
#define _POSIX_REGEXP 1
#define _POSIX_SAVED_IDS 1
#define _POSIX_SEMAPHORES 200809L
#define _POSIX_SHARED_MEMORY_OBJECTS 200809L
#define _POSIX_SHELL 1
#define _POSIX_SPAWN 200809L
#define _POSIX_SPIN_LOCKS 200809L
#define _POSIX_SYNCHRONIZED_IO 200809L
#define _POSIX_THREADS 200809L
#define _POSIX_THREAD_ATTR_STACKADDR (-1)
#define _POSIX_THREAD_ATTR_STACKSIZE 200809L
#define _POSIX_THREAD_CPUTIME 200809L
#define _POSIX_THREAD_PRIO_INHERIT 200809L
#define _POSIX_THREAD_PRIO_PROTECT 200809L
#define _POSIX_THREAD_PROCESS_SHARED 200809L
#define _POSIX_THREAD_SAFE_FUNCTIONS 200809L
#define _POSIX_TIMEOUTS 200809L
#define _POSIX_TIMERS 200809L
#ifndef _POSIX_VDISABLE
#define _POSIX_VDISABLE 0
#endif

#ifndef _CS_PATH /* confstr() */
#define _CS_PATH 0
#endif

#endif
