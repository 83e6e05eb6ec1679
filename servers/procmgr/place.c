/* SPDX-License-Identifier: MIT
 * Which hart a thread begins on: the one with the fewest threads of programs; among equals the next in turn. The kernel never
 * moves a program's thread by itself; a program may ask for another hart (PROC_HART).
 */
#include <abi/trace.h>

#include "procmgr.h"

static unsigned harts = 1;
static uint64_t threads_on[PLACE_HARTS_MAX];
static unsigned last;

void place_init(void)
{
    uint64_t n;
    if (sys_kernel_info(H_KERNEL, 0, KC_HARTS, &n) == OK && n <= PLACE_HARTS_MAX)
        harts = (unsigned)n;
    for (unsigned i = 0; i < PLACE_HARTS_MAX; i++)
        threads_on[i] = 0;
#ifdef MUTANT_PROCMGR_PLACE_FORGETS
    return;
#endif
    for (unsigned i = 1; i < procs_used(); i++) { /* bound: PROCS_MAX; after a restart there are some */
        const struct proc *p = proc_at(i);
        for (uint64_t left = p ? p->thread_map : 0; left; left &= left - 1) /* bound: PROC_THREADS_MAX */
            threads_on[p->thread[__builtin_ctzll(left)].hart % PLACE_HARTS_MAX]++;
    }
}

static unsigned choose(void)
{
    if (harts == 1)
        return 0;
    unsigned best = (last + 1) % harts;
    for (unsigned i = 1; i < harts; i++) { /* bound: PLACE_HARTS_MAX */
        unsigned hart = (last + 1 + i) % harts;
        if (threads_on[hart] < threads_on[best])
            best = hart;
    }
    return best;
}

static unsigned next;

uint64_t place_next(const struct proc *p)
{
    next = choose();
    return THREAD_AT(p->prio, next);
}

void place_thread(struct thread *t)
{
    last = next;
    t->hart = next;
    threads_on[next]++;
}

void place_gone(const struct thread *t)
{
    if (threads_on[t->hart] > 0) /* one that was cut off in its making was not counted again at the restart */
        threads_on[t->hart]--;
}

err_t do_HART(struct request *r)
{
    struct proc *p = r->caller;
    const uint64_t *w = r->ev->w;
    unsigned slot = w[1] == ~0UL ? r->slot : (unsigned)w[1];
    if (w[1] != ~0UL && w[1] >= PROC_THREADS_MAX)
        return ERR_INVAL;
    if (slot >= PROC_THREADS_MAX || !((p->thread_map >> slot) & 1))
        return ERR_NOENT;
    struct thread *t = &p->thread[slot];
    if (w[2] != ~0UL) {
        unsigned hart = (unsigned)(w[2] & ~HART_STAY);
        if ((w[2] & ~HART_STAY) >= harts)
            return ERR_INVAL;
        err_t err = sys_thread_hart(t->handle, (unsigned)w[2]);
        if (err != OK)
            return err;
        place_gone(t);
        threads_on[hart]++;
        t->hart = hart;
    }
    r->m.w[1] = t->hart;
    r->m.w[2] = harts;
    return OK;
}
