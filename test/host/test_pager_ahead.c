/* SPDX-License-Identifier: MIT
 * What the pager does ahead of need: pages around a fault, frames zeroed while idle. vmcheck after each.
 * SOURCES: servers/pager/ -servers/pager/main.c servers/pager/backing/ servers/pager/fork/ servers/pager/policy/ test/host/pager/
 * INCLUDES: microkernel/include libipc/include servers/pager test/host/pager
 */
#include "process.h"
#include "zeroed.h"

static err_t tune(uint64_t what, uint64_t value)
{
    struct ipc_msg m = {.w = {PAGER_TUNE, what, value}};
    return model_call(0, &m);
}

/* ---- around a fault ---- */

static void one_fault_maps_the_group(void **state)
{
    (void)state;
    uint32_t s = make_process(1);
    assert_int_equal(load(s, TEXT + 2 * PAGE_SIZE), 'c');
    for (unsigned i = 0; i < 4; i++)
        assert_true(entry(s, TEXT + i * PAGE_SIZE) & PTE_V);
    assert_int_equal(space_vol(space_slot(s))->resident, 4); /* not what lies behind the region */
    assert_int_equal(ledger.header->around_pages, 3);
    assert_int_equal(entry(s, TEXT) & (PTE_R | PTE_W | PTE_X), PTE_R | PTE_X);
    model_check();
    end_process(s);
    model_check();
}

static void a_page_that_the_file_covers_in_part_comes_alone(void **state)
{
    (void)state;
    uint32_t s = make_process(1); /* DATA: a page and a half, then zeros */
    assert_int_equal(load(s, DATA), 'e');
    assert_int_equal(entry(s, DATA + PAGE_SIZE), 0);
    assert_int_equal(load(s, DATA + PAGE_SIZE), 'f');
    assert_int_equal(load(s, DATA + PAGE_SIZE + PAGE_SIZE / 2), 0);
    model_check();
    end_process(s);
}

static void neighbours_of_a_writable_region_are_cow(void **state)
{
    const vaddr_t at = 0x40000000;
    (void)state;
    uint32_t s = make_process(1);
    assert_int_equal(add_region(s, at, at + 5 * PAGE_SIZE, PROT_R | PROT_W, BACKING_IMAGE, 0, 5 * PAGE_SIZE), OK);
    store(s, at + PAGE_SIZE, 7); /* a store brings no neighbours */
    assert_int_equal(entry(s, at), 0);
    frame_t own = PTE_FRAME(entry(s, at + PAGE_SIZE));
    assert_int_equal(load(s, at), 'a');
    assert_true((entry(s, at + 2 * PAGE_SIZE) & (PTE_V | PTE_W | PTE_COW)) == (PTE_V | PTE_COW));
    assert_int_equal(PTE_FRAME(entry(s, at + PAGE_SIZE)), own); /* what was there stays */
    assert_int_equal(load(s, at + PAGE_SIZE), 7);
    model_check();
    store(s, at + 2 * PAGE_SIZE, 9);
    uint32_t other = make_process(2);
    assert_int_equal(load(other, TEXT + 2 * PAGE_SIZE), 'c'); /* the file's page is as it was */
    uint32_t child = make_child(s, 3);
    assert_int_equal(load(child, at + 3 * PAGE_SIZE), 'd');
    model_check();
    end_process(child);
    end_process(other);
    end_process(s);
    model_check();
}

static void the_width_is_kept(void **state)
{
    (void)state;
    assert_int_equal(tune(PAGER_TUNE_AROUND, 3), ERR_INVAL);
    assert_int_equal(tune(PAGER_TUNE_AROUND, 128), ERR_INVAL);
    for (unsigned width = 1; width <= 4; width *= 2) {
        assert_int_equal(tune(PAGER_TUNE_AROUND, width), OK);
        uint32_t s = make_process(width);
        (void)load(s, TEXT + 3 * PAGE_SIZE);
        for (unsigned i = 0; i < 4; i++)
            assert_int_equal(entry(s, TEXT + i * PAGE_SIZE) != 0, i / width == 3 / width);
        end_process(s);
    }
    model_check();
}

