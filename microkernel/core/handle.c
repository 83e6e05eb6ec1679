/* SPDX-License-Identifier: MIT
 * Handle tables: what a space may name. A handle is an object, rights and a badge; it is good as long as its
 * generation is that of the object's frame, so ending or revoking an object is one increment. No slot 0.
 */
#include "arch.h"

/* ERR_HANDLE, ERR_TYPE or ERR_RIGHTS, in this order. */
err_t handle_find(struct space *s, handle_t h, unsigned type, unsigned rights, struct handle **out)
{
    return handle_find_inline(s, h, type, rights, out);
}

/* ---- free slots: a doubly linked list through the table, so that a given slot can be taken too; and behind
 * s->handles those that were never used: most programs need a dozen ---- */

static void handle_free_slot(struct space *s, handle_t h)
{
    struct handle *slot = handle_slot(s, h);
    *slot = (struct handle){.object = s->handle_free, .gen = 0, .word = 0};
    if (s->handle_free)
        handle_slot(s, s->handle_free)->gen = h;
    s->handle_free = h;
}

static void handle_unlink_slot(struct space *s, handle_t h)
{
    struct handle *slot = handle_slot(s, h);
    if (slot->gen)
        handle_slot(s, slot->gen)->object = slot->object;
    else
        s->handle_free = slot->object;
    if (slot->object)
        handle_slot(s, slot->object)->gen = slot->gen;
}

static inline void handle_set_end(struct space *s, handle_t end)
{
    s->handles = end;
    s->handles_near = end < HANDLES_INLINE ? end : HANDLES_INLINE;
}

void handle_table_init(struct space *s)
{
    handle_set_end(s, 1);
    s->handle_room = HANDLES_INLINE;
    s->handle_free = 0;
    s->handle[0].word = 0; /* the frame may hold anything, and the fast path reads this slot as any other */
}

/* The slots before `end`, which is above s->handles, become ordinary free ones, the lowest first out. What handle_free_slot does
 * to each, but in one go: the kernel keeps interrupts off meanwhile. */
static void handle_reach(struct space *s, handle_t end)
{
    handle_t first = s->handles, next = s->handle_free;
    struct handle *slot = 0;
    handle_set_end(s, end);
    if (next)
        handle_slot(s, next)->gen = end - 1;
    for (handle_t h = end; h-- > first; next = h) { /* bound: HANDLES_INLINE + HANDLES_PER_FRAME */
        slot = slot && (h + 1 - HANDLES_INLINE) % HANDLES_PER_FRAME ? slot - 1 : handle_slot(s, h);
        *slot = (struct handle){.object = next, .gen = h > first ? h - 1 : 0, .word = 0};
    }
    s->handle_free = first;
}

/* A slot of the table, used before or not; 0: out of range. */
static SELDOM struct handle *handle_any_slot(struct space *s, handle_t h)
{
    if (unlikely(h >= s->handles && h < s->handle_room))
        handle_reach(s, h + 1);
    return handle_slot(s, h);
}

static inline void handle_write(struct handle *slot, uint64_t word, uint32_t object, uint32_t gen)
{
    *slot = (struct handle){.object = object, .gen = gen, .word = word};
}

static uint64_t handle_word(unsigned type, unsigned rights, badge_t badge)
{
    return badge << HANDLE_BADGE_SHIFT | (rights & 0xff) << HANDLE_RIGHTS_SHIFT | type;
}

err_t handle_new(struct space *s, unsigned type, unsigned rights, badge_t badge, uint32_t object, uint32_t gen,
                 handle_t *out)
{
    handle_t h = s->handle_free;
    if (!h) {
        if (s->handles >= s->handle_room)
            return ERR_NOHANDLE;
        h = s->handles;
        handle_set_end(s, h + 1);
    }
    struct handle *slot = handle_slot(s, h);
    if (s->handle_free) { /* it was the first of the list */
        s->handle_free = slot->object;
        if (slot->object)
            handle_slot(s, slot->object)->gen = 0;
    }
    handle_write(slot, handle_word(type, rights, badge), object, gen);
    *out = h;
    return OK;
}

void handle_close(struct space *s, handle_t h)
{
    const struct handle *slot = handle_slot(s, h);
    if (handle_type(slot) == OBJ_ENDPOINT && handle_live(slot))
        receive_disturbed(frame_va(slot->object));
    handle_free_slot(s, h);
}

