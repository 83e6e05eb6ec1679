/* SPDX-License-Identifier: MIT
 * Control and status registers and their fields. Source: RISC-V privileged specification 1.12, Sstc extension.
 */
#ifndef RISCV_CSR_H
#define RISCV_CSR_H

#define SSTATUS_SIE (1 << 1)
#define SSTATUS_SPIE (1 << 5)
#define SSTATUS_SPP (1 << 8)
#define SSTATUS_FS_SHIFT 13
#define SSTATUS_FS (3 << 13)
#define SSTATUS_FS_CLEAN (2 << 13)
#define SSTATUS_FS_DIRTY (3 << 13)
#define SSTATUS_SUM (1 << 18)

#define SIE_SSIE (1 << 1)
#define SIE_STIE (1 << 5)
#define SIE_SEIE (1 << 9)

#define SCAUSE_INTERRUPT (1UL << 63)
#define CAUSE_ILLEGAL 2
#define CAUSE_ECALL_U 8
#define CAUSE_FETCH_PAGE 12
#define CAUSE_LOAD_PAGE 13
#define CAUSE_STORE_PAGE 15
#define IRQ_SOFT 1
#define IRQ_TIMER 5
#define IRQ_EXTERNAL 9

#define SATP_SV39 (8UL << 60)
#define SATP_ASID_SHIFT 44
#define SATP_ASID_BITS 0xffffUL

/* Offsets in struct thread, pinned by _Static_assert in trap.c. */
#define T_STATUS 256
#define T_HART 264

/* Numbers of the ABI, pinned there too: its headers are C. */
#define NR_NULL 0
#define NR_CALL 1
#define NR_RECV 2
#define NR_REPLY 3
#define NR_REPLY_RECV 4
#define NR_FAULT_REPLY_RECV 6
#define NR_SIGNAL 7
#define KIND_CALL 1
#define KIND_FAULT 2
#define ACCESS_R 1
#define ACCESS_W 2
#define ACCESS_X 4
#define RESULT_OK 0

/* Offsets in struct hart. */
#define H_CURRENT 0
#define H_LOCK 80
#define H_KSTACK 56
#define H_ID 36 /* struct hart: id */

#if defined(PAGODA_HOST)
#include "host_csr.h" /* host tests of tlb.c: the same names on a simulated hart */
#elif !defined(__ASSEMBLER__)
#define csr_read(csr) \
    ({ \
        uint64_t v_; \
        __asm__ volatile("csrr %0, " #csr : "=r"(v_)); \
        v_; \
    })
#define csr_write(csr, v) __asm__ volatile("csrw " #csr ", %0" : : "rK"((uint64_t)(v)) : "memory")
#define csr_set(csr, v) __asm__ volatile("csrs " #csr ", %0" : : "rK"((uint64_t)(v)) : "memory")
#define csr_clear(csr, v) __asm__ volatile("csrc " #csr ", %0" : : "rK"((uint64_t)(v)) : "memory")
#define sfence_vma() __asm__ volatile("sfence.vma" ::: "memory")
#define sfence_vma_asid(asid) __asm__ volatile("sfence.vma x0, %0" : : "r"((uint64_t)(asid)) : "memory")
#define sfence_vma_page(va, asid) __asm__ volatile("sfence.vma %0, %1" : : "r"((uint64_t)(va)), "r"((uint64_t)(asid)) : "memory")
#define wfi() __asm__ volatile("wfi")
#define fence_i() __asm__ volatile("fence.i" ::: "memory")
#endif

#endif
