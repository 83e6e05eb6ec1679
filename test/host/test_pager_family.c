/* SPDX-License-Identifier: MIT
 * Families of processes on the pager and a model kernel: contents against an oracle under both fork strategies, long forks,
 * what waits for them, a death at every system call and between any two steps. vmcheck after each.
 * SOURCES: servers/pager/ -servers/pager/main.c servers/pager/backing/ servers/pager/fork/ servers/pager/policy/ test/host/pager/
 * INCLUDES: microkernel/include libipc/include servers/pager test/host/pager
 */
#include "family.h"
#include "spare.h"

static void families_agree_with_an_oracle(void **state)
{
    (void)state;
    uint32_t before = model_free();
    for (uint64_t strategy = FORK_COW; strategy <= FORK_TABLES; strategy++) {
        struct ipc_msg m = {.w = {PAGER_STRATEGY, strategy}};
        assert_int_equal(model_call(0, &m), OK);
        family_start();
        for (int i = 0; i < 3000; i++) {
            family_step();
            if (i % 100 == 0)
                family_verify();
        }
        family_verify();
        family_end(before);
    }
    struct ipc_msg m = {.w = {PAGER_STRATEGY, FORK_COW}};
    assert_int_equal(model_call(0, &m), OK);
}

/* ---- operations that take long ---- */

#define WIDE 0x80000000UL /* a region with a page in each of many leaf tables: a fork of it takes more steps than are taken at once */
#define WIDE_TABLES 90u

static uint32_t make_wide(uint64_t key)
{
    uint32_t s = make_process(key);
    assert_int_equal(add_region(s, WIDE, WIDE + WIDE_TABLES * CHUNK_SIZE, PROT_R | PROT_W, BACKING_ANON, 0, 0), OK);
    for (unsigned i = 0; i < WIDE_TABLES; i++)
        store(s, WIDE + i * CHUNK_SIZE + i * PAGE_SIZE, (uint8_t)(i + 1));
    return s;
}

static void changes_wait_for_a_fork_and_faults_do_not(void **state)
{
    bool later;
    (void)state;
    uint32_t a = make_wide(1), child = model_space_new(2);
    struct ipc_msg m = {.w = {PAGER_FORK, a, child, ++op_key}};
    assert_int_equal(model_ask(0, 10, &m, &later), ERR_IN_PROGRESS);
    assert_false(later);
    m = (struct ipc_msg){.w = {PAGER_FORK, a, child, op_key}}; /* asked again: the same one */
    assert_int_equal(model_ask(0, 10, &m, &later), ERR_IN_PROGRESS);
    for (unsigned i = 0; i < 4; i++) {
        m = (struct ipc_msg){.w = {PAGER_BRK, HEAP + (i + 1) * PAGE_SIZE}};
        (void)model_ask(a, 20 + i, &m, &later);
        assert_true(later);
    }
    assert_int_equal(deferred_count(), 4);
    defer_cancel(1, 21);
    assert_int_equal(deferred_count(), 3);
    op_step();
    store(a, WIDE + 3 * CHUNK_SIZE + 3 * PAGE_SIZE, 77); /* the parent's other thread */
    store(a, WIDE + 19 * CHUNK_SIZE + 19 * PAGE_SIZE, 78);
    model_check();
    assert_true(model_run());
    assert_int_equal(deferred_count(), 0);
    m = (struct ipc_msg){.w = {PAGER_OP_RESULT, op_key}};
    assert_int_equal(model_call(0, &m), OK);
    assert_int_equal(refused_store(a, HEAP + 4 * PAGE_SIZE), FAULT_REASON_UNMAPPED); /* the last break counts */
    assert_int_equal(load(child, HEAP + 4 * PAGE_SIZE), 0);                          /* the child was forked before */
    assert_int_equal(load(child, WIDE + 5 * CHUNK_SIZE + 5 * PAGE_SIZE), 6);
    model_check();
    end_process(a);
    end_process(child);
    model_check();
}

static void the_queue_of_waiting_requests_is_bounded(void **state)
{
    bool later;
    unsigned waiting = 0;
    (void)state;
    uint32_t a = make_wide(1), child = model_space_new(2);
    struct ipc_msg m = {.w = {PAGER_FORK, a, child, ++op_key}};
    assert_int_equal(model_ask(0, 10, &m, &later), ERR_IN_PROGRESS);
    for (unsigned i = 0; i < 2 * DEFERRED_MAX; i++) {
        m = (struct ipc_msg){.w = {PAGER_BRK, HEAP + PAGE_SIZE}};
        err_t err = model_ask(a, 100 + i, &m, &later);
        waiting += later;
        assert_true(later || err == ERR_AGAIN);
    }
    assert_int_equal(waiting, DEFERRED_MAX);
    (void)model_run();
    assert_int_equal(deferred_count(), 0);
    model_check();
    end_process(child);
    end_process(a);
}

