/* SPDX-License-Identifier: MIT
 * The reference model of system calls (predict.h): handles, objects, threads, messages. It looks at the kernel's structures,
 * but none of the kernel's functions: each rule is what docs/syscalls/ says, in the order in which errors are found.
 */
#include "predict.h"

/* ---- handles ---- */

const struct handle *predict_slot(const struct space *s, uint64_t h64)
{
    uint32_t h = (uint32_t)h64; /* a handle is 32 bits, the rest of the register is not looked at */
    if (h == 0 || h >= s->handles)
        return 0;
    if (h < HANDLES_INLINE)
        return &s->handle[h];
    const struct handle *more = frame_va(s->handle_frame[(h - HANDLES_INLINE) / HANDLES_PER_FRAME]);
    return &more[(h - HANDLES_INLINE) % HANDLES_PER_FRAME];
}

static unsigned type_of(const struct handle *h) { return h->word & 0xff; }
static unsigned rights_of(const struct handle *h) { return h->word >> 8 & 0xff; }
static bool has_frame(unsigned type) { return type && type != OBJ_IRQ && type != OBJ_KERNEL; }

static bool is_good(const struct handle *h)
{
    return h && h->word && (!has_frame(type_of(h)) || frame_table[h->object - ram_first].gen == h->gen);
}

static void *object_of(const struct handle *h) { return frame_va(h->object); }

outcome_t predict_handle(const struct space *s, uint64_t h, unsigned type, unsigned rights, const struct handle **out)
{
    const struct handle *slot = predict_slot(s, h);
    if (!is_good(slot))
        return OUTCOME(ERR_HANDLE);
    if (type != OBJ_NONE && type_of(slot) != type)
        return OUTCOME(ERR_TYPE);
    if (rights & ~rights_of(slot))
        return OUTCOME(ERR_RIGHTS);
    *out = slot;
    return 0;
}

outcome_t predict_space(const struct thread *t, uint64_t h, unsigned rights, struct space **out)
{
    const struct handle *slot;
    outcome_t o = predict_handle(t->space, h, OBJ_SPACE, rights, &slot);
    if (!o)
        *out = object_of(slot);
    return o;
}

/* 0 means the caller's own. */
static outcome_t own_or_space(const struct thread *t, uint64_t h, unsigned rights, struct space **out)
{
    *out = t->space;
    return (uint32_t)h ? predict_space(t, h, rights, out) : 0;
}

static bool has_room_for(const struct space *s, unsigned n)
{
    uint32_t free = s->handle_room - s->handles;
    for (uint32_t h = 1; h < s->handles; h++)
        free += !predict_slot(s, h)->word;
    return free >= n;
}
static bool has_room(const struct space *s) { return has_room_for(s, 1); }

static outcome_t source(const struct thread *t, uint64_t h, uint64_t rights, uint64_t badge, const struct handle **out)
{
    outcome_t o = predict_handle(t->space, h, OBJ_NONE, RIGHT_GRANT | (badge ? RIGHT_MINT : 0), out);
    if (!o && rights > RIGHTS_ALL)
        o = OUTCOME(ERR_INVAL);
    if (!o && (rights & ~rights_of(*out)))
        o = OUTCOME(ERR_RIGHTS);
    return o;
}

/* A handle named in a message's last word. */
static outcome_t transfer(const struct space *from, uint64_t word, const struct space *to)
{
    const struct handle *h;
    outcome_t o = predict_handle(from, word, OBJ_NONE, RIGHT_GRANT, &h);
    return o ? o : has_room(to) ? 0 : OUTCOME(ERR_NOHANDLE);
}

/* ---- frames ---- */

static const struct frame_info *info_of(uint64_t f) { return f >= ram_first && f < ram_end ? &frame_table[f - ram_first] : 0; }

outcome_t predict_user(const struct space *owner, uint64_t f)
{
    const struct frame_info *i = info_of(f);
    if (!i)
        return OUTCOME(ERR_INVAL);
    return i->kind == FRAME_USER && i->owner == owner->frame && !(i->flags & FRAME_F_BATCH) ? 0 : OUTCOME(ERR_OWNER);
}

