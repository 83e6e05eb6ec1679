/* SPDX-License-Identifier: MIT
 * Threads of one program. Each has a stack with a guard page of its own and its own thread-local objects (errno
 * included). A thread that ends must be joined to give back its stack; the end of main() ends the process.
 */
#ifndef PAGODA_THREAD_H
#define PAGODA_THREAD_H

#include <stdbool.h>
#include <stddef.h>

#define THREADS_MAX 63       /* besides the first one */
#define THREAD_STACK_BYTES (256UL << 10)
#define THREAD_STACK_MAX (64UL << 20) /* what pthread_attr_setstacksize() can ask for; pages are there when they are touched */

struct thread;

/* Start fn(arg) in a new thread. Returns 0 and *out, or an errno value: EAGAIN too many threads, ENOMEM. */
int thread_create(struct thread **out, void *(*fn)(void *), void *arg);
/* Wait until it has ended, take its result (result may be NULL) and give back its stack. 0, or an errno value: ESRCH
 * not a thread that can be joined, EDEADLK oneself. */
int thread_join(struct thread *t, void **result);
/* End the calling thread; in the first thread the process goes on until the others have ended. */
_Noreturn void thread_exit(void *result);
/* The calling thread; NULL in the first one. */
struct thread *thread_self(void);

/* Move the calling thread to a hart, 0 to thread_harts() - 1. A new thread begins on the hart that has the fewest. 0, or EINVAL. */
int thread_set_hart(unsigned hart);
unsigned thread_hart(void);
unsigned thread_harts(void); /* how many the machine has */

/* Zero-initialised is unlocked. Not recursive. A waiter yields, then sleeps in short steps. */
struct thread_mutex {
    _Atomic int held;
};
void thread_mutex_lock(struct thread_mutex *m);
bool thread_mutex_trylock(struct thread_mutex *m);
void thread_mutex_unlock(struct thread_mutex *m);

#endif
