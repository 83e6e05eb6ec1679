/* SPDX-License-Identifier: MIT
 * What pthread_rwlock.c leaves to rwlock_word.c: locks between processes.
 */
#ifndef LIBC_RWLOCK_WORD_H
#define LIBC_RWLOCK_WORD_H

#include "mutex.h"

enum rwlock_how { RWLOCK_READ, RWLOCK_WRITE };

/* EBUSY, ETIMEDOUT, EDEADLK, EAGAIN: no further reader can be counted. */
int __rwlock_word_lock(pthread_rwlock_t *l, enum rwlock_how how, enum mutex_wait wait, ticks_t deadline);
int __rwlock_word_unlock(pthread_rwlock_t *l); /* EPERM */

#endif
