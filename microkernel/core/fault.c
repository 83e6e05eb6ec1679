/* SPDX-License-Identifier: MIT
 * Faults and exceptions leave the kernel here: as a message to the space's pager, or to its exception handler.
 * The kernel decides nothing about memory; it checks that the pager's answer is safe and carries it out.
 */
#include "arch.h"

long ipc_receive_after(struct thread *cur, struct endpoint *ep, struct thread *woken);
err_t ipc_receive_endpoint(struct thread *cur, handle_t h, struct endpoint **ep);

static inline void fault_next_id(struct thread *t) { t->fault.gen = (t->fault.gen + 1) | ID_GEN_FAULT; }

static struct thread *fault_find(reply_id_t id, const struct space *pager)
{
    uint32_t f = (uint32_t)id;
    if (!frame_in_ram(f) || frame_info_of(f)->kind != FRAME_THREAD)
        return 0;
    struct thread *t = frame_va(f);
#ifdef MUTANT_KERNEL_FORGED_FAULT_REPLY
    pager = t->pager; /* mutant: who has the id may answer */
#endif
    if (t->fault.state != F_DELIVERED || t->pager != pager || t->fault.id != id)
        return 0;
    return t;
}

bool fault_is_alive(reply_id_t id, const struct space *pager) { return fault_find(id, pager) != 0; }

/* Write t's fault into r's registers; e and level are what the walk says now. r is out of its endpoint's list. */
static void fault_write(struct thread *t, struct thread *r, const pte_t *e, unsigned level)
{
    r->x[REG_A0] = MSG_FAULT;
    r->x[REG_A1 + FAULTW_VA] = t->fault.va;
    r->x[REG_A1 + FAULTW_IP] = t->x[REG_PC];
    r->x[REG_A1 + FAULTW_ACCESS] = t->fault.access;
    r->x[REG_A1 + FAULTW_PTE] = e ? *e : 0;
    r->x[REG_A1 + FAULTW_LEVEL] = level | (e && !level && table_is_shared(e) ? FAULT_LEVEL_SHARED : 0);
    r->x[REG_A1 + FAULTW_THREAD] = t->frame;
    r->x[R_T0] = r->x[R_T1] = r->x[R_T4] = r->x[R_T6] = 0;
    r->x[R_T2] = t->fault.id;
    r->x[R_T3] = t->fault.badge;
    t->fault.state = F_DELIVERED;
    t->pager = r->space;
    faulter_add(r->space, t);
    t->paged_by = r;
    lend(r, t);
    count(KC_FAULT_MSGS);
    trace(TRACE_DELIVER, t, t->fault.va, r->x[R_T2]);
}

void fault_deliver(struct thread *t, struct thread *r)
{
    unsigned level;
    const pte_t *e = arch_walk(t->space->root, t->fault.va, &level);
    fault_write(t, r, e, level);
    if (t->served_by) { /* a copy's fault: the pager has the client's budget now, and who waits for the server waits for it */
        lend_update(t->served_by);
        lend_update(r);
    }
}

static void fault_queue(struct thread *t, struct endpoint *ep)
{
    t->fault_at = ep;
    t->fault.badge = t->space->handler[HANDLER_FAULT].badge; /* ep is that handler */
    t->fault.state = F_QUEUED;
    ipc_enqueue(t, ep);
}

/* The entry allows the access: another thread was faster, or the hart does not set A and D itself. Set them and go on. */
static void fault_is_moot(struct thread *t, pte_t *e)
{
    __atomic_fetch_or(e, PTE_A | (t->fault.access & FAULT_ACCESS_W ? PTE_D : 0), __ATOMIC_RELAXED);
    arch_tlb_flush_local(t->space, t->fault.va);
}

static void exception_send(struct thread *t, uint64_t cause, uint64_t value, unsigned reason, bool kill);

static uint64_t fault_cause(unsigned access)
{
    return access & FAULT_ACCESS_X ? 12 : access & FAULT_ACCESS_W ? 15 : 13; /* scause of page faults */
}

/* The current thread's own access to va failed. */
void fault_raise(struct thread *t, vaddr_t va, unsigned access)
{
    unsigned level;
    pte_t *e = arch_walk(t->space->root, va, &level);
    trace(TRACE_FAULT, t, va, access);
    t->fault.va = va;
    t->fault.access = access;
    if (unlikely(e && !level && arch_pte_allows(*e, access))) {
        fault_is_moot(t, e);
        return;
    }
    const struct object_ref *pager = &t->space->handler[HANDLER_FAULT];
    struct endpoint *ep = endpoint_of(pager);
    if (unlikely(!ep)) {
        exception_send(t, fault_cause(access), va, FAULT_REASON_NONE, false);
        return;
    }
    t->fault.badge = pager->badge;
    t->fault_at = ep;
    sched_block(t, T_FAULTED);
    struct thread *r = endpoint_receiver(ep);
    if (!r) {
        fault_queue(t, ep);
        return;
    }
    receiver_remove(r);
    timer_remove(r);
    fault_write(t, r, e, level);
    sched_switch(r);
}

