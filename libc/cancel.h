/* SPDX-License-Identifier: MIT
 * Cancellation points: what calls that may wait do so that a thread can be cancelled in them. A program that cancels nobody has two
 * null pointers to look at, and nothing of pthread_cancel.c.
 */
#ifndef LIBC_CANCEL_H
#define LIBC_CANCEL_H

#include <abi/error.h>
#include <stdbool.h>
#include <stddef.h>

extern struct cancel_hooks {
    void (*begin)(void);
    void (*end)(bool interrupted);
    bool (*leave)(void); /* for a handler: until `again` no request is the one that begin was for; whether there is such a one */
    void (*again)(void);
    const char *first, *last; /* what is interrupted between them goes on at the first (cancel_call.S) */
} __cancel_hooks; /* sigcount.c; set before main() */
/* Locks of streams that the thread holds: meanwhile nothing is a cancellation point, though what waits ends as with EINTR. */
extern _Thread_local unsigned __cancel_held;

/* Around a request that may wait, made by ipc_call(), ipc_call_full() or ipc_raw_waiting(), and nothing else. Neither
 * returns when the thread is to go, so it holds no lock and nothing of it stands in a queue. What the request has brought by then is not
 * lost: the thread goes at its next cancellation point. */
static inline void __cancel_begin(void)
{
    if (__cancel_hooks.begin != NULL)
        __cancel_hooks.begin();
}

static inline void __cancel_end(err_t err)
{
    if (__cancel_hooks.end != NULL)
        __cancel_hooks.end(err == ERR_CANCELLED);
}

/* Without a begin: a sleep was interrupted, or is about to begin; the thread may go now. */
static inline void __cancel_test(void)
{
    if (__cancel_hooks.end != NULL)
        __cancel_hooks.end(true);
}

#endif
