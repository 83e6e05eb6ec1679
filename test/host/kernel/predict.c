/* SPDX-License-Identifier: MIT
 * The reference model of system calls (predict.h): handles, objects, the kernel's controls; the rest:
 * predict_message.c, predict_thread.c, predict_map.c. It looks at the kernel's structures,
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

void *predict_object(const struct handle *h) { return frame_va(h->object); }

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
        *out = predict_object(slot);
    return o;
}

/* 0 means the caller's own. */
static outcome_t own_or_space(const struct thread *t, uint64_t h, unsigned rights, struct space **out)
{
    *out = t->space;
    return (uint32_t)h ? predict_space(t, h, rights, out) : 0;
}

bool predict_room(const struct space *s, unsigned n)
{
    uint32_t free = s->handle_room - s->handles;
    for (uint32_t h = 1; h < s->handles; h++)
        free += !predict_slot(s, h)->word;
    return free >= n;
}
static bool has_room(const struct space *s) { return predict_room(s, 1); }

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
outcome_t predict_transfer(const struct space *from, uint64_t word, const struct space *to)
{
    const struct handle *h;
    outcome_t o = predict_handle(from, word, OBJ_NONE, RIGHT_GRANT, &h);
    return o ? o : has_room(to) ? 0 : OUTCOME(ERR_NOHANDLE);
}

/* ---- frames ---- */

const struct frame_info *predict_info(uint64_t f) { return f >= ram_first && f < ram_end ? &frame_table[f - ram_first] : 0; }

outcome_t predict_user(const struct space *owner, uint64_t f)
{
    const struct frame_info *i = predict_info(f);
    if (!i)
        return OUTCOME(ERR_INVAL);
    return i->kind == FRAME_USER && i->owner == owner->frame && !(i->flags & FRAME_F_BATCH) ? 0 : OUTCOME(ERR_OWNER);
}

outcome_t predict_kfree(const struct space *owner, uint64_t f)
{
    const struct frame_info *i = predict_info(f);
    if (!i)
        return OUTCOME(ERR_INVAL);
    return i->kind == FRAME_KFREE && i->owner == owner->frame ? 0 : OUTCOME(ERR_OWNER);
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
        if (e >> 30 == 3)
            o = OUTCOME(ERR_INVAL);
        else if (slot == 0)
            o = on_space_handler(t, (const uint64_t[]){a[0], HANDLER_EXCEPTION, w[1], w[3]});
        else
            o = installs(t, to, w);
        if (o == OUTCOME(OK))
            o = taken[slot] ? OUTCOME(ERR_EXIST) : 0;
        taken[slot] = slot != 0;
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
    bool busy = type_of(h) == OBJ_SPACE && (predict_object(h) == t->space || !is_empty(predict_object(h)));
    return busy ? OUTCOME(ERR_BUSY) : OUTCOME(OK); /* no more than 16 threads wait anywhere here: never ERR_AGAIN */
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
    [SYS_NULL] = always_ok, [SYS_YIELD] = always_ok, [SYS_HANDLE_COPY] = on_handle_copy,
    [SYS_HANDLE_INSTALL] = on_handle_install, [SYS_HANDLE_INSTALL_SET] = on_handle_install_set,
    [SYS_HANDLE_CLOSE] = on_handle_close, [SYS_HANDLE_REVOKE] = on_handle_revoke, [SYS_HANDLE_INFO] = on_handle_info,
    [SYS_HANDLE_GROW] = on_handle_grow, [SYS_OBJECT_CREATE] = on_object_create, [SYS_OBJECT_DESTROY] = on_object_destroy,
    [SYS_SPACE_HANDLER] = on_space_handler, [SYS_SPACE_RESET] = on_space_reset, [SYS_SPACE_INFO] = on_space_info,
    [SYS_SPACE_EXEC_FENCE] = always_ok, [SYS_IRQ_CREATE] = on_irq_create, [SYS_IRQ_BIND] = on_irq_bind,
    [SYS_IRQ_ACK] = on_irq_ack, [SYS_DEBUG_PUTC] = on_debug_putc, [SYS_TRACE_READ] = on_trace_read,
    [SYS_TRACE_MASK] = on_checks, [SYS_KERNEL_INFO] = on_kernel_info, [SYS_KERNEL_CHECK] = on_checks,
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
    fn = fn ? fn : predict_message_rule(nr);
    fn = fn ? fn : predict_thread_rule(nr);
    if (fn)
        return fn(t, &t->x[REG_A0]);
    return is_known(nr) ? OUTCOME_ANY : OUTCOME(ERR_NOSYS);
}

outcome_t outcome_of(long result)
{
    return result == HOST_BLOCKED ? OUTCOME_BLOCKS : result >= 0 ? OUTCOME(OK) : result > -30 ? OUTCOME(result) : OUTCOME_ANY;
}
