/* SPDX-License-Identifier: MIT
 * Memory as mmap() and exec make it, on a model kernel: regions replaced, discarded, made untouchable, added in few messages; memory that a family shares,
 * whoever fills it, with every allocation failing once and a death at every system call. vmcheck after each.
 * SOURCES: servers/pager/ -servers/pager/main.c servers/pager/backing/ servers/pager/fork/ servers/pager/policy/ test/host/pager/
 * INCLUDES: microkernel/include libipc/include servers/pager test/host/pager
 */
#include "process.h"

#define AREA 0x50000000UL
#define AREA_PAGES 40u
#define BELOW 0x40000000UL
#define MANY_REGIONS 700u
static const uint64_t rw = PROT_R | PROT_W;
static vaddr_t area(uint32_t page) { return AREA + page * PAGE_SIZE; }

static err_t change(uint32_t space, enum pager_op op, uint32_t first, uint32_t end, uint64_t prot)
{
    struct ipc_msg m = {.w = {op, space, area(first), area(end), prot, BACKING_ANON}};
    return model_call(0, &m);
}
static err_t map_area(uint32_t space, uint32_t first, uint32_t end, uint64_t prot_flags)
{
    return change(space, PAGER_REGION_ADD, first, end, prot_flags | REGION_REPLACE << 8);
}

/* ---- a process's own ---- */

/* What a page must hold, and what may be done with it: an oracle of random changes. */
static void random_changes_agree_with_an_oracle(void **state)
{
    uint8_t byte[AREA_PAGES] = {0};
    int prot[AREA_PAGES]; /* < 0: nothing is mapped */
    static const uint64_t some[] = {0, PROT_R, PROT_R | PROT_W};
    (void)state;
    memset(prot, -1, sizeof(prot));
    uint32_t before = model_free(), s = make_process(1);
    for (int i = 0; i < 20000; i++) {
        uint32_t first = rnd(AREA_PAGES), end = first + 1 + rnd(AREA_PAGES - first);
        uint64_t p = some[rnd(3)];
        unsigned what = rnd(16), reason = 0;
        uint8_t got = 0;
        if (what == 0) {
            assert_int_equal(map_area(s, first, end, p), OK);
        } else if (what == 1) {
            assert_int_equal(change(s, PAGER_REGION_REMOVE, first, end, 0), OK);
        } else if (what < 4) {
            bool whole = true;
            for (uint32_t k = first; k < end; k++)
                whole = whole && prot[k] >= 0;
            enum pager_op op = what == 2 ? PAGER_REGION_PROTECT : PAGER_REGION_DISCARD;
            assert_int_equal(change(s, op, first, end, p), whole ? OK : ERR_NOENT);
            for (uint32_t k = first; whole && k < end; k++) {
                prot[k] = op == PAGER_REGION_PROTECT ? (int)p : prot[k];
                byte[k] = op == PAGER_REGION_PROTECT ? byte[k] : 0;
            }
        } else if (what < 10) {
            assert_int_equal(model_load(s, area(first), &got, &reason), prot[first] > 0 ? OK : ERR_FAULT);
            if (prot[first] > 0)
                assert_int_equal(got, byte[first]);
        } else {
            bool may = prot[first] == (PROT_R | PROT_W);
            assert_int_equal(model_store(s, area(first), (uint8_t)i, &reason), may ? OK : ERR_FAULT);
            byte[first] = may ? (uint8_t)i : byte[first];
        }
        for (uint32_t k = first; what < 2 && k < end; k++) {
            prot[k] = what == 0 ? (int)p : -1;
            byte[k] = 0;
        }
        if (i % 1000 == 0) {
            model_restart();
            model_check();
        }
    }
    end_process(s);
    model_check();
    assert_int_equal(model_free(), before);
}

