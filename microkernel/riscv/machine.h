/* SPDX-License-Identifier: MIT
 * What the device tree says, and where boot put the kernel's own memory.
 */
#ifndef RISCV_MACHINE_H
#define RISCV_MACHINE_H

#include <abi/types.h>

#define MACHINE_HARTS_MAX 8

struct machine {
    paddr_t ram_pa;
    uint64_t ram_bytes;
    uint64_t timebase_hz;
    paddr_t image_pa;
    uint64_t image_bytes;
    paddr_t uart_pa, test_pa, plic_pa;
    uint64_t uart_irq, plic_bytes;
    uint64_t plic_sources;
    paddr_t virtio_pa[8];
    uint64_t virtio_irq[8];
    uint32_t harts;                            /* usable harts found */
    uint32_t hart_id[MACHINE_HARTS_MAX];       /* SBI hart ids */
    uint32_t hart_intc[MACHINE_HARTS_MAX];     /* phandle of its interrupt controller */
    uint32_t plic_context[MACHINE_HARTS_MAX];  /* PLIC context of its S mode; ~0 none */
    uint64_t isa_flags;                        /* BOOT_ISA_* */
    const char *args;                          /* /chosen/bootargs */
    /* filled by boot */
    paddr_t frame_table_pa, chunk_table_pa, ring_pa;
    paddr_t free_pa; /* everything below is firmware's or the kernel's */
};

/* Fill *m from the flattened device tree at dtb. False: not a device tree, or no memory in it. */
bool dtb_read(const void *dtb, struct machine *m);

#endif
