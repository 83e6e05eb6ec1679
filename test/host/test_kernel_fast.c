/* SPDX-License-Identifier: MIT
 * The fast path: that it is taken when everything is as usual, that each single thing that is not makes the general path decide,
 * and that what it would do wrong if it did not look is refused: old ids, other ids, frames of others, handles that are gone.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include "host.h"

#define VA 0x40001000UL

static struct host_space cs, ss;          /* the client's, the server's, who is its pager, too */
static struct host_thread c, other, srv;
static struct host_ep ep;
static handle_t c_ep, s_ep;

static int setup(void **context)
{
    (void)context;
    host_boot();
    cs = host_space();
    ss = host_space();
    ep = host_ep();
    c_ep = host_give(&cs, ep.h, RIGHT_SEND | RIGHT_SEND_HANDLE, 0xbeef);
    s_ep = host_give(&ss, ep.h, RIGHT_RECV, 0);
    SYS_OK(init, SPACE_HANDLER, cs.h, HANDLER_FAULT, ep.h, 0xabc);
    SYS_OK(init, CHUNK_GRANT, host_user_chunk(1), ss.h);
    c = host_thread(&cs);
    other = host_thread(&cs);
    srv = host_thread(&ss);
    SYS_OK(init, THREAD_PRIO, c.h, 150); /* above init, which is always ready */
    SYS_OK(init, THREAD_PRIO, other.h, 150);
    SYS_OK(init, THREAD_PRIO, srv.h, 150);
    SYS_OK(init, THREAD_STOP, other.h);
    host_tables(&cs, VA);
    assert_int_equal(host_ipc(srv.t, SYS_RECV, 0, s_ep), HOST_BLOCKED);
    host_current(c.t); /* both spaces have run */
    return 0;
}

static int teardown(void **context)
{
    (void)context;
    host_check();
    return 0;
}

static frame_t its_frame(unsigned n) { return host_user_chunk(1) * FRAMES_PER_CHUNK + n; }

/* Whether the fast path did what came since. */
static bool was_fast(void)
{
    static unsigned before;
    bool yes = host_fast_taken != before;
    before = host_fast_taken;
    return yes;
}

static long call(unsigned flags)
{
    host_words(c.t, 10);
    host_time_limit(c.t, host_time + 1000000);
    (void)was_fast();
    return host_ipc(c.t, SYS_CALL, flags, c_ep);
}

static long reply_recv(reply_id_t id)
{
    host_words(srv.t, 20);
    srv.t->x[X_T3] = id;
    (void)was_fast();
    return host_ipc(srv.t, SYS_REPLY_RECV, 0, s_ep);
}

/* A call that the server has got. */
static reply_id_t taken(void)
{
    assert_int_equal(call(0), HOST_BLOCKED);
    assert_int_equal(srv.t->x[REG_A0], MSG_CALL);
    return srv.t->x[X_T2];
}

static void a_call_and_its_reply(void **context)
{
    (void)context;
    for (unsigned i = 0; i < 10; i++) {
        reply_id_t id = taken();
        assert_true(was_fast());
        assert_int_equal(srv.t->x[REG_A1], 10);
        assert_int_equal(srv.t->x[X_T1], 17);
        assert_int_equal(srv.t->x[X_T3], 0xbeef);
        assert_int_equal(id, c.t->reply_id);
        assert_int_equal(srv.t->state, T_RUNNING);
        assert_int_equal(reply_recv(id), HOST_BLOCKED);
        assert_true(was_fast());
        assert_int_equal(c.t->x[REG_A0], OK);
        assert_int_equal(c.t->x[X_T1], 27);
        assert_int_equal(c.t->state, T_RUNNING);
        host_check();
    }
}

/* What the general path has to decide before a call. */
static void with_deadline_buffer_or_handle(void **context)
{
    (void)context;
    static const unsigned flags[] = {IPC_F_DEADLINE, IPC_F_BUF, IPC_F_HANDLE};
    for (unsigned i = 0; i < 3; i++) {
        long e = call(flags[i]);
        assert_false(was_fast());
        if (e == HOST_BLOCKED) { /* the handle is none: refused */
            assert_int_equal(reply_recv(srv.t->x[X_T2]), HOST_BLOCKED);
            assert_false(was_fast());
        }
    }
    (void)taken();
    assert_true(was_fast());
}

