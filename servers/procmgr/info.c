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
    const uint64_t words[] = {p->pid, p->parent->pid, p->state, p->space, p->threads, p->prio, cpu_of(p)};
    memcpy(&r->m.w[1], words, sizeof words);
    return OK;
}

err_t do_STAT(struct request *r)
{
    const uint64_t words[] = {counts.live, counts.zombies, ledger->forks, ledger->execs, ledger->exits, ops_count(), words_waiting()};
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

/* 0 frames mean no limit: the most there is. */
static bool is_above(uint64_t which, uint64_t value, uint64_t other)
{
    return which == PROC_LIMIT_FRAMES ? value - 1 > other - 1 : value > other;
}

static bool is_possible(uint64_t which, uint64_t value)
{
    switch (which) {
    case PROC_LIMIT_FRAMES: return value <= UINT32_MAX;
    case PROC_LIMIT_PROCESSES: return value != 0 && value <= PROCS_MAX - 1;
    case PROC_LIMIT_THREADS: return value != 0 && value <= PROC_THREADS_MAX;
    case PROC_LIMIT_STACK: return value >= STACK_MIN_BYTES && value <= STACK_MAX_BYTES && !(value & PAGE_MASK);
    default: return false;
    }
}

static uint64_t limit_get(const struct proc *p, uint64_t which)
{
    switch (which) {
    case PROC_LIMIT_FRAMES: return p->limit_frames;
    case PROC_LIMIT_PROCESSES: return p->limit_processes;
    case PROC_LIMIT_THREADS: return p->limit_threads;
    case PROC_LIMIT_STACK: return p->limit_stack;
    case PROC_LIMIT_FRAMES | PROC_LIMIT_HARD: return p->hard_frames;
    case PROC_LIMIT_PROCESSES | PROC_LIMIT_HARD: return p->hard_processes;
    case PROC_LIMIT_THREADS | PROC_LIMIT_HARD: return p->hard_threads;
    default: return p->hard_stack;
    }
}

static void limit_put(struct proc *p, uint64_t which, uint64_t value)
{
    switch (which) {
    case PROC_LIMIT_PROCESSES: p->limit_processes = (uint32_t)value; break;
    case PROC_LIMIT_THREADS: p->limit_threads = (uint32_t)value; break;
    case PROC_LIMIT_STACK: p->limit_stack = value; break;
    case PROC_LIMIT_FRAMES | PROC_LIMIT_HARD: p->hard_frames = value; break;
    case PROC_LIMIT_PROCESSES | PROC_LIMIT_HARD: p->hard_processes = (uint32_t)value; break;
    case PROC_LIMIT_THREADS | PROC_LIMIT_HARD: p->hard_threads = (uint32_t)value; break;
    default: p->hard_stack = value; break;
    }
}

err_t do_LIMIT(struct request *r)
{
    struct proc *p = r->caller;
    uint64_t which = r->ev->w[1], value = r->ev->w[2], kind = which & ~(uint64_t)PROC_LIMIT_HARD;
    if (kind < PROC_LIMIT_FRAMES || kind > PROC_LIMIT_STACK)
        return ERR_INVAL;
    if (value != ASK) {
        if (!is_possible(kind, value))
            return ERR_INVAL;
        if (is_above(kind, value, limit_get(p, kind | PROC_LIMIT_HARD)))
            return ERR_PERM;
        err_t err = which == PROC_LIMIT_FRAMES ? frames_set(p, value) : OK;
        if (err != OK)
            return err;
        if (which != PROC_LIMIT_FRAMES)
            limit_put(p, which, value);
    }
    r->m.w[1] = limit_get(p, which);
    return OK;
}

/* ---- time ---- */

/* Zeros: it is none any more. */
static struct thread_info info_of_thread(const struct proc *p, unsigned slot)
{
    struct thread_info info;
    handle_t h = p->thread[slot].handle;
    return h != NO_HANDLE && sys_thread_info(h, &info) == OK ? info : (struct thread_info){0};
}

static uint64_t cpu_of_thread(const struct proc *p, unsigned slot) { return info_of_thread(p, slot).instructions; }

void cpu_note(struct proc *p, unsigned slot) { p->cpu_ended += cpu_of_thread(p, slot); }

uint64_t cpu_of(const struct proc *p)
{
    uint64_t sum = p->cpu_ended;
    for (uint64_t left = p->thread_map; left; left &= left - 1) /* bound: PROC_THREADS_MAX */
        sum += cpu_of_thread(p, (unsigned)__builtin_ctzll(left));
    return sum;
}

uint64_t cpu_and_work_of(const struct proc *p, bool *has_work)
{
    const uint64_t works = 1u << THREAD_READY | 1u << THREAD_RUNNING | 1u << THREAD_FAULTED | 1u << THREAD_UNFUNDED;
    uint64_t sum = p->cpu_ended, states = 0;
    for (uint64_t left = p->thread_map; left; left &= left - 1) { /* bound: PROC_THREADS_MAX */
        const struct thread_info info = info_of_thread(p, (unsigned)__builtin_ctzll(left));
        sum += info.instructions;
        states |= 1u << info.state;
    }
    *has_work = states & works;
    return sum;
}

static bool has_thread(const struct proc *p, uint64_t slot) { return slot < PROC_THREADS_MAX && (p->thread_map >> slot & 1); }

err_t do_TIMES(struct request *r)
{
    const struct proc *p = r->ev->w[1] ? proc_find(r->ev->w[1]) : r->caller;
    uint64_t slot = (r->ev->w[2] == PROC_TIMES_SELF ? r->slot : r->ev->w[2] - 1), which = r->ev->w[2];
    if (which != 0 && which != PROC_TIMES_SELF && slot >= PROC_THREADS_MAX)
        return ERR_INVAL;
    if (!p || (which == PROC_TIMES_SELF && p != r->caller) || (which != 0 && !has_thread(p, slot)))
        return ERR_NOENT;
    const uint64_t words[] = {which ? cpu_of_thread(p, (unsigned)slot) : cpu_of(p), p->cpu_children, p->group, p->session, p->stopped};
    memcpy(&r->m.w[1], words, sizeof words);
    return OK;
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
