/* SPDX-License-Identifier: MIT
 * What a receive can return, and the layout of messages that the kernel itself writes.
 */
#ifndef ABI_MESSAGE_H
#define ABI_MESSAGE_H

#include "types.h"

#define MSG_WORDS 8

/* a0 of a successful receive. */
enum msg_kind {
    MSG_CALL = 1,      /* a client's words; reply with REPLY */
    MSG_FAULT = 2,     /* struct fault_msg; reply with FAULT_REPLY */
    MSG_EXCEPTION = 3, /* struct exception_msg; reply with REPLY: w[0] = EXC_* */
    MSG_NOTIFY = 4,    /* w[0] = bits of the bound notification; no reply */
    MSG_CANCEL = 5,    /* w[0] = how many callers gave up or died since the last one, w[1] = reply id of the newest; no reply.
                        * If w[0] > 1, ask REPLY_ALIVE of every id you keep. */
};

/* MSG_EXCEPTION: words of the message. The badge is the one given to SPACE_HANDLER. */
enum exception_word {
    EXCW_CAUSE = 0,  /* scause (RISC-V exception codes), or EXC_CAUSE_* */
    EXCW_VALUE = 1,  /* stval: faulting address or instruction */
    EXCW_IP = 2,
    EXCW_REASON = 3, /* the pager's reason code when it forwarded or killed (FAULT_REASON_*), else 0 */
    EXCW_ACCESS = 4, /* PROT_R, PROT_W or PROT_X for page faults */
    EXCW_THREAD = 5, /* frame of the thread's control block: the `object` of HANDLE_INFO */
    EXCW_KILL = 6,   /* 1: the verdict was KILL, the thread can't go on */
};
#define EXC_CAUSE_NONE 63u

/* Reply to an exception, w[0]. */
#define EXC_RESUME 0u /* go on from its registers, which the handler may have changed meanwhile */
#define EXC_LEAVE 1u  /* leave it stopped */

/* Bit of a server thread's own notification (or the bound one) set when a copy may go on. */
#define NTFN_COPY_READY (1UL << 63)

#endif
