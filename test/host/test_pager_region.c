/* SPDX-License-Identifier: MIT
 * Regions against an oracle that knows every page: random additions, cuts, protections, look-ups, gaps,
 * rebuilds; ten thousand at once.
 * SOURCES: servers/pager/ledger.c servers/pager/region.c servers/pager/region_tree.c servers/pager/region_split.c
 * INCLUDES: microkernel/include libipc/include servers/pager
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "files.h"
#include "region.h"

#define SLOT 3u

/* No files here. */
void files_begin(void) {}
void files_count_in(uint32_t file) { (void)file; }
void files_count_out(uint32_t file) { (void)file; }

#define PAGES 4096u

static void *memory;
static uint64_t seed = 12345;

static uint32_t rnd(uint32_t below)
{
    seed = seed * 6364136223846793005UL + 1442695040888963407UL;
    return (uint32_t)(seed >> 33) % below;
}

static int setup(void **state)
{
    struct pager_boot b = {.ram_base_pa = 0x80000000, .ram_bytes = 64UL << 20};
    (void)state;
    b.ledger_bytes = pager_ledger_bytes(b.ram_bytes);
    memory = aligned_alloc(4096, b.ledger_bytes);
    memset(memory, 0, b.ledger_bytes);
    assert_int_equal(ledger_attach(memory, &b), OK);
    ledger_format();
    ledger.space[SLOT].live = 1;
    regions_build();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(memory);
    return 0;
}

static void rebuild(void)
{
    ledger.space_vol[SLOT] = (struct space_vol){0};
    regions_build();
}

static struct ledger_region make(uint32_t start, uint32_t end, unsigned prot)
{
    return (struct ledger_region){.start_page = start, .end_page = end, .space = SLOT, .prot = (uint8_t)prot,
                                  .backing = BACKING_IMAGE, .offset_page = start, .backed_bytes = va_of(end - start)};
}

/* What the oracle knows of a page: 0 nothing, else prot + 1. */
static uint8_t oracle[PAGES];

static bool oracle_clear(uint32_t start, uint32_t end)
{
    for (uint32_t p = start; p < end; p++)
        if (oracle[p])
            return false;
    return true;
}
static bool oracle_full(uint32_t start, uint32_t end)
{
    for (uint32_t p = start; p < end; p++)
        if (!oracle[p])
            return false;
    return true;
}

/* The highest gap by looking at every page: where it starts; 0: none. */
static uint32_t oracle_gap(uint32_t low, uint32_t high, uint32_t pages)
{
    for (uint32_t p = high, run = 0; p-- > low;) {
        run = oracle[p] ? 0 : run + 1;
        if (run == pages)
            return p;
    }
    return 0;
}

static void compare_gaps(void)
{
    for (int i = 0; i < 40; i++) {
        uint32_t low = 1 + rnd(PAGES / 2), high = low + rnd(PAGES - low), pages = 1 + rnd(i % 2 ? 20 : 200);
        assert_int_equal(region_gap(SLOT, low, high, pages), oracle_gap(low, high, pages));
    }
}

/* Every region of the tree, and what the nodes know of the gaps below them, anew. */
static void compare(void)
{
    for (uint32_t p = 0; p < PAGES; p++) {
        uint32_t r = region_find(SLOT, p);
        assert_int_equal(r != NO_REGION, oracle[p] != 0);
        if (r == NO_REGION)
            continue;
        assert_int_equal(region_at(r)->prot, oracle[p] - 1);
        assert_int_equal(region_at(r)->offset_page + (p - region_at(r)->start_page), p); /* splits keep what is behind a page */
    }
    uint32_t end = 0;
    for (uint32_t r = region_from(SLOT, 0); r != NO_REGION; r = region_next(r)) {
        assert_true(region_at(r)->start_page >= end);
        end = region_at(r)->end_page;
    }
    compare_gaps();
}

static void random_step(void)
{
    uint32_t start = rnd(PAGES - 64), end = start + 1 + rnd(63), prot = rnd(4);
    struct ledger_region g = make(start, end, prot);
    err_t err;
    switch (rnd(4)) {
    case 0:
    case 1:
        err = region_add(&g);
        if (err == OK && oracle_clear(start, end))
            memset(oracle + start, (int)prot + 1, end - start);
        else if (err == OK) /* the identical one was there */
            assert_true(oracle_full(start, end));
        else
            assert_true(err == ERR_EXIST && !oracle_clear(start, end));
        break;
    case 2:
        assert_int_equal(region_cut(SLOT, start, end), OK);
        while (!regions_remove(SLOT, start, end, 2)) {
        }
        memset(oracle + start, 0, end - start);
        break;
    default:
        err = region_cut_covered(SLOT, start, end);
        assert_int_equal(err, oracle_full(start, end) ? OK : ERR_NOENT);
        for (uint32_t at = start; err == OK && !regions_protect(SLOT, &at, end, prot);) {
        }
        if (err == OK)
            memset(oracle + start, (int)prot + 1, end - start);
        break;
    }
}

