/* SPDX-License-Identifier: MIT
 * Procmgr starts after its own death. The lasting parts of the process records say how far everything had got; what was
 * cut off is finished when it was committed and undone when it was not. All of it may be cut off and begun again.
 *
 *   state              then
 *   NEW                a fork or spawn that nobody was told of: undone (the caller asks again)
 *   RUNNING            threads that were committed and not yet resumed are; half-made ones go; an exec goes on
 *   EXITING            the end goes on
 *   ZOMBIE             nothing, or, when its parent is gone, it goes
 *
 * Whoever waited for an answer has got ERR_PEER_DEAD and asks again; exceptions come again by themselves.
 */
#include "queue.h"

/* The thread runs the new program already, or the space is cleared once more: nothing of it has run. */
static void exec_continue(struct proc *p)
{
    struct thread_info info;
    bool stopped = sys_thread_info(p->thread[p->exec_slot].handle, &info) == OK && info.state == THREAD_STOPPED;
    if (p->exec_phase == EXEC_STARTS && !stopped) {
        p->exec_phase = EXEC_NONE;
        signals_recover(p);
        return;
    }
    p->exec_phase = EXEC_CLEARS;
    exec_go_on(p);
}

static void running_continue(struct proc *p)
{
    threads_delete(p, p->unsure_map);
    for (uint64_t left = p->starting_map; left; left &= left - 1) /* bound: PROC_THREADS_MAX */
        thread_go(p, (unsigned)__builtin_ctzll(left));
    prio_apply(p);
    if (p->doomed)
        proc_end(p, p->doomed);
    else if (p->exec_phase != EXEC_NONE)
        exec_continue(p);
    else if (p->threads == 0)
        proc_end(p, STATUS_EXIT(0)); /* its last thread's end was not finished */
    else
        signals_recover(p);
}

static void proc_recover(struct proc *p)
{
    switch (p->state) {
    case PROC_STATE_NEW:
        space_search(p);
        proc_undo(p);
        break;
    case PROC_STATE_RUNNING:
        running_continue(p);
        break;
    case PROC_STATE_EXITING:
        space_search(p);
        end_go_on(p);
        break;
    default:
        p->space = 0;
        if (p->adopted)
            proc_free(p);
        break;
    }
}

err_t recover(void)
{
    gate_restarted();
    ledger_replay();
    ledger->restarts++;
    err_t err = procs_rebuild();
    if (err == OK)
        err = args_rebuild();
    if (err == OK)
        err = handles_rebuild();
    if (err == OK)
        err = handlers_rebuild();
    if (err == OK)
        err = timers_rebuild();
    if (err == OK)
        err = queue_rebuild();
    if (err == OK)
        err = accounts_rebuild();
    for (unsigned i = 1; i < procs_used() && err == OK; i++) { /* bound: PROCS_MAX */
        struct proc *p = proc_at(i);
        if (p)
            proc_recover(p);
    }
    return err;
}
