/* SPDX-License-Identifier: MIT
 * Several harts in core/: who runs where, receivers that follow their clients, threads moved and stopped in every state while
 * they run, wait or hold a timer elsewhere, and harts told of what concerns them. (riscv/tlb.c: test_kernel_asid.)
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include "host.h"

static struct host_space client_space, server_space;
static struct host_thread client, server, other;
static struct host_ep ep;
static handle_t to, at; /* the client's and the server's handles to it */

static int setup(void **context)
{
    (void)context;
    host_boot();
    client_space = host_space(), server_space = host_space();
    client = host_thread_on(&client_space, hart1);
    server = host_thread_on(&server_space, hart0);
    other = host_thread_on(&client_space, hart1);
    ep = host_ep();
    SYS_OK(init, THREAD_PRIO, client.h, 150); /* and so is what works for it: nobody keeps them from running */
    to = host_give(&client_space, ep.h, RIGHT_SEND, 7);
    at = host_give(&server_space, ep.h, RIGHT_RECV, 0);
    return 0;
}
static int teardown(void **context)
{
    (void)context;
    host_check();
    return 0;
}

static void receive(void) { assert_int_equal(SYS(server.t, RECV, at), HOST_BLOCKED); }
static void call(void)
{
    host_words(client.t, 1);
    assert_int_equal(host_ipc(client.t, SYS_CALL, 0, to), HOST_BLOCKED);
}

static void a_receiver_follows_its_client(void **context)
{
    (void)context;
    receive();
    assert_ptr_equal(server.t->hart, hart0);
    call();
    assert_ptr_equal(server.t->hart, hart1); /* no hop: it runs where the client ran */
    assert_int_equal(server.t->state, T_RUNNING);
    assert_ptr_equal(hart1->current, server.t);
}

static void one_that_stays_does_not(void **context)
{
    (void)context;
    SYS_OK(init, THREAD_HART, server.h, 0 | HART_STAY);
    receive();
    hart0->kicked = false;
    call();
    assert_ptr_equal(server.t->hart, hart0);
    assert_true(hart0->kicked); /* it has to look at its queue */
    assert_int_equal(server.t->state, T_RUNNING);
}

static void an_answered_client_goes_on_where_it_was(void **context)
{
    (void)context;
    call(); /* nobody receives yet */
    assert_int_equal(SYS(server.t, RECV, at), MSG_CALL);
    assert_ptr_equal(server.t->hart, hart0);
    hart1->kicked = false;
    server.t->x[X_T3] = server.t->x[X_T2];
    assert_int_equal(host_ipc(server.t, SYS_REPLY, 0, 0), OK);
    assert_ptr_equal(client.t->hart, hart1);
    assert_true(hart1->kicked);
}

static void a_running_thread_is_asked_in_before_it_is_stopped(void **context)
{
    (void)context;
    host_current(client.t);
    host_exit();
    assert_int_equal(client.t->state, T_RUNNING);
    unsigned before = host_hart_enters[1];
    SYS_OK(init, THREAD_STOP, client.h); /* from hart 0 */
    assert_int_equal(host_hart_enters[1], before + 1);
    assert_int_equal(client.t->state, T_STOPPED);
    assert_ptr_not_equal(hart1->current, client.t);
    SYS_OK(init, THREAD_STOP, client.h); /* it does not run any more: nobody to ask */
    assert_int_equal(host_hart_enters[1], before + 1);
}

static void a_running_thread_is_asked_what_it_has_run(void **context)
{
    (void)context;
    host_current(client.t);
    host_exit();
    unsigned before = host_hart_enters[1];
    SYS_OK(init, THREAD_INFO, client.h); /* from hart 0: its hart counts as it enters */
    assert_int_equal(host_hart_enters[1], before + 1);
    SYS_OK(init, THREAD_STOP, client.h);
    before = host_hart_enters[1];
    SYS_OK(init, THREAD_INFO, client.h); /* counted when it was switched from */
    assert_int_equal(host_hart_enters[1], before);
}

static void a_thread_is_moved_whatever_it_does(void **context)
{
    (void)context;
    for (unsigned n = 0; n < 4; n++) { /* ready or running */
        SYS_OK(init, THREAD_HART, client.h, n & 1);
        assert_ptr_equal(client.t->hart, &harts[n & 1]);
        assert_true(client.t->state == T_READY || client.t->state == T_RUNNING);
        host_check();
    }
    SYS_OK(init, THREAD_STOP, client.h);
    SYS_OK(init, THREAD_HART, client.h, 0);
    assert_int_equal(client.t->state, T_STOPPED);
    SYS_OK(init, THREAD_RESUME, client.h);
    assert_ptr_equal(client.t->hart, hart0);
    receive();
    SYS_OK(init, THREAD_HART, server.h, 1);
    assert_int_equal(server.t->state, T_RECEIVING);
    call();
    SYS_OK(init, THREAD_HART, client.h, 1);
    assert_int_equal(client.t->state, T_WAIT_REPLY);
    assert_int_equal(SYS(init, THREAD_HART, client.h, 2), ERR_INVAL);
    assert_int_equal(SYS(init, THREAD_HART, client.h, 1UL << 32), ERR_INVAL);
}

