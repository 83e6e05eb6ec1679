/* SPDX-License-Identifier: MIT
 * The constant-time priority queue against a naive one, and the bit search it stands on.
 * SOURCES: microkernel/core/queue.c
 * INCLUDES: microkernel/include microkernel/core
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "kernel.h"

#define THREADS 200
static struct thread thread[THREADS];
static struct prio_queue queue;
static uint64_t state = 88172645463325252UL;

_Noreturn void panic(const char *what, uint64_t a, uint64_t b)
{
    fprintf(stderr, "panic: %s %lu %lu\n", what, a, b);
    abort();
}

static uint64_t below(uint64_t n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (state >> 11) % n;
}

static void low_bit_finds_every_bit(void **context)
{
    (void)context;
    for (unsigned i = 0; i < 64; i++) {
        assert_int_equal(low_bit(1UL << i), i);
        assert_int_equal(low_bit(~0UL << i), i);
        for (unsigned n = 0; n < 100; n++)
            assert_int_equal(low_bit((below(~0UL) << 1 | 1) << i), i);
    }
}

/* The oracle: per priority the threads in order, as an array. */
static int order[PRIORITIES][THREADS];
static unsigned length[PRIORITIES];

static void oracle_add(unsigned prio, int id, bool head)
{
    unsigned at = head ? 0 : length[prio];
    for (unsigned i = length[prio]++; i > at; i--)
        order[prio][i] = order[prio][i - 1];
    order[prio][at] = id;
}

static void oracle_remove(unsigned prio, int id)
{
    unsigned at = 0;
    while (order[prio][at] != id)
        at++;
    length[prio]--;
    for (; at < length[prio]; at++)
        order[prio][at] = order[prio][at + 1];
}

static int oracle_top(void)
{
    for (int p = PRIORITIES - 1; p >= 0; p--)
        if (length[p])
            return order[p][0];
    return -1;
}

static void one_step(unsigned priorities)
{
    unsigned id = below(THREADS);
    struct thread *t = &thread[id];
    if (t->queue) {
        oracle_remove(t->q_prio, id);
        queue_remove(t);
        assert_null(t->queue);
        return;
    }
    unsigned prio = below(priorities) * (PRIORITIES / priorities);
    bool head = below(4) == 0;
    oracle_add(prio, id, head);
    (head ? queue_add_head : queue_add)(&queue, t, prio);
    assert_ptr_equal(t->queue, &queue);
    assert_int_equal(t->q_prio, prio);
}

static void queue_equals_a_sorted_list(void **context)
{
    (void)context;
    for (unsigned round = 0; round < 200000; round++) {
        one_step(round % 3 == 0 ? PRIORITIES : round % 3 == 1 ? 4 : 1);
        int top = oracle_top();
        assert_ptr_equal(queue_top(&queue), top < 0 ? 0 : &thread[top]);
    }
    for (int top; (top = oracle_top()) >= 0;) { /* everything comes out in order */
        assert_ptr_equal(queue_top(&queue), &thread[top]);
        oracle_remove(thread[top].q_prio, top);
        queue_remove(&thread[top]);
    }
    assert_null(queue_top(&queue));
    for (unsigned w = 0; w < PRIORITIES / 64; w++)
        assert_int_equal(queue.map[w], 0);
}

static void first_in_first_out_within_a_priority(void **context)
{
    (void)context;
    for (unsigned i = 0; i < THREADS; i++)
        queue_add(&queue, &thread[i], 77);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_ptr_equal(queue_top(&queue), &thread[i]);
        queue_remove(&thread[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(low_bit_finds_every_bit),
        cmocka_unit_test(queue_equals_a_sorted_list),
        cmocka_unit_test(first_in_first_out_within_a_priority),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