outcome_t predict_kfree(const struct space *owner, uint64_t f)
{
    const struct frame_info *i = info_of(f);
    if (!i)
        return OUTCOME(ERR_INVAL);
    return i->kind == FRAME_KFREE && i->owner == owner->frame ? 0 : OUTCOME(ERR_OWNER);
}

/* ---- messages ---- */

static unsigned flags_of(const struct thread *t) { return t->x[X_A7] >> 8 & 0xff; }
static uint64_t deadline_of(const struct thread *t) { return flags_of(t) & IPC_F_DEADLINE ? t->x[X_T2] : DEADLINE_NONE; }
static bool is_over(uint64_t deadline) { return deadline != DEADLINE_NONE && deadline <= host_time; }
static outcome_t waits_until(uint64_t deadline) { return is_over(deadline) ? OUTCOME(ERR_TIMEOUT) : OUTCOME_BLOCKS; }

static const struct thread *thread_in(uint64_t id)
{
    const struct frame_info *i = info_of((uint32_t)id);
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
            if (seen++ == 8 || !gives || !transfer(s->space, s->x[X_T1], t->space))
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
        *ep = object_of(slot);
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
        o = transfer(t->space, t->x[X_T1], endpoint_receiver(ep)->space);
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
        return gives ? transfer(t->space, t->x[X_T1], (*c)->space) : 0;
    if (!(gives & IPC_F_HANDLE) || ((t->x[X_T1] | t->x[X_T0]) & XFER_MOVE))
        return OUTCOME(ERR_INVAL);
    outcome_t o = transfer(t->space, t->x[X_T1], (*c)->space);
    if (!o)
        o = transfer(t->space, t->x[X_T0], (*c)->space);
    return o ? o : has_room_for((*c)->space, 2) ? 0 : OUTCOME(ERR_NOHANDLE);
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
    return allows && info_of(PTE_FRAME(*at.e));
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
        n = object_of(h);
    return n->bits ? OUTCOME(OK) : waits_until(deadline_of(t));
}

static outcome_t always_ok(const struct thread *t, const uint64_t *a)
{
    (void)t, (void)a;
    return OUTCOME(OK);
}

/* ---- handles, objects ---- */

static outcome_t on_handle_copy(const struct thread *t, const uint64_t *a)
{
    const struct handle *h;
    outcome_t o = source(t, a[0], a[1], a[2], &h);
    return o ? o : has_room(t->space) ? OUTCOME(OK) : OUTCOME(ERR_NOHANDLE);
}

static outcome_t installs(const struct thread *t, const struct space *to, const uint64_t *w)
{
    const struct handle *h;
    outcome_t o = source(t, w[1], w[2], w[3], &h);
    if (o)
        return o;
    uint32_t slot = (uint32_t)w[0];
    const struct handle *old = predict_slot(to, slot);
    if (slot == 0 || slot >= to->handle_room)
        return OUTCOME(ERR_INVAL);
    return old && old->word ? OUTCOME(ERR_EXIST) : OUTCOME(OK);
}

static outcome_t on_handle_install(const struct thread *t, const uint64_t *a)
{
    struct space *to;
    outcome_t o = own_or_space(t, a[0], RIGHT_HANDLES, &to);
    return o ? o : installs(t, to, &a[1]);
}

/* The first that fails, or a slot that is named twice, ends it. */
static outcome_t on_handle_install_set(const struct thread *t, const uint64_t *a)
{
    struct space *to;
    outcome_t o = own_or_space(t, a[0], RIGHT_HANDLES, &to);
    uint64_t badge[4] = {0, a[1], a[2]};
    bool taken[2048] = {false};
    for (unsigned i = 0; i < INSTALL_SET_MAX && !o; i++) {
        uint32_t e = (uint32_t)(a[3 + i / 2] >> (i & 1 ? 32 : 0));
        uint32_t slot = e & 0x7ff;
        const uint64_t w[4] = {slot, e >> 11 & 0x7ff, e >> 22 & 0xff, badge[e >> 30]};
        if (e == 0)
            break;
        if (to == t->space && taken[w[1]])
            return OUTCOME_ANY; /* what it names has just come */
        o = e >> 30 == 3 ? OUTCOME(ERR_INVAL) : installs(t, to, w);
        if (o == OUTCOME(OK))
            o = taken[slot] ? OUTCOME(ERR_EXIST) : 0;
        taken[slot] = true;
    }
    return o ? o : OUTCOME(OK);
}

