/* SPDX-License-Identifier: MIT
 * The machine that core/ sees in host tests: RAM is an array, harts are simulated one at a time, time is a variable.
 * Included by core/arch.h in place of riscv/arch_inline.h. No test includes it by itself.
 */
#ifndef HOST_ARCH_H
#define HOST_ARCH_H

#define HOST_RAM_PA 0x80000000UL
#define HOST_RAM_BYTES (24UL << 20)
#define HOST_HARTS 2

extern uint8_t host_ram[HOST_RAM_BYTES];
extern struct hart *host_hart; /* on whose behalf the kernel runs now */
extern uint64_t host_time, host_instret;

void *host_phys_elsewhere(paddr_t pa);       /* outside RAM: only the kernel's own tables have an address */
paddr_t host_virt_elsewhere(const void *p);

static inline void *phys_to_virt(paddr_t pa)
{
    return pa - HOST_RAM_PA < HOST_RAM_BYTES ? host_ram + (pa - HOST_RAM_PA) : host_phys_elsewhere(pa);
}
static inline paddr_t virt_to_phys(const void *p)
{
    uint64_t offset = (uintptr_t)p - (uintptr_t)host_ram;
    return offset < HOST_RAM_BYTES ? HOST_RAM_PA + offset : host_virt_elsewhere(p);
}
static inline struct hart *this_hart(void) { return host_hart; }
static inline uint64_t arch_time(void) { return host_time; }
static inline uint64_t arch_instret(void) { return ++host_instret; }

#endif
