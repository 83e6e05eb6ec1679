/* SPDX-License-Identifier: MIT
 * The reference model of system calls (predict.h): messages, faults, copies, notifications.
 */
#include "predict.h"

/* ---- messages ---- */

static unsigned flags_of(const struct thread *t) { return t->x[X_A7] >> 8 & 0xff; }
static uint64_t deadline_of(const struct thread *t) { return flags_of(t) & IPC_F_DEADLINE ? t->x[X_T2] : DEADLINE_NONE; }
static bool is_over(uint64_t deadline) { return deadline != DEADLINE_NONE && deadline <= host_time; }
static outcome_t waits_until(uint64_t deadline) { return is_over(deadline) ? OUTCOME(ERR_TIMEOUT) : OUTCOME_BLOCKS; }

static const struct thread *thread_in(uint64_t id)
{
    const struct frame_info *i = predict_info((uint32_t)id);
    return i && i->kind == FRAME_THREAD ? frame_va((uint32_t)id) : 0;
}

static const struct thread *caller(const struct thread *server, uint64_t id)
{
    const struct thread *c = thread_in(id);
    bool waits = c && c->state == T_WAIT_REPLY && c->server == server->space;
    return waits && id >> 32 == (c->call_gen & 0x7fffffff) ? c : 0;
}

static const struct thread *faulter(const struct thread *pager, uint64_t id)
{
    const struct thread *f = thread_in(id);
    bool waits = f && f->fault.state == F_DELIVERED && f->pager == pager->space;
    return waits && id >> 32 == (1UL << 31 | (f->fault.gen & 0x7fffffff)) ? f : 0;
}

/* What a receive at ep brings: an event that is there, else the wait. Of the senders the first eight are looked at; one whose
 * handle can't be delivered is sent away. */
static outcome_t receives(const struct thread *t, const struct endpoint *ep)
{
    unsigned seen = 0;
    if (ep->cancels || t->bound->bits)
        return OUTCOME(OK);
    for (unsigned prio = PRIORITIES; prio-- > 0;) {
        const struct thread *first = ep->senders.head[prio], *s = first;
        for (; s; s = s->q_next == first ? 0 : s->q_next) {
            bool gives = s->state == T_CALLING && s->call_kind == MSG_CALL && (s->call_flags & IPC_F_HANDLE);
            if (seen++ == 8 || !gives || !predict_transfer(s->space, s->x[X_T1], t->space))
                return OUTCOME(OK);
        }
    }
    return waits_until(deadline_of(t));
}

static outcome_t at_endpoint(const struct thread *t, uint64_t h, unsigned rights, const struct endpoint **ep)
{
    const struct handle *slot;
    outcome_t o = predict_handle(t->space, h, OBJ_ENDPOINT, rights, &slot);
    if (!o)
        *ep = predict_object(slot);
    return o;
}

static outcome_t on_call(const struct thread *t, const uint64_t *a)
{
    const struct endpoint *ep;
    unsigned flags = flags_of(t);
    outcome_t o = at_endpoint(t, a[0], RIGHT_SEND | (flags & IPC_F_HANDLE ? RIGHT_SEND_HANDLE : 0), &ep);
    if (!o && is_over(deadline_of(t)))
        o = OUTCOME(ERR_TIMEOUT);
    if (!o && (flags & IPC_F_HANDLE) && endpoint_receiver(ep))
        o = predict_transfer(t->space, t->x[X_T1], endpoint_receiver(ep)->space);
    return o ? o : OUTCOME_BLOCKS;
}

static outcome_t on_recv(const struct thread *t, const uint64_t *a)
{
    const struct endpoint *ep;
    outcome_t o = at_endpoint(t, a[0], RIGHT_RECV, &ep);
    return o ? o : receives(t, ep);
}

static outcome_t answers(const struct thread *t, const struct thread **c)
{
    *c = caller(t, t->x[X_T3]);
    if (!*c)
        return OUTCOME(ERR_STALE);
    unsigned gives = (*c)->call_kind == MSG_CALL ? flags_of(t) & (IPC_F_HANDLE | IPC_F_HANDLE2) : 0;
    if (!(gives & IPC_F_HANDLE2))
        return gives ? predict_transfer(t->space, t->x[X_T1], (*c)->space) : 0;
    if (!(gives & IPC_F_HANDLE) || ((t->x[X_T1] | t->x[X_T0]) & XFER_MOVE))
        return OUTCOME(ERR_INVAL);
    outcome_t o = predict_transfer(t->space, t->x[X_T1], (*c)->space);
    if (!o)
        o = predict_transfer(t->space, t->x[X_T0], (*c)->space);
    return o ? o : predict_room((*c)->space, 2) ? 0 : OUTCOME(ERR_NOHANDLE);
}

