/* SPDX-License-Identifier: MIT
 * picolibc's <limits.h> with this system's limits of files.
 */
#ifndef PAGODA_LIMITS_H
#define PAGODA_LIMITS_H

#include_next <limits.h>

#undef PATH_MAX
#define PATH_MAX 1024 /* bytes, the nul included */
#undef NAME_MAX
#define NAME_MAX 255
#undef OPEN_MAX
#define OPEN_MAX 1024
#undef IOV_MAX
#define IOV_MAX 1024
#ifndef SSIZE_MAX
#define SSIZE_MAX LONG_MAX
#endif
#undef PIPE_BUF
#define PIPE_BUF 4096
#undef LINK_MAX
#define LINK_MAX 32000
#undef SYMLOOP_MAX
#define SYMLOOP_MAX 16
#undef ARG_MAX
#define ARG_MAX 131072 /* bytes of arguments and environment, with their nuls */
#undef CHILD_MAX /* as memory goes: sysconf() says so */
#undef NGROUPS_MAX
#define NGROUPS_MAX 8
#define SYMLINK_MAX 1023
#define FILESIZEBITS 64
#define MAX_CANON 255
#define MAX_INPUT 255
#define HOST_NAME_MAX 255
#define LOGIN_NAME_MAX 9
#define TTY_NAME_MAX 32
#define STREAM_MAX 1024
#define ATEXIT_MAX 32
#define LONG_BIT 64
#define WORD_BIT 32
#define NZERO 20

/* Threads, semaphores, signals, timers */
#define PTHREAD_STACK_MIN 16384
#define PTHREAD_KEYS_MAX 128
#define PTHREAD_DESTRUCTOR_ITERATIONS 4
#define PTHREAD_THREADS_MAX 64
#define SEM_VALUE_MAX 0x7fffffff
#define RTSIG_MAX 32
#define SIGQUEUE_MAX 64 /* pending for one process */
#define TIMER_MAX 32

/* What every POSIX system has at least. */
#define _POSIX_AIO_LISTIO_MAX 2
#define _POSIX_AIO_MAX 1
#define _POSIX_ARG_MAX 4096
#define _POSIX_CHILD_MAX 25
#define _POSIX_CLOCKRES_MIN 20000000
#define _POSIX_DELAYTIMER_MAX 32
#define _POSIX_HOST_NAME_MAX 255
#define _POSIX_LINK_MAX 8
#define _POSIX_LOGIN_NAME_MAX 9
#define _POSIX_MAX_CANON 255
#define _POSIX_MAX_INPUT 255
#define _POSIX_NAME_MAX 14
#define _POSIX_NGROUPS_MAX 8
#define _POSIX_OPEN_MAX 20
#define _POSIX_PATH_MAX 256
#define _POSIX_PIPE_BUF 512
#define _POSIX_RE_DUP_MAX 255
#define _POSIX_RTSIG_MAX 8
#define _POSIX_SEM_NSEMS_MAX 256
#define _POSIX_SEM_VALUE_MAX 32767
#define _POSIX_SIGQUEUE_MAX 32
#define _POSIX_SSIZE_MAX 32767
#define _POSIX_STREAM_MAX 8
#define _POSIX_SYMLINK_MAX 255
#define _POSIX_SYMLOOP_MAX 8
#define _POSIX_THREAD_DESTRUCTOR_ITERATIONS 4
#define _POSIX_THREAD_KEYS_MAX 128
#define _POSIX_THREAD_THREADS_MAX 64
#define _POSIX_TIMER_MAX 32
#define _POSIX_TTY_NAME_MAX 9
#define _POSIX_TZNAME_MAX 6
#define _POSIX2_BC_BASE_MAX 99
#define _POSIX2_BC_DIM_MAX 2048
#define _POSIX2_BC_SCALE_MAX 99
#define _POSIX2_BC_STRING_MAX 1000
#define _POSIX2_CHARCLASS_NAME_MAX 14
#define _POSIX2_COLL_WEIGHTS_MAX 2
#define _POSIX2_EXPR_NEST_MAX 32
#define _POSIX2_LINE_MAX 2048
#define _POSIX2_RE_DUP_MAX 255
#define _XOPEN_IOV_MAX 16
#define _XOPEN_NAME_MAX 255
#define _XOPEN_PATH_MAX 1024

#endif
