/* SPDX-License-Identifier: MIT
 * satp, sip and the fences of a simulated hart, for the tests that run riscv/tlb.c, ipi.c and lock.c themselves. Included by riscv/csr.h.
 */
#ifndef HOST_CSR_H
#define HOST_CSR_H

#include <stdint.h>

uint64_t host_satp_read(void);
void host_satp_write(uint64_t value);
void sfence_vma(void);
void sfence_vma_asid(uint64_t asid);
void sfence_vma_page(uint64_t va, uint64_t asid);
void fence_i(void);
void host_sip_clear(uint64_t bits);
void wfi(void);

#define csr_read(csr) host_##csr##_read()
#define csr_write(csr, v) host_##csr##_write(v)
#define csr_clear(csr, v) host_##csr##_clear(v)

#endif
