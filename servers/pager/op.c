/* SPDX-License-Identifier: MIT
 * The state machines. A step ends within a bounded number of pages; only the cursor in the ledger says how far it got, and
 * a step repeated after a crash finds its work done already.
 *
 *   FORK     CLEAN (empty the child) → REGIONS → PAGES → done;  on an error or a restart → UNDO or CLEAN
 *   CLEAR    CLEAN: pages → REGIONS: records → done
 *   DELETE   the same, then the object
 *   UNMAP, PROTECT, FILL   PAGES → done (FILL on an error → UNDO)
 */
#include "op.h"

#include "defer.h"
#include "fault.h"
#include "fork/fork.h"
#include "region.h"
#include "space.h"
#include "sysgate.h"
#include "table.h"

enum phase { PHASE_CLEAN = 0, PHASE_REGIONS, PHASE_PAGES, PHASE_FORGET, PHASE_UNDO };

static uint16_t queue[OPS_MAX];       /* running operations, in turn */
static uint32_t queue_head, queue_len;
static reply_id_t waiter[OPS_MAX];    /* who is answered at the end; dies with the pager (the caller asks again) */
static uint64_t waiter_value[OPS_MAX];
static uint64_t next_value;
static uint32_t serial;

static inline struct ledger_op *op_at(uint32_t i) { return &ledger.op[i]; }
uint32_t ops_running(void) { return queue_len; }
bool op_is_pending(void) { return queue_len > 0; }
void op_set_value(uint64_t value) { next_value = value; }

/* ---- records ---- */

static void put(uint32_t i, const struct ledger_op *op)
{
    ledger_begin();
    ledger_put(op_at(i), op, sizeof(*op));
    ledger_commit();
}

/* By key: chains of record numbers + 1. */
static uint16_t hash_head[OPS_MAX], hash_next[OPS_MAX];
/* Records never used or without a result stand in free[], results already given out in a ring, oldest first. */
static uint16_t free_list[OPS_MAX], free_len, asked_ring[OPS_MAX], asked_head, asked_len;

static inline uint16_t *bucket_of(uint64_t key) { return &hash_head[(uint32_t)(key * 2654435761u >> 7) % OPS_MAX]; }

static void hash_add(uint32_t i)
{
    uint16_t *bucket = bucket_of(op_at(i)->key);
    hash_next[i] = *bucket;
    *bucket = (uint16_t)(i + 1);
}

static void hash_remove(uint32_t i)
{
    uint16_t *link = bucket_of(op_at(i)->key);
    while (*link != i + 1) /* bound: OPS_MAX */
        link = &hash_next[*link - 1];
    *link = hash_next[i];
}

static bool is_same(const struct ledger_op *a, const struct ledger_op *b)
{
    return a->key == b->key && a->kind == b->kind && a->space == b->space && a->other == b->other && a->owner == b->owner;
}

static uint32_t find_same(const struct ledger_op *want)
{
    for (uint32_t n = want->key ? *bucket_of(want->key) : 0; n; n = hash_next[n - 1])
        if (is_same(op_at(n - 1), want))
            return n - 1;
    return OPS_MAX;
}

/* Whether a finished operation with the same words is the one meant (its answer got lost), or this is a new one. */
static bool is_repeat(const struct ledger_op *op)
{
    uint32_t slot = space_slot(op->space);
    if (op->state == OP_RUNNING)
        return true;
    if (op->result != OK)
        return false;
    return op->kind != OP_CLEAR || (slot && space_vol(slot)->resident == 0 && space_vol(slot)->regions == 0);
}

static void give_out(uint32_t i)
{
    if (op_at(i)->asked)
        return;
    op_at(i)->asked = 1;
    asked_ring[(asked_head + asked_len++) % OPS_MAX] = (uint16_t)i;
}

/* A free record, else the oldest result that was given out already. */
static uint32_t take_record(void)
{
    if (free_len)
        return free_list[--free_len];
    if (asked_len == 0)
        return OPS_MAX;
    uint32_t i = asked_ring[asked_head];
    asked_head = (uint16_t)((asked_head + 1) % OPS_MAX);
    asked_len--;
    hash_remove(i);
    return i;
}

static void lock(uint32_t i)
{
    uint32_t a = space_slot(op_at(i)->space), b = space_slot(op_at(i)->other);
    if (a)
        space_vol(a)->op = (uint16_t)(i + 1);
    if (b)
        space_vol(b)->op = (uint16_t)(i + 1);
}

static void unlock(uint32_t i)
{
    uint32_t a = space_slot(op_at(i)->space), b = space_slot(op_at(i)->other);
    if (a)
        space_vol(a)->op = 0;
    if (b)
        space_vol(b)->op = 0;
}