/* Die after n steps of a long fork, of either strategy: the restarted pager finishes it. */
static void a_death_between_any_two_steps_redoes_the_fork(void **state)
{
    bool later;
    (void)state;
    uint32_t a = make_wide(1);
    for (uint64_t strategy = FORK_COW; strategy <= FORK_TABLES; strategy++) {
        struct ipc_msg m = {.w = {PAGER_STRATEGY, strategy}};
        assert_int_equal(model_call(0, &m), OK);
        uint32_t before = model_free();
        for (unsigned steps = 0; steps < 30; steps++) {
            uint32_t child = model_space_new(100 + steps);
            m = (struct ipc_msg){.w = {PAGER_FORK, a, child, ++op_key}};
            assert_int_equal(model_ask(0, 10, &m, &later), ERR_IN_PROGRESS);
            for (unsigned i = 0; i < steps && op_is_pending(); i++)
                op_step();
            model_restart();
            model_check();
            (void)model_run();
            m = (struct ipc_msg){.w = {PAGER_OP_RESULT, op_key}};
            assert_int_equal(model_call(0, &m), OK);
            for (unsigned i = 0; i < WIDE_TABLES; i++)
                assert_int_equal(load(child, WIDE + i * CHUNK_SIZE + i * PAGE_SIZE), i + 1);
            model_check();
            end_process(child);
            assert_int_equal(model_free(), before);
        }
    }
    end_process(a);
}

/* ---- death ---- */

/* One fork, some writes, one exit, with a death at the k-th call; returns whether it came to that. */
static bool mortal_round(uint64_t k, int after)
{
    static uint32_t a, child;
    static uint64_t fork_key, delete_key, key;
    static unsigned stage;
    volatile bool died = false;
    if (!a || !space_slot(a)) {
        a = make_process(1);
        for (unsigned i = 0; i < HEAP_PAGES; i++)
            store(a, HEAP + i * PAGE_SIZE, (uint8_t)(i + 1));
    }
    fork_key = ++op_key;
    delete_key = ++op_key;
    key = 1000 + op_key;
    stage = 0;
    model_die_at(k, after);
    if (setjmp(model_death)) {
        died = true;
        model_restart();
        model_check();
    }
    /* every request may be sent again; what is done stays done */
    if (stage == 0) {
        child = model_space_new(key);
        assert_true(child != 0);
        stage = 1;
    }
    if (stage == 1) {
        assert_int_equal(model_fork(a, child, fork_key), OK);
        stage = 2;
    }
    if (stage == 2) {
        for (unsigned i = 0; i < HEAP_PAGES; i += 5)
            store(child, HEAP + i * PAGE_SIZE, 99);
        store(a, HEAP + PAGE_SIZE, 2);
        stage = 3;
    }
    for (unsigned i = 0; stage == 3 && i < HEAP_PAGES; i++) {
        assert_int_equal(load(child, HEAP + i * PAGE_SIZE), i % 5 ? i + 1 : 99);
        assert_int_equal(load(a, HEAP + i * PAGE_SIZE), i + 1);
    }
    stage = 4;
    struct ipc_msg m = {.w = {PAGER_SPACE_DELETE, child, delete_key}};
    err_t err = model_call(0, &m);
    assert_true(err == OK || err == ERR_IN_PROGRESS || (err == ERR_NOENT && died));
    model_die_at(0, 0);
    assert_int_equal(space_slot(child), 0);
    model_check();
    return died;
}

static void a_death_at_every_call_loses_nothing(void **state)
{
    (void)state;
    for (uint64_t strategy = FORK_COW; strategy <= FORK_TABLES; strategy++) {
        struct ipc_msg m = {.w = {PAGER_STRATEGY, strategy}};
        assert_int_equal(model_call(0, &m), OK);
        (void)mortal_round(0, 0);
        uint32_t before = model_free();
        for (int after = 0; after < 2; after++) {
            uint64_t k = 1;
            while (mortal_round(k, after)) {
                assert_int_equal(model_free(), before);
                assert_true(++k < 2000);
            }
            assert_true(k > 6); /* or hardly anything was tried */
        }
    }
}

static void a_restart_in_a_family_changes_nothing(void **state)
{
    (void)state;
    uint32_t before = model_free();
    for (uint64_t strategy = FORK_COW; strategy <= FORK_TABLES; strategy++) {
        struct ipc_msg m = {.w = {PAGER_STRATEGY, strategy}};
        assert_int_equal(model_call(0, &m), OK);
        family_start();
        for (int i = 0; i < 600; i++) {
            family_step();
            if (i % 20 == 0) {
                uint64_t mismatches = ledger.header->mismatches;
                uint32_t free_now = model_free();
                model_restart();
                assert_int_equal(model_free(), free_now);
                assert_int_equal(ledger.header->mismatches, mismatches);
                family_verify();
            }
        }
        family_end(before);
    }
}

