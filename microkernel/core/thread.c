/* SPDX-License-Identifier: MIT
 * Threads: their life, and the system calls on them. A thread that is blocked or has faulted is a state in its
 * control block; getting it out of any state is thread_cancel.
 */
#include "arch.h"

void thread_init(struct thread *t, frame_t frame, struct space *s)
{
    /* Ids of an earlier life must stay stale, and the frame's contents may be anything: spread the lives by its generation. */
    uint32_t first_id = frame_info_of(frame)->gen * 0x9e3779b1u;
    uint64_t *words = (uint64_t *)t;
    for (size_t i = 0; i < sizeof(*t) / 8; i += 8) /* whole turns: the frame is longer than the block */
        words[i] = words[i + 1] = words[i + 2] = words[i + 3] = words[i + 4] = words[i + 5] = words[i + 6] = words[i + 7] = 0;
    t->call_gen = first_id & ID_GEN_MASK;
    t->fault.gen = first_id | ID_GEN_FAULT;
    t->status = arch_status_user();
    t->hart = this_hart();
    t->state = T_STOPPED;
    t->frame = t->fault.frame = frame;
    t->space = s;
    t->prio = t->base_prio = 100;
    link_init(&t->list);
    link_init(&t->call_link);
    link_init(&t->fault_link);
    link_init(&t->timer);
    ntfn_init(&t->self, frame);
    t->self.bound = t;
    t->bound = &t->self;
    s->threads++;
}

void thread_wake(struct thread *t, long result)
{
    timer_remove(t);
    t->x[REG_A0] = (uint64_t)result;
    sched_ready(t);
}

/* Every state has one way out; afterwards the thread is in no queue and no list. */
static void thread_leave(struct thread *t, long result)
{
    struct endpoint *tell = 0;
    reply_id_t id = NO_REPLY;
    switch (t->state) {
    case T_RUNNING:
        sched_stop(t);
        break;
    case T_READY:
        queue_remove(t);
        break;
    case T_CALLING:
        lend_unqueue(t, t->ep);
        if (t->call_kind == MSG_CALL) /* an exception is no call: its registers stay the program's */
            t->x[REG_A0] = (uint64_t)result;
        break;
    case T_WAIT_REPLY:
        id = t->reply_id;
        tell = t->ep;
        ipc_end_call(t);
        if (t->call_kind == MSG_CALL)
            t->x[REG_A0] = (uint64_t)result;
        break;
    case T_RECEIVING:
        receiver_remove(t);
        t->x[REG_A0] = (uint64_t)result;
        break;
    case T_WAITING:
        link_remove(&t->list);
        t->waits_for = 0;
        t->x[REG_A0] = (uint64_t)result;
        break;
    default:
        break;
    }
    fault_drop(t);
    timer_remove(t);
    t->state = T_STOPPED;
    if (tell)
        ipc_cancel_event(tell, id);
}

void thread_cancel(struct thread *t, long result)
{
    lend_defer(t);
    thread_leave(t, result);
    lend_update(t);
}

/* The deadline of a blocked thread has passed. A server that waited for another one still has its client. */
void thread_timeout(struct thread *t)
{
    if (t->state == T_SPENT) {
        budget_wake(t);
        return;
    }
    thread_leave(t, ERR_TIMEOUT);
    sched_ready(t);
}

/* Nobody is there to be told of its exception. */
void thread_stop_forever(struct thread *t, const char *why)
{
    kputs("kernel: thread ");
    kputx(t->frame);
    kputs(" stopped: ");
    kputs(why);
    kputs(" cause ");
    kputx(t->exc[EXCW_CAUSE]);
    kputs(" value ");
    kputx(t->exc[EXCW_VALUE]);
    kputs(" ip ");
    kputx(t->x[REG_PC]);
    kputs("\n");
    if (t->state == T_RUNNING)
        sched_block(t, T_STOPPED);
    t->state = T_STOPPED;
}

static err_t thread_find(struct thread *cur, handle_t h, struct thread **out)
{
    struct handle *slot;
    err_t e = handle_find(cur->space, h, OBJ_THREAD, RIGHT_CONTROL, &slot);
    if (e == OK)
        *out = frame_va(slot->object);
    return e;
}