static void enqueue(uint32_t i)
{
    queue[(queue_head + queue_len) % OPS_MAX] = (uint16_t)i;
    queue_len++;
    lock(i);
}

/* ---- steps on one space ---- */

/* Unmap one leaf table's pages and take it back. OK: nothing left. */
static err_t step_clean(uint32_t slot, uint32_t *cursor)
{
    uint32_t page = *cursor;
    frame_t leaf = table_next_leaf(slot, &page);
    if (leaf == NO_FRAME && page < USER_PAGES_END) {
        *cursor = page;
        return STEP_MORE;
    }
    if (leaf == NO_FRAME) {
        table_unmake_all(slot);
        return OK;
    }
    uint32_t floor = leaf_floor(page);
    table_unmap(slot, floor, floor + LEAF_PAGES);
    table_unmake(slot, floor);
    *cursor = floor + LEAF_PAGES;
    return STEP_MORE;
}

static err_t step_forget(uint32_t slot)
{
    for (unsigned i = 0; i < REGION_STEP; i++) {
        uint32_t r = region_any(slot);
        if (r == NO_REGION)
            return OK;
        region_delete(r);
    }
    return STEP_MORE;
}

/* Pages, then region records. */
static err_t step_empty(struct ledger_op *op, uint32_t slot)
{
    if (op->phase != PHASE_FORGET) {
        err_t err = step_clean(slot, &op->cursor_page);
        if (err == OK)
            op->phase = PHASE_FORGET;
        return STEP_MORE;
    }
    err_t err = step_forget(slot);
    if (err == OK)
        space_at(slot)->brk = 0;
    return err;
}

static err_t step_delete(struct ledger_op *op)
{
    uint32_t slot = space_slot(op->space);
    if (slot == 0)
        return OK; /* it went before a restart */
    if (op->phase != PHASE_PAGES) {
        err_t err = step_empty(op, slot);
        if (err == OK)
            op->phase = PHASE_PAGES;
        return err == OK ? STEP_MORE : err;
    }
    err_t err = space_destroy(slot);
    return err == ERR_AGAIN ? STEP_MORE : err;
}

static err_t step_clear(struct ledger_op *op)
{
    uint32_t slot = space_slot(op->space);
    return slot ? step_empty(op, slot) : ERR_NOENT;
}

/* ---- fork ---- */

/* The child's regions, REGION_STEP a step; cursor: the page behind the last one copied. */
static err_t step_copy_regions(struct ledger_op *op, uint32_t parent, uint32_t child)
{
    uint32_t r = NO_REGION;
    for (unsigned i = 0; i < REGION_STEP; i++) {
        r = i == 0 ? region_at_or_behind(parent, op->cursor_page) : region_next(r);
        if (r == NO_REGION) {
            space_at(child)->brk = space_at(parent)->brk;
            return OK;
        }
        struct ledger_region copy = *region_at(r);
        copy.space = (uint16_t)child;
        op->cursor_page = copy.start_page + 1;
        if (copy.backing == BACKING_DEVICE)
            continue;
        err_t err = region_add(&copy);
        if (err != OK)
            return err == ERR_LIMIT ? ERR_NOMEM : err;
    }
    return STEP_MORE;
}

static err_t step_pages(struct ledger_op *op, uint32_t parent, uint32_t child)
{
    struct fork_job job = {.parent = parent, .child = child, .page = op->cursor_page};
    err_t err = fork_way_of(op->strategy)->step(&job);
    op->cursor_page = job.page;
    op->pages_shared += job.pages_shared;
    op->pages_copied += job.pages_copied;
    return err;
}

static void next_phase(struct ledger_op *op, enum phase phase)
{
    op->cursor_page = 0;
    op->phase = (uint8_t)phase;
}

/* Something failed: remember why, empty the child. */
static err_t begin_undo(struct ledger_op *op, err_t why)
{
    op->result = why;
    next_phase(op, PHASE_UNDO);
    return STEP_MORE;
}

static err_t step_undo(struct ledger_op *op, uint32_t child)
{
    err_t err = step_clean(child, &op->cursor_page);
    if (err == OK)
        err = step_forget(child);
    if (err != OK)
        return err;
    space_at(child)->brk = 0;
    return op->result;
}

static void count_fork(const struct ledger_op *op)
{
    ledger.header->forks++;
    ledger.header->pages_shared += op->pages_shared;
    ledger.header->pages_copied += op->pages_copied;
}

