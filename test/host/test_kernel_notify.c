/* SPDX-License-Identifier: MIT
 * Notifications at waits and receives, exceptions and their answers, and registers copied between threads.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include "host.h"

#define CLIENTS 3

static struct host_space client, server;
static struct host_thread c[CLIENTS], srv;
static struct host_ep ep;
static handle_t c_ep, s_ep; /* clients send, the server receives */

static int setup(void **context)
{
    (void)context;
    host_boot();
    client = host_space();
    server = host_space();
    ep = host_ep();
    c_ep = host_give(&client, ep.h, RIGHT_SEND, 0xbeef);
    s_ep = host_give(&server, ep.h, RIGHT_RECV, 0);
    for (unsigned i = 0; i < CLIENTS; i++)
        c[i] = host_thread(&client);
    srv = host_thread(&server);
    return 0;
}

static int teardown(void **context)
{
    (void)context;
    host_check();
    return 0;
}

static void call(unsigned i, uint64_t first)
{
    host_words(c[i].t, first);
    host_time_limit(c[i].t, host_time + 1000000);
    assert_int_equal(host_ipc(c[i].t, SYS_CALL, IPC_F_DEADLINE, c_ep), HOST_BLOCKED);
}

/* With a deadline: whatever ends the wait must take the timer away. */
static void wait_for_call(void)
{
    host_time_limit(srv.t, host_time + 1000000);
    assert_int_equal(host_ipc(srv.t, SYS_RECV, IPC_F_DEADLINE, s_ep), HOST_BLOCKED);
}

/* ---- notifications ---- */

static void bits_wait_for_the_waiter(void **context)
{
    (void)context;
    handle_t self = host_give(&client, c[0].h, RIGHT_SIGNAL, 0);
    SYS_OK(c[1].t, SIGNAL, self, 5);
    SYS_OK(c[1].t, SIGNAL, self, 8);
    assert_int_equal(SYS(c[0].t, WAIT, 0), OK);
    assert_int_equal(c[0].t->x[REG_A1], 13);
    assert_int_equal(SYS(c[0].t, WAIT, 0), HOST_BLOCKED);
    SYS_OK(c[1].t, SIGNAL, self, 0); /* no bits: nothing happens */
    assert_int_equal(c[0].t->state, T_WAITING);
    SYS_OK(c[1].t, SIGNAL, self, 16);
    assert_int_equal(host_result(c[0].t), OK);
    assert_int_equal(c[0].t->x[REG_A1], 16);
}

static void the_first_waiter_takes_all_bits(void **context)
{
    (void)context;
    struct host_ntfn n = host_ntfn();
    handle_t w = host_give(&client, n.h, RIGHT_WAIT, 0);
    assert_int_equal(SYS(c[0].t, WAIT, w), HOST_BLOCKED);
    assert_int_equal(SYS(c[1].t, WAIT, w), HOST_BLOCKED);
    SYS_OK(init, SIGNAL, n.h, 3);
    assert_int_equal(c[0].t->x[REG_A1], 3);
    assert_int_equal(c[1].t->state, T_WAITING);
    SYS_OK(init, SIGNAL, n.h, 4);
    assert_int_equal(c[1].t->x[REG_A1], 4);
}

static void a_receive_delivers_its_own_bits(void **context)
{
    (void)context;
    wait_for_call();
    SYS_OK(init, SIGNAL, srv.h, 0x40);
    assert_int_equal(host_result(srv.t), MSG_NOTIFY);
    assert_int_equal(srv.t->x[REG_A1], 0x40);
    SYS_OK(init, SIGNAL, srv.h, 0x80);
    call(0, 1);
    srv.t->x[X_T2] = srv.t->x[X_T3] = srv.t->x[X_T4] = srv.t->x[X_T6] = 99;
    assert_int_equal(host_poll(srv.t, s_ep), MSG_NOTIFY); /* before the call */
    assert_int_equal(srv.t->x[X_T2] | srv.t->x[X_T3] | srv.t->x[X_T4] | srv.t->x[X_T6], 0); /* nothing to answer */
    assert_int_equal(host_poll(srv.t, s_ep), MSG_CALL);
}

