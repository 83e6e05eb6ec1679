/* SPDX-License-Identifier: MIT
 * Handles: what they allow, how they go stale, how they travel, and that the table's free list survives it all.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include "host.h"

static struct host_space s;
static struct host_thread t; /* in s */

static int setup(void **context)
{
    (void)context;
    host_boot();
    s = host_space();
    t = host_thread(&s);
    return 0;
}

static int teardown(void **context)
{
    (void)context;
    host_check();
    return 0;
}

static unsigned free_slots(struct space *of)
{
    unsigned n = 0;
    for (handle_t h = of->handle_free; h; h = handle_slot(of, h)->object)
        n++;
    return n + of->handle_room - of->handles;
}

static void rights_only_shrink(void **context)
{
    (void)context;
    struct host_ep ep = host_ep();
    SYS_OK(init, HANDLE_COPY, ep.h, RIGHT_SEND | RIGHT_GRANT, 0);
    handle_t weak = init->x[REG_A1];
    SYS_OK(init, HANDLE_INFO, 0, weak);
    assert_int_equal(init->x[REG_A1], OBJ_ENDPOINT | (RIGHT_SEND | RIGHT_GRANT) << 8);
    assert_int_equal(SYS(init, HANDLE_COPY, weak, RIGHT_SEND | RIGHT_RECV, 0), ERR_RIGHTS);
    assert_int_equal(SYS(init, HANDLE_COPY, weak, RIGHT_SEND, 7), ERR_RIGHTS); /* a badge needs MINT */
    assert_int_equal(SYS(init, HANDLE_COPY, weak, 0x100, 0), ERR_INVAL);
    assert_int_equal(SYS(init, HANDLE_REVOKE, weak), ERR_RIGHTS);
    assert_int_equal(SYS(init, OBJECT_DESTROY, weak), ERR_RIGHTS);
    assert_int_equal(host_poll(init, weak), ERR_RIGHTS);
    SYS_OK(init, HANDLE_COPY, weak, RIGHT_SEND, 0);
    assert_int_equal(SYS(init, HANDLE_COPY, init->x[REG_A1], RIGHT_SEND, 0), ERR_RIGHTS); /* no GRANT any more */
}

static void a_badge_is_48_bits_and_inherited(void **context)
{
    (void)context;
    struct host_ep ep = host_ep();
    SYS_OK(init, HANDLE_COPY, ep.h, RIGHTS_ALL, 0xffff123456789abcUL);
    handle_t h = init->x[REG_A1];
    SYS_OK(init, HANDLE_INFO, 0, h);
    assert_int_equal(init->x[REG_A1], OBJ_ENDPOINT | RIGHTS_ALL << 8);
    assert_int_equal(init->x[REG_A2], 0x123456789abcUL);
    SYS_OK(init, HANDLE_COPY, h, RIGHT_SEND, 0);
    SYS_OK(init, HANDLE_INFO, 0, init->x[REG_A1]);
    assert_int_equal(init->x[REG_A2], 0x123456789abcUL);
}

static void no_handle_no_power(void **context)
{
    (void)context;
    const uint64_t bad[] = {0, 1, 5, HANDLES_INLINE - 1, HANDLES_INLINE, 100000, ~0UL, 1UL << 31};
    for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct thread *c = t.t;
        assert_int_equal(host_ipc(c, SYS_CALL, 0, bad[i]), ERR_HANDLE);
        assert_int_equal(host_poll(c, bad[i]), ERR_HANDLE);
        assert_int_equal(SYS(c, SIGNAL, bad[i], 1), ERR_HANDLE);
        if (bad[i])
            assert_int_equal(SYS(c, WAIT, bad[i]), ERR_HANDLE);
        assert_int_equal(SYS(c, HANDLE_COPY, bad[i], 0, 0), ERR_HANDLE);
        assert_int_equal(SYS(c, HANDLE_CLOSE, 0, bad[i]), ERR_HANDLE);
        assert_int_equal(SYS(c, HANDLE_REVOKE, bad[i]), ERR_HANDLE);
        assert_int_equal(SYS(c, OBJECT_DESTROY, bad[i]), ERR_HANDLE);
        assert_int_equal(SYS(c, THREAD_STOP, bad[i]), ERR_HANDLE);
        assert_int_equal(SYS(c, SPACE_UNMAP, bad[i], 0, 1), ERR_HANDLE);
        assert_int_equal(SYS(c, DEBUG_PUTC, bad[i], 'x'), ERR_HANDLE);
        assert_int_equal(SYS(c, IRQ_CREATE, bad[i], 1), ERR_HANDLE);
    }
    assert_string_equal(host_console, "");
}

