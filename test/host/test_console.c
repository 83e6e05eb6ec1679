/* SPDX-License-Identifier: MIT
 * The console's loop where readers, typed bytes and settings meet: pages of a reader's buffer come, and time passes, when the test
 * says so.
 *
 * SOURCES: servers/console/line.c servers/console/request.c servers/console/output.c libipc/ipc.c
 * INCLUDES: microkernel/include libipc/include servers/console test/host/fuzz
 */
#include <stdarg.h>

#include "../../servers/console/uart.h"
#include "../../servers/init/handoff.h"
#include "input.h"

#include <cmocka.h>

#define main console_main
#include "../../servers/console/main.c"
#undef main

char __data_end[1], __bss_end[1]; /* of the target's linker script; only a restart would use them */

#define CALLS 8u
#define TENTH 1000000u /* ticks */

/* ---- clients: call n has the id n + 1 ---- */

static struct call {
    char buffer[16];
    uint64_t there; /* bytes of the buffer whose page is there */
    uint64_t len;
    struct ipc_msg reply;
    bool answered;
} call[CALLS];
static struct ipc_event coming;
static bool has_coming;
static ticks_t now, deadline;
static unsigned told; /* signals to the file server */

/* ---- the kernel ---- */

long ipc_raw(long number_flags, uint64_t a0, struct ipc_regs *x)
{
    (void)a0;
    if ((number_flags & 0xff) == SYS_REPLY) {
        struct call *c = &call[x->t3 - 1];
        assert_true(x->t3 >= 1 && x->t3 <= CALLS && !c->answered);
        c->answered = true;
        memcpy(c->reply.w, x->w, sizeof c->reply.w);
        return OK;
    }
    assert_int_equal(number_flags & 0xff, SYS_RECV);
    if (!has_coming)
        longjmp(input.end, 1);
    has_coming = false;
    memset(x, 0, sizeof *x);
    memcpy(x->w, coming.w, sizeof coming.w);
    x->t2 = coming.id;
    x->t3 = coming.badge;
    x->t4 = coming.buf_len[0];
    return coming.kind;
}

/* Up to where the page is not there. */
static struct sysret copied(reply_id_t id, uint64_t offset, uint8_t *local, uint64_t len)
{
    struct call *c = &call[id - 1];
    assert_true(offset + len <= c->len);
    uint64_t n = offset >= c->there ? 0 : c->there - offset < len ? c->there - offset : len;
    memcpy(c->buffer + offset, local, n);
    return (struct sysret){.a0 = n == len ? OK : ERR_FAULT_PENDING, .a1 = n};
}

struct sysret sys_raw(long number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5)
{
    (void)a5;
    if (number == SYS_COPY) {
        assert_int_equal(a1, COPY_TO_CLIENT);
        return copied(a0, a2, (uint8_t *)(uintptr_t)a3, a4);
    }
    told += number == SYS_SIGNAL && a0 == CONSOLE_H_FS;
    return (struct sysret){.a0 = OK};
}
ticks_t sys_time(void) { return now; }

/* ---- the device ---- */

static const char *typed = "";
static char shown[64];
static unsigned shown_len, room;
void uart_start(void) {}
bool uart_present(void) { return true; }
int uart_get(void) { return *typed ? (uint8_t)*typed++ : -1; }
unsigned uart_room(void) { return room; }
void uart_put(char c) { shown[shown_len++ % sizeof shown] = c; }
void uart_want_room(bool want) { (void)want; }
bool uart_drained(void) { return true; }
void uart_irq_done(void) {}

/* ---- what happens ---- */

/* One turn of the loop, and what it does then. */
static void event(struct ipc_event ev)
{
    coming = ev;
    has_coming = true;
    struct ipc_event got;
    if (setjmp(input.end) != 0)
        return;
    (void)ipc_recv(SERVER_H_ENDPOINT, &got, DEADLINE_NONE);
    handle_event(&got);
    deadline = serve();
}

static struct call *ask(unsigned n, uint64_t op, uint64_t a, uint64_t len)
{
    struct call *c = &call[n];
    *c = (struct call){.there = len, .len = len};
    event((struct ipc_event){.kind = MSG_CALL, .id = n + 1, .badge = BADGE_MAKE(BADGE_CLIENT, 5), .w = {op, a}, .buf_len = {len ? len | BUF_W : 0}});
    return c;
}