static void a_kill_between_mapping_and_counting_loses_nothing(void **state)
{
    (void)state;
    for (volatile int after = 0; after < 2; after++) {
        volatile uint32_t s = make_process(10 + (uint64_t)after);
        (void)load(s, HEAP); /* the leaf table of text is another one */
        for (volatile unsigned k = 1; k <= 3; k++) { /* the run, the list of what it left out, the answer */
            model_die_at(k, after);
            if (setjmp(model_death) == 0) {
                unsigned reason;
                uint8_t value;
                (void)model_load(s, TEXT, &value, &reason);
            } else {
                model_restart();
            }
            model_die_at(0, 0);
            model_check();
        }
        assert_int_equal(load(s, TEXT + PAGE_SIZE), 'b');
        end_process(s);
        model_check();
    }
}

/* ---- zeroed while idle ---- */

static uint32_t idle(void)
{
    uint32_t steps = 0;
    while (zeroed_step())
        steps++;
    return steps;
}

static void idle_time_fills_the_pool_and_stores_use_it(void **state)
{
    (void)state;
    uint32_t s = make_process(1), before = model_free();
    store(s, HEAP, 1);
    assert_int_equal(idle(), ZEROED_MAX);
    assert_true(zeroed.asleep);
    assert_int_equal(model_free(), before - 1 - 2); /* the page and two tables */
    model_check();
    for (unsigned i = 1; i < HEAP_PAGES; i++) {
        store(s, HEAP + i * PAGE_SIZE, 5);
        assert_int_equal(load(s, HEAP + i * PAGE_SIZE + 8), 0);
    }
    assert_int_equal(zeroed.count, ZEROED_MAX - (HEAP_PAGES - 1));
    for (unsigned i = 1; i < 16; i++)
        store(s, STACK + i * PAGE_SIZE, 5);
    assert_false(zeroed.asleep); /* half are gone: somebody was woken */
    model_check();
    assert_int_equal(tune(PAGER_TUNE_ZEROED, 0), OK);
    assert_int_equal(zeroed.count, 0);
    assert_int_equal(idle(), 0);
    assert_int_equal(tune(PAGER_TUNE_ZEROED, ZEROED_MAX + 1), ERR_INVAL);
    end_process(s);
    model_check();
}

static void the_last_frames_are_everybodys(void **state)
{
    (void)state;
    uint32_t before = model_free(), a = make_process(1);
    struct ipc_msg m = {.w = {PAGER_BRK, HEAP + 5000 * PAGE_SIZE}};
    assert_int_equal(model_call(a, &m), OK);
    assert_int_equal(idle(), ZEROED_MAX);
    unsigned reason = 0, i = 0;
    while (i < 5000 && model_store(a, HEAP + i * PAGE_SIZE, (uint8_t)i, &reason) == OK) {
        if (++i % 64 == 0)
            (void)idle();
    }
    assert_int_equal(reason, FAULT_REASON_NOMEM);
    assert_int_equal(zeroed.count, 0); /* they went, too */
    assert_int_equal(frame_pool[POOL_USER].free, 0);
    model_check();
    end_process(a);
    model_check();
    assert_int_equal(model_free(), before);
}

static void a_restart_does_not_know_them(void **state)
{
    (void)state;
    uint32_t s = make_process(1), before;
    store(s, HEAP, 1);
    before = model_free();
    assert_int_equal(idle(), ZEROED_MAX);
    model_restart();
    assert_int_equal(zeroed.count, 0);
    assert_int_equal(model_free(), before);
    model_check();
    store(s, HEAP + PAGE_SIZE, 2);
    assert_int_equal(load(s, HEAP + PAGE_SIZE + 1), 0);
    end_process(s);
    model_check();
}

static void idle_time_is_for_one_class(void **state)
{
    (void)state;
    struct ipc_msg m = {.w = {PAGER_IDLE}};
    assert_int_equal(model_call(0, &m), ERR_PERM);
    uint32_t s = make_process(1);
    m = (struct ipc_msg){.w = {PAGER_IDLE}};
    assert_int_equal(model_call(s, &m), ERR_PERM);
    end_process(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_fault_maps_the_group, setup, teardown),
        cmocka_unit_test_setup_teardown(a_page_that_the_file_covers_in_part_comes_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(neighbours_of_a_writable_region_are_cow, setup, teardown),
        cmocka_unit_test_setup_teardown(the_width_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(a_kill_between_mapping_and_counting_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(idle_time_fills_the_pool_and_stores_use_it, setup, teardown),
        cmocka_unit_test_setup_teardown(the_last_frames_are_everybodys, setup, teardown),
        cmocka_unit_test_setup_teardown(a_restart_does_not_know_them, setup, teardown),
        cmocka_unit_test_setup_teardown(idle_time_is_for_one_class, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
