/* SPDX-License-Identifier: MIT
 * Every call that changes page-table entries, against a TLB that forgets nothing by itself, on two harts that both run
 * the space. host_exit checks after each kernel entry that no cached translation grants more than the tables do.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include "host.h"

#define VA 0x40000000UL
#define PAGES 16

static struct host_space s;
static struct host_thread t0, t1; /* in s, one on each hart */
static struct host_ep pager;
static frame_t frame[PAGES];

/* A space with a writable page per frame, seen by both harts, whose faults go to init. */
static int setup(void **context)
{
    (void)context;
    host_boot();
    pager = host_ep();
    s = host_space();
    SYS_OK(init, SPACE_HANDLER, s.h, HANDLER_FAULT, pager.h, 5);
    t0 = host_thread(&s);
    t1 = host_thread_on(&s, hart1);
    for (unsigned i = 0; i < PAGES; i++) {
        frame[i] = host_uframe();
        host_map(&s, VA + i * PAGE_SIZE, frame[i], PROT_R | PROT_W);
        assert_true(host_store(t0.t, VA + i * PAGE_SIZE, i));
        assert_true(host_store(t1.t, VA + i * PAGE_SIZE, 100 + i));
    }
    assert_int_equal(tlb_cached(hart0, s.space, VA), 1);
    assert_int_equal(tlb_cached(hart1, s.space, VA), 1);
    return 0;
}

static int teardown(void **context)
{
    (void)context;
    host_check();
    return 0;
}

static uint64_t *word(frame_t f) { return frame_va(f); }

/* t's store must fault now; init takes the message -> the fault's id. */
static reply_id_t store_faults(struct thread *t, vaddr_t va)
{
    assert_false(host_store(t, va, 0xbad));
    assert_int_equal(t->state, T_FAULTED);
    assert_int_equal(host_poll(init, pager.h), MSG_FAULT);
    assert_int_equal(init->x[REG_A1 + FAULTW_VA], va);
    return init->x[X_T2];
}

static void unmap_reaches_both_harts(void **context)
{
    (void)context;
    SYS_OK(init, SPACE_UNMAP, s.h, VA, 3);
    store_faults(t0.t, VA);
    store_faults(t1.t, VA + PAGE_SIZE);
    assert_int_equal(*word(frame[0]), 100);
    assert_int_equal(*word(frame[1]), 101);
    assert_int_equal(frame_info_of(frame[0])->maps, 0);
    assert_int_equal(tlb_cached(hart1, s.space, VA + 2 * PAGE_SIZE), 0);
    assert_int_equal(tlb_cached(hart1, s.space, VA + 3 * PAGE_SIZE), 1); /* no more than asked for */
}

static void unmap_in_steps_is_safe_at_every_step(void **context)
{
    (void)context;
    vaddr_t far = VA + 64 * CHUNK_SIZE;
    for (unsigned i = 0; i < 200; i++)
        host_map(&s, far + i * PAGE_SIZE, frame[i % PAGES], PROT_R);
    tlb_fill_space(hart0, s.space);
    tlb_fill_space(hart1, s.space);
    host_irq_every = 1; /* stop after each step */
    SYS_OK(init, SPACE_UNMAP, s.h, VA, (far - VA) / PAGE_SIZE + 200);
    for (unsigned i = 0; i < PAGES; i++)
        assert_int_equal(frame_info_of(frame[i])->maps, 0);
    host_irq_every = 0;
}

static void protect_stops_a_stale_writer(void **context)
{
    (void)context;
    SYS_OK(init, SPACE_PROTECT, s.h, VA, PAGES, PROT_R);
    reply_id_t id = store_faults(t1.t, VA);
    assert_int_equal(*word(frame[0]), 100);
    assert_int_equal(host_fault_reply(init, id, FAULT_UPGRADE, 0, 0, 0, 0), ERR_INVAL); /* read-only is not COW */
    uint64_t value;
    host_fault_reply(init, id, FAULT_RETRY, 0, 0, 0, 0);
    assert_true(host_load(t1.t, VA, &value));
    assert_int_equal(value, 100);
}

static void protect_takes_execute_away(void **context)
{
    (void)context;
    vaddr_t text = VA + CHUNK_SIZE;
    host_map(&s, text, host_uframe(), PROT_R | PROT_X);
    assert_true(host_fetch(t0.t, text));
    assert_true(host_fetch(t1.t, text));
    assert_int_equal(SYS(init, SPACE_PROTECT, s.h, text, 1, PROT_W), ERR_INVAL);
    SYS_OK(init, SPACE_PROTECT, s.h, text, 1, PROT_R);
    assert_false(host_fetch(t0.t, text));
    assert_false(host_fetch(t1.t, text));
}

