/* SPDX-License-Identifier: MIT
 * Who runs: priorities and preemption, order within one, slices, yield, what a server is lent and gives back, and that an
 * equal who waits is never kept out. Against a plain model of the ready threads.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include "host.h"

#define THREADS 8

static struct host_space s;
static struct host_thread t[THREADS];

static int setup(void **context)
{
    (void)context;
    host_boot();
    s = host_space();
    for (unsigned i = 0; i < THREADS; i++)
        t[i] = host_thread(&s);
    return 0;
}

static int teardown(void **context)
{
    (void)context;
    host_check();
    return 0;
}

static void prio(unsigned i, unsigned p) { SYS_OK(init, THREAD_PRIO, t[i].h, p); }
static struct thread *running(void) { return hart0->current; }
static void init_sleeps(void) { assert_int_equal(SYS(init, WAIT, 0), HOST_BLOCKED); }

static void the_highest_runs(void **context)
{
    (void)context;
    SYS_OK(init, THREAD_PRIO, INIT_H_THREAD, 255);
    for (unsigned i = 0; i < THREADS; i++)
        prio(i, 10 + (i * 5) % THREADS);
    init_sleeps();
    for (unsigned n = 0; n < THREADS; n++) {
        struct thread *best = 0;
        for (unsigned i = 0; i < THREADS; i++)
            if ((t[i].t->state == T_READY || t[i].t->state == T_RUNNING) && (!best || t[i].t->prio > best->prio))
                best = t[i].t;
        assert_ptr_equal(running(), best);
        assert_int_equal(SYS(best, WAIT, 0), HOST_BLOCKED);
    }
    assert_int_equal(running()->prio, 0); /* the idle thread */
}

static void a_higher_one_preempts_and_the_other_keeps_its_place(void **context)
{
    (void)context;
    handle_t high = host_give(&s, t[0].h, RIGHT_SIGNAL, 0);
    prio(0, 150);
    assert_int_equal(SYS(t[0].t, WAIT, 0), HOST_BLOCKED);
    SYS_OK(init, THREAD_STOP, t[7].h);
    init_sleeps();
    struct thread *was = running();
    SYS_OK(was, SIGNAL, high, 1);
    assert_ptr_equal(running(), t[0].t);
    assert_int_equal(was->state, T_READY);
    assert_int_equal(SYS(t[0].t, WAIT, 0), HOST_BLOCKED);
    assert_ptr_equal(running(), was); /* at the head of its priority, not behind its equals */
}

static void an_equal_or_lower_one_does_not_preempt(void **context)
{
    (void)context;
    handle_t h = host_give(&s, t[0].h, RIGHT_SIGNAL, 0), l = host_give(&s, t[1].h, RIGHT_SIGNAL, 0);
    prio(1, 50);
    assert_int_equal(SYS(t[0].t, WAIT, 0), HOST_BLOCKED);
    assert_int_equal(SYS(t[1].t, WAIT, 0), HOST_BLOCKED);
    host_current(t[2].t);
    SYS_OK(t[2].t, SIGNAL, h, 1);
    SYS_OK(t[2].t, SIGNAL, l, 1);
    assert_ptr_equal(running(), t[2].t);
}

static void yield_goes_round(void **context)
{
    (void)context;
    init_sleeps();
    struct thread *order[THREADS];
    for (unsigned n = 0; n < 3 * THREADS; n++) {
        struct thread *r = running();
        if (n < THREADS)
            order[n] = r;
        else
            assert_ptr_equal(r, order[n % THREADS]);
        assert_int_equal(SYS(r, YIELD), OK);
    }
}

static void slices_go_round_among_equals_only(void **context)
{
    (void)context;
    prio(0, 90);
    init_sleeps();
    unsigned turns[THREADS] = {0};
    struct thread *last = 0;
    for (unsigned n = 0; n < 70; n++) {
        struct thread *r = running();
        for (unsigned i = 0; i < THREADS; i++)
            turns[i] += t[i].t == r;
        assert_ptr_not_equal(r, last);
        last = r;
        assert_true(host_timer[0] != ~0UL); /* somebody waits: the slice is timed */
        host_time = host_timer[0];
        timer_interrupt();
        host_exit();
    }
    assert_int_equal(turns[0], 0);
    for (unsigned i = 1; i < THREADS; i++)
        assert_int_equal(turns[i], 10);
}

