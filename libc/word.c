/* SPDX-License-Identifier: MIT
 * Requests to the process manager about words (word.h).
 */
#include "word.h"

#include "internal.h"

#include <ipc/pager.h>

#define RETRY_TICKS 10000u /* 1 ms: how long until the process manager is asked again that had no room */

static _Thread_local uint32_t own_name; /* 0: not asked yet */

static void after_fork(void) { own_name = 0; }

static void doze(ticks_t deadline)
{
    uint64_t bits;
    ticks_t until = sys_time() + RETRY_TICKS;
    (void)sys_wait(0, until < deadline ? until : deadline, &bits);
}

err_t __word_wait(uint32_t *word, uint32_t is, unsigned flags, ticks_t deadline)
{
    struct ipc_msg m = {.w = {PROC_WORD_WAIT, (uintptr_t)word, is | (uint64_t)flags << 32}};
    const struct ipc_buf buf = {word, sizeof *word, BUF_R};
    __stderr_push();
    err_t err = ipc_call_full(H_PROC, &m, &buf, 1, deadline);
    switch (err) {
    case OK:
    case ERR_AGAIN: return OK;
    case ERR_TIMEOUT:
    case ERR_CANCELLED:
    case ERR_BUSY:
    case ERR_NOENT: return err;
    case ERR_PEER_DEAD: server_pause(0); return OK; /* it comes back, and we ask again */
    default: doze(deadline); return sys_time() >= deadline ? ERR_TIMEOUT : OK;
    }
}

void __word_wake(uint32_t *word, unsigned n)
{
    struct ipc_msg m = {.w = {PROC_WORD_WAKE, (uintptr_t)word, n}};
    (void)proc_call_again(H_PROC, &m); /* there is nothing that it could refuse */
}

uint32_t __word_name(void)
{
    if (own_name == 0) {
        struct ipc_msg m = {.w = {PROC_WORD_WAKE}};
        __fork_hooks.names = after_fork;
        if (proc_call_again(H_PROC, &m) == OK)
            own_name = (uint32_t)m.w[2];
    }
    return own_name;
}
