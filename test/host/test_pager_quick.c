/* SPDX-License-Identifier: MIT
 * The quick way through the decision table (quick.h) against the table itself: the same family of processes lives twice, once
 * with the table alone. Every fault must be the same one and get the same answer, and what is left in the ledger be the same.
 * SOURCES: servers/pager/ -servers/pager/main.c servers/pager/backing/ servers/pager/fork/ servers/pager/policy/ test/host/pager/
 * INCLUDES: microkernel/include libipc/include servers/pager test/host/pager
 */
#include "family.h"
#include "resident.h"

#define FAULTS_MAX 40000u

/* One fault and what was decided. */
struct decision {
    struct fault fault;
    struct answer answer;
    uint64_t faults_of_kind;
};
static struct decision decided[FAULTS_MAX];
static uint32_t decisions, quick_rows[PTE_STATES], quick_decisions;

static void write_down(const struct fault *f, const struct answer *a, bool quick)
{
    struct decision *d = &decided[decisions++];
    assert_true(decisions < FAULTS_MAX);
    d->fault = *f;
    d->answer = *a;
    d->faults_of_kind = ledger.header->faults[a->count];
    assert_false(quick);
}

static void compare(const struct fault *f, const struct answer *a, bool quick)
{
    const struct decision *d = &decided[decisions++];
    assert_true(f->slot == d->fault.slot && f->va == d->fault.va && f->access == d->fault.access && f->pte == d->fault.pte &&
                f->level == d->fault.level);
    assert_true(a->verdict == d->answer.verdict && a->frame == d->answer.frame && a->table[0] == d->answer.table[0] &&
                a->table[1] == d->answer.table[1] && a->dropped == d->answer.dropped && a->paid == d->answer.paid &&
                a->mapped == d->answer.mapped && a->count == d->answer.count && a->leaves_slot == d->answer.leaves_slot);
    assert_int_equal(ledger.header->faults[a->count], d->faults_of_kind);
    quick_decisions += quick;
    quick_rows[fault_row(f)] += quick;
}

/* The same steps each time: only what the pager does could differ. */
static void live(bool quick)
{
    model_boot(12);
    seed = 4711;
    op_key = 1000;
    decisions = 0;
    model_quick = quick;
    model_decided = quick ? compare : write_down;
    uint32_t before = model_free();
    family_start();
    for (int i = 0; i < 2500; i++) {
        family_step();
        if (i % 100 == 0)
            model_check();
    }
    family_end(before);
    model_decided = 0;
    model_quick = true;
    model_end();
}

static void both_ways_decide_alike(void **state)
{
    (void)state;
    live(false);
    uint32_t by_table = decisions;
    live(true);
    assert_int_equal(decisions, by_table);
    assert_true(quick_rows[PTE_ABSENT] > 30 && quick_rows[PTE_COW_SHARED] > 30 && quick_rows[PTE_COW_SOLE] > 30);
    assert_true(quick_decisions > decisions / 2);
}

/* ---- what the quick way must leave to the table ---- */

static void limit(uint32_t space)
{
    struct ipc_msg m = {.w = {PAGER_LIMIT, space, frame_charge_of(space_slot(space)) + 5}};
    assert_int_equal(model_call(0, &m), OK);
}
static void a_limited_space_is_refused_alike(void **state)
{
    (void)state;
    for (int quick = 0; quick < 2; quick++) {
        unsigned reason = 0, pages = 0;
        model_boot(12);
        model_quick = quick;
        uint32_t s = make_process(1);
        store(s, HEAP, 1);
        limit(s);
        while (pages + 1 < HEAP_PAGES && model_store(s, HEAP + (pages + 1) * PAGE_SIZE, 1, &reason) == OK)
            pages++;
        assert_int_equal(pages, 5);
        assert_int_equal(reason, FAULT_REASON_QUOTA);
        end_process(s);
        model_check();
        model_end();
    }
    model_quick = true;
}

static void a_frame_limit_is_kept_alike(void **state)
{
    struct ipc_msg m = {.w = {PAGER_STORE, 64}};
    (void)state;
    model_boot(12);
    uint32_t s = make_process(1);
    assert_int_equal(model_call(0, &m), OK);
    m = (struct ipc_msg){.w = {PAGER_FRAMES, 0, 16, PAGER_FRAMES_SET}};
    assert_int_equal(model_call(0, &m), OK);
    for (unsigned i = 0; i < HEAP_PAGES; i++)
        store(s, HEAP + i * PAGE_SIZE, (uint8_t)i);
    assert_true(resident.pages <= 16);
    for (unsigned i = 0; i < HEAP_PAGES; i++)
        assert_int_equal(load(s, HEAP + i * PAGE_SIZE), i);
    model_check();
    end_process(s);
    model_end();
}

static void a_guard_page_and_a_forbidden_page_stay_so(void **state)
{
    (void)state;
    model_boot(12);
    uint32_t s = make_process(1);
    store(s, STACK + PAGE_SIZE, 1);
    store(s, HEAP, 1);
    assert_int_equal(refused_store(s, STACK + 8), FAULT_REASON_GUARD);
    assert_int_equal(refused_store(s, HEAP + HEAP_PAGES * PAGE_SIZE), FAULT_REASON_UNMAPPED);
    struct ipc_msg m = {.w = {PAGER_REGION_PROTECT, s, HEAP, HEAP + HEAP_PAGES * PAGE_SIZE, PROT_R}};
    assert_int_equal(model_call(0, &m), OK);
    assert_int_equal(refused_store(s, HEAP + PAGE_SIZE), FAULT_REASON_PROT);
    end_process(s);
    model_check();
    model_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_decide_alike),
        cmocka_unit_test(a_limited_space_is_refused_alike),
        cmocka_unit_test(a_frame_limit_is_kept_alike),
        cmocka_unit_test(a_guard_page_and_a_forbidden_page_stay_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
