/* SPDX-License-Identifier: MIT
 * What the files of riscv/ tell each other.
 */
#ifndef RISCV_RISCV_H
#define RISCV_RISCV_H

#include "../core/kernel.h"
#include "machine.h"

/* context.c */
extern bool fpu_present;
bool fpu_first_use(struct thread *t);

/* sv39.c */
paddr_t sv39_boot(const struct machine *m); /* the kernel's final tables -> their root */

/* tlb.c */
void tlb_boot(paddr_t root, unsigned harts);
void tlb_boot_hart(void);

/* smp.c */
void hart_csrs(void);
void smp_boot(const struct machine *m); /* start the other harts; hart_count says how many there are then */

/* plic.c */
void plic_boot(const struct machine *m);
void plic_boot_hart(void);

/* sbi.c */
struct sbi_result {
    long error, value;
};
struct sbi_result sbi_call(uint64_t ext, uint64_t fid, uint64_t a0, uint64_t a1, uint64_t a2);
extern bool have_sstc;
extern paddr_t test_device_pa;

/* entry.S */
void trap_entry(void);
void start_hart(void); /* start.S: where further harts begin, its physical address */
_Noreturn void trap_return(struct thread *t);

#endif
