/* SPDX-License-Identifier: MIT
 * Memory in chunks, and objects in donated frames: nothing changes its type or owner while it is in use, nothing becomes
 * an object that was not donated, everything comes back.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include <string.h>

#include "host.h"

static struct host_space s;
static uint64_t chunk; /* a user chunk of init's */
static frame_t first;

static int setup(void **context)
{
    (void)context;
    host_boot();
    s = host_space();
    chunk = host_user_chunk(2);
    first = chunk * FRAMES_PER_CHUNK;
    return 0;
}

static int teardown(void **context)
{
    (void)context;
    host_check();
    return 0;
}

static unsigned kinds(unsigned kind)
{
    unsigned n = 0;
    for (frame_t f = ram_first; f < ram_end; f++)
        n += frame_info_of(f)->kind == kind;
    return n;
}

/* Neither call while the chunk is in use; both when it is not. */
static void busy_then_idle(void (*use)(void), void (*end_use)(void))
{
    use();
    struct snapshot *before = host_snapshot();
    assert_int_equal(SYS(init, CHUNK_RETYPE, chunk, CHUNK_KERNEL), ERR_BUSY);
    assert_int_equal(SYS(init, CHUNK_RETYPE, chunk, CHUNK_USER), ERR_BUSY);
    assert_int_equal(SYS(init, CHUNK_GRANT, chunk, s.h), ERR_BUSY);
    host_unchanged(before, init, "a chunk in use");
    end_use();
    SYS_OK(init, CHUNK_GRANT, chunk, s.h);
    assert_int_equal(SYS(init, CHUNK_GRANT, chunk, s.h), ERR_OWNER);
    assert_int_equal(SYS(init, CHUNK_RETYPE, chunk, CHUNK_KERNEL), ERR_OWNER);
    for (unsigned i = 0; i < FRAMES_PER_CHUNK; i++)
        assert_int_equal(frame_info_of(first + i)->owner, s.space->frame);
}

static void map_last(void) { host_map(&s, 0x5000, first + 511, PROT_R); }
static void unmap_last(void) { SYS_OK(init, SPACE_UNMAP, s.h, 0x5000, 1); }
static void batch_first(void) { SYS_OK(init, SPACE_BATCH, first); }
static void batch_none(void) { SYS_OK(init, SPACE_BATCH, 0); }
static handle_t object;
static void make_ntfn(void)
{
    SYS_OK(init, CHUNK_RETYPE, chunk, CHUNK_KERNEL);
    SYS_OK(init, OBJECT_CREATE, OBJ_NTFN, first + 100);
    object = init->x[REG_A1];
}
static void end_ntfn(void) { host_destroy(object); }
static void make_table(void)
{
    SYS_OK(init, CHUNK_RETYPE, chunk, CHUNK_KERNEL);
    SYS_OK(init, SPACE_TABLE, s.h, 0x5000, first + 200);
}
static void end_table(void) { SYS_OK(init, SPACE_UNTABLE, s.h, 0x5000); }
static void make_handles(void)
{
    SYS_OK(init, CHUNK_RETYPE, chunk, CHUNK_KERNEL);
    object = host_space().h;
    SYS_OK(init, HANDLE_GROW, object, first + 300);
}
static void end_handles(void) { host_destroy(object); }

static void a_mapped_frame_keeps_its_chunk(void **context) { (void)context; busy_then_idle(map_last, unmap_last); }
static void a_batch_page_keeps_its_chunk(void **context) { (void)context; busy_then_idle(batch_first, batch_none); }
static void an_object_keeps_its_chunk(void **context) { (void)context; busy_then_idle(make_ntfn, end_ntfn); }
static void a_table_keeps_its_chunk(void **context) { (void)context; busy_then_idle(make_table, end_table); }
static void handles_keep_their_chunk(void **context) { (void)context; busy_then_idle(make_handles, end_handles); }

