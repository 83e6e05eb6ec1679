/* SPDX-License-Identifier: MIT
 * The end of a process: its threads at once, its space by the pager, its record when the parent has asked. A process is
 * a zombie only when its memory is back, so that who waits for a child finds the memory free.
 */
#include "procmgr.h"

static void args_drop(struct proc *p)
{
    static const struct args none;
    if (p->args_page != 0 || p->args_bytes != 0)
        args_attach(p, &none);
}

/* One operation at a time works on a space: its own, or a fork of it. */
static bool space_is_idle(const struct proc *p) { return p->op.state == OP_IDLE && p->forks == 0; }

/* The pager ends a last thread with the space, when that can begin now. */
static void threads_end(struct proc *p)
{
    uint64_t slots = p->thread_map | p->unsure_map;
    bool one = slots != 0 && (slots & (slots - 1)) == 0;
    if (one && p->space != 0 && space_is_idle(p))
        thread_left(p, (unsigned)__builtin_ctzll(slots));
    else
        threads_delete(p, slots);
}

/* From here on it ends, whatever becomes of us. */
static void commit(struct proc *p, uint32_t status)
{
    groups_leave(p);
    ledger_begin();
    ledger_set(p->status, status);
    ledger_set(p->state, PROC_STATE_EXITING);
    ledger_commit();
    ledger->exits++;
}

void proc_end(struct proc *p, uint32_t status)
{
    if (p->state == PROC_STATE_NEW)
        p->doomed = status; /* fork_finished() sees it */
    if (p->state != PROC_STATE_RUNNING)
        return;
    commit(p, status);
    end_go_on(p);
}

void end_go_on(struct proc *p)
{
    waits_drop(p);
    signals_forget(p);
    args_drop(p);
    proc_adopt_children(p);
    threads_end(p);
    if (p->space == 0 && p->unborn)
        proc_free(p); /* it had come to nothing yet */
    else
        proc_continue(p);
}

void proc_undo(struct proc *p)
{
    ledger_begin();
    ledger_set(p->unborn, true);
    ledger_set(p->state, PROC_STATE_EXITING);
    ledger_commit();
    end_go_on(p);
}

void proc_continue(struct proc *p)
{
    if (!space_is_idle(p))
        return;
    if (p->state == PROC_STATE_EXITING)
        ops_start(p, OP_DELETE);
    else if (p->exec_phase == EXEC_CLEARS)
        ops_start(p, OP_CLEAR);
}

void proc_space_gone(struct proc *p)
{
    files_end(p); /* its threads are gone, too: nobody of it can ask for anything any more */
    if (p->unborn) {
        space_forget(p);
        proc_free(p);
        return;
    }
    p->state = PROC_STATE_ZOMBIE;
    space_forget(p);
    counts.live--;
    counts.zombies++;
    words_look_again(p);
    waits_child_ended(p);
}

/* The thread has its answer before its end, and waits for that: of one that ends in a call we would be told, an event for each exit. */
err_t do_EXIT(struct request *r)
{
    commit(r->caller, STATUS_EXIT(r->ev->w[1]));
    answer(r->ev->id, OK, 0, 0);
    end_go_on(r->caller);
    return LATER;
}