static void protect_with_nothing_stops_readers(void **context)
{
    (void)context;
    uint64_t value;
    assert_true(host_load(t0.t, VA, &value) && host_load(t1.t, VA, &value));
    SYS_OK(init, SPACE_PROTECT, s.h, VA, 1, 0);
    assert_int_equal(host_pte(s.space, VA) & (PTE_V | PTE_R | PTE_W | PTE_U), PTE_V | PTE_R); /* there, and out of reach */
    assert_false(host_load(t0.t, VA, &value));
    assert_false(host_load(t1.t, VA, &value));
    assert_int_equal(*word(frame[0]), 100);
}

static void protect_makes_cow_and_upgrade_undoes_it(void **context)
{
    (void)context;
    SYS_OK(init, SPACE_PROTECT, s.h, VA, 1, PROT_R | PROT_COW);
    assert_int_equal(host_pte(s.space, VA) & (PTE_W | PTE_COW), PTE_COW);
    reply_id_t id = store_faults(t0.t, VA);
    uint64_t value;
    assert_true(host_load(t1.t, VA, &value)); /* hart 1 caches it read-only */
    assert_int_equal(host_fault_reply(init, id, FAULT_UPGRADE, 0, 0, 0, 0), OK);
    assert_int_equal(host_pte(s.space, VA) & (PTE_W | PTE_COW), PTE_W);
    assert_true(host_store(t0.t, VA, 7));
    assert_true(host_store(t1.t, VA, 8)); /* its stale entry costs a fault that is moot */
    assert_int_equal(host_poll(init, pager.h), ERR_TIMEOUT);
    assert_int_equal(*word(frame[0]), 8);
}

static void share_cow_protects_the_parent_on_both_harts(void **context)
{
    (void)context;
    struct host_space child = host_space();
    host_tables(&child, VA);
    SYS_OK(init, SPACE_SHARE, s.h, child.h, VA, PAGES, SHARE_COW);
    assert_int_equal(init->x[REG_A0 + 4], PAGES);
    for (unsigned i = 0; i < PAGES; i++) {
        assert_int_equal(host_pte(s.space, VA + i * PAGE_SIZE) & (PTE_V | PTE_W | PTE_COW), PTE_V | PTE_COW);
        assert_int_equal(host_pte(child.space, VA + i * PAGE_SIZE) & (PTE_V | PTE_W | PTE_COW), PTE_V | PTE_COW);
        assert_int_equal(frame_info_of(frame[i])->maps, 2);
    }
    store_faults(t0.t, VA);
    store_faults(t1.t, VA + PAGE_SIZE);
    assert_int_equal(*word(frame[0]), 100);
    assert_int_equal(*word(frame[1]), 101);
}

static void share_same_keeps_permissions(void **context)
{
    (void)context;
    struct host_space other = host_space();
    host_tables(&other, VA);
    SYS_OK(init, SPACE_SHARE, s.h, other.h, VA, PAGES, SHARE_SAME);
    struct host_thread t = host_thread(&other);
    assert_true(host_store(t.t, VA, 55));
    uint64_t value;
    assert_true(host_load(t1.t, VA, &value));
    assert_int_equal(value, 55);
}

/* COW break: the faulter's frame is replaced; a sibling thread on the other hart must not keep the old one. */
static void map_verdict_replaces_on_both_harts(void **context)
{
    (void)context;
    SYS_OK(init, SPACE_PROTECT, s.h, VA, 1, PROT_R | PROT_COW);
    uint64_t value;
    assert_true(host_load(t1.t, VA, &value));
    reply_id_t id = store_faults(t0.t, VA);
    frame_t copy = host_uframe();
    *word(copy) = 100;
    assert_int_equal(host_fault_reply(init, id, FAULT_MAP, PROT_R | PROT_W, copy, 0, 0), OK);
    assert_true(host_store(t0.t, VA, 1234));
    assert_true(host_load(t1.t, VA, &value));
    assert_int_equal(value, 1234);
    assert_int_equal(*word(frame[0]), 100);
    assert_int_equal(frame_info_of(frame[0])->maps, 0);
    assert_int_equal(frame_info_of(copy)->maps, 1);
}

