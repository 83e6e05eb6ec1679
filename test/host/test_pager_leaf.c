/* SPDX-License-Identifier: MIT
 * Leaf tables that several spaces have, on the pager and a model kernel that refuses to change an entry in one: who stores gets a
 * table of its own, whoever goes first, counts and charges stay right; region changes, pins, limits, files and deaths in between.
 * SOURCES: servers/pager/ -servers/pager/main.c servers/pager/backing/ servers/pager/fork/ servers/pager/policy/ test/host/pager/
 * INCLUDES: microkernel/include libipc/include servers/pager test/host/pager
 */
#include "family.h"

#include "leaf.h"

static void use_tables(void)
{
    struct ipc_msg m = {.w = {PAGER_STRATEGY, FORK_TABLES}};
    assert_int_equal(model_call(0, &m), OK);
}
static int setup_tables(void **state)
{
    int err = setup(state);
    use_tables();
    return err;
}

static uint32_t make_full(uint64_t key)
{
    uint32_t s = make_process(key);
    for (unsigned i = 0; i < HEAP_PAGES; i++)
        store(s, HEAP + i * PAGE_SIZE, (uint8_t)(i + 1));
    return s;
}
static uint32_t sharers(uint32_t space, vaddr_t va)
{
    frame_t leaf = table_leaf(space_slot(space), page_of(va));
    return leaf == NO_FRAME ? 0 : leaf_sharers(leaf);
}

static void a_child_has_its_parents_table_until_one_stores(void **state)
{
    (void)state;
    uint32_t a = make_full(1), b = make_child(a, 2), c = make_child(b, 3);
    assert_int_equal(sharers(a, HEAP), 3);
    assert_int_equal(refs(a, HEAP), 1); /* one table, one entry */
    assert_int_equal(space_vol(space_slot(b))->resident, space_vol(space_slot(a))->resident);
    assert_int_equal(load(c, HEAP + 3 * PAGE_SIZE), 4);
    assert_int_equal(sharers(c, HEAP), 3); /* loads split nothing */
    store(b, HEAP, 77);
    assert_int_equal(sharers(b, HEAP), 0);
    assert_int_equal(sharers(a, HEAP), 2);
    assert_int_equal(refs(a, HEAP + PAGE_SIZE), 2);
    assert_int_equal(refs(a, HEAP), 1);
    model_check();
    store(a, HEAP, 78);
    assert_int_equal(sharers(c, HEAP), 0); /* the last one's own */
    assert_int_equal(load(c, HEAP), 1);
    assert_int_equal(load(b, HEAP), 77);
    model_check();
    end_process(b);
    end_process(a);
    store(c, HEAP + PAGE_SIZE, 5);
    assert_int_equal(refs(c, HEAP + PAGE_SIZE), 1); /* in place */
    model_check();
}

static void whoever_goes_first_leaves_all_to_the_others(void **state)
{
    (void)state;
    uint32_t before = model_free();
    for (unsigned order = 0; order < 6; order++) {
        static const uint8_t orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
        uint32_t s[3];
        s[0] = make_full(10 + order * 3);
        s[1] = make_child(s[0], 11 + order * 3);
        s[2] = make_child(s[0], 12 + order * 3);
        for (unsigned i = 0; i < 3; i++) {
            model_check();
            for (unsigned k = i; k < 3; k++)
                assert_int_equal(load(s[orders[order][k]], HEAP + 7 * PAGE_SIZE), 8);
            end_process(s[orders[order][i]]);
        }
        model_check();
        assert_int_equal(leaf_aside.count, 0);
        assert_int_equal(model_free(), before);
    }
}

/* The frame that the table would have cost is set aside at the fork: a store needs one for the page, and no more. */
static void splitting_never_fails(void **state)
{
    (void)state;
    uint32_t a = make_full(1), b = make_child(a, 2);
    assert_int_equal(leaf_aside.count > 0, 1);
    (void)frame_fail_at(2);
    store(b, HEAP + PAGE_SIZE, 9);
    assert_int_equal(frame_fail_at(0), 1);
    assert_int_equal(sharers(a, HEAP), 0);
    struct ipc_msg m = {.w = {PAGER_LIMIT, a, frame_charge_of(space_slot(a))}};
    assert_int_equal(model_call(0, &m), OK);
    uint32_t c = make_child(b, 3);
    struct ipc_msg protect = {.w = {PAGER_REGION_PROTECT, b, HEAP, HEAP + 4 * PAGE_SIZE, PROT_R}};
    (void)frame_fail_at(1);
    assert_int_equal(model_call(b, &protect), OK);
    (void)frame_fail_at(0);
    assert_int_equal(refused_store(b, HEAP + PAGE_SIZE), FAULT_REASON_PROT);
    store(c, HEAP + PAGE_SIZE, 10);
    assert_int_equal(load(b, HEAP + PAGE_SIZE), 9);
    model_check();
}