/* ---- spaces made ahead ---- */

static uint32_t new_at(uint64_t key, uint32_t payer, uint64_t at)
{
    struct ipc_msg m = {.w = {PAGER_SPACE_NEW, key, payer, at}};
    assert_int_equal(model_call(0, &m), OK);
    return (uint32_t)m.w[1];
}
static uint64_t said_free(void)
{
    struct ipc_msg m = {.w = {PAGER_STAT, PAGER_STAT_MEMORY}};
    assert_int_equal(model_call(0, &m), OK);
    return m.w[2] + m.w[6];
}
static void make_spares(void)
{
    for (unsigned i = 0; spare_step(); i++)
        assert_true(i < SPARES_MAX);
}

static void who_finds_a_spare_allocates_nothing(void **state)
{
    const uint64_t at = THREAD_AT(100, 0);
    uint32_t before = model_free();
    (void)state;
    assert_false(spare_step()); /* nobody has wanted one yet */
    uint32_t a = new_at(1, 0, at);
    uint64_t free_before = said_free();
    make_spares();
    assert_int_equal(spare.count, SPARES_MAX);
    assert_int_equal(said_free(), free_before);
    assert_int_equal(spaces_live(), 1);
    model_check();
    uint64_t allocations = frame_test.allocations;
    uint32_t b = new_at(2, 0, at);
    assert_int_equal(frame_test.allocations, allocations);
    assert_int_equal(spare.count, SPARES_MAX - 1);
    assert_int_equal(new_at(2, 0, at), b);
    assert_int_equal(spare.count, SPARES_MAX - 1);
    model_check();
    struct ipc_msg m = {.w = {PAGER_LIMIT, b, 100}};
    assert_int_equal(model_call(0, &m), OK);
    uint32_t limited = new_at(3, b, at), other = new_at(4, 0, THREAD_AT(50, 0));
    assert_int_equal(spare.count, SPARES_MAX - 1);
    assert_int_equal(frame_test.allocations, allocations + 2 * 3);
    model_check();
    const uint32_t all[] = {a, b, limited, other};
    for (unsigned i = 0; i < 4; i++)
        end_process(all[i]);
    assert_true(spare_give_back());
    assert_int_equal(model_free(), before);
    model_check();
}

static void a_restart_ends_spares(void **state)
{
    uint32_t before = model_free(), a = new_at(1, 0, THREAD_AT(100, 0));
    (void)state;
    make_spares();
    uint32_t b = new_at(2, 0, THREAD_AT(100, 0));
    space_at(space_slot(b))->flags |= SPACE_F_SPARE; /* named, but not yet taken, when the death came */
    model_restart();
    assert_int_equal(spare.count, 0);
    assert_int_equal(space_slot(b), 0);
    model_check();
    end_process(a);
    assert_int_equal(model_free(), before);
}

/* Regions that fork in different ways under one leaf table count for the pages that they have: a small process has its answer at once. */
static void a_shared_page_does_not_make_a_fork_long(void **state)
{
    (void)state;
    uint32_t a = make_process(1), child = model_space_new(2);
    for (unsigned i = 0; i < 24; i++) {
        uint64_t va = WIDE + 2 * i * PAGE_SIZE;
        assert_int_equal(add_region(a, va, va + PAGE_SIZE, PROT_R | PROT_W | (i == 0 ? REGION_SHARED << 8 : 0), BACKING_ANON, 0, 0), OK);
        store(a, va, (uint8_t)(i + 1));
    }
    struct ipc_msg m = {.w = {PAGER_FORK, a, child, ++op_key}};
    assert_int_equal(model_call(0, &m), OK);
    for (unsigned i = 0; i < 24; i++)
        assert_int_equal(load(child, WIDE + 2 * i * PAGE_SIZE), i + 1);
    store(child, WIDE, 99);
    assert_int_equal(load(a, WIDE), 99);
    model_check();
    end_process(a);
    end_process(child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(families_agree_with_an_oracle, setup, teardown),
        cmocka_unit_test_setup_teardown(changes_wait_for_a_fork_and_faults_do_not, setup, teardown),
        cmocka_unit_test_setup_teardown(a_shared_page_does_not_make_a_fork_long, setup, teardown),
        cmocka_unit_test_setup_teardown(the_queue_of_waiting_requests_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(a_death_between_any_two_steps_redoes_the_fork, setup, teardown),
        cmocka_unit_test_setup_teardown(a_death_at_every_call_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_restart_in_a_family_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(who_finds_a_spare_allocates_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_restart_ends_spares, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