static void every_call_wants_its_type(void **context)
{
    (void)context;
    struct host_ep ep = host_ep();
    struct host_ntfn n = host_ntfn();
    assert_int_equal(host_ipc(init, SYS_CALL, 0, n.h), ERR_TYPE);
    assert_int_equal(SYS(init, WAIT, ep.h), ERR_TYPE);
    assert_int_equal(SYS(init, SIGNAL, ep.h, 1), ERR_TYPE);
    assert_int_equal(SYS(init, THREAD_STOP, s.h), ERR_TYPE);
    assert_int_equal(SYS(init, SPACE_UNMAP, t.h, 0, 1), ERR_TYPE);
    assert_int_equal(SYS(init, TRACE_MASK, s.h, 0), ERR_TYPE);
    assert_int_equal(SYS(init, HANDLE_REVOKE, INIT_H_KERNEL), ERR_TYPE);
    assert_int_equal(SYS(init, OBJECT_DESTROY, INIT_H_KERNEL), ERR_TYPE);
    assert_int_equal(SYS(init, SPACE_HANDLER, s.h, HANDLER_FAULT, n.h, 0), ERR_TYPE);
    assert_int_equal(SYS(init, THREAD_BIND, t.h, ep.h), ERR_TYPE);
}

static void revoking_ends_every_other_handle(void **context)
{
    (void)context;
    struct host_ep ep = host_ep();
    handle_t theirs = host_give(&s, ep.h, RIGHT_SEND, 3);
    SYS_OK(init, HANDLE_COPY, ep.h, RIGHTS_ALL, 0);
    handle_t copy = init->x[REG_A1];
    SYS_OK(init, SPACE_HANDLER, s.h, HANDLER_EXCEPTION, ep.h, 1);
    SYS_OK(init, HANDLE_REVOKE, ep.h);
    assert_int_equal(host_ipc(t.t, SYS_CALL, 0, theirs), ERR_HANDLE);
    assert_int_equal(SYS(init, HANDLE_INFO, 0, copy), ERR_HANDLE);
    assert_null(endpoint_of(&s.space->handler[HANDLER_EXCEPTION])); /* what the kernel remembers goes too */
    SYS_OK(init, HANDLE_INFO, 0, ep.h);
    assert_int_equal(host_poll(init, ep.h), ERR_TIMEOUT);
    SYS_OK(t.t, HANDLE_CLOSE, 0, theirs); /* a stale one can still be closed */
}

static void handles_of_a_dead_object_are_stale_for_ever(void **context)
{
    (void)context;
    struct host_ntfn n = host_ntfn();
    handle_t theirs = host_give(&s, n.h, RIGHTS_ALL, 0);
    frame_t f = frame_of(n.n);
    for (unsigned life = 0; life < 20; life++) {
        host_destroy(n.h);
        assert_int_equal(SYS(t.t, SIGNAL, theirs, 1), ERR_HANDLE);
        SYS_OK(init, OBJECT_CREATE, OBJ_NTFN, f); /* another object of the same type in the same frame */
        n.h = init->x[REG_A1];
        assert_int_equal(SYS(t.t, SIGNAL, theirs, 1), ERR_HANDLE);
        assert_int_equal(SYS(t.t, OBJECT_DESTROY, theirs), ERR_HANDLE);
    }
}