static void bad_handles_and_missing_rights(void **context)
{
    (void)context;
    static const struct { handle_t add; uint64_t high; long want; } row[] = {{500, 0, ERR_HANDLE}, {191, 0, ERR_HANDLE}, {100000, 0, ERR_HANDLE}, {1, 0, ERR_HANDLE}};
    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        host_words(c.t, 1);
        assert_int_equal(host_ipc(c.t, SYS_CALL, 0, c_ep + row[i].add), row[i].want);
    }
    handle_t none = host_give(&cs, ep.h, 0, 0);
    assert_int_equal(host_ipc(c.t, SYS_CALL, 0, none), ERR_RIGHTS);
    assert_int_equal(host_ipc(c.t, SYS_CALL, 0, NO_HANDLE), ERR_HANDLE);
    SYS_OK(init, HANDLE_REVOKE, ep.h);
    assert_int_equal(host_ipc(c.t, SYS_CALL, 0, c_ep), ERR_HANDLE);
}

static void another_hart_or_a_budget(void **context)
{
    (void)context;
    struct host_sched b = host_sched(10000, 100000, 150);
    SYS_OK(init, THREAD_SCHED, c.h, b.h);
    reply_id_t id = taken();
    assert_false(was_fast());
    assert_ptr_equal(srv.t->ctx, b.c); /* lent */
    assert_int_equal(reply_recv(id), HOST_BLOCKED);
    assert_false(was_fast());
    SYS_OK(init, THREAD_SCHED, c.h, NO_HANDLE);
    SYS_OK(init, THREAD_SCHED, srv.h, b.h); /* it waits by itself no longer */
    id = taken();
    assert_false(was_fast());
    SYS_OK(init, THREAD_SCHED, srv.h, NO_HANDLE);
    assert_int_equal(reply_recv(id), HOST_BLOCKED);
    SYS_OK(init, THREAD_HART, srv.h, 1);
    id = taken(); /* it follows */
    assert_false(was_fast());
    assert_ptr_equal(srv.t->hart, hart0);
    assert_int_equal(reply_recv(id), HOST_BLOCKED);
}

static void somebody_higher_is_ready(void **context)
{
    (void)context;
    reply_id_t id = taken();
    SYS_OK(init, THREAD_PRIO, other.h, 200);
    SYS_OK(init, THREAD_RESUME, other.h);
    (void)reply_recv(id);
    assert_false(was_fast());
    assert_ptr_equal(hart0->current, other.t);
}

/* Only the id of the call that the server has: none of an earlier one, none of another sort. */
static void ids_of_other_calls(void **context)
{
    (void)context;
    reply_id_t first = taken();
    assert_int_equal(reply_recv(first), HOST_BLOCKED);
    reply_id_t id = taken();
    assert_int_not_equal(first, id);
    assert_int_equal(reply_recv(first), ERR_STALE);
    for (unsigned bit = 0; bit < 64; bit++)
        assert_int_equal(reply_recv(id ^ 1UL << bit), ERR_STALE);
    assert_int_equal(c.t->state, T_WAIT_REPLY);
    assert_int_equal(host_ipc(srv.t, SYS_FAULT_REPLY_RECV, 0, s_ep), ERR_STALE); /* t3 is the last forged one */
    srv.t->x[X_T3] = id;
    assert_int_equal(host_ipc(srv.t, SYS_FAULT_REPLY_RECV, 0, s_ep), ERR_STALE);
    assert_int_equal(reply_recv(id), HOST_BLOCKED);
    assert_true(was_fast());
}

/* ---- what ends a standing receive, between a call and its reply ---- */

