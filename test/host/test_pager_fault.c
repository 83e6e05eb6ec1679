/* SPDX-License-Identifier: MIT
 * The whole pager, its receive loop apart, on a model kernel: the decision table row by row, families of processes against an
 * oracle, every allocation failing once, a death at every system call of fork, fault and exit. vmcheck after each.
 * SOURCES: servers/pager/ledger.c servers/pager/region.c servers/pager/frame.c servers/pager/table.c servers/pager/space.c servers/pager/object.c servers/pager/fault.c servers/pager/cow.c servers/pager/op.c servers/pager/step.c servers/pager/defer.c servers/pager/request.c servers/pager/req_space.c servers/pager/req_region.c servers/pager/req_info.c servers/pager/stat.c servers/pager/vmcheck.c servers/pager/debug.c servers/pager/recover.c servers/pager/sysgate.c servers/pager/backing/ servers/pager/fork/ test/host/pager/
 * INCLUDES: microkernel/include libipc/include servers/pager test/host/pager
 */
#include "model.h"

#include <stdlib.h>
#include <string.h>

#include "backing/backing.h"

#define TEXT 0x10000UL
#define DATA 0x20000UL
#define HEAP 0x200000UL
#define STACK 0x3ff0000000UL
#define HEAP_PAGES 24u

static uint64_t seed = 4711;
static uint64_t op_key = 1000;

static uint32_t rnd(uint32_t below)
{
    seed = seed * 6364136223846793005UL + 1442695040888963407UL;
    return (uint32_t)(seed >> 33) % below;
}

static int setup(void **state)
{
    (void)state;
    model_boot(12);
    return 0;
}
static int teardown(void **state)
{
    (void)state;
    model_end();
    return 0;
}

static err_t add_region(uint32_t space, vaddr_t start, vaddr_t end, uint64_t prot_flags, uint64_t backing, uint64_t offset,
                        uint64_t bytes)
{
    struct ipc_msg m = {.w = {PAGER_REGION_ADD, space, start, end, prot_flags, backing, offset, bytes}};
    return model_call(0, &m);
}

static uint32_t make_process(uint64_t key)
{
    uint32_t s = model_space_new(key);
    assert_true(s != 0);
    assert_int_equal(add_region(s, TEXT, TEXT + 4 * PAGE_SIZE, PROT_R | PROT_X, BACKING_IMAGE, 0, 4 * PAGE_SIZE), OK);
    assert_int_equal(add_region(s, DATA, DATA + 4 * PAGE_SIZE, PROT_R | PROT_W, BACKING_IMAGE, 4 * PAGE_SIZE,
                                PAGE_SIZE + PAGE_SIZE / 2), OK);
    assert_int_equal(add_region(s, HEAP, HEAP + HEAP_PAGES * PAGE_SIZE, PROT_R | PROT_W | REGION_HEAP << 8, BACKING_ANON, 0, 0), OK);
    assert_int_equal(add_region(s, STACK, STACK + 16 * PAGE_SIZE, PROT_R | PROT_W | REGION_STACK << 8, BACKING_ANON, 0, 0), OK);
    return s;
}

static void end_process(uint32_t space)
{
    struct ipc_msg m = {.w = {PAGER_SPACE_DELETE, space, ++op_key}};
    err_t err = model_call(0, &m);
    if (err == ERR_IN_PROGRESS) {
        m = (struct ipc_msg){.w = {PAGER_OP_RESULT, op_key}};
        err = model_call(0, &m);
    }
    assert_int_equal(err, OK);
}

static uint32_t make_child(uint32_t parent, uint64_t key)
{
    uint32_t child = model_space_new(key);
    assert_true(child != 0);
    assert_int_equal(model_fork(parent, child, ++op_key), OK);
    return child;
}

static void store(uint32_t s, vaddr_t va, uint8_t v)
{
    unsigned reason = 0;
    assert_int_equal(model_store(s, va, v, &reason), OK);
}
static uint8_t load(uint32_t s, vaddr_t va)
{
    unsigned reason = 0;
    uint8_t v = 0;
    assert_int_equal(model_load(s, va, &v, &reason), OK);
    return v;
}
static unsigned refused_store(uint32_t s, vaddr_t va)
{
    unsigned reason = 0;
    assert_int_equal(model_store(s, va, 1, &reason), ERR_FAULT);
    return reason;
}
static pte_t entry(uint32_t s, vaddr_t va)
{
    unsigned level;
    return table_walk(space_slot(s), page_of(va), &level);
}
static uint32_t refs(uint32_t s, vaddr_t va) { return frame_word(PTE_FRAME(entry(s, va)))->refs; }

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

