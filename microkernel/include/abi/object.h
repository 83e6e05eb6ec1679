/* SPDX-License-Identifier: MIT
 * Kernel object types, the rights a handle can carry, frame kinds, and the bits of a page-table
 * entry that user level may interpret.
 */
#ifndef ABI_OBJECT_H
#define ABI_OBJECT_H

#include "types.h"

enum object_type {
    OBJ_NONE = 0,
    OBJ_THREAD = 1,   /* one kernel frame */
    OBJ_SPACE = 2,    /* two kernel frames: control + handle table, and the root page table */
    OBJ_ENDPOINT = 3, /* one kernel frame (256 priority queues) */
    OBJ_NTFN = 4,     /* one kernel frame */
    OBJ_IRQ = 5,      /* no frame: an interrupt source */
    OBJ_KERNEL = 6,   /* no frame: the kernel's own controls */
    OBJ_SCHED = 7,    /* one kernel frame: a scheduling context */
    OBJ_TYPES
};

/* What a thread does, as THREAD_INFO says. */
enum thread_doing {
    THREAD_STOPPED = 1,    /* nothing, until somebody starts or resumes it */
    THREAD_READY = 2,
    THREAD_RUNNING = 3,
    THREAD_CALLING = 4,    /* its message is queued at an endpoint */
    THREAD_WAIT_REPLY = 5,
    THREAD_RECEIVING = 6,
    THREAD_WAITING = 7,    /* for a notification */
    THREAD_FAULTED = 8,    /* its page comes */
    THREAD_UNFUNDED = 9,   /* it has used up its budget */
};

/* Rights: 8 bits in a handle. The low bits mean something per type. */
#define RIGHT_SEND (1u << 0)    /* endpoint: call */
#define RIGHT_RECV (1u << 1)    /* endpoint: receive */
#define RIGHT_SEND_HANDLE (1u << 2) /* endpoint: send a handle along with a call; it takes a place in the server's table */
#define RIGHT_SIGNAL (1u << 0)  /* notification, thread (its own notification): signal */
#define RIGHT_WAIT (1u << 1)    /* notification: wait, bind */
#define RIGHT_CONTROL (1u << 2) /* thread: start, stop, registers, priority; space: handlers, reset; scheduling context: set, bind */
#define RIGHT_MAP (1u << 0)     /* space: page tables (the pager's right) */
#define RIGHT_HANDLES (1u << 1) /* space: install, read and close handles in its table */
#define RIGHT_THREADS (1u << 3) /* space: create threads in it */
#define RIGHT_IRQ_USE (1u << 0) /* irq: bind, acknowledge */
#define RIGHT_K_DEBUG (1u << 0) /* kernel: last-resort console */
#define RIGHT_K_TRACE (1u << 1) /* kernel: read the event ring and counters */
#define RIGHT_K_IRQ (1u << 2)   /* kernel: make interrupt handles */
#define RIGHT_K_DEVICE (1u << 3)/* kernel: map device memory */
#define RIGHT_K_CHECK (1u << 4) /* kernel: self-check, trace mask */
#define RIGHT_MINT (1u << 5)    /* any: set a badge on a copy */
#define RIGHT_GRANT (1u << 6)   /* any: copy it, install it elsewhere, send it in a message */
#define RIGHT_OWN (1u << 7)     /* any: destroy the object, revoke all other handles to it */
#define RIGHTS_ALL 0xffu

/* What a frame is used for. One byte in struct frame_info, which pagers may read. */
enum frame_kind {
    FRAME_RESERVED = 0, /* firmware, kernel image, frame table: never anybody's */
    FRAME_USER = 1,     /* a byte store: may be mapped by its owner into spaces it manages */
    FRAME_KFREE = 2,    /* in a kernel chunk, no object in it */
    FRAME_TABLE = 3,    /* a page table below the root */
    FRAME_ROOT = 4,     /* a root page table */
    FRAME_SPACE = 5,
    FRAME_THREAD = 6,
    FRAME_ENDPOINT = 7,
    FRAME_NTFN = 8,
    FRAME_HANDLES = 9,  /* further handles of a space */
    FRAME_SCHED = 10,
};

/* The kernel's word per frame; readable in a pager's window at bootinfo.frame_table_pa + 16 * (frame - ram_first_frame). */
struct frame_info {
    uint32_t maps;  /* user frame: PTEs that map it (windows apart); table: valid entries in it */
    uint32_t gen;   /* counts object lives; a handle with another value is stale */
    uint32_t owner; /* space id (control frame) of the owning pager; 0 = the kernel */
    uint8_t kind;   /* enum frame_kind */
    uint8_t flags;  /* FRAME_F_* */
    uint16_t parents; /* shared leaf table: level-1 entries that point to it */
};
#define FRAME_F_ZEROED 1u /* a KFREE frame known to be all zero */
#define FRAME_F_SHARED 4u /* a leaf table that several spaces have */
#define FRAME_F_BATCH 2u  /* registered as its owner's batch page: not mapped elsewhere, not granted away */
_Static_assert(sizeof(struct frame_info) == 16, "frame_info is ABI");

/* What a chunk of 2 MiB is (bootinfo.chunk[]; chunk_retype). */
enum chunk_kind {
    CHUNK_ABSENT = 0,
    CHUNK_RESERVED = 1, /* firmware and kernel */
    CHUNK_USER = 2,     /* user frames, all free at boot */
    CHUNK_KERNEL = 3,   /* tables and kernel objects */
    CHUNK_IMAGE = 4,    /* user frames that hold the boot image */
    CHUNK_INIT = 5,     /* user frames, the first bootinfo.init_frames of which are init's program */
};

/* Access and protection bits. */
#define PROT_R 1u
#define PROT_W 2u
#define PROT_X 4u
#define PROT_COW 8u  /* map read-only and set PTE_COW: the program may write, after a copy */

/* Page-table entry, RISC-V privileged specification, Sv39:
 *   63..54 reserved | 53..10 PPN | 9 8 RSW | 7 D | 6 A | 5 G | 4 U | 3 X | 2 W | 1 R | 0 V
 */
#define PTE_V (1UL << 0)
#define PTE_R (1UL << 1)
#define PTE_W (1UL << 2)
#define PTE_X (1UL << 3)
#define PTE_U (1UL << 4)
#define PTE_G (1UL << 5)
#define PTE_A (1UL << 6)
#define PTE_D (1UL << 7)
#define PTE_COW (1UL << 8)  /* RSW0: logically writable, copy or upgrade on the first store */
#define PTE_SOFT (1UL << 9) /* RSW1: free for the pager */
#define PTE_PPN_SHIFT 10
#define PTE_FRAME(pte) ((frame_t)(((pte) >> PTE_PPN_SHIFT) & 0xfffffffUL))

#endif