syscall_fn sys_thread_start, sys_thread_stop, sys_thread_resume, sys_thread_regs_copy, sys_thread_reg_get,
    sys_thread_reg_set, sys_thread_prio, sys_thread_bind, sys_thread_info, sys_thread_hart;

/* a0 thread, a1 ip, a2 sp, a3 first argument, a4 tp, a5 START_*. All other registers are zero. */
long sys_thread_start(struct thread *cur, uint64_t *a)
{
    struct thread *t;
    err_t e = thread_find(cur, a[0], &t);
    if (e != OK)
        return e;
    uint64_t ip = a[1], sp = a[2], arg = a[3], tp = a[4], how = a[5];
    if (how & ~(uint64_t)START_STOPPED)
        return ERR_INVAL;
    /* commit */
    thread_cancel(t, ERR_CANCELLED);
    arch_fpu_drop(t);
    for (unsigned i = 0; i < 32; i++)
        t->x[i] = t->fpu[i] = 0;
    t->fcsr = 0;
    t->start_fpu = false;
    t->status = arch_status_user();
    t->x[REG_PC] = ip & ~1UL;
    t->x[REG_SP] = sp;
    t->x[REG_A0] = arg;
    t->x[REG_TP] = tp;
    trace(TRACE_THREAD, cur, 1, t->frame);
    if (!(how & START_STOPPED))
        sched_ready(t);
    return t == cur ? SYS_NO_RESULT : OK;
}

/* It waits for the answer to a call of its own: an exception is none. */
static bool thread_calls(const struct thread *t)
{
    return (t->state == T_WAIT_REPLY || t->state == T_CALLING) && t->call_kind == MSG_CALL;
}

/* a0 thread, a1 STOP_* */
long sys_thread_stop(struct thread *cur, uint64_t *a)
{
    struct thread *t;
    err_t e = thread_find(cur, a[0], &t);
    if (e != OK)
        return e;
    if (a[1] & ~(uint64_t)STOP_UNLESS_CALLS)
        return ERR_INVAL;
    if (a[1] && thread_calls(t))
        return ERR_BUSY;
    /* commit */
    thread_cancel(t, ERR_CANCELLED);
    trace(TRACE_THREAD, cur, 2, t->frame);
    return OK;
}

long sys_thread_resume(struct thread *cur, uint64_t *a)
{
    struct thread *t;
    err_t e = thread_find(cur, a[0], &t);
    if (e != OK)
        return e;
    if (t->state != T_STOPPED)
        return ERR_BUSY;
    sched_ready(t);
    return OK;
}

/* a0 to, a1 from, a2 REGS_*, a3.. a0, a1, a2 of the copy. The source must not be running: it is blocked in a call, faulted or stopped. */
long sys_thread_regs_copy(struct thread *cur, uint64_t *a)
{
    struct thread *to, *from;
    err_t e = thread_find(cur, a[0], &to);
    if (e == OK)
        e = thread_find(cur, a[1], &from);
    if (e != OK)
        return e;
    if (to->state != T_STOPPED || from->state == T_RUNNING || from->state == T_READY || from->state == T_SPENT || to == from)
        return ERR_BUSY;
    if (a[2] & ~(uint64_t)REGS_RESULT)
        return ERR_INVAL;
    /* commit */
    for (unsigned i = 0; i < 32; i += 4) {
        to->x[i] = from->x[i];
        to->x[i + 1] = from->x[i + 1];
        to->x[i + 2] = from->x[i + 2];
        to->x[i + 3] = from->x[i + 3];
    }
    for (unsigned i = 0; i < 3 && (a[2] & REGS_RESULT); i++)
        to->x[REG_A0 + i] = a[3 + i];
    arch_fpu_copy(to, from);
    return OK;
}

long sys_thread_reg_get(struct thread *cur, uint64_t *a)
{
    struct thread *t;
    err_t e = thread_find(cur, a[0], &t);
    if (e != OK)
        return e;
    if (a[1] >= 32)
        return ERR_INVAL;
    a[1] = t->x[a[1]];
    return OK;
}

