/* SPDX-License-Identifier: MIT
 * What the kernel tells init, in read-only pages at BOOTINFO_VA of init's space, and init's first handles.
 */
#ifndef ABI_BOOTINFO_H
#define ABI_BOOTINFO_H

#include "types.h"

#define BOOTINFO_VA 0x3f00000000UL
#define BOOTINFO_MAGIC 0x31616f6761505256UL
#define BOOT_CHUNKS_MAX 4096u /* 8 GiB */
#define BOOT_ARGS_MAX 2048u

struct bootinfo {
    uint64_t magic;
    uint64_t timebase_hz;
    uint64_t ram_base_pa, ram_size_bytes;
    uint64_t frame_table_pa, frame_table_bytes; /* struct frame_info, first entry = ram_base */
    uint64_t image_pa, image_bytes;             /* the boot image (struct image_header) */
    uint64_t uart_pa, uart_irq;                 /* 0 when the machine has none */
    uint64_t test_pa;                           /* sifive_test: power off with a status; 0 when absent */
    uint64_t virtio_pa[8], virtio_irq[8];       /* virtio-mmio transports; 0 = none */
    uint64_t harts;
    uint64_t init_frames;     /* frames of the CHUNK_INIT chunk in use by init itself, from its start */
    uint64_t init_chunk;      /* chunk number */
    uint64_t kernel_chunk;    /* chunk number of the CHUNK_KERNEL chunk init owns at start */
    uint64_t boot_instret;    /* instret at S-mode entry */
    uint64_t first_chunk;     /* chunk number of chunk[0] */
    uint64_t chunks;          /* entries in chunk[] */
    uint64_t isa_flags;       /* BOOT_ISA_* */
    char args[BOOT_ARGS_MAX]; /* /chosen/bootargs, nul-terminated */
    uint8_t chunk[BOOT_CHUNKS_MAX]; /* enum chunk_kind */
};
#define BOOT_ISA_SSTC 1u
#define BOOT_ISA_FPU 2u
_Static_assert(sizeof(struct bootinfo) <= 2 * PAGE_SIZE, "bootinfo takes two pages");

/* init's handle table at start. */
enum init_handle {
    INIT_H_SPACE = 1,  /* its own space, all rights */
    INIT_H_THREAD = 2, /* its first thread, all rights */
    INIT_H_KERNEL = 3, /* the kernel's controls, all rights */
    INIT_H_FIRST_FREE = 4,
};

/* init starts at its ELF entry with a0 = BOOTINFO_VA and sp = INIT_STACK_TOP (16 pages mapped below). */
#define INIT_STACK_TOP 0x3effff0000UL
#define INIT_STACK_PAGES 16u

#endif