static void signal_it(void) { SYS_OK(init, SIGNAL, srv.h, 4); }
static void queue_another(void)
{
    SYS_OK(init, THREAD_RESUME, other.h);
    assert_int_equal(host_ipc(other.t, SYS_CALL, 0, c_ep), HOST_BLOCKED);
}
static void cancel_another(void)
{
    queue_another();
    SYS_OK(init, THREAD_STOP, other.h);
}
static void close_it(void) { SYS_OK(srv.t, HANDLE_CLOSE, 0, s_ep); }
static void revoke_it(void) { SYS_OK(init, HANDLE_REVOKE, ep.h); }
static void bind_signalled(void)
{
    struct host_ntfn n = host_ntfn();
    SYS_OK(init, SIGNAL, n.h, 1);
    SYS_OK(init, THREAD_BIND, srv.h, n.h);
}
static void another_server(void)
{
    struct host_thread second = host_thread(&ss);
    SYS_OK(init, THREAD_PRIO, second.h, 150);
    assert_int_equal(host_ipc(second.t, SYS_RECV, 0, s_ep), HOST_BLOCKED);
}
static void nothing(void) {}

static void what_ends_a_standing_receive(void **context)
{
    static const struct { const char *name; void (*act)(void); bool fast; long want; } row[] = {
        {"nothing", nothing, true, HOST_BLOCKED},
        {"a signal", signal_it, false, MSG_NOTIFY},
        {"another caller", queue_another, false, MSG_CALL},
        {"another caller that gave up", cancel_another, false, HOST_BLOCKED},
        {"the handle is closed", close_it, false, ERR_HANDLE},
        {"the endpoint is revoked", revoke_it, false, ERR_HANDLE},
        {"a notification with bits is bound", bind_signalled, false, MSG_NOTIFY},
        {"another thread receives", another_server, false, HOST_BLOCKED},
    };
    for (unsigned i = 0; i < sizeof(row) / sizeof(row[0]); i++) {
        teardown(context);
        setup(context);
        reply_id_t id = taken();
        row[i].act();
        host_check();
        long got = reply_recv(id);
        if (got != row[i].want || was_fast() != row[i].fast)
            fail_msg("%s: %ld", row[i].name, got);
    }
}

/* A standing receive that has ended is 0, and so may a program's handle be: the two are no pair. */
static void no_handle_stands_for_an_ended_receive(void **context)
{
    static void (*const act[])(void) = {nothing, queue_another, close_it, revoke_it, another_server};
    for (unsigned i = 0; i < sizeof(act) / sizeof(act[0]); i++) {
        teardown(context);
        setup(context);
        reply_id_t id = taken();
        act[i]();
        srv.t->x[X_T3] = id;
        (void)was_fast();
        assert_int_equal(host_ipc(srv.t, SYS_REPLY_RECV, 0, 0), ERR_HANDLE);
        assert_false(was_fast());
    }
}

/* A space begins in a frame that holds anything, and nobody ever writes slot 0 of its handles. */
static void slot_0_is_no_handle_whatever_stands_there(void **context)
{
    (void)context;
    struct handle forged = {ep.ep->frame, frame_info_of(ep.ep->frame)->gen, OBJ_ENDPOINT | 0xffU << HANDLE_RIGHTS_SHIFT | 7U << HANDLE_BADGE_SHIFT};
    frame_t f = host_kframe(), root = host_kframe();
    for (unsigned at = 0; at < PAGE_SIZE; at += sizeof(forged))
        *(struct handle *)((char *)frame_va(f) + at) = forged;
    SYS_OK(init, OBJECT_CREATE, OBJ_SPACE, f, root);
    struct host_space s = {frame_va(f), init->x[REG_A1]};
    struct host_thread t = host_thread(&s);
    SYS_OK(init, THREAD_PRIO, t.h, 150);
    SYS_OK(init, THREAD_STOP, c.h);
    host_current(t.t);
    assert_int_equal(host_ipc(t.t, SYS_NULL, 0, 0), OK); /* it has run, so the next call may go the fast path */
    assert_int_equal(host_ipc(t.t, SYS_CALL, 0, NO_HANDLE), ERR_HANDLE);
    assert_int_equal(srv.t->state, T_RECEIVING);
}

/* ---- faults ---- */

static reply_id_t faulted(vaddr_t va)
{
    host_current(c.t);
    (void)was_fast();
    assert_false(host_store(c.t, va, 1));
    assert_int_equal(srv.t->x[REG_A0], MSG_FAULT);
    assert_int_equal(srv.t->x[REG_A1 + FAULTW_VA], va);
    assert_int_equal(srv.t->x[REG_A1 + FAULTW_PTE], host_pte(cs.space, va));
    return srv.t->x[X_T2];
}

