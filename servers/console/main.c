/* SPDX-License-Identifier: MIT
 * The console server: one thread, one endpoint, one notification bound to its receive (interrupts, pages of clients'
 * buffers that came in). Every turn takes one event and then does what has become possible. It never waits for a
 * client, for the pager or for the device, calls no other server, and never dies on what a client sends.
 *
 * Not in the fault path; but a client's buffer may be COW, lazy or unmapped, and then the kernel asks the pager in the
 * client's name while this server goes on with others (request.pending).
 */
#include "../init/keep.h"
#include "limits.h"
#include "line.h"
#include "output.h"
#include "request.h"
#include "uart.h"

#include <ipc/console.h>
#include <ipc/procmgr.h>

#include <string.h>

#define POLL_TICKS 1000u /* 0.1 ms at 10 MHz: how soon to look again when no interrupt will say so */
#define MODE_ASK (~0UL)

enum { WRITES, READS, FLUSHES, QUEUES };
static struct request_queue queue[QUEUES];
static struct line line;
static bool watched; /* the file server waits to be told that there is something to read */

/* ---- requests: decode, and queue or answer ---- */

static void answer(reply_id_t id, err_t err, uint64_t value)
{
    struct ipc_msg m = {.w = {(uint64_t)(int64_t)err, value}};
    (void)ipc_reply(id, &m);
}

static struct request *enqueue(unsigned which, reply_id_t id)
{
    struct request *r = request_add(&queue[which], id);
    if (r == NULL)
        answer(id, ERR_AGAIN, 0);
    return r;
}

/* TOSTOP: who is not in the foreground is to be stopped, and the process manager knows who is. */
static bool may_write(const struct ipc_event *ev)
{
    return !(line.set.lflag & CONSOLE_TOSTOP) || BADGE_CLASS(ev->badge) != BADGE_CLIENT ||
           ev->w[CONSOLE_ALLOWED_WORD] == CONSOLE_ALLOWED;
}

static void op_write(const struct ipc_event *ev)
{
    uint64_t len = BUF_LEN(ev->buf_len[0]);
    if (!may_write(ev)) {
        answer(ev->id, ERR_PERM, 0);
        return;
    }
    if ((ev->buf_len[0] & BUF_R) == 0) {
        answer(ev->id, ERR_RIGHTS, 0);
        return;
    }
    struct request *r = enqueue(WRITES, ev->id);
    if (r != NULL)
        r->len = len;
}

static void op_write_short(const struct ipc_event *ev)
{
    uint64_t len = ev->w[1];
    if (!may_write(ev)) {
        answer(ev->id, ERR_PERM, 0);
        return;
    }
    if (len < 1 || len > SHORT_BYTES_MAX) {
        answer(ev->id, ERR_INVAL, 0);
        return;
    }
    struct request *r = enqueue(WRITES, ev->id);
    if (r == NULL)
        return;
    r->is_short = true;
    r->len = len;
    memcpy(r->short_bytes, &ev->w[2], len);
}

static void op_read(const struct ipc_event *ev)
{
    if ((ev->buf_len[0] & BUF_W) == 0) {
        answer(ev->id, ERR_RIGHTS, 0);
        return;
    }
    struct request *r = enqueue(READS, ev->id);
    if (r == NULL)
        return;
    r->len = BUF_LEN(ev->buf_len[0]);
    r->nowait = ev->w[1] & CONSOLE_NOWAIT;
    r->since = sys_time();
}

static void op_mode(const struct ipc_event *ev)
{
    uint64_t old = line.raw ? CONSOLE_RAW : CONSOLE_LINE, wanted = ev->w[1];
    if (wanted != MODE_ASK && wanted != CONSOLE_LINE && wanted != CONSOLE_RAW) {
        answer(ev->id, ERR_INVAL, 0);
        return;
    }
    if (wanted != MODE_ASK)
        line_set_raw(&line, wanted == CONSOLE_RAW);
    answer(ev->id, OK, old);
}

static bool has_input(void) { return line_available(&line) || !uart_present(); }

/* A read would not wait: raw, and without VTIME, it waits for VMIN bytes. */
static bool is_ready(void)
{
    uint64_t least = line.raw && line.set.cc[CONSOLE_VTIME] == 0 ? line.set.cc[CONSOLE_VMIN] : 0;
    return has_input() && (line_record_len(&line) >= least || !uart_present());
}

