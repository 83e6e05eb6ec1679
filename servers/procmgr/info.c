/* SPDX-License-Identifier: MIT
 * Questions about processes, and their settings: ids, ps, limits, priority.
 */
#include "procmgr.h"

#include <ipc/pager.h>
#include <string.h>

#define ASK (~0UL)

err_t do_GETPID(struct request *r)
{
    const struct proc *p = r->caller;
    r->m.w[1] = p->pid;
    r->m.w[2] = p->parent->pid;
    r->m.w[3] = p->space;
    r->m.w[4] = p->threads;
    r->m.w[5] = r->slot;
    return OK;
}

static const struct proc *first_from(uint64_t pid)
{
    const struct proc *best = 0;
    for (unsigned i = 1; i < procs_used(); i++) { /* bound: PROCS_MAX */
        const struct proc *p = proc_at(i);
        if (p && !p->unborn && p->pid >= pid && (!best || p->pid < best->pid))
            best = p;
    }
    return best;
}

err_t do_INFO(struct request *r)
{
    const struct proc *p = first_from(r->ev->w[1]);
    if (!p)
        return ERR_NOENT;
    uint64_t room = BUF_LEN(r->ev->buf_len[0]);
    size_t length = strlen(p->name) + 1;
    if (room > 0) {
        err_t err = ipc_copy_to(r->ev->id, 0, 0, p->name, length < room ? length : room, copy_deadline());
        if (err != OK)
            return err;
    }
    const uint64_t words[] = {p->pid, p->parent->pid, p->state, p->space, p->threads, p->prio};
    memcpy(&r->m.w[1], words, sizeof words);
    return OK;
}

err_t do_STAT(struct request *r)
{
    const uint64_t words[] = {counts.live, counts.zombies, ledger->forks, ledger->execs, ledger->exits, ops_count()};
    memcpy(&r->m.w[1], words, sizeof words);
    return OK;
}

/* ---- limits ---- */

static err_t frames_set(struct proc *p, uint64_t value)
{
    if (p->space != 0) {
        struct ipc_msg m = {.w = {PAGER_LIMIT, p->space, value}};
        err_t err = pager_call(H_PAGER, &m);
        if (err != OK)
            return err;
    }
    p->limit_frames = value;
    return OK;
}

static err_t limit_set(struct proc *p, uint64_t which, uint64_t value)
{
    switch (which) {
    case PROC_LIMIT_FRAMES:
        return value > UINT32_MAX ? ERR_INVAL : frames_set(p, value);
    case PROC_LIMIT_PROCESSES:
        if (value == 0 || value > PROCS_MAX - 1)
            return ERR_INVAL;
        p->limit_processes = (uint32_t)value;
        return OK;
    case PROC_LIMIT_THREADS:
        if (value == 0 || value > PROC_THREADS_MAX)
            return ERR_INVAL;
        p->limit_threads = (uint32_t)value;
        return OK;
    case PROC_LIMIT_STACK:
        if (value < STACK_MIN_BYTES || value > STACK_MAX_BYTES || (value & PAGE_MASK))
            return ERR_INVAL;
        p->limit_stack = value;
        return OK;
    default:
        return ERR_INVAL;
    }
}

static err_t limit_get(const struct proc *p, uint64_t which, uint64_t *value)
{
    switch (which) {
    case PROC_LIMIT_FRAMES: *value = p->limit_frames; return OK;
    case PROC_LIMIT_PROCESSES: *value = p->limit_processes; return OK;
    case PROC_LIMIT_THREADS: *value = p->limit_threads; return OK;
    case PROC_LIMIT_STACK: *value = p->limit_stack; return OK;
    default: return ERR_INVAL;
    }
}

err_t do_LIMIT(struct request *r)
{
    uint64_t which = r->ev->w[1], value = r->ev->w[2];
    err_t err = value == ASK ? OK : limit_set(r->caller, which, value);
    return err != OK ? err : limit_get(r->caller, which, &r->m.w[1]);
}

/* A process may set its own priority and that of its descendants. */
err_t do_PRIO(struct request *r)
{
    uint64_t prio = r->ev->w[2];
    struct proc *p = r->ev->w[1] ? proc_find(r->ev->w[1]) : r->caller;
    if (prio < 1 || prio > PRIO_CLIENT_MAX)
        return ERR_INVAL;
    if (!p || p->state != PROC_STATE_RUNNING)
        return ERR_NOENT;
    if (p == init_proc || !proc_descends(p, r->caller))
        return ERR_PERM;
    r->m.w[1] = p->prio;
    ledger_begin();
    ledger_set(p->prio, prio);
    answer_keep(r->caller, r->slot, r->key, (const uint32_t[2]){p->prio, 0});
    ledger_commit();
    prio_apply(p);
    return OK;
}