static void random_changes_agree_with_an_oracle(void **state)
{
    (void)state;
    memset(oracle, 0, sizeof(oracle));
    uint32_t free_before = region_free_count();
    for (int i = 0; i < 6000; i++) {
        random_step();
        if (i % 500 == 0) {
            compare();
            rebuild();
            compare();
        }
    }
    compare();
    while (region_any(SLOT) != NO_REGION)
        region_delete(region_any(SLOT));
    assert_int_equal(region_free_count(), free_before);
    assert_int_equal(ledger.space_vol[SLOT].regions, 0);
}

/* Equal neighbours join when a change meets them, whatever it was; unequal ones never. */
static void equal_neighbours_become_one(void **state)
{
    (void)state;
    struct ledger_region g = {.start_page = 10, .end_page = 90, .space = SLOT, .prot = PROT_R, .backing = BACKING_ANON};
    assert_int_equal(region_add(&g), OK);
    for (uint32_t p = 11; p < 90; p++)
        assert_int_equal(region_split(SLOT, p), OK);
    assert_int_equal(ledger.space_vol[SLOT].regions, 80);
    for (uint32_t at = 10; !regions_protect(SLOT, &at, 90, PROT_R | PROT_W);) {
    }
    assert_int_equal(ledger.space_vol[SLOT].regions, 1);
    assert_int_equal(region_lock(SLOT, 30, 40, true), OK);
    assert_true(ledger.space_vol[SLOT].regions == 3 && ledger.space_vol[SLOT].special == 1);
    assert_int_equal(region_lock(SLOT, 20, 60, false), OK);
    assert_true(ledger.space_vol[SLOT].regions == 1 && ledger.space_vol[SLOT].special == 0);
    struct ledger_region other = g, shared = g;
    other.start_page = 90, other.end_page = 95, other.prot = PROT_R;
    shared.start_page = 95, shared.end_page = 99, shared.flags = REGION_SHARED, shared.origin = 1;
    assert_true(region_add(&other) == OK && region_add(&shared) == OK);
    shared.start_page = 99, shared.end_page = 105, shared.origin = 2; /* other memory, though it looks the same */
    assert_int_equal(region_add(&shared), OK);
    for (uint32_t p = 90; p < 105; p++)
        region_join(SLOT, p);
    assert_int_equal(ledger.space_vol[SLOT].regions, 4);
    while (region_any(SLOT) != NO_REGION)
        region_delete(region_any(SLOT));
}

/* Death in the midst of a cut or a joining: the log says all or nothing. */
static void a_cut_off_split_never_happened(void **state)
{
    (void)state;
    struct ledger_region g = make(10, 20, PROT_R), half = g;
    assert_int_equal(region_add(&g), OK);
    half.end_page = 15;
    ledger_begin();
    ledger_put(region_at(region_find(SLOT, 12)), &half, sizeof(half)); /* not committed */
    ledger_replay();
    rebuild();
    assert_int_equal(region_at(region_find(SLOT, 12))->end_page, 20);
    assert_int_equal(region_split(SLOT, 15), OK);
    rebuild();
    assert_int_equal(region_at(region_find(SLOT, 12))->end_page, 15);
    assert_int_equal(region_at(region_find(SLOT, 15))->offset_page, 15);
    region_join(SLOT, 15);
    rebuild();
    assert_int_equal(region_at(region_find(SLOT, 19))->start_page, 10);
    region_delete(region_find(SLOT, 12));
}

static unsigned depth_below(uint32_t n)
{
    static uint32_t stack[20000][2];
    unsigned top = 0, deepest = 0;
    if (n == 0)
        return 0;
    stack[top][0] = n, stack[top++][1] = 1;
    while (top) {
        uint32_t at = stack[--top][0], d = stack[top][1];
        deepest = d > deepest ? d : deepest;
        const struct region_node *v = &ledger.region_node[at - 1];
        if (v->left)
            stack[top][0] = v->left, stack[top++][1] = d + 1;
        if (v->right)
            stack[top][0] = v->right, stack[top++][1] = d + 1;
    }
    return deepest;
}

static void ten_thousand_in_order_stay_shallow(void **state)
{
    (void)state;
    ledger.space[SLOT].flags = SPACE_F_SERVER; /* who may have more than are free */
    for (uint32_t i = 0; i < 10000; i++) {
        struct ledger_region g = make(i * 3, i * 3 + 2, PROT_R);
        assert_int_equal(region_add(&g), OK);
    }
    assert_true(depth_below(ledger.space_vol[SLOT].tree) < 60);
    for (uint32_t i = 0; i < 10000; i++) {
        assert_int_equal(region_at(region_find(SLOT, i * 3 + 1))->start_page, i * 3);
        assert_int_equal(region_find(SLOT, i * 3 + 2), NO_REGION);
    }
    while (region_any(SLOT) != NO_REGION)
        region_delete(region_any(SLOT));
    ledger.space[SLOT].flags = 0;
}