static outcome_t on_handle_close(const struct thread *t, const uint64_t *a)
{
    struct space *s;
    outcome_t o = own_or_space(t, a[0], RIGHT_HANDLES, &s);
    if (o)
        return o;
    const struct handle *slot = predict_slot(s, a[1]);
    return slot && slot->word ? OUTCOME(OK) : OUTCOME(ERR_HANDLE); /* a stale one still takes its slot */
}

static outcome_t on_handle_revoke(const struct thread *t, const uint64_t *a)
{
    const struct handle *h;
    outcome_t o = predict_handle(t->space, a[0], OBJ_NONE, 0, &h);
    if (o)
        return o;
    if (!has_frame(type_of(h)))
        return OUTCOME(ERR_TYPE);
    return rights_of(h) & RIGHT_OWN ? OUTCOME(OK) : OUTCOME(ERR_RIGHTS);
}

static outcome_t on_handle_info(const struct thread *t, const uint64_t *a)
{
    struct space *s;
    const struct handle *h;
    outcome_t o = own_or_space(t, a[0], RIGHT_HANDLES, &s);
    if (!o)
        o = predict_handle(s, a[1], OBJ_NONE, 0, &h);
    return o ? o : OUTCOME(OK);
}

static outcome_t on_handle_grow(const struct thread *t, const uint64_t *a)
{
    struct space *s;
    outcome_t o = own_or_space(t, a[0], RIGHT_HANDLES, &s);
    if (!o)
        o = predict_kfree(t->space, a[1]);
    bool full = !o && s->handle_room >= HANDLES_INLINE + HANDLE_FRAMES_MAX * HANDLES_PER_FRAME;
    return o ? o : full ? OUTCOME(ERR_LIMIT) : OUTCOME(OK);
}

static outcome_t on_object_create(const struct thread *t, const uint64_t *a)
{
    const struct handle *ep;
    struct space *s;
    outcome_t o = predict_kfree(t->space, a[1]);
    if (!o && !has_room(t->space))
        o = OUTCOME(ERR_NOHANDLE);
    if (!o && a[0] == OBJ_SPACE)
        o = predict_kfree(t->space, a[2]);
    if (!o && a[0] == OBJ_SPACE && a[1] == a[2])
        o = OUTCOME(ERR_INVAL);
    if (!o && a[0] == OBJ_SPACE && a[3])
        o = predict_handle(t->space, a[3], OBJ_ENDPOINT, RIGHT_MINT, &ep);
    bool at = a[3] & THREAD_AT(0, 0) && a[3] < 2 * THREAD_AT(0, 0) && (a[3] >> 8 & 0x1ff) < HOST_HARTS;
    if (!o && a[0] == OBJ_THREAD && a[3] && !at)
        o = OUTCOME(ERR_INVAL);
    if (!o && a[0] == OBJ_THREAD)
        o = predict_space(t, a[2], RIGHT_THREADS, &s);
    if (!o && !(a[0] < OBJ_TYPES && has_frame(a[0])))
        o = OUTCOME(ERR_INVAL);
    return o ? o : OUTCOME(OK);
}

static bool is_empty(const struct space *s)
{
    for (unsigned i = 0; i < PTES_PER_TABLE / 2; i++)
        if (s->root[i])
            return false;
    return !s->threads && !s->chunks && !space_has_clients(s);
}

static outcome_t on_object_destroy(const struct thread *t, const uint64_t *a)
{
    const struct handle *h;
    outcome_t o = predict_handle(t->space, a[0], OBJ_NONE, RIGHT_OWN, &h);
    if (o)
        return o;
    if (!has_frame(type_of(h)))
        return OUTCOME(ERR_TYPE);
    bool busy = type_of(h) == OBJ_SPACE && (object_of(h) == t->space || !is_empty(object_of(h)));
    return busy ? OUTCOME(ERR_BUSY) : OUTCOME(OK); /* no more than 16 threads wait anywhere here: never ERR_AGAIN */
}