static void a_gap_is_where_nothing_is(void **state)
{
    (void)state;
    uint32_t s = make_process(1);
    struct ipc_msg m = {.w = {PAGER_REGION_GAP, s, AREA, 3 * PAGE_SIZE}};
    assert_int_equal(model_call(0, &m), OK);
    assert_int_equal(m.w[1], AREA);
    assert_int_equal(map_area(s, 2, 4, rw), OK);
    m = (struct ipc_msg){.w = {PAGER_REGION_GAP, s, AREA, 3 * PAGE_SIZE}};
    assert_int_equal(model_call(0, &m), OK);
    assert_int_equal(m.w[1], WINDOW_BASE - 3 * PAGE_SIZE);
    m = (struct ipc_msg){.w = {PAGER_REGION_INFO, s, area(1)}};
    assert_int_equal(model_call(0, &m), OK);
    assert_true(m.w[1] == area(2) && m.w[2] == area(4) && m.w[3] == rw && m.w[4] == BACKING_ANON);
    end_process(s);
}

/* ---- a family's ---- */

static void who_touches_first_gives_it_to_all(void **state)
{
    (void)state;
    uint32_t before = model_free(), a = make_process(1);
    assert_int_equal(map_area(a, 0, 8, rw | REGION_SHARED << 8), OK);
    uint32_t b = make_child(a, 2), c = make_child(b, 3);
    assert_int_equal(change(b, PAGER_REGION_PROTECT, 1, 2, 0), OK);
    assert_int_equal(change(b, PAGER_REGION_REMOVE, 2, 3, 0), OK);
    for (uint32_t i = 0; i < 3; i++)
        store(c, area(i), (uint8_t)(10 + i));
    model_check();
    end_process(c); /* what it stored stays */
    assert_true(load(a, area(0)) == 10 && load(a, area(1)) == 11 && load(a, area(2)) == 12 && load(b, area(0)) == 10);
    assert_int_equal(refused_store(b, area(1)), FAULT_REASON_PROT);
    assert_int_equal(refused_store(b, area(2)), FAULT_REASON_UNMAPPED);
    assert_int_equal(change(b, PAGER_REGION_PROTECT, 1, 2, rw), OK);
    store(b, area(1), 21);
    assert_int_equal(load(a, area(1)), 21);
    assert_int_equal(change(a, PAGER_REGION_DISCARD, 0, 8, 0), OK); /* not its own to throw away */
    assert_int_equal(load(a, area(1)), 21);
    model_check();
    end_process(a);
    assert_int_equal(load(b, area(1)), 21);
    end_process(b);
    model_check();
    assert_int_equal(model_free(), before);
}

static void every_failing_allocation_leaves_the_family_whole(void **state)
{
    (void)state;
    uint32_t a = make_process(1);
    assert_int_equal(map_area(a, 0, 8, rw | REGION_SHARED << 8), OK);
    uint32_t b = make_child(a, 2), c = make_child(a, 3), failed = 0;
    for (uint64_t k = 1; k < 20; k++) {
        unsigned reason = 0;
        uint32_t free = model_free();
        (void)frame_fail_at(k);
        err_t err = model_store(b, area(0), 5, &reason);
        (void)frame_fail_at(0);
        model_check();
        if (err == OK)
            break;
        assert_int_equal(reason, FAULT_REASON_NOMEM);
        assert_true(model_free() + 6 >= free); /* tables that relatives got may stay */
        failed++;
    }
    assert_true(failed > 2);
    assert_true(load(a, area(0)) == 5 && load(c, area(0)) == 5);
    end_process(a);
    end_process(b);
    end_process(c);
    model_check();
}

/* The pager dies at its k-th system call of a first touch: whoever has the page has the same one. */
static void a_death_anywhere_shares_it_all_the_same(void **state)
{
    static uint32_t a, b, c; /* a jump out leaves them alone */
    static int after;
    static uint64_t k;
    (void)state;
    for (after = 0; after < 2; after++) {
        for (k = 1; k < 12; k++) {
            a = make_process(1);
            assert_int_equal(map_area(a, 0, 8, rw | REGION_SHARED << 8), OK);
            b = make_child(a, 2), c = make_child(a, 3);
            model_die_at(k, after);
            if (setjmp(model_death))
                model_restart();
            model_check();
            store(b, area(0), 5);
            model_die_at(0, 0);
            model_check();
            end_process(b);
            assert_true(load(a, area(0)) == 5 && load(c, area(0)) == 5);
            end_process(a);
            end_process(c);
            model_check();
        }
    }
}

