/* SPDX-License-Identifier: MIT
 * Kernel objects that the pager makes in its frames, and their records. An object exists when its record is committed; one
 * whose creation was interrupted is found at the restart by its handle and destroyed (objects_reconcile), so no frame is
 * lost in between.
 */
#include "object.h"

#include "frame.h"
#include "spare.h"
#include "sysgate.h"

static uint32_t free_object; /* chain, index + 1 */

/* ---- object records ---- */

static inline struct ledger_object *object_at(uint32_t n) { return &ledger.object[n - 1]; }
static inline uint32_t *object_next(uint32_t n) { return &ledger.object_node[n - 1].next; }

static void object_link(uint32_t n)
{
    struct space_vol *v = space_vol(object_at(n)->space);
    *object_next(n) = v->first_object;
    v->first_object = n;
    v->threads += object_at(n)->type == OBJ_THREAD;
}

static void object_unlink(uint32_t n)
{
    struct space_vol *v = space_vol(object_at(n)->space);
    uint32_t *link = &v->first_object;
    while (*link != n) /* bound: objects of the space */
        link = object_next(*link);
    *link = *object_next(n);
    v->threads -= object_at(n)->type == OBJ_THREAD;
}

static uint32_t object_record(const struct ledger_object *o)
{
    uint32_t n = free_object;
    free_object = *object_next(n);
    *object_at(n) = *o;
    object_at(n)->type = OBJ_NONE;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    *(volatile uint8_t *)&object_at(n)->type = o->type; /* commit */
    object_link(n);
    return n;
}

/* The object is gone and its frame free again. */
static void object_forget(uint32_t n)
{
    uint32_t slot = object_at(n)->space;
    frame_t f = object_at(n)->frame;
    object_unlink(n);
    *(volatile uint8_t *)&object_at(n)->type = OBJ_NONE; /* commit */
    *object_next(n) = free_object;
    free_object = n;
    frame_free_object(slot, f);
}

/* ---- creation ---- */

static bool records_are_full(void) { return free_object == 0 && !spare_give_back(); }

err_t handles_grow(uint32_t slot)
{
    frame_t f;
    if (records_are_full())
        return ERR_LIMIT;
    err_t err = frame_alloc_object(slot, &f);
    if (err != OK)
        return err;
    /* recorded first: no handle would tell a restart about it */
    uint32_t n = object_record(&(struct ledger_object){.type = LEDGER_HANDLES, .space = (uint16_t)slot, .frame = f});
    err = gate_handle_grow(slot ? space_at(slot)->handle : self.space, f);
    if (err != OK)
        object_forget(n);
    return err;
}

err_t object_create(unsigned type, frame_t f, const uint64_t how[3], handle_t *out)
{
    err_t err = gate_object_create(type, f, how, out);
    if (err != ERR_NOHANDLE)
        return err;
    err = handles_grow(0);
    return err == OK ? gate_object_create(type, f, how, out) : err;
}

void object_destroy_fresh(handle_t h)
{
    for (unsigned i = 0; i < DESTROY_TRIES; i++)
        if (gate_object_destroy(h) != ERR_AGAIN)
            return;
}

/* ---- threads, endpoints, notifications ---- */

static uint32_t find_object(uint32_t slot, unsigned type, unsigned thread_slot, uint64_t key)
{
    uint32_t n = space_vol(slot)->first_object;
    while (n) { /* bound: objects of the space */
        const struct ledger_object *o = object_at(n);
        if (o->type == type && o->slot == thread_slot && o->key == key)
            return n;
        n = *object_next(n);
    }
    return 0;
}

static err_t make_object(const struct ledger_object *like, const uint64_t how[3], uint32_t *out)
{
    struct ledger_object o = *like;
    if (records_are_full())
        return ERR_LIMIT;
    err_t err = frame_alloc_object(o.space, &o.frame);
    if (err != OK)
        return err;
    err = object_create(o.type, o.frame, how, &o.handle);
    if (err == OK && free_object == 0) { /* the pager's own table grew and took the last record */
        object_destroy_fresh(o.handle);
        err = ERR_LIMIT;
    }
    if (err != OK) {
        frame_free_object(o.space, o.frame);
        return err;
    }
    *out = object_record(&o);
    return OK;
}

err_t thread_new(uint32_t slot, unsigned thread_slot, uint64_t at, struct thread_made *out)
{
    err_t err = OK;
    uint32_t n = find_object(slot, OBJ_THREAD, thread_slot, 0);
    if (n == 0) {
        struct ledger_object like = {.type = OBJ_THREAD, .space = (uint16_t)slot, .slot = (uint8_t)thread_slot};
        err = make_object(&like, (const uint64_t[3]){space_at(slot)->handle, at, 0}, &n);
    }
    if (err == OK)
        *out = (struct thread_made){object_at(n)->handle, object_at(n)->frame};
    return err;
}

/* ERR_AGAIN: call again. */
static err_t object_end(uint32_t n)
{
    err_t err = ERR_AGAIN;
    for (unsigned i = 0; i < DESTROY_TRIES && err == ERR_AGAIN; i++)
        err = gate_object_destroy(object_at(n)->handle);
    if (err != OK && err != ERR_HANDLE)
        return err;
    object_forget(n);
    return OK;
}

err_t thread_delete(uint32_t slot, unsigned thread_slot)
{
    uint32_t n = find_object(slot, OBJ_THREAD, thread_slot, 0);
    return n ? object_end(n) : OK;
}