/* The line is gone that the first reader has a part of: what it gets is another one. */
static void forget_part(void)
{
    if (queue[READS].first != NULL)
        queue[READS].first->done = 0;
}

static void drop_input(void)
{
    line_drop(&line);
    forget_part();
}

static void op_attr(const struct ipc_event *ev)
{
    const struct line_settings *old = &line.set;
    struct ipc_msg m = {.w = {OK, old->iflag | (uint64_t)old->oflag << 32, old->cflag | (uint64_t)old->lflag << 32}};
    struct line_settings set = {(uint32_t)ev->w[1], (uint32_t)(ev->w[1] >> 32), (uint32_t)ev->w[2], (uint32_t)(ev->w[2] >> 32), {0}};
    memcpy(&m.w[3], old->cc, sizeof old->cc);
    memcpy(set.cc, &ev->w[3], sizeof set.cc);
    bool known = !(set.iflag & ~CONSOLE_IFLAGS) && !(set.oflag & ~CONSOLE_OFLAGS) && !(set.cflag & ~CONSOLE_CFLAGS) && !(set.lflag & ~CONSOLE_LFLAGS);
    if ((ev->w[5] & CONSOLE_ATTR_SET) && !known) {
        answer(ev->id, ERR_INVAL, 0);
        return;
    }
    if (ev->w[5] & CONSOLE_ATTR_SET) {
        line_set(&line, &set);
        output_set_post(set.oflag & CONSOLE_OPOST);
    }
    if (ev->w[5] & CONSOLE_ATTR_DROP)
        drop_input();
    (void)ipc_reply(ev->id, &m);
}

/* A serial line has no size of its own: what somebody has said it is. */
static void op_size(const struct ipc_event *ev)
{
    static uint32_t size = 24 | 80 << 16;
    uint32_t old = size;
    if (ev->w[1] != ~0UL)
        size = (uint32_t)ev->w[1];
    answer(ev->id, OK, old);
}

static void op_ready(const struct ipc_event *ev)
{
    struct ipc_msg m = {.w = {OK, line_record_len(&line), is_ready()}};
    watched = watched || !is_ready();
    (void)ipc_reply(ev->id, &m);
}

static void op_drop(const struct ipc_event *ev)
{
    if (ev->w[1] & CONSOLE_DROP_INPUT)
        drop_input();
    if (ev->w[1] & CONSOLE_DROP_OUTPUT)
        output_drop();
    answer(ev->id, OK, 0);
}

static void op_flush(const struct ipc_event *ev)
{
    struct request *r = enqueue(FLUSHES, ev->id);
    if (r != NULL)
        r->done = output_appended();
}

/* A signal for who asked. A line that is being copied is promised. */
static err_t interrupt_thread(frame_t thread)
{
    for (unsigned i = 0; i < QUEUES; i++) {
        struct request **link = request_of(&queue[i], thread);
        if (*link == NULL)
            continue;
        uint64_t done = i == WRITES ? (*link)->done : 0;
        if ((*link)->pending || (i == READS && (*link)->done > 0))
            return ERR_BUSY;
        request_answer(&queue[i], link, done > 0 ? OK : ERR_CANCELLED, done);
        return OK;
    }
    return ERR_NOENT;
}

static void op_interrupt(const struct ipc_event *ev)
{
    answer(ev->id, BADGE_CLASS(ev->badge) == BADGE_PROCMGR ? interrupt_thread((frame_t)ev->w[1]) : ERR_PERM, 0);
}

static void handle_call(const struct ipc_event *ev)
{
    switch (ev->w[0]) {
    case CONSOLE_ATTR: op_attr(ev); break;
    case CONSOLE_SIZE: op_size(ev); break;
    case CONSOLE_READY: op_ready(ev); break;
    case CONSOLE_DROP: op_drop(ev); break;
    case CONSOLE_WRITE: op_write(ev); break;
    case CONSOLE_READ: op_read(ev); break;
    case CONSOLE_WRITE_SHORT: op_write_short(ev); break;
    case CONSOLE_MODE: op_mode(ev); break;
    case CONSOLE_FLUSH: op_flush(ev); break;
    case CONSOLE_INTERRUPT: op_interrupt(ev); break;
    default: answer(ev->id, ERR_NOSYS, 0); break;
    }
}

