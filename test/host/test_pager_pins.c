/* SPDX-License-Identifier: MIT
 * Pinned pages on a model kernel: they leave a quarter of the frame limit to others, however they came to be pinned (a lock, a pinned
 * process, a pinned region, a fork, a limit that is lowered); and what a relative pinned is nobody's pin when that one is gone.
 * SOURCES: servers/pager/ -servers/pager/main.c servers/pager/backing/ servers/pager/fork/ servers/pager/policy/ test/host/pager/
 * INCLUDES: microkernel/include libipc/include servers/pager test/host/pager
 */
#include "swapping.h"

#include "evict.h"
#include "resident.h"

#define LIMIT 40u /* setup_swapping()'s */
#define MOST (LIMIT - LIMIT / 4)
#define AREA 0x50000000UL

static err_t pin(uint32_t space, vaddr_t start, unsigned pages, uint64_t what)
{
    struct ipc_msg m = {.w = {PAGER_PIN, space, start, start + pages * PAGE_SIZE, what}};
    return model_call(0, &m);
}
static err_t pin_all(uint32_t space, uint64_t what) { return pin(space, 0, 0, what); }
static err_t add_area(uint32_t space, unsigned pages, unsigned flags)
{
    return add_region(space, AREA, AREA + pages * PAGE_SIZE, PROT_R | PROT_W | flags << 8, BACKING_ANON, 0, 0);
}
static void fill_heap(uint32_t s)
{
    for (unsigned i = 0; i < HEAP_PAGES; i++)
        store(s, HEAP + i * PAGE_SIZE, (uint8_t)(i + 1));
}
/* The heap's pages come in and go out, and are right. */
static void goes_round(uint32_t s)
{
    for (unsigned i = 0; i < HEAP_PAGES; i++)
        assert_int_equal(load(s, HEAP + i * PAGE_SIZE), i + 1);
    fill_heap(s);
}
static unsigned present(uint32_t s, vaddr_t start, unsigned pages)
{
    unsigned n = 0;
    for (unsigned i = 0; i < pages; i++)
        n += (entry(s, start + i * PAGE_SIZE) & PTE_V) != 0;
    return n;
}

/* ---- what a relative pinned ---- */

static void what_a_child_pinned_can_leave_when_it_is_gone(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 4; way++) { /* a range, and all of it; a store that exchanges, and one that copies */
        break_store(STORE_COPY, way / 2);
        uint32_t a = make_process(1);
        for (unsigned i = 0; i < 12; i++)
            store(a, HEAP + i * PAGE_SIZE, (uint8_t)(i + 1));
        uint32_t child = make_child(a, 2);
        assert_int_equal(way & 1 ? pin_all(child, PAGER_PIN_NOW) : pin(child, HEAP, 12, PAGER_PIN_NOW), OK);
        for (unsigned i = 0; i < 12; i++)
            assert_int_equal(refs(child, HEAP + i * PAGE_SIZE), 1);
        model_check();
        (void)evict_now(64);
        assert_int_equal(present(a, HEAP, 12), 0);
        assert_int_equal(present(child, HEAP, 12), 12);
        for (unsigned i = 0; i < 12; i++)
            assert_int_equal(load(a, HEAP + i * PAGE_SIZE), i + 1);
        end_process(child);
        assert_int_equal(resident_pinned(0), 0);
        end_process(a);
        model_check();
    }
}
/* The child's page is clean, so the parent's entry names a slot that is linked with it. */
static void a_pinned_page_is_found_by_no_relative(void **state)
{
    (void)state;
    break_store(STORE_COPY, 1);
    uint32_t a = make_process(1);
    store(a, HEAP, 7);
    uint32_t child = make_child(a, 2);
    (void)evict_now(64);
    assert_int_equal(load(child, HEAP), 7);
    assert_int_equal(pin(child, HEAP, 1, PAGER_PIN_NOW), OK);
    assert_int_equal(load(a, HEAP), 7);
    assert_int_equal(refs(child, HEAP), 1);
    assert_int_equal(refs(a, HEAP), 1);
    model_check();
    end_process(child);
    (void)evict_now(64);
    assert_int_equal(present(a, HEAP, 1), 0);
    assert_int_equal(load(a, HEAP), 7);
    end_process(a);
}
/* What its process may only read is copied, too: else it would stay in the child for ever. */
static void a_fork_copies_what_is_pinned_and_not_writable(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 2; way++) {
        uint32_t a = make_process(1);
        assert_int_equal(add_area(a, 4, 0), OK);
        for (unsigned i = 0; i < 4; i++)
            store(a, AREA + i * PAGE_SIZE, (uint8_t)(i + 9));
        assert_int_equal(way ? pin_all(a, PAGER_PIN_NOW) : pin(a, AREA, 4, PAGER_PIN_NOW), OK);
        struct ipc_msg m = {.w = {PAGER_REGION_PROTECT, a, AREA, AREA + 4 * PAGE_SIZE, PROT_R}};
        assert_int_equal(model_call(0, &m), OK);
        uint32_t child = make_child(a, 2);
        for (unsigned i = 0; i < 4; i++) {
            assert_int_equal(refs(a, AREA + i * PAGE_SIZE), 1);
            assert_int_equal(load(child, AREA + i * PAGE_SIZE), i + 9);
            assert_int_equal(refused_store(child, AREA + i * PAGE_SIZE), FAULT_REASON_PROT);
        }
        model_check();
        end_process(a);
        (void)evict_now(64);
        assert_int_equal(present(child, AREA, 4), 0);
        end_process(child);
    }
}

/* ---- families against an oracle ---- */

