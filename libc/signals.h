/* SPDX-License-Identifier: MIT
 * What the files of signals know of each other, and how a call that was interrupted finds out what to do.
 */
#ifndef LIBC_SIGNALS_H
#define LIBC_SIGNALS_H

#include <abi/error.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* Handlers that ran in this thread so far: all, and those without SA_RESTART. */
extern _Thread_local unsigned __signal_runs, __signal_breaks;

/* Where this thread goes on when the handler that comes next is done, instead of where it was; NULL: there. */
extern _Thread_local sigjmp_buf *__signal_escape;

/* A call came back with ERR_CANCELLED: whether it is to be made again, knowing __signal_breaks from before it. */
static inline bool __restarts(err_t err, unsigned breaks_before)
{
    return err == ERR_CANCELLED && __signal_breaks == breaks_before;
}

void __signal_info(siginfo_t *info, const uint64_t words[3]); /* sigcount.c */
void __signal_trampoline(void);
err_t __thread_kill(unsigned slot, int sig); /* slot: the process manager's number of the thread */
#define SIGNAL_SELF (~0u)
void __signal_for_write(int sig); /* to this thread, by a write: it pushes nothing out first, which may be just what it does */

#endif
