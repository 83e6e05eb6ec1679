/* SPDX-License-Identifier: MIT
 * Requests to a procmgr that may be killed and restarted under way. Owns the counter of keys: each request has its own, and
 * keeps it when it is sent again, so that a fork or a wait happens once (ipc/procmgr.h).
 */
#include <ipc/pager.h>
#include <ipc/procmgr.h>

static uint32_t last_key; /* of this program; a forked child goes on from its parent's */

static uint32_t key_new(void)
{
    uint32_t key = __atomic_add_fetch(&last_key, 1, __ATOMIC_RELAXED);
    return key ? key : __atomic_add_fetch(&last_key, 1, __ATOMIC_RELAXED); /* 0 means none */
}

struct how {
    const struct ipc_buf *bufs;
    unsigned nbufs;
    ticks_t deadline;
};

static err_t call(handle_t procmgr, struct ipc_msg *m, uint32_t key, struct how how)
{
    err_t err;
    m->w[PROC_KEY_WORD] = key;
    /* bound: each turn is a death of procmgr, and init ends the machine when it does not come back. Not a number of tries: a
     * wait may be a long one and see any number of deaths. Each leaves *m as it was. */
    while ((err = ipc_call_full(procmgr, m, how.bufs, how.nbufs, how.deadline)) == ERR_PEER_DEAD)
        server_pause(0);
    return err;
}

err_t proc_call_full(handle_t procmgr, struct ipc_msg *m, const struct ipc_buf *bufs, unsigned nbufs)
{
    return call(procmgr, m, key_new(), (struct how){bufs, nbufs, DEADLINE_NONE});
}

err_t proc_call_until(handle_t procmgr, struct ipc_msg *m, ticks_t deadline)
{
    return call(procmgr, m, key_new(), (struct how){.deadline = deadline});
}

err_t proc_call_again(handle_t procmgr, struct ipc_msg *m) { return call(procmgr, m, 0, (struct how){.deadline = DEADLINE_NONE}); }

err_t proc_call(handle_t procmgr, struct ipc_msg *m) { return proc_call_full(procmgr, m, 0, 0); }

/* The request and its answer are in registers alone. */
long proc_fork(handle_t procmgr)
{
    uint32_t key = key_new();
    err_t err = ERR_PEER_DEAD;
    uint64_t pid = 0;
    for (unsigned try = 0; err == ERR_PEER_DEAD; try++) { /* bound: as above */
        if (try > 0)
            server_pause(0);
        struct ipc_regs x = {.w = {PROC_FORK, [PROC_KEY_WORD] = key}};
        long kernel = ipc_raw(SYS_CALL, procmgr, &x);
        err = (err_t)(kernel < 0 ? kernel : (int64_t)x.w[0]);
        pid = x.w[1];
    }
    return err == OK ? (long)pid : err;
}