/* ---- threads ---- */

static outcome_t control(const struct thread *t, uint64_t h, const struct thread **out)
{
    const struct handle *slot;
    outcome_t o = predict_handle(t->space, h, OBJ_THREAD, RIGHT_CONTROL, &slot);
    if (!o)
        *out = object_of(slot);
    return o;
}

static outcome_t on_thread_any(const struct thread *t, const uint64_t *a)
{
    const struct thread *x;
    outcome_t o = control(t, a[0], &x);
    return o ? o : OUTCOME(OK);
}

/* One that starts itself does not return: its a0 is what was asked for. */
static outcome_t on_thread_start(const struct thread *t, const uint64_t *a)
{
    const struct thread *x;
    outcome_t o = control(t, a[0], &x);
    if (!o && a[5] & ~(uint64_t)START_STOPPED)
        o = OUTCOME(ERR_INVAL);
    return o ? o : x == t ? outcome_of((long)a[3]) : OUTCOME(OK);
}

static outcome_t on_thread_resume(const struct thread *t, const uint64_t *a)
{
    const struct thread *x;
    outcome_t o = control(t, a[0], &x);
    return o ? o : x->state == T_STOPPED ? OUTCOME(OK) : OUTCOME(ERR_BUSY);
}

static outcome_t on_thread_regs_copy(const struct thread *t, const uint64_t *a)
{
    const struct thread *to, *from;
    outcome_t o = control(t, a[0], &to);
    if (!o)
        o = control(t, a[1], &from);
    if (o)
        return o;
    bool runs = from->state == T_RUNNING || from->state == T_READY || from->state == T_SPENT;
    if (to->state != T_STOPPED || runs || to == from)
        return OUTCOME(ERR_BUSY);
    return a[2] & ~(uint64_t)REGS_RESULT ? OUTCOME(ERR_INVAL) : OUTCOME(OK);
}

static outcome_t on_thread_reg_get(const struct thread *t, const uint64_t *a)
{
    const struct thread *x;
    outcome_t o = control(t, a[0], &x);
    return o ? o : a[1] > 31 ? OUTCOME(ERR_INVAL) : OUTCOME(OK);
}

static outcome_t on_thread_reg_set(const struct thread *t, const uint64_t *a)
{
    const struct thread *x;
    outcome_t o = control(t, a[0], &x);
    if (o || a[1] > 31)
        return o ? o : OUTCOME(ERR_INVAL);
    bool stands = x->state == T_STOPPED || (x->state == T_WAIT_REPLY && x->call_kind == MSG_EXCEPTION);
    return stands ? OUTCOME(OK) : OUTCOME(ERR_BUSY);
}

static outcome_t on_thread_hart(const struct thread *t, const uint64_t *a)
{
    const struct thread *x;
    outcome_t o = control(t, a[0], &x);
    return o ? o : (a[1] & ~HART_STAY) >= HOST_HARTS ? OUTCOME(ERR_INVAL) : OUTCOME(OK);
}

static outcome_t on_thread_prio(const struct thread *t, const uint64_t *a)
{
    const struct thread *x;
    outcome_t o = control(t, a[0], &x);
    return o ? o : a[1] > 255 ? OUTCOME(ERR_INVAL) : OUTCOME(OK);
}

static outcome_t on_thread_bind(const struct thread *t, const uint64_t *a)
{
    const struct thread *x;
    const struct handle *h;
    outcome_t o = control(t, a[0], &x);
    if (!o && a[1])
        o = predict_handle(t->space, a[1], OBJ_NTFN, RIGHT_WAIT, &h);
    if (o || !a[1])
        return o ? o : OUTCOME(OK);
    const struct ntfn *n = object_of(h);
    return n->bound && n->bound != x ? OUTCOME(ERR_BUSY) : OUTCOME(OK);
}

static outcome_t on_sched_set(const struct thread *t, const uint64_t *a)
{
    const struct handle *h;
    outcome_t o = predict_handle(t->space, a[0], OBJ_SCHED, RIGHT_CONTROL, &h);
    bool bad = a[1] < SCHED_BUDGET_MIN || a[2] < a[1] || a[2] > SCHED_PERIOD_MAX || a[3] > 255;
    return o ? o : bad ? OUTCOME(ERR_INVAL) : OUTCOME(OK);
}

