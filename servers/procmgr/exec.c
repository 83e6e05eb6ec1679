/* SPDX-License-Identifier: MIT
 * exec and spawn. Everything that can be wrong with the request is found before the point of no return; after that a
 * failure ends the process.
 */
#include "signals.h"

#include <ipc/fs.h>
#include <string.h>

struct wanted {
    const struct program *program; /* until the next image_find() */
    struct args args;
};

/* path in buffer 0, strings in buffer 1; w[5]: the descriptor of a file + 1, 0: a program of the image. On error nothing is kept. */
static err_t wanted_fetch(const struct proc *p, const struct ipc_event *ev, struct wanted *out)
{
    char path[PROC_PATH_MAX + 1];
    uint64_t length = ev->w[1];
    if (length > PROC_PATH_MAX || length > BUF_LEN(ev->buf_len[0]))
        return length > PROC_PATH_MAX ? ERR_NAMETOOLONG : ERR_INVAL;
    err_t err = ipc_copy_from(ev->id, 0, 0, path, length, copy_deadline());
    path[length] = 0;
    if (err == OK && ev->w[5] == 0)
        err = image_find(path, &out->program);
    else if (err == OK)
        err = program_choose(p, ev->w[5] - 1);
    if (err == OK && ev->w[5] != 0)
        err = program_of(p, path, &out->program);
    if (err == OK)
        err = args_fetch(ev->id, BUF_LEN(ev->buf_len[1]), ev->w[2], ev->w[3], &out->args);
    return err;
}

static uint64_t start_word(const struct proc *p) { return p->args_bytes | (p->files ? PROC_START_FILES : 0); }

static err_t program_start(struct proc *p, unsigned slot, const struct program *program)
{
    err_t err = regions_add(p, program);
    args_note(p);
    if (err != OK)
        return err;
    const uint64_t at[4] = {program->entry, program->stack_top, start_word(p), 0};
    if (p->state == PROC_STATE_NEW)
        return thread_arm(p, slot, at);
    p->exec_phase = EXEC_STARTS;
    if (p->stopped) /* it goes when it is continued */
        err = thread_arm(p, slot, at);
    else
        err = sys_thread_start(p->thread[slot].handle, at[0], at[1], at[2], at[3]);
    p->exec_phase = EXEC_NONE;
    return err;
}

/* ---- spawn ---- */

static err_t child_make(struct proc *child, struct wanted *w, uint64_t flags)
{
    err_t err = space_new(child);
    if (err == OK && (flags & SPAWN_PINNED))
        err = space_pin(child);
    if (err != OK)
        return err;
    memcpy(child->name, w->program->name, sizeof child->name);
    child->has_execed = true;
    args_attach(child, &w->args);
    w->args = (struct args){0};
    err = files_give(child->parent, child, FS_FORK_EXEC | (w->program->file == PROGRAM_OF_FILES ? FS_FORK_FILE : 0));
    return err == OK ? program_start(child, 0, w->program) : err;
}

err_t do_SPAWN(struct request *r)
{
    struct wanted w;
    err_t err = wanted_fetch(r->caller, r->ev, &w);
    if (err != OK)
        return err;
    struct proc *child = 0;
    err = proc_new(r->caller, &child);
    if (err == OK && (r->ev->w[4] & SPAWN_BACKGROUND)) /* inherited by its children, so a tree in the background stays there */
        child->prio = child->prio > PRIO_BACKGROUND_STEP ? child->prio - PRIO_BACKGROUND_STEP : 1;
    if (err == OK)
        err = signals_spawn(child, r->caller, r->slot);
    if (err == OK && (r->ev->w[4] & SPAWN_GROUP))
        err = group_spawn(child, r->ev->w[4] >> 32);
    if (err == OK)
        err = child_make(child, &w, r->ev->w[4]);
    if (err != OK) {
        args_give(&w.args);
        if (child)
            proc_undo(child);
        return err;
    }
    const uint32_t words[2] = {child->pid, 0};
    ledger_begin();
    ledger_set(child->unborn, false);
    ledger_set(child->state, PROC_STATE_RUNNING);
    if (r->ev->w[4] & SPAWN_FOREGROUND)
        ledger_set(ledger->foreground, child->group);
    thread_commit(child, 0);
    answer_keep(r->caller, r->slot, r->key, words);
    ledger_commit();
    ledger->execs++;
    thread_go(child, 0);
    r->m.w[1] = child->pid;
    return OK;
}

/* ---- exec ---- */

/* The point of no return. */
static void commit(struct proc *p, unsigned slot, const struct wanted *w)
{
    uint64_t name[PROC_NAME_MAX / sizeof(uint64_t)];
    memcpy(name, w->program->name, sizeof name);
    ledger_begin();
    for (unsigned i = 0; i < PROC_NAME_MAX / sizeof(uint64_t); i++)
        ledger_put(&p->name[i * sizeof(uint64_t)], name[i], sizeof name[i]);
    args_set(p, &w->args);
    ledger_set(p->joinable_map, 0);
    ledger_set(p->exec_file, w->program->file);
    ledger_set(p->exec_slot, slot);
    ledger_set(p->has_execed, true);
    ledger_set(p->execs, (p->execs + 1) & PROC_WORD_EXECS);
    ledger_set(p->thread[slot].key, 0); /* the new program counts its requests anew */
    ledger_set(p->exec_phase, EXEC_CLEARS);
    ledger_commit();
}

/* The caller is stopped, its other threads end, and nobody is left to be answered. Also after a restart. */
void exec_go_on(struct proc *p)
{
    struct thread *t = &p->thread[p->exec_slot];
    waits_drop(p);
    if (t->ceiling != 0 || t->lent != 0) { /* its mutexes end with the old program */
        t->ceiling = 0;
        prio_apply(p);
    }
    threads_delete(p, (p->thread_map | p->unsure_map) & ~(1UL << p->exec_slot));
    signals_exec(p, p->exec_slot);
    err_t err = sys_thread_stop(p->thread[p->exec_slot].handle);
    (void)err; /* it was stopped already, at worst */
    words_look_again(p);
    proc_continue(p);
}

err_t do_EXEC(struct request *r)
{
    struct proc *p = r->caller;
    struct wanted w;
    if (r->slot == PROC_THREADS_MAX)
        return ERR_INVAL;
    err_t err = wanted_fetch(p, r->ev, &w);
    if (err != OK)
        return err;
    struct args old = {.page = p->args_page};
    commit(p, r->slot, &w);
    args_give(&old);
    ledger->execs++;
    waits_child_changed(p); /* a parent that lent it its life goes on */
    exec_go_on(p);
    return LATER;
}

void exec_cleared(struct proc *p)
{
    const struct program *program;
    err_t err = p->op.result;
    if (p->state != PROC_STATE_RUNNING) {
        proc_continue(p); /* killed meanwhile */
        return;
    }
    if (err == OK)
        files_exec(p);
    if (err == OK)
        err = handles_reset(p);
    if (err == OK)
        err = p->exec_file == PROGRAM_OF_FILES ? program_of(p, p->name, &program) : image_program(p->exec_file, &program);
    if (err == OK)
        err = program_start(p, p->exec_slot, program);
    if (err != OK)
        proc_end(p, STATUS_SIGNAL(SIGKILL));
    else
        signals_exec_done(p, p->exec_slot);
}