static long answer(reply_id_t id, uint64_t verdict, unsigned prot, frame_t f)
{
    srv.t->x[REG_A1] = verdict | prot << 8;
    srv.t->x[REG_A2] = f;
    srv.t->x[REG_A2 + 1] = srv.t->x[REG_A2 + 2] = 0;
    srv.t->x[X_T3] = id;
    (void)was_fast();
    return host_ipc(srv.t, SYS_FAULT_REPLY_RECV, 0, s_ep);
}

static void a_fault_and_each_answer(void **context)
{
    (void)context;
    reply_id_t id = faulted(VA);
    assert_true(was_fast());
    assert_int_equal(answer(id, FAULT_MAP, PROT_R | PROT_COW, its_frame(0)), HOST_BLOCKED);
    assert_true(was_fast());
    assert_int_equal(frame_info_of(its_frame(0))->maps, 1);
    host_check();
    id = faulted(VA + 8);
    assert_true(was_fast());
    assert_int_equal(answer(id, FAULT_RETRY, 0, 0), HOST_BLOCKED);
    assert_true(was_fast());
    id = faulted(VA);
    assert_int_equal(answer(id, FAULT_MAP, PROT_R | PROT_COW, its_frame(1)), HOST_BLOCKED); /* one for another */
    assert_int_equal(frame_info_of(its_frame(0))->maps, 0);
    assert_int_equal(frame_info_of(its_frame(1))->maps, 1);
    host_check();
    id = faulted(VA);
    assert_int_equal(answer(id, FAULT_UPGRADE, 0, 0), HOST_BLOCKED);
    assert_true(was_fast());
    assert_true(host_store(c.t, VA, 7));
    assert_int_equal(*(uint64_t *)frame_va(its_frame(1)), 7);
    assert_int_equal(host_pte(cs.space, VA) & PTE_COW, 0);
}

static void answers_that_are_refused(void **context)
{
    (void)context;
    reply_id_t first = faulted(VA);
    assert_int_equal(answer(first, FAULT_MAP, PROT_R | PROT_COW, its_frame(0)), HOST_BLOCKED);
    reply_id_t id = faulted(VA);
    assert_int_not_equal(first, id);
    assert_int_equal(answer(first, FAULT_UPGRADE, 0, 0), ERR_STALE);
    for (unsigned bit = 0; bit < 64; bit++)
        assert_int_equal(answer(id ^ 1UL << bit, FAULT_UPGRADE, 0, 0), ERR_STALE);
    assert_int_equal(reply_recv(id), ERR_STALE);
    assert_int_equal(answer(id, FAULT_MAP, PROT_R | PROT_W, host_uframe()), ERR_OWNER);             /* init's */
    assert_int_equal(answer(id, FAULT_MAP, PROT_R | PROT_W, cs.space->frame), ERR_OWNER);           /* a kernel object */
    assert_int_equal(answer(id, FAULT_MAP, PROT_R | PROT_W, 1), ERR_INVAL);                         /* no RAM */
    assert_int_equal(answer(id, FAULT_MAP, PROT_R | PROT_W | PROT_X, its_frame(1)), ERR_INVAL);
    assert_int_equal(answer(id, FAULT_MAP, PROT_W, its_frame(1)), ERR_INVAL);
    assert_int_equal(answer(id, FAULT_MAP, PROT_R | 16, its_frame(1)), ERR_INVAL);
    assert_int_equal(answer(id, 77, PROT_R, its_frame(1)), ERR_INVAL);
    assert_int_equal(c.t->state, T_FAULTED);
    assert_int_equal(frame_info_of(its_frame(1))->maps, 0);
    assert_int_equal(answer(id, FAULT_UPGRADE, 0, 0), HOST_BLOCKED);
    assert_true(was_fast());
    id = faulted(VA + PAGE_SIZE); /* nothing there to upgrade */
    assert_int_equal(answer(id, FAULT_UPGRADE, 0, 0), ERR_INVAL);
    assert_int_equal(answer(id, FAULT_FORWARD, 0, 0), HOST_BLOCKED);
    assert_false(was_fast());
}

