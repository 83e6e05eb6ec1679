/* SPDX-License-Identifier: MIT
 * The timing wheel against a sorted oracle: never early, late by no more than its bounded step explains, removal, far
 * deadlines, and no interrupt storm. Threads wait on their own notification, as programs sleep.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include "host.h"

#define THREADS 60
#define STEP 8 /* timers handled in an interrupt */

static struct host_thread t[THREADS];
static uint64_t due[THREADS]; /* 0: it does not wait */

static int setup(void **context)
{
    (void)context;
    host_boot();
    for (unsigned i = 0; i < THREADS; i++) {
        t[i] = host_init_thread();
        due[i] = 0;
    }
    return 0;
}

static void sleep_until(unsigned i, uint64_t deadline)
{
    host_time_limit(t[i].t, deadline);
    t[i].t->x[REG_A0] = 0;
    t[i].t->x[X_A7] = SYS_WAIT | (uint64_t)IPC_F_DEADLINE << 8;
    long e = host_ecall(t[i].t);
    assert_int_equal(e, deadline <= host_time ? ERR_TIMEOUT : HOST_BLOCKED);
    due[i] = deadline <= host_time ? 0 : deadline;
}

static uint64_t first_due(void)
{
    uint64_t first = ~0UL;
    for (unsigned i = 0; i < THREADS; i++)
        if (due[i] && due[i] < first)
            first = due[i];
    return first;
}

static unsigned overdue(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < THREADS; i++)
        n += due[i] && due[i] <= host_time;
    return n;
}

/* After an interrupt: who runs again was due; with no more than STEP due and nothing to move down, all of them run. */
static void look(void)
{
    for (unsigned i = 0; i < THREADS; i++) {
        bool waits = t[i].t->state == T_WAITING;
        if (!due[i] || waits)
            continue;
        assert_true(due[i] <= host_time); /* never early */
        assert_int_equal(host_result(t[i].t), ERR_TIMEOUT);
        due[i] = 0;
    }
}

static void interrupt(void)
{
    host_hart = hart0;
    timer_interrupt();
    host_exit();
    look();
}

/* All that is due now comes out in a bounded number of interrupts, each of which does something. */
static void settle(void)
{
    unsigned rounds = 0;
    while (overdue()) {
        assert_true(host_timer[0] <= host_time); /* the hart was told to come back */
        interrupt();
        assert_true(++rounds <= THREADS * WHEEL_LEVELS / STEP + 1);
    }
}

static uint64_t random_delay(void)
{
    unsigned bits = host_below(47);
    return 1 + (host_random() & ((1UL << bits) - 1));
}

static void random_deadlines_against_the_oracle(void **context)
{
    (void)context;
    for (unsigned n = 0; n < 20000; n++) {
        unsigned i = host_below(THREADS);
        if (!due[i]) {
            sleep_until(i, host_time + random_delay());
        } else if (host_below(3) == 0) { /* ended otherwise: its timer must go */
            SYS_OK(init, SIGNAL, t[i].h, 1);
            assert_int_equal(host_result(t[i].t), OK);
            assert_true(link_empty(&t[i].t->timer));
            due[i] = 0;
        }
        uint64_t next = first_due();
        if (next != ~0UL)
            assert_true(host_timer[0] <= next); /* the timer is set in time */
        if (host_below(4) == 0 && next != ~0UL) { /* let time pass: exactly, short of it, or beyond */
            uint64_t to = host_timer[0] > host_time ? host_timer[0] : host_time;
            unsigned how = host_below(3);
            host_time = how == 0 ? to : how == 1 ? to + random_delay() : host_time + (to - host_time) / 2;
            if (host_timer[0] <= host_time)
                interrupt();
            settle();
        }
        if (n % 512 == 0)
            host_check();
    }
}

/* Each interrupt brings the next deadline nearer by a level: no more of them than levels. */
static void one_sleeper_costs_an_interrupt_a_level(void **context)
{
    (void)context;
    for (unsigned i = 1; i < THREADS; i++)
        SYS_OK(init, THREAD_STOP, t[i].h); /* no time slices */
    for (unsigned bits = 0; bits < 47; bits++) {
        uint64_t deadline = host_time + (1UL << bits) + (host_random() & ((1UL << bits) - 1));
        unsigned interrupts = 0;
        sleep_until(0, deadline);
        while (due[0]) {
            assert_true(host_timer[0] <= deadline);
            if (host_timer[0] > host_time)
                host_time = host_timer[0];
            interrupt();
            assert_true(++interrupts <= WHEEL_LEVELS);
        }
        assert_int_equal(host_time, deadline); /* not a tick late */
    }
}