static void map_verdict_brings_tables(void **context)
{
    (void)context;
    vaddr_t far = 0x1000000000UL;
    reply_id_t id = store_faults(t0.t, far);
    assert_int_equal(init->x[REG_A1 + FAULTW_LEVEL], 2);
    frame_t k0 = host_kframe(), k1 = host_kframe(), f = host_uframe();
    assert_int_equal(host_fault_reply(init, id, FAULT_MAP, PROT_R | PROT_W, f, k0, k1), OK);
    assert_true(host_store(t0.t, far, 1));
    assert_true(host_store(t1.t, far, 2));
    assert_int_equal(*word(f), 2);
}

static void harvest_lets_no_access_go_unseen(void **context)
{
    (void)context;
    uint64_t value;
    SYS_OK(init, SPACE_HARVEST, s.h, VA, 4 | HARVEST_DIRTY);
    assert_int_equal(init->x[REG_A1], 15);
    assert_int_equal(init->x[REG_A2], 15);
    assert_true(host_load(t1.t, VA, &value));
    assert_true(host_store(t0.t, VA + PAGE_SIZE, 3));
    SYS_OK(init, SPACE_HARVEST, s.h, VA, 4);
    assert_int_equal(init->x[REG_A1], 3);
    assert_int_equal(init->x[REG_A2], 2);
    assert_true(host_store(t1.t, VA + 2 * PAGE_SIZE, 3));
    SYS_OK(init, SPACE_HARVEST, s.h, VA, 4 | HARVEST_DIRTY);
    assert_int_equal(init->x[REG_A1], 4);
    assert_int_equal(init->x[REG_A2], 6);
    SYS_OK(init, SPACE_HARVEST, s.h, VA, 4 | HARVEST_DIRTY);
    assert_int_equal(init->x[REG_A1] | init->x[REG_A2], 0);
}

static void harts_that_do_not_set_a_and_d_fault_instead(void **context)
{
    (void)context;
    tlb_sets_ad = false;
    SYS_OK(init, SPACE_HARVEST, s.h, VA, 4 | HARVEST_DIRTY);
    uint64_t value;
    assert_true(host_load(t1.t, VA, &value));
    assert_int_equal(host_pte(s.space, VA) & (PTE_A | PTE_D), PTE_A);
    assert_true(host_store(t1.t, VA, 9));
    assert_int_equal(host_pte(s.space, VA) & (PTE_A | PTE_D), PTE_A | PTE_D);
    assert_int_equal(host_poll(init, pager.h), ERR_TIMEOUT); /* no message was needed */
}

static void untable_forgets_pointers_to_the_table(void **context)
{
    (void)context;
    unsigned tables = 0;
    SYS_OK(init, SPACE_UNMAP, s.h, VA, PAGES);
    for (frame_t f; SYS(init, SPACE_UNTABLE, s.h, VA + 5 * PAGE_SIZE) == OK; tables++) {
        f = init->x[REG_A1];
        assert_int_equal(frame_info_of(f)->kind, FRAME_KFREE);
        for (unsigned i = 0; i < PTES_PER_TABLE; i++) /* whoever walks it finds nothing; then it becomes something else */
            assert_int_equal(((pte_t *)frame_va(f))[i], 0);
        SYS_OK(init, OBJECT_CREATE, OBJ_NTFN, f);
    }
    assert_int_equal(tables, 2);
    store_faults(t0.t, VA);
    assert_int_equal(init->x[REG_A1 + FAULTW_LEVEL], 2);
}

/* A hart that caches refusals: the faulter's own hart is told at once, the other one needs a fault that is moot. */
static void granting_flushes_here_and_is_absorbed_elsewhere(void **context)
{
    (void)context;
    vaddr_t va = VA + PAGES * PAGE_SIZE;
    tlb_stubborn = true;
    host_current(t1.t);
    paddr_t pa;
    assert_false(tlb_translate(hart1, va, FAULT_ACCESS_W, &pa));
    reply_id_t id = store_faults(t0.t, va);
    assert_int_equal(host_fault_reply(init, id, FAULT_MAP, PROT_R | PROT_COW, host_uframe(), 0, 0), OK);
    uint64_t value;
    tlb_faults = 0;
    assert_true(host_load(t0.t, va, &value));
    assert_int_equal(tlb_faults, 0);
    assert_true(host_load(t1.t, va, &value));
    assert_int_equal(tlb_faults, 1);
    id = store_faults(t0.t, va);
    assert_int_equal(host_fault_reply(init, id, FAULT_UPGRADE, 0, 0, 0, 0), OK);
    tlb_faults = 0;
    assert_true(host_store(t0.t, va, 1));
    assert_int_equal(tlb_faults, 0);
    assert_true(host_store(t1.t, va, 2));
    assert_int_equal(tlb_faults, 1);
    assert_int_equal(host_poll(init, pager.h), ERR_TIMEOUT);
}

