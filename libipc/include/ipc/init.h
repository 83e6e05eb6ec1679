/* SPDX-License-Identifier: MIT
 * init's protocol: what a running system may ask of the supervisor.
 */
#ifndef IPC_INIT_H
#define IPC_INIT_H

#include <ipc/ipc.h>

#define INIT_OPS(X) \
    X(POWEROFF, 1, FROM(BADGE_CLIENT) | FROM(BADGE_PROCMGR), "exit status 0..255; no reply but to another one") \
    X(KILL_SERVER, 2, FROM(BADGE_CLIENT), "enum init_server, time (absolute ticks, at most a minute ahead; 0 or past: now): kill it then, as a crash would; answered at once -> restarts so far") \
    X(SERVER_INFO, 3, FROM_ANY, "enum init_server -> alive, restarts, space key, instructions of its thread; ERR_NOENT past the last") \
    X(SETTING, 4, FROM_ANY, "enum init_setting -> value (FORK_*, memory bytes, harts, build, boot instret at shell start)")

enum init_op {
#define INIT_ENUM(name, number, who, text) INIT_##name = (number),
    INIT_OPS(INIT_ENUM)
#undef INIT_ENUM
    INIT_OP_LIMIT = 5,
};

enum init_server { SERVER_PAGER = 1, SERVER_PROCMGR = 2, SERVER_CONSOLE = 3, SERVER_FS = 4, SERVER_BLK = 5 /* with a disk only */ };
enum init_setting {
    SETTING_FORK = 1, SETTING_MEMORY = 2, SETTING_HARTS = 3, SETTING_BUILD = 4, SETTING_TIMEBASE = 5,
    SETTING_BOOT_INSTRET = 6, /* instret at S-mode entry */
    SETTING_SHELL_INSTRET = 7 /* instret when the shell was started */
};

/* Endpoint badges at init: CLIENT | pid, PROCMGR, and for faults and exceptions of servers PAGER etc. */

#endif