static void retype_there_and_back(void **context)
{
    (void)context;
    for (unsigned round = 0; round < 4; round++) {
        SYS_OK(init, CHUNK_RETYPE, chunk, CHUNK_KERNEL);
        assert_int_equal(SYS(init, SPACE_MAP_FRAME, s.h, 0x5000, first, PROT_R), ERR_OWNER);
        SYS_OK(init, OBJECT_CREATE, OBJ_ENDPOINT, first);
        host_destroy(init->x[REG_A1]);
        SYS_OK(init, CHUNK_RETYPE, chunk, CHUNK_USER);
        assert_int_equal(SYS(init, OBJECT_CREATE, OBJ_ENDPOINT, first), ERR_OWNER);
    }
    assert_int_equal(SYS(init, CHUNK_RETYPE, chunk, CHUNK_RESERVED), ERR_INVAL);
    assert_int_equal(SYS(init, CHUNK_RETYPE, chunk, CHUNK_IMAGE), ERR_INVAL);
    assert_int_equal(SYS(init, CHUNK_RETYPE, 0, CHUNK_USER), ERR_INVAL);
    assert_int_equal(SYS(init, CHUNK_RETYPE, ~0UL, CHUNK_USER), ERR_INVAL);
    assert_int_equal(SYS(init, CHUNK_RETYPE, chunk + 64, CHUNK_USER), ERR_INVAL);
    assert_int_equal(SYS(init, CHUNK_RETYPE, ram_first / FRAMES_PER_CHUNK, CHUNK_USER), ERR_OWNER); /* firmware */
    assert_int_equal(SYS(init, CHUNK_RETYPE, ram_first / FRAMES_PER_CHUNK + 3, CHUNK_USER), ERR_BUSY);
}

/* What a user chunk held is gone from whatever the kernel makes of its frames. */
static void objects_begin_zeroed(void **context)
{
    (void)context;
    memset(frame_va(first), 0xff, CHUNK_SIZE);
    SYS_OK(init, CHUNK_RETYPE, chunk, CHUNK_KERNEL);
    SYS_OK(init, OBJECT_CREATE, OBJ_SPACE, first, first + 1);
    struct host_space t = {frame_va(first), init->x[REG_A1]};
    for (unsigned i = 0; i < PTES_PER_TABLE / 2; i++)
        assert_int_equal(t.space->root[i], 0);
    for (handle_t h = 1; h < t.space->handles; h++)
        assert_int_equal(handle_slot(t.space, h)->word, 0);
    SYS_OK(init, SPACE_TABLE, t.h, 0x5000, first + 2);
    for (unsigned i = 0; i < PTES_PER_TABLE; i++)
        assert_int_equal(((pte_t *)frame_va(first + 2))[i], 0);
    SYS_OK(init, OBJECT_CREATE, OBJ_THREAD, first + 3, t.h);
    struct thread *th = frame_va(first + 3);
    for (unsigned i = 0; i < 32; i++)
        assert_int_equal(th->x[i] | th->fpu[i], 0);
    SYS_OK(init, HANDLE_GROW, t.h, first + 4);
    assert_int_equal(t.space->handles, t.space->handle_room);
    for (handle_t h = 1; h < t.space->handles; h++)
        assert_int_equal(handle_slot(t.space, h)->word, 0);
    SYS_OK(init, OBJECT_CREATE, OBJ_ENDPOINT, first + 5);
    assert_int_equal(host_poll(init, init->x[REG_A1]), ERR_TIMEOUT);
    SYS_OK(init, OBJECT_CREATE, OBJ_NTFN, first + 6);
    host_time_limit(init, 0);
    assert_int_equal(host_ipc(init, SYS_WAIT, IPC_F_DEADLINE, init->x[REG_A1]), ERR_TIMEOUT);
    host_check();
}

/* A table's frame is given back full of zeros, and trusted to be: it must really be. */
static void frames_said_to_be_zero_are(void **context)
{
    (void)context;
    host_map(&s, 0x40000000, host_uframe(), PROT_R | PROT_W);
    SYS_OK(init, SPACE_SOFT, s.h, 0x40001000, 0xfff0);
    SYS_OK(init, SPACE_UNMAP, s.h, 0x40000000, 2);
    while (SYS(init, SPACE_UNTABLE, s.h, 0x40000000) == OK) {
    }
    host_destroy(s.h);
    unsigned zeroed = 0;
    for (frame_t f = ram_first; f < ram_end; f++) {
        if (frame_info_of(f)->kind != FRAME_KFREE || !(frame_info_of(f)->flags & FRAME_F_ZEROED))
            continue;
        zeroed++;
        for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
            assert_int_equal(((uint64_t *)frame_va(f))[i], 0);
    }
    assert_true(zeroed >= 3); /* root and two tables */
}