/* ---- windows ---- */

static struct host_space owner;
static struct host_thread w0, w1;
static uint64_t chunk;

static void make_window(void)
{
    chunk = host_user_chunk(3);
    owner = host_space();
    for (unsigned n = host_tables(&owner, WINDOW_BASE + (chunk << CHUNK_SHIFT)); n < 1;)
        fail();
    SYS_OK(init, CHUNK_GRANT, chunk, owner.h);
    SYS_OK(init, WINDOW_MAP, owner.h, chunk);
    host_give(&owner, owner.h, RIGHTS_ALL, 0);
    host_give(&owner, INIT_H_SPACE, RIGHTS_ALL, 0);
    w0 = host_thread(&owner);
    w1 = host_thread_on(&owner, hart1);
    assert_true(host_store(w0.t, WINDOW_BASE + (chunk << CHUNK_SHIFT), 1));
    assert_true(host_store(w1.t, WINDOW_BASE + (chunk << CHUNK_SHIFT) + 5 * PAGE_SIZE, 1));
}

static void grant_takes_the_window_away(void **context)
{
    (void)context;
    make_window();
    SYS_OK(w0.t, CHUNK_GRANT, chunk, 2);
    assert_int_equal(frame_info_of(chunk * FRAMES_PER_CHUNK)->owner, init_space->frame);
    assert_false(host_store(w0.t, WINDOW_BASE + (chunk << CHUNK_SHIFT), 2));
    assert_false(host_store(w1.t, WINDOW_BASE + (chunk << CHUNK_SHIFT) + 5 * PAGE_SIZE, 2));
}

static void retype_to_kernel_leaves_the_window_readable(void **context)
{
    (void)context;
    make_window();
    uint64_t value;
    vaddr_t at = WINDOW_BASE + (chunk << CHUNK_SHIFT);
    SYS_OK(w0.t, CHUNK_RETYPE, chunk, CHUNK_KERNEL);
    assert_true(host_load(w1.t, at, &value));
    assert_false(host_store(w0.t, at, 2));
    assert_false(host_store(w1.t, at + 5 * PAGE_SIZE, 2));
}

static void the_frame_table_is_readable_and_no_more(void **context)
{
    (void)context;
    make_window();
    uint64_t value, table = frame_of(frame_table) / FRAMES_PER_CHUNK;
    vaddr_t at = WINDOW_BASE + virt_to_phys(frame_info_of(chunk * FRAMES_PER_CHUNK));
    SYS_OK(w0.t, WINDOW_MAP, 1, table);
    assert_true(host_load(w0.t, at + 8, &value));
    assert_int_equal((uint32_t)value, owner.space->frame);
    assert_false(host_store(w1.t, at, 0));
    assert_int_equal(SYS(init, WINDOW_MAP, owner.h, chunk + 1), ERR_OWNER);
    assert_int_equal(SYS(init, WINDOW_MAP, owner.h, table - 1), ERR_OWNER);
}

/* ---- spaces that end ---- */

static void a_new_space_inherits_no_translation(void **context)
{
    (void)context;
    frame_t f = s.space->frame, root = s.space->root_frame;
    SYS_OK(init, SPACE_UNMAP, s.h, VA, PAGES);
    while (SYS(init, SPACE_UNTABLE, s.h, VA) == OK) {
    }
    assert_int_equal(SYS(init, OBJECT_DESTROY, s.h), ERR_BUSY); /* it has threads */
    tlb_fill_space(hart0, s.space);
    tlb_fill_space(hart1, s.space);
    host_destroy(t0.h);
    host_destroy(t1.h);
    host_destroy(s.h);
    SYS_OK(init, OBJECT_CREATE, OBJ_SPACE, f, root);
    struct host_space again = {frame_va(f), init->x[REG_A1]};
    struct host_thread t = host_thread(&again), u = host_thread_on(&again, hart1);
    for (unsigned i = 0; i < PTES_PER_TABLE / 2; i++)
        assert_int_equal(again.space->root[i], 0);
    assert_false(host_store(t.t, VA, 1));
    assert_false(host_store(u.t, VA, 1));
}

