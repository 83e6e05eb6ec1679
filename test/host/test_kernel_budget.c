/* SPDX-License-Identifier: MIT
 * Budgets: so much time in each period and no more, over calls and faults; debt and its repayment, where it ends; nobody
 * else pays, nothing is lost; and no timer that is not needed. Time passes here by host_ticks alone, which lets whoever
 * runs run.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include "host.h"

#define BUDGET 2000u
#define PERIOD 10000u
#define VA 0x50000000UL

static struct host_space s, servers;
static struct host_thread c, a, b, other; /* client, servers, and one below them that is always ready */
static struct host_ep ep_a, ep_b;
static struct host_sched x, y;
static handle_t call_a, call_b, receive_a, receive_b;

static int setup(void **context)
{
    (void)context;
    host_boot();
    s = host_space(), servers = host_space();
    c = host_thread(&s), other = host_thread(&s);
    a = host_thread(&servers), b = host_thread(&servers);
    ep_a = host_ep(), ep_b = host_ep();
    call_a = host_give(&s, ep_a.h, RIGHT_SEND, 0);
    call_b = host_give(&servers, ep_b.h, RIGHT_SEND, 0);
    receive_a = host_give(&servers, ep_a.h, RIGHT_RECV, 0);
    receive_b = host_give(&servers, ep_b.h, RIGHT_RECV, 0);
    SYS_OK(init, SPACE_HANDLER, s.h, HANDLER_FAULT, ep_a.h, 0);
    SYS_OK(init, THREAD_PRIO, other.h, 50);
    x = host_sched(BUDGET, PERIOD, 120);
    y = host_sched(BUDGET, PERIOD, 110);
    assert_int_equal(host_ipc(a.t, SYS_RECV, 0, receive_a), HOST_BLOCKED);
    assert_int_equal(host_ipc(b.t, SYS_RECV, 0, receive_b), HOST_BLOCKED);
    return 0;
}

static int teardown(void **context)
{
    (void)context;
    host_check();
    return 0;
}

static void bind_and_go(void)
{
    SYS_OK(init, THREAD_SCHED, c.h, x.h);
    host_current(c.t);
    SYS_OK(init, SCHED_SET, x.h, BUDGET, PERIOD, 120); /* the first period begins now */
    SYS_OK(init, THREAD_STOP, INIT_H_THREAD);
}

static struct thread *running(void) { return hart0->current; }

static int64_t left_now(struct sched *k)
{
    if (hart0->account == k)
        budget_switch(hart0, k);
    return k->left;
}

static void its_share_in_every_period(void **context)
{
    (void)context;
    bind_and_go();
    for (unsigned n = 0; n < 300; n++) {
        assert_ptr_equal(running(), c.t);
        host_ticks(BUDGET - 1);
        assert_ptr_equal(running(), c.t);
        host_ticks(1);
        assert_ptr_equal(running(), other.t);
        assert_int_equal(c.t->state, T_SPENT);
        host_ticks(PERIOD - BUDGET - 1);
        assert_ptr_equal(running(), other.t);
        host_ticks(1);
    }
    assert_int_equal(x.c->used, 300 * BUDGET);
}

/* Whatever it does in between, in any stretch of a period it has at most two budgets, and at most one a period in the long run. */
static void sleeping_saves_nothing(void **context)
{
    (void)context;
    bind_and_go();
    ticks_t begin = host_time, used_at[64] = {0};
    for (unsigned n = 0; n < 4000; n++) {
        if (running() == c.t && host_below(3) == 0) {
            host_time_limit(c.t, host_time + host_below(PERIOD));
            (void)host_ipc(c.t, SYS_WAIT, IPC_F_DEADLINE, 0);
        }
        host_ticks(PERIOD / 64);
        (void)left_now(x.c);
        assert_true(x.c->used - used_at[n % 64] <= 2 * BUDGET); /* since a period ago */
        used_at[n % 64] = x.c->used;
        assert_true(x.c->used <= ((host_time - begin) / PERIOD + 1) * BUDGET);
        assert_true(x.c->left <= (int64_t)BUDGET && x.c->left >= 0);
    }
    assert_true(x.c->used > 10 * BUDGET);
}