static outcome_t on_reply(const struct thread *t, const uint64_t *a)
{
    const struct thread *c;
    (void)a;
    outcome_t o = answers(t, &c);
    return o ? o : OUTCOME(OK);
}

static outcome_t on_reply_recv(const struct thread *t, const uint64_t *a)
{
    const struct endpoint *ep;
    const struct thread *c;
    outcome_t o = at_endpoint(t, a[0], RIGHT_RECV, &ep);
    if (!o)
        o = answers(t, &c);
    if (o)
        return o;
    o = receives(t, ep);
    bool moves_things = c->fault.state != F_NONE || (flags_of(t) & (IPC_F_HANDLE | IPC_F_HANDLE2)); /* a cancel event, room in tables */
    return moves_things ? o | OUTCOME(OK) | waits_until(deadline_of(t)) : o;
}

/* ---- faults ---- */

static outcome_t may_map(const struct thread *t, const struct thread *f, const uint64_t *a)
{
    struct spot at = predict_walk(f->space, f->fault.va);
    bool window = f->fault.va >= WINDOW_BASE && f->fault.va < WINDOW_END;
    outcome_t o = predict_user(t->space, a[2]);
    if (!o)
        o = at.e ? predict_prot(a[1] >> 8 & 0xff) : OUTCOME(ERR_INVAL);
    if (!o && at.level && (window || spot_is_leaf(&at)))
        o = OUTCOME(ERR_INVAL);
    if (!o && !at.level && spot_is_shared(&at))
        o = OUTCOME(ERR_BUSY);
    for (unsigned i = 0; !o && i < at.level; i++)
        o = a[3 + i] ? predict_kfree(t->space, a[3 + i]) : OUTCOME(ERR_NOTABLE);
    if (!o && at.level == 2 && a[3] == a[4])
        o = OUTCOME(ERR_INVAL);
    return o;
}

static outcome_t may_upgrade(const struct thread *t, const struct thread *f)
{
    struct spot at = predict_walk(f->space, f->fault.va);
    if (!at.e || at.level || (*at.e & (PTE_V | PTE_COW)) != (PTE_V | PTE_COW))
        return OUTCOME(ERR_INVAL);
    return spot_is_shared(&at) ? OUTCOME(ERR_BUSY) : predict_user(t->space, PTE_FRAME(*at.e));
}

static outcome_t decides(const struct thread *t, const uint64_t *a, const struct thread **f)
{
    *f = faulter(t, t->x[X_T3]);
    if (!*f)
        return OUTCOME(ERR_STALE);
    switch (a[1] & 0xff) {
    case FAULT_MAP:
        return may_map(t, *f, a);
    case FAULT_UPGRADE:
        return may_upgrade(t, *f);
    case FAULT_RETRY:
    case FAULT_FORWARD:
    case FAULT_KILL:
        return 0;
    default:
        return OUTCOME(ERR_INVAL);
    }
}

static outcome_t on_fault_reply(const struct thread *t, const uint64_t *a)
{
    const struct thread *f;
    outcome_t o = decides(t, a, &f);
    return o ? o : OUTCOME(OK);
}

static outcome_t on_fault_reply_recv(const struct thread *t, const uint64_t *a)
{
    const struct endpoint *ep;
    const struct thread *f;
    outcome_t o = at_endpoint(t, a[0], RIGHT_RECV, &ep);
    if (!o)
        o = decides(t, a, &f);
    if (o)
        return o;
    /* a fault that is forwarded, or one of a copy, may come back to this very receive as an exception or a notification */
    bool echoes = (a[1] & 0xff) == FAULT_FORWARD || (a[1] & 0xff) == FAULT_KILL || f->state != T_FAULTED;
    return receives(t, ep) | (echoes ? OUTCOME(OK) : 0);
}

/* ---- copies ---- */

