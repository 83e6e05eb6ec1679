/* SPDX-License-Identifier: MIT
 * POSIX semaphores within one process; there are no named ones and none between processes.
 */
#ifndef PAGODA_SEMAPHORE_H
#define PAGODA_SEMAPHORE_H

#include <pagoda/waitq.h>
#include <time.h>

#ifndef SEM_VALUE_MAX
#define SEM_VALUE_MAX 0x7fffffff
#endif

typedef struct {
    unsigned __value;
    struct __waitq __waiters;
} sem_t;

/* Errors  EINVAL value above SEM_VALUE_MAX; ENOSYS shared */
int sem_init(sem_t *s, int shared, unsigned value);
int sem_destroy(sem_t *s); /* EBUSY: somebody waits */
int sem_wait(sem_t *s);
int sem_trywait(sem_t *s); /* EAGAIN */
int sem_timedwait(sem_t *restrict s, const struct timespec *restrict until); /* ETIMEDOUT, EINVAL */
int sem_clockwait(sem_t *restrict s, clockid_t clock, const struct timespec *restrict until);
int sem_post(sem_t *s); /* EOVERFLOW. Also from where no lock may be taken: it is bounded, but not from a signal handler */
int sem_getvalue(sem_t *restrict s, int *restrict value);

#endif
