/* SPDX-License-Identifier: MIT
 * The fault message and its verdicts: the heart of the ABI.
 *
 * The words are read at the moment of delivery, so a pager with one thread sees the truth:
 * nobody but itself changes the tables until it receives again.
 */
#ifndef ABI_FAULT_H
#define ABI_FAULT_H

#include "types.h"

/* MSG_FAULT: words of the message. Badge: the space's fault badge. Reply id: the fault id. */
enum fault_word {
    FAULTW_VA = 0,     /* the address, not rounded */
    FAULTW_IP = 1,     /* the instruction (copies: the client's ip) */
    FAULTW_ACCESS = 2, /* FAULT_ACCESS_* below */
    FAULTW_PTE = 3,    /* the entry at which the walk ended */
    FAULTW_LEVEL = 4,  /* its level: 2 root .. 0 leaf; that many table frames must come along | FAULT_LEVEL_SHARED */
    FAULTW_THREAD = 5, /* frame of the thread's control block */
};
#define FAULT_LEVEL_SHARED 0x100u /* the leaf table is shared: UNSHARE_TABLE first, the verdicts MAP and UPGRADE return ERR_BUSY */
#define FAULT_ACCESS_R 1u
#define FAULT_ACCESS_W 2u
#define FAULT_ACCESS_X 4u
#define FAULT_ACCESS_COPY 8u /* a server's copy touched it, not the program */

/* FAULT_REPLY: a1 = verdict | prot << 8 | reason << 16, a2 = frame, a3 and a4 = table frames (next missing level first), t3 = id.
 * Errors: ERR_STALE the thread is gone or was answered: nothing was taken; ERR_OWNER the frame or a table is not the caller's;
 * ERR_NOTABLE more tables are needed; ERR_INVAL W with X, or UPGRADE of an entry without PTE_COW. On error nothing changed,
 * the fault still waits (unless STALE), and FAULT_REPLY_RECV does not receive. Tables not needed stay the caller's.
 */
enum fault_verdict {
    FAULT_MAP = 1,     /* map the frame with prot, replacing what was there; let the thread go on */
    FAULT_UPGRADE = 2, /* COW entry becomes writable in place */
    FAULT_RETRY = 3,   /* nothing to do, try again */
    FAULT_FORWARD = 4, /* give it to the exception handler, with the reason */
    FAULT_KILL = 5,    /* the same, but the thread can't be resumed */
};
/* There is no code for DEFER: receive again and answer later by id. */

/* Reasons, for the console line and for signals. */
enum fault_reason {
    FAULT_REASON_NONE = 0,
    FAULT_REASON_UNMAPPED = 1,  /* no region there */
    FAULT_REASON_PROT = 2,      /* region forbids this access */
    FAULT_REASON_NULL = 3,      /* null page */
    FAULT_REASON_GUARD = 4,     /* stack guard */
    FAULT_REASON_NOMEM = 5,     /* no frame to be had */
    FAULT_REASON_IO = 6,        /* backing store error */
    FAULT_REASON_KERNEL = 7,    /* kernel half of the address space */
    FAULT_REASON_QUOTA = 8,     /* a quota allows no further frame */
    FAULT_REASON_END = 9,       /* behind the end of the file that is mapped there */
};

#endif
