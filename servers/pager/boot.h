/* SPDX-License-Identifier: MIT
 * What init hands to the pager: one read-only page at PAGER_BOOT_VA, the ledger's memory, a window and four handles.
 * The only header of the pager that init includes; it must never depend on another of the pager's headers.
 *
 * The pager's space, made by init (everything here belongs to init and outlives a crash of the pager):
 *   0x10000            text, rodata, data, bss of the ELF file "pager" (page-aligned segments, W^X)
 *   WINDOW_BASE + pa   every chunk granted to the pager, and the chunks of the kernel's frame table (WINDOW_MAP)
 *   PAGER_BOOT_VA      struct pager_boot, one page, read-only
 *   PAGER_LEDGER_VA    pager_ledger_bytes(ram_bytes), read-write, zero at the first start
 *   PAGER_STACK_TOP    PAGER_STACK_PAGES pages below it, read-write; nothing below them (guard)
 *
 * First start: init grants all chunks that the pager shall own (USER ones; at least PAGER_KERNEL_CHUNKS retyped to KERNEL;
 * the IMAGE ones), fills the page, and starts the thread: ip = ELF entry (libipc's start.S), sp = PAGER_STACK_TOP,
 * a0 = PAGER_BOOT_VA, tp = 0. Which frames it owns and what they are the pager reads from the frame table (owner == its
 * space's id).
 * Restart: stop the thread, SPACE_RESET, restore data and zero bss (the ledger and all handles stay), restarted += 1,
 * start again.
 */
#ifndef PAGER_BOOT_H
#define PAGER_BOOT_H

#include <abi/types.h>

#define PAGER_BOOT_VA 0x3000000000UL
#define PAGER_LEDGER_VA 0x3040000000UL
#define PAGER_STACK_TOP 0x3030000000UL
#define PAGER_STACK_PAGES 8u
#define PAGER_KERNEL_CHUNKS 2u

/* A breakpoint with this in a0 is a death that a test asked for (PAGER_DEBUG_DIE_*): no crash, so init restarts it at once. */
#define PAGER_DIED_ON_REQUEST 0x6465696b6c6c6564UL

#define PAGER_BOOT_MAGIC 0x746f6f4272656750UL
#define PAGER_BOOT_VERSION 3u
#define PAGER_STORE_DEFAULT UINT32_MAX

enum pager_death { PAGER_DEATH_ASKED = 0, PAGER_DEATH_CRASH = 1 };

struct pager_boot {
    uint64_t magic;   /* PAGER_BOOT_MAGIC */
    uint32_t version; /* PAGER_BOOT_VERSION */
    uint32_t restarted; /* 0 at the first start, then counts up */
    uint64_t ledger_va, ledger_bytes;   /* PAGER_LEDGER_VA, pager_ledger_bytes() rounded up to pages */
    uint64_t ram_base_pa, ram_bytes;    /* as in bootinfo */
    uint64_t frame_table_pa;            /* as in bootinfo */
    uint64_t image_pa, image_bytes;     /* as in bootinfo; its chunks are granted to the pager */
    uint32_t handle_space;    /* its own space: all rights */
    uint32_t handle_thread;   /* its own thread: RIGHT_SIGNAL | RIGHT_CONTROL | RIGHT_GRANT */
    uint32_t handle_endpoint; /* its endpoint: RECV | SEND | MINT | GRANT, badge 0 (it becomes the fault handler of new spaces) */
    uint32_t handle_kernel;   /* K_DEVICE | K_CHECK */
    uint32_t fork_strategy;   /* FORK_*; looked at on the first start only */
    uint32_t frames; /* limit for pages of programs, 0: none (docs/replacement.md); first start only */
    uint32_t store;  /* frames of the RAM-backed store, PAGER_STORE_DEFAULT: by `frames`; first start only */
    uint32_t around; /* width of fault-around, pages; 0: not said; first start only */
    uint32_t spare;
    uint32_t last_death;      /* enum pager_death, when restarted */
    char policy[16];          /* replacement policy; looked at on the first start only. "": fifo */
};
_Static_assert(sizeof(struct pager_boot) <= PAGE_SIZE, "pager_boot is one page");

/* Sizes of the ledger's tables, all from the size of memory. */
static inline uint64_t pager_clamp(uint64_t x, uint64_t low, uint64_t high)
{
    return x < low ? low : x > high ? high : x;
}
static inline uint64_t pager_max_spaces(uint64_t ram_bytes) { return pager_clamp(ram_bytes >> 17, 512, 16384); }
static inline uint64_t pager_max_regions(uint64_t ram_bytes) { return pager_clamp(ram_bytes >> 12, 16384, 131072); }
static inline uint64_t pager_max_objects(uint64_t ram_bytes) { return pager_max_spaces(ram_bytes) * 4; }

/* Bytes a table entry takes in the ledger, volatile companions included; ledger.c asserts that they suffice. */
#define PAGER_SPACE_BYTES 376u
#define PAGER_REGION_BYTES 64u
#define PAGER_OBJECT_BYTES 48u
#define PAGER_FRAME_BYTES 70u
#define PAGER_CHUNK_BYTES 32u
#define PAGER_FIXED_BYTES (96u * 1024u) /* header, redo log, operations, rounding */

static inline uint64_t pager_ledger_bytes(uint64_t ram_bytes)
{
    uint64_t bytes = PAGER_FIXED_BYTES + pager_max_spaces(ram_bytes) * PAGER_SPACE_BYTES +
                     pager_max_regions(ram_bytes) * PAGER_REGION_BYTES + pager_max_objects(ram_bytes) * PAGER_OBJECT_BYTES +
                     (ram_bytes >> PAGE_SHIFT) * PAGER_FRAME_BYTES + (ram_bytes >> CHUNK_SHIFT) * PAGER_CHUNK_BYTES;
    return (bytes + PAGE_MASK) & ~PAGE_MASK;
}

#endif
