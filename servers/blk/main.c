/* SPDX-License-Identifier: MIT
 * The block server: one thread, one endpoint, interrupts as bits of a notification bound to its receive. Up to CALLS_MAX lists of
 * requests are under way, and the device has up to SLOTS requests of theirs at once. It never waits for a client, calls only the
 * pager (who waits for nobody), and never dies on what a client or the device says.
 */
#include "../init/keep.h"
#include "device.h"
#include "limits.h"

#include <ipc/blk.h>
#include <ipc/pager.h>

#define PAGES_MAX (BLK_MEMORY_MAX / PAGE_SIZE)

enum call_state { CALL_FREE, CALL_ASKED, CALL_ENDED /* not yet collected */ };

/* A list under way. A flush is one with one request. */
static struct call {
    uint8_t state; /* enum call_state */
    bool flush;
    uint32_t token, failed; /* the client's; a bit for each request */
    unsigned count, submitted, ended;
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
    if ((start | bytes) & PAGE_MASK || bytes > BLK_MEMORY_MAX || start >= USER_VA_END)
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
static err_t copy_list(reply_id_t id, struct call *c)
{
    uint64_t bytes = c->count * sizeof c->list[0], done = 0, got = 0;
    while (done < bytes) { /* bound: a copy takes a page at least, or fails */
        err_t err = sys_copy(id, 0, done, (char *)c->list + done, bytes - done, &got);
        if (err != OK)
            return err == ERR_FAULT_PENDING ? ERR_FAULT : err;
        if (got == 0)
            return ERR_FAULT;
        done += got;
    }
    return OK;
}

static void tell(void) { (void)sys_signal(BLK_H_FS, FS_NTFN_DISK); }

static void end_request(struct call *c, unsigned which, err_t err)
{
    c->ended++;
    if (err != OK) {
        c->failed |= 1u << which;
        errors += err == ERR_IO;
    }
    if (c->ended < c->count)
        return;
    c->state = CALL_ENDED;
    tell();
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

/* The next request of a list to the device, or its refusal. */
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

/* Lists in turn, a request each, as long as the device has room. */
static void submit_all(void)
{
    bool some = false;
    for (unsigned idle = 0; idle < CALLS_MAX && device_has_room();) { /* bound: the requests of all lists */
        struct call *c = &calls[next_call];
        next_call = (next_call + 1) % CALLS_MAX;
        if (c->state != CALL_ASKED || c->submitted == c->count) {
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
        if (c->state != CALL_ASKED)
            continue;
        errors += c->count - c->ended;
        c->failed = ~0u;
        c->state = CALL_ENDED;
        tell();
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

static err_t call_new(uint32_t token, struct call **out)
{
    if (memory_pages == 0)
        return ERR_NOENT;
    for (unsigned i = 0; i < CALLS_MAX; i++) {
        if (calls[i].state != CALL_FREE)
            continue;
        calls[i] = (struct call){.token = token};
        *out = &calls[i];
        return OK;
    }
    return ERR_AGAIN;
}

static void op_info(const struct ipc_event *ev)
{
    struct ipc_msg m = {.w = {broken ? (uint64_t)(int64_t)ERR_IO : OK, device_sectors(),
                              (device_read_only() ? BLK_READ_ONLY : 0) | (device_has_flush() ? BLK_HAS_FLUSH : 0), SLOTS, errors,
                              requests}};
    (void)ipc_reply(ev->id, &m);
}

/* A client that attaches begins anew: what an earlier life of it asked for must not arrive in its memory any more. */
static void op_attach(const struct ipc_event *ev)
{
    if (device_busy() > 0)
        give_up_all();
    for (unsigned i = 0; i < CALLS_MAX; i++)
        calls[i].state = CALL_FREE;
    answer(ev->id, attach(BADGE_ID(ev->badge), ev->w[1], ev->w[2]), 0);
}

static err_t transfer(const struct ipc_event *ev)
{
    uint64_t count = ev->w[1], bytes = count * sizeof(struct blk_request);
    struct call *c;
    if (count == 0 || count > BLK_REQUESTS_MAX || !(ev->buf_len[0] & BUF_R) || BUF_LEN(ev->buf_len[0]) < bytes)
        return ERR_INVAL;
    err_t err = call_new((uint32_t)ev->w[2], &c);
    if (err != OK)
        return err;
    c->count = (unsigned)count;
    err = copy_list(ev->id, c);
    c->state = err == OK ? CALL_ASKED : CALL_FREE;
    return err;
}

static err_t flush(const struct ipc_event *ev)
{
    struct call *c;
    err_t err = call_new((uint32_t)ev->w[1], &c);
    if (err != OK)
        return err;
    c->flush = true;
    c->count = 1;
    c->state = CALL_ASKED;
    if (!device_has_flush()) { /* nothing is held back */
        c->submitted = 1;
        end_request(c, 0, broken ? ERR_IO : OK);
    }
    return OK;
}

static void op_collect(const struct ipc_event *ev)
{
    struct ipc_msg m = {.w = {memory_pages == 0 ? (uint64_t)(int64_t)ERR_NOENT : OK}};
    for (unsigned i = 0; i < CALLS_MAX && m.w[1] < BLK_ENDED_MAX; i++) {
        if (calls[i].state != CALL_ENDED)
            continue;
        m.w[2 + m.w[1]++] = BLK_ENDED(calls[i].token, calls[i].failed);
        calls[i].state = CALL_FREE;
    }
    (void)ipc_reply(ev->id, &m);
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
        case BLK_TRANSFER: answer(ev->id, transfer(ev), 0); break;
        case BLK_FLUSH: answer(ev->id, flush(ev), 0); break;
        default: op_collect(ev); break;
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
    default: /* a caller that is gone: nobody waits in here; or a deadline */
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
    tell(); /* whatever an earlier life had taken is lost */
    for (;;) { /* forever: server loop */
        struct ipc_event ev;
        submit_all();
        ticks_t deadline = device_busy() > 0 ? last_answer + DEVICE_PATIENCE_TICKS + 1 : DEADLINE_NONE;
        (void)ipc_recv(SERVER_H_ENDPOINT, &ev, deadline);
        handle_event(&ev);
    }
}