/* A generation must not come round: the frame is retired before. */
static void generations_never_wrap(void **context)
{
    (void)context;
    struct host_ntfn n = host_ntfn();
    frame_t f = frame_of(n.n);
    handle_slot(init_space, n.h)->gen = frame_info_of(f)->gen = 0xffffffff - 3; /* as after 2^32 lives */
    for (unsigned i = 0; i < 8; i++) {
        uint32_t gen = frame_info_of(f)->gen;
        if (frame_info_of(f)->kind == FRAME_NTFN)
            SYS_OK(init, OBJECT_DESTROY, n.h);
        else if (SYS(init, OBJECT_CREATE, OBJ_NTFN, f) == OK)
            n.h = init->x[REG_A1];
        assert_true(frame_info_of(f)->gen >= gen);
    }
    assert_int_equal(frame_info_of(f)->kind, FRAME_RESERVED);
    struct host_ntfn m = host_ntfn();
    handle_slot(init_space, m.h)->gen = frame_info_of(frame_of(m.n))->gen = 0xffffffff - 5;
    for (unsigned i = 0; i < 10; i++)
        (void)SYS(init, HANDLE_REVOKE, m.h);
    assert_int_equal(SYS(init, HANDLE_REVOKE, m.h), ERR_LIMIT);
    SYS_OK(init, SIGNAL, m.h, 1);
}

static void install_goes_to_the_slot_asked_for(void **context)
{
    (void)context;
    struct host_ntfn n = host_ntfn();
    unsigned before = free_slots(s.space);
    SYS_OK(init, HANDLE_INSTALL, s.h, 100, n.h, RIGHT_SIGNAL, 0);
    SYS_OK(init, HANDLE_INSTALL, s.h, 1, n.h, RIGHT_SIGNAL, 0);
    SYS_OK(init, HANDLE_INSTALL, s.h, HANDLES_INLINE - 1, n.h, RIGHT_SIGNAL, 0);
    assert_int_equal(SYS(init, HANDLE_INSTALL, s.h, 100, n.h, RIGHT_SIGNAL, 0), ERR_EXIST);
    assert_int_equal(SYS(init, HANDLE_INSTALL, s.h, 0, n.h, RIGHT_SIGNAL, 0), ERR_INVAL);
    assert_int_equal(SYS(init, HANDLE_INSTALL, s.h, HANDLES_INLINE, n.h, RIGHT_SIGNAL, 0), ERR_INVAL);
    assert_int_equal(free_slots(s.space), before - 3);
    SYS_OK(t.t, SIGNAL, 100, 4);
    assert_int_equal(n.n->bits, 4);
    assert_int_equal(SYS(t.t, WAIT, 100), ERR_RIGHTS);
    SYS_OK(init, HANDLE_CLOSE, s.h, 100);
    assert_int_equal(SYS(t.t, SIGNAL, 100, 4), ERR_HANDLE);
    assert_int_equal(free_slots(s.space), before - 2);
}

static void a_set_goes_where_it_is_told_up_to_the_first_bad_one(void **context)
{
    (void)context;
    struct host_ntfn n = host_ntfn();
    uint64_t *a = &init->x[REG_A0];
    const uint64_t set[] = {s.h, 7, 9, INSTALL_ENTRY(30, n.h, RIGHT_SIGNAL, 1) | (uint64_t)INSTALL_ENTRY(20, n.h, RIGHT_WAIT, 2) << 32,
                            INSTALL_ENTRY(31, n.h, RIGHT_SIGNAL, 0) | (uint64_t)INSTALL_ENTRY(20, n.h, RIGHT_SIGNAL, 0) << 32,
                            INSTALL_ENTRY(32, n.h, RIGHT_SIGNAL, 0), 0};
    for (unsigned i = 0; i < 7; i++)
        a[i] = set[i];
    init->x[X_A7] = SYS_HANDLE_INSTALL_SET;
    assert_int_equal(host_ecall(init), ERR_EXIST);
    assert_int_equal(a[1], 3);
    assert_int_equal(handle_badge(handle_slot(s.space, 30)), 7);
    assert_int_equal(handle_badge(handle_slot(s.space, 20)), 9);
    assert_int_equal(handle_rights(handle_slot(s.space, 31)), RIGHT_SIGNAL);
    SYS_OK(t.t, SIGNAL, 31, 1);
    assert_int_equal(SYS(t.t, SIGNAL, 32, 1), ERR_HANDLE);
    assert_int_equal(SYS(t.t, SIGNAL, 20, 1), ERR_RIGHTS);
}

