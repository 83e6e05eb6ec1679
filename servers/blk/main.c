/* SPDX-License-Identifier: MIT
 * The block server: one thread, one endpoint, interrupts as bits of a notification bound to its receive. Up to CALLS_MAX callers
 * wait, and the device has up to SLOTS requests of theirs at once. It never waits for a client, calls only the pager (who waits
 * for nobody), and never dies on what a client or the device says.
 */
#include "../init/keep.h"
#include "device.h"
#include "limits.h"

#include <ipc/blk.h>
#include <ipc/pager.h>

#define PAGES_MAX (BLK_MEMORY_MAX / PAGE_SIZE)

/* One caller that waits. A flush is a call with one request. */
static struct call {
    reply_id_t id; /* NO_REPLY: free */
    bool flush;
    unsigned count, submitted, ended, failed;
    struct blk_request list[BLK_REQUESTS_MAX];
} calls[CALLS_MAX];

static paddr_t dma[2];
static frame_t memory[PAGES_MAX]; /* of the attached memory */
static uint64_t memory_pages;
static uint64_t errors, requests;
static ticks_t last_answer;
static unsigned next_call; /* whose turn it is */
static bool broken;        /* the device could not be started */

#define TOKEN(call, request) ((unsigned)(call) * BLK_REQUESTS_MAX + (request))

static void answer(reply_id_t id, err_t err, uint64_t value)
{
    struct ipc_msg m = {.w = {(uint64_t)(int64_t)err, value}};
    (void)ipc_reply(id, &m);
}

/* ---- memory ---- */

static err_t frame_of(uint32_t space, vaddr_t va, paddr_t *pa)
{
    struct ipc_msg m = {.w = {PAGER_PAGE_INFO, space, va}};
    err_t err = pager_call(H_PAGER, &m);
    if (err != OK)
        return err;
    bool own = (m.w[1] & 7) == 7 && m.w[2] == 1; /* valid, readable, writable, nobody else's */
    *pa = m.w[3] << PAGE_SHIFT;
    return own ? OK : ERR_INVAL;
}

static err_t attach(uint32_t space, vaddr_t start, uint64_t bytes)
{
    memory_pages = 0;
    if ((start | bytes) & PAGE_MASK || bytes == 0 || bytes > BLK_MEMORY_MAX || start >= USER_VA_END)
        return ERR_INVAL;
    for (uint64_t i = 0; i < bytes >> PAGE_SHIFT; i++) {
        paddr_t pa;
        err_t err = frame_of(space, start + (i << PAGE_SHIFT), &pa);
        if (err != OK)
            return err;
        memory[i] = (frame_t)(pa >> PAGE_SHIFT);
    }
    memory_pages = bytes >> PAGE_SHIFT;
    return OK;
}

/* ---- calls ---- */

/* All of the list; it must be in memory that is there. */
static err_t copy_list(struct call *c, unsigned direction)
{
    uint64_t bytes = c->count * sizeof c->list[0], done = 0, got = 0;
    while (done < bytes) { /* bound: a copy takes a page at least, or fails */
        err_t err = sys_copy(c->id, direction, done, (char *)c->list + done, bytes - done, &got);
        if (err != OK)
            return err == ERR_FAULT_PENDING ? ERR_FAULT : err;
        if (got == 0)
            return ERR_FAULT;
        done += got;
    }
    return OK;
}

static void finish(struct call *c)
{
    err_t err = OK;
    if (!c->flush)
        err = copy_list(c, COPY_TO_CLIENT);
    else if (c->failed > 0)
        err = ERR_IO;
    answer(c->id, err, c->failed);
    c->id = NO_REPLY;
}

static void end_request(struct call *c, unsigned which, err_t err)
{
    c->list[which].error = (int16_t)err;
    c->ended++;
    if (err != OK) {
        c->failed++;
        errors += err == ERR_IO;
    }
    if (c->ended == c->count)
        finish(c);
}

static err_t check_request(const struct blk_request *r)
{
    uint64_t bytes = (uint64_t)r->sectors * BLK_SECTOR_BYTES;
    if (r->sectors == 0 || r->direction > BLK_WRITE || bytes > PAGE_SIZE || (r->offset & PAGE_MASK) + bytes > PAGE_SIZE ||
        r->offset >> PAGE_SHIFT >= memory_pages)
        return ERR_INVAL;
    if (r->sector >= device_sectors() || r->sectors > device_sectors() - r->sector)
        return ERR_INVAL;
    return r->direction == BLK_WRITE && device_read_only() ? ERR_PERM : broken ? ERR_IO : OK;
}

/* The next request of a call to the device, or its refusal to the caller. */
static void submit_next(struct call *c)
{
    unsigned which = c->submitted++, token = TOKEN(c - calls, which);
    const struct blk_request *r = &c->list[which];
    err_t err = c->flush ? broken ? ERR_IO : OK : check_request(r);
    if (err != OK) {
        end_request(c, which, err);
        return;
    }
    requests++;
    if (device_busy() == 0)
        last_answer = sys_time();
    if (c->flush)
        device_submit(DEVICE_FLUSH, 0, 0, 0, token);
    else
        device_submit(r->direction == BLK_WRITE ? DEVICE_WRITE : DEVICE_READ, r->sector,
                      ((paddr_t)memory[r->offset >> PAGE_SHIFT] << PAGE_SHIFT) + (r->offset & PAGE_MASK),
                      r->sectors * BLK_SECTOR_BYTES, token);
}

