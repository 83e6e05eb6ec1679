/* SPDX-License-Identifier: MIT
 * Requests to a pager that may be killed and restarted under way. Owns the one rule: the pager's requests are
 * idempotent, so ask again after ERR_PEER_DEAD. It must never be used inside the pager or by init's supervisor
 * thread, which the restart depends on.
 */
#include <ipc/pager.h>

/* A restart takes a few milliseconds; a crash loop backs off. 1 ms, then 2, ... then 128 ms (timebase 10 MHz). */
#define PAUSE_FIRST_TICKS 10000u
#define PAUSE_DOUBLINGS 7u

void server_pause(unsigned try)
{
    uint64_t bits = 0;
    ticks_t pause = (ticks_t)PAUSE_FIRST_TICKS << (try < PAUSE_DOUBLINGS ? try : PAUSE_DOUBLINGS);
    ticks_t deadline = sys_time() + pause;
    /* A signal to the thread's own notification ends the pause early: harmless, the tries are still bounded. */
    (void)sys_wait(0, deadline, &bits);
}

err_t pager_call_bounded(handle_t pager, struct ipc_msg *m, unsigned tries)
{
    err_t err = ERR_PEER_DEAD;
    for (unsigned try = 0; try < tries; try++) {
        err = ipc_call(pager, m); /* dead: *m is as it was */
        if (err != ERR_PEER_DEAD)
            return err;
        if (try + 1 < tries)
            server_pause(try);
    }
    return err;
}

err_t pager_call(handle_t pager, struct ipc_msg *m)
{
    return pager_call_bounded(pager, m, SERVER_TRIES);
}

err_t pager_call_handles(handle_t pager, struct ipc_msg *m, handle_t h[2])
{
    m->w[6] = m->w[7] = NO_HANDLE; /* should no answer come */
    err_t err = pager_call_bounded(pager, m, SERVER_TRIES);
    h[0] = (handle_t)m->w[7];
    h[1] = (handle_t)m->w[6];
    return err;
}

err_t pager_call_handle(handle_t pager, struct ipc_msg *m, handle_t *h)
{
    err_t err = pager_call_bounded(pager, m, SERVER_TRIES);
    *h = err == OK ? (handle_t)m->w[7] : NO_HANDLE;
    return err;
}