/* Slot 0 is where exceptions go: with CONTROL over the space, and MINT at the endpoint. */
static void a_set_says_where_exceptions_go(void **context)
{
    (void)context;
    struct host_ep ep = host_ep();
    SYS_OK(init, HANDLE_INSTALL_SET, s.h, 7, 9, INSTALL_ENTRY(0, ep.h, 0, 2));
    assert_ptr_equal(endpoint_of(&s.space->handler[HANDLER_EXCEPTION]), ep.ep);
    assert_int_equal(s.space->handler[HANDLER_EXCEPTION].badge, 9);
    struct host_ntfn n = host_ntfn();
    assert_int_equal(SYS(init, HANDLE_INSTALL_SET, s.h, 7, 9, INSTALL_ENTRY(0, n.h, 0, 2)), ERR_TYPE);
    assert_int_equal(SYS(init, HANDLE_INSTALL_SET, 0, 7, 9, INSTALL_ENTRY(0, ep.h, 0, 2)), ERR_HANDLE);
    assert_int_equal(s.space->handler[HANDLER_EXCEPTION].badge, 9);
}

/* A table that was never filled answers for its empty end as for its empty beginning. */
static void slots_that_were_never_used_are_empty(void **context)
{
    (void)context;
    for (handle_t h = 1; h < HANDLES_INLINE + 2; h++) {
        if (handle_slot(s.space, h) && handle_slot(s.space, h)->word)
            continue;
        assert_int_equal(SYS(init, HANDLE_CLOSE, s.h, h), ERR_HANDLE);
        assert_int_equal(SYS(init, HANDLE_INFO, s.h, h), ERR_HANDLE);
        assert_int_equal(SYS(t.t, SIGNAL, h, 1), ERR_HANDLE);
    }
}

static void a_full_table_refuses_and_growing_helps(void **context)
{
    (void)context;
    struct host_ntfn n = host_ntfn();
    handle_t own = host_give(&s, n.h, RIGHTS_ALL, 0);
    unsigned room = free_slots(s.space);
    for (unsigned i = 0; i < room; i++)
        SYS_OK(t.t, HANDLE_COPY, own, RIGHTS_ALL, 0);
    assert_int_equal(SYS(t.t, HANDLE_COPY, own, RIGHTS_ALL, 0), ERR_NOHANDLE);
    frame_t f = host_kframe();
    assert_int_equal(SYS(t.t, HANDLE_GROW, 0, f), ERR_OWNER); /* not the caller's frame */
    SYS_OK(init, HANDLE_GROW, s.h, f);
    assert_int_equal(frame_info_of(f)->kind, FRAME_HANDLES);
    assert_int_equal(free_slots(s.space), HANDLES_PER_FRAME);
    for (unsigned i = 0; i < HANDLES_PER_FRAME; i++)
        SYS_OK(t.t, HANDLE_COPY, own, RIGHTS_ALL, 0);
    assert_int_equal(SYS(t.t, HANDLE_COPY, own, RIGHTS_ALL, 0), ERR_NOHANDLE);
    for (handle_t h = 1; h < s.space->handles; h++)
        SYS_OK(t.t, SIGNAL, h, 1UL << (h % 64));
    host_check();
    for (handle_t h = s.space->handles; --h;)
        SYS_OK(t.t, HANDLE_CLOSE, 0, h);
    assert_int_equal(free_slots(s.space), HANDLES_INLINE + HANDLES_PER_FRAME - 1);
    host_destroy(t.h);
    host_destroy(s.h);
    assert_int_equal(frame_info_of(f)->kind, FRAME_KFREE); /* the donor's again */
    setup(0);
}

static void growing_ends_at_the_limit(void **context)
{
    (void)context;
    for (unsigned i = 0; i < HANDLE_FRAMES_MAX; i++)
        SYS_OK(init, HANDLE_GROW, s.h, host_kframe());
    assert_int_equal(SYS(init, HANDLE_GROW, s.h, host_kframe()), ERR_LIMIT);
    handle_t last = s.space->handles - 1;
    SYS_OK(init, HANDLE_INSTALL, s.h, last, t.h, RIGHTS_ALL, 0);
    SYS_OK(t.t, THREAD_INFO, last);
    assert_int_equal(SYS(t.t, THREAD_INFO, last + 1), ERR_HANDLE);
}

