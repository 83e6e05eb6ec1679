/* SPDX-License-Identifier: MIT
 * Further harts, from stopped in the firmware to waiting for work. The boot hart starts them one by one while it holds the
 * kernel lock; each comes as far as the lock and begins to schedule when the boot hart lets it go.
 * Source: RISC-V SBI specification 1.0, HSM extension.
 */
#include "../core/arch.h"
#include "csr.h"
#include "lock.h"
#include "riscv.h"

#define SBI_EXT_HSM 0x48534d
#define START_TICKS 10000000u /* a second at 10 MHz; more only under a debugger */

extern pte_t boot_root[PTES_PER_TABLE];
extern char hart_stacks[];
#define HART_STACK_BYTES 8192u /* start.S */
/* The tables of a hart's first instructions: the kernel's, and the RAM's first GiB at its physical address. */
pte_t start_root[PTES_PER_TABLE] __attribute__((aligned(PAGE_SIZE)));

/* CSRs that every hart has of its own. */
void hart_csrs(void)
{
    csr_write(stvec, (uint64_t)trap_entry);
    csr_write(scounteren, 7); /* cycle, time, instret for programs */
    arch_timer_set(~0UL);
    csr_write(sie, SIE_SSIE | SIE_STIE | SIE_SEIE);
}

/* On the new hart, from start.S: the first thread it runs. */
struct thread *hart_c(struct hart *h);
struct thread *hart_c(struct hart *h)
{
    tlb_boot_hart();
    hart_csrs();
    plic_boot_hart();
    __atomic_store_n(&h->online, true, __ATOMIC_RELEASE);
    lock_kernel();
    if (h->index >= hart_count) { /* too late: the boot hart has given it up, and nobody would send it mail */
        unlock_kernel();
        for (;;) /* forever: it takes no part */
            __asm__ volatile("wfi");
    }
    struct thread *t = sched_exit();
    unlock_kernel();
    return t;
}

struct hart *volatile hart_starting; /* whom the firmware was asked to start last; start.S */

static bool hart_start(struct hart *h)
{
    hart_starting = h;
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    struct sbi_result r = sbi_call(SBI_EXT_HSM, 0, h->id, virt_to_phys((void *)start_hart), (uint64_t)h);
    uint64_t limit = arch_time() + START_TICKS;
    while (r.error == 0 && !__atomic_load_n(&h->online, __ATOMIC_ACQUIRE)) /* bound: START_TICKS */
        if (arch_time() > limit)
            return false;
    return r.error == 0;
}

/* A hart that does not start is left out, and those behind it: the system says so and runs with those before it. */
void smp_boot(const struct machine *m)
{
    unsigned n = 1, gib = m->ram_pa >> 30;
    for (unsigned i = 0; i < PTES_PER_TABLE; i++)
        start_root[i] = boot_root[i];
    start_root[gib] = (m->ram_pa & ~((1UL << 30) - 1)) >> PAGE_SHIFT << PTE_PPN_SHIFT | PTE_V | PTE_R | PTE_W | PTE_X | PTE_A | PTE_D;
    for (unsigned i = 0; i < m->harts && n < HARTS_MAX; i++) {
        struct hart *h = &harts[n];
        if (m->hart_id[i] == harts[0].id)
            continue;
        h->id = m->hart_id[i];
        h->index = n;
        h->bit = 1UL << n;
        h->lock = &kernel_lock;
        h->kstack_top = (uint64_t)hart_stacks + n * HART_STACK_BYTES;
        h->plic_context = m->plic_context[i];
        core_boot_hart(m, h);
        hart_count = n + 1; /* it may get kicks and mail as soon as it comes to the lock */
        if (!hart_start(h)) {
            hart_count = n;
            kputs("kernel: a hart did not start; going on with ");
            kputx(n);
            kputs("\n");
            return;
        }
        n++;
    }
}