static void a_bound_notification_replaces_the_own_one(void **context)
{
    (void)context;
    struct host_ntfn n = host_ntfn();
    SYS_OK(init, THREAD_BIND, srv.h, n.h);
    assert_int_equal(SYS(init, THREAD_BIND, c[0].h, n.h), ERR_BUSY);
    wait_for_call();
    SYS_OK(init, SIGNAL, srv.h, 1); /* its own one is not delivered now */
    assert_int_equal(srv.t->state, T_RECEIVING);
    SYS_OK(init, SIGNAL, n.h, 2);
    assert_int_equal(srv.t->x[REG_A1], 2);
    wait_for_call();
    SYS_OK(init, THREAD_BIND, srv.h, 0); /* its own one again, which has bits */
    assert_int_equal(host_result(srv.t), MSG_NOTIFY);
    assert_int_equal(srv.t->x[REG_A1], 1);
    SYS_OK(init, THREAD_BIND, c[0].h, n.h);
    host_destroy(n.h);
    assert_ptr_equal(c[0].t->bound, &c[0].t->self);
}

static void binding_a_notification_with_bits_wakes(void **context)
{
    (void)context;
    struct host_ntfn n = host_ntfn();
    SYS_OK(init, SIGNAL, n.h, 2);
    wait_for_call();
    SYS_OK(init, THREAD_BIND, srv.h, n.h);
    assert_int_equal(host_result(srv.t), MSG_NOTIFY);
    assert_int_equal(srv.t->x[REG_A1], 2);
}

static void a_bound_thread_that_ends_is_forgotten(void **context)
{
    (void)context;
    struct host_ntfn n = host_ntfn();
    SYS_OK(init, THREAD_BIND, c[1].h, n.h);
    host_destroy(c[1].h);
    SYS_OK(init, SIGNAL, n.h, 1);
    SYS_OK(init, THREAD_BIND, c[0].h, n.h);
    assert_int_equal(n.n->bits, 1);
}

/* ---- exceptions ---- */

static struct host_ep exc;
static reply_id_t raise_exception(struct thread *t)
{
    exc = host_ep();
    SYS_OK(init, SPACE_HANDLER, client.h, HANDLER_EXCEPTION, exc.h, 0x77);
    host_current(t);
    t->fault.access = FAULT_ACCESS_W; /* of an earlier fault */
    t->x[REG_PC] = 0x4444;
    exception_raise(t, 2, 0x99);
    host_exit();
    handle_t h = host_give(&server, exc.h, RIGHT_RECV, 0);
    srv.t->x[X_T0] = srv.t->x[X_T1] = srv.t->x[X_T4] = srv.t->x[X_T6] = 99;
    assert_int_equal(host_poll(srv.t, h), MSG_EXCEPTION);
    assert_int_equal(srv.t->x[X_T0] | srv.t->x[X_T1] | srv.t->x[X_T4] | srv.t->x[X_T6], 0);
    assert_int_equal(srv.t->x[REG_A1 + EXCW_CAUSE], 2);
    assert_int_equal(srv.t->x[REG_A1 + EXCW_VALUE], 0x99);
    assert_int_equal(srv.t->x[REG_A1 + EXCW_IP], 0x4444);
    assert_int_equal(srv.t->x[REG_A1 + EXCW_THREAD], t->frame);
    assert_int_equal(srv.t->x[REG_A1 + EXCW_ACCESS], 0); /* no page fault, whatever the last fault was */
    assert_int_equal(srv.t->x[X_T3], 0x77);
    return srv.t->x[X_T2];
}

static long answer_exception(reply_id_t id, uint64_t what)
{
    srv.t->x[REG_A1] = what;
    srv.t->x[X_T3] = id;
    return host_ipc(srv.t, SYS_REPLY, 0, 0);
}

static void an_exception_resumes_with_its_registers(void **context)
{
    (void)context;
    for (unsigned i = 1; i < 32; i++)
        c[0].t->x[i] = 7000 + i;
    reply_id_t id = raise_exception(c[0].t);
    SYS_OK(init, THREAD_REG_SET, c[0].h, 10, 1); /* the handler may change them meanwhile */
    assert_int_equal(answer_exception(id, EXC_RESUME), OK);
    assert_int_equal(c[0].t->state, T_READY);
    assert_int_equal(c[0].t->x[REG_PC], 0x4444);
    for (unsigned i = 1; i < 32; i++)
        assert_int_equal(c[0].t->x[i], i == 10 ? 1 : 7000 + i);
    assert_int_equal(answer_exception(id, EXC_RESUME), ERR_STALE);
}

static void a_handler_that_waits_gets_it_at_once(void **context)
{
    (void)context;
    SYS_OK(init, SPACE_HANDLER, client.h, HANDLER_EXCEPTION, ep.h, 0x77);
    wait_for_call();
    host_current(c[0].t);
    exception_raise(c[0].t, 3, 0);
    host_exit();
    assert_int_equal(host_result(srv.t), MSG_EXCEPTION);
    assert_int_equal(c[0].t->state, T_WAIT_REPLY);
}

