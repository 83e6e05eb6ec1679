/* SPDX-License-Identifier: MIT
 * The console's protocol. It has one line discipline and any number of writers.
 */
#ifndef IPC_CONSOLE_H
#define IPC_CONSOLE_H

#include <ipc/ipc.h>

/* X(NAME, number, who may call, request; buffers -> reply words after w[0]) */
#define CONSOLE_OPS(X) \
    X(WRITE, 1, FROM_ANY, "buf0 (server reads) -> bytes written") \
    X(READ, 2, FROM_ANY, "buf0 (server writes) -> bytes read: at most one line; 0 = end of input (^D)") \
    X(WRITE_SHORT, 3, FROM_ANY, "length 1..40, bytes in w[2]..w[6] -> bytes written") \
    X(MODE, 4, FROM_ANY, "CONSOLE_RAW or CONSOLE_LINE, ~0 to ask -> old mode") \
    X(FLUSH, 5, FROM_ANY, "answered when everything written has left the device") \
    X(INTERRUPT, 6, FROM(BADGE_PROCMGR), "frame of a thread: its request that waits ends, with ERR_CANCELLED or with what it did; ERR_NOENT nothing of it waits, ERR_BUSY it is about to go on")

enum console_op {
#define CONSOLE_ENUM(name, number, who, text) CONSOLE_##name = (number),
    CONSOLE_OPS(CONSOLE_ENUM)
#undef CONSOLE_ENUM
    CONSOLE_OP_LIMIT = 7,
};

enum console_mode { CONSOLE_LINE = 0, CONSOLE_RAW = 1 };

#endif