static void its_deadline_moves_along(void **context)
{
    (void)context;
    host_time_limit(client.t, host_time + 500);
    assert_int_equal(host_ipc(client.t, SYS_WAIT, IPC_F_DEADLINE, 0), HOST_BLOCKED);
    hart0->kicked = false;
    SYS_OK(other.t, YIELD);
    handle_t control = host_give(&client_space, client.h, RIGHTS_ALL, 0);
    hart0->kicked = false;
    SYS_OK(other.t, THREAD_HART, control, 0); /* from hart 1 */
    assert_true(hart0->kicked); /* to set its timer */
    host_hart = hart0;
    host_exit();
    host_ticks(400);
    assert_int_equal(client.t->state, T_WAITING);
    host_ticks(200);
    assert_int_equal(host_result(client.t), ERR_TIMEOUT);
    assert_ptr_equal(client.t->hart, hart0);
}

static void a_thread_may_move_itself(void **context)
{
    (void)context;
    handle_t own = host_give(&client_space, client.h, RIGHTS_ALL, 0);
    for (unsigned n = 0; n < 6; n++) {
        SYS_OK(client.t, THREAD_HART, own, n & 1);
        assert_ptr_equal(client.t->hart, &harts[n & 1]);
    }
}

static void a_space_ends_only_when_no_hart_has_it(void **context)
{
    (void)context;
    host_current(client.t);
    assert_ptr_equal(hart1->space, client_space.space);
    host_destroy(other.h);
    host_destroy(client.h); /* stopped on its way in: hart 1 still has the tables in its satp */
    hart1->space = client_space.space;
    host_hart = hart0;
    host_destroy(client_space.h);
    assert_ptr_not_equal(hart1->space, client_space.space);
}

/* The pager is such a receiver: it works where the fault was. */
static void a_pager_follows_the_fault(void **context)
{
    (void)context;
    const vaddr_t va = 0x50000000UL;
    host_tables(&client_space, va);
    SYS_OK(init, SPACE_HANDLER, client_space.h, HANDLER_FAULT, ep.h, 7);
    receive();
    assert_ptr_equal(server.t->hart, hart0);
    assert_false(host_store(client.t, va, 1));
    assert_ptr_equal(server.t->hart, hart1);
    assert_int_equal(server.t->state, T_RUNNING);
    assert_ptr_equal(hart1->current, server.t);
    assert_int_equal(host_result(server.t), MSG_FAULT);
    uint64_t id = server.t->x[X_T2];
    SYS_OK(init, THREAD_HART, client.h, 0); /* meanwhile its client moves: the answer finds it there, and the pager stays */
    assert_int_equal(host_fault_reply(server.t, id, FAULT_RETRY, 0, 0, 0, 0), OK);
    assert_ptr_equal(client.t->hart, hart0);
    assert_ptr_equal(server.t->hart, hart1);
    receive();
    assert_false(host_store(client.t, va + PAGE_SIZE, 1)); /* and comes back for the next one */
    assert_ptr_equal(server.t->hart, hart0);
    assert_ptr_equal(hart0->current, server.t);
}

/* An interrupt comes where its driver last acknowledged one: the driver moves, acknowledges, and it is enabled there. */
static void an_interrupt_follows_its_driver(void **context)
{
    (void)context;
    const unsigned source = 5;
    struct host_ntfn n = host_ntfn();
    handle_t signal = host_give(&server_space, n.h, RIGHT_SIGNAL, 0);
    SYS_OK(init, IRQ_CREATE, INIT_H_KERNEL, source);
    handle_t irq = host_give(&server_space, (handle_t)init->x[REG_A1], RIGHT_IRQ_USE, 0);
    SYS_OK(server.t, IRQ_BIND, irq, signal, 1);
    assert_ptr_equal(host_irq_hart[source], hart0);
    for (unsigned i = 1; i < 5; i++) {
        struct hart *to = &harts[i & 1];
        SYS_OK(init, THREAD_HART, server.h, i & 1);
        assert_ptr_not_equal(host_irq_hart[source], to); /* nobody has asked for it there yet */
        host_irq_on[source] = false;
        SYS_OK(server.t, IRQ_ACK, irq);
        assert_true(host_irq_on[source]);
        assert_ptr_equal(host_irq_hart[source], to);
    }
}

/* Stores to code are seen by all harts' fetches when the call returns; riscv/ipi.c's half of it: test_kernel_mail. */
static void code_is_fenced_on_all_harts(void **context)
{
    (void)context;
    for (unsigned n = 0; n < 2; n++) {
        unsigned before = host_fetch_fences;
        SYS_OK(n ? client.t : server.t, SPACE_EXEC_FENCE);
        assert_int_equal(host_fetch_fences, before + 1);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_receiver_follows_its_client),
        TEST(a_pager_follows_the_fault),
        TEST(an_interrupt_follows_its_driver),
        TEST(code_is_fenced_on_all_harts),
        TEST(one_that_stays_does_not),
        TEST(an_answered_client_goes_on_where_it_was),
        TEST(a_running_thread_is_asked_in_before_it_is_stopped),
        TEST(a_running_thread_is_asked_what_it_has_run),
        TEST(a_thread_is_moved_whatever_it_does),
        TEST(its_deadline_moves_along),
        TEST(a_thread_may_move_itself),
        TEST(a_space_ends_only_when_no_hart_has_it),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