static void nothing_is_made_of_what_was_not_donated(void **context)
{
    (void)context;
    frame_t bad[] = {0, ram_end, ram_first, first, s.space->frame, s.space->root_frame, init->frame, frame_of(frame_table)};
    frame_t good = host_kframe();
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        long want = i < 2 ? ERR_INVAL : ERR_OWNER;
        for (unsigned type = OBJ_THREAD; type < OBJ_TYPES; type++)
            if (handle_has_frame(type))
                assert_int_equal(SYS(init, OBJECT_CREATE, type, bad[i], type == OBJ_SPACE ? good : s.h), want);
        assert_int_equal(SYS(init, OBJECT_CREATE, OBJ_SPACE, good, bad[i]), want);
        assert_int_equal(SYS(init, SPACE_TABLE, s.h, 0x5000, bad[i]), want);
        assert_int_equal(SYS(init, HANDLE_GROW, s.h, bad[i]), want);
    }
    assert_int_equal(SYS(init, OBJECT_CREATE, OBJ_SPACE, good, good), ERR_INVAL);
    assert_int_equal(SYS(init, OBJECT_CREATE, OBJ_IRQ, good, 0), ERR_INVAL);
    assert_int_equal(SYS(init, OBJECT_CREATE, OBJ_KERNEL, good, 0), ERR_INVAL);
    assert_int_equal(SYS(init, OBJECT_CREATE, 1UL << 32 | OBJ_NTFN, good, 0), ERR_INVAL);
    assert_int_equal(SYS(init, OBJECT_CREATE, OBJ_THREAD, good, INIT_H_KERNEL), ERR_TYPE);
    assert_int_equal(frame_info_of(good)->kind, FRAME_KFREE);
}

static void everything_comes_back(void **context)
{
    (void)context;
    unsigned before = kinds(FRAME_KFREE);
    for (unsigned round = 0; round < 20; round++) {
        struct host_space t = host_space();
        struct host_thread a = host_thread(&t), b = host_thread(&t);
        struct host_ep ep = host_ep();
        struct host_ntfn n = host_ntfn();
        handle_t r = host_give(&t, ep.h, RIGHTS_ALL, 0), w = host_give(&t, n.h, RIGHTS_ALL, 0);
        host_map(&t, 0x40000000, host_uframe(), PROT_R);
        assert_int_equal(host_ipc(a.t, SYS_RECV, 0, r), HOST_BLOCKED);
        assert_int_equal(SYS(b.t, WAIT, w), HOST_BLOCKED);
        handle_t order[] = {ep.h, n.h, a.h, b.h};
        for (unsigned i = 0; i < 4; i++)
            host_destroy(order[(i + round) % 4]);
        assert_int_equal(SYS(init, OBJECT_DESTROY, t.h), ERR_BUSY); /* it has tables */
        SYS_OK(init, SPACE_UNMAP, t.h, 0, USER_VA_END / 8 / PAGE_SIZE);
        while (SYS(init, SPACE_UNTABLE, t.h, 0x40000000) == OK) {
        }
        host_destroy(t.h);
        assert_int_equal(kinds(FRAME_KFREE), before);
        host_check();
    }
}

static void many_waiters_end_in_bounded_steps(void **context)
{
    (void)context;
    struct host_ep ep = host_ep();
    handle_t h = host_give(&s, ep.h, RIGHTS_ALL, 0);
    struct host_thread t[50];
    for (unsigned i = 0; i < 50; i++) {
        t[i] = host_thread(&s);
        assert_int_equal(host_ipc(t[i].t, SYS_CALL, 0, h), HOST_BLOCKED);
    }
    unsigned again = 0;
    while (SYS(init, OBJECT_DESTROY, ep.h) == ERR_AGAIN)
        again++;
    assert_int_equal(again, 3); /* 16 at a time */
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(host_result(t[i].t), ERR_PEER_DEAD);
}

