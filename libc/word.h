/* SPDX-License-Identifier: MIT
 * Waiting for a word of memory that other processes may change: what shared semaphores, mutexes and their like are made of. The process
 * manager knows a word by the memory it is in, wherever each process has that mapped (docs/decisions/0079).
 */
#ifndef LIBC_WORD_H
#define LIBC_WORD_H

#include "cas.h"

#include <ipc/ipc.h>
#include <ipc/procmgr.h>

#include <stdint.h>

#define WORD_ALL ~0u

/* Sleep while the word is `is`. OK: it may be something else, look again; also when the process manager had no room.
 *   flags   PROC_WORD_OWNED, PROC_WORD_ASK
 * Errors  ERR_TIMEOUT, ERR_CANCELLED a handler has run; ERR_NOENT with PROC_WORD_OWNED: the thread it names is gone; ERR_BUSY with _ASK */
err_t __word_wait(uint32_t *word, uint32_t is, unsigned flags, ticks_t deadline);
void __word_wake(uint32_t *word, unsigned n);
/* The calling thread's name in all of the system. A process asks for one before it first changes a word that others wait for: then
 * these look again when it ends. */
uint32_t __word_name(void);

static inline bool __word_cas(uint32_t *word, uint32_t was, uint32_t to)
{
    return __atomic_compare_exchange_n(word, &was, to, false, CAS_RELEASES);
}
static inline uint32_t __word_load(const uint32_t *word) { return __atomic_load_n(word, __ATOMIC_ACQUIRE); }

#endif