static void what_is_forbidden_splits_nothing(void **state)
{
    (void)state;
    uint32_t a = make_full(1), b = make_child(a, 2);
    assert_int_equal(refused_store(b, TEXT), FAULT_REASON_PROT);
    assert_int_equal(refused_store(b, HEAP + HEAP_PAGES * PAGE_SIZE), FAULT_REASON_UNMAPPED);
    assert_int_equal(sharers(a, HEAP), 2);
    store(b, HEAP + PAGE_SIZE, 1);
    assert_int_equal(sharers(a, HEAP), 0);
    model_check();
}

/* Regions cut, protected, grown and made anew, by any member of a family, at any time, between forks and ends. */
static void change_regions(struct member *m)
{
    uint32_t i = rnd(HEAP_PAGES), n = 1 + rnd(4);
    vaddr_t start = HEAP + i * PAGE_SIZE, end = start + n * PAGE_SIZE;
    if (end > HEAP + HEAP_PAGES * PAGE_SIZE)
        return;
    struct ipc_msg narrow = {.w = {PAGER_REGION_PROTECT, m->space, start, end, PROT_R}}, widen = {.w = {PAGER_REGION_PROTECT, m->space, start, end, PROT_R | PROT_W}};
    struct ipc_msg remove = {.w = {PAGER_REGION_REMOVE, m->space, start, end}};
    switch (rnd(3)) {
    case 0:
        assert_int_equal(model_call(m->space, &narrow), OK);
        assert_int_equal(refused_store(m->space, start), FAULT_REASON_PROT);
        assert_int_equal(model_call(m->space, &widen), OK);
        break;
    case 1:
        assert_int_equal(model_call(m->space, &remove), OK);
        assert_int_equal(refused_store(m->space, start), FAULT_REASON_UNMAPPED);
        assert_int_equal(add_region(m->space, start, end, PROT_R | PROT_W, BACKING_ANON, 0, 0), OK);
        memset(&m->byte[i], 0, n);
        break;
    default:
        break;
    }
}

static void families_that_change_their_regions(void **state)
{
    (void)state;
    uint32_t before = model_free();
    family_start();
    for (int i = 0; i < 4000; i++) {
        family_step();
        if (rnd(5) == 0)
            change_regions(some_member());
        if (i % 50 == 0)
            family_verify();
        if (i % 200 == 133)
            model_restart();
    }
    family_verify();
    assert_true(ledger.header->tables_shared > 100 && ledger.header->tables_split > 100);
    family_end(before);
}

static void replacement_splits_what_is_shared(void **state)
{
    (void)state;
    uint32_t a = make_full(1), b = make_child(a, 2), c = make_child(a, 3);
    assert_int_equal(sharers(a, HEAP), 3);
    struct ipc_msg m = {.w = {PAGER_FRAMES, 0, 1000, PAGER_FRAMES_SET}};
    assert_int_equal(model_call(0, &m), OK);
    assert_int_equal(leaf_aside.count, 0);
    assert_int_equal(refs(a, HEAP), 3);
    model_check();
    uint32_t d = make_child(b, 4);
    assert_int_equal(leaf_aside.count, 0);
    store(c, HEAP, 200);
    assert_int_equal(load(d, HEAP), 1);
    model_check();
}

static void a_locked_page_is_its_processs_alone(void **state)
{
    (void)state;
    uint32_t a = make_full(1), b = make_child(a, 2);
    struct ipc_msg m = {.w = {PAGER_PIN, b, HEAP, HEAP + 2 * PAGE_SIZE, PAGER_PIN_NOW}};
    assert_int_equal(model_call(b, &m), OK);
    assert_int_equal(sharers(a, HEAP), 0);
    assert_int_equal(refs(b, HEAP), 1);
    assert_int_equal(refs(b, HEAP + 2 * PAGE_SIZE), 2);
    model_check();
    uint32_t c = make_child(b, 3); /* its heap is in parts, one of which forks its own way */
    assert_int_equal(sharers(b, HEAP), 0);
    assert_int_equal(load(c, HEAP + PAGE_SIZE), 2);
    model_check();
}