static void no_handle_after_a_fault(void **context)
{
    (void)context;
    reply_id_t id = faulted(VA);
    SYS_OK(srv.t, HANDLE_CLOSE, 0, s_ep);
    s_ep = NO_HANDLE;
    assert_int_equal(answer(id, FAULT_MAP, PROT_R | PROT_W, its_frame(0)), ERR_HANDLE);
    assert_int_equal(c.t->state, T_FAULTED);
    assert_int_equal(frame_info_of(its_frame(0))->maps, 0);
}

/* An upgrade of a page that is somebody else's, which init mapped there. */
static void an_upgrade_of_anothers_page(void **context)
{
    (void)context;
    SYS_OK(init, SPACE_MAP_FRAME, cs.h, VA, host_uframe(), PROT_R | PROT_COW);
    reply_id_t id = faulted(VA);
    assert_int_equal(answer(id, FAULT_UPGRADE, 0, 0), ERR_OWNER);
    assert_int_equal(host_pte(cs.space, VA) & PTE_W, 0);
}

/* The leaf table that the fast path remembers is taken away, and its frame becomes something else, between fault and answer. */
static void a_table_that_went_meanwhile(void **context)
{
    (void)context;
    reply_id_t id = faulted(VA);
    SYS_OK(init, SPACE_UNTABLE, cs.h, VA);
    frame_t table = init->x[REG_A1];
    host_check();
    assert_int_equal(answer(id, FAULT_MAP, PROT_R | PROT_W, its_frame(0)), ERR_NOTABLE);
    SYS_OK(init, SPACE_TABLE, cs.h, VA + 0x200000, table);
    assert_int_equal(answer(id, FAULT_MAP, PROT_R | PROT_W, its_frame(0)), ERR_NOTABLE);
    assert_int_equal(frame_info_of(its_frame(0))->maps, 0);
}

/* A server that dies with a client and a faulter of its own place: both are found. */
static void no_handle_stands_for_an_ended_fault_receive(void **context)
{
    static void (*const act[])(void) = {nothing, queue_another, close_it, revoke_it, another_server};
    for (unsigned i = 0; i < sizeof(act) / sizeof(act[0]); i++) {
        teardown(context);
        setup(context);
        srv.t->x[X_T3] = faulted(VA);
        act[i]();
        srv.t->x[REG_A1] = FAULT_RETRY;
        (void)was_fast();
        assert_int_equal(host_ipc(srv.t, SYS_FAULT_REPLY_RECV, 0, 0), ERR_HANDLE);
        assert_false(was_fast());
    }
}

static void a_reset_finds_who_stands_alone(void **context)
{
    (void)context;
    (void)taken();
    SYS_OK(init, SPACE_RESET, ss.h);
    assert_int_equal(host_result(c.t), ERR_PEER_DEAD);
    assert_int_equal(host_ipc(srv.t, SYS_RECV, 0, s_ep), HOST_BLOCKED);
    reply_id_t id = faulted(VA);
    SYS_OK(init, SPACE_RESET, ss.h);
    assert_int_equal(c.t->fault.state, F_QUEUED);
    assert_int_equal(answer(id, FAULT_RETRY, 0, 0), ERR_STALE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_and_its_reply),
        TEST(with_deadline_buffer_or_handle),
        TEST(bad_handles_and_missing_rights),
        TEST(another_hart_or_a_budget),
        TEST(somebody_higher_is_ready),
        TEST(ids_of_other_calls),
        TEST(what_ends_a_standing_receive),
        TEST(no_handle_stands_for_an_ended_receive),
        TEST(slot_0_is_no_handle_whatever_stands_there),
        TEST(no_handle_after_a_fault),
        TEST(a_fault_and_each_answer),
        TEST(answers_that_are_refused),
        TEST(an_upgrade_of_anothers_page),
        TEST(a_table_that_went_meanwhile),
        TEST(no_handle_stands_for_an_ended_fault_receive),
        TEST(a_reset_finds_who_stands_alone),
    };
    int failed = cmocka_run_group_tests(tests, 0, 0);
    host_compares = true;
    return failed + cmocka_run_group_tests(tests, 0, 0);
}
