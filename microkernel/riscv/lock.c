/* SPDX-License-Identifier: MIT
 * Waiting for the kernel lock. A kernel path is short, so a waiter first spins; but where harts are virtual, the holder may
 * not be running at all, and spinning would only keep it from running. Then the waiter sleeps until its ticket is called.
 */
#include "../core/arch.h"
#include "csr.h"
#include "ipi.h"
#include "lock.h"
#include "riscv.h"

#define SPINS 500u /* longer than a kernel path of each other hart */

struct kernel_lock kernel_lock;

static bool lock_served(int32_t mine) { return __atomic_load_n(&kernel_lock.serving, __ATOMIC_ACQUIRE) == mine; }

void lock_wait(struct hart *h, int32_t mine)
{
    bool slept = false;
    for (unsigned spins = 0; !lock_served(mine); spins++) { /* bound: a kernel path of each hart before it */
#ifndef MUTANT_KERNEL_DEAF_WAITER
        if (unlikely(__atomic_load_n(&h->mail, __ATOMIC_RELAXED)))
            mail_take(h);
#endif
        if (spins < SPINS)
            continue;
        if (!slept)
            csr_clear(sip, SIE_SSIE); /* what it was about, a look at the mail and at sched_exit will tell */
        slept = true;
        h->sleep_ticket = mine;
        __atomic_store_n(&h->sleeps, true, __ATOMIC_RELAXED);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
        if (!lock_served(mine) && !__atomic_load_n(&h->mail, __ATOMIC_RELAXED))
            wfi();
        csr_clear(sip, SIE_SSIE);
        __atomic_store_n(&h->sleeps, false, __ATOMIC_RELAXED);
    }
    if (slept)
        h->kicked = false; /* its interrupt may have been cleared above; sched_exit looks anyway */
}

void lock_wake(int32_t ticket)
{
    for (unsigned i = 0; i < hart_count; i++) /* bound: HARTS_MAX */
        if (__atomic_load_n(&harts[i].sleeps, __ATOMIC_RELAXED) && harts[i].sleep_ticket == ticket)
            ipi_send(&harts[i]);
}
