/* SPDX-License-Identifier: MIT
 * The fast path of a server that keeps clients waiting: a receive without an answer sets the last one aside and lets the next thread
 * run, an answer to one that was set aside makes it ready. That both are taken when everything is as usual, that each single thing
 * that is not makes the general path decide, and that ids of others are refused.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include "host.h"

static struct host_space cs, ss;          /* the clients', the server's */
static struct host_thread c, other, srv;
static struct host_ep ep;
static handle_t c_ep, s_ep;

static struct host_thread thread(const struct host_space *s)
{
    struct host_thread t = host_thread(s);
    SYS_OK(init, THREAD_PRIO, t.h, 150); /* above init, which is always ready */
    t.t->slice_end = host_time + 1000;
    return t;
}

static int setup(void **context)
{
    (void)context;
    host_boot();
    cs = host_space();
    ss = host_space();
    ep = host_ep();
    c_ep = host_give(&cs, ep.h, RIGHT_SEND | RIGHT_SEND_HANDLE, 0xbeef);
    s_ep = host_give(&ss, ep.h, RIGHT_RECV, 0);
    c = thread(&cs);
    other = thread(&cs);
    srv = thread(&ss);
    SYS_OK(init, THREAD_STOP, other.h);
    assert_int_equal(host_ipc(srv.t, SYS_RECV, 0, s_ep), HOST_BLOCKED);
    host_current(c.t); /* both spaces have run */
    return 0;
}

static int teardown(void **context)
{
    (void)context;
    host_check();
    return 0;
}

/* Whether the fast path did what came since. */
static bool was_fast(void)
{
    static unsigned before;
    bool yes = host_fast_taken != before;
    before = host_fast_taken;
    return yes;
}

static reply_id_t called(struct host_thread *t, unsigned flags)
{
    host_words(t->t, 10);
    host_time_limit(t->t, host_time + 1000000);
    assert_int_equal(host_ipc(t->t, SYS_CALL, flags, c_ep), HOST_BLOCKED);
    assert_int_equal(srv.t->x[REG_A0], MSG_CALL);
    return srv.t->x[X_T2];
}

static long receive(handle_t h)
{
    (void)was_fast();
    return host_ipc(srv.t, SYS_RECV, 0, h);
}

static long reply(reply_id_t id)
{
    host_words(srv.t, 20);
    srv.t->x[X_T3] = id;
    (void)was_fast();
    return host_ipc(srv.t, SYS_REPLY, 0, 0);
}

/* c's call waits, other's is served. */
static reply_id_t two_calls(unsigned flags)
{
    reply_id_t id = called(&c, flags);
    assert_int_equal(receive(s_ep), HOST_BLOCKED);
    SYS_OK(init, THREAD_RESUME, other.h);
    host_current(other.t);
    hart0->timer_set = host_time + 900; /* for something that comes before the slices' end */
    (void)called(&other, 0);
    return id;
}

static void one_waits_and_is_answered(void **context)
{
    (void)context;
    for (unsigned i = 0; i < 3; i++) {
        reply_id_t id = called(&c, 0);
        assert_int_equal(receive(s_ep), HOST_BLOCKED);
        assert_true(was_fast());
        assert_ptr_equal(hart0->current, init);
        assert_int_equal(c.t->state, T_WAIT_REPLY);
        assert_int_equal(srv.t->prio, 150);
        host_check();
        SYS_OK(init, THREAD_RESUME, other.h);
        host_current(other.t);
        hart0->timer_set = host_time + 900;
        reply_id_t second = called(&other, 0);
        assert_int_equal(reply(id), OK);
        assert_true(was_fast());
        assert_ptr_equal(hart0->current, srv.t);
        assert_int_equal(c.t->state, T_READY);
        assert_int_equal(c.t->x[REG_A0], OK);
        assert_int_equal(c.t->x[REG_A1], 20);
        assert_int_equal(c.t->x[X_T1], 27);
        host_check();
        assert_int_equal(reply(id), ERR_STALE);
        srv.t->x[X_T3] = second;
        assert_int_equal(host_ipc(srv.t, SYS_REPLY_RECV, 0, s_ep), HOST_BLOCKED);
        SYS_OK(init, THREAD_STOP, other.h);
        host_current(c.t);
    }
}

static void with_a_deadline(void **context)
{
    (void)context;
    reply_id_t id = two_calls(IPC_F_DEADLINE);
    assert_int_equal(reply(id), OK);
    assert_false(was_fast());
    assert_int_equal(c.t->state, T_READY);
}

static void whose_slice_is_over(void **context)
{
    (void)context;
    reply_id_t id = two_calls(0);
    c.t->slice_end = host_time;
    assert_int_equal(reply(id), OK);
    assert_false(was_fast());
    assert_int_equal(c.t->state, T_READY);
}