err_t thread_delete_last(uint32_t slot)
{
    if (space_vol(slot)->threads == 0)
        return OK;
    if (space_vol(slot)->threads > 1)
        return ERR_BUSY;
    uint32_t n = space_vol(slot)->first_object;
    while (object_at(n)->type != OBJ_THREAD) /* bound: objects of the space, one of which it is */
        n = *object_next(n);
    return object_end(n);
}

err_t object_new(uint64_t key, unsigned type, uint32_t slot, handle_t *out)
{
    err_t err = OK;
    uint32_t n = find_object(slot, type, 0, key);
    if (n == 0) {
        struct ledger_object like = {.type = (uint8_t)type, .key = key, .space = (uint16_t)slot};
        err = make_object(&like, (const uint64_t[3]){0, 0, 0}, &n);
    }
    if (err == OK)
        *out = object_at(n)->handle;
    return err;
}

void objects_forget_handles(uint32_t slot)
{
    for (uint32_t n = space_vol(slot)->first_object, next; n; n = next) { /* bound: objects of the space */
        next = *object_next(n);
        if (object_at(n)->type == LEDGER_HANDLES)
            object_forget(n);
    }
}

err_t objects_destroy_owned(uint32_t slot)
{
    for (uint32_t n = space_vol(slot)->first_object, next; n; n = next) { /* bound: objects of the space */
        next = *object_next(n);
        unsigned type = object_at(n)->type;
        if (type != OBJ_ENDPOINT && type != OBJ_NTFN && type != OBJ_SCHED)
            continue;
        err_t err = object_end(n);
        if (err != OK)
            return err;
    }
    return OK;
}

/* ---- start and restart ---- */

void objects_build(void)
{
    free_object = 0;
    for (uint32_t n = ledger.max_objects; n > 0; n--) {
        if (object_at(n)->type == OBJ_NONE) {
            *object_next(n) = free_object;
            free_object = n;
        } else {
            object_link(n);
            space_vol(object_at(n)->space)->objects++;
        }
    }
}

/* Whether the ledger (or the boot page) knows this handle as an object of the pager's. */
static bool handle_is_known(handle_t h)
{
    if (h == self.space || h == self.thread || h == self.endpoint || h == self.kernel)
        return true;
    for (unsigned i = 0; i < NOTIFY_MAX; i++)
        if (ledger.header->notify[i].owner && ledger.header->notify[i].handle == h)
            return true;
    return false;
}

/* Marks in bit maps of the scratch area, one bit a handle: the ledger's handles are looked up in one pass. */
static void mark_handle(handle_t h, uint32_t limit)
{
    if (h < limit)
        ledger.scratch[h / 32] |= 1u << (h % 32);
}

static void mark_ledger_handles(uint32_t limit)
{
    for (uint32_t i = 0; i <= limit / 32; i++)
        ledger.scratch[i] = 0;
    for (uint32_t slot = 1; slot < ledger.max_spaces; slot++)
        if (space_at(slot)->live)
            mark_handle(space_at(slot)->handle, limit);
    for (uint32_t n = 1; n <= ledger.max_objects; n++)
        if (object_at(n)->type != OBJ_NONE)
            mark_handle(object_at(n)->handle, limit);
}

/* Whether the object in this frame has a record: then another handle to it, however it came here, must not end it. */
static bool frame_is_recorded(frame_t f)
{
    for (uint32_t n = 1; n <= ledger.max_objects; n++)
        if (object_at(n)->type != OBJ_NONE && object_at(n)->frame == f)
            return true;
    for (uint32_t slot = 1; slot < ledger.max_spaces; slot++)
        if (space_at(slot)->live && space_at(slot)->control == f)
            return true;
    return false;
}

/* A creation was cut off after the kernel made the object: end it. What came in a message and was not recorded is only closed. */
static void end_stray(handle_t h, const struct handle_info *info)
{
    bool made_here = frame_in_ram((frame_t)info->object) && (info->rights & RIGHT_OWN) &&
                     frame_kernel_word((frame_t)info->object)->owner == self.id &&
                     !frame_is_recorded((frame_t)info->object);
    if (made_here)
        object_destroy_fresh(h);
    else
        (void)gate_handle_close(h);
}

/* A destruction was cut off after the kernel ended the object: forget it. Frames are found by their kind later. */
static void forget_dead(void)
{
    for (uint32_t n = 1; n <= ledger.max_objects; n++) {
        struct ledger_object *o = object_at(n);
        if (o->type == OBJ_NONE)
            continue;
        unsigned kind = frame_infos[frame_index(o->frame)].kind;
        if (kind == FRAME_KFREE)
            *(volatile uint8_t *)&o->type = OBJ_NONE;
    }
    for (uint32_t slot = 1; slot < ledger.max_spaces; slot++) {
        struct ledger_space *s = space_at(slot);
        if (s->live && frame_infos[frame_index(s->control)].kind != FRAME_SPACE) {
            struct ledger_space gone = {.gen = s->gen % 0xffff + 1};
            ledger_begin();
            ledger_put(s, &gone, sizeof(gone));
            ledger_commit();
        }
    }
}

void objects_reconcile(void)
{
    struct space_info own;
    if (gate_space_info(self.space, &own) != OK)
        return;
    forget_dead();
    uint32_t limit = (uint32_t)own.handles;
    if (limit / 32 >= ledger.frames)
        return;
    mark_ledger_handles(limit);
    for (handle_t h = 1; h < limit; h++) {
        struct handle_info info;
        bool listed = (ledger.scratch[h / 32] >> (h % 32)) & 1;
        if (!listed && !handle_is_known(h) && gate_handle_info(h, &info) == OK)
            end_stray(h, &info);
    }
}