static void a_long_sleep_is_one_budget(void **context)
{
    (void)context;
    bind_and_go();
    host_time_limit(c.t, host_time + 1000000 * (uint64_t)PERIOD + 1);
    assert_int_equal(host_ipc(c.t, SYS_WAIT, IPC_F_DEADLINE, 0), HOST_BLOCKED);
    host_ticks(1000000 * (uint64_t)PERIOD + 1);
    assert_ptr_equal(running(), c.t);
    assert_int_equal(left_now(x.c), BUDGET);
    host_ticks(BUDGET);
    assert_int_equal(c.t->state, T_SPENT);
}

static void across_the_border_the_new_period_pays(void **context)
{
    (void)context;
    bind_and_go();
    host_time_limit(c.t, host_time + PERIOD - 500);
    assert_int_equal(host_ipc(c.t, SYS_WAIT, IPC_F_DEADLINE, 0), HOST_BLOCKED);
    host_ticks(PERIOD - 500);
    assert_ptr_equal(running(), c.t);
    host_ticks(1500); /* 500 of the old one, 1000 of the new one; 1500 of the old one are lost */
    assert_int_equal(left_now(x.c), BUDGET - 1000);
    host_ticks(BUDGET - 1000);
    assert_int_equal(c.t->state, T_SPENT);
}

/* ---- lent ---- */

static void call(struct host_thread *t, handle_t h)
{
    host_current(t->t);
    host_exit();
    assert_ptr_equal(running(), t->t);
    assert_int_equal(host_ipc(t->t, SYS_CALL, 0, h), HOST_BLOCKED);
}
static void answer_and_receive(struct host_thread *t, handle_t h)
{
    t->t->x[X_T3] = t->t->x[X_T2];
    assert_int_equal(host_ipc(t->t, SYS_REPLY_RECV, 0, h), HOST_BLOCKED);
}

static void a_server_spends_its_clients_time(void **context)
{
    (void)context;
    SYS_OK(init, THREAD_SCHED, a.h, y.h);
    bind_and_go();
    ticks_t begin = host_time, a_alone = y.c->used;
    for (unsigned n = 0; n < 50; n++) { /* 300 of its own, 500 of a, 200 of b */
        while (running() != c.t)
            host_ticks(1);
        host_ticks(300);
        if (running() != c.t)
            continue;
        call(&c, call_a);
        assert_ptr_equal(running(), a.t);
        assert_int_equal(a.t->prio, 120);
        host_ticks(500);
        uint64_t id = a.t->x[X_T2];
        call(&a, call_b);
        assert_ptr_equal(running(), b.t);
        host_ticks(200);
        answer_and_receive(&b, receive_b);
        assert_ptr_equal(running(), a.t);
        a.t->x[X_T2] = id;
        answer_and_receive(&a, receive_a);
    }
    (void)left_now(x.c);
    uint64_t periods = (host_time - begin) / PERIOD + 1;
    assert_int_equal(y.c->used, a_alone); /* not what a has for itself */
    assert_in_range(x.c->used, (periods - 1) * BUDGET - 1000, periods * BUDGET + 1000);
}

static void a_pager_spends_the_faulters_time(void **context)
{
    (void)context;
    bind_and_go();
    host_tables(&s, VA);
    frame_t f = host_uframe();
    host_current(c.t);
    ticks_t used = x.c->used;
    assert_false(host_store(c.t, VA, 1));
    assert_ptr_equal(running(), a.t);
    host_ticks(700);
    (void)f;
    a.t->x[X_T3] = a.t->x[X_T2];
    a.t->x[REG_A1] = FAULT_RETRY;
    assert_int_equal(host_ipc(a.t, SYS_FAULT_REPLY_RECV, 0, receive_a), HOST_BLOCKED);
    assert_ptr_equal(running(), c.t);
    assert_int_equal(left_now(x.c), BUDGET - 700);
    assert_int_equal(x.c->used, used + 700);
    host_ticks(BUDGET - 700);
    assert_int_equal(c.t->state, T_SPENT);
}

