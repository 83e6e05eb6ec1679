/* SPDX-License-Identifier: MIT
 * Who may keep how many pages in memory: a process with a limit of its own, and what shared memory leaves to others.
 * SOURCES: servers/pager/ -servers/pager/main.c servers/pager/backing/ servers/pager/fork/ servers/pager/policy/ test/host/pager/
 * INCLUDES: microkernel/include libipc/include servers/pager test/host/pager
 */
#include "swapping.h"

#include "evict.h"

static void a_limit_of_its_own_holds_for_one_process(void **state)
{
    (void)state;
    assert_int_equal(set_frames(0, 200), OK);
    uint32_t a = make_process(1), b = make_process(2);
    assert_int_equal(set_frames(a, 16), OK);
    for (unsigned i = 0; i < HEAP_PAGES; i++) {
        store(a, HEAP + i * PAGE_SIZE, (uint8_t)i);
        store(b, HEAP + i * PAGE_SIZE, (uint8_t)i);
        assert_true(space_vol(space_slot(a))->pages <= 16);
    }
    assert_int_equal(space_vol(space_slot(b))->swapped, 0);
    assert_true(space_vol(space_slot(a))->swapped >= HEAP_PAGES - 16);
    uint32_t child = make_child(a, 3); /* what it shares is everybody's */
    assert_int_equal(space_vol(space_slot(a))->pages, 0);
    model_check();
    end_process(child);
    for (unsigned i = 0; i < HEAP_PAGES; i++)
        assert_int_equal(load(a, HEAP + i * PAGE_SIZE), i);
    assert_int_equal(set_frames(a, 0), OK);
    model_check();
    end_process(a);
    end_process(b);
    model_check();
}

/* ---- shared memory stays: what is left for others ---- */

#define AREA 0x50000000UL
static const uint64_t shared_rw = PROT_R | PROT_W | (REGION_SHARED | REGION_REPLACE) << 8;
static err_t pin(uint32_t space, unsigned pages, uint64_t what)
{
    struct ipc_msg m = {.w = {PAGER_PIN, space, HEAP, HEAP + pages * PAGE_SIZE, what}};
    return model_call(0, &m);
}
/* The other one's pages come in and go out. */
static void goes_round(uint32_t other)
{
    for (unsigned i = 0; i < HEAP_PAGES; i++) {
        assert_int_equal(load(other, HEAP + i * PAGE_SIZE), i + 1);
        store(other, HEAP + i * PAGE_SIZE, (uint8_t)(i + 1));
    }
}
/* Touches pages of its area until it is refused, for want of memory: so many. */
static unsigned shares_until_refused(uint32_t s, uint32_t other)
{
    unsigned reason = 0, pages = 0;
    while (pages < 80 && model_store(s, AREA + pages * PAGE_SIZE, 1, &reason) == OK) {
        pages++;
        goes_round(other);
        (void)evict_clean_ahead(); /* those that stand ready can leave, too */
    }
    goes_round(other);
    model_check();
    assert_int_equal(reason, FAULT_REASON_NOMEM);
    return pages;
}
static void shared_pages_leave_a_quarter_of_the_limit_to_others(void **state)
{
    (void)state;
    for (unsigned way = 0; way < 3; way++) { /* a store that exchanges, one that copies, one that takes its time */
        break_store(STORE_COPY, way > 0);
        break_store(STORE_DELAY, way == 2 ? 50 : 0);
        uint32_t a = make_process(1), b = make_process(2);
        for (unsigned i = 0; i < HEAP_PAGES; i++)
            store(b, HEAP + i * PAGE_SIZE, (uint8_t)(i + 1));
        assert_int_equal(add_region(a, AREA, AREA + 80 * PAGE_SIZE, shared_rw, BACKING_ANON, 0, 0), OK);
        uint32_t child = make_child(a, 3);
        assert_int_equal(shares_until_refused(way ? child : a, b), 30);
        assert_int_equal(load(way ? a : child, AREA + 29 * PAGE_SIZE), 1); /* what is there stays everybody's */
        assert_int_equal(refused_store(way ? a : child, AREA + 30 * PAGE_SIZE), FAULT_REASON_NOMEM);
        assert_int_equal(pin(b, 1, PAGER_PIN_NOW), ERR_NOMEM);
        break_store(STORE_DELAY, 0); /* operations of the model do not wait for it */
        model_settle();
        end_process(child);
        assert_int_equal(add_region(a, AREA, AREA + 80 * PAGE_SIZE, shared_rw, BACKING_ANON, 0, 0), OK); /* the old ones go */
        assert_int_equal(pin(b, 8, PAGER_PIN_NOW), OK);
        assert_int_equal(shares_until_refused(a, b), 22);
        assert_int_equal(pin(b, 8, PAGER_UNPIN), OK);
        assert_int_equal(set_frames(b, 16), OK); /* a domain of its own: its pages can leave as well */
        goes_round(b);
        store(a, AREA + 22 * PAGE_SIZE, 1);
        assert_int_equal(set_frames(0, 80), OK);
        assert_int_equal(add_region(a, AREA, AREA + 80 * PAGE_SIZE, shared_rw, BACKING_ANON, 0, 0), OK);
        assert_int_equal(shares_until_refused(a, b), 60);
        assert_int_equal(set_frames(0, 40), ERR_NOMEM); /* less than what stays */
        end_process(a);
        end_process(b);
        assert_int_equal(set_frames(0, 40), OK);
        model_settle();
        model_check();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_limit_of_its_own_holds_for_one_process, setup_swapping, teardown),
        cmocka_unit_test_setup_teardown(shared_pages_leave_a_quarter_of_the_limit_to_others, setup_swapping, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
