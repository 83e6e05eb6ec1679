/* SPDX-License-Identifier: MIT
 * The one kernel lock: a ticket lock, first come first served. Who waits for it does meanwhile what the holder asks by mail,
 * so waiting never keeps a shootdown from being acknowledged; who waits long sleeps until it is its turn (lock.c).
 */
#ifndef RISCV_LOCK_H
#define RISCV_LOCK_H

#include "../core/arch.h"

extern struct kernel_lock {
    uint32_t next, serving;
} kernel_lock;

void lock_wait(struct hart *h, uint32_t mine); /* until `mine` is served */
void lock_wake(uint32_t ticket);               /* its holder may sleep */

/* Fences beside plain loads and stores: gcc's acquire and release forms of them need the address in a register of its own. */
static inline void lock_kernel(void)
{
    uint32_t mine = __atomic_fetch_add(&kernel_lock.next, 1, __ATOMIC_RELAXED);
    if (unlikely(__atomic_load_n(&kernel_lock.serving, __ATOMIC_RELAXED) != mine))
        lock_wait(this_hart(), mine);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
}
static inline void unlock_kernel(void)
{
    uint32_t now = kernel_lock.serving + 1;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    __atomic_store_n(&kernel_lock.serving, now, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* pairs with lock_wait's: one of the two sees the other */
    if (unlikely(__atomic_load_n(&kernel_lock.next, __ATOMIC_RELAXED) != now))
        lock_wake(now);
}
#endif