/* The handle named in a message's last word goes to another space. On error nothing changed. */
err_t handle_transfer(struct space *from, uint64_t xfer, struct space *to, handle_t *out)
{
    handle_t h = (handle_t)xfer;
    struct handle *slot = handle_slot(from, h);
    if (!slot || !slot->word || !handle_live(slot))
        return ERR_HANDLE;
    if (!(handle_rights(slot) & RIGHT_GRANT))
        return ERR_RIGHTS;
    unsigned rights = handle_rights(slot) & (xfer >> 32) & 0xff;
    err_t e = handle_new(to, handle_type(slot), rights, handle_badge(slot), slot->object, slot->gen, out);
    if (e == OK && (xfer & XFER_MOVE))
        handle_close(from, h);
    return e;
}

struct endpoint *endpoint_of(const struct object_ref *r)
{
    if (!r->frame || frame_info_of(r->frame)->gen != r->gen)
        return 0;
    return frame_va(r->frame);
}

/* ---- system calls ---- */

syscall_fn sys_space_handler, sys_handle_copy, sys_handle_install, sys_handle_install_set, sys_handle_close, sys_handle_revoke, sys_handle_info, sys_handle_grow;

/* A live handle of cur's that may be passed on with these rights and this badge (0: its own). */
static err_t handle_source(struct thread *cur, handle_t h, uint64_t rights, badge_t badge, struct handle **out)
{
    struct handle *slot = handle_slot(cur->space, h);
    if (!slot || !slot->word || !handle_live(slot))
        return ERR_HANDLE;
    unsigned has = handle_rights(slot);
    if (!(has & RIGHT_GRANT) || (badge && !(has & RIGHT_MINT)))
        return ERR_RIGHTS;
    if (rights & ~0xffUL)
        return ERR_INVAL;
    *out = slot;
    return (rights & ~has) ? ERR_RIGHTS : OK;
}

SELDOM long sys_handle_copy(struct thread *cur, uint64_t *a)
{
    struct handle *src;
    err_t e = handle_source(cur, a[0], a[1], a[2], &src);
    if (e != OK)
        return e;
    handle_t h = NO_HANDLE;
    e = handle_new(cur->space, handle_type(src), a[1], a[2] ? a[2] : handle_badge(src), src->object, src->gen, &h);
    a[1] = h;
    return e;
}

/* a0 space or 0 for the caller's own. */
static err_t handle_space(struct thread *cur, handle_t h, unsigned right, struct space **out)
{
    struct handle *slot;
    *out = cur->space;
    if (!h)
        return OK;
    err_t e = handle_find(cur->space, h, OBJ_SPACE, right, &slot);
    if (e == OK)
        *out = frame_va(slot->object);
    return e;
}

/* w: slot, handle, rights, badge */
static inline err_t handle_install(struct thread *cur, struct space *to, const uint64_t *w)
{
    struct handle *src;
    err_t e = handle_source(cur, w[1], w[2], w[3], &src);
    if (e != OK)
        return e;
    handle_t h = w[0];
    struct handle *slot;
    if (h == to->handles && h < to->handle_room) { /* the usual order: the first that was never used */
        handle_set_end(to, h + 1);
        slot = handle_slot(to, h);
    } else {
        slot = handle_any_slot(to, h);
        if (!slot)
            return ERR_INVAL;
        if (slot->word)
            return ERR_EXIST;
        handle_unlink_slot(to, h);
    }
    /* commit */
    handle_write(slot, handle_word(handle_type(src), w[2], w[3] ? w[3] : handle_badge(src)), src->object, src->gen);
    return OK;
}

/* The usual entry: the first slot that was never used, a handle that is near. false: nothing changed, handle_install() says why. */
static inline bool install_quick(const struct space *from, struct space *to, uint32_t entry, badge_t badge)
{
    handle_t at = entry & 0x7ff, h = entry >> 11 & 0x7ff;
    unsigned rights = entry >> 22 & 0xff, needs = rights | RIGHT_GRANT | (badge ? RIGHT_MINT : 0);
    if (at != to->handles || at >= HANDLES_INLINE || h == 0 || h >= from->handles_near)
        return false;
    const struct handle *src = &from->handle[h];
    if (!src->word || !handle_live(src) || needs & ~handle_rights(src))
        return false;
    /* commit */
    handle_set_end(to, at + 1);
    handle_write(&to->handle[at], handle_word(handle_type(src), rights, badge ? badge : handle_badge(src)), src->object, src->gen);
    return true;
}

