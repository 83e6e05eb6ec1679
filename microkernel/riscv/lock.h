/* SPDX-License-Identifier: MIT
 * The one kernel lock: a ticket lock, first come first served.
 */
#ifndef RISCV_LOCK_H
#define RISCV_LOCK_H
#include <stdint.h>

extern struct kernel_lock {
    uint32_t next, serving;
} kernel_lock;

static inline void lock_kernel(void)
{
    uint32_t mine = __atomic_fetch_add(&kernel_lock.next, 1, __ATOMIC_RELAXED);
    while (__atomic_load_n(&kernel_lock.serving, __ATOMIC_ACQUIRE) != mine) /* bound: one kernel path of each other hart */
        ;
}
static inline void unlock_kernel(void)
{
    __atomic_store_n(&kernel_lock.serving, kernel_lock.serving + 1, __ATOMIC_RELEASE);
}
#endif