static outcome_t on_thread_sched(const struct thread *t, const uint64_t *a)
{
    const struct thread *x;
    const struct handle *h;
    outcome_t o = control(t, a[0], &x);
    if (!o && a[1])
        o = predict_handle(t->space, a[1], OBJ_SCHED, RIGHT_CONTROL, &h);
    if (o || !a[1])
        return o ? o : OUTCOME(OK);
    const struct sched *c = object_of(h);
    if (!c->budget)
        return OUTCOME(ERR_INVAL);
    return c->thread && c->thread != x ? OUTCOME(ERR_BUSY) : OUTCOME(OK);
}

static outcome_t on_sched_info(const struct thread *t, const uint64_t *a)
{
    const struct handle *h;
    outcome_t o = predict_handle(t->space, a[0], OBJ_SCHED, 0, &h);
    return o ? o : OUTCOME(OK);
}

/* ---- the kernel's controls, interrupts ---- */

static outcome_t kernel(const struct thread *t, uint64_t h, unsigned right)
{
    const struct handle *slot;
    outcome_t o = predict_handle(t->space, h, OBJ_KERNEL, right, &slot);
    return o ? o : OUTCOME(OK);
}

static outcome_t on_irq_create(const struct thread *t, const uint64_t *a)
{
    outcome_t o = kernel(t, a[0], RIGHT_K_IRQ);
    if (o != OUTCOME(OK))
        return o;
    if (a[1] == 0 || a[1] >= arch_irq_sources())
        return OUTCOME(ERR_INVAL);
    return has_room(t->space) ? OUTCOME(OK) : OUTCOME(ERR_NOHANDLE);
}

static outcome_t on_irq_bind(const struct thread *t, const uint64_t *a)
{
    const struct handle *h;
    outcome_t o = predict_handle(t->space, a[0], OBJ_IRQ, RIGHT_IRQ_USE, &h);
    if (!o)
        o = predict_handle(t->space, a[1], OBJ_NTFN, RIGHT_SIGNAL, &h);
    return o ? o : OUTCOME(OK);
}

static outcome_t on_irq_ack(const struct thread *t, const uint64_t *a)
{
    const struct handle *h;
    outcome_t o = predict_handle(t->space, a[0], OBJ_IRQ, RIGHT_IRQ_USE, &h);
    return o ? o : OUTCOME(OK);
}

static outcome_t on_debug_putc(const struct thread *t, const uint64_t *a) { return kernel(t, a[0], RIGHT_K_DEBUG); }
static outcome_t on_checks(const struct thread *t, const uint64_t *a) { return kernel(t, a[0], RIGHT_K_CHECK); }

static outcome_t on_trace_read(const struct thread *t, const uint64_t *a)
{
    outcome_t o = kernel(t, a[0], RIGHT_K_TRACE);
    if (o != OUTCOME(OK) || a[1] >= hart_count)
        return o != OUTCOME(OK) ? o : OUTCOME(ERR_INVAL);
    bool none_yet = harts[a[1]].trace_next == 1;
    return a[2] >= harts[a[1]].trace_next || none_yet ? OUTCOME(ERR_NOENT) : OUTCOME(OK);
}

static outcome_t on_kernel_info(const struct thread *t, const uint64_t *a)
{
    outcome_t o = kernel(t, a[0], RIGHT_K_TRACE);
    bool known = a[2] < KC_COUNT || a[2] == KC_HARTS || a[2] == KC_INSTRET_BOOT;
    return o != OUTCOME(OK) ? o : a[1] < hart_count && known ? OUTCOME(OK) : OUTCOME(ERR_INVAL);
}

/* ---- spaces as servers ---- */

static outcome_t on_space_handler(const struct thread *t, const uint64_t *a)
{
    struct space *s;
    const struct handle *h;
    outcome_t o = predict_space(t, a[0], RIGHT_CONTROL, &s);
    if (!o && a[1] > HANDLER_EXCEPTION)
        o = OUTCOME(ERR_INVAL);
    if (!o && a[2])
        o = predict_handle(t->space, a[2], OBJ_ENDPOINT, RIGHT_MINT, &h);
    return o ? o : OUTCOME(OK);
}

