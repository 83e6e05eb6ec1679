/* SPDX-License-Identifier: MIT
 * Budgets of threads. The context is an object of the process's space, found by its thread slot: the pager and the kernel
 * keep all there is to keep, and both go with the space.
 */
#include "procmgr.h"

#define ASK (~0UL)

static err_t target(const struct request *r, struct proc **out)
{
    struct proc *p = r->ev->w[1] ? proc_find(r->ev->w[1]) : r->caller;
    uint64_t slot = r->ev->w[2];
    if (!p || p->state != PROC_STATE_RUNNING)
        return ERR_NOENT;
    if (p == init_proc || !proc_descends(p, r->caller))
        return ERR_PERM;
    if (slot >= PROC_THREADS_MAX || !(p->thread_map >> slot & 1))
        return ERR_NOENT;
    *out = p;
    return OK;
}

static err_t change(const struct proc *p, handle_t thread, handle_t sched, const uint64_t *w)
{
    if (w[3] == ASK)
        return OK;
    if (w[3] == 0)
        return sys_thread_sched(thread, NO_HANDLE);
    err_t err = sys_sched_set(sched, w[3], w[4], p->prio);
    return err == OK ? sys_thread_sched(thread, sched) : err;
}

/* A thread of the caller's or of a descendant's: what it may run in each period. */
err_t do_BUDGET(struct request *r)
{
    struct proc *p;
    handle_t sched = NO_HANDLE;
    struct sched_info info;
    err_t err = target(r, &p);
    if (err == OK)
        err = object_open(p, r->ev->w[2], OBJ_SCHED, &sched);
    if (err != OK)
        return err;
    err = change(p, p->thread[r->ev->w[2]].handle, sched, r->ev->w);
    if (err == OK)
        err = sys_sched_info(sched, &info);
    object_close(&sched);
    if (err != OK)
        return err;
    r->m.w[1] = info.thread ? info.budget : 0;
    r->m.w[2] = info.period;
    r->m.w[3] = (uint64_t)info.left;
    r->m.w[4] = info.next;
    r->m.w[5] = info.used;
    return OK;
}
