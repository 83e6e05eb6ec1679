/* SPDX-License-Identifier: MIT
 * The part of arch.h that must cost nothing.
 */
#ifndef RISCV_ARCH_INLINE_H
#define RISCV_ARCH_INLINE_H

/* All physical memory is mapped here; the kernel is linked inside it. */
#define DIRECT_BASE 0xffffffc000000000UL

static inline void *phys_to_virt(paddr_t pa) { return (void *)(DIRECT_BASE + pa); }
static inline paddr_t virt_to_phys(const void *p) { return (uint64_t)p - DIRECT_BASE; }

/* tp is the kernel's from the entry on, and no function changes it. */
register struct hart *hart_in_tp __asm__("tp");
static inline struct hart *this_hart(void) { return hart_in_tp; }
static inline uint64_t arch_time(void)
{
    uint64_t t;
    __asm__ volatile("rdtime %0" : "=r"(t));
    return t;
}
static inline uint64_t arch_instret(void)
{
    uint64_t t;
    __asm__ volatile("rdinstret %0" : "=r"(t));
    return t;
}

#endif