/* sys_copy, with a count that is 0 unless something was copied. OK means progress. */
static err_t copy(struct request *r, unsigned direction, char *local, uint64_t len, uint64_t *got)
{
    err_t err = sys_copy(r->id, direction, r->done, local, len, got);
    if (err != OK && err != ERR_FAULT && err != ERR_FAULT_PENDING)
        *got = 0;
    r->done += *got;
    return err == OK && *got == 0 ? ERR_FAULT : err;
}

/* ---- writers ---- */

/* Move one piece of a request into the ring. OK with r->done < r->len: call again when there is room. */
static err_t write_piece(struct request *r)
{
    static char piece[PIECE_BYTES];
    uint64_t room = output_room(), want = r->len - r->done, got = 0;
    if (want > PIECE_BYTES)
        want = PIECE_BYTES;
    if (want > room)
        want = room;
    if (want == 0)
        return OK;
    if (r->is_short) {
        output_put(r->short_bytes + r->done, want);
        r->done += want;
        return OK;
    }
    err_t err = copy(r, 0, piece, want, &got);
    output_put(piece, got);
    return err;
}

/* Bytes that went out count: a bad address later in the buffer is for the next call to find. */
static void write_end(struct request **link, err_t err)
{
    uint64_t done = (*link)->done;
    if (err == ERR_STALE)
        request_remove(&queue[WRITES], link);
    else
        request_answer(&queue[WRITES], link, done > 0 ? OK : err, done);
}

/* First come, first served; who waits for a page lets others pass. Returns whether there is more to do right now. */
static bool serve_writes(void)
{
    struct request **link = &queue[WRITES].first;
    for (unsigned piece = 0; piece < PIECES_PER_PASS; piece++) {
        while (*link != NULL && (*link)->pending)
            link = &(*link)->next;
        if (*link == NULL)
            return false;
        if (output_room() == 0) {
            output_pump();
            if (output_room() == 0)
                return false; /* the transmit interrupt goes on from here */
        }
        err_t err = write_piece(*link);
        (*link)->pending = err == ERR_FAULT_PENDING;
        if (!(*link)->pending && (err != OK || (*link)->done == (*link)->len))
            write_end(link, err);
    }
    return true;
}

/* ---- readers ---- */

/* Move what there is of the first line into the first reader's buffer. The bytes stay ours until all are there. */
static err_t read_piece(struct request *r)
{
    char piece[PIECE_BYTES];
    uint64_t got = 0;
    size_t want = PIECE_BYTES < r->len - r->done ? PIECE_BYTES : (size_t)(r->len - r->done);
    size_t n = line_peek(&line, r->done, piece, want);
    return n == 0 ? OK : copy(r, COPY_TO_CLIENT, piece, n, &got);
}

static bool read_complete(const struct request *r)
{
    return r->done == r->len || r->done >= line_record_len(&line);
}

#define TENTH_TICKS 1000000u /* 0.1 s at 10 MHz, the unit of VTIME */

/* When the first reader has waited long enough for bytes; without a line there is no such time. */
static ticks_t reader_deadline(const struct request *r)
{
    return r && line.raw && line.set.cc[CONSOLE_VTIME] && (line.set.cc[CONSOLE_VMIN] == 0 || line_available(&line))
               ? r->since + line.set.cc[CONSOLE_VTIME] * (ticks_t)TENTH_TICKS : DEADLINE_NONE;
}

/* Whether it gets an answer now: a line; raw, VMIN bytes, or what there is when VTIME has passed. */
static bool reader_is_due(const struct request *r)
{
    uint64_t least = line.set.cc[CONSOLE_VMIN];
    if (!line.raw || !uart_present() || r->nowait)
        return has_input() || r->nowait;
    if (line_record_len(&line) >= (least < r->len ? least : r->len) && (least > 0 || line_available(&line)))
        return true;
    if (least == 0 && line.set.cc[CONSOLE_VTIME] == 0)
        return true;
    return sys_time() >= reader_deadline(r);
}

/* Returns whether there is more to do right now. */
static bool serve_reads(void)
{
    struct request **link = &queue[READS].first;
    for (unsigned piece = 0; piece < PIECES_PER_PASS; piece++) {
        struct request *r = *link;
        if (r == NULL || r->pending || !reader_is_due(r))
            return false;
        if (r->nowait && !has_input()) {
            request_answer(&queue[READS], link, ERR_TIMEOUT, 0);
            continue;
        }
        err_t err = read_piece(r);
        r->pending = err == ERR_FAULT_PENDING;
        if (r->pending)
            return false; /* the line is promised to this one */
        if (err == OK && !read_complete(r))
            continue;
        uint64_t done = r->done;
        if (err == OK)
            line_take(&line, done);
        request_answer(&queue[READS], link, err, err == OK ? done : 0);
    }
    return true;
}