/* The file server, a process here, says or does something about its files. */
static err_t file_call(uint32_t server, struct ipc_msg *m)
{
    struct ipc_event ev = {.kind = MSG_CALL, .id = 77, .badge = BADGE_MAKE(BADGE_FS, server)};
    struct response r;
    memcpy(ev.w, m->w, sizeof ev.w);
    request_serve(&ev, &r);
    memcpy(m->w, r.m.w, sizeof m->w);
    return (err_t)(int64_t)m->w[0];
}

#define FILE_AT (HEAP + 64 * PAGE_SIZE) /* under the heap's table */
#define THE_FILE 7u
#define CACHE (4 * HEAP) /* the server's memory for files */

static uint32_t make_server(void)
{
    uint32_t s = make_process(3);
    assert_int_equal(add_region(s, CACHE, CACHE + PAGE_SIZE, PROT_R | PROT_W | REGION_SHARED << 8, BACKING_ANON, 0, 0), OK);
    store(s, CACHE, 42);
    return s;
}

static void serve_page(uint32_t server, uint32_t index)
{
    struct ipc_msg next = {.w = {PAGER_FILE_SERVE}}, here = {.w = {PAGER_FILE_SERVE, THE_FILE, index, CACHE}};
    do
        assert_int_equal(file_call(server, &next), OK);
    while (next.w[1] == PAGER_FILE_LOOK || next.w[1] == PAGER_FILE_UNUSED);
    assert_int_equal(next.w[1], PAGER_FILE_WANTED);
    assert_int_equal(next.w[3], index);
    assert_int_equal(file_call(server, &here), OK);
    assert_int_equal(deferred_count(), 0);
}

static void map_the_file(uint32_t server, uint64_t key, uint64_t flags)
{
    struct ipc_msg m = {.w = {PAGER_FILE_MAP, key, FILE_AT, FILE_AT + 2 * PAGE_SIZE, PROT_R | PROT_W | flags << 8, THE_FILE}};
    assert_int_equal(file_call(server, &m), OK);
}

/* A file is mapped into a hole of a shared table: what the file server takes back, and what it serves, finds that out. */
static void file_in_a_hole(uint32_t server, uint64_t key, uint64_t flags)
{
    uint32_t before = model_free(), a = make_full(key), b = make_child(a, key + 1);
    map_the_file(server, key, flags);
    struct ipc_msg narrow = {.w = {PAGER_FILE_REVOKE, THE_FILE, 0, 2, PAGER_FILE_READ_ONLY}};
    struct ipc_msg gone = {.w = {PAGER_FILE_REVOKE, THE_FILE, 0, 2, PAGER_FILE_GONE}}, again = gone;
    assert_int_equal(sharers(a, HEAP), 2);
    assert_int_equal(file_call(server, &narrow), OK);
    model_check();
    assert_int_equal(file_call(server, &gone), OK);
    model_fault_waits(a, FILE_AT, PROT_R);
    serve_page(server, 0);
    assert_int_equal(load(a, FILE_AT), 42);
    uint32_t c = make_child(a, key + 2);
    assert_int_equal(sharers(a, HEAP), 0);
    assert_int_equal(load(c, FILE_AT), 42);
    assert_int_equal(refs(a, FILE_AT), 3);
    model_check();
    assert_int_equal(file_call(server, &again), OK);
    assert_int_equal(entry(a, FILE_AT), 0);
    assert_int_equal(entry(c, FILE_AT), 0);
    assert_int_equal(load(c, HEAP + PAGE_SIZE), 2);
    end_process(c);
    end_process(a);
    assert_int_equal(load(b, HEAP + PAGE_SIZE), 2);
    end_process(b);
    model_check();
    assert_int_equal(model_free(), before);
}

static void files_are_mapped_into_holes_of_shared_tables(void **state)
{
    (void)state;
    uint32_t server = make_server();
    file_in_a_hole(server, 10, 0);
    file_in_a_hole(server, 20, REGION_SHARED);
}

