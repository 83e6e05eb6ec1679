/* SPDX-License-Identifier: MIT
 * Notifications: 64 bits that are set by a signal and taken by a wait, or by a receive of the thread they are bound to.
 */
#include "arch.h"

void ntfn_init(struct ntfn *n, frame_t frame)
{
    n->bits = 0;
    n->bound = 0;
    n->frame = frame;
    link_init(&n->waiters);
}

void ntfn_signal(struct ntfn *n, uint64_t bits)
{
    n->bits |= bits;
    trace(TRACE_SIGNAL, this_hart()->current, bits, n->frame);
    if (!n->bits)
        return;
#ifndef MUTANT_KERNEL_KEEP_STANDING
    if (n->bound)
        n->bound->standing = 0;
#endif
    if (!link_empty(&n->waiters)) { /* the first waiter takes all */
        struct thread *t = container_of(n->waiters.next, struct thread, list);
        link_remove(&t->list);
        t->waits_for = 0;
        t->x[REG_A1] = n->bits;
        n->bits = 0;
        thread_wake(t, OK);
    } else if (n->bound && n->bound->state == T_RECEIVING) {
        ipc_notify_receiver(n->bound);
    } else if (n->bound && n->bound->prio < n->bound->base_prio) {
        lend_update(n->bound); /* work of its own waits for it now */
    }
}

/* t's receives deliver n's bits from now on, and no other notification's; those that n has already count. */
void ntfn_bind(struct ntfn *n, struct thread *t)
{
    t->bound->bound = 0;
    t->standing = 0;
    t->bound = n;
    n->bound = t;
    if (n->bits && t->state == T_RECEIVING)
        ipc_notify_receiver(t);
}

syscall_fn sys_signal, sys_wait;

/* a0: a notification, or a thread (its own notification). */
long sys_signal(struct thread *cur, uint64_t *a)
{
    struct handle *slot;
    err_t e = handle_find(cur->space, a[0], OBJ_NTFN, RIGHT_SIGNAL, &slot);
    if (e == OK) {
        ntfn_signal(frame_va(slot->object), a[1]);
        return OK;
    }
    if (e != ERR_TYPE)
        return e;
    e = handle_find(cur->space, a[0], OBJ_THREAD, RIGHT_SIGNAL, &slot);
    if (e == OK)
        ntfn_signal(&((struct thread *)frame_va(slot->object))->self, a[1]);
    return e;
}

/* a0: a notification, or 0: the thread's own; t2: deadline. */
long sys_wait(struct thread *cur, uint64_t *a)
{
    struct ntfn *n = &cur->self;
    struct handle *slot;
    if (a[0]) {
        err_t e = handle_find(cur->space, a[0], OBJ_NTFN, RIGHT_WAIT, &slot);
        if (e != OK)
            return e;
        n = frame_va(slot->object);
    }
    if (n->bits) {
        a[1] = n->bits;
        n->bits = 0;
        if (n->bound && n->bound->client)
            lend_update(n->bound); /* they made it work at its own priority */
        return OK;
    }
    uint64_t deadline = (cur->x[17] >> 8) & IPC_F_DEADLINE ? cur->x[7] : DEADLINE_NONE;
    if (deadline <= arch_time())
        return ERR_TIMEOUT;
    link_add_tail(&n->waiters, &cur->list);
    cur->waits_for = n;
    timer_add(cur, deadline);
    sched_block(cur, T_WAITING);
    return SYS_NO_RESULT;
}
