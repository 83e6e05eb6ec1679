/* SPDX-License-Identifier: MIT
 * exec and spawn. Everything that can be wrong with the request is found before the point of no return; after that a
 * failure ends the process.
 */
#include "procmgr.h"

#include <string.h>

struct wanted {
    struct program program;
    struct args args;
};

/* path in buffer 0, strings in buffer 1; on error nothing is kept. */
static err_t wanted_fetch(const struct ipc_event *ev, struct wanted *out)
{
    char path[PROC_PATH_MAX + 1];
    uint64_t length = ev->w[1];
    if (length > PROC_PATH_MAX || length > BUF_LEN(ev->buf_len[0]))
        return length > PROC_PATH_MAX ? ERR_NAMETOOLONG : ERR_INVAL;
    err_t err = ipc_copy_from(ev->id, 0, 0, path, length, copy_deadline());
    path[length] = 0;
    if (err == OK)
        err = image_find(path, &out->program);
    if (err == OK)
        err = args_fetch(ev->id, BUF_LEN(ev->buf_len[1]), ev->w[2], ev->w[3], &out->args);
    return err;
}

static err_t program_start(struct proc *p, unsigned slot, const struct program *program)
{
    err_t err = regions_add(p, program);
    if (err == OK)
        err = sys_thread_start(p->thread[slot].handle, program->entry, SERVER_STACK_TOP, p->args_bytes, 0);
    return err;
}

/* ---- spawn ---- */

static err_t child_make(struct proc *child, struct wanted *w)
{
    err_t err = space_new(child);
    if (err == OK)
        err = thread_new(child, 0);
    if (err != OK)
        return err;
    memcpy(child->name, w->program.name, sizeof child->name);
    args_attach(child, &w->args);
    w->args = (struct args){0};
    return program_start(child, 0, &w->program);
}

err_t do_SPAWN(struct request *r)
{
    struct wanted w;
    err_t err = wanted_fetch(r->ev, &w);
    if (err != OK)
        return err;
    struct proc *child = 0;
    err = proc_new(r->caller, &child);
    if (err == OK && (r->ev->w[4] & SPAWN_BACKGROUND)) /* inherited by its children, so a tree in the background stays there */
        child->prio = child->prio > PRIO_BACKGROUND_STEP ? child->prio - PRIO_BACKGROUND_STEP : 1;
    if (err == OK)
        err = child_make(child, &w);
    if (err != OK) {
        args_give(&w.args);
        if (child)
            proc_undo(child);
        return err;
    }
    child->state = PROC_STATE_RUNNING;
    counts.execs++;
    r->m.w[1] = child->pid;
    return OK;
}

/* ---- exec ---- */

err_t do_EXEC(struct request *r)
{
    struct proc *p = r->caller;
    struct wanted w;
    unsigned slot = thread_of_caller(p, r->ev->id);
    if (slot == PROC_THREADS_MAX)
        return ERR_INVAL;
    err_t err = wanted_fetch(r->ev, &w);
    if (err != OK)
        return err;
    /* commit: the caller is stopped, its other threads end, and nobody is left to be answered */
    waits_drop(p);
    for (unsigned other = 0; other < PROC_THREADS_MAX; other++)
        if (other != slot && (p->thread_map >> other & 1))
            thread_delete(p, other);
    p->joinable_map = 0;
    err = sys_thread_stop(p->thread[slot].handle);
    args_attach(p, &w.args);
    memcpy(p->name, w.program.name, sizeof p->name);
    p->exec_file = w.program.file;
    p->exec_slot = slot;
    counts.execs++;
    p->exec_waits = true;
    proc_continue(p);
    return LATER;
}

void exec_cleared(struct proc *p)
{
    struct program program;
    err_t err = p->op.result;
    p->exec_waits = false;
    if (p->state != PROC_STATE_RUNNING) {
        proc_continue(p); /* killed meanwhile */
        return;
    }
    if (err == OK)
        err = handles_reset(p);
    if (err == OK)
        err = image_program(p->exec_file, &program);
    if (err == OK)
        err = program_start(p, p->exec_slot, &program);
    if (err != OK)
        proc_end(p, STATUS_SIGNAL(SIGKILL));
}