/* ---- shared leaf tables ---- */

static void a_shared_table_is_written_by_nobody(void **context)
{
    (void)context;
    struct host_space child = host_space();
    SYS_OK(init, SPACE_TABLE, child.h, VA, host_kframe());
    SYS_OK(init, SPACE_SHARE_TABLE, s.h, child.h, VA);
    struct host_thread c0 = host_thread(&child), c1 = host_thread_on(&child, hart1);
    uint64_t value;
    assert_true(host_load(c0.t, VA, &value));
    assert_true(host_load(c1.t, VA + PAGE_SIZE, &value));
    assert_int_equal(value, 101);
    reply_id_t id = store_faults(t1.t, VA);
    assert_int_equal(init->x[REG_A1 + FAULTW_LEVEL], FAULT_LEVEL_SHARED);
    assert_int_equal(host_fault_reply(init, id, FAULT_UPGRADE, 0, 0, 0, 0), ERR_BUSY);
    assert_int_equal(host_fault_reply(init, id, FAULT_MAP, PROT_R | PROT_W, host_uframe(), 0, 0), ERR_BUSY);
    host_check_pages();
    SYS_OK(init, SPACE_UNSHARE_TABLE, s.h, VA, host_kframe());
    frame_t copy = host_uframe();
    assert_int_equal(host_fault_reply(init, id, FAULT_MAP, PROT_R | PROT_W, copy, 0, 0), OK);
    assert_true(host_store(t1.t, VA, 77));
    assert_true(host_load(t0.t, VA, &value));
    assert_int_equal(value, 77);
    assert_true(host_load(c1.t, VA, &value));
    assert_int_equal(value, 100);
}

static void letting_a_shared_table_go_is_seen_by_both_harts(void **context)
{
    (void)context;
    struct host_space child = host_space();
    SYS_OK(init, SPACE_TABLE, child.h, VA, host_kframe());
    SYS_OK(init, SPACE_SHARE_TABLE, s.h, child.h, VA);
    struct host_thread c0 = host_thread(&child), c1 = host_thread_on(&child, hart1);
    uint64_t value;
    for (unsigned i = 0; i < PAGES; i++) {
        assert_true(host_load(c0.t, VA + i * PAGE_SIZE, &value));
        assert_true(host_load(c1.t, VA + i * PAGE_SIZE, &value));
    }
    SYS_OK(init, SPACE_UNTABLE, child.h, VA + 8 * PAGE_SIZE); /* an address in the middle of it */
    assert_int_equal(init->x[REG_A1], 0);
    assert_false(host_load(c0.t, VA, &value));
    assert_false(host_load(c1.t, VA + 15 * PAGE_SIZE, &value));
    assert_true(host_load(t0.t, VA, &value));
    reply_id_t id = store_faults(t1.t, VA); /* it is the other one's own again */
    assert_int_equal(init->x[REG_A1 + FAULTW_LEVEL], 0);
    assert_int_equal(host_fault_reply(init, id, FAULT_UPGRADE, 0, 0, 0, 0), OK);
    assert_true(host_store(t1.t, VA, 77));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(unmap_reaches_both_harts),
        TEST(unmap_in_steps_is_safe_at_every_step),
        TEST(protect_stops_a_stale_writer),
        TEST(protect_takes_execute_away),
        TEST(protect_with_nothing_stops_readers),
        TEST(protect_makes_cow_and_upgrade_undoes_it),
        TEST(share_cow_protects_the_parent_on_both_harts),
        TEST(share_same_keeps_permissions),
        TEST(map_verdict_replaces_on_both_harts),
        TEST(map_verdict_brings_tables),
        TEST(harvest_lets_no_access_go_unseen),
        TEST(harts_that_do_not_set_a_and_d_fault_instead),
        TEST(untable_forgets_pointers_to_the_table),
        TEST(granting_flushes_here_and_is_absorbed_elsewhere),
        TEST(grant_takes_the_window_away),
        TEST(retype_to_kernel_leaves_the_window_readable),
        TEST(the_frame_table_is_readable_and_no_more),
        TEST(a_new_space_inherits_no_translation),
        TEST(a_shared_table_is_written_by_nobody),
        TEST(letting_a_shared_table_go_is_seen_by_both_harts),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