static err_t step_fork(struct ledger_op *op)
{
    uint32_t parent = space_slot(op->space), child = space_slot(op->other);
    err_t err;
    if (child == 0)
        return ERR_NOENT;
    switch (op->phase) {
    case PHASE_CLEAN: /* only after a restart */
        err = step_clean(child, &op->cursor_page);
        if (err == OK)
            next_phase(op, PHASE_FORGET);
        return STEP_MORE;
    case PHASE_FORGET:
        err = step_forget(child);
        if (err == OK)
            next_phase(op, PHASE_REGIONS);
        return STEP_MORE;
    case PHASE_REGIONS:
        err = parent ? step_copy_regions(op, parent, child) : ERR_NOENT;
        if (err == OK)
            next_phase(op, PHASE_PAGES);
        break;
    case PHASE_PAGES:
        err = parent ? step_pages(op, parent, child) : ERR_NOENT;
        if (err == OK) {
            count_fork(op);
            return OK;
        }
        break;
    default:
        return step_undo(op, child);
    }
    return err < 0 ? begin_undo(op, err) : STEP_MORE;
}

/* ---- region changes ---- */

/* One leaf table's part of the range. */
static err_t step_range(struct ledger_op *op)
{
    uint32_t slot = space_slot(op->space), page = op->cursor_page;
    if (slot == 0 || page >= op->end_page)
        return OK;
    for (unsigned i = 0; i < LEAF_PAGES && page < op->end_page && table_leaf(slot, page) == NO_FRAME; i++)
        page = table_skip_hole(slot, page);
    uint32_t end = leaf_floor(page) + LEAF_PAGES;
    if (end > op->end_page)
        end = op->end_page;
    frame_t leaf = page < end ? table_leaf(slot, page) : NO_FRAME;
    if (leaf != NO_FRAME && frame_maps(leaf) > 0) {
        if (op->kind == OP_UNMAP)
            table_unmap(slot, page, end);
        else if (gate_space_protect(space_at(slot)->handle, va_of(page), end - page, op->prot) != OK)
            return ERR_INVAL;
    }
    if (op->kind == OP_UNMAP && leaf != NO_FRAME && frame_maps(leaf) == 0)
        table_unmake(slot, page);
    op->cursor_page = end;
    return end < op->end_page ? STEP_MORE : OK;
}

static err_t step_fill(struct ledger_op *op)
{
    uint32_t slot = space_slot(op->space);
    if (slot == 0)
        return ERR_NOENT;
    if (op->phase == PHASE_UNDO) {
        struct ledger_op unmap = *op;
        unmap.kind = OP_UNMAP;
        err_t err = step_range(&unmap);
        op->cursor_page = unmap.cursor_page;
        if (err == STEP_MORE)
            return err;
        uint32_t r = region_find(slot, op->start_page);
        if (r != NO_REGION)
            region_delete(r);
        return op->result;
    }
    uint32_t r = region_find(slot, op->start_page);
    for (unsigned i = 0; r != NO_REGION && i < FILL_STEP_PAGES && op->cursor_page < op->end_page; i++) {
        bool guard = (region_at(r)->flags & REGION_STACK) && op->cursor_page == region_at(r)->start_page;
        err_t err = guard ? OK : fault_fill(slot, r, op->cursor_page);
        if (err != OK) {
            (void)begin_undo(op, err);
            op->cursor_page = op->start_page;
            return STEP_MORE;
        }
        op->cursor_page++;
    }
    return op->cursor_page < op->end_page && r != NO_REGION ? STEP_MORE : OK;
}

/* ---- running ---- */

typedef err_t step_fn(struct ledger_op *op);
static step_fn *const step_of[] = {
    [OP_FORK] = step_fork,    [OP_CLEAR] = step_clear,   [OP_DELETE] = step_delete,
    [OP_UNMAP] = step_range,  [OP_PROTECT] = step_range, [OP_FILL] = step_fill,
};

static void notify(unsigned owner)
{
    for (unsigned i = 0; i < NOTIFY_MAX; i++) {
        const struct ledger_notify *n = &ledger.header->notify[i];
        if (n->owner && (owner == 0 || n->owner == owner))
            (void)gate_signal(n->handle, n->bits);
    }
}

void op_notify_all(void) { notify(0); }

/* The result is in the ledger before anybody hears of it. A result without a key is nobody's to ask for. */
static void finish(uint32_t i, err_t result)
{
    struct ledger_op *op = op_at(i), done = *op;
    unlock(i);
    done.result = result;
    done.state = op->key ? OP_DONE : OP_FREE;
    put(i, &done);
    if (op->key == 0)
        free_list[free_len++] = (uint16_t)i;
}