static void a_space_in_use_is_not_ended(void **context)
{
    (void)context;
    struct host_thread t = host_thread(&s);
    assert_int_equal(SYS(init, OBJECT_DESTROY, s.h), ERR_BUSY);
    host_destroy(t.h);
    SYS_OK(init, SPACE_TABLE, s.h, 0x5000, host_kframe());
    assert_int_equal(SYS(init, OBJECT_DESTROY, s.h), ERR_BUSY);
    SYS_OK(init, SPACE_UNTABLE, s.h, 0x5000);
    SYS_OK(init, CHUNK_GRANT, chunk, s.h);
    assert_int_equal(SYS(init, OBJECT_DESTROY, s.h), ERR_BUSY); /* its memory would belong to the next one in its frame */
    assert_int_equal(SYS(init, OBJECT_DESTROY, INIT_H_SPACE), ERR_BUSY);
}

static void a_thread_may_end_itself(void **context)
{
    (void)context;
    struct host_thread t = host_thread(&s);
    handle_t own = host_give(&s, t.h, RIGHTS_ALL, 0);
    frame_t f = t.t->frame;
    assert_int_equal(SYS(t.t, OBJECT_DESTROY, own), OK);
    assert_int_equal(frame_info_of(f)->kind, FRAME_KFREE);
    assert_int_equal(s.space->threads, 0);
    assert_non_null(hart0->current);
    host_destroy(s.h);
    s = host_space();
}

static void a_batch_page_is_nobody_elses(void **context)
{
    (void)context;
    frame_t f = host_uframe(), g = host_uframe();
    SYS_OK(init, SPACE_BATCH, f);
    assert_int_equal(SYS(init, SPACE_MAP_FRAME, s.h, 0x5000, f, PROT_R), ERR_OWNER);
    host_map(&s, 0x5000, g, PROT_R);
    assert_int_equal(SYS(init, SPACE_BATCH, g), ERR_BUSY); /* mapped: somebody could write the list meanwhile */
    assert_int_equal(SYS(init, SPACE_BATCH, init->frame), ERR_OWNER);
    assert_int_equal(SYS(init, SPACE_BATCH, ram_end), ERR_INVAL);
    assert_true(frame_info_of(f)->flags & FRAME_F_BATCH); /* the old one stays registered */
    SYS_OK(init, SPACE_BATCH, f);
    SYS_OK(init, SPACE_BATCH, 0);
    host_map(&s, 0x6000, f, PROT_R);
}

#define RUN 100u /* pages: more than a step */

static void map_lists(void **context)
{
    (void)context;
    frame_t batch = host_uframe(), f[200];
    uint64_t *list = frame_va(batch);
    assert_int_equal(SYS(init, SPACE_MAP, s.h, 0x40000000, 1, PROT_R), ERR_INVAL); /* no batch page yet */
    SYS_OK(init, SPACE_BATCH, batch);
    host_tables(&s, 0x40000000);
    for (unsigned i = 0; i < 200; i++)
        list[i] = f[i] = i % 7 == 3 ? 0 : host_uframe();
    SYS_OK(init, SPACE_MAP, s.h, 0x40000000, 200, PROT_R | PROT_W, 0);
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(PTE_FRAME(host_pte(s.space, 0x40000000 + i * PAGE_SIZE)), f[i]);
    SYS_OK(init, SPACE_UNMAP, s.h, 0x40000000, 200);
    assert_int_equal(SYS(init, SPACE_MAP, s.h, 0x40000000, 513, PROT_R, 0), ERR_INVAL);
    assert_int_equal(SYS(init, SPACE_MAP, s.h, 0x40000000, 500, PROT_R, 13), ERR_INVAL);
    assert_int_equal(SYS(init, SPACE_MAP, s.h, 0x40000000, 1, PROT_R, ~0UL), ERR_INVAL);
    list[100] = init->frame;
    assert_int_equal(SYS(init, SPACE_MAP, s.h, 0x40000000, 200, PROT_R, 0), ERR_OWNER);
    assert_int_equal(init->x[REG_A0 + 4], 100); /* how far it got */
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(host_pte(s.space, 0x40000000 + i * PAGE_SIZE) != 0, i < 100 && f[i]);
}

