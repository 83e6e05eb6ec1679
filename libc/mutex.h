/* SPDX-License-Identifier: MIT
 * What pthread_mutex.c, pthread_prio.c and mutex_word.c know about each other: how a mutex says of what kind it is, and the plain lock that
 * both are made of.
 */
#ifndef LIBC_MUTEX_H
#define LIBC_MUTEX_H

#include "park.h"

#define PRIO_MAX 199 /* of a program's threads */

/* pthread_mutex_t.__type: PTHREAD_MUTEX_* | protocol | ceiling << 8 */
#define MUTEX_INHERIT 0x10
#define MUTEX_PROTECT 0x20
#define MUTEX_SHARED 0x40
#define MUTEX_ROBUST 0x80
#define MUTEX_WORD (MUTEX_SHARED | MUTEX_ROBUST) /* mutex_word.c's */
#define MUTEX_PRIO (MUTEX_INHERIT | MUTEX_PROTECT)
#define MUTEX_TYPE(m) ((m)->__type & 3)
#define MUTEX_CEILING(m) ((unsigned)(m)->__type >> 8)

enum mutex_wait { MUTEX_TRY, MUTEX_WAITS };

/* pthread_mutex.c: the lock alone, without owner and depth. EBUSY, ETIMEDOUT. */
int __mutex_take(pthread_mutex_t *m, enum mutex_wait wait, ticks_t deadline);
void __mutex_let_go(pthread_mutex_t *m);

/* pthread_prio.c: of a mutex with a protocol */
bool __mutex_prio_is_mine(const pthread_mutex_t *m);
int __mutex_prio_lock(pthread_mutex_t *m, enum mutex_wait wait, ticks_t deadline);
int __mutex_prio_unlock(pthread_mutex_t *m);

/* mutex_word.c: of one that is shared or robust. EOWNERDEAD: it is the caller's, and so is repairing what it guards. */
bool __mutex_word_is_mine(const pthread_mutex_t *m);
int __mutex_word_lock(pthread_mutex_t *m, enum mutex_wait wait, ticks_t deadline, int refusal);
int __mutex_word_unlock(pthread_mutex_t *m);
int __mutex_word_destroy(pthread_mutex_t *m);

/* pthread_sched.c: THREAD_PRIO_INHERITED, 0 or a priority. EINVAL: policy and priority do not go together. */
int __attr_prio(const pthread_attr_t *a, unsigned *prio);

#endif
