/* SPDX-License-Identifier: MIT
 * Further threads of a process, in slots 0..63. A slot whose thread ended stays reserved until somebody joins it; when
 * all slots are taken, the reserved ones are used again (nobody joins detached threads).
 */
#include "signals.h"

static unsigned slot_free(const struct proc *p)
{
    uint64_t taken = p->thread_map | p->joinable_map;
    if (~taken == 0)
        taken = p->thread_map;
    return ~taken == 0 ? PROC_THREADS_MAX : (unsigned)__builtin_ctzll(~taken);
}

err_t do_THREAD_NEW(struct request *r)
{
    struct proc *p = r->caller;
    const uint64_t *w = r->ev->w;
    unsigned slot = slot_free(p);
    if (slot == PROC_THREADS_MAX || p->threads >= p->limit_threads)
        return ERR_LIMIT;
    uint64_t prio = w[5] == ~0UL && r->slot < PROC_THREADS_MAX ? p->thread[r->slot].prio : w[5];
    if (prio > PRIO_CLIENT_MAX)
        return ERR_INVAL;
    handlers_new_thread(p, slot, r->slot);
    err_t err = thread_new(p, slot);
    if (err == OK) {
        p->thread[slot].prio = (uint8_t)prio;
        err = prio != 0 ? sys_thread_prio(p->thread[slot].handle, (unsigned)prio) : OK;
    }
    if (err == OK)
        err = thread_arm(p, slot, &w[1]);
    if (err != OK) {
        thread_end(p, slot);
        return err;
    }
    ledger_begin();
    thread_commit(p, slot);
    answer_keep(p, r->slot, r->key, (const uint32_t[2]){slot, 0});
    ledger_commit();
    if (p->stopped) /* while this request was on its way: it goes when its siblings do */
        p->starting_map &= ~(1UL << slot);
    else
        thread_go(p, slot);
    r->m.w[1] = slot;
    return OK;
}

/* A handle of a thread to signal it with, and nothing else; no object is made, and it is stale when the thread is gone. */
err_t do_WAKER(struct request *r)
{
    struct proc *p = r->caller;
    uint64_t slot = r->ev->w[1] == ~0UL ? r->slot : r->ev->w[1];
    if (r->ev->w[1] != ~0UL && slot >= PROC_THREADS_MAX)
        return ERR_INVAL;
    if (slot >= PROC_THREADS_MAX || !(p->thread_map >> slot & 1))
        return ERR_NOENT;
    handle_t given = NO_HANDLE;
    err_t err = handle_lend(p, p->thread[slot].handle, RIGHT_SIGNAL | RIGHT_GRANT, &given);
    r->m.w[1] = given;
    return err;
}

err_t do_THREAD_EXIT(struct request *r)
{
    struct proc *p = r->caller;
    unsigned slot = r->slot;
    if (slot == PROC_THREADS_MAX)
        return ERR_INVAL;
    if (p->threads == 1) {
        proc_end(p, STATUS_EXIT(0));
        return LATER;
    }
    ledger_begin();
    thread_retire(p, slot);
    ledger_set(p->joinable_map, p->joinable_map | 1UL << slot);
    ledger_commit();
    p->threads--;
    thread_end(p, slot);
    waits_thread_ended(p, slot);
    return LATER;
}