/* A server's copy needs a page of its blocked client. The copier is told by its notification. */
void fault_raise_copy(struct thread *client, vaddr_t va, unsigned access, struct thread *copier)
{
    struct endpoint *ep = endpoint_of(&client->space->handler[HANDLER_FAULT]);
    client->fault.copier = copier;
    if (client->fault.state != F_NONE)
        return; /* on its way already; one at a time */
    client->fault.error = ep ? OK : ERR_FAULT;
    if (!ep)
        return;
    client->fault.va = va;
    client->fault.access = access | FAULT_ACCESS_COPY;
    trace(TRACE_FAULT, client, va, client->fault.access);
    fault_queue(client, ep);
    ipc_try_deliver(ep);
}

/* The copy that waits for t's page may go on, or learn why not. The copier may be gone, its frame may be anything now. */
void fault_tell_copier(struct thread *t)
{
    struct thread *c = t->fault.copier;
    if (c && frame_info_of(frame_of(c))->kind == FRAME_THREAD && c->space == t->server)
        ntfn_signal(c->bound, NTFN_COPY_READY);
}

void fault_drop(struct thread *t)
{
    if (t->fault.state == F_QUEUED) {
        lend_unqueue(t, t->fault_at);
    } else if (t->fault.state == F_DELIVERED) {
        faulter_remove(t);
        reply_id_t id = t->fault.id;
        struct endpoint *ep = t->fault_at;
        t->pager = 0;
        t->fault.state = F_NONE;
        fault_next_id(t);
        lend_fault_over(t, 0);
        ipc_cancel_event(ep, id);
        return;
    }
    t->fault.state = F_NONE;
    fault_next_id(t);
}

void fault_requeue(struct thread *t)
{
    faulter_remove(t);
    t->pager = 0;
    fault_next_id(t);
    lend_fault_over(t, 0);
    struct endpoint *ep = endpoint_of(&t->space->handler[HANDLER_FAULT]);
    if (ep) {
        fault_queue(t, ep);
        ipc_try_deliver(ep);
        return;
    }
    t->fault.state = F_NONE;
    if (t->state == T_FAULTED) {
        exception_send(t, fault_cause(t->fault.access), t->fault.va, FAULT_REASON_NONE, false);
        return;
    }
    t->fault.error = ERR_FAULT;
    fault_tell_copier(t);
}

/* ---- exceptions: a message that the kernel writes in the thread's name ---- */

static void exception_send(struct thread *t, uint64_t cause, uint64_t value, unsigned reason, bool kill)
{
    t->exc[EXCW_CAUSE] = cause;
    t->exc[EXCW_VALUE] = value;
    t->exc[EXCW_IP] = t->x[REG_PC];
    t->exc[EXCW_REASON] = reason;
    t->exc[EXCW_ACCESS] = t->fault.access & 7;
    t->exc[EXCW_THREAD] = t->frame;
    t->exc[EXCW_KILL] = kill;
    t->exc_kill = kill;
    trace(TRACE_EXCEPTION, t, cause, value);
    exception_queue(t);
}

/* Its exception's words are written: to the handler that its space has now. */
void exception_queue(struct thread *t)
{
    struct object_ref *h = &t->space->handler[HANDLER_EXCEPTION];
    struct endpoint *ep = endpoint_of(h);
    if (!ep) {
        thread_stop_forever(t, "no exception handler;");
        return;
    }
    t->call_kind = MSG_EXCEPTION;
    t->call_flags = 0;
    t->badge = h->badge;
    if (t->state == T_RUNNING)
        sched_block(t, T_CALLING);
    ipc_queue_call(t, ep);
}

void exception_raise(struct thread *t, uint64_t cause, uint64_t value)
{
    t->fault.access = 0;
    exception_send(t, cause, value, FAULT_REASON_NONE, false);
}

/* ---- the pager's answer ---- */

/* The pager's registers, read where they are wanted: a1 = verdict | prot << 8 | reason << 16, a2 frame, a3 and a4 tables. */
static inline unsigned verdict_what(const uint64_t *a) { return a[1] & 0xff; }
static inline unsigned verdict_prot(const uint64_t *a) { return (a[1] >> 8) & 0xff; }
static inline unsigned verdict_reason(const uint64_t *a) { return (a[1] >> 16) & 0xff; }

