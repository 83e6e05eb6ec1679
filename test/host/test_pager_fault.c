/* SPDX-License-Identifier: MIT
 * The pager, its receive loop apart, on a model kernel: the decision table row by row, region changes, every allocation
 * failing once, a full machine, quotas. vmcheck after each.
 * SOURCES: servers/pager/ -servers/pager/main.c servers/pager/backing/ servers/pager/fork/ servers/pager/policy/ test/host/pager/
 * INCLUDES: microkernel/include libipc/include servers/pager test/host/pager
 */
#include "process.h"

/* ---- the table ---- */

static void forbidden_accesses_say_why(void **state)
{
    (void)state;
    uint32_t s = make_process(1);
    assert_int_equal(refused_store(s, 0x8), FAULT_REASON_NULL);
    assert_int_equal(refused_store(s, TEXT), FAULT_REASON_PROT);
    assert_int_equal(load(s, TEXT), 'a');
    assert_int_equal(refused_store(s, TEXT), FAULT_REASON_PROT); /* also when it is there */
    assert_int_equal(refused_store(s, 0x900000), FAULT_REASON_UNMAPPED);
    assert_int_equal(refused_store(s, STACK + 8), FAULT_REASON_GUARD);
    assert_int_equal(refused_store(s, USER_VA_END), FAULT_REASON_KERNEL);
    assert_int_equal(refused_store(s, 0xffffffc080200000UL), FAULT_REASON_KERNEL);
    model_check();
    end_process(s);
    model_check();
}

static void first_touches_fill_and_share(void **state)
{
    (void)state;
    uint32_t s = make_process(1), before;
    (void)load(s, HEAP);
    before = model_free();
    assert_int_equal(load(s, HEAP + PAGE_SIZE), 0); /* the zero page: no frame */
    assert_int_equal(PTE_FRAME(entry(s, HEAP + PAGE_SIZE)), zero_frame());
    assert_int_equal(model_free(), before);
    store(s, HEAP + PAGE_SIZE, 7); /* now one */
    assert_int_equal(model_free(), before - 1);
    assert_int_equal(load(s, HEAP + PAGE_SIZE + 1), 0);
    store(s, HEAP + 2 * PAGE_SIZE, 8);
    assert_int_equal(model_free(), before - 2);
    assert_int_equal(load(s, HEAP + 3 * PAGE_SIZE - 1), 0); /* zeroed: the model's memory is 0xa5 everywhere */
    model_check();
    end_process(s);
}

static void image_pages_are_shared_until_written(void **state)
{
    (void)state;
    uint32_t a = make_process(1), b = make_process(2);
    assert_int_equal(load(a, DATA), 'e');
    assert_int_equal(load(b, DATA), 'e');
    assert_int_equal(PTE_FRAME(entry(a, DATA)), PTE_FRAME(entry(b, DATA)));
    store(a, DATA, 'x');
    assert_int_equal(load(b, DATA), 'e');
    assert_int_equal(load(a, DATA + 1), 'e');
    assert_int_equal(load(a, DATA + PAGE_SIZE + PAGE_SIZE / 2 - 1), 'f');
    assert_int_equal(load(a, DATA + PAGE_SIZE + PAGE_SIZE / 2), 0); /* behind the file */
    store(b, DATA + PAGE_SIZE + PAGE_SIZE - 1, 9);                   /* a partly backed page, written first */
    assert_int_equal(load(b, DATA + PAGE_SIZE), 'f');
    assert_int_equal(load(b, DATA + PAGE_SIZE + PAGE_SIZE / 2), 0);
    assert_int_equal(load(a, DATA + 3 * PAGE_SIZE), 0);
    model_check();
    end_process(a);
    end_process(b);
    model_check();
}