static void a_step_is_finished_on_debt(void **context)
{
    (void)context;
    bind_and_go();
    host_ticks(1500);
    call(&c, call_a);
    host_ticks(3500); /* 500 are left, so 3000 are owed; nobody stops it */
    assert_ptr_equal(running(), a.t);
    assert_ptr_equal(a.t->ctx, x.c);
    answer_and_receive(&a, receive_a);
    assert_ptr_equal(running(), other.t);
    assert_int_equal(c.t->state, T_SPENT);
    assert_int_equal(x.c->left, -3000);
    host_ticks(PERIOD - 5000); /* +2000 */
    assert_int_equal(c.t->state, T_SPENT);
    host_ticks(PERIOD - 1); /* +2000: 1000 are left */
    assert_int_equal(c.t->state, T_SPENT);
    host_ticks(1);
    assert_ptr_equal(running(), c.t);
    host_ticks(1000);
    assert_int_equal(c.t->state, T_SPENT);
    assert_int_equal(x.c->used, 6000);
}

static void a_debt_of_a_period_ends_the_loan(void **context)
{
    (void)context;
    SYS_OK(init, THREAD_PRIO, a.h, 70);
    bind_and_go();
    call(&c, call_a);
    uint64_t id = a.t->x[X_T2];
    call(&a, call_b);
    /* a period of 10000 with 2000 each: owed grows by 8000 a period; at 2000 + 10000 + what came meanwhile it ends */
    ticks_t begin = host_time;
    while (b.t->ctx == x.c && host_time < begin + 10 * PERIOD)
        host_ticks(10);
    assert_in_range(x.c->left, -(int64_t)PERIOD - 20, -(int64_t)PERIOD);
    assert_true(a.t->ctx == 0 && b.t->ctx == 0 && !c.t->served_by);
    assert_int_equal(a.t->prio, 70);
    assert_int_equal(b.t->prio, 70); /* it works for a still */
    assert_ptr_equal(running(), b.t);
    ticks_t used = x.c->used;
    host_ticks(5 * PERIOD);
    assert_int_equal(x.c->used, used);
    answer_and_receive(&b, receive_b);
    a.t->x[X_T2] = id;
    answer_and_receive(&a, receive_a);
    host_ticks(PERIOD);
    (void)left_now(x.c);
    assert_true(x.c->used > used); /* it ran again: repaid meanwhile */
}

static void deferring_gives_it_back(void **context)
{
    (void)context;
    SYS_OK(init, THREAD_SCHED, a.h, y.h);
    bind_and_go();
    call(&c, call_a);
    uint64_t id = a.t->x[X_T2];
    host_ticks(400);
    host_time_limit(a.t, host_time + 100);
    assert_int_equal(host_ipc(a.t, SYS_RECV, IPC_F_DEADLINE, receive_a), HOST_BLOCKED);
    assert_int_equal(x.c->used, 400);
    assert_ptr_equal(a.t->ctx, y.c);
    ticks_t mine = y.c->used;
    host_ticks(100); /* its deadline: it runs on its own time, at its own priority */
    assert_ptr_equal(running(), a.t);
    assert_int_equal(a.t->prio, 110);
    host_ticks(600);
    (void)left_now(y.c);
    assert_int_equal(y.c->used, mine + 600);
    assert_int_equal(x.c->used, 400);
    a.t->x[X_T3] = id; /* answered late: that is its own time, too */
    assert_int_equal(host_ipc(a.t, SYS_REPLY, 0, 0), OK);
    assert_ptr_equal(running(), c.t);
}