static void alone_it_needs_no_timer(void **context)
{
    (void)context;
    for (unsigned i = 1; i < THREADS; i++)
        SYS_OK(init, THREAD_STOP, t[i].h);
    init_sleeps();
    host_ticks(1000000);
    assert_ptr_equal(running(), t[0].t);
    assert_int_equal(host_timer[0], ~0UL);
}

static void start_begins_afresh(void **context)
{
    (void)context;
    for (unsigned i = 1; i < 32; i++)
        t[0].t->x[i] = t[0].t->fpu[i] = 77;
    t[0].t->fcsr = 7;
    t[0].t->start_fpu = true;
    SYS_OK(init, THREAD_START, t[0].h, 0x4441, 0x5000, 3, 0x6000);
    assert_int_equal(t[0].t->x[REG_PC], 0x4440);
    for (unsigned i = 1; i < 32; i++) {
        assert_int_equal(t[0].t->x[i], i == REG_SP ? 0x5000 : i == REG_A0 ? 3 : i == REG_TP ? 0x6000 : 0);
        assert_int_equal(t[0].t->fpu[i], 0);
    }
    assert_int_equal(t[0].t->fcsr, 0);
    assert_false(t[0].t->start_fpu);
}

static void a_thread_may_stop_and_start_itself(void **context)
{
    (void)context;
    handle_t own = host_give(&s, t[0].h, RIGHTS_ALL, 0);
    assert_int_equal(SYS(t[0].t, THREAD_STOP, own), OK);
    assert_int_equal(t[0].t->state, T_STOPPED);
    assert_ptr_not_equal(running(), t[0].t);
    SYS_OK(init, THREAD_RESUME, t[0].h);
    SYS(t[0].t, THREAD_START, own, 0x4440, 0, 9, 0);
    assert_int_equal(t[0].t->x[REG_PC], 0x4440);
    assert_int_equal(t[0].t->x[REG_A0], 9);
}

/* ---- priorities that are lent ---- */

static struct host_ep ep;
static handle_t send, receive;

static void serve(unsigned i)
{
    ep = host_ep();
    send = host_give(&s, ep.h, RIGHT_SEND, 0);
    receive = host_give(&s, ep.h, RIGHT_RECV, 0);
    assert_int_equal(host_ipc(t[i].t, SYS_RECV, 0, receive), HOST_BLOCKED);
}

static void a_server_works_at_its_callers_priority(void **context)
{
    (void)context;
    serve(0);
    prio(0, 20);
    prio(1, 200);
    host_current(t[1].t);
    assert_int_equal(host_ipc(t[1].t, SYS_CALL, 0, send), HOST_BLOCKED);
    assert_ptr_equal(running(), t[0].t);
    assert_int_equal(t[0].t->prio, 200);
    t[0].t->x[X_T3] = t[0].t->x[X_T2];
    assert_int_equal(host_ipc(t[0].t, SYS_REPLY_RECV, 0, receive), HOST_BLOCKED);
    assert_int_equal(t[0].t->prio, 20);
    assert_ptr_equal(running(), t[1].t);
    assert_int_equal(host_ipc(t[1].t, SYS_CALL, 0, send), HOST_BLOCKED);
    assert_int_equal(t[0].t->prio, 200);
    SYS_OK(init, THREAD_STOP, t[0].h); /* what was lent is not kept */
    assert_int_equal(t[0].t->prio, 20);
}

/* Client and server hand the hart to and fro for ever; an equal who is ready must get it when the slice is over. */
static void a_ping_pong_leaves_room_for_equals(void **context)
{
    (void)context;
    serve(0);
    for (unsigned i = 3; i < THREADS; i++)
        SYS_OK(init, THREAD_STOP, t[i].h);
    init_sleeps();
    unsigned turns = 0;
    for (unsigned n = 0; n < 4000; n++) {
        struct thread *r = running();
        if (r == t[2].t) {
            turns++;
            assert_int_equal(SYS(r, YIELD), OK);
        } else if (r == t[1].t) {
            (void)host_ipc(r, SYS_CALL, 0, send);
        } else {
            assert_ptr_equal(r, t[0].t);
            r->x[X_T3] = r->x[X_T2];
            (void)host_ipc(r, SYS_REPLY_RECV, 0, receive);
        }
        host_ticks(1000);
    }
    assert_true(turns >= 4000 / 110); /* a slice is 100 of these steps */
}