static void map_runs(void **context)
{
    (void)context;
    const vaddr_t va = 0x40000000;
    frame_t first = host_uframe();
    for (unsigned i = 1; i < RUN; i++)
        assert_int_equal(host_uframe(), first + i);
    host_tables(&s, va);
    SYS_OK(init, SPACE_MAP, s.h, va, RUN, PROT_R | PROT_X, 0, first); /* needs no batch page, and several steps */
    assert_int_equal(init->x[REG_A0 + 4], RUN);
    for (unsigned i = 0; i < RUN; i++) {
        assert_int_equal(PTE_FRAME(host_pte(s.space, va + i * PAGE_SIZE)), first + i);
        assert_int_equal(frame_info_of(first + i)->maps, 1);
    }
    SYS_OK(init, SPACE_UNMAP, s.h, va, RUN);
    SYS_OK(init, SPACE_SOFT, s.h, va + 70 * PAGE_SIZE, 1UL << 10, 0);
    assert_int_equal(SYS(init, SPACE_MAP, s.h, va, RUN, PROT_R, 0, first), ERR_EXIST); /* what software noted is not lost */
    assert_int_equal(init->x[REG_A0 + 4], 70);
    assert_int_equal(host_pte(s.space, va + 70 * PAGE_SIZE), 1UL << 10);
    SYS_OK(init, SPACE_UNMAP, s.h, va, RUN);
    assert_int_equal(SYS(init, SPACE_MAP, s.h, va, 2, PROT_R, 0, ram_end - 1), ERR_INVAL); /* leaves the memory */
    assert_int_equal(SYS(init, SPACE_MAP, s.h, va, 2, PROT_R, 0, ram_first - 1), ERR_INVAL);
    assert_int_equal(SYS(init, SPACE_MAP, s.h, va, 513, PROT_R, 0, first), ERR_INVAL);
    assert_int_equal(SYS(init, SPACE_MAP, s.h, va, 1, PROT_R, 0, init->frame), ERR_OWNER);
    assert_int_equal(host_pte(s.space, va), 0);
}

static void device_pages(void **context)
{
    (void)context;
    const uint64_t bad[] = {0x80000000, 0x10000001, 1UL << 40, (1UL << 40) + 0x80000000, 1UL << 55, ~0xfffUL};
    host_tables(&s, 0x40000000);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(SYS(init, SPACE_MAP_DEVICE, INIT_H_KERNEL, s.h, 0x40000000, bad[i]), ERR_INVAL);
    SYS_OK(init, SPACE_MAP_DEVICE, INIT_H_KERNEL, s.h, 0x40000000, 0x10000000);
    assert_int_equal(SYS(init, SPACE_MAP_DEVICE, INIT_H_KERNEL, s.h, 0x40000000, 0x10000000), ERR_EXIST);
    assert_int_equal(SYS(init, SPACE_MAP_DEVICE, INIT_H_KERNEL, s.h, 0x80000000, 0x10000000), ERR_NOTABLE);
    assert_int_equal(SYS(init, SPACE_MAP_DEVICE, s.h, s.h, 0x40000000, 0x10000000), ERR_TYPE);
    host_check();
    struct host_space other = host_space(); /* never shared: it is nobody's frame */
    host_tables(&other, 0x40000000);
    SYS_OK(init, SPACE_SHARE, s.h, other.h, 0x40000000, 1, SHARE_SAME);
    assert_int_equal(host_pte(other.space, 0x40000000), 0);
    struct host_thread t = host_thread(&s);
    paddr_t pa;
    host_current(t.t);
    assert_true(tlb_translate(hart0, 0x40000000, FAULT_ACCESS_W, &pa));
    assert_int_equal(pa, 0x10000000);
    SYS_OK(init, SPACE_UNMAP, s.h, 0x40000000, 1);
    host_current(t.t);
    assert_false(tlb_translate(hart0, 0x40000000, FAULT_ACCESS_W, &pa));
}

