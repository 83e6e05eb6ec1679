/* SPDX-License-Identifier: MIT
 * The records of long operations: who asked for what, which of them take turns, who hears of the end. What a step does is
 * step.c's business.
 */
#include "op.h"

#include "defer.h"
#include "space.h"
#include "step.h"
#include "sysgate.h"

static uint16_t queue[OPS_MAX];       /* running operations, in turn */
static uint32_t queue_head;
uint32_t op_queue_len;
static reply_id_t waiter[OPS_MAX];    /* who is answered at the end; dies with the pager (the caller asks again) */
static uint64_t waiter_value[OPS_MAX];
static uint64_t next_value;
static uint32_t serial;

static inline struct ledger_op *op_at(uint32_t i) { return &ledger.op[i]; }
void op_set_value(uint64_t value) { next_value = value; }
void op_step_value(const struct ledger_op *op, uint64_t value) { next_value = waiter_value[op - ledger.op] = value; }
uint64_t op_value(void) { return next_value; }

/* ---- records ---- */

/* The state is stored last and makes it so. What stood there was a result that nobody misses. */
static void put(uint32_t i, const struct ledger_op *op)
{
    *(volatile uint8_t *)&op_at(i)->state = OP_FREE;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    uint8_t state = op->state;
    *op_at(i) = *op;
    op_at(i)->state = OP_FREE;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    *(volatile uint8_t *)&op_at(i)->state = state; /* commit */
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

/* A result that nobody can have a use for: what it was about is gone, and who wanted it did not ask. */
static uint32_t take_orphan(void)
{
    for (uint32_t i = 0; i < OPS_MAX; i++)
        if (op_at(i)->state == OP_DONE && !space_slot(op_at(i)->other ? op_at(i)->other : op_at(i)->space)) {
            hash_remove(i);
            return i;
        }
    return OPS_MAX;
}

/* A free record, else the oldest result that was given out already. */
static uint32_t take_record(void)
{
    if (free_len)
        return free_list[--free_len];
    if (asked_len == 0)
        return take_orphan();
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
    queue[(queue_head + op_queue_len) % OPS_MAX] = (uint16_t)i;
    op_queue_len++;
    lock(i);
}

/* ---- running ---- */

void op_notify(unsigned owner)
{
    for (unsigned i = 0; i < NOTIFY_MAX; i++) {
        const struct ledger_notify *n = &ledger.header->notify[i];
        if (n->owner && (owner == 0 || n->owner == owner))
            (void)gate_signal(n->handle, n->bits);
    }
}

void op_notify_all(void) { op_notify(0); }

/* The result is in the ledger before anybody hears of it. A result without a key is nobody's to ask for. */
static void finish(uint32_t i, err_t result)
{
    struct ledger_op *op = op_at(i);
    unlock(i);
    *(volatile int32_t *)&op->result = result;
    *(volatile uint8_t *)&op->state = op->key ? OP_DONE : OP_FREE; /* commit */
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
        op_notify(op->owner);
}

/* One step; whether the operation goes on. */
static bool advance(uint32_t i)
{
    err_t err = step_take(op_at(i));
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
    op_queue_len--;
    if (more) {
        queue[(queue_head + op_queue_len) % OPS_MAX] = (uint16_t)i;
        op_queue_len++;
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
    step_begin(&op);
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

void ops_build(void)
{
    queue_head = op_queue_len = 0;
    index_build();
    for (uint32_t i = 0; i < OPS_MAX; i++) {
        struct ledger_op *op = op_at(i);
        if (op->serial > serial)
            serial = op->serial;
        if (op->state != OP_RUNNING)
            continue;
        step_restart(op);
        enqueue(i);
    }
}