static void the_table_runs_full_cleanly(void **state)
{
    (void)state;
    uint32_t all = region_free_count(), n = 0;
    struct ledger_region g;
    ledger.space[SLOT].flags = SPACE_F_SERVER; /* who may have all */
    do {
        g = make(n * 2, n * 2 + 1, PROT_R);
        n++;
    } while (region_add(&g) == OK);
    assert_int_equal(n - 1, all);
    g = make(n * 2, n * 2 + 1, PROT_R);
    assert_int_equal(region_add(&g), ERR_LIMIT);
    g = make(n * 2, n * 2 + 2, PROT_R);
    region_delete(region_find(SLOT, 0));
    assert_int_equal(region_add(&g), OK);
    assert_int_equal(region_cut(SLOT, n * 2, n * 2 + 1), ERR_LIMIT); /* a cut needs one more */
    assert_int_equal(region_cut(SLOT, n * 2, n * 2 + 2), OK);        /* a whole region goes always */
    assert_true(regions_remove(SLOT, n * 2, n * 2 + 2, 9));
    g = make(n * 2, n * 2 + 1, PROT_R);
    assert_int_equal(region_add(&g), OK);
    struct ledger_region wide = make(n * 2 + 10, n * 2 + 20, PROT_R);
    assert_int_equal(region_add(&wide), ERR_LIMIT);
    while (region_any(SLOT) != NO_REGION)
        region_delete(region_any(SLOT));
    ledger.space[SLOT].flags = 0;
}

/* Regions of the space until one is refused. */
static uint32_t takes_all_it_can(uint16_t slot)
{
    struct ledger_region g;
    uint32_t n = 0;
    do {
        g = make(n * 4, n * 4 + 3, PROT_R);
        g.space = slot;
        n++;
    } while (region_add(&g) == OK);
    assert_int_equal(region_add(&g), ERR_LIMIT);
    assert_int_equal(region_cut(slot, 1, 2), ERR_LIMIT);
    assert_int_equal(region_append(slot, region_from(slot, 0), 0, NO_REGION), NO_REGION);
    return n - 1;
}
static void no_space_takes_all(void **state)
{
    (void)state;
    uint32_t all = region_free_count();
    assert_int_equal(takes_all_it_can(SLOT), all / 2);
    assert_int_equal(takes_all_it_can(SLOT + 1), all / 4);
    for (uint16_t s = SLOT; s <= SLOT + 1; s++)
        while (region_any(s) != NO_REGION)
            region_delete(region_any(s));
    for (uint16_t s = SLOT; s < SLOT + 20; s++) { /* under a quota */
        ledger.space[s].quota = 1;
        uint32_t before = region_free_count(), n = takes_all_it_can(s);
        assert_true(n <= before / 8 && n + 1 >= before / 9);
    }
    assert_true(region_free_count() > all / 12);
    for (uint16_t s = SLOT; s < SLOT + 20; s++) {
        while (region_any(s) != NO_REGION)
            region_delete(region_any(s));
        ledger.space[s].quota = 0;
    }
    assert_int_equal(region_free_count(), all);
}

static void an_empty_heap_has_its_place(void **state)
{
    (void)state;
    struct ledger_region heap = make(100, 100, PROT_R | PROT_W), at = make(100, 101, PROT_R), over = make(99, 101, PROT_R);
    heap.flags = REGION_HEAP;
    assert_int_equal(region_add(&heap), OK);
    assert_int_equal(region_add(&heap), OK); /* the same again */
    assert_int_equal(region_find(SLOT, 100), NO_REGION);
    assert_true(region_add(&at) == ERR_EXIST && region_add(&over) == ERR_EXIST);
    uint32_t r = region_heap(SLOT);
    assert_true(region_is_clear(SLOT, 100, 200, r));
    region_set_end(r, 110);
    assert_int_equal(region_find(SLOT, 109), r);
    region_set_end(r, 100);
    region_delete(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_changes_agree_with_an_oracle),
        cmocka_unit_test(equal_neighbours_become_one),
        cmocka_unit_test(a_cut_off_split_never_happened),
        cmocka_unit_test(ten_thousand_in_order_stay_shallow),
        cmocka_unit_test(the_table_runs_full_cleanly), cmocka_unit_test(no_space_takes_all),
        cmocka_unit_test(an_empty_heap_has_its_place),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