/* The tables that the second space lacks are made of what comes along, no more; a frame that is none leaves an error. */
static void sharing_makes_the_tables_that_are_missing(void **context)
{
    (void)context;
    const vaddr_t va = 0x40000000;
    frame_t page = host_uframe(), f[3] = {host_kframe(), host_kframe(), host_kframe()};
    struct host_space to = host_space();
    host_map(&s, va, page, PROT_R | PROT_W);
    assert_int_equal(SYS(init, SPACE_SHARE, s.h, to.h, va, 1, SHARE_COW), ERR_NOTABLE);
    assert_int_equal(SYS(init, SPACE_SHARE, s.h, to.h, va, 1, SHARE_WITH(SHARE_COW, page, 0)), ERR_OWNER);
    assert_int_equal(SYS(init, SPACE_SHARE, s.h, to.h, va, 1, SHARE_WITH(SHARE_COW, f[0], f[0])), ERR_OWNER);
    assert_int_equal(init->x[REG_A0 + 5], 1); /* the first one was taken, and is no free frame any more */
    assert_int_equal(SYS(init, SPACE_SHARE, s.h, to.h, va, 1, SHARE_COW), ERR_NOTABLE);
    SYS_OK(init, SPACE_SHARE, s.h, to.h, va, 1, SHARE_WITH(SHARE_COW, f[1], f[2]));
    assert_int_equal(init->x[REG_A0 + 4], 1);
    assert_int_equal(init->x[REG_A0 + 5], 1);
    assert_int_equal(frame_info_of(f[2])->kind, FRAME_KFREE);
    assert_int_equal(frame_info_of(page)->maps, 2);
    assert_int_equal(host_pte(to.space, va) & (PTE_W | PTE_COW), PTE_COW);
}

/* Empty tables come back with the last page, the lower first; one that is used stays. */
static void unmapping_takes_empty_tables_back(void **context)
{
    (void)context;
    const vaddr_t va = 0x40000000, near = va + 3 * PAGE_SIZE, far = va + CHUNK_SIZE;
    host_map(&s, va, host_uframe(), PROT_R);
    host_map(&s, near, host_uframe(), PROT_R);
    host_map(&s, far, host_uframe(), PROT_R);
    assert_int_equal(SYS(init, SPACE_UNMAP, s.h, va, 0, UNMAP_TABLES), ERR_INVAL);
    assert_int_equal(SYS(init, SPACE_UNMAP, s.h, near, 512, UNMAP_TABLES), ERR_INVAL); /* more than one leaf table */
    assert_int_equal(SYS(init, SPACE_UNMAP, s.h, va, 1, UNMAP_TABLES | 2), ERR_INVAL);
    SYS_OK(init, SPACE_UNMAP, s.h, va, 1, UNMAP_TABLES);
    assert_int_equal(init->x[REG_A1] | init->x[REG_A2], NO_FRAME); /* `near` is there */
    unsigned tables = kinds(FRAME_TABLE);
    SYS_OK(init, SPACE_UNMAP, s.h, va, 512, UNMAP_TABLES);
    assert_int_equal(frame_info_of(init->x[REG_A1])->kind, FRAME_KFREE);
    assert_int_equal(init->x[REG_A2], NO_FRAME);
    SYS_OK(init, SPACE_UNMAP, s.h, far, 1, UNMAP_TABLES);
    assert_int_equal(frame_info_of(init->x[REG_A1])->kind, FRAME_KFREE);
    assert_int_equal(frame_info_of(init->x[REG_A2])->kind, FRAME_KFREE);
    assert_int_equal(kinds(FRAME_TABLE), tables - 3);
    assert_int_equal(frame_info_of(s.space->root_frame)->maps, 0);
    SYS_OK(init, SPACE_UNMAP, s.h, va, 1, UNMAP_TABLES); /* nothing there at all */
    assert_int_equal(init->x[REG_A1] | init->x[REG_A2], NO_FRAME);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_mapped_frame_keeps_its_chunk),
        TEST(a_batch_page_keeps_its_chunk),
        TEST(an_object_keeps_its_chunk),
        TEST(a_table_keeps_its_chunk),
        TEST(handles_keep_their_chunk),
        TEST(retype_there_and_back),
        TEST(objects_begin_zeroed),
        TEST(frames_said_to_be_zero_are),
        TEST(nothing_is_made_of_what_was_not_donated),
        TEST(everything_comes_back),
        TEST(many_waiters_end_in_bounded_steps),
        TEST(a_space_in_use_is_not_ended),
        TEST(a_thread_may_end_itself),
        TEST(a_batch_page_is_nobody_elses),
        TEST(map_lists), TEST(map_runs),
        TEST(device_pages),
        TEST(sharing_makes_the_tables_that_are_missing),
        TEST(unmapping_takes_empty_tables_back),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