static void cow_copies_while_shared_and_upgrades_when_sole(void **state)
{
    (void)state;
    uint32_t a = make_process(1);
    store(a, HEAP, 1);
    uint32_t b = make_child(a, 2), c = make_child(b, 3);
    assert_int_equal(refs(a, HEAP), 3);
    frame_t original = PTE_FRAME(entry(a, HEAP));
    store(b, HEAP, 2);
    assert_int_equal(refs(a, HEAP), 2);
    store(c, HEAP, 3);
    assert_int_equal(refs(a, HEAP), 1);
    uint32_t before = model_free();
    store(a, HEAP, 4);
    assert_int_equal(PTE_FRAME(entry(a, HEAP)), original); /* in place */
    assert_int_equal(model_free(), before);
    assert_true(load(a, HEAP) == 4 && load(b, HEAP) == 2 && load(c, HEAP) == 3);
    model_check();
    end_process(b);
    end_process(a);
    end_process(c);
    model_check();
}

static void protection_narrows_and_widens(void **state)
{
    (void)state;
    uint32_t a = make_process(1);
    store(a, HEAP + PAGE_SIZE, 1);
    struct ipc_msg m = {.w = {PAGER_REGION_PROTECT, a, HEAP + PAGE_SIZE, HEAP + 3 * PAGE_SIZE, PROT_R}};
    assert_int_equal(model_call(0, &m), OK);
    assert_int_equal(refused_store(a, HEAP + PAGE_SIZE), FAULT_REASON_PROT);
    store(a, HEAP, 5);
    uint32_t b = make_child(a, 2);
    m = (struct ipc_msg){.w = {PAGER_REGION_PROTECT, a, HEAP + PAGE_SIZE, HEAP + 3 * PAGE_SIZE, PROT_R | PROT_W}};
    assert_int_equal(model_call(0, &m), OK);
    store(a, HEAP + PAGE_SIZE, 2); /* still shared with b: copied */
    assert_int_equal(load(b, HEAP + PAGE_SIZE), 1);
    assert_int_equal(refused_store(b, HEAP + PAGE_SIZE), FAULT_REASON_PROT);
    model_check();
    end_process(b);
    end_process(a);
}

static void the_break_moves_under_cow(void **state)
{
    (void)state;
    uint32_t a = make_process(1);
    for (unsigned i = 0; i < HEAP_PAGES; i++)
        store(a, HEAP + i * PAGE_SIZE, (uint8_t)i);
    uint32_t b = make_child(a, 2);
    struct ipc_msg m = {.w = {PAGER_BRK, HEAP + 4 * PAGE_SIZE + 10}};
    assert_int_equal(model_call(b, &m), OK);
    assert_int_equal(refused_store(b, HEAP + 5 * PAGE_SIZE), FAULT_REASON_UNMAPPED);
    model_check();
    m = (struct ipc_msg){.w = {PAGER_BRK, HEAP + 700 * PAGE_SIZE}};
    assert_int_equal(model_call(b, &m), OK);
    assert_int_equal(load(b, HEAP + 5 * PAGE_SIZE), 0);
    store(b, HEAP + 699 * PAGE_SIZE, 3);
    m = (struct ipc_msg){.w = {PAGER_BRK, HEAP}};
    assert_int_equal(model_call(b, &m), OK);
    m = (struct ipc_msg){.w = {PAGER_BRK, 1UL << 37}};
    assert_int_equal(model_call(b, &m), ERR_NOMEM);
    m = (struct ipc_msg){.w = {PAGER_BRK, HEAP - PAGE_SIZE}};
    assert_int_equal(model_call(b, &m), ERR_INVAL);
    model_check();
    for (unsigned i = 0; i < HEAP_PAGES; i++)
        assert_int_equal(load(a, HEAP + i * PAGE_SIZE), i);
    end_process(b);
    end_process(a);
}