/* Everything that can be wrong with MAP is found here; then the tables go in and the page is mapped. */
static err_t verdict_map(struct thread *cur, struct thread *t, const uint64_t *a)
{
    unsigned level;
    struct space *s = t->space;
    vaddr_t va = t->fault.va & ~PAGE_MASK;
    pte_t *e = arch_walk(s->root, va, &level);
    err_t err = frame_check_user(cur->space, a[2]);
    if (err != OK)
        return err;
    if (!e || map_prot_bad(verdict_prot(a)) || (level && (arch_pte_is_leaf(*e) || va_in_window(va))))
        return ERR_INVAL;
    if (!level && table_is_shared(e))
        return ERR_BUSY;
    for (unsigned i = 0; i < level; i++) { /* bound: 2 */
        if (!a[3 + i])
            return ERR_NOTABLE;
        err = frame_check_kfree(cur->space, a[3 + i]);
        if (err != OK)
            return err;
    }
    if (level == 2 && a[3] == a[4])
        return ERR_INVAL;
    /* commit */
    if (unlikely(level)) {
        for (unsigned i = 0; i < level; i++)
            err = space_add_table(s, va, a[3 + i]);
        assert(err == OK);
        e = arch_walk(s->root, va, &level);
    }
    space_put_leaf(s, e, va, arch_pte_leaf(a[2], verdict_prot(a)));
    return OK;
}

static err_t verdict_upgrade(struct thread *cur, struct thread *t)
{
    unsigned level;
    pte_t *e = arch_walk(t->space->root, t->fault.va, &level);
    if (unlikely(!e || level))
        return ERR_INVAL;
    pte_t old = *e;
    if (unlikely((old & (PTE_V | PTE_COW)) != (PTE_V | PTE_COW)))
        return ERR_INVAL;
    err_t err = table_is_shared(e) ? ERR_BUSY : frame_check_user(cur->space, PTE_FRAME(old));
    if (err != OK)
        return err;
    /* commit; harts may set A and D meanwhile, and no other bits: both are set here */
    __atomic_store_n(e, (old ^ (PTE_COW | PTE_W)) | PTE_A | PTE_D, __ATOMIC_RELAXED);
    arch_tlb_flush_local(t->space, t->fault.va);
    return OK;
}

/* The record ends. *woken: the thread, if it is to run again. */
static void fault_finish(struct thread *cur, struct thread *t, const uint64_t *a, struct thread **woken)
{
    unsigned what = verdict_what(a);
    bool refused = what == FAULT_FORWARD || what == FAULT_KILL;
    faulter_remove(t);
    t->pager = 0;
    t->fault.state = F_NONE;
    fault_next_id(t);
    if (likely(t->paged_by == cur && !t->served_by))
        t->paged_by = cur->client = 0; /* it looks to its own priority itself */
    else
        lend_fault_over(t, cur);
    if (t->state == T_FAULTED) {
        if (refused) {
            exception_send(t, fault_cause(t->fault.access), t->fault.va, verdict_reason(a), what == FAULT_KILL);
            return;
        }
        trace(TRACE_RESUME, t, t->x[REG_PC], t->fault.va);
        *woken = t;
        return;
    }
    t->fault.error = refused ? ERR_FAULT : OK; /* the copier learns it when it goes on */
    fault_tell_copier(t);
}

static err_t fault_answer(struct thread *cur, struct thread **woken)
{
    const uint64_t *a = &cur->x[REG_A0];
    struct thread *t = fault_find(cur->x[R_T3], cur->space);
    err_t e = OK;
    *woken = 0;
    if (!t)
        return ERR_STALE;
    switch (verdict_what(a)) {
    case FAULT_MAP:
        e = verdict_map(cur, t, a);
        break;
    case FAULT_UPGRADE:
        e = verdict_upgrade(cur, t);
        break;
    case FAULT_RETRY:
    case FAULT_FORWARD:
    case FAULT_KILL:
        break;
    default:
        e = ERR_INVAL;
    }
    if (e != OK)
        return e;
    count(KC_FAULT_REPLIES);
    trace(TRACE_FAULT_REPLY, t, a[1], cur->x[R_T3]);
    fault_finish(cur, t, a, woken);
    return OK;
}

syscall_fn sys_fault_reply, sys_fault_reply_recv;

long sys_fault_reply(struct thread *cur, uint64_t *a)
{
    (void)a;
    struct thread *woken;
    err_t e = fault_answer(cur, &woken);
    if (e == OK)
        lend_update(cur); /* what its client lent goes back */
    if (woken)
        sched_resume(woken);
    return e;
}

long sys_fault_reply_recv(struct thread *cur, uint64_t *a)
{
    struct endpoint *ep;
    struct thread *woken;
    err_t e = ipc_receive_endpoint(cur, a[0], &ep);
    if (e == OK)
        e = fault_answer(cur, &woken);
    return e != OK ? e : ipc_receive_after(cur, ep, woken);
}
