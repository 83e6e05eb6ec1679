/* SPDX-License-Identifier: MIT
 * Kernel objects begin in frames that the caller donates and end when it takes them back. The kernel never allocates.
 */
#include "arch.h"

#define ENDS_PER_ENTRY 16

syscall_fn sys_object_create, sys_object_destroy;

/* a: the call's; a2 root frame, a3 where its faults go or 0, a4 their badge */
static err_t object_make_space(struct thread *cur, frame_t f, const uint64_t *a)
{
    struct handle *ep = 0;
    err_t e = frame_check_kfree(cur->space, a[2]);
    if (e == OK && a[2] == f)
        e = ERR_INVAL;
    if (e == OK && a[3])
        e = handle_find(cur->space, a[3], OBJ_ENDPOINT, RIGHT_MINT, &ep);
    if (e != OK)
        return e;
    /* commit */
    struct space *s = frame_va(f);
    frame_take_dirty(f, FRAME_SPACE);
    frame_take(a[2], FRAME_ROOT);
    space_init(s, f, a[2]);
    if (ep)
        space_set_handler(s, HANDLER_FAULT, ep, a[4]);
    return OK;
}

/* how: THREAD_AT(priority, hart), or 0: priority 100, the creator's hart */
static err_t object_make_thread(struct thread *cur, frame_t f, handle_t space, uint64_t how)
{
    struct handle *slot;
    if (how && (how >> 18 || !(how & THREAD_AT(0, 0)) || (how >> 8 & 0x1ff) >= hart_count))
        return ERR_INVAL;
    err_t e = handle_find(cur->space, space, OBJ_SPACE, RIGHT_THREADS, &slot);
    if (e != OK)
        return e;
    /* commit */
    frame_take_dirty(f, FRAME_THREAD);
    struct thread *t = frame_va(f);
    thread_init(t, f, frame_va(slot->object));
    if (how) {
        t->prio = t->base_prio = (uint8_t)how;
        t->hart = &harts[how >> 8 & 0x1ff];
    }
    return OK;
}

static void object_make_endpoint(frame_t f)
{
    frame_take(f, FRAME_ENDPOINT);
    struct endpoint *ep = frame_va(f);
    link_init(&ep->receivers);
    ep->frame = f;
}

/* a0 type, a1 frame, a2.. as the type wants it -> a1 handle */
long sys_object_create(struct thread *cur, uint64_t *a)
{
    unsigned type = a[0];
    err_t e = frame_check_kfree(cur->space, a[1]);
    if (e != OK)
        return e;
    if (!handle_has_room(cur->space))
        return ERR_NOHANDLE;
    frame_t f = a[1];
    switch (a[0]) {
    case OBJ_SPACE:
        e = object_make_space(cur, f, a);
        break;
    case OBJ_THREAD:
        e = object_make_thread(cur, f, a[2], a[3]);
        break;
    case OBJ_ENDPOINT:
        object_make_endpoint(f);
        break;
    case OBJ_NTFN:
        frame_take(f, FRAME_NTFN);
        ntfn_init(frame_va(f), f);
        break;
    case OBJ_SCHED:
        frame_take(f, FRAME_SCHED);
        ((struct sched *)frame_va(f))->frame = f;
        break;
    default:
        e = ERR_INVAL;
    }
    if (e != OK)
        return e;
    handle_t h = NO_HANDLE;
    e = handle_new(cur->space, type, RIGHTS_ALL, 0, f, frame_info_of(f)->gen, &h);
    assert(e == OK);
    a[1] = h;
    return e;
}

static void object_end_thread(struct thread *t)
{
    thread_cancel(t, ERR_CANCELLED);
    budget_unbind(t);
    arch_fpu_drop(t);
    if (t->bound != &t->self)
        t->bound->bound = 0;
    while (!link_empty(&t->self.waiters)) /* bound: only the thread itself waits here, and it was cancelled */
        link_remove(t->self.waiters.next);
    t->state = T_FREE;
    t->space->threads--;
    if (t->hart->current == t)
        t->hart->current = 0;
    trace(TRACE_THREAD, t, 3, t->frame);
    frame_give(t->frame, false);
}

