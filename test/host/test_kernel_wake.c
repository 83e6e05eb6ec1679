/* SPDX-License-Identifier: MIT
 * The fast path of signals and interrupts: taken when a thread of higher priority waits and takes the hart; left to the general
 * path by each single thing that is otherwise; and both leave the same behind. The waiter waits in WAIT or in a receive.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include "host.h"

#define SOURCE 9u
#define BITS 0x50u

static struct host_space cs, ds; /* of who signals or computes, of the driver who waits */
static struct host_thread c, other, driver;
static struct host_ntfn n;
static struct host_ep ep;
static handle_t c_ntfn, c_driver, d_ntfn, d_ep, irq;

static int setup(void **context)
{
    (void)context;
    host_boot();
    cs = host_space();
    ds = host_space();
    n = host_ntfn();
    ep = host_ep();
    c = host_thread(&cs);
    other = host_thread(&cs);
    driver = host_thread(&ds);
    c_ntfn = host_give(&cs, n.h, RIGHT_SIGNAL, 0);
    c_driver = host_give(&cs, driver.h, RIGHT_SIGNAL, 0);
    d_ntfn = host_give(&ds, n.h, RIGHT_WAIT, 0);
    d_ep = host_give(&ds, ep.h, RIGHT_RECV, 0);
    SYS_OK(init, IRQ_CREATE, INIT_H_KERNEL, SOURCE);
    irq = init->x[REG_A1];
    SYS_OK(init, IRQ_BIND, irq, n.h, BITS);
    SYS_OK(init, THREAD_PRIO, c.h, 150); /* above init, which is always ready */
    SYS_OK(init, THREAD_PRIO, other.h, 150);
    SYS_OK(init, THREAD_PRIO, driver.h, 180);
    SYS_OK(init, THREAD_STOP, other.h);
    return 0;
}

static int teardown(void **context)
{
    (void)context;
    host_check();
    return 0;
}

/* The driver waits: for n, by its own notification, or in a receive that n or its own one is bound to. Then c runs. */
static void in_wait(void) { assert_int_equal(SYS(driver.t, WAIT, d_ntfn), HOST_BLOCKED); }
static void in_own_wait(void) { assert_int_equal(SYS(driver.t, WAIT, 0), HOST_BLOCKED); }
static void in_receive(void)
{
    SYS_OK(init, THREAD_BIND, driver.h, n.h);
    assert_int_equal(host_ipc(driver.t, SYS_RECV, 0, d_ep), HOST_BLOCKED);
}
static void in_own_receive(void) { assert_int_equal(host_ipc(driver.t, SYS_RECV, 0, d_ep), HOST_BLOCKED); }

static bool fast(void)
{
    static unsigned before;
    bool yes = host_fast_taken != before;
    before = host_fast_taken;
    return yes;
}

static long signal_by(handle_t h, uint64_t bits)
{
    host_current(c.t);
    (void)fast();
    return SYS(c.t, SIGNAL, h, bits);
}

static void interrupt(void)
{
    host_current(c.t);
    c.t->x[REG_PC] = HOST_PC;
    (void)fast();
    host_interrupt(SOURCE);
    host_exit();
}

static void got(long result, uint64_t bits)
{
    assert_ptr_equal(hart0->current, driver.t);
    assert_int_equal(driver.t->state, T_RUNNING);
    assert_int_equal(driver.t->x[REG_A0], result);
    assert_int_equal(driver.t->x[REG_A1], bits);
    assert_int_equal(c.t->state, T_READY);
    assert_ptr_equal(hart0->runq.head[150], c.t); /* its turn goes on afterwards */
    host_check();
}

static void a_signal_wakes_who_waits(void **context)
{
    (void)context;
    in_wait(); /* both spaces have run now */
    (void)signal_by(c_ntfn, 1);
    for (unsigned i = 0; i < 5; i++) {
        in_wait();
        assert_int_equal(signal_by(c_ntfn, 4), OK);
        assert_true(fast());
        got(OK, 4);
        in_own_wait();
        assert_int_equal(signal_by(c_driver, 8), OK);
        assert_true(fast());
        got(OK, 8);
    }
}

