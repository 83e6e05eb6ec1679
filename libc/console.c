/* SPDX-License-Identifier: MIT
 * Reading and writing the console, for the descriptors that are the console (fd.c). A buffer that the program can't access is the server's ERR_FAULT and becomes
 * EFAULT, so nothing here may touch a caller's buffer itself.
 */
#include "cancel.h"
#include "internal.h"
#include "signals.h"

#include <ipc/console.h>
#include <ipc/procmgr.h>
#include <string.h>

#define SHORT_MAX 40u
#define SHORT_WORD 2      /* bytes of WRITE_SHORT start in w[2] */
#define LENGTH_MAX (SIZE_MAX / 2) /* what a ssize_t can say */
#define PIECE_BYTES 4096u /* one request; other writers get in between */

/* The console was restarted under a request, or has no room for one more: ask again. */
#define PAUSE_TICKS 20000u /* 2 ms at 10 MHz */

/* ERR_CANCELLED also when it was stopped and goes on: it may have come to the foreground, or need no leave any more. */
static err_t ask_leave(int sig)
{
    struct ipc_msg m = {.w = {PROC_TERMINAL, (uint64_t)sig}};
    return proc_call_again(H_PROC, &m);
}

err_t __console_allowed(int sig)
{
    unsigned breaks = __signal_breaks;
    err_t err;
    __stderr_push();
    do /* bound: stops, and handlers that want it */
        err = ask_leave(sig);
    while (__restarts(err, breaks));
    return err;
}

/* Once. A read is a cancellation point, and of the foreground; writes are made under locks as well, and of everybody unless TOSTOP is
 * set, when the server asks for the process manager's word. */
static err_t call_once(struct ipc_msg *m, const struct ipc_buf *buf)
{
    const struct ipc_msg request = *m;
    bool reads = m->w[0] == CONSOLE_READ;
    err_t err = reads ? ask_leave(SIGTTIN) : OK;
    if (err != OK)
        return err;
    if (reads)
        __cancel_begin();
    err = ipc_call_full(H_CONSOLE, m, buf, buf != NULL ? 1 : 0, DEADLINE_NONE);
    if (reads)
        __cancel_end(err);
    if (err != ERR_PERM || request.w[CONSOLE_ALLOWED_WORD] == CONSOLE_ALLOWED)
        return err;
    err = ask_leave(SIGTTOU);
    *m = request;
    m->w[CONSOLE_ALLOWED_WORD] = CONSOLE_ALLOWED;
    return err == OK ? ipc_call_full(H_CONSOLE, m, buf, buf != NULL ? 1 : 0, DEADLINE_NONE) : err;
}

/* A read that is cancelled though no handler has run was stopped, or lost its line to ^C. After a death output may appear twice:
 * better than not at all. */
static err_t console_call(struct ipc_msg *m, const struct ipc_buf *buf)
{
    const struct ipc_msg request = *m;
    unsigned breaks = __signal_breaks;
    for (;;) { /* bound: the clients before us, and deaths; init ends the machine when the console does not come back */
        *m = request;
        err_t err = call_once(m, buf);
        if (__restarts(err, breaks))
            continue;
        if (err != ERR_AGAIN && err != ERR_PEER_DEAD)
            return err;
        uint64_t bits;
        (void)sys_wait(0, sys_time() + PAUSE_TICKS, &bits);
    }
}

static err_t write_piece(const void *buf, size_t len, size_t *done)
{
    struct ipc_msg m = {.w = {CONSOLE_WRITE}};
    struct ipc_buf b = {.addr = (void *)(uintptr_t)buf, .len_bytes = len, .access = BUF_R};
    err_t err = console_call(&m, &b);
    *done = err == OK && m.w[1] <= len ? m.w[1] : 0;
    return err;
}

/* For bytes known to be readable: they travel in the message and the server copies nothing. */
static err_t write_short(const void *buf, size_t len, size_t *done)
{
    struct ipc_msg m = {.w = {CONSOLE_WRITE_SHORT, len}};
    memcpy(&m.w[SHORT_WORD], buf, len);
    err_t err = console_call(&m, NULL);
    *done = err == OK && m.w[1] <= len ? m.w[1] : 0;
    return err;
}

/* An error after some bytes went out is reported by the next call, as POSIX wants. */
static ssize_t write_all(const char *buf, size_t len, bool trusted)
{
    size_t total = 0;
    while (total < len) { /* bound: every turn writes at least a byte, or ends */
        size_t piece = len - total < PIECE_BYTES ? len - total : PIECE_BYTES, done = 0;
        err_t err = trusted && piece <= SHORT_MAX ? write_short(buf + total, piece, &done)
                                                  : write_piece(buf + total, piece, &done);
        if (err == OK && done == 0)
            err = ERR_IO;
        if (err != OK)
            return total > 0 ? (ssize_t)total : __error_set(err);
        total += done;
    }
    return (ssize_t)total;
}

ssize_t __console_write_trusted(const void *buf, size_t len)
{
    return write_all(buf, len, true);
}

ssize_t __console_write(const void *buf, size_t len)
{
    return write_all(buf, len < LENGTH_MAX ? len : LENGTH_MAX, false);
}

ssize_t __console_read(void *buf, size_t len, bool waits)
{
    if (len == 0)
        return 0;
    struct ipc_msg m = {.w = {CONSOLE_READ, waits ? 0 : CONSOLE_NOWAIT}};
    struct ipc_buf b = {.addr = buf, .len_bytes = len < LENGTH_MAX ? len : LENGTH_MAX, .access = BUF_W};
    err_t err = console_call(&m, &b);
    if (err != OK)
        return __error_set(err == ERR_TIMEOUT ? ERR_AGAIN : err);
    return (ssize_t)m.w[1];
}

err_t __console_call(struct ipc_msg *m) { return console_call(m, NULL); }
