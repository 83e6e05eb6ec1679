/* SPDX-License-Identifier: MIT
 * What pthread_cond.c leaves to cond_word.c: condition variables between processes.
 */
#ifndef LIBC_COND_WORD_H
#define LIBC_COND_WORD_H

#include <abi/types.h>
#include <pthread.h>

/* m is the caller's. 0, ETIMEDOUT, or what locking it again says (EOWNERDEAD, ENOTRECOVERABLE). */
int __cond_word_wait(pthread_cond_t *c, pthread_mutex_t *m, ticks_t deadline);
void __cond_word_signal(pthread_cond_t *c, unsigned n); /* WORD_ALL: everybody */

#endif
