/* SPDX-License-Identifier: MIT
 * picolibc's locks, for programs with threads: recursive, owned by a thread (its tp), waited for by yielding and, in
 * case the holder has a lower priority, by short sleeps. Overrides all of picolibc's no-op locks, which stand in one
 * object file, so every symbol of it must be here.
 */
#include "internal.h"

#include <pagoda/thread.h>
#include <stdatomic.h>
#include <sys/lock.h>

#define LOCKS_DYNAMIC 32u
#define YIELDS_BEFORE_SLEEP 32u
#define SLEEP_TICKS 10000u /* 1 ms at 10 MHz */

struct __lock {
    struct thread_mutex mutex;
    uintptr_t owner; /* tp; written by the holder only */
    unsigned depth;
};

struct __lock __lock___libc_recursive_mutex;
static struct __lock dynamic_lock[LOCKS_DYNAMIC];
static _Atomic unsigned dynamic_used;

static uintptr_t self(void)
{
    uintptr_t tp;
    __asm__("mv %0, tp" : "=r"(tp));
    return tp;
}

void thread_mutex_lock(struct thread_mutex *m)
{
    unsigned tries = 0;
    while (atomic_exchange_explicit(&m->held, 1, memory_order_acquire) != 0) { /* bound: the holder's critical section */
        if (++tries <= YIELDS_BEFORE_SLEEP) {
            sys_yield();
        } else {
            uint64_t bits;
            (void)sys_wait(0, sys_time() + SLEEP_TICKS, &bits);
        }
    }
}

bool thread_mutex_trylock(struct thread_mutex *m)
{
    return atomic_exchange_explicit(&m->held, 1, memory_order_acquire) == 0;
}

void thread_mutex_unlock(struct thread_mutex *m)
{
    atomic_store_explicit(&m->held, 0, memory_order_release);
}

static void acquire(struct __lock *l)
{
    if (l == NULL)
        return;
    /* Only this thread can have written its own tp there, so the unlocked read is sound. */
    if (__atomic_load_n(&l->owner, __ATOMIC_RELAXED) != self()) {
        thread_mutex_lock(&l->mutex);
        __atomic_store_n(&l->owner, self(), __ATOMIC_RELAXED);
    }
    l->depth++;
}

static void release(struct __lock *l)
{
    if (l == NULL || --l->depth > 0)
        return;
    __atomic_store_n(&l->owner, 0, __ATOMIC_RELAXED);
    thread_mutex_unlock(&l->mutex);
}

static int try_acquire(struct __lock *l)
{
    if (l == NULL)
        return 1;
    if (__atomic_load_n(&l->owner, __ATOMIC_RELAXED) != self()) {
        if (!thread_mutex_trylock(&l->mutex))
            return 0;
        __atomic_store_n(&l->owner, self(), __ATOMIC_RELAXED);
    }
    l->depth++;
    return 1;
}

/* Streams are few and live long: locks come from a pool and, when that is used up, from the library's own lock, which
 * is slower but right since all are recursive. */
void __retarget_lock_init(_LOCK_T *lock)
{
    unsigned i = atomic_fetch_add(&dynamic_used, 1);
    *lock = i < LOCKS_DYNAMIC ? &dynamic_lock[i] : &__lock___libc_recursive_mutex;
}

void __retarget_lock_init_recursive(_LOCK_T *lock) { __retarget_lock_init(lock); }
void __retarget_lock_close(_LOCK_T lock) { (void)lock; }
void __retarget_lock_close_recursive(_LOCK_T lock) { (void)lock; }
void __retarget_lock_acquire(_LOCK_T lock) { acquire(lock); }
void __retarget_lock_acquire_recursive(_LOCK_T lock) { acquire(lock); }
int __retarget_lock_try_acquire(_LOCK_T lock) { return try_acquire(lock); }
int __retarget_lock_try_acquire_recursive(_LOCK_T lock) { return try_acquire(lock); }
void __retarget_lock_release(_LOCK_T lock) { release(lock); }
void __retarget_lock_release_recursive(_LOCK_T lock) { release(lock); }

void __libc_lock(void) { acquire(&__lock___libc_recursive_mutex); }
void __libc_unlock(void) { release(&__lock___libc_recursive_mutex); }