static void a_signal_ends_a_receive(void **context)
{
    (void)context;
    in_own_wait();
    (void)signal_by(c_driver, 1);
    in_own_receive();
    driver.t->x[X_T2] = driver.t->x[X_T3] = driver.t->x[X_T4] = driver.t->x[X_T6] = 99;
    assert_int_equal(signal_by(c_driver, 2), OK);
    assert_true(fast());
    got(MSG_NOTIFY, 2);
    assert_int_equal(driver.t->x[X_T2] | driver.t->x[X_T3] | driver.t->x[X_T4] | driver.t->x[X_T6], 0);
    assert_int_equal(driver.t->standing, NO_HANDLE);
    in_receive();
    assert_int_equal(signal_by(c_ntfn, 4), OK);
    assert_true(fast());
    got(MSG_NOTIFY, 4);
}

static void an_interrupt_wakes_its_driver(void **context)
{
    (void)context;
    in_wait();
    interrupt();
    for (unsigned i = 0; i < 4; i++) {
        SYS_OK(init, IRQ_ACK, irq);
        i % 2 ? in_receive() : in_wait();
        interrupt();
        assert_true(fast());
        assert_false(host_irq_on[SOURCE]); /* masked until the driver acknowledges */
        got(i % 2 ? MSG_NOTIFY : OK, BITS);
        assert_int_equal(c.t->x[REG_PC], HOST_PC); /* the interrupted instruction has not happened */
    }
}

/* Equals of the one that is interrupted stand behind it. */
static void who_is_interrupted_keeps_its_place(void **context)
{
    (void)context;
    in_wait();
    interrupt();
    SYS_OK(init, THREAD_RESUME, other.h);
    SYS_OK(init, IRQ_ACK, irq);
    in_wait();
    interrupt();
    assert_true(fast());
    got(OK, BITS);
    assert_ptr_equal(c.t->q_next, other.t);
}

/* ---- what the general path has to do ---- */

static void nobody(void) {}
static void with_a_deadline(void)
{
    host_time_limit(driver.t, host_time + 1000000);
    driver.t->x[REG_A0] = d_ntfn;
    driver.t->x[X_A7] = SYS_WAIT | IPC_F_DEADLINE << 8;
    assert_int_equal(host_ecall(driver.t), HOST_BLOCKED);
}
static void receiving_with_a_deadline(void)
{
    SYS_OK(init, THREAD_BIND, driver.h, n.h);
    host_time_limit(driver.t, host_time + 1000000);
    assert_int_equal(host_ipc(driver.t, SYS_RECV, IPC_F_DEADLINE, d_ep), HOST_BLOCKED);
}
static void of_equal_priority(void)
{
    in_wait();
    SYS_OK(init, THREAD_PRIO, driver.h, 150);
}
static void of_lower_priority(void)
{
    in_wait();
    SYS_OK(init, THREAD_PRIO, driver.h, 120);
}
static void with_a_budget(void)
{
    struct host_sched b = host_sched(10000, 100000, 180);
    in_wait();
    SYS_OK(init, THREAD_SCHED, driver.h, b.h);
}
static void on_anothers_budget(void)
{
    struct host_sched b = host_sched(10000, 100000, 150);
    in_wait();
    SYS_OK(init, THREAD_SCHED, c.h, b.h);
}
static void on_another_hart(void)
{
    in_wait();
    SYS_OK(init, THREAD_HART, driver.h, 1);
}

static void what_the_general_path_does(void **context)
{
    static const struct { const char *name; void (*before)(void); bool runs; } row[] = {
        {"nobody waits", nobody, false},
        {"a deadline", with_a_deadline, true},
        {"a receive with a deadline", receiving_with_a_deadline, true},
        {"an equal", of_equal_priority, false},
        {"a lower one", of_lower_priority, false},
        {"a waiter with a budget", with_a_budget, true},
        {"a running budget", on_anothers_budget, true},
        {"another hart", on_another_hart, false},
    };
    for (unsigned i = 0; i < 2 * sizeof(row) / sizeof(row[0]); i++) {
        teardown(context);
        setup(context);
        in_wait();
        interrupt(); /* both spaces have run */
        SYS_OK(init, IRQ_ACK, irq);
        row[i / 2].before();
        if (i % 2)
            interrupt();
        else
            assert_int_equal(signal_by(c_ntfn, BITS), OK);
        host_check();
        if (fast() || (hart0->current == driver.t) != row[i / 2].runs)
            fail_msg("%s", row[i / 2].name);
        assert_int_equal(row[i / 2].before == nobody ? n.n->bits : driver.t->x[REG_A1], BITS);
    }
}

