/* SPDX-License-Identifier: MIT
 * Waiting inside a program: a queue of threads, first in first out, each asleep on its own notification until another one
 * takes it out and wakes it. Mutexes, condition variables, semaphores and their like are made of these queues; while
 * nobody waits none of them asks the kernel for anything.
 *
 * A queue's lock is held for a few instructions, never across a sleep. What a thread waits for is looked at under it, so a
 * wake cannot be lost between the look and the sleep.
 */
#ifndef LIBC_PARK_H
#define LIBC_PARK_H

#include <ipc/ipc.h>
#include <pthread.h>

#include <stdbool.h>
#include <time.h>

struct __waiter { /* stands on the stack of the thread that waits */
    struct __waiter *next;
    handle_t waker;
    _Atomic int woken;
    bool heeds_signals; /* set after the join: a handler without SA_RESTART ends the sleep, too, */
    bool broken;        /* and did */
    unsigned breaks;
};

void __park_prepare(void); /* before the lock, by who may sleep under it: asks for this thread's waker, once */
void __waitq_lock(struct __waitq *q);
void __waitq_unlock(struct __waitq *q);
/* False: somebody holds it, and will call __waitq_left(q, n) for all n that found it so, before he lets it go. Never waits. */
bool __waitq_lock_or_leave(struct __waitq *q);
extern void (*__waitq_left)(struct __waitq *q, unsigned n); /* semaphore.c's, which alone leaves anything */
/* Until nobody holds q's lock that held it before: from then on q's memory may be used for something else. */
void __waitq_settle(struct __waitq *q);
/* With q locked: stand in the queue. */
void __waitq_join(struct __waitq *q, struct __waiter *w);
/* Then: let the lock go, sleep. True: woken, and out of the queue; false: the deadline came first (absolute, in ticks), and
 * this thread is out of the queue. Other signals to the thread are taken and ignored. */
bool __waitq_sleep(struct __waitq *q, struct __waiter *w, ticks_t deadline);
bool __waitq_wait(struct __waitq *q, ticks_t deadline); /* both */
/* With q locked: take the first thread out; 0: none. __waiter_wake() is for after the unlock: it needs no lock. */
handle_t __waitq_take(struct __waitq *q);
void __waiter_wake(handle_t waker);
/* Take everybody out and wake them; q is not locked. */
void __waitq_wake_all(struct __waitq *q);

/* Absolute ticks of a POSIX time; DEADLINE_NONE for null. False: no clock to wait by, or its nanoseconds are not 0 to 999,999,999. */
bool __deadline_of(clockid_t clock, const struct timespec *abs, ticks_t *out);

/* pthread_mutex.c: false if it knows its owner and that is another thread, or nobody. */
bool __mutex_may_be_mine(const pthread_mutex_t *m);

#endif