/* The pager dies between two steps of a process's end, with its pages gone and some of its regions there: its relative's page does not
 * come back into it. So many regions that the end is not over before its caller is answered. */
static void an_end_that_was_begun_gets_no_page_back(void **state)
{
    uint32_t steps = 0;
    (void)state;
    for (bool ended = false; !ended; steps++) {
        uint32_t a = make_process(1);
        assert_int_equal(map_area(a, 0, 8, rw | REGION_SHARED << 8), OK);
        uint32_t b = make_child(a, 2);
        for (uint32_t i = 0; i < MANY_REGIONS; i++)
            assert_int_equal(add_region(b, BELOW + 2 * i * PAGE_SIZE, BELOW + (2 * i + 1) * PAGE_SIZE, rw, BACKING_ANON, 0, 0), OK);
        store(a, area(3), 5);
        struct ipc_msg m = {.w = {PAGER_SPACE_DELETE, b, ++op_key}};
        bool later;
        assert_int_equal(model_ask(0, 77, &m, &later), ERR_IN_PROGRESS);
        for (uint32_t i = 0; i < steps && op_is_pending(); i++)
            op_step();
        ended = !op_is_pending();
        model_restart();
        model_check();
        (void)model_run();
        model_check();
        m = (struct ipc_msg){.w = {PAGER_OP_RESULT, op_key}};
        assert_int_equal(model_call(0, &m), OK);
        assert_int_equal(load(a, area(3)), 5);
        end_process(a);
        model_check();
    }
    assert_true(steps > 2);
}

/* ---- a new program's ---- */

static err_t regions_add(uint32_t space, uint64_t file, const struct pager_region *list, unsigned n)
{
    struct ipc_msg m = {.w = {PAGER_REGIONS_ADD, space | file << 32}};
    for (unsigned i = 0; i < n; i++)
        pager_region_pack(&m.w[2 + 2 * i], &list[i]);
    return model_call(0, &m);
}
static uint64_t info_of(uint32_t space, vaddr_t va, unsigned word)
{
    struct ipc_msg m = {.w = {PAGER_REGION_INFO, space, va}};
    return model_call(0, &m) == OK ? m.w[word] : 0;
}
/* What make_process() asks for one by one. */
static const struct pager_region first_two[] = {{TEXT, TEXT + 4 * PAGE_SIZE, PROT_R | PROT_X, 0, 4 * PAGE_SIZE},
                                                {DATA, DATA + 4 * PAGE_SIZE, PROT_R | PROT_W, 4 * PAGE_SIZE, PAGE_SIZE + PAGE_SIZE / 2}};
static const struct pager_region others[] = {{HEAP, HEAP, PROT_R | PROT_W | REGION_HEAP << 8, 0, 0},
                                             {STACK, STACK + 16 * PAGE_SIZE, PROT_R | PROT_W | REGION_STACK << 8, 0, 0},
                                             {WINDOW_BASE - PAGE_SIZE, WINDOW_BASE, PROT_R, 0, 0}};

