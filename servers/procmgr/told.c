/* SPDX-License-Identifier: MIT
 * What the file server is told of processes, for /proc. It may not call procmgr, which calls it: it signals, and procmgr comes for the
 * question and calls again with the answer (asked.c over there). One question for a signal, so that nobody has to wait for many.
 */
#include "signals.h"

#include <ipc/fs.h>
#include <string.h>

_Static_assert(COMMAND_MAX == FS_COMMAND_MAX, "argument strings fit, and all that are kept are shown");
_Static_assert(PROC_NAME_MAX == sizeof(((struct fs_process *)0)->name), "names fit");

/* R: a thread of it has something to do. */
static char state_of(const struct proc *p, bool has_work)
{
    switch (p->state) {
    case PROC_STATE_NEW: return 'N';
    case PROC_STATE_EXITING: return 'X';
    case PROC_STATE_ZOMBIE: return 'Z';
    default: return p->stopped ? 'T' : has_work ? 'R' : 'S';
    }
}

static void tell_process(struct fs_process *t, uint64_t pid)
{
    const struct proc *p = proc_find(pid);
    bool has_work;
    if (!p) {
        *t = (struct fs_process){0};
        return;
    }
    uint64_t used = cpu_and_work_of(p, &has_work);
    const struct sig_thread *first = sig_thread_of(p, 0);
    *t = (struct fs_process){
        .pid = p->pid, .parent = p == init_proc ? 0 : p->parent->pid, .group = p->group, .session = p->session, .space = p->space,
        .threads = p->threads, .prio = p->prio, .state = (uint32_t)state_of(p, has_work), .born = p->born, .used = used,
        .used_children = p->cpu_children, .pending = p->sig_pending | (first ? first->pending : 0), .blocked = first ? first->mask : 0,
        .ignored = p->sig_ignored, .caught = p->sigs ? p->sigs->caught : 0,
    };
    memcpy(t->name, p->name, sizeof t->name);
    t->command_bytes = p->state == PROC_STATE_ZOMBIE ? 0 : p->command_bytes; /* its arguments went with its memory */
    memcpy(t->command, p->command, t->command_bytes);
}

static void tell_list(struct fs_list *t, uint64_t place)
{
    *t = (struct fs_list){0};
    for (; place < procs_used() && t->n < FS_TOLD_PIDS; place++) { /* bound: PROCS_MAX */
        const struct proc *p = proc_at((unsigned)place);
        if (!p || p->unborn)
            continue;
        t->at[t->n].place = (uint32_t)place;
        t->at[t->n++].pid = p->pid;
    }
    t->next = place < procs_used() ? (uint32_t)place : 0;
}

void files_answer(void)
{
    static union fs_told told;
    struct ipc_msg m = {.w = {FS_PROC_ASKED}};
    if (files_call(&m) != OK || m.w[1] == NO_REPLY)
        return;
    if (m.w[2] == FS_ASK_LIST)
        tell_list(&told.list, m.w[3]);
    else
        tell_process(&told.process, m.w[3]);
    const struct ipc_buf text = {&told, sizeof told, BUF_R};
    m.w[0] = FS_PROC_TELL; /* the rest is the question's name */
    err_t err = ipc_call_full(PROCMGR_H_FS, &m, &text, 1, DEADLINE_NONE);
    (void)err; /* whoever asked was told of it, or died with the file server */
}

void files_answer_again(void)
{
    bool any = false;
    for (unsigned i = 1; i < procs_used() && !any; i++) /* bound: PROCS_MAX */
        any = proc_at(i) && proc_at(i)->files;
    if (any)
        (void)sys_signal(SERVER_H_NTFN, PROC_NTFN_FILES);
}
