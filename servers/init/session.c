/* SPDX-License-Identifier: MIT
 * The session: starts the shell, waits for it, and turns the machine off with its status. `run=LINE` is `sh -c LINE`.
 */
#include <ipc/procmgr.h>

#include <string.h>

#include "init.h"

#define SHELL "/bin/sh"
#define SIGNAL_BASE 128u

static const char environment[] = "PATH=/bin\0HOME=/\0TERM=vt100";
#define ENVIRONMENT_STRINGS 3u

static handle_t procmgr;

/* argc strings, then the environment. Returns bytes. */
static size_t strings_build(char *to, unsigned *argc)
{
    size_t n = 0;
    const char *words[] = {"sh", "-c", settings.run};
    *argc = settings.run[0] ? 3 : 1;
    for (unsigned i = 0; i < *argc; i++) {
        size_t length = strlen(words[i]) + 1;
        memcpy(to + n, words[i], length);
        n += length;
    }
    memcpy(to + n, environment, sizeof environment);
    return n + sizeof environment;
}

static err_t shell_spawn(uint64_t *pid)
{
    static char strings[BOOT_ARGS_MAX + 128];
    static char path[] = SHELL;
    unsigned argc;
    size_t bytes = strings_build(strings, &argc);
    struct ipc_msg m = {.w = {PROC_SPAWN, sizeof path - 1, argc, ENVIRONMENT_STRINGS, 0}};
    struct ipc_buf bufs[2] = {{path, sizeof path - 1, BUF_R}, {strings, bytes, BUF_R}};
    settings.shell_instret = sys_instret();
    err_t err = proc_call_full(procmgr, &m, bufs, 2);
    *pid = m.w[1];
    return err;
}

static unsigned exit_status(uint64_t word)
{
    unsigned signal = word & 0x7f;
    return signal ? SIGNAL_BASE + signal : (word >> 8) & 0xff;
}

void session_main(void)
{
    must(sys_handle_copy(procmgr_server.ep, RIGHT_SEND, BADGE_MAKE(BADGE_INIT, 0), &procmgr), "procmgr's handle");
    uint64_t pid = 0;
    err_t err = shell_spawn(&pid);
    unsigned status = STATUS_NO_SHELL;
    if (err == OK) {
        struct ipc_msg m = {.w = {PROC_WAIT, pid, 0}};
        err = proc_call(procmgr, &m);
        if (err == OK)
            status = settings.run[0] ? exit_status(m.w[2]) : 0;
    }
    if (err != OK)
        say("init: no shell (%s): error %d\n", SHELL, err);
    worker_power_off(status);
    for (;;) { /* forever: nothing left to do */
        uint64_t bits;
        (void)sys_wait(0, DEADLINE_NONE, &bits);
    }
}