/* A server with a budget for its own work does not keep callers waiting when that is used up, but for one budget more at most. */
static void a_server_out_of_budget_with_a_queue(void **context)
{
    (void)context;
    SYS_OK(init, THREAD_SCHED, a.h, y.h);
    host_time_limit(a.t, DEADLINE_POLL);
    SYS_OK(init, SIGNAL, a.h, 1); /* it works on its own */
    bind_and_go();
    assert_int_equal(SYS(c.t, WAIT, 0), HOST_BLOCKED);
    assert_ptr_equal(running(), a.t);
    SYS_OK(a.t, YIELD);
    host_ticks(PERIOD - left_now(y.c) > 0 ? (uint64_t)left_now(y.c) : 0);
    assert_int_equal(a.t->state, T_SPENT);
    assert_ptr_equal(running(), other.t);
    ntfn_signal(&c.t->self, 1);
    host_exit();
    assert_ptr_equal(running(), c.t);
    assert_int_equal(host_ipc(c.t, SYS_CALL, 0, call_a), HOST_BLOCKED);
    assert_ptr_equal(running(), a.t); /* woken: somebody waits for it */
    assert_int_equal(a.t->prio, 120);
    host_ticks(BUDGET - 1);
    assert_ptr_equal(running(), a.t);
    host_ticks(2);
    assert_int_equal(a.t->state, T_SPENT); /* one budget more, and that is that: else a friend could queue to keep it running */
    host_ticks(2 * PERIOD);
    while (running() != a.t)
        host_ticks(100);
    assert_int_equal(host_ipc(a.t, SYS_RECV, 0, receive_a), MSG_CALL);
    assert_ptr_equal(a.t->ctx, x.c);
}

/* ---- settings ---- */

static void set_and_bind_have_limits(void **context)
{
    (void)context;
    static const ticks_t bad[][3] = {{0, 100, 1}, {99, 1000, 1}, {1001, 1000, 1}, {1000, (1UL << 40) + 1, 1}, {1000, 1000, 256},
                                     {1UL << 63, ~0UL, 1}, {~0UL, ~0UL, 1}, {200, 100, 1}};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(SYS(init, SCHED_SET, x.h, bad[i][0], bad[i][1], bad[i][2]), ERR_INVAL);
    SYS_OK(init, SCHED_SET, x.h, 100, 100, 255);
    SYS_OK(init, SCHED_SET, x.h, 1UL << 40, 1UL << 40, 0);
    SYS_OK(init, OBJECT_CREATE, OBJ_SCHED, host_kframe(), 0);
    handle_t fresh = init->x[REG_A1];
    assert_int_equal(SYS(init, THREAD_SCHED, c.h, fresh), ERR_INVAL); /* never set */
    SYS_OK(init, THREAD_SCHED, c.h, x.h);
    SYS_OK(init, THREAD_SCHED, c.h, x.h); /* the same again */
    assert_int_equal(SYS(init, THREAD_SCHED, a.h, x.h), ERR_BUSY);
    SYS_OK(init, THREAD_SCHED, c.h, y.h);
    SYS_OK(init, THREAD_SCHED, a.h, x.h); /* free again */
    assert_int_equal(c.t->base_prio, 110);
    SYS_OK(init, THREAD_PRIO, c.h, 33);
    SYS_OK(init, SCHED_INFO, y.h);
    assert_int_equal(init->x[REG_A1], BUDGET);
    assert_int_equal(init->x[REG_A2], PERIOD);
    assert_int_equal(init->x[REG_A0 + 6], c.t->frame | 33UL << 32);
    SYS_OK(init, THREAD_SCHED, c.h, 0);
    assert_int_equal(c.t->prio, 33);
    host_destroy(fresh);
}

static void setting_anew_keeps_debt(void **context)
{
    (void)context;
    bind_and_go();
    call(&c, call_a);
    host_ticks(BUDGET + 1500);
    SYS_OK(a.t, YIELD);
    assert_int_equal(left_now(x.c), -1500);
    sched_ready(init);
    SYS_OK(init, SCHED_SET, x.h, 4000, 5000, 120);
    assert_int_equal(x.c->left, 2500);
    assert_int_equal(x.c->next, host_time + 5000);
}