static void an_exception_may_leave_the_thread_stopped(void **context)
{
    (void)context;
    reply_id_t id = raise_exception(c[0].t);
    assert_int_equal(answer_exception(id, EXC_LEAVE), OK);
    assert_int_equal(c[0].t->state, T_STOPPED);
}

static void without_a_handler_the_thread_stops(void **context)
{
    (void)context;
    host_current(c[0].t);
    exception_raise(c[0].t, 2, 0x99);
    host_exit();
    assert_int_equal(c[0].t->state, T_STOPPED);
    assert_non_null(host_console[0] ? host_console : 0); /* and the console says so */
}

static void a_thread_is_not_copied_from_while_it_runs(void **context)
{
    (void)context;
    SYS_OK(init, THREAD_STOP, c[1].h);
    assert_int_equal(SYS(init, THREAD_REGS_COPY, c[1].h, c[0].h), ERR_BUSY);
    assert_int_equal(SYS(init, THREAD_REGS_COPY, c[0].h, c[1].h), ERR_BUSY);
    assert_int_equal(SYS(init, THREAD_REGS_COPY, c[1].h, c[1].h), ERR_BUSY);
    assert_int_equal(SYS(init, THREAD_REG_SET, c[0].h, 5, 1), ERR_BUSY);
    for (unsigned i = 0; i < 32; i++)
        c[0].t->fpu[i] = i;
    c[0].t->start_fpu = true;
    call(0, 9);
    SYS_OK(init, THREAD_REGS_COPY, c[1].h, c[0].h);
    for (unsigned i = 0; i < 32; i++) {
        assert_int_equal(c[1].t->x[i], c[0].t->x[i]);
        assert_int_equal(c[1].t->fpu[i], i);
    }
}

/* Queued and taken by the server alike: it goes on elsewhere, and has its answer. */
static void a_call_is_redirected_not_torn(void **context)
{
    (void)context;
    for (unsigned taken = 0; taken < 2; taken++) {
        call(0, 9);
        if (taken)
            assert_int_equal(host_ipc(srv.t, SYS_RECV, 0, s_ep), MSG_CALL);
        assert_int_equal(SYS(init, THREAD_STOP, c[0].h, STOP_UNLESS_CALLS), ERR_BUSY);
        c[0].t->x[REG_PC] = 0x1234;
        SYS_OK(init, THREAD_REG_SET, c[0].h, REG_PC, 0x5000);
        assert_int_equal(SYS(init, THREAD_REG_SET, c[0].h, REG_A0, 1), ERR_BUSY);
        if (!taken)
            assert_int_equal(host_ipc(srv.t, SYS_RECV, 0, s_ep), MSG_CALL);
        host_words(srv.t, 70);
        srv.t->x[X_T3] = srv.t->x[X_T2];
        assert_int_equal(host_ipc(srv.t, SYS_REPLY, 0, 0), OK);
        assert_int_equal(host_result(c[0].t), OK);
        assert_int_equal(c[0].t->x[REG_A1], 70);
        assert_int_equal(c[0].t->x[REG_GP], 0x1234);
        assert_int_equal(c[0].t->x[REG_PC], 0x5000);
        SYS_OK(init, THREAD_STOP, c[0].h, STOP_UNLESS_CALLS); /* it is ready now: no call any more */
        SYS_OK(init, THREAD_RESUME, c[0].h);
    }
    (void)raise_exception(c[0].t);
    SYS_OK(init, THREAD_STOP, c[0].h, STOP_UNLESS_CALLS); /* an exception is no call */
    assert_int_equal(c[0].t->state, T_STOPPED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bits_wait_for_the_waiter),
        TEST(the_first_waiter_takes_all_bits),
        TEST(a_receive_delivers_its_own_bits),
        TEST(a_bound_notification_replaces_the_own_one),
        TEST(binding_a_notification_with_bits_wakes),
        TEST(a_bound_thread_that_ends_is_forgotten),
        TEST(an_exception_resumes_with_its_registers),
        TEST(a_handler_that_waits_gets_it_at_once),
        TEST(an_exception_may_leave_the_thread_stopped),
        TEST(without_a_handler_the_thread_stops),
        TEST(a_thread_is_not_copied_from_while_it_runs),
        TEST(a_call_is_redirected_not_torn),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