static bool reaches(const struct space *s, vaddr_t va, pte_t need, bool *never)
{
    struct spot at = predict_walk(s, va);
    bool allows = at.e && (*at.e & (PTE_V | PTE_U | need)) == (PTE_V | PTE_U | need);
    *never = !at.e || allows; /* outside user space, or a device: no pager can help */
    return allows && predict_info(PTE_FRAME(*at.e));
}

static outcome_t copies(const struct thread *t, const struct thread *c, const uint64_t *a)
{
    bool out = a[1] & COPY_TO_CLIENT, never;
    uint64_t theirs = c->buf_va[a[1] & 1] + a[2], ours = a[3];
    for (uint64_t left = a[4], n; left; left -= n, theirs += n, ours += n) {
        if (!reaches(c->space, theirs, out ? PTE_W : PTE_R, &never)) {
            const struct object_ref *h = &c->space->handler[HANDLER_FAULT];
            bool pager = c->fault.state != F_NONE || (h->frame && frame_table[h->frame - ram_first].gen == h->gen);
            return never || !pager ? OUTCOME(ERR_FAULT) : OUTCOME(ERR_FAULT_PENDING);
        }
        if (!reaches(t->space, ours, out ? PTE_R : PTE_W, &never))
            return never ? OUTCOME(ERR_FAULT) : OUTCOME_BLOCKS; /* the server's own fault */
        n = PAGE_SIZE - ((theirs & PAGE_MASK) > (ours & PAGE_MASK) ? theirs & PAGE_MASK : ours & PAGE_MASK);
        n = n < left ? n : left;
    }
    return OUTCOME(OK);
}

static outcome_t on_copy(const struct thread *t, const uint64_t *a)
{
    const struct thread *c = caller(t, a[0]);
    uint64_t buffer = a[1] & ~(uint64_t)COPY_TO_CLIENT;
    if (!c)
        return OUTCOME(ERR_STALE);
    if (buffer > 1 || c->call_kind != MSG_CALL || !(c->call_flags & IPC_F_BUF))
        return OUTCOME(ERR_INVAL);
    uint64_t length = BUF_LEN(c->buf_len[buffer]);
    if (a[2] > length || a[4] > length - a[2])
        return OUTCOME(ERR_INVAL);
    if (!(c->buf_len[buffer] & (a[1] & COPY_TO_CLIENT ? BUF_W : BUF_R)))
        return OUTCOME(ERR_RIGHTS);
    if (c->fault.error != OK || c->buf_va[buffer] + length < length)
        return OUTCOME(ERR_FAULT);
    return copies(t, c, a);
}

static outcome_t on_reply_alive(const struct thread *t, const uint64_t *a)
{
    return caller(t, a[0]) || faulter(t, a[0]) ? OUTCOME(OK) : OUTCOME(ERR_STALE);
}

/* ---- notifications ---- */

static outcome_t on_signal(const struct thread *t, const uint64_t *a)
{
    const struct handle *h;
    outcome_t o = predict_handle(t->space, a[0], OBJ_NTFN, RIGHT_SIGNAL, &h);
    if (o == OUTCOME(ERR_TYPE))
        o = predict_handle(t->space, a[0], OBJ_THREAD, RIGHT_SIGNAL, &h);
    return o ? o : OUTCOME(OK);
}

static outcome_t on_wait(const struct thread *t, const uint64_t *a)
{
    const struct handle *h;
    const struct ntfn *n = &t->self;
    outcome_t o = a[0] ? predict_handle(t->space, a[0], OBJ_NTFN, RIGHT_WAIT, &h) : 0;
    if (o)
        return o;
    if (a[0])
        n = predict_object(h);
    return n->bits ? OUTCOME(OK) : waits_until(deadline_of(t));
}

predict_fn *predict_message_rule(unsigned nr)
{
    static predict_fn *const rule[256] = {
        [SYS_CALL] = on_call, [SYS_RECV] = on_recv, [SYS_REPLY] = on_reply, [SYS_REPLY_RECV] = on_reply_recv,
        [SYS_FAULT_REPLY] = on_fault_reply, [SYS_FAULT_REPLY_RECV] = on_fault_reply_recv, [SYS_COPY] = on_copy,
        [SYS_REPLY_ALIVE] = on_reply_alive, [SYS_SIGNAL] = on_signal, [SYS_WAIT] = on_wait,
    };
    return rule[nr];
}