static void other_tables_need_a_right(void **context)
{
    (void)context;
    struct host_space other = host_space();
    handle_t h = host_give(&s, other.h, RIGHTS_ALL & ~RIGHT_HANDLES, 0);
    handle_t own = host_give(&s, s.h, RIGHTS_ALL, 0);
    assert_int_equal(SYS(t.t, HANDLE_INSTALL, h, 1, own, 0, 0), ERR_RIGHTS);
    assert_int_equal(SYS(t.t, HANDLE_CLOSE, h, 1), ERR_RIGHTS);
    assert_int_equal(SYS(t.t, HANDLE_INFO, h, 1), ERR_RIGHTS);
    assert_int_equal(SYS(t.t, HANDLE_GROW, h, 1), ERR_RIGHTS);
}

/* Copies, installs, closes and transfers at random; teardown finds every slot either used or in the free list once. */
static void the_free_list_survives_random_use(void **context)
{
    (void)context;
    struct host_ntfn n = host_ntfn();
    handle_t own = host_give(&s, n.h, RIGHTS_ALL, 0);
    SYS_OK(init, HANDLE_GROW, s.h, host_kframe());
    uint64_t used[HANDLES_INLINE + HANDLES_PER_FRAME] = {[0] = 1};
    used[own] = 1;
    for (unsigned i = 0; i < 30000; i++) {
        handle_t h = host_below(s.space->handle_room);
        long e;
        switch (host_below(3)) {
        case 0:
            e = SYS(t.t, HANDLE_COPY, own, RIGHTS_ALL, 0);
            if (e == OK) {
                assert_false(used[t.t->x[REG_A1]]);
                used[t.t->x[REG_A1]] = 1;
            }
            break;
        case 1:
            e = SYS(init, HANDLE_INSTALL, s.h, h, n.h, RIGHT_SIGNAL, 0);
            assert_int_equal(e, h == 0 ? ERR_INVAL : used[h] ? ERR_EXIST : OK);
            used[h] = 1;
            break;
        default:
            if (h == own)
                break;
            e = SYS(t.t, HANDLE_CLOSE, 0, h);
            assert_int_equal(e, h && used[h] ? OK : ERR_HANDLE);
            used[h] = h == 0;
        }
        if (i % 1000 == 0)
            host_check();
    }
}

static void interrupt_handles_mask_and_signal(void **context)
{
    (void)context;
    struct host_ntfn n = host_ntfn();
    assert_int_equal(SYS(init, IRQ_CREATE, INIT_H_KERNEL, 0), ERR_INVAL);
    assert_int_equal(SYS(init, IRQ_CREATE, INIT_H_KERNEL, arch_irq_sources()), ERR_INVAL);
    SYS_OK(init, IRQ_CREATE, INIT_H_KERNEL, 9);
    handle_t irq = init->x[REG_A1];
    SYS_OK(init, IRQ_BIND, irq, n.h, 0x30);
    assert_true(host_irq_on[9]);
    host_interrupt(9);
    host_exit();
    assert_false(host_irq_on[9]); /* masked until acknowledged */
    assert_int_equal(n.n->bits, 0x30);
    SYS_OK(init, IRQ_ACK, irq);
    assert_true(host_irq_on[9]);
    SYS_OK(init, WAIT, n.h);
    assert_int_equal(init->x[REG_A1], 0x30);
    host_destroy(n.h);
    host_interrupt(9); /* nobody is there: it stays masked */
    host_exit();
    assert_false(host_irq_on[9]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(rights_only_shrink),
        TEST(a_badge_is_48_bits_and_inherited),
        TEST(no_handle_no_power),
        TEST(every_call_wants_its_type),
        TEST(revoking_ends_every_other_handle),
        TEST(handles_of_a_dead_object_are_stale_for_ever),
        TEST(generations_never_wrap),
        TEST(install_goes_to_the_slot_asked_for), TEST(a_set_goes_where_it_is_told_up_to_the_first_bad_one),
        TEST(a_set_says_where_exceptions_go),
        TEST(slots_that_were_never_used_are_empty),
        TEST(a_full_table_refuses_and_growing_helps),
        TEST(growing_ends_at_the_limit),
        TEST(other_tables_need_a_right),
        TEST(the_free_list_survives_random_use),
        TEST(interrupt_handles_mask_and_signal),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