static void tell(uint32_t i)
{
    const struct ledger_op *op = op_at(i);
    if (waiter[i] != NO_REPLY) {
        struct ipc_msg m = {.w = {(uint64_t)(int64_t)op->result, waiter_value[i]}};
        (void)gate_reply(waiter[i], &m); /* STALE: the caller is gone */
        waiter[i] = NO_REPLY;
    }
    if (op->owner)
        notify(op->owner);
}

/* One step; whether the operation goes on. */
static bool advance(uint32_t i)
{
    err_t err = step_of[op_at(i)->kind](op_at(i));
    if (err == STEP_MORE)
        return true;
    finish(i, err);
    return false;
}

void op_step(void)
{
    uint32_t i = queue[queue_head];
    bool more = advance(i);
    queue_head = (queue_head + 1) % OPS_MAX;
    queue_len--;
    if (more) {
        queue[(queue_head + queue_len) % OPS_MAX] = (uint16_t)i;
        queue_len++;
        return;
    }
    tell(i);
    defer_retry();
}

static err_t may_begin(const struct ledger_op *want)
{
    uint32_t a = space_slot(want->space), b = space_slot(want->other);
    if (space_is_locked(a) || (b && space_is_locked(b)))
        return ERR_DEFER;
    if (want->kind == OP_FORK && (space_vol(b)->resident || space_vol(b)->regions))
        return ERR_EXIST;
    return OK;
}

err_t op_run(const struct ledger_op *want, reply_id_t reply)
{
    uint32_t i = find_same(want);
    if (i < OPS_MAX && is_repeat(op_at(i)))
        return op_at(i)->state == OP_RUNNING ? ERR_IN_PROGRESS : op_at(i)->result;
    err_t err = may_begin(want);
    if (err != OK)
        return err;
    i = take_record();
    if (i == OPS_MAX)
        return ERR_AGAIN;
    struct ledger_op op = *want;
    op.state = OP_RUNNING;
    op.phase = want->kind == OP_FORK ? PHASE_REGIONS : PHASE_CLEAN;
    op.serial = ++serial;
    put(i, &op);
    if (op.key)
        hash_add(i);
    lock(i);
    for (unsigned n = 0; n < INLINE_STEPS; n++) {
        if (advance(i))
            continue;
        if (op.key)
            give_out(i); /* the caller hears it now */
        return op_at(i)->result;
    }
    waiter[i] = want->key ? NO_REPLY : reply;
    waiter_value[i] = next_value;
    enqueue(i);
    return ERR_IN_PROGRESS;
}

/* Of several with this key the newest is meant. */
err_t op_result(uint64_t key, unsigned owner)
{
    uint32_t newest = OPS_MAX;
    for (uint32_t n = *bucket_of(key); n; n = hash_next[n - 1]) {
        const struct ledger_op *op = op_at(n - 1);
        if (op->key == key && op->owner == owner && (newest == OPS_MAX || op->serial > op_at(newest)->serial))
            newest = n - 1;
    }
    if (newest == OPS_MAX)
        return ERR_NOENT;
    if (op_at(newest)->state == OP_RUNNING)
        return ERR_IN_PROGRESS;
    give_out(newest);
    return op_at(newest)->result;
}

/* The index of all records. Those given out come in no particular order: age matters little after a restart. */
static void index_build(void)
{
    free_len = asked_head = asked_len = 0;
    for (uint32_t i = OPS_MAX; i-- > 0;)
        hash_head[i] = 0;
    for (uint32_t i = OPS_MAX; i-- > 0;) {
        struct ledger_op *op = op_at(i);
        if (op->state == OP_FREE) {
            free_list[free_len++] = (uint16_t)i;
            continue;
        }
        if (op->key)
            hash_add(i);
        if (op->state == OP_DONE && op->asked) {
            op->asked = 0;
            give_out(i);
        }
    }
}

/* A fork that was under way starts anew with an emptied child, unless it was failing; all others go on. */
void ops_build(void)
{
    queue_head = queue_len = 0;
    index_build();
    for (uint32_t i = 0; i < OPS_MAX; i++) {
        struct ledger_op *op = op_at(i);
        if (op->serial > serial)
            serial = op->serial;
        if (op->state != OP_RUNNING)
            continue;
        op->cursor_page = op->kind == OP_UNMAP || op->kind == OP_PROTECT || op->kind == OP_FILL ? op->start_page : 0;
        if (op->kind == OP_FORK && op->phase != PHASE_UNDO) {
            op->phase = PHASE_CLEAN;
            op->pages_shared = op->pages_copied = 0;
        }
        enqueue(i);
    }
}
