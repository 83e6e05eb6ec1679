/* SPDX-License-Identifier: MIT
 * The one kernel lock: a ticket lock, first come first served. Who waits for it does meanwhile what the holder asks by mail,
 * so waiting never keeps a shootdown from being acknowledged; who waits long sleeps until it is its turn (lock.c).
 */
#ifndef RISCV_LOCK_H
#define RISCV_LOCK_H

#include "../core/arch.h"

#define LOCK_INLINE static inline __attribute__((always_inline)) /* the fast path has no stack */

extern struct kernel_lock { /* hart->lock */
    int32_t next, serving; /* signed, as lw and amoadd.w leave them */
} kernel_lock;

void lock_wait(struct hart *h, int32_t mine); /* until `mine` is served */
void lock_wake(int32_t ticket);               /* its holder may sleep */

/* Fences beside plain loads and stores: gcc's acquire and release forms of them need the address in a register of its own. */
LOCK_INLINE int32_t lock_ticket(void) { return __atomic_fetch_add(&kernel_lock.next, 1, __ATOMIC_RELAXED); }
LOCK_INLINE bool lock_is_mine(int32_t mine) { return __atomic_load_n(&kernel_lock.serving, __ATOMIC_RELAXED) == mine; }
static inline void lock_turn(struct hart *h, int32_t mine)
{
    if (unlikely(!lock_is_mine(mine)))
        lock_wait(h, mine);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
}
static inline void lock_kernel(void) { lock_turn(this_hart(), lock_ticket()); }
/* The next one's turn. True: its holder may sleep. The store is one instruction, which gcc's relaxed form is not. */
LOCK_INLINE bool lock_pass_on(struct kernel_lock *lock, int32_t now)
{
    __atomic_thread_fence(__ATOMIC_RELEASE);
    *(volatile int32_t *)&lock->serving = now;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* pairs with lock_wait's: one of the two sees the other */
    return unlikely(__atomic_load_n(&lock->next, __ATOMIC_RELAXED) != now);
}
/* The ticket after this one: they wrap. */
LOCK_INLINE int32_t lock_after(int32_t ticket) { return (int32_t)((uint32_t)ticket + 1); }
static inline void unlock_kernel(void)
{
    int32_t now = lock_after(kernel_lock.serving);
    if (lock_pass_on(&kernel_lock, now))
        lock_wake(now);
}
#endif