/* procmgr signals the foreground, and ends reads for it. Should nobody be there, who reads is told that the line is gone. */
static void signal_key(enum line_key key)
{
    static const uint64_t bit[] = {[LINE_INTERRUPT] = PROC_NTFN_INTR, [LINE_QUIT] = PROC_NTFN_QUIT, [LINE_STOP] = PROC_NTFN_STOP};
    (void)sys_signal(CONSOLE_H_PROCMGR, bit[key]); /* first: who reads may have a handler to run before it is told */
    while (queue[READS].first != NULL && key == LINE_INTERRUPT)
        request_answer(&queue[READS], &queue[READS].first, ERR_CANCELLED, 0);
}

/* ---- flush ---- */

/* Returns whether somebody waits for the wire alone, which no interrupt reports. */
static bool serve_flushes(void)
{
    struct request **link = &queue[FLUSHES].first;
    while (*link != NULL) {
        uint64_t sent = output_sent(), want = (*link)->done;
        if (sent < want)
            return false;
        if (sent == want && !uart_drained())
            return true;
        request_answer(&queue[FLUSHES], link, OK, 0);
    }
    return false;
}

/* ---- events ---- */

/* Between two bytes, VTIME begins anew. */
static void input_came(void)
{
    ticks_t now = sys_time();
    for (struct request *r = queue[READS].first; r != NULL && line.set.cc[CONSOLE_VMIN] > 0; r = r->next) /* bound: REQUESTS_MAX */
        r->since = now;
    if (!watched || !is_ready())
        return;
    watched = false;
    (void)sys_signal(CONSOLE_H_FS, FS_NTFN_CONSOLE);
}

static void take_input(void)
{
    for (unsigned i = 0; i < UART_INPUT_PER_PASS; i++) {
        int c = uart_get();
        if (c < 0)
            break;
        enum line_key key = line_type(&line, (char)c);
        if (key == LINE_TYPED)
            continue;
        if (!(line.set.lflag & CONSOLE_NOFLSH))
            forget_part();
        signal_key(key);
    }
}

static void handle_notify(uint64_t bits)
{
    if ((bits & NTFN_COPY_READY) != 0) {
        request_wake(&queue[WRITES]);
        request_wake(&queue[READS]);
    }
    if ((bits & CONSOLE_NTFN_IRQ) != 0) {
        take_input();
        input_came();
        output_pump();
        uart_irq_done(); /* input beyond the bound raises it again at once */
        take_input(); /* what came in between: QEMU's PLIC forgets an interrupt that came while the source was masked */
        input_came();
    }
}

static void handle_event(const struct ipc_event *ev)
{
    switch (ev->kind) {
    case MSG_CALL: handle_call(ev); break;
    case MSG_NOTIFY: handle_notify(ev->w[0]); break;
    case MSG_CANCEL:
        for (unsigned i = 0; i < QUEUES; i++)
            request_drop_dead(&queue[i], ev->w[0], ev->w[1]);
        break;
    default: break; /* a deadline that passed: nothing happened, look again */
    }
}

/* Everything that can go on now. Returns when to look again if nothing else happens. */
static ticks_t serve(void)
{
    bool more = serve_writes();
    output_pump();
    more = serve_reads() || more;
    bool wire = serve_flushes();
    if (more)
        return DEADLINE_POLL;
    ticks_t due = reader_deadline(queue[READS].first);
    return wire && sys_time() + POLL_TICKS < due ? sys_time() + POLL_TICKS : due;
}

int main(void)
{
    request_start(queue, QUEUES);
    line_start(&line, output_echo);
    line.flush = output_drop;
    output_start();
    if (sys_thread_bind(SERVER_H_THREAD, SERVER_H_NTFN) != OK)
        return 1; /* deaf to the device: let init see it */
    uart_start();
    (void)sys_signal(CONSOLE_H_FS, FS_NTFN_CONSOLE); /* who watched an earlier life asks again */
    for (;;) { /* forever: server loop */
        struct ipc_event ev;
        ticks_t deadline = serve();
        (void)ipc_recv(SERVER_H_ENDPOINT, &ev, deadline);
        handle_event(&ev);
    }
}
