/* SPDX-License-Identifier: MIT
 * fork: a new space and thread, the pager shares the pages, the child's registers are the caller's with another result.
 * All or nothing: until the commit the child is unborn, and whatever fails (procmgr, too) ends it unseen.
 *
 *   do_FORK: proc  ->  PAGER_FORK: space, thread, pages (bounded steps, parent's other threads go on)
 *   handles, registers  ->  commit: born, answer kept  ->  resume the child, answer the parent; the answer first when it has been
 *   a while (fork_finished): the parent may be gone, and the child unborn again
 */
#include "procmgr.h"

unsigned thread_of_caller(const struct proc *p, reply_id_t id)
{
    /* The low half of a reply id is the frame of the caller's control block. Most callers are first threads. */
    if ((p->thread_map & 1) && p->thread[0].frame == (frame_t)id)
        return 0;
    for (uint64_t left = p->thread_map; left; left &= left - 1) { /* bound: PROC_THREADS_MAX */
        unsigned slot = (unsigned)__builtin_ctzll(left);
        if (p->thread[slot].frame == (frame_t)id)
            return slot;
    }
    return PROC_THREADS_MAX;
}

/* The parent has a signal to take when its call is over; the child has not. */
static err_t unhooked(handle_t thread)
{
    uint64_t pc = 0;
    err_t err = sys_thread_reg_get(thread, REG_GP, &pc);
    return err == OK ? sys_thread_reg_set(thread, REG_PC, pc) : err;
}

/* The child returns from its call with words 0 and 1 zero: success, and "you are the child". */
static err_t registers_copy(struct proc *child, struct proc *parent)
{
    unsigned slot = thread_of_caller(parent, child->op.reply);
    if (parent->state != PROC_STATE_RUNNING || slot == PROC_THREADS_MAX)
        return ERR_CANCELLED;
    err_t err = sys_thread_regs_fork(child->thread[0].handle, parent->thread[slot].handle, 0, 0, 0);
    if (err == OK)
        err = signals_fork(child, parent, slot);
    return err == OK && parent->hooked_map >> slot & 1 ? unhooked(child->thread[0].handle) : err;
}

/* The child is born and the parent's answer kept in one stroke: whoever asks again after it gets this child. */
static void commit(struct proc *child, struct proc *parent)
{
    const uint32_t words[2] = {child->pid, 0};
    child->thread_map = child->starting_map = 1; /* nobody looks at an unborn one's, but to end them */
    child->unsure_map = child->joinable_map = 0;
    child->threads++;
    ledger_begin();
    ledger_set(child->unborn, false);
    ledger_set(child->state, PROC_STATE_RUNNING);
#ifndef MUTANT_PROCMGR_FORK_TWICE
    answer_keep(parent, thread_of_caller(parent, child->op.reply), child->op.reply_key, words);
#else
    (void)parent, (void)words;
#endif
    ledger_commit();
}

static void start(struct proc *child)
{
    ledger->forks++;
    if (child->doomed)
        proc_end(child, child->doomed);
    else
        thread_go(child, 0);
}

/* The pages are there: handles, registers, the commit. */
static err_t conclude(struct proc *child, struct proc *parent)
{
    err_t err = child->op.result;
    parent->forks--;
    parent->forking = 0;
    if (err == OK)
        err = space_furnish(child);
    if (err == OK)
        err = registers_copy(child, parent);
    if (err == OK)
        err = files_give(parent, child, 0);
    if (err == OK)
        commit(child, parent);
    return err;
}

void fork_finished(struct proc *child)
{
    struct proc *parent = child->op.parent;
    if (child->op.result == OK && !sys_reply_alive(child->op.reply))
        child->op.result = ERR_CANCELLED; /* the caller is gone, or somewhere else */
    err_t err = conclude(child, parent);
    struct ipc_msg m = {.w = {(uint64_t)(int64_t)err, child->pid}};
    err_t told = ipc_reply(child->op.reply, &m);
    if (err == OK && told == OK)
        start(child);
    else
        proc_undo(child);
    proc_continue(parent);
}

err_t do_FORK(struct request *r)
{
    struct proc *parent = r->caller;
    if (r->slot == PROC_THREADS_MAX)
        return ERR_INVAL;
    struct proc *child;
    err_t err = proc_new(parent, &child);
    if (err != OK)
        return err;
    child->op.reply = r->ev->id;
    child->op.reply_key = r->key;
    child->op.parent = parent;
    child->prio = thread_prio_own(parent, r->slot);
    parent->forks++;
    ops_start(child, OP_FORK);
    if (!ops_take(child))
        return LATER; /* fork_finished() */
    err = conclude(child, parent);
    if (err == OK)
        start(child);
    else
        proc_undo(child);
    proc_continue(parent);
    r->m.w[1] = err == OK ? child->pid : 0;
    return err;
}