static void type(const char *text)
{
    typed = text;
    event((struct ipc_event){.kind = MSG_NOTIFY, .w = {CONSOLE_NTFN_IRQ}});
}

static void later(unsigned tenths)
{
    now += tenths * (ticks_t)TENTH;
    event((struct ipc_event){.kind = ERR_TIMEOUT});
}

static void set_raw(unsigned min, unsigned time)
{
    struct line_settings set = line.set;
    set.lflag &= ~(CONSOLE_ICANON | CONSOLE_ECHO);
    set.cc[CONSOLE_VMIN] = (uint8_t)min;
    set.cc[CONSOLE_VTIME] = (uint8_t)time;
    line_set(&line, &set);
}

static int setup(void **state)
{
    static bool mapped;
    (void)state;
    if (!mapped)
        map_at(SERVER_KEEP_VA, SERVER_KEEP_BYTES);
    mapped = true;
    now = told = shown_len = 0;
    room = 16;
    watched = false;
    memset(shown, 0, sizeof shown);
    request_start(queue, QUEUES);
    line_start(&line, output_echo);
    line.flush = output_drop;
    output_start();
    output_drop();
    return 0;
}

static void is_answer(const struct call *c, const char *text)
{
    assert_true(c->answered);
    assert_int_equal((err_t)(int64_t)c->reply.w[0], OK);
    assert_int_equal(c->reply.w[1], strlen(text));
    assert_memory_equal(c->buffer, text, strlen(text));
}

/* A part of it was in the reader's buffer already, whose second page was not there yet. */
static void test_what_is_dropped_is_in_no_answer(void **state)
{
    (void)state;
    struct call *reader = ask(0, CONSOLE_READ, 0, 16);
    reader->there = 2;
    type("abcd\r");
    assert_false(reader->answered);
    assert_true(ask(1, CONSOLE_DROP, CONSOLE_DROP_INPUT, 0)->answered);
    type("wxyz\r");
    reader->there = 16;
    event((struct ipc_event){.kind = MSG_NOTIFY, .w = {NTFN_COPY_READY}});
    is_answer(reader, "wxyz\n");
    reader = ask(0, CONSOLE_READ, 0, 16);
    reader->there = 2;
    type("abcd\r\x1a"); /* ^Z drops it as well */
    type("wxyz\r");
    reader->there = 16;
    event((struct ipc_event){.kind = MSG_NOTIFY, .w = {NTFN_COPY_READY}});
    is_answer(reader, "wxyz\n");
}

static void test_a_second_readers_time_begins_with_the_last_byte(void **state)
{
    (void)state;
    set_raw(5, 10);
    struct call *first = ask(0, CONSOLE_READ, 0, 2), *second = ask(1, CONSOLE_READ, 0, 16);
    now += 9 * TENTH;
    type("abc");
    is_answer(first, "ab");
    later(5);
    assert_false(second->answered);
    assert_int_equal(deadline, 19 * TENTH);
    later(5);
    is_answer(second, "c");
}

static void test_ready_is_when_a_read_would_not_wait(void **state)
{
    (void)state;
    set_raw(3, 0);
    type("a");
    struct call *c = ask(0, CONSOLE_READY, 0, 0);
    assert_true(c->reply.w[1] == 1 && c->reply.w[2] == 0);
    type("b");
    assert_int_equal(told, 0);
    type("c");
    assert_int_equal(told, 1);
    c = ask(0, CONSOLE_READY, 0, 0);
    assert_true(c->reply.w[1] == 3 && c->reply.w[2] == 1);
    set_raw(10, 1);
    assert_int_equal(ask(0, CONSOLE_READY, 0, 0)->reply.w[2], 1);
}

static void test_a_signal_key_drops_what_has_not_left(void **state)
{
    (void)state;
    room = 0;
    output_put("never seen", 10);
    type("\x03");
    room = 16;
    event((struct ipc_event){.kind = ERR_TIMEOUT});
    assert_string_equal(shown, "^C\r\n");
}

#define CASE(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(test_what_is_dropped_is_in_no_answer),
        CASE(test_a_second_readers_time_begins_with_the_last_byte),
        CASE(test_ready_is_when_a_read_would_not_wait),
        CASE(test_a_signal_key_drops_what_has_not_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