/* ERR_BUSY while it has threads, tables, clients or chunks; SPACE_RESET, SPACE_UNTABLE and CHUNK_GRANT empty it. */
static err_t object_end_space(struct space *s)
{
    if (s->threads || s->chunks || frame_info_of(s->root_frame)->maps || space_has_clients(s))
        return ERR_BUSY;
    /* commit */
    arch_space_leave(s);
    unsigned n = (s->handle_room - HANDLES_INLINE) / HANDLES_PER_FRAME;
    for (unsigned i = 0; i < n; i++) /* bound: HANDLE_FRAMES_MAX */
        frame_give(s->handle_frame[i], false);
    if (s->batch)
        frame_info_of(s->batch)->flags &= ~FRAME_F_BATCH;
    arch_tlb_shootdown(s, 0, USER_VA_END >> PAGE_SHIFT);
    arch_root_clear(s->root);
    frame_give(s->root_frame, true);
    frame_give(s->frame, false);
    return OK;
}

/* Everybody who waits at it goes on with an error; bounded per entry, ERR_AGAIN when there are more. */
static err_t object_end_endpoint(struct endpoint *ep)
{
    struct thread *server = lend_server(ep);
    receive_disturbed(ep);
    for (unsigned n = 0; n < ENDS_PER_ENTRY; n++) {
        struct thread *t = queue_top(&ep->senders);
        if (!t)
            break;
        queue_remove(t);
        if (t->state == T_CALLING && t->call_kind == MSG_CALL) {
            thread_wake(t, ERR_PEER_DEAD);
        } else if (t->state == T_CALLING) {
            thread_stop_forever(t, "its exception handler is gone;");
        } else {
            t->fault.state = F_NONE;
            t->fault.error = ERR_FAULT;
            if (t->state == T_FAULTED)
                thread_stop_forever(t, "its pager is gone;");
            else
                fault_tell_copier(t);
        }
    }
    if (server)
        lend_update(server);
    struct thread *r;
    for (unsigned n = 0; n < ENDS_PER_ENTRY && (r = endpoint_receiver(ep)) != 0; n++) {
        receiver_remove(r);
        thread_wake(r, ERR_CANCELLED);
    }
    if (queue_top(&ep->senders) || endpoint_receiver(ep))
        return ERR_AGAIN;
    frame_give(ep->frame, false);
    return OK;
}

static err_t object_end_ntfn(struct ntfn *n)
{
    for (unsigned i = 0; i < ENDS_PER_ENTRY && !link_empty(&n->waiters); i++) {
        struct thread *t = container_of(n->waiters.next, struct thread, list);
        link_remove(&t->list);
        t->waits_for = 0;
        thread_wake(t, ERR_CANCELLED);
    }
    if (!link_empty(&n->waiters))
        return ERR_AGAIN;
    if (n->bound)
        ntfn_bind(&n->bound->self, n->bound);
    frame_give(n->frame, false);
    return OK;
}

long sys_object_destroy(struct thread *cur, uint64_t *a)
{
    handle_t h = a[0];
    struct handle *slot = handle_slot(cur->space, h);
    if (!slot || !slot->word || !handle_live(slot))
        return ERR_HANDLE;
    if (!(handle_rights(slot) & RIGHT_OWN))
        return ERR_RIGHTS;
    unsigned type = handle_type(slot);
    if (!handle_has_frame(type))
        return ERR_TYPE; /* interrupts and the kernel's controls are never destroyed */
    void *object = frame_va(slot->object);
    struct space *own = cur->space;
    err_t e = OK;
    switch (type) {
    case OBJ_THREAD:
        object_end_thread(object);
        break;
    case OBJ_SPACE:
        e = object == own ? ERR_BUSY : object_end_space(object);
        break;
    case OBJ_ENDPOINT:
        e = object_end_endpoint(object);
        break;
    case OBJ_SCHED:
        budget_destroy(object);
        break;
    default:
        e = object_end_ntfn(object);
    }
    if (e == OK)
        handle_close(own, h);
    return type == OBJ_THREAD && object == cur ? SYS_NO_RESULT : e;
}
