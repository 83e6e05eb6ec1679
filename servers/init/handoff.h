/* SPDX-License-Identifier: MIT
 * What init hands to the servers it starts: the slots of their first handles and the fixed addresses of what it
 * maps for them. Included by init, procmgr, fs, blk and console; the pager's contract is servers/pager/boot.h.
 *
 * Servers must live on when memory is full: their data, bss and stack are filled at once (REGION_PINNED); of text, rodata
 * and the boot image every page is memory that is held anyway. A server that died starts again in the same space with the
 * same handles; keep.h says how, and what it finds again.
 *
 * A server starts at its ELF entry with sp = SERVER_STACK_TOP, a0 = its own space id, tp = 0. Memory and faults are
 * the pager's business, as for any program; exceptions go to init. It finds the handles of ipc.h (H_PAGER: badge of its
 * class and its space id, H_CONSOLE, H_KERNEL, H_INIT: badge of its class; H_PROC is empty) and these:
 */
#ifndef INIT_HANDOFF_H
#define INIT_HANDOFF_H

#include <abi/types.h>

enum server_handle {
    SERVER_H_ENDPOINT = 8,     /* its own endpoint; RECV, and for procmgr all of SEND MINT GRANT too */
    SERVER_H_NTFN = 9,         /* its own notification: SIGNAL WAIT, for procmgr also GRANT; bind it with SERVER_H_THREAD */
    SERVER_H_THREAD = 10,      /* its first thread: CONTROL (for THREAD_BIND) */
    SERVER_H_SPACE = 11,       /* its own space: HANDLES */
    CONSOLE_H_IRQ = 12,        /* console: the UART's interrupt (NO handle in the slot when the machine has none) */
    CONSOLE_H_PROCMGR = 13,    /* console: procmgr's notification, SIGNAL (PROC_NTFN_INTR) */
    CONSOLE_H_FS = 14,         /* console: the file server's notification, SIGNAL (FS_NTFN_CONSOLE) */
    BLK_H_IRQ = 12,            /* blk: the disk's interrupt */
    BLK_H_FS = 13,             /* blk: the file server's notification, SIGNAL (FS_NTFN_DISK) */
    FS_H_BLK = 12,             /* fs: the block server's endpoint, SEND, badge of its class and space id (empty: no disk) */
    FS_H_PROCMGR = 13,         /* fs: procmgr's notification, SIGNAL (PROC_NTFN_FILES) */
    PROCMGR_H_FS = 14,         /* procmgr: the file server's endpoint, SEND MINT GRANT, badge of its class */
    SERVER_H_FIRST_FREE = 16,
};

#define SERVER_STACK_TOP 0x3ffffff000UL
#define SERVER_STACK_BYTES (32UL << 10) /* all of it present from the start, unmapped below */

/* Memory that a restart leaves as it is (keep.h), read-write. */
#define SERVER_KEEP_VA 0x3d00000000UL
#define SERVER_KEEP_BYTES (16UL << 10)

/* A breakpoint with this in a0 is a death that a test asked for: no crash, so init restarts at once and says nothing. */
#define SERVER_DIED_ON_REQUEST 0x6465696b6c6c6564UL

/* Console: the page with the UART's registers, read-write. The interrupt is bound by init to SERVER_H_NTFN: */
#define CONSOLE_UART_VA 0x3e00000000UL
#define CONSOLE_NTFN_IRQ 1u

/* blk: the same for the disk. */
#define BLK_REGS_VA CONSOLE_UART_VA
#define BLK_NTFN_IRQ 1u

/* fs: the block server has something for it, or was started anew. */
#define FS_NTFN_DISK 1u
/* fs: the console may have something to read, or was started anew. */
#define FS_NTFN_CONSOLE 2u
/* fs: the pager has something for it (PAGER_FILE_SERVE). */
#define FS_NTFN_PAGES 4u

/* procmgr: the whole boot image (struct image_header first), read-only. */
#define PROCMGR_IMAGE_VA 0x3000000000UL
/* fs: the same. */
#define FS_IMAGE_VA PROCMGR_IMAGE_VA
/* REGION_ADD with BACKING_IMAGE: this file number means the image as a whole. */
#define IMAGE_FILE_WHOLE 0xffffu

/* Keys of the spaces that init makes (PAGER_SPACE_NEW); programs have their pid, 2.. */
#define KEY_PROCMGR 0x1000001UL
#define KEY_CONSOLE 0x1000002UL
#define KEY_FS 0x1000003UL
#define KEY_BLK 0x1000004UL
/* Keys of objects (PAGER_OBJECT_NEW). */
#define KEY_PROCMGR_EP 0x1000011UL
#define KEY_PROCMGR_NTFN 0x1000012UL
#define KEY_CONSOLE_EP 0x1000013UL
#define KEY_CONSOLE_NTFN 0x1000014UL
#define KEY_FS_EP 0x1000015UL
#define KEY_FS_NTFN 0x1000016UL
#define KEY_BLK_EP 0x1000017UL
#define KEY_BLK_NTFN 0x1000018UL

/* Priorities. */
#define PRIO_IDLE 0u
#define PRIO_PROGRAM 100u
#define PRIO_PROCMGR 210u
#define PRIO_FS 215u /* above procmgr, which calls it */
#define PRIO_BLK 218u /* above fs, which calls it */
#define PRIO_CONSOLE 220u
#define PRIO_SESSION 230u
#define PRIO_PAGER 240u
#define PRIO_SUPERVISOR 255u

#ifdef PAGODA_HOST /* fuzzers of the host: where a sanitizer leaves room */
#undef SERVER_KEEP_VA
#undef PROCMGR_IMAGE_VA
#define SERVER_KEEP_VA 0x20000000UL
#define PROCMGR_IMAGE_VA 0x30000000UL
#endif

#endif
