/* SPDX-License-Identifier: MIT
 * Limits, priorities and the use of resources.
 */
#ifndef _SYS_RESOURCE_H_
#define _SYS_RESOURCE_H_

#include <stdint.h>
#include <sys/time.h>
#include <sys/types.h>

#define PRIO_PROCESS 0
#define PRIO_PGRP 1 /* refused, as is PRIO_USER */
#define PRIO_USER 2
int getpriority(int which, id_t who);
int setpriority(int which, id_t who, int value);

typedef uint64_t rlim_t;
#define RLIM_INFINITY ((rlim_t)-1)
#define RLIM_SAVED_MAX RLIM_INFINITY
#define RLIM_SAVED_CUR RLIM_INFINITY
struct rlimit {
    rlim_t rlim_cur, rlim_max;
};
#define RLIMIT_CPU 0     /* no limit, and none can be set; so with FSIZE */
#define RLIMIT_FSIZE 1
#define RLIMIT_DATA 2    /* DATA, RSS and AS are one: memory in use, with page tables and kernel objects */
#define RLIMIT_STACK 3   /* of programs that exec starts from now on */
#define RLIMIT_CORE 4    /* there are no core files: 0 */
#define RLIMIT_RSS 5
#define RLIMIT_NPROC 7   /* with so many processes in the system this one can start no more */
#define RLIMIT_NOFILE 8  /* one more than the highest descriptor that is given */
#define RLIMIT_AS 9
int getrlimit(int which, struct rlimit *limit);
int setrlimit(int which, const struct rlimit *limit);

#define RUSAGE_SELF 0
#define RUSAGE_CHILDREN (-1) /* those that were waited for, and theirs */
struct rusage {
    struct timeval ru_utime; /* a nanosecond for each instruction */
    struct timeval ru_stime; /* zero: servers work for many */
    long ru_maxrss, ru_ixrss, ru_idrss, ru_isrss, ru_minflt, ru_majflt, ru_nswap, ru_inblock, ru_oublock, ru_msgsnd, ru_msgrcv,
        ru_nsignals, ru_nvcsw, ru_nivcsw; /* of these ru_maxrss (KiB, now) and ru_minflt are filled, for RUSAGE_SELF */
};
int getrusage(int who, struct rusage *use);

#endif