/* a0 space, a1 slot, a2 handle, a3 rights, a4 badge */
long sys_handle_install(struct thread *cur, uint64_t *a)
{
    struct space *to;
    err_t e = handle_space(cur, a[0], RIGHT_HANDLES, &to);
    return e == OK ? handle_install(cur, to, &a[1]) : e;
}

/* a0 space, a1 and a2 badges, a3.. up to eight INSTALL_ENTRY, two a register, ended by 0 -> a1 how many are installed. The slot that
 * there is not is where the space's exceptions go. */
typedef uint32_t __attribute__((may_alias)) half_t;
long sys_handle_install_set(struct thread *cur, uint64_t *a)
{
    struct space *to;
    err_t e = handle_space(cur, a[0], RIGHT_HANDLES, &to);
    uint64_t badge[4] = {0, a[1], a[2], 0};
    unsigned n = 0;
    const half_t *half = (const half_t *)&a[3];
    for (; e == OK && n < INSTALL_SET_MAX; n++) { /* bound: INSTALL_SET_MAX */
        uint32_t entry = half[n];
        if (!entry)
            break;
        unsigned which = entry >> 30;
        if (likely(which < 3 && install_quick(cur->space, to, entry, badge[which])))
            continue;
        uint64_t one[4] = {entry & 0x7ff, (entry >> 11) & 0x7ff, (entry >> 22) & 0xff, badge[which]};
        if (which == 3)
            e = ERR_INVAL;
        else if (one[0])
            e = handle_install(cur, to, one);
        else
            e = sys_space_handler(cur, (uint64_t[]){a[0], HANDLER_EXCEPTION, one[1], one[3]});
    }
    a[1] = e == OK ? n : n - (n > 0);
    return e;
}

long sys_handle_close(struct thread *cur, uint64_t *a)
{
    struct space *s;
    err_t e = handle_space(cur, a[0], RIGHT_HANDLES, &s);
    if (e != OK)
        return e;
    struct handle *slot = handle_slot(s, a[1]);
    if (!slot || !slot->word)
        return ERR_HANDLE;
    /* commit */
    handle_close(s, a[1]);
    return OK;
}

/* One increment makes every handle to the object stale, also those the kernel remembers; the caller's is renewed. */
SELDOM long sys_handle_revoke(struct thread *cur, uint64_t *a)
{
    struct handle *slot = handle_slot(cur->space, a[0]);
    if (!slot || !slot->word || !handle_live(slot))
        return ERR_HANDLE;
    if (!handle_has_frame(handle_type(slot)))
        return ERR_TYPE;
    if (!(handle_rights(slot) & RIGHT_OWN))
        return ERR_RIGHTS;
    if (slot->gen >= FRAME_GEN_MAX - 1)
        return ERR_LIMIT; /* the last one is for the object's end */
    /* commit */
    if (handle_type(slot) == OBJ_ENDPOINT)
        receive_disturbed(frame_va(slot->object));
    slot->gen = ++frame_info_of(slot->object)->gen;
    return OK;
}

SELDOM long sys_handle_info(struct thread *cur, uint64_t *a)
{
    struct space *s;
    err_t e = handle_space(cur, a[0], RIGHT_HANDLES, &s);
    if (e != OK)
        return e;
    struct handle *slot = handle_slot(s, a[1]);
    if (!slot || !slot->word || !handle_live(slot))
        return ERR_HANDLE;
    a[1] = handle_type(slot) | handle_rights(slot) << 8;
    a[2] = handle_badge(slot);
    a[3] = slot->object;
    return OK;
}

long sys_handle_grow(struct thread *cur, uint64_t *a)
{
    struct space *s;
    err_t e = handle_space(cur, a[0], RIGHT_HANDLES, &s);
    if (e == OK)
        e = frame_check_kfree(cur->space, a[1]);
    if (e != OK)
        return e;
    unsigned n = (s->handle_room - HANDLES_INLINE) / HANDLES_PER_FRAME;
    if (n >= HANDLE_FRAMES_MAX)
        return ERR_LIMIT;
    /* commit */
    frame_take(a[1], FRAME_HANDLES);
    s->handle_frame[n] = a[1];
    s->handle_room += HANDLES_PER_FRAME;
    handle_reach(s, s->handle_room);
    return OK;
}