static void regions_in_few_messages_are_those_that_were_asked_for(void **state)
{
    (void)state;
    uint32_t before = model_free(), a = make_process(1), s = model_space_new(2);
    unsigned reason;
    for (unsigned again = 0; again < 2; again++) {
        assert_int_equal(regions_add(s, 0, first_two, 2), OK);
        assert_int_equal(regions_add(s, 0, others, 3), OK);
    }
    for (unsigned word = 1; word <= 6; word++) {
        assert_int_equal(info_of(s, TEXT, word), info_of(a, TEXT, word));
        assert_int_equal(info_of(s, DATA, word), info_of(a, DATA, word));
        assert_int_equal(info_of(s, STACK, word), info_of(a, STACK, word));
    }
    assert_int_equal(info_of(s, WINDOW_BASE - PAGE_SIZE, 1), WINDOW_BASE - PAGE_SIZE);
    for (vaddr_t va = DATA; va < DATA + 4 * PAGE_SIZE; va += 128) {
        uint8_t there, asked;
        assert_int_equal(model_load(a, va, &asked, &reason), OK);
        assert_int_equal(model_load(s, va, &there, &reason), OK);
        assert_int_equal(there, asked);
    }
    assert_int_equal(model_store(s, STACK + 15 * PAGE_SIZE, 1, &reason), OK);
    assert_int_equal(model_store(s, HEAP, 1, &reason), ERR_FAULT);
    end_process(a);
    end_process(s);
    model_check();
    assert_int_equal(model_free(), before);
}
static void regions_in_few_messages_are_checked_as_others(void **state)
{
    static const struct {
        struct pager_region g;
        uint64_t file;
        err_t want;
    } bad[] = {
        {{TEXT, TEXT, PROT_R, 0, 0}, 0, ERR_INVAL},                                          /* empty, and no heap */
        {{TEXT, TEXT + PAGE_SIZE, PROT_R | PROT_W | PROT_X, 0, 0}, 0, ERR_INVAL},
        {{TEXT, TEXT + PAGE_SIZE, PROT_W, 0, 0}, 0, ERR_INVAL},
        {{TEXT, TEXT + PAGE_SIZE, PROT_R | PROT_W | REGION_SHARED << 8, 0, 0}, 0, ERR_INVAL}, /* not for new programs */
        {{TEXT, TEXT + PAGE_SIZE, PROT_R | PROT_W | REGION_PINNED << 8, 0, 0}, 0, ERR_INVAL},
        {{WINDOW_BASE, WINDOW_BASE + PAGE_SIZE, PROT_R, 0, 0}, 0, ERR_INVAL},
        {{1UL << 39, (1UL << 39) + PAGE_SIZE, PROT_R, 0, 0}, 0, ERR_INVAL},
        {{TEXT, TEXT + PAGE_SIZE, PROT_R, 0, MODEL_IMAGE_PAGES * PAGE_SIZE}, 0, ERR_INVAL},
        {{TEXT, TEXT + PAGE_SIZE, PROT_R, 100 * PAGE_SIZE, 1}, 0, ERR_INVAL},
        {{TEXT, TEXT + PAGE_SIZE, PROT_R, 0, 8}, 5000, ERR_NOENT},
        {{TEXT, TEXT + PAGE_SIZE, PROT_R, 0, 8}, 0x10000, ERR_INVAL},
    };
    (void)state;
    uint32_t s = model_space_new(1);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(regions_add(s, bad[i].file, &bad[i].g, 1), bad[i].want);
    assert_int_equal(info_of(s, 0, 2), 0);
    assert_int_equal(regions_add(s, 0, first_two, 2), OK);
    struct pager_region over[] = {others[0], {TEXT + PAGE_SIZE, TEXT + 2 * PAGE_SIZE, PROT_R, 0, 0}};
    assert_int_equal(regions_add(s, 0, over, 2), ERR_EXIST);
    assert_int_equal(regions_add(s + 0x10000, 0, others, 1), ERR_NOENT);
    end_process(s);
    model_check();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(regions_in_few_messages_are_those_that_were_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(regions_in_few_messages_are_checked_as_others, setup, teardown),
        cmocka_unit_test_setup_teardown(random_changes_agree_with_an_oracle, setup, teardown),
        cmocka_unit_test_setup_teardown(a_gap_is_where_nothing_is, setup, teardown),
        cmocka_unit_test_setup_teardown(who_touches_first_gives_it_to_all, setup, teardown),
        cmocka_unit_test_setup_teardown(every_failing_allocation_leaves_the_family_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(a_death_anywhere_shares_it_all_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(an_end_that_was_begun_gets_no_page_back, setup, teardown),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
