/* SPDX-License-Identifier: MIT
 * Requests about spaces, threads, objects and long operations: procmgr's and init's.
 */
#include "frame.h"
#include "op.h"
#include "request.h"
#include "space.h"
#include "sysgate.h"

#define SPACE_RIGHTS_GIVEN (RIGHTS_ALL & ~(RIGHT_MAP | RIGHT_OWN))
#define THREAD_RIGHTS_GIVEN (RIGHTS_ALL & ~RIGHT_OWN)

/* A thread of the space, made or found, goes to the caller. */
static err_t give_thread(uint32_t slot, unsigned thread_slot, uint64_t at, struct response *r)
{
    struct thread_made made;
    err_t err = thread_new(slot, thread_slot, at, &made);
    if (err != OK)
        return err;
    r->m.w[2] = made.frame;
    r->give[0] = (struct ipc_give){made.handle, THREAD_RIGHTS_GIVEN};
    return OK;
}

/* The space and its first thread. */
static err_t give_born(uint32_t slot, uint64_t at, struct response *r)
{
    r->m.w[1] = space_id(slot); /* also when there is no thread: who asked ends it */
    err_t err = give_thread(slot, 0, at, r);
    if (err == OK)
        r->give[1] = (struct ipc_give){space_at(slot)->handle, SPACE_RIGHTS_GIVEN};
    return err;
}

err_t req_space_new(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot, payer = 0;
    if (ev->w[2]) {
        payer = request_slot(ev->w[2]);
        if (payer == 0)
            return ERR_NOENT;
    }
    err_t err = space_new(ev->w[1], payer, ev->w[3], &slot);
    if (err != OK)
        return err;
    if (BADGE_CLASS(ev->badge) == BADGE_INIT) /* before anything is mapped in it */
        *(volatile uint16_t *)&space_at(slot)->flags = SPACE_F_SERVER;
    r->m.w[1] = space_id(slot);
    if (ev->w[3])
        return give_born(slot, ev->w[3], r);
    r->give[0] = (struct ipc_give){space_at(slot)->handle, SPACE_RIGHTS_GIVEN};
    return OK;
}

static err_t run(const struct ipc_event *ev, struct ledger_op op, uint64_t key)
{
    op.key = key;
    op.owner = (uint8_t)BADGE_CLASS(ev->badge);
    return key ? op_run(&op, NO_REPLY) : ERR_INVAL;
}

err_t req_space_clear(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot;
    (void)r;
    err_t err = request_space(ev, &slot);
    if (err != OK)
        return err;
    return run(ev, (struct ledger_op){.kind = OP_CLEAR, .space = space_id(slot)}, ev->w[2]);
}

/* Asked again after the end the space is unknown; the kept result says what became of it. */
err_t req_space_delete(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot = request_slot(ev->w[1]);
    (void)r;
    if (slot == 0)
        return op_result(ev->w[2], BADGE_CLASS(ev->badge));
    err_t err = thread_delete_last(slot);
    if (err != OK)
        return err;
    return run(ev, (struct ledger_op){.kind = OP_DELETE, .space = space_id(slot)}, ev->w[2]);
}

err_t req_fork(const struct ipc_event *ev, struct response *r)
{
    uint32_t parent = request_slot(ev->w[1]), child = request_slot(ev->w[2]);
    struct ledger_op op = {.kind = OP_FORK, .strategy = (uint8_t)ledger.header->strategy};
    bool born = parent && ev->w[2] == 0;
    err_t err = born ? space_new(ev->w[4], parent, ev->w[5], &child) : OK;
    if (err != OK)
        return err;
    if (parent == 0 || child == 0 || parent == child)
        return ERR_NOENT;
    op.space = space_id(parent);
    op.other = space_id(child);
    err = run(ev, op, ev->w[3]);
    if (!born || (err != OK && err != ERR_IN_PROGRESS))
        return err;
    err_t made = give_born(child, ev->w[5], r); /* last, for its frame comes back first: tables get those that are zero */
    return made == OK ? err : made;
}

err_t req_op_result(const struct ipc_event *ev, struct response *r)
{
    (void)r;
    return op_result(ev->w[1], BADGE_CLASS(ev->badge));
}

err_t req_thread_new(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot;
    err_t err = request_space(ev, &slot);
    if (err != OK)
        return err;
    if (ev->w[2] >= THREADS_MAX)
        return ERR_INVAL;
    if (space_is_locked(slot) && ledger.op[space_vol(slot)->op - 1].kind == OP_DELETE)
        return ERR_NOENT;
    return give_thread(slot, (unsigned)ev->w[2], ev->w[3], r);
}

err_t req_thread_delete(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot;
    (void)r;
    err_t err = request_space(ev, &slot);
    if (err != OK)
        return err;
    return ev->w[2] < THREADS_MAX ? thread_delete(slot, (unsigned)ev->w[2]) : ERR_INVAL;
}

err_t req_object_new(const struct ipc_event *ev, struct response *r)
{
    if (ev->w[2] != OBJ_ENDPOINT && ev->w[2] != OBJ_NTFN && ev->w[2] != OBJ_SCHED)
        return ERR_INVAL;
    uint32_t slot = request_slot(ev->w[3]);
    if (ev->w[3] != 0 && slot == 0)
        return ERR_NOENT;
    handle_t h;
    err_t err = object_new(ev->w[1], (unsigned)ev->w[2], slot, &h);
    if (err == OK)
        r->give[0] = (struct ipc_give){h, RIGHTS_ALL};
    return err;
}

err_t req_limit(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot;
    err_t err = request_space(ev, &slot);
    if (err != OK)
        return err;
    if (ev->w[2] > UINT32_MAX)
        return ERR_INVAL;
    r->m.w[1] = space_at(slot)->limit;
    *(volatile uint32_t *)&space_at(slot)->limit = (uint32_t)ev->w[2];
    return OK;
}

err_t req_handles(const struct ipc_event *ev, struct response *r)
{
    uint32_t slot;
    (void)r;
    err_t err = request_space(ev, &slot);
    return err == OK ? handles_grow(slot) : err;
}

/* The place of this owner, or a free one, or NOTIFY_MAX. */
static unsigned notify_place(unsigned owner)
{
    unsigned place = NOTIFY_MAX;
    for (unsigned i = 0; i < NOTIFY_MAX; i++) {
        if (ledger.header->notify[i].owner == owner)
            return i;
        if (ledger.header->notify[i].owner == 0)
            place = i;
    }
    return place;
}

/* One notification a badge class; a new one takes the old one's place. The handle came with the message in w[7]. */
err_t req_notify(const struct ipc_event *ev, struct response *r)
{
    unsigned owner = BADGE_CLASS(ev->badge), place = notify_place(owner);
    struct ledger_notify fresh = {.handle = (handle_t)ev->w[7], .owner = owner, .bits = ev->w[1]};
    (void)r;
    if (fresh.handle == NO_HANDLE || fresh.bits == 0)
        return ERR_INVAL;
    if (place == NOTIFY_MAX) {
        (void)gate_handle_close(fresh.handle);
        return ERR_LIMIT;
    }
    struct ledger_notify old = ledger.header->notify[place];
    ledger_begin();
    ledger_put(&ledger.header->notify[place], &fresh, sizeof(fresh));
    ledger_commit();
    if (old.owner)
        (void)gate_handle_close(old.handle);
    return OK;
}