/* Deadlines beyond the wheel's reach are looked at again now and then, not all the time. */
static void far_deadlines_do_not_storm(void **context)
{
    (void)context;
    const uint64_t start[] = {1000, 5, (1UL << 42) * 63 + 12345, (1UL << 42) * 17 + 1, (1UL << 48) - 1};
    for (unsigned k = 0; k < 5; k++) {
        setup(0);
        host_time = hart0->wheel.base = start[k];
        sleep_until(0, DEADLINE_NONE - 1);
        sleep_until(1, host_time + (1UL << 50));
        for (unsigned n = 0; n < 20; n++) {
            assert_true(host_timer[0] != ~0UL);
            assert_true(n == 0 || host_timer[0] > host_time); /* else the hart would do nothing else */
            if (host_timer[0] > host_time)
                host_time = host_timer[0];
            if (host_time >= due[1])
                break;
            interrupt();
            for (unsigned m = 0; m < WHEEL_LEVELS && host_timer[0] <= host_time; m++)
                interrupt();
        }
        settle();
        assert_int_equal(host_time - start[k] >= 1UL << 50, due[1] == 0);
        assert_true(due[0] != 0);
    }
}

static void an_interrupt_handles_a_bounded_number(void **context)
{
    (void)context;
    for (unsigned i = 0; i < THREADS; i++)
        sleep_until(i, 5000);
    host_time = 5000;
    for (unsigned left = THREADS; left;) {
        interrupt();
        unsigned now = overdue();
        assert_true(left - now <= STEP);
        left = now;
        assert_true(!left || host_timer[0] <= host_time);
    }
}

static void past_and_endless_deadlines_set_no_timer(void **context)
{
    (void)context;
    sleep_until(0, DEADLINE_POLL);
    sleep_until(0, host_time);
    assert_true(link_empty(&t[0].t->timer));
    sleep_until(1, DEADLINE_NONE);
    assert_true(link_empty(&t[1].t->timer));
    assert_int_equal(t[1].t->state, T_WAITING);
}

/* The wheel's base stands where it was while nothing is due; deadlines set long after are right all the same. */
static void a_wheel_that_slept_is_right(void **context)
{
    (void)context;
    for (unsigned n = 0; n < 200; n++) {
        host_time += random_delay();
        uint64_t deadline = host_time + 1 + host_below(100000);
        sleep_until(0, deadline);
        unsigned rounds = 0;
        while (due[0]) {
            assert_true(host_timer[0] <= deadline && ++rounds <= 2 * WHEEL_LEVELS);
            if (host_timer[0] > host_time)
                host_time = host_timer[0];
            interrupt();
        }
        assert_int_equal(host_time, deadline);
    }
}

static void the_timer_is_not_set_again_without_need(void **context)
{
    (void)context;
    sleep_until(0, 1000000);
    uint64_t sets = hart0->counter[KC_TIMER_SET];
    for (unsigned i = 1; i < 20; i++)
        sleep_until(i, 2000000 + i); /* later: nothing changes for the hart */
    for (unsigned n = 0; n < 50; n++)
        assert_int_equal(host_call6(init, SYS_NULL, 0, 0, 0, 0, 0, 0), OK);
    assert_true(hart0->counter[KC_TIMER_SET] <= sets + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(random_deadlines_against_the_oracle, setup),
        cmocka_unit_test_setup(one_sleeper_costs_an_interrupt_a_level, setup),
        cmocka_unit_test_setup(far_deadlines_do_not_storm, setup),
        cmocka_unit_test_setup(an_interrupt_handles_a_bounded_number, setup),
        cmocka_unit_test_setup(past_and_endless_deadlines_set_no_timer, setup),
        cmocka_unit_test_setup(a_wheel_that_slept_is_right, setup),
        cmocka_unit_test_setup(the_timer_is_not_set_again_without_need, setup),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