static void signals(void) { assert_int_equal(signal_by(c_ntfn, BITS), OK); }

/* Somebody is ready whom the waiter may not pass. */
static void others_that_are_ready(void **context)
{
    (void)context;
    for (unsigned i = 0; i < 4; i++) {
        unsigned prio = i < 2 ? 180 : 190;
        in_wait();
        interrupt();
        SYS_OK(init, IRQ_ACK, irq);
        in_wait();
        host_current(c.t);
        SYS_OK(init, THREAD_PRIO, other.h, prio);
        SYS_OK(init, THREAD_RESUME, other.h);
        host_current(c.t); /* as it is while a kernel entry runs that made it ready, or another hart that did has not kicked yet */
        if (prio > 180)
            hart0->attention = 0; /* the priorities alone say so as well */
        (i % 2 ? signals : interrupt)();
        assert_false(fast());
        host_exit();
        assert_ptr_equal(hart0->current, other.t);
        SYS_OK(init, THREAD_STOP, other.h);
        if (i % 2 == 0)
            SYS_OK(init, IRQ_ACK, irq);
    }
}

static void signals_that_are_refused(void **context)
{
    (void)context;
    in_wait();
    (void)signal_by(c_ntfn, 1);
    in_wait();
    handle_t no_right = host_give(&cs, n.h, RIGHT_WAIT, 0), wrong = host_give(&cs, ep.h, RIGHTS_ALL, 0);
    assert_int_equal(signal_by(no_right, 1), ERR_RIGHTS);
    assert_int_equal(signal_by(wrong, 1), ERR_TYPE);
    assert_int_equal(signal_by(NO_HANDLE, 1), ERR_HANDLE);
    assert_int_equal(signal_by(100000, 1), ERR_HANDLE);
    assert_int_equal(signal_by(191, 1), ERR_HANDLE);
    assert_int_equal(signal_by(c_ntfn, 0), OK); /* no bits: nothing happens */
    assert_false(fast());
    assert_int_equal(driver.t->state, T_WAITING);
    SYS_OK(init, HANDLE_REVOKE, n.h);
    assert_int_equal(signal_by(c_ntfn, 1), ERR_HANDLE);
    assert_int_equal(driver.t->state, T_WAITING);
}

/* Its notification is gone: the source stays masked, and nobody is told. */
static void an_interrupt_for_nobody(void **context)
{
    (void)context;
    in_own_wait();
    interrupt();
    host_destroy(n.h);
    SYS_OK(init, IRQ_ACK, irq);
    interrupt();
    assert_false(fast());
    assert_false(host_irq_on[SOURCE]);
    assert_ptr_equal(hart0->current, c.t);
    assert_int_equal(driver.t->state, T_WAITING);
    host_interrupt(0); /* spurious: the controller knows of none */
    assert_false(fast());
    host_exit();
    assert_ptr_equal(hart0->current, c.t);
}

/* A waiter whose receive was the first of several leaves the others where they are. */
static void another_receiver_stays(void **context)
{
    (void)context;
    struct host_thread second = host_thread(&ds);
    SYS_OK(init, THREAD_PRIO, second.h, 170);
    in_own_receive();
    assert_int_equal(host_ipc(second.t, SYS_RECV, 0, d_ep), HOST_BLOCKED);
    assert_int_equal(signal_by(c_driver, 2), OK);
    assert_true(fast());
    got(MSG_NOTIFY, 2);
    assert_int_equal(second.t->state, T_RECEIVING);
    handle_t self = host_give(&cs, second.h, RIGHT_SIGNAL, 0);
    in_own_receive();
    assert_int_equal(signal_by(self, 2), OK); /* it stands in the list */
    assert_false(fast());
    assert_ptr_equal(hart0->current, second.t);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_signal_wakes_who_waits),
        TEST(a_signal_ends_a_receive),
        TEST(an_interrupt_wakes_its_driver),
        TEST(who_is_interrupted_keeps_its_place),
        TEST(what_the_general_path_does),
        TEST(others_that_are_ready),
        TEST(signals_that_are_refused),
        TEST(an_interrupt_for_nobody),
        TEST(another_receiver_stays),
    };
    int failed = cmocka_run_group_tests(tests, 0, 0);
    host_compares = true;
    return failed + cmocka_run_group_tests(tests, 0, 0);
}
