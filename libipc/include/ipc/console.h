/* SPDX-License-Identifier: MIT
 * The console's protocol. It has one line discipline and any number of writers.
 */
#ifndef IPC_CONSOLE_H
#define IPC_CONSOLE_H

#include <ipc/ipc.h>

/* X(NAME, number, who may call, request; buffers -> reply words after w[0]) */
#define CONSOLE_OPS(X) \
    X(WRITE, 1, FROM_ANY, "(w[7]: CONSOLE_ALLOWED or 0); buf0 (server reads) -> bytes written; ERR_PERM: ask the process manager first") \
    X(READ, 2, FROM_ANY, "CONSOLE_NOWAIT or 0; buf0 (server writes) -> bytes read: at most one line; 0 = end of input (^D)") \
    X(ATTR, 7, FROM_ANY, "input flags | output flags << 32, control flags | local flags << 32, 16 control characters in w[3] and w[4], CONSOLE_ATTR_*; without CONSOLE_ATTR_SET only ask -> the same words as they were") \
    X(SIZE, 8, FROM_ANY, "rows | columns << 16 of the window, ~0 to ask -> as they were") \
    X(READY, 9, FROM_ANY, "-> bytes that a READ would get at once, whether it would be answered at once; when not, the file server is told when it would") \
    X(DROP, 10, FROM_ANY, "CONSOLE_DROP_*: what was typed and not yet read, what was written and has not left") \
    X(WRITE_SHORT, 3, FROM_ANY, "length 1..40, bytes in w[2]..w[6], CONSOLE_ALLOWED or 0 -> bytes written; ERR_PERM: as WRITE") \
    X(MODE, 4, FROM_ANY, "CONSOLE_RAW or CONSOLE_LINE, ~0 to ask -> old mode") \
    X(FLUSH, 5, FROM_ANY, "answered when everything written has left the device") \
    X(INTERRUPT, 6, FROM(BADGE_PROCMGR), "frame of a thread: its request that waits ends, with ERR_CANCELLED or with what it did; ERR_NOENT nothing of it waits, ERR_BUSY it is about to go on")

enum console_op {
#define CONSOLE_ENUM(name, number, who, text) CONSOLE_##name = (number),
    CONSOLE_OPS(CONSOLE_ENUM)
#undef CONSOLE_ENUM
    CONSOLE_OP_LIMIT = 11,
};

#define CONSOLE_ALLOWED_WORD 7
#define CONSOLE_ALLOWED 1u   /* the process manager lets the caller write although TOSTOP is set */
#define CONSOLE_NOWAIT 1u    /* READ: ERR_TIMEOUT instead of waiting */
#define CONSOLE_ATTR_SET 1u
#define CONSOLE_ATTR_DROP 2u /* and what was typed and not yet read is dropped */
#define CONSOLE_DROP_INPUT 1u
#define CONSOLE_DROP_OUTPUT 2u

/* What ATTR sets: the flags of <termios.h>, which has the same numbers. Others are refused. */
#define CONSOLE_ICRNL 1u
#define CONSOLE_INLCR 2u
#define CONSOLE_IGNCR 4u
#define CONSOLE_IFLAGS 0xfffu  /* the rest is kept, and means nothing here */
#define CONSOLE_OPOST 1u
#define CONSOLE_OFLAGS 3u      /* and ONLCR, which is part of it */
#define CONSOLE_CFLAGS 0xfffu  /* kept */
#define CONSOLE_ICANON 1u
#define CONSOLE_ECHO 2u
#define CONSOLE_ISIG 4u
#define CONSOLE_ECHONL 32u
#define CONSOLE_NOFLSH 64u
#define CONSOLE_TOSTOP 256u
#define CONSOLE_LFLAGS 0x1ffu
enum console_cc { CONSOLE_VINTR, CONSOLE_VQUIT, CONSOLE_VERASE, CONSOLE_VKILL, CONSOLE_VEOF, CONSOLE_VTIME, CONSOLE_VMIN, CONSOLE_VSUSP,
                  CONSOLE_VEOL, CONSOLE_VSTART, CONSOLE_VSTOP, CONSOLE_VWERASE, CONSOLE_CCS = 16 };

enum console_mode { CONSOLE_LINE = 0, CONSOLE_RAW = 1 };

#endif