/* Callers in turn, a request each, as long as the device has room. */
static void submit_all(void)
{
    bool some = false;
    for (unsigned idle = 0; idle < CALLS_MAX && device_has_room();) { /* bound: the requests of all calls */
        struct call *c = &calls[next_call];
        next_call = (next_call + 1) % CALLS_MAX;
        if (c->id == NO_REPLY || c->submitted == c->count) {
            idle++;
            continue;
        }
        idle = 0;
        submit_next(c);
        some = true;
    }
    if (some && device_busy() > 0)
        device_kick();
}

static void start_device(void) { broken = device_start(dma) != OK; }

/* All that was under way fails. */
static void give_up_all(void)
{
    start_device();
    for (unsigned i = 0; i < CALLS_MAX; i++) {
        struct call *c = &calls[i];
        for (unsigned k = 0; c->id != NO_REPLY && k < c->count; k++)
            c->list[k].error = ERR_IO;
        if (c->id == NO_REPLY)
            continue;
        errors += c->count - c->ended;
        c->failed = c->count;
        finish(c);
    }
}

static void take_ended(void)
{
    unsigned token = 0;
    err_t err;
    while (device_ended(&token, &err)) { /* bound: SLOTS */
        last_answer = sys_time();
        if (err == ERR_STALE) {
            give_up_all();
            return;
        }
        end_request(&calls[token / BLK_REQUESTS_MAX], token % BLK_REQUESTS_MAX, err);
    }
}

/* ---- the protocol ---- */

static struct call *call_new(const struct ipc_event *ev)
{
    for (unsigned i = 0; i < CALLS_MAX; i++) {
        if (calls[i].id != NO_REPLY)
            continue;
        calls[i] = (struct call){.id = ev->id};
        return &calls[i];
    }
    answer(ev->id, ERR_AGAIN, 0);
    return NULL;
}

static void op_info(const struct ipc_event *ev)
{
    struct ipc_msg m = {.w = {broken ? (uint64_t)(int64_t)ERR_IO : OK, device_sectors(),
                              (device_read_only() ? BLK_READ_ONLY : 0) | (device_has_flush() ? BLK_HAS_FLUSH : 0), SLOTS, errors,
                              requests}};
    (void)ipc_reply(ev->id, &m);
}

/* A caller that attaches begins anew: what an earlier life of it asked for must not arrive in its memory any more. */
static void op_attach(const struct ipc_event *ev)
{
    if (device_busy() > 0)
        give_up_all();
    answer(ev->id, attach(BADGE_ID(ev->badge), ev->w[1], ev->w[2]), 0);
}

static void op_transfer(const struct ipc_event *ev)
{
    uint64_t count = ev->w[1], bytes = count * sizeof(struct blk_request);
    const uint64_t both = BUF_R | BUF_W;
    if (memory_pages == 0) {
        answer(ev->id, ERR_NOENT, 0);
        return;
    }
    if (count == 0 || count > BLK_REQUESTS_MAX || (ev->buf_len[0] & both) != both || BUF_LEN(ev->buf_len[0]) < bytes) {
        answer(ev->id, ERR_INVAL, 0);
        return;
    }
    struct call *c = call_new(ev);
    if (c == NULL)
        return;
    c->count = (unsigned)count;
    err_t err = copy_list(c, 0);
    if (err == OK)
        return;
    answer(c->id, err, 0);
    c->id = NO_REPLY;
}

static void op_flush(const struct ipc_event *ev)
{
    if (!device_has_flush()) {
        answer(ev->id, broken ? ERR_IO : OK, 0);
        return;
    }
    struct call *c = call_new(ev);
    if (c == NULL)
        return;
    c->flush = true;
    c->count = 1;
}

static void handle_call(const struct ipc_event *ev)
{
    static const uint32_t who[BLK_OP_LIMIT] = {
#define BLK_WHO(name, number, from, text) [number] = from,
        BLK_OPS(BLK_WHO)
#undef BLK_WHO
    };
    if (ev->w[0] >= BLK_OP_LIMIT || who[ev->w[0]] == 0)
        answer(ev->id, ERR_NOSYS, 0);
    else if (!(who[ev->w[0]] & FROM(BADGE_CLASS(ev->badge))))
        answer(ev->id, ERR_PERM, 0);
    else
        switch (ev->w[0]) {
        case BLK_INFO: op_info(ev); break;
        case BLK_ATTACH: op_attach(ev); break;
        case BLK_TRANSFER: op_transfer(ev); break;
        default: op_flush(ev); break;
        }
}

/* ---- the loop ---- */

static void handle_event(const struct ipc_event *ev)
{
    switch (ev->kind) {
    case MSG_CALL:
        handle_call(ev);
        break;
    case MSG_NOTIFY:
        if ((ev->w[0] & BLK_NTFN_IRQ) == 0)
            break;
        device_irq_taken();
        take_ended();
        device_irq_again();
        take_ended(); /* what ended in between: QEMU's PLIC forgets an interrupt that came while the source was masked */
        break;
    default: /* a caller that is gone: its requests end as any, the answer finds nobody; or a deadline */
        if (device_busy() > 0 && sys_time() - last_answer > DEVICE_PATIENCE_TICKS)
            give_up_all();
        break;
    }
}

int main(void)
{
    if (sys_thread_bind(SERVER_H_THREAD, SERVER_H_NTFN) != OK)
        return 1; /* deaf to the device: let init see it */
    for (unsigned i = 0; i < 2; i++)
        if (frame_of(0, (vaddr_t)device_memory(i), &dma[i]) != OK)
            return 1;
    start_device();
    for (;;) { /* forever: server loop */
        struct ipc_event ev;
        submit_all();
        ticks_t deadline = device_busy() > 0 ? last_answer + DEVICE_PATIENCE_TICKS + 1 : DEADLINE_NONE;
        (void)ipc_recv(SERVER_H_ENDPOINT, &ev, deadline);
        handle_event(&ev);
    }
}
