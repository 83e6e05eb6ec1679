/* SPDX-License-Identifier: MIT
 * Scalar types and page geometry shared by kernel, servers and programs.
 * Everything here is part of the ABI: a change shows in test/abi/abi.txt.
 */
#ifndef ABI_TYPES_H
#define ABI_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint64_t vaddr_t;   /* user or kernel virtual address, bytes */
typedef uint64_t paddr_t;   /* physical address, bytes */
typedef uint32_t frame_t;   /* physical address / 4096; 0 is never a usable frame */
typedef uint32_t handle_t;  /* index into the caller's handle table; 0 is never valid */
typedef uint64_t badge_t;   /* 48 bits, stamped by the kernel on every message */
typedef uint64_t reply_id_t;/* one-shot name of a blocked caller or faulter; 0 is never valid */
typedef uint64_t ticks_t;   /* absolute or relative time in units of the `time` CSR (timebase_hz in bootinfo) */

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (PAGE_SIZE - 1)
#define PTES_PER_TABLE 512
/* Memory is typed, owned and granted in chunks of 2 MiB. A chunk's number is its first frame >> 9. */
#define CHUNK_SHIFT 21
#define CHUNK_SIZE (1UL << CHUNK_SHIFT)
#define FRAMES_PER_CHUNK 512

#define NO_FRAME ((frame_t)0)
#define NO_HANDLE ((handle_t)0)
#define NO_REPLY ((reply_id_t)0)
#define DEADLINE_NONE (~(ticks_t)0) /* wait for ever */
#define DEADLINE_POLL ((ticks_t)0)  /* a time in the past: do not wait */

/* Sv39, lower half. The top page of the lower half is never mapped. */
#define USER_VA_END 0x4000000000UL
/* Where a pager sees every frame it owns, and the kernel's frame table: window + physical address. */
#define WINDOW_BASE 0x2000000000UL

#define must_check __attribute__((warn_unused_result))

#endif