/* Also for a thread whose exception this caller is handling. Where one goes on when its call is answered may be set, too: gp, which
 * the answer leaves alone, then says where it would have gone on. */
long sys_thread_reg_set(struct thread *cur, uint64_t *a)
{
    struct thread *t;
    err_t e = thread_find(cur, a[0], &t);
    if (e != OK)
        return e;
    if (a[1] >= 32)
        return ERR_INVAL;
    bool handled = t->state == T_WAIT_REPLY && t->call_kind == MSG_EXCEPTION;
    bool after_call = a[1] == REG_PC && thread_calls(t);
    if (t->state != T_STOPPED && !handled && !after_call)
        return ERR_BUSY;
    /* commit */
    if (after_call)
        t->x[REG_GP] = t->x[REG_PC];
    t->x[a[1]] = a[1] == REG_PC ? a[2] & ~1UL : a[2];
    return OK;
}

long sys_thread_prio(struct thread *cur, uint64_t *a)
{
    struct thread *t;
    err_t e = thread_find(cur, a[0], &t);
    if (e != OK)
        return e;
    if (a[1] >= PRIORITIES)
        return ERR_INVAL;
    /* commit */
    t->base_prio = a[1];
    if (t->own)
        t->own->prio = a[1];
    lend_update(t);
    return OK;
}

/* a0 thread, a1 hart | HART_STAY: it runs there from now on; as a server it follows its clients unless it shall stay. */
long sys_thread_hart(struct thread *cur, uint64_t *a)
{
    struct thread *t;
    err_t e = thread_find(cur, a[0], &t);
    if (e == OK && (a[1] & ~HART_STAY) >= hart_count)
        e = ERR_INVAL;
    if (e != OK)
        return e;
    /* commit */
    t->stays = (a[1] & HART_STAY) != 0;
    sched_move(t, &harts[a[1] & ~HART_STAY]);
    return OK;
}

/* a0 thread, a1 notification, or 0 for its own again. */
long sys_thread_bind(struct thread *cur, uint64_t *a)
{
    struct thread *t;
    struct handle *slot;
    err_t e = thread_find(cur, a[0], &t);
    if (e != OK)
        return e;
    struct ntfn *n = &t->self;
    if (a[1]) {
        e = handle_find(cur->space, a[1], OBJ_NTFN, RIGHT_WAIT, &slot);
        if (e != OK)
            return e;
        n = frame_va(slot->object);
        if (n->bound && n->bound != t)
            return ERR_BUSY;
    }
    /* commit */
    ntfn_bind(n, t);
    return OK;
}

/* What it ran since its hart switched to it is counted at the next switch, which may never come: count it now. */
static void account(struct thread *t)
{
    struct hart *h = t->hart;
    if (h->current != t)
        return;
    if (h != this_hart()) {
#ifndef MUTANT_KERNEL_COUNT_AT_SWITCHES
        arch_hart_enter(h); /* counts there as it enters */
#endif
        return;
    }
    uint64_t now = arch_instret();
    t->instructions += now - h->switch_instret;
    h->switch_instret = now;
}

_Static_assert((int)T_STOPPED == THREAD_STOPPED && (int)T_READY == THREAD_READY && (int)T_RUNNING == THREAD_RUNNING &&
                   (int)T_CALLING == THREAD_CALLING && (int)T_WAIT_REPLY == THREAD_WAIT_REPLY && (int)T_RECEIVING == THREAD_RECEIVING &&
                   (int)T_WAITING == THREAD_WAITING && (int)T_FAULTED == THREAD_FAULTED && (int)T_SPENT == THREAD_UNFUNDED,
               "user level sees states by these numbers");

long sys_thread_info(struct thread *cur, uint64_t *a)
{
    struct thread *t;
    err_t e = thread_find(cur, a[0], &t);
    if (e != OK)
        return e;
    account(t);
    a[1] = t->state;
    a[2] = t->prio | (uint64_t)t->hart->index << 8;
    a[3] = t->instructions;
    a[4] = t->frame;
    return OK;
}