static void without_its_context_a_spent_thread_runs(void **context)
{
    (void)context;
    for (unsigned end = 0; end < 2; end++) {
        setup(0);
        SYS_OK(init, THREAD_PRIO, INIT_H_THREAD, 130);
        host_time_limit(init, host_time + BUDGET + 1000);
        SYS_OK(init, THREAD_SCHED, c.h, x.h);
        (void)host_ipc(init, SYS_WAIT, IPC_F_DEADLINE, 0);
        host_ticks(BUDGET + 1000);
        assert_int_equal(c.t->state, T_SPENT);
        if (end)
            host_destroy(x.h);
        else
            SYS_OK(init, THREAD_SCHED, c.h, 0);
        assert_int_equal(c.t->state, T_READY);
        assert_ptr_equal(c.t->ctx, 0);
        assert_int_equal(c.t->prio, 120);
        assert_true(link_empty(&c.t->timer));
        host_check();
    }
}

/* ---- timers ---- */

static void unbudgeted_messages_cost_no_timer(void **context)
{
    (void)context;
    SYS_OK(init, THREAD_STOP, other.h);
    SYS_OK(init, THREAD_STOP, INIT_H_THREAD);
    host_ticks(200000); /* the slice among those that competed is over */
    uint64_t set = hart0->counter[KC_TIMER_SET];
    for (unsigned n = 0; n < 100; n++) {
        call(&c, call_a);
        answer_and_receive(&a, receive_a);
        host_ticks(10);
    }
    assert_int_equal(hart0->counter[KC_TIMER_SET], set);
    assert_int_equal(host_timer[0], ~0UL);
    assert_ptr_equal(hart0->account, 0);
}

/* The end of the budget is the same time before a call and after it: nothing to set. */
static void a_call_on_budget_sets_no_timer(void **context)
{
    (void)context;
    bind_and_go();
    host_ticks(1);
    call(&c, call_a);
    answer_and_receive(&a, receive_a);
    uint64_t set = hart0->counter[KC_TIMER_SET];
    for (unsigned n = 0; n < 50; n++) {
        call(&c, call_a);
        host_ticks(10);
        answer_and_receive(&a, receive_a);
        host_ticks(10);
    }
    assert_int_equal(hart0->counter[KC_TIMER_SET], set);
    assert_int_equal(left_now(x.c), BUDGET - 1001);
}

static void on_another_hart(void **context)
{
    (void)context;
    struct host_thread far = host_thread_on(&s, hart1);
    SYS_OK(init, THREAD_SCHED, far.h, y.h);
    SYS_OK(init, SCHED_SET, y.h, BUDGET, PERIOD, 150);
    assert_ptr_equal(hart1->current, far.t);
    assert_ptr_equal(hart1->account, y.c);
    for (unsigned n = 0; n < 20; n++) {
        host_ticks(BUDGET);
        host_hart = hart1;
        timer_interrupt(); /* the kick of a real machine */
        host_exit();
        host_hart = hart0;
        assert_int_equal(far.t->state, T_SPENT);
        host_ticks(PERIOD - BUDGET);
        assert_ptr_equal(hart1->current, far.t);
    }
    SYS_OK(init, SCHED_INFO, y.h); /* asked from here, charged there */
    assert_int_equal(init->x[REG_A0 + 5], 20 * BUDGET);
    host_ticks(300);
    SYS_OK(init, SCHED_INFO, y.h);
    assert_int_equal(init->x[REG_A2 + 1], BUDGET - 300);
    host_destroy(y.h);
    assert_ptr_equal(hart1->account, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(its_share_in_every_period),
        TEST(sleeping_saves_nothing),
        TEST(a_long_sleep_is_one_budget),
        TEST(across_the_border_the_new_period_pays),
        TEST(a_server_spends_its_clients_time),
        TEST(a_pager_spends_the_faulters_time),
        TEST(a_step_is_finished_on_debt),
        TEST(a_debt_of_a_period_ends_the_loan),
        TEST(deferring_gives_it_back),
        TEST(a_server_out_of_budget_with_a_queue),
        TEST(set_and_bind_have_limits),
        TEST(setting_anew_keeps_debt),
        TEST(without_its_context_a_spent_thread_runs),
        TEST(unbudgeted_messages_cost_no_timer),
        TEST(a_call_on_budget_sets_no_timer),
        TEST(on_another_hart),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
