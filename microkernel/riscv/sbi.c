/* SPDX-License-Identifier: MIT
 * Firmware calls, the timer and the way to power off. Source: RISC-V SBI specification 1.0; Sstc extension 1.0.
 */
#include "../core/arch.h"
#include "csr.h"
#include "riscv.h"

#define SBI_EXT_TIME 0x54494d45
#define SBI_EXT_SRST 0x53525354
#define SBI_LEGACY_PUTCHAR 1
#define CSR_STIMECMP 0x14d
#define TEST_FAIL 0x3333u
#define PANIC_STATUS 99u

bool have_sstc;
paddr_t test_device_pa;

struct sbi_result sbi_call(uint64_t ext, uint64_t fid, uint64_t x, uint64_t y, uint64_t z)
{
    register uint64_t a0 __asm__("a0") = x;
    register uint64_t a1 __asm__("a1") = y;
    register uint64_t a2 __asm__("a2") = z;
    register uint64_t a6 __asm__("a6") = fid;
    register uint64_t a7 __asm__("a7") = ext;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
    return (struct sbi_result){(long)a0, (long)a1};
}

void arch_timer_set(uint64_t when)
{
    if (have_sstc)
        __asm__ volatile("csrw 0x14d, %0" : : "r"(when));
    else
        (void)sbi_call(SBI_EXT_TIME, 0, when, 0, 0);
}

void arch_console_putc(char c) { (void)sbi_call(SBI_LEGACY_PUTCHAR, 0, (uint8_t)c, 0, 0); }

/* The test device carries a status to QEMU's exit code; the firmware's shutdown is the fallback. */
_Noreturn void arch_halt(void)
{
    if (test_device_pa)
        *(volatile uint32_t *)phys_to_virt(test_device_pa) = PANIC_STATUS << 16 | TEST_FAIL;
    (void)sbi_call(SBI_EXT_SRST, 0, 0, 1, 0);
    for (;;) /* forever: nothing can be done */
        __asm__ volatile("wfi");
}
