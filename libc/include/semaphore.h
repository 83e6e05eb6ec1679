/* SPDX-License-Identifier: MIT
 * POSIX semaphores: within a process, in memory that processes share, and with names.
 */
#ifndef PAGODA_SEMAPHORE_H
#define PAGODA_SEMAPHORE_H

#include <limits.h>
#include <pagoda/waitq.h>
#include <sys/types.h>
#include <time.h>

typedef struct {
    unsigned __value;
    int __shared;
    struct __waitq __waiters; /* within the process */
    unsigned __sleepers;      /* between processes */
} sem_t;
#define SEM_FAILED ((sem_t *)0)

/* Names are as those of shm_open(), of 251 bytes at most. With O_CREAT two more arguments: mode_t, unsigned value. Opened again in the
 * same process it is the same address. Errors as shm_open(); EINVAL also for a value above SEM_VALUE_MAX. */
sem_t *sem_open(const char *name, int flags, ...);
int sem_close(sem_t *s); /* EINVAL: no open one */
int sem_unlink(const char *name);

/* Errors  EINVAL value above SEM_VALUE_MAX */
int sem_init(sem_t *s, int shared, unsigned value);
int sem_destroy(sem_t *s); /* EBUSY: somebody waits */
int sem_wait(sem_t *s);
int sem_trywait(sem_t *s); /* EAGAIN */
int sem_timedwait(sem_t *restrict s, const struct timespec *restrict until); /* ETIMEDOUT, EINVAL */
int sem_clockwait(sem_t *restrict s, clockid_t clock, const struct timespec *restrict until);
int sem_post(sem_t *s); /* EOVERFLOW. Also from a signal handler: it never waits */
int sem_getvalue(sem_t *restrict s, int *restrict value);

#endif