static outcome_t on_space_reset(const struct thread *t, const uint64_t *a)
{
    struct space *s;
    outcome_t o = predict_space(t, a[0], RIGHT_CONTROL, &s);
    return o ? o : OUTCOME(OK);
}

static outcome_t on_space_info(const struct thread *t, const uint64_t *a)
{
    struct space *s;
    outcome_t o = a[0] ? predict_space(t, a[0], 0, &s) : 0;
    return o ? o : OUTCOME(OK);
}

/* ---- all of them ---- */

static predict_fn *const rule[256] = {
    [SYS_NULL] = always_ok, [SYS_CALL] = on_call, [SYS_RECV] = on_recv, [SYS_REPLY] = on_reply,
    [SYS_REPLY_RECV] = on_reply_recv, [SYS_FAULT_REPLY] = on_fault_reply, [SYS_FAULT_REPLY_RECV] = on_fault_reply_recv,
    [SYS_SIGNAL] = on_signal, [SYS_WAIT] = on_wait, [SYS_YIELD] = always_ok, [SYS_COPY] = on_copy,
    [SYS_REPLY_ALIVE] = on_reply_alive, [SYS_HANDLE_COPY] = on_handle_copy, [SYS_HANDLE_INSTALL] = on_handle_install,
    [SYS_HANDLE_INSTALL_SET] = on_handle_install_set,
    [SYS_HANDLE_CLOSE] = on_handle_close, [SYS_HANDLE_REVOKE] = on_handle_revoke, [SYS_HANDLE_INFO] = on_handle_info,
    [SYS_HANDLE_GROW] = on_handle_grow, [SYS_OBJECT_CREATE] = on_object_create, [SYS_OBJECT_DESTROY] = on_object_destroy,
    [SYS_THREAD_START] = on_thread_start, [SYS_THREAD_STOP] = on_thread_any, [SYS_THREAD_RESUME] = on_thread_resume,
    [SYS_THREAD_REGS_COPY] = on_thread_regs_copy, [SYS_THREAD_REG_GET] = on_thread_reg_get,
    [SYS_THREAD_REG_SET] = on_thread_reg_set, [SYS_THREAD_PRIO] = on_thread_prio, [SYS_THREAD_BIND] = on_thread_bind,
    [SYS_THREAD_INFO] = on_thread_any, [SYS_THREAD_HART] = on_thread_hart, [SYS_SCHED_SET] = on_sched_set, [SYS_THREAD_SCHED] = on_thread_sched,
    [SYS_SCHED_INFO] = on_sched_info, [SYS_SPACE_HANDLER] = on_space_handler, [SYS_SPACE_RESET] = on_space_reset,
    [SYS_SPACE_INFO] = on_space_info, [SYS_SPACE_EXEC_FENCE] = always_ok, [SYS_IRQ_CREATE] = on_irq_create,
    [SYS_IRQ_BIND] = on_irq_bind, [SYS_IRQ_ACK] = on_irq_ack, [SYS_DEBUG_PUTC] = on_debug_putc,
    [SYS_TRACE_READ] = on_trace_read, [SYS_TRACE_MASK] = on_checks, [SYS_KERNEL_INFO] = on_kernel_info,
    [SYS_KERNEL_CHECK] = on_checks,
};

static bool is_known(unsigned nr)
{
    switch (nr) {
#define IS_KNOWN(name, number, args, text) case number:
        SYSCALLS(IS_KNOWN)
        return true;
    default:
        return false;
    }
}

outcome_t predict(const struct thread *t)
{
    unsigned nr = t->x[X_A7] & 0xff;
    predict_fn *fn = rule[nr] ? rule[nr] : predict_map_rule(nr);
    if (fn)
        return fn(t, &t->x[REG_A0]);
    return is_known(nr) ? OUTCOME_ANY : OUTCOME(ERR_NOSYS);
}

outcome_t outcome_of(long result)
{
    return result == HOST_BLOCKED ? OUTCOME_BLOCKS : result >= 0 ? OUTCOME(OK) : result > -30 ? OUTCOME(result) : OUTCOME_ANY;
}
