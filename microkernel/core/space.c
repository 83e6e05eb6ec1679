/* SPDX-License-Identifier: MIT
 * Spaces as servers: where their faults and exceptions go, and what happens to their clients when they die.
 */
#include "arch.h"

syscall_fn sys_space_handler, sys_space_reset, sys_space_batch, sys_space_info, sys_space_exec_fence;

void space_set_handler(struct space *s, unsigned which, const struct handle *ep, badge_t badge)
{
    s->handler[which] = ep ? (struct object_ref){ep->object, ep->gen, badge & 0xffffffffffffUL} : (struct object_ref){0};
    if (which == HANDLER_FAULT) {
        s->pager_ep = ep ? frame_va(ep->object) : 0;
        s->pager_gen = ep ? &frame_info_of(ep->object)->gen : 0;
    }
}

/* a0 space, a1 HANDLER_*, a2 endpoint handle or 0, a3 badge */
long sys_space_handler(struct thread *cur, uint64_t *a)
{
    struct handle *slot, *ep = 0;
    err_t e = handle_find(cur->space, a[0], OBJ_SPACE, RIGHT_CONTROL, &slot);
    if (e == OK && a[1] > HANDLER_EXCEPTION)
        e = ERR_INVAL;
    if (e == OK && a[2])
        e = handle_find(cur->space, a[2], OBJ_ENDPOINT, RIGHT_MINT, &ep);
    if (e != OK)
        return e;
    /* commit */
    space_set_handler(frame_va(slot->object), a[1], ep, a[3]);
    return OK;
}

/* The space's server died. One client per round: callers learn it, exceptions and faults queue again. */
long sys_space_reset(struct thread *cur, uint64_t *a)
{
    struct handle *slot;
    err_t e = handle_find(cur->space, a[0], OBJ_SPACE, RIGHT_CONTROL, &slot);
    if (e != OK)
        return e;
    struct space *s = frame_va(slot->object);
    while (space_has_clients(s)) { /* bound: restarts when an interrupt waits */
        struct thread *t = s->served_call;
        if (!t && !link_empty(&s->callers))
            t = container_of(s->callers.next, struct thread, call_link);
        if (t) {
            ipc_end_call(t);
            if (t->call_kind == MSG_EXCEPTION)
                exception_queue(t);
            else
                thread_wake(t, ERR_PEER_DEAD);
        } else {
            fault_requeue(s->served_fault ? s->served_fault : container_of(s->faulters.next, struct thread, fault_link));
        }
        if (arch_irq_pending()) {
            syscall_restart(cur);
            return SYS_NO_RESULT;
        }
    }
    return OK;
}

/* a0: a user frame of the caller's, mapped in its window only; 0 gives it up. */
long sys_space_batch(struct thread *cur, uint64_t *a)
{
    struct space *s = cur->space;
    if (a[0]) {
        err_t e = a[0] == s->batch ? OK : frame_check_user(s, a[0]);
        if (e == OK && frame_info_of(a[0])->maps)
            e = ERR_BUSY;
        if (e != OK)
            return e;
    }
    /* commit */
    if (s->batch)
        frame_info_of(s->batch)->flags &= ~FRAME_F_BATCH;
    s->batch = a[0];
    if (s->batch)
        frame_info_of(s->batch)->flags |= FRAME_F_BATCH;
    return OK;
}

long sys_space_info(struct thread *cur, uint64_t *a)
{
    struct handle *slot;
    struct space *s = cur->space;
    if (a[0]) {
        err_t e = handle_find(s, a[0], OBJ_SPACE, 0, &slot);
        if (e != OK)
            return e;
        s = frame_va(slot->object);
    }
    a[1] = s->frame;
    a[2] = s->asid;
    a[3] = s->threads;
    a[4] = s->handle_room;
    a[5] = s->handles;
    return OK;
}

long sys_space_exec_fence(struct thread *cur, uint64_t *a)
{
    (void)cur, (void)a;
#ifndef MUTANT_KERNEL_SKIP_FENCE
    arch_fetch_fence();
#endif
    return OK;
}