static void pinned_and_shared_regions_fork_their_own_way(void **state)
{
    (void)state;
    const vaddr_t pinned = 0x40000000, shared = pinned + 64 * PAGE_SIZE;
    uint32_t a = make_process(1);
    assert_int_equal(add_region(a, pinned, pinned + 40 * PAGE_SIZE, PROT_R | PROT_W | REGION_PINNED << 8, BACKING_ANON, 0, 0), OK);
    assert_int_equal(add_region(a, shared, shared + 40 * PAGE_SIZE, PROT_R | PROT_W | REGION_SHARED << 8, BACKING_ANON, 0, 0), OK);
    assert_true(entry(a, pinned + 39 * PAGE_SIZE) & PTE_W);
    store(a, pinned, 1);
    store(a, shared, 1);
    uint32_t b = make_child(a, 2);
    assert_true(entry(b, pinned) & PTE_W);
    assert_true(PTE_FRAME(entry(a, pinned)) != PTE_FRAME(entry(b, pinned)));
    assert_int_equal(PTE_FRAME(entry(a, shared)), PTE_FRAME(entry(b, shared)));
    store(b, shared + 5, 9);
    store(b, pinned + 5, 9);
    assert_true(load(a, shared + 5) == 9 && load(a, pinned + 5) == 0);
    model_check();
    end_process(a);
    model_check();
    end_process(b);
    model_check();
}

/* ---- no memory ---- */

static void a_failing_allocation_leaves_no_trace(void **state)
{
    (void)state;
    uint32_t a = make_process(1), failed = 0;
    for (unsigned i = 0; i < HEAP_PAGES; i++)
        store(a, HEAP + i * PAGE_SIZE, (uint8_t)i);
    for (uint64_t strategy = FORK_COW; strategy <= FORK_TABLES; strategy++) {
        struct ipc_msg m = {.w = {PAGER_STRATEGY, strategy}};
        assert_int_equal(model_call(0, &m), OK);
        for (unsigned k = 1; k < 60; k++) {
            uint32_t before = model_free();
            (void)frame_fail_at(k);
            uint32_t child = model_space_new(500 + k);
            err_t err = child ? model_fork(a, child, ++op_key) : ERR_NOMEM;
            unsigned reason = 0;
            if (err == OK && model_store(child, HEAP, 9, &reason) != OK)
                assert_int_equal(reason, FAULT_REASON_NOMEM);
            (void)frame_fail_at(0);
            failed += err != OK;
            assert_true(err == OK || err == ERR_NOMEM);
            model_check();
            if (child)
                end_process(child);
            model_check();
            assert_int_equal(model_free(), before);
        }
    }
    assert_true(failed > 20);
    end_process(a);
}

static void a_failing_allocation_in_a_fault_leaves_no_trace(void **state)
{
    static const vaddr_t where[] = {HEAP, STACK + 3 * PAGE_SIZE, DATA, TEXT, DATA + PAGE_SIZE};
    (void)state;
    for (unsigned i = 0; i < sizeof(where) / sizeof(where[0]); i++) {
        uint32_t failed = 0;
        for (unsigned k = 1; k <= 4; k++) {
            uint32_t s = make_process(1), before = model_free();
            unsigned reason = 0;
            uint8_t value;
            (void)frame_fail_at(k);
            err_t err = where[i] == TEXT ? model_load(s, TEXT, &value, &reason) : model_store(s, where[i], 1, &reason);
            (void)frame_fail_at(0);
            if (err != OK) {
                assert_int_equal(reason, FAULT_REASON_NOMEM);
                assert_int_equal(model_free(), before);
                failed++;
            }
            model_check();
            end_process(s);
        }
        assert_int_equal(failed, where[i] == TEXT ? 2 : 3); /* two tables and a frame; text takes none of the pager's */
    }
}

static void a_full_machine_refuses_and_recovers(void **state)
{
    (void)state;
    uint32_t before = model_free(), a = make_process(1);
    struct ipc_msg m = {.w = {PAGER_BRK, HEAP + 5000 * PAGE_SIZE}};
    assert_int_equal(model_call(a, &m), OK);
    unsigned reason = 0, i = 0;
    while (i < 5000 && model_store(a, HEAP + i * PAGE_SIZE, (uint8_t)i, &reason) == OK)
        i++;
    assert_true(i > 3000 && reason == FAULT_REASON_NOMEM);
    model_check();
    uint32_t b = model_space_new(2); /* kernel frames may be left; user chunks are gone */
    if (b) {
        (void)model_fork(a, b, ++op_key);
        model_check();
        end_process(b);
    }
    end_process(a);
    model_check();
    assert_int_equal(model_free(), before);
}