/* A region of a file that fills the whole table. */
static void a_table_of_a_files_pages_is_not_shared(void **state)
{
    (void)state;
    uint32_t server = make_server(), a = make_process(10);
    struct ipc_msg m = {.w = {PAGER_FILE_MAP, 10, 2 * HEAP, 3 * HEAP, PROT_R, THE_FILE}};
    assert_int_equal(file_call(server, &m), OK);
    model_fault_waits(a, 2 * HEAP + PAGE_SIZE, PROT_R);
    serve_page(server, 1);
    uint32_t b = make_child(a, 11);
    assert_int_equal(sharers(a, 2 * HEAP), 0);
    assert_int_equal(load(b, 2 * HEAP + PAGE_SIZE), 42);
    model_check();
}

/* Locked, a page of a file that is not there stays away until somebody touches it; then it is one of those that stay. */
static void lock_the_file(uint32_t space, uint64_t pages, uint64_t absent)
{
    struct ipc_msg m = {.w = {PAGER_PIN, space, 2 * HEAP, 2 * HEAP + pages * PAGE_SIZE, PAGER_PIN_NOW}};
    assert_int_equal(model_call(space, &m), OK);
    assert_int_equal(m.w[1], absent);
}

static void a_lock_counts_the_pages_of_files_that_are_absent(void **state)
{
    (void)state;
    uint32_t server = make_server(), a = make_process(10);
    space_at(space_slot(server))->flags |= SPACE_F_SERVER; /* it pays for the file's pages, and so they are the file's */
    struct ipc_msg m = {.w = {PAGER_FILE_MAP, 10, 2 * HEAP, 2 * HEAP + 900 * PAGE_SIZE, PROT_R | PROT_W, THE_FILE}};
    struct ipc_msg away = {.w = {PAGER_FILE_REVOKE, THE_FILE, 0, 900, PAGER_FILE_AWAY}}, again = away;
    assert_int_equal(file_call(server, &m), OK);
    model_fault_waits(a, 2 * HEAP + PAGE_SIZE, PROT_R);
    serve_page(server, 1);
    assert_int_equal(file_call(server, &away), OK); /* after it was touched, before it is locked */
    lock_the_file(a, 2, 2);
    model_fault_waits(a, 2 * HEAP + PAGE_SIZE, PROT_R);
    serve_page(server, 1);
    assert_int_equal(file_call(server, &again), ERR_BUSY);
    lock_the_file(a, 2, 1);
    lock_the_file(a, 900, 899); /* in several steps */
    assert_int_equal(load(a, 2 * HEAP + PAGE_SIZE), 42);
    model_check();
}

/* Its message is old when it is answered, and the table may have come to be shared since. */
static void a_fault_that_waited_splits_the_table(void **state)
{
    (void)state;
    uint32_t a = make_process(1);
    for (unsigned i = 0; i < HEAP_PAGES - 1; i++)
        store(a, HEAP + i * PAGE_SIZE, (uint8_t)(i + 1));
    model_fault_deferred(a, HEAP + (HEAP_PAGES - 1) * PAGE_SIZE, PROT_W);
    uint32_t b = make_child(a, 2);
    defer_retry();
    assert_int_equal(deferred_count(), 0);
    assert_int_equal(sharers(a, HEAP), 0);
    assert_int_not_equal(entry(a, HEAP + (HEAP_PAGES - 1) * PAGE_SIZE) & PTE_W, 0);
    assert_int_equal(entry(b, HEAP + (HEAP_PAGES - 1) * PAGE_SIZE), 0);
    model_check();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_tables, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_child_has_its_parents_table_until_one_stores),
        TEST(whoever_goes_first_leaves_all_to_the_others),
        TEST(splitting_never_fails),
        TEST(what_is_forbidden_splits_nothing),
        TEST(families_that_change_their_regions),
        TEST(replacement_splits_what_is_shared),
        TEST(a_locked_page_is_its_processs_alone),
        TEST(files_are_mapped_into_holes_of_shared_tables),
        TEST(a_table_of_a_files_pages_is_not_shared),
        TEST(a_lock_counts_the_pages_of_files_that_are_absent),
        TEST(a_fault_that_waited_splits_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