static void a_waiting_caller_lends_too(void **context)
{
    (void)context;
    serve(0);
    prio(0, 20);
    prio(1, 30);
    prio(2, 220);
    host_current(t[1].t);
    assert_int_equal(host_ipc(t[1].t, SYS_CALL, 0, send), HOST_BLOCKED);
    assert_int_equal(t[0].t->prio, 30);
    host_current(t[2].t);
    assert_int_equal(host_ipc(t[2].t, SYS_CALL, 0, send), HOST_BLOCKED); /* queued: the server is busy */
    assert_int_equal(t[0].t->prio, 220); /* so that nobody between keeps both from running */
    assert_ptr_equal(running(), t[0].t);
}

static void a_pager_works_at_the_faulters_priority(void **context)
{
    (void)context;
    serve(0);
    prio(0, 20);
    prio(1, 200);
    SYS_OK(init, SPACE_HANDLER, s.h, HANDLER_FAULT, ep.h, 0);
    assert_false(host_store(t[1].t, 0x40000000, 1));
    assert_ptr_equal(running(), t[0].t);
    assert_int_equal(t[0].t->prio, 200);
}

static void a_priority_changes_where_it_stands(void **context)
{
    (void)context;
    serve(0);
    SYS_OK(init, THREAD_STOP, t[0].h); /* nobody receives */
    for (unsigned i = 1; i < 4; i++)
        assert_int_equal(host_ipc(t[i].t, SYS_CALL, 0, send), HOST_BLOCKED);
    prio(3, 180);
    assert_ptr_equal(queue_top(&ep.ep->senders), t[3].t);
    prio(3, 5);
    prio(2, 101);
    assert_ptr_equal(queue_top(&ep.ep->senders), t[2].t);
    assert_int_equal(SYS(init, THREAD_PRIO, t[2].h, 256), ERR_INVAL);
}

/* ---- random, against a model: whoever runs, nobody ready is higher, and equals take turns ---- */

static void nobody_higher_waits_while_another_runs(void **context)
{
    (void)context;
    handle_t h[THREADS];
    for (unsigned i = 0; i < THREADS; i++)
        h[i] = host_give(&s, t[i].h, RIGHTS_ALL, 0);
    SYS_OK(init, THREAD_PRIO, INIT_H_THREAD, 255);
    init_sleeps();
    uint64_t last_ran[THREADS] = {0};
    for (unsigned n = 1; n < 30000; n++) {
        struct thread *r = running();
        unsigned me = 0;
        while (me < THREADS && t[me].t != r)
            me++;
        for (unsigned i = 0; i < THREADS; i++) {
            if (t[i].t->state == T_READY)
                assert_true(t[i].t->prio <= r->prio);
            if (t[i].t->state != T_READY || t[i].t->prio < r->prio)
                last_ran[i] = n;
        }
        if (me == THREADS) { /* idle: nobody is ready */
            for (unsigned i = 0; i < THREADS; i++)
                assert_int_not_equal(t[i].t->state, T_READY);
            host_hart = hart0;
            ntfn_signal(&t[host_below(THREADS)].t->self, 1);
            host_exit();
            continue;
        }
        last_ran[me] = n;
        for (unsigned i = 0; i < THREADS; i++)
            assert_true(n - last_ran[i] < 2000); /* an equal's turn comes */
        unsigned other = host_below(THREADS);
        switch (host_below(6)) {
        case 0:
            (void)SYS(r, SIGNAL, h[other], 1);
            break;
        case 1:
            if (host_below(3) == 0)
                (void)SYS(r, WAIT, 0);
            break;
        case 2:
            (void)SYS(r, YIELD);
            break;
        case 3:
            if (host_below(8) == 0)
                (void)SYS(r, THREAD_PRIO, h[other], 90 + host_below(4));
            break;
        default:
            host_ticks(host_below(60000));
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_highest_runs),
        TEST(a_higher_one_preempts_and_the_other_keeps_its_place),
        TEST(an_equal_or_lower_one_does_not_preempt),
        TEST(yield_goes_round),
        TEST(slices_go_round_among_equals_only),
        TEST(alone_it_needs_no_timer),
        TEST(start_begins_afresh),
        TEST(a_thread_may_stop_and_start_itself),
        TEST(a_server_works_at_its_callers_priority),
        TEST(a_ping_pong_leaves_room_for_equals),
        TEST(a_waiting_caller_lends_too),
        TEST(a_pager_works_at_the_faulters_priority),
        TEST(a_priority_changes_where_it_stands),
        TEST(nobody_higher_waits_while_another_runs),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