static void the_timer_comes_too_late(void **context)
{
    (void)context;
    reply_id_t id = two_calls(0);
    hart0->timer_set = ~0UL;
    assert_int_equal(reply(id), OK);
    assert_false(was_fast());
    assert_int_equal(hart0->timer_set, host_time + 1000);
}

static void who_is_above_runs_at_once(void **context)
{
    (void)context;
    reply_id_t id = two_calls(0);
    SYS_OK(init, THREAD_PRIO, c.h, 160);
    assert_int_equal(reply(id), OK);
    assert_false(was_fast());
    assert_ptr_equal(hart0->current, c.t);
}

static void of_another_hart(void **context)
{
    (void)context;
    reply_id_t id = two_calls(0);
    SYS_OK(init, THREAD_HART, c.h, 1);
    assert_int_equal(reply(id), OK);
    assert_false(was_fast());
    assert_int_not_equal(c.t->state, T_WAIT_REPLY);
}

static void ids_of_others(void **context)
{
    (void)context;
    reply_id_t id = two_calls(0);
    for (unsigned bit = 0; bit < 64; bit++)
        if ((id ^ 1UL << bit) != other.t->reply_id)
            assert_int_equal(reply(id ^ 1UL << bit), ERR_STALE);
    struct host_space third = host_space();
    struct host_thread thief = thread(&third);
    host_current(thief.t);
    thief.t->x[X_T3] = id;
    assert_int_equal(host_ipc(thief.t, SYS_REPLY, 0, 0), ERR_STALE);
    assert_int_equal(c.t->state, T_WAIT_REPLY);
}

static void signal_it(void) { SYS_OK(init, SIGNAL, srv.h, 4); }
static void queue_another(void)
{
    SYS_OK(init, THREAD_RESUME, other.h);
    assert_int_equal(host_ipc(other.t, SYS_CALL, 0, c_ep), HOST_BLOCKED);
}
static void cancel_it(void) { SYS_OK(init, THREAD_STOP, c.h); }
static void close_it(void) { SYS_OK(srv.t, HANDLE_CLOSE, 0, s_ep); }
static void revoke_it(void) { SYS_OK(init, HANDLE_REVOKE, ep.h); }
static void another_server(void)
{
    struct host_thread second = thread(&ss);
    assert_int_equal(host_ipc(second.t, SYS_RECV, 0, s_ep), HOST_BLOCKED);
}
static void nothing(void) {}

static void what_ends_a_standing_receive(void **context)
{
    static const struct { const char *name; void (*act)(void); bool fast; long want; } row[] = {
        {"nothing", nothing, true, HOST_BLOCKED},
        {"a signal", signal_it, false, MSG_NOTIFY},
        {"another caller", queue_another, false, MSG_CALL},
        {"the caller gave up", cancel_it, false, MSG_CANCEL},
        {"the handle is closed", close_it, false, ERR_HANDLE},
        {"the endpoint is revoked", revoke_it, false, ERR_HANDLE},
        {"another thread receives", another_server, false, HOST_BLOCKED},
    };
    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        teardown(context);
        setup(context);
        (void)called(&c, 0);
        row[i].act();
        long got = receive(s_ep);
        if (got != row[i].want || was_fast() != row[i].fast)
            fail_msg("%s: %ld", row[i].name, got);
    }
}

static void no_handle_stands_for_an_ended_receive(void **context)
{
    (void)context;
    (void)called(&c, 0);
    another_server();
    assert_int_equal(receive(0), ERR_HANDLE);
    assert_false(was_fast());
}

/* Of several that are ready at one priority the first runs, while its slice lasts and the timer ends it. */
static void equals_are_ready(void **context)
{
    (void)context;
    struct host_thread a = thread(&cs), b = thread(&cs);
    host_current(a.t);
    host_current(b.t);
    host_current(c.t);
    (void)called(&c, 0);
    hart0->timer_set = host_time + 900;
    struct thread *next = hart0->runq.head[150];
    assert_ptr_not_equal(next->q_next, next);
    assert_int_equal(receive(s_ep), HOST_BLOCKED);
    assert_true(was_fast());
    assert_ptr_equal(hart0->current, next);
    assert_int_equal(hart0->timer_set, host_time + 900);
    (void)called(next == a.t ? &a : &b, 0);
    hart0->runq.head[150]->slice_end = host_time;
    SYS_OK(init, THREAD_RESUME, other.h);
    assert_int_equal(receive(s_ep), HOST_BLOCKED);
    assert_false(was_fast());
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(one_waits_and_is_answered),
        TEST(with_a_deadline),
        TEST(whose_slice_is_over),
        TEST(the_timer_comes_too_late),
        TEST(who_is_above_runs_at_once),
        TEST(of_another_hart),
        TEST(ids_of_others),
        TEST(what_ends_a_standing_receive),
        TEST(no_handle_stands_for_an_ended_receive),
        TEST(equals_are_ready),
    };
    int failed = cmocka_run_group_tests(tests, 0, 0);
    host_compares = true;
    return failed + cmocka_run_group_tests(tests, 0, 0);
}