/* ---- families against an oracle ---- */

#define FAMILY 10u
#define SPOTS 60u /* pages of heap, data and stack that the families use */
struct member {
    uint32_t space;
    uint8_t byte[SPOTS];
};
static struct member member[FAMILY];
static uint64_t next_key;

static vaddr_t spot(uint32_t i)
{
    return i < HEAP_PAGES ? HEAP + i * PAGE_SIZE : i < HEAP_PAGES + 4 ? DATA + (i - HEAP_PAGES) * PAGE_SIZE
                                                 : STACK + (1 + (i - HEAP_PAGES - 4) % 15) * PAGE_SIZE + (i / 15);
}
static void family_start(void)
{
    memset(member, 0, sizeof(member));
    next_key = 100;
    member[0].space = make_process(next_key++);
    for (uint32_t i = 0; i < SPOTS; i++)
        member[0].byte[i] = load(member[0].space, spot(i));
}
static struct member *some_member(void)
{
    uint32_t i = rnd(FAMILY);
    while (!member[i].space)
        i = (i + 1) % FAMILY;
    return &member[i];
}
static uint32_t members(void)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < FAMILY; i++)
        n += member[i].space != 0;
    return n;
}
static void family_step(void)
{
    struct member *m = some_member();
    uint32_t i = rnd(SPOTS), free_slot = 0;
    switch (rnd(10)) {
    case 0:
        while (free_slot < FAMILY && member[free_slot].space)
            free_slot++;
        if (free_slot == FAMILY)
            break;
        member[free_slot] = *m;
        member[free_slot].space = make_child(m->space, next_key++);
        break;
    case 1:
        if (members() < 2)
            break;
        end_process(m->space);
        m->space = 0;
        break;
    case 2:
    case 3:
    case 4:
        assert_int_equal(load(m->space, spot(i)), m->byte[i]);
        break;
    default:
        m->byte[i] = (uint8_t)rnd(256);
        store(m->space, spot(i), m->byte[i]);
    }
}
static void family_verify(void)
{
    model_check();
    for (uint32_t k = 0; k < FAMILY; k++)
        for (uint32_t i = 0; member[k].space && i < SPOTS; i++)
            assert_int_equal(load(member[k].space, spot(i)), member[k].byte[i]);
}
static void family_end(uint32_t free_before)
{
    for (uint32_t k = 0; k < FAMILY; k++)
        if (member[k].space)
            end_process(member[k].space);
    model_check();
    assert_int_equal(model_free(), free_before);
}

static void families_agree_with_an_oracle(void **state)
{
    (void)state;
    uint32_t before = model_free();
    for (uint64_t strategy = FORK_COW; strategy <= FORK_EAGER; strategy++) {
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

/* ---- no memory ---- */

static void a_failing_allocation_leaves_no_trace(void **state)
{
    (void)state;
    uint32_t a = make_process(1), failed = 0;
    for (unsigned i = 0; i < HEAP_PAGES; i++)
        store(a, HEAP + i * PAGE_SIZE, (uint8_t)i);
    for (uint64_t strategy = FORK_COW; strategy <= FORK_EAGER; strategy++) {
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
    assert_true(i == 5 && reason == FAULT_REASON_NOMEM); /* two tables */
    assert_int_equal(load(a, HEAP + 20 * PAGE_SIZE), 0);  /* the zero page costs nothing */
    end_process(a);
    model_check();
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
    for (uint64_t strategy = FORK_COW; strategy <= FORK_EAGER; strategy++) {
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
        cmocka_unit_test_setup_teardown(families_agree_with_an_oracle, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failing_allocation_leaves_no_trace, setup, teardown),
        cmocka_unit_test_setup_teardown(a_failing_allocation_in_a_fault_leaves_no_trace, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_machine_refuses_and_recovers, setup, teardown),
        cmocka_unit_test_setup_teardown(a_quota_holds, setup, teardown),
        cmocka_unit_test_setup_teardown(a_death_at_every_call_loses_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(a_restart_in_a_family_changes_nothing, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
