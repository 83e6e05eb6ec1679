/* SPDX-License-Identifier: MIT
 * Queues of waiting threads (park.h). A thread sleeps on its own notification, which a sibling signals through a handle that
 * the process manager gives once to each thread that ever waits (docs/decisions/0024).
 */
#include "park.h"

#include "cas.h"
#include "internal.h"
#include "signals.h"

#include <ipc/procmgr.h>
#include <stdatomic.h>

#define YIELDS_BEFORE_SLEEP 32u
#define SLEEP_TICKS 10000u /* 1 ms at 10 MHz; also how often a thread looks that could get no waker */
#define WAKE_BIT 1u
#define HELD 1 /* __waitq.__lock; and so many times LEFT as something was left to the holder */
#define LEFT 2

void (*__waitq_left)(struct __waitq *q, unsigned n);

static _Thread_local handle_t own_waker;

static void thread_goes(void)
{
    if (own_waker != NO_HANDLE)
        (void)sys_handle_close(0, own_waker);
    own_waker = NO_HANDLE;
}

/* A handler has run: if that was between a look and the sleep after it, the sleep is to end. */
static void after_handler(void)
{
    if (own_waker != NO_HANDLE)
        (void)sys_signal(own_waker, WAKE_BIT);
}

/* Handles of the parent are not the child's. */
static void after_fork(void) { own_waker = NO_HANDLE; }

/* When the table is full there is none: such a thread looks by the clock instead. */
void __park_prepare(void)
{
    if (own_waker == NO_HANDLE) {
        __fork_hooks.park = after_fork;
        __park_thread_goes = thread_goes;
        __park_after_handler = after_handler;
        struct ipc_msg m = {.w = {PROC_WAKER, ~0UL}};
        if (proc_call(H_PROC, &m) == OK)
            own_waker = (handle_t)m.w[1];
    }
}

static void doze(ticks_t deadline)
{
    uint64_t bits;
    (void)sys_wait(0, deadline, &bits); /* a handler may end it: whoever dozes looks again */
}

static void back_off(unsigned *tries)
{
    if (++*tries <= YIELDS_BEFORE_SLEEP)
        sys_yield();
    else
        doze(sys_time() + SLEEP_TICKS); /* the holder has a lower priority */
}

void __waitq_lock(struct __waitq *q)
{
    unsigned tries = 0;
    while (__atomic_fetch_or(&q->__lock, HELD, __ATOMIC_ACQUIRE) & HELD) /* bound: the holder's few instructions */
        back_off(&tries);
}

/* For who may not wait, as the holder may be the very thread that a handler has interrupted. Adding LEFT also releases: what the leaver
 * stored before is seen by the holder who finds it, and so by whoever that one hands it to. */
bool __waitq_lock_or_leave(struct __waitq *q)
{
    int v = __atomic_load_n(&q->__lock, __ATOMIC_RELAXED);
    while (!__atomic_compare_exchange_n(&q->__lock, &v, v & HELD ? v + LEFT : HELD, true, CAS_RELEASES)) {
        /* bound: a turn fails only when another thread's succeeded */
    }
    return !(v & HELD);
}

void __waitq_settle(struct __waitq *q)
{
    unsigned tries = 0;
    while (__atomic_load_n(&q->__lock, __ATOMIC_ACQUIRE) != 0) /* bound: as above */
        back_off(&tries);
}

/* What others have left is done first; with the store that frees the lock q may be gone. */
void __waitq_unlock(struct __waitq *q)
{
    int was = HELD;
    while (!__atomic_compare_exchange_n(&q->__lock, &was, 0, false, CAS_RELEASES)) { /* bound: what is left meanwhile */
        int left = __atomic_exchange_n(&q->__lock, HELD, __ATOMIC_ACQUIRE) / LEFT;
        __atomic_load_n(&__waitq_left, __ATOMIC_RELAXED)(q, (unsigned)left); /* stored before anything was left */
        was = HELD;
    }
}

void __waitq_join(struct __waitq *q, struct __waiter *w)
{
    *w = (struct __waiter){.waker = own_waker, .breaks = __signal_breaks};
    if (q->__head == NULL)
        __atomic_store_n(&q->__head, w, __ATOMIC_RELEASE);
    else
        q->__tail->next = w;
    q->__tail = w;
}

static void take_out(struct __waitq *q, struct __waiter *w)
{
    struct __waiter **at = &q->__head, *before = NULL;
    while (*at != w) { /* bound: threads of the process */
        before = *at;
        at = &before->next;
    }
    *at = w->next;
    if (q->__tail == w)
        q->__tail = before;
}

handle_t __waitq_take(struct __waitq *q)
{
    struct __waiter *w = q->__head;
    if (w == NULL)
        return NO_HANDLE;
    q->__head = w->next;
    handle_t h = w->waker;
    atomic_store_explicit(&w->woken, 1, memory_order_release); /* from here on *w may be gone */
    return h;
}

void __waiter_wake(handle_t h)
{
    if (h != NO_HANDLE)
        (void)sys_signal(h, WAKE_BIT); /* it may have looked and ended meanwhile */
}

void __waitq_wake_all(struct __waitq *q)
{
    handle_t woken[16];
    unsigned n;
    do {
        n = 0;
        __waitq_lock(q);
        while (n < sizeof woken / sizeof woken[0] && q->__head != NULL)
            woken[n++] = __waitq_take(q);
        __waitq_unlock(q);
        for (unsigned i = 0; i < n; i++)
            __waiter_wake(woken[i]);
    } while (n == sizeof woken / sizeof woken[0]); /* bound: threads of the process / 16 */
}

bool __waitq_sleep(struct __waitq *q, struct __waiter *w, ticks_t deadline)
{
    __waitq_unlock(q);
    __stderr_push();
    while (!atomic_load_explicit(&w->woken, memory_order_acquire)) { /* bound: the deadline, or whoever wakes us */
        ticks_t now = sys_time(), until = deadline;
        bool broken = w->heeds_signals && __signal_breaks != w->breaks;
        if (now >= deadline || broken) {
            __waitq_lock(q);
            bool still = !atomic_load_explicit(&w->woken, memory_order_acquire);
            if (still)
                take_out(q, w);
            __waitq_unlock(q);
            w->broken = broken && still;
            return !still;
        }
        if (w->waker == NO_HANDLE && until > now + SLEEP_TICKS)
            until = now + SLEEP_TICKS;
        doze(until);
    }
    return true;
}

bool __deadline_of(clockid_t clock, const struct timespec *abs, ticks_t *out)
{
    *out = DEADLINE_NONE;
    if (abs == NULL)
        return true;
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return false;
    if (abs->tv_nsec < 0 || abs->tv_nsec >= 1000000000L)
        return false;
    *out = abs->tv_sec < 0 ? 0 : __timespec_ticks(abs);
    return true;
}

bool __waitq_wait(struct __waitq *q, ticks_t deadline)
{
    struct __waiter w;
    __waitq_join(q, &w);
    return __waitq_sleep(q, &w, deadline);
}
