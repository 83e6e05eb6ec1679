/* SPDX-License-Identifier: MIT
 * Timers with threads of their own: what timer.c tells timer_thread.c of.
 */
#ifndef LIBC_TIMER_H
#define LIBC_TIMER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Set by the first such timer. */
extern struct timer_threads {
    void (*set)(timer_t id, uint64_t at, uint64_t every);
    void (*drop)(timer_t id);
} __timer_threads; /* timer.c */

int __timer_thread_new(timer_t id, const struct sigevent *e); /* -> an error number */

#endif