static void a_quota_holds(void **state)
{
    (void)state;
    uint32_t a = make_process(1);
    struct ipc_msg m = {.w = {PAGER_LIMIT, a, frame_charge_of(space_slot(a)) + 7}};
    assert_int_equal(model_call(0, &m), OK);
    unsigned reason = 0, i = 0;
    while (i < HEAP_PAGES && model_store(a, HEAP + i * PAGE_SIZE, 1, &reason) == OK)
        i++;
    assert_true(i == 5 && reason == FAULT_REASON_QUOTA); /* two tables */
    assert_int_equal(load(a, HEAP + 20 * PAGE_SIZE), 0);  /* the zero page costs nothing */
    end_process(a);
    model_check();
}

/* Code that is written and then made executable, and zeros that are executable from the first: the fence comes before the mapping
 * (the model sees to that), and there is one for each. */
static void code_is_fenced_before_it_is_mapped(void **state)
{
    (void)state;
    const vaddr_t code = 0x40000000, zeros = code + 16 * PAGE_SIZE;
    uint32_t a = make_process(1);
    assert_int_equal(add_region(a, code, code + 4 * PAGE_SIZE, PROT_R | PROT_W, BACKING_ANON, 0, 0), OK);
    assert_int_equal(add_region(a, zeros, zeros + 4 * PAGE_SIZE, PROT_R | PROT_X, BACKING_ANON, 0, 0), OK);
    uint8_t v = 0;
    unsigned reason = 0;
    for (unsigned i = 0; i < 4; i++)
        store(a, code + i * PAGE_SIZE, (uint8_t)(i + 1));
    assert_int_equal(model_fetch(a, code, &v, &reason), ERR_FAULT);
    struct ipc_msg m = {.w = {PAGER_REGION_PROTECT, a, code, code + 4 * PAGE_SIZE, PROT_R | PROT_X}};
    assert_int_equal(model_call(0, &m), OK);
    uint64_t before = model_fences;
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(model_fetch(a, code + i * PAGE_SIZE, &v, &reason), OK);
        assert_int_equal(v, i + 1);
        assert_int_equal(model_fences, before + i + 1);
    }
    before = model_fences;
    assert_int_equal(model_fetch(a, zeros, &v, &reason), OK); /* a frame that something else was in */
    assert_int_equal(v, 0);
    assert_true(model_fences > before || PTE_FRAME(entry(a, zeros)) == zero_frame());
    uint32_t b = make_child(a, 2);
    assert_int_equal(model_fetch(b, code + PAGE_SIZE, &v, &reason), OK);
    assert_int_equal(v, 2);
    model_check();
    end_process(a);
    end_process(b);
    model_check();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(forbidden_accesses_say_why, setup, teardown),
        cmocka_unit_test_setup_teardown(first_touches_fill_and_share, setup, teardown),
        cmocka_unit_test_setup_teardown(image_pages_are_shared_until_written, setup, teardown),
        cmocka_unit_test_setup_teardown(cow_copies_while_shared_and_upgrades_when_sole, setup, teardown),
        cmocka_unit_test_setup_teardown(protection_narrows_and_widens, setup, teardown),
        cmocka_unit_test_setup_teardown(the_break_moves_under_cow, setup, teardown),
        cmocka_unit_test_setup_teardown(pinned_and_shared_regions_fork_their_own_way, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failing_allocation_leaves_no_trace, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failing_allocation_in_a_fault_leaves_no_trace, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_machine_refuses_and_recovers, setup, teardown),
        cmocka_unit_test_setup_teardown(code_is_fenced_before_it_is_mapped, setup, teardown),
        cmocka_unit_test_setup_teardown(a_quota_holds, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