static void forks_or_ends(struct member *m)
{
    uint32_t slot = 0;
    while (slot < FAMILY && member[slot].space)
        slot++;
    if (slot == FAMILY || (rnd(2) && members() > 1)) {
        end_process(m->space);
        m->space = 0;
        return;
    }
    member[slot] = *m;
    member[slot].space = model_space_new(next_key++);
    err_t err = model_fork(m->space, member[slot].space, ++op_key);
    assert_true(err == OK || err == ERR_NOMEM);
    if (err == OK)
        return;
    end_process(member[slot].space);
    member[slot].space = 0;
}
static void pins_or_releases(const struct member *m)
{
    unsigned n = 1 + rnd(12), first = rnd(HEAP_PAGES - n + 1);
    uint64_t what = rnd(2) ? PAGER_PIN_NOW : PAGER_UNPIN;
    err_t err = rnd(4) ? pin(m->space, HEAP + first * PAGE_SIZE, n, what) : pin_all(m->space, what);
    assert_true(err == OK || (what == PAGER_PIN_NOW && err == ERR_NOMEM));
}
static void families_that_pin_at_random(void **state)
{
    (void)state;
    uint32_t before = model_free();
    for (unsigned round = 0; round < 4; round++) {
        break_store(STORE_COPY, round & 1);
        family_start();
        for (int i = 0; i < 4000; i++) {
            uint32_t r = rnd(20);
            if (r == 0)
                forks_or_ends(some_member());
            else if (r < 3)
                pins_or_releases(some_member());
            else
                family_step_may_fail();
            if (rnd(6) == 0)
                (void)evict_now(1 + rnd(6));
            if (rnd(8) == 0)
                (void)evict_clean_ahead();
            assert_true(resident.pages <= resident.limit && resident_pinned(0) <= MOST);
            if (i % 20 == 0)
                model_check();
            if (i % 500 == 250)
                model_restart();
        }
        for (uint32_t k = 0; k < FAMILY; k++)
            if (member[k].space) {
                assert_int_equal(pin_all(member[k].space, PAGER_UNPIN), OK);
                assert_int_equal(pin(member[k].space, HEAP, HEAP_PAGES, PAGER_UNPIN), OK);
            }
        assert_int_equal(resident_pinned(0), 0);
        family_verify();
        family_end(before);
    }
}

/* ---- a quarter is left ---- */

static unsigned touches_until_refused(uint32_t s, uint32_t other)
{
    unsigned reason = 0, pages = 0;
    while (pages < 60 && model_store(s, AREA + pages * PAGE_SIZE, 1, &reason) == OK) {
        pages++;
        goes_round(other);
    }
    goes_round(other);
    assert_int_equal(reason, FAULT_REASON_NOMEM);
    model_check();
    return pages;
}
static void a_pinned_process_leaves_a_quarter_to_others(void **state)
{
    (void)state;
    uint32_t a = make_process(1), b = make_process(2);
    fill_heap(b);
    assert_int_equal(add_area(a, 60, 0), OK);
    assert_int_equal(pin_all(a, PAGER_PIN_NOW), OK);
    assert_int_equal(touches_until_refused(a, b), MOST);
    assert_int_equal(pin_all(a, PAGER_UNPIN), OK);
    for (unsigned i = MOST; i < 60; i++)
        store(a, AREA + i * PAGE_SIZE, 1);
    assert_int_equal(pin_all(a, PAGER_PIN_NOW), ERR_NOMEM); /* in the store or not */
    (void)evict_now(64);
    assert_int_equal(present(a, AREA, 60), 0);
    goes_round(b);
    model_check();
    end_process(a);
    end_process(b);
}
static void pinned_regions_leave_a_quarter_to_others(void **state)
{
    (void)state;
    uint32_t a = make_process(1), b = make_process(2);
    fill_heap(b);
    assert_int_equal(add_area(a, MOST + 1, REGION_PINNED), ERR_NOMEM);
    goes_round(b);
    assert_int_equal(add_area(a, MOST / 2, REGION_PINNED), OK);
    uint32_t child = make_child(a, 3), more = model_space_new(4); /* pinned again in the first, */
    model_check();
    assert_int_equal(model_fork(a, more, 40), ERR_NOMEM); /* not in another one */
    goes_round(b);
    model_check();
    end_process(child);
    assert_int_equal(model_fork(a, more, 41), OK);
    end_process(more);
    end_process(a);
    end_process(b);
}
static void a_limit_is_not_lowered_below_what_stays(void **state)
{
    (void)state;
    uint32_t a = make_process(1), b = make_process(2);
    fill_heap(a);
    fill_heap(b);
    assert_int_equal(pin(a, HEAP, 13, PAGER_PIN_NOW), OK);
    assert_int_equal(set_frames(0, 16), ERR_NOMEM);
    assert_int_equal(set_frames(a, 16), ERR_NOMEM);
    assert_int_equal(set_frames(b, 16), OK);
    assert_int_equal(set_frames(b, 0), OK);
    assert_int_equal(resident.limit, LIMIT);
    assert_int_equal(pin(a, HEAP, 1, PAGER_UNPIN), OK);
    assert_int_equal(set_frames(0, 16), OK);
    goes_round(a);
    goes_round(b);
    assert_int_equal(set_frames(0, LIMIT), OK);
    model_check();
    end_process(a);
    end_process(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_a_child_pinned_can_leave_when_it_is_gone, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(a_pinned_page_is_found_by_no_relative, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(a_fork_copies_what_is_pinned_and_not_writable, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(families_that_pin_at_random, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(a_pinned_process_leaves_a_quarter_to_others, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(pinned_regions_leave_a_quarter_to_others, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(a_limit_is_not_lowered_below_what_stays, setup_swapping, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
