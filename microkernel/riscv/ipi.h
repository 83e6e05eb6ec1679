/* SPDX-License-Identifier: MIT
 * Mail between harts: see ipi.c. The sender holds the kernel lock; every send returns when all receivers have done it.
 */
#ifndef RISCV_IPI_H
#define RISCV_IPI_H

#include "../core/kernel.h"

enum mail {
    MAIL_NONE = 0,
    MAIL_ENTER,  /* be in the kernel, registers saved */
    MAIL_FLUSH,  /* forget translations of a space */
    MAIL_RELOAD, /* the ASIDs have rolled over: load the new one, forget everything */
    MAIL_LEAVE,  /* the space in satp is going away */
    MAIL_FETCH,  /* fence.i */
};

void ipi_send(struct hart *h);
void mail_take(struct hart *h);
/* to: bits of harts, never the sender's own. Cost: an interrupt at each, and its way to the lock */
void mail_send_flush(uint64_t to, struct space *s, vaddr_t va, uint64_t pages);
void mail_send_reload(uint64_t to);
void mail_send_leave(uint64_t to);

/* tlb.c: the receiver's half. */
void tlb_flush_here(struct space *s, vaddr_t va, uint64_t pages);
void tlb_reload_here(struct hart *h);
void tlb_leave_here(struct hart *h);

#endif
