/* SPDX-License-Identifier: MIT
 * Messages: words, badges, order, ids, handle transfer and its failures, cancel events, and who runs after each.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include "host.h"

#define CLIENTS 12

static struct host_space client, server;
static struct host_thread c[CLIENTS], srv;
static struct host_ep ep;
static handle_t c_ep, s_ep; /* clients send, the server receives */
static const uint8_t word_reg[MSG_WORDS] = {11, 12, 13, 14, 15, 16, X_T0, X_T1};

static int setup(void **context)
{
    (void)context;
    host_boot();
    client = host_space();
    server = host_space();
    ep = host_ep();
    c_ep = host_give(&client, ep.h, RIGHT_SEND | RIGHT_SEND_HANDLE, 0xbeef);
    s_ep = host_give(&server, ep.h, RIGHT_RECV, 0);
    for (unsigned i = 0; i < CLIENTS; i++)
        c[i] = host_thread(&client);
    srv = host_thread(&server);
    return 0;
}

static int teardown(void **context)
{
    (void)context;
    host_check();
    return 0;
}

static void call(unsigned i, uint64_t first)
{
    host_words(c[i].t, first);
    host_time_limit(c[i].t, host_time + 1000000);
    assert_int_equal(host_ipc(c[i].t, SYS_CALL, IPC_F_DEADLINE, c_ep), HOST_BLOCKED);
}

/* With a deadline: whatever ends the wait must take the timer away. */
static void wait_for_call(void)
{
    host_time_limit(srv.t, host_time + 1000000);
    assert_int_equal(host_ipc(srv.t, SYS_RECV, IPC_F_DEADLINE, s_ep), HOST_BLOCKED);
}

static void expect_words(const struct thread *t, uint64_t first)
{
    for (unsigned i = 0; i < MSG_WORDS; i++)
        assert_int_equal(t->x[word_reg[i]], first + i);
}

static long reply(reply_id_t id, uint64_t first)
{
    host_words(srv.t, first);
    srv.t->x[X_T3] = id;
    return host_ipc(srv.t, SYS_REPLY, 0, 0);
}

static void all_eight_words_go_both_ways(void **context)
{
    (void)context;
    wait_for_call();
    srv.t->x[X_T4] = srv.t->x[X_T6] = 99;
    call(0, 0x1111111111111111UL);
    assert_int_equal(host_result(srv.t), MSG_CALL);
    assert_ptr_equal(hart0->current, srv.t); /* switched to directly */
    expect_words(srv.t, 0x1111111111111111UL);
    assert_int_equal(srv.t->x[X_T3], 0xbeef);
    assert_int_equal(srv.t->x[X_T4] | srv.t->x[X_T6], 0);
    assert_int_equal(reply(srv.t->x[X_T2], 500), OK);
    assert_int_equal(host_result(c[0].t), OK);
    expect_words(c[0].t, 500);
}

static void registers_beyond_the_message_stay(void **context)
{
    (void)context;
    static const uint8_t kept[] = {1, 2, 3, 4, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27};
    for (unsigned i = 0; i < sizeof(kept); i++)
        c[0].t->x[kept[i]] = 1000 + i, srv.t->x[kept[i]] = 2000 + i;
    wait_for_call();
    call(0, 1);
    reply(srv.t->x[X_T2], 2);
    for (unsigned i = 0; i < sizeof(kept); i++) {
        assert_int_equal(c[0].t->x[kept[i]], 1000 + i);
        assert_int_equal(srv.t->x[kept[i]], 2000 + i);
    }
}

static void reply_recv_goes_round(void **context)
{
    (void)context;
    call(0, 10);
    call(1, 20);
    assert_int_equal(host_poll(srv.t, s_ep), MSG_CALL);
    expect_words(srv.t, 10);
    srv.t->x[X_T3] = srv.t->x[X_T2];
    host_words(srv.t, 30);
    assert_int_equal(host_ipc(srv.t, SYS_REPLY_RECV, 0, s_ep), MSG_CALL); /* the next one waits already */
    expect_words(c[0].t, 30);
    expect_words(srv.t, 20);
    srv.t->x[X_T3] = srv.t->x[X_T2];
    host_words(srv.t, 40);
    assert_int_equal(host_ipc(srv.t, SYS_REPLY_RECV, 0, s_ep), HOST_BLOCKED);
    expect_words(c[1].t, 40);
    assert_ptr_equal(hart0->current, c[1].t); /* and back, no scheduler run */
}

static void callers_come_by_priority_then_in_order(void **context)
{
    (void)context;
    static const uint8_t prio[6] = {50, 90, 50, 99, 90, 1};
    static const uint8_t order[6] = {3, 1, 4, 0, 2, 5};
    for (unsigned i = 0; i < 6; i++) {
        SYS_OK(init, THREAD_PRIO, c[i].h, prio[i]);
        call(i, 100 * i);
    }
    SYS_OK(init, THREAD_PRIO, srv.h, 10);
    for (unsigned i = 0; i < 6; i++) {
        assert_int_equal(host_poll(srv.t, s_ep), MSG_CALL);
        assert_int_equal(srv.t->x[REG_A1], 100 * order[i]);
        assert_int_equal(srv.t->prio, prio[order[i]]); /* it serves at its caller's priority */
    }
    assert_int_equal(host_poll(srv.t, s_ep), ERR_TIMEOUT);
    assert_int_equal(srv.t->prio, 10);
}

static void ids_are_good_once_and_for_the_receiver_only(void **context)
{
    (void)context;
    wait_for_call();
    call(0, 1);
    reply_id_t id = srv.t->x[X_T2];
    assert_int_equal(SYS(srv.t, REPLY_ALIVE, id), OK);
    assert_int_equal(SYS(c[1].t, REPLY_ALIVE, id), ERR_STALE); /* not theirs */
    c[1].t->x[X_T3] = id;
    assert_int_equal(host_ipc(c[1].t, SYS_REPLY, 0, 0), ERR_STALE);
    for (unsigned bit = 0; bit < 64; bit++)
        assert_int_equal(reply(id ^ 1UL << bit, 9), ERR_STALE); /* forged */
    assert_int_equal(reply(0, 9), ERR_STALE);
    assert_int_equal(host_fault_reply(srv.t, id, FAULT_RETRY, 0, 0, 0, 0), ERR_STALE); /* not a fault */
    assert_int_equal(c[0].t->state, T_WAIT_REPLY);
    assert_int_equal(reply(id, 2), OK);
    assert_int_equal(reply(id, 3), ERR_STALE); /* duplicate */
    expect_words(c[0].t, 2);
    wait_for_call();
    call(0, 4);
    assert_int_not_equal(srv.t->x[X_T2], id);
    assert_int_equal(reply(id, 5), ERR_STALE); /* of an earlier call of the same thread */
}

/* Another thread in the same control block, calling the same server: ids of the earlier life stay stale. */
static void ids_do_not_come_back_with_a_new_life(void **context)
{
    (void)context;
    frame_t f = c[0].t->frame;
    reply_id_t old[20];
    for (unsigned life = 0; life < 20; life++) {
        call(0, 1);
        assert_int_equal(host_poll(srv.t, s_ep), MSG_CALL);
        old[life] = srv.t->x[X_T2];
        for (unsigned i = 0; i < life; i++)
            assert_int_equal(reply(old[i], 2), ERR_STALE);
        host_destroy(c[0].h);
        assert_int_equal(host_poll(srv.t, s_ep), MSG_CANCEL);
        SYS_OK(init, OBJECT_CREATE, OBJ_THREAD, f, client.h);
        c[0].h = init->x[REG_A1];
        SYS_OK(init, THREAD_START, c[0].h, HOST_PC + 4, 0, 0, 0);
    }
}

static void late_replies_by_id_in_any_order(void **context)
{
    (void)context;
    reply_id_t id[CLIENTS];
    for (unsigned i = 0; i < CLIENTS; i++)
        call(i, i * 16);
    for (unsigned i = 0; i < CLIENTS; i++) {
        assert_int_equal(host_poll(srv.t, s_ep), MSG_CALL);
        id[srv.t->x[REG_A1] / 16] = srv.t->x[X_T2];
    }
    for (unsigned i = 0; i < CLIENTS; i++) {
        unsigned k = (i * 5 + 3) % CLIENTS;
        assert_int_equal(reply(id[k], 1000 + k), OK);
        expect_words(c[k].t, 1000 + k);
    }
}

static void a_call_that_gave_up_is_cancelled_once(void **context)
{
    (void)context;
    for (unsigned i = 0; i < 3; i++) {
        host_time_limit(c[i].t, host_time + 100 + i);
        host_words(c[i].t, i);
        assert_int_equal(host_ipc(c[i].t, SYS_CALL, IPC_F_DEADLINE, c_ep), HOST_BLOCKED);
    }
    reply_id_t id[3];
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(host_poll(srv.t, s_ep), MSG_CALL);
        id[i] = srv.t->x[X_T2];
    }
    host_ticks(1000);
    srv.t->x[X_T3] = srv.t->x[X_T4] = srv.t->x[X_T6] = 99;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(host_result(c[i].t), ERR_TIMEOUT);
        assert_int_equal(SYS(srv.t, REPLY_ALIVE, id[i]), ERR_STALE);
    }
    assert_int_equal(host_poll(srv.t, s_ep), MSG_CANCEL);
    assert_int_equal(srv.t->x[REG_A1], 3); /* how many, and the newest */
    assert_int_equal(srv.t->x[REG_A2], id[2]);
    assert_int_equal(srv.t->x[X_T3] | srv.t->x[X_T4] | srv.t->x[X_T6], 0);
    assert_int_equal(srv.t->x[X_T2], NO_REPLY); /* nothing to answer */
    assert_int_equal(host_poll(srv.t, s_ep), ERR_TIMEOUT);
}

static void a_cancel_wakes_a_receiver(void **context)
{
    (void)context;
    call(0, 1);
    assert_int_equal(host_poll(srv.t, s_ep), MSG_CALL);
    reply_id_t id = srv.t->x[X_T2];
    wait_for_call();
    SYS_OK(init, THREAD_STOP, c[0].h);
    assert_int_equal(host_result(srv.t), MSG_CANCEL);
    assert_int_equal(srv.t->x[REG_A2], id);
}

static void a_call_whose_time_is_over_is_not_made(void **context)
{
    (void)context;
    wait_for_call();
    host_time_limit(c[0].t, host_time);
    assert_int_equal(host_ipc(c[0].t, SYS_CALL, IPC_F_DEADLINE, c_ep), ERR_TIMEOUT);
    assert_int_equal(srv.t->state, T_RECEIVING);
}

/* ---- handles in messages ---- */

static void a_handle_travels_with_fewer_rights(void **context)
{
    (void)context;
    struct host_ntfn n = host_ntfn();
    handle_t h = host_give(&client, n.h, RIGHT_SIGNAL | RIGHT_WAIT | RIGHT_GRANT, 5);
    for (unsigned i = 0; i < 5; i++) /* it will not have the same number there */
        host_give(&server, ep.h, 0, 0);
    wait_for_call();
    host_words(c[0].t, 0);
    c[0].t->x[X_T1] = (uint64_t)(RIGHT_SIGNAL | RIGHT_OWN) << 32 | h;
    host_ipc(c[0].t, SYS_CALL, IPC_F_HANDLE, c_ep);
    handle_t got = srv.t->x[X_T1];
    SYS_OK(srv.t, HANDLE_INFO, 0, got);
    assert_int_equal(srv.t->x[REG_A1], OBJ_NTFN | RIGHT_SIGNAL << 8);
    assert_int_equal(srv.t->x[REG_A2], 5);
    assert_non_null(handle_slot(client.space, h)->word); /* a copy: the sender keeps its own */
}

static void a_moved_handle_leaves_the_sender(void **context)
{
    (void)context;
    struct host_ntfn n = host_ntfn();
    handle_t h = host_give(&server, n.h, RIGHTS_ALL, 5);
    for (unsigned i = 0; i < 5; i++)
        host_give(&client, ep.h, 0, 0);
    wait_for_call();
    call(0, 1);
    srv.t->x[X_T3] = srv.t->x[X_T2];
    srv.t->x[X_T1] = XFER_MOVE | (uint64_t)RIGHTS_ALL << 32 | h;
    assert_int_equal(host_ipc(srv.t, SYS_REPLY, IPC_F_HANDLE, 0), OK);
    assert_int_equal(handle_slot(server.space, h)->word, 0);
    SYS_OK(c[0].t, SIGNAL, c[0].t->x[X_T1], 3);
    assert_int_equal(n.n->bits, 3);
}

static void fill_table(struct thread *t, handle_t own)
{
    while (SYS(t, HANDLE_COPY, own, RIGHTS_ALL, 0) == OK) {
    }
}

static void a_full_table_loses_nothing(void **context)
{
    (void)context;
    struct host_ntfn n = host_ntfn();
    handle_t mine = host_give(&server, n.h, RIGHTS_ALL, 0), theirs = host_give(&client, n.h, RIGHTS_ALL, 0);
    fill_table(srv.t, mine);
    wait_for_call();
    c[0].t->x[X_T1] = XFER_MOVE | (uint64_t)RIGHTS_ALL << 32 | theirs;
    assert_int_equal(host_ipc(c[0].t, SYS_CALL, IPC_F_HANDLE, c_ep), ERR_NOHANDLE); /* the caller learns it */
    assert_int_equal(srv.t->state, T_RECEIVING);
    assert_non_null(handle_slot(client.space, theirs)->word);
    call(1, 7); /* others are served */
    assert_int_equal(host_result(srv.t), MSG_CALL);
    reply_id_t id = srv.t->x[X_T2];
    fill_table(c[2].t, theirs);
    srv.t->x[X_T3] = id;
    srv.t->x[X_T1] = XFER_MOVE | (uint64_t)RIGHTS_ALL << 32 | mine;
    assert_int_equal(host_ipc(srv.t, SYS_REPLY, IPC_F_HANDLE, 0), ERR_NOHANDLE);
    assert_non_null(handle_slot(server.space, mine)->word);
    assert_int_equal(c[1].t->state, T_WAIT_REPLY); /* the id is still good */
    assert_int_equal(reply(id, 8), OK);
    expect_words(c[1].t, 8);
}

/* Its place in the server's table is the server's: who may only ask can't fill it, whether the server waits or not. */
static void a_handle_comes_only_by_right(void **context)
{
    (void)context;
    struct host_ntfn n = host_ntfn();
    handle_t h = host_give(&client, n.h, RIGHTS_ALL, 0), plain = host_give(&client, ep.h, RIGHT_SEND, 1);
    uint32_t first_free = server.space->handle_free;
    for (unsigned waiting = 0; waiting < 2; waiting++) {
        if (waiting)
            wait_for_call();
        c[0].t->x[X_T1] = XFER_MOVE | (uint64_t)RIGHTS_ALL << 32 | h;
        assert_int_equal(host_ipc(c[0].t, SYS_CALL, IPC_F_HANDLE, plain), ERR_RIGHTS);
        assert_int_equal(server.space->handle_free, first_free);
    }
    assert_int_equal(srv.t->state, T_RECEIVING);
    assert_int_equal(host_ipc(c[0].t, SYS_CALL, 0, plain), HOST_BLOCKED);
    assert_int_equal(host_result(srv.t), MSG_CALL);
}

static void a_handle_that_may_not_be_sent(void **context)
{
    (void)context;
    struct host_ntfn n = host_ntfn();
    handle_t h = host_give(&client, n.h, RIGHT_SIGNAL, 0), dead = host_give(&client, n.h, RIGHTS_ALL, 0);
    wait_for_call();
    c[0].t->x[X_T1] = (uint64_t)RIGHTS_ALL << 32 | h;
    assert_int_equal(host_ipc(c[0].t, SYS_CALL, IPC_F_HANDLE, c_ep), ERR_RIGHTS);
    c[0].t->x[X_T1] = (uint64_t)RIGHTS_ALL << 32 | 150;
    assert_int_equal(host_ipc(c[0].t, SYS_CALL, IPC_F_HANDLE, c_ep), ERR_HANDLE);
    host_destroy(n.h);
    c[0].t->x[X_T1] = (uint64_t)RIGHTS_ALL << 32 | dead;
    assert_int_equal(host_ipc(c[0].t, SYS_CALL, IPC_F_HANDLE, c_ep), ERR_HANDLE);
    assert_int_equal(srv.t->state, T_RECEIVING);
    call(0, 1);
    assert_int_equal(host_result(srv.t), MSG_CALL);
}

/* More queued messages that can't be delivered than the kernel tries in one entry: the good one behind them still comes. */
static void undeliverable_messages_do_not_hide_a_good_one(void **context)
{
    (void)context;
    for (unsigned i = 0; i < CLIENTS - 1; i++) {
        c[i].t->x[X_T1] = (uint64_t)RIGHTS_ALL << 32 | 150; /* no such handle */
        assert_int_equal(host_ipc(c[i].t, SYS_CALL, IPC_F_HANDLE, c_ep), HOST_BLOCKED);
    }
    call(CLIENTS - 1, 42);
    long kind = HOST_BLOCKED;
    for (unsigned n = 0; n < 4 && kind != MSG_CALL; n++) { /* empty notifications may come between */
        kind = host_ipc(srv.t, SYS_RECV, 0, s_ep);
        if (kind == HOST_BLOCKED)
            kind = host_result(srv.t);
        assert_true(kind == MSG_CALL || (kind == MSG_NOTIFY && srv.t->x[REG_A1] == 0));
    }
    assert_int_equal(kind, MSG_CALL);
    expect_words(srv.t, 42);
    for (unsigned i = 0; i < CLIENTS - 1; i++)
        assert_int_equal(host_result(c[i].t), ERR_HANDLE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(all_eight_words_go_both_ways),
        TEST(registers_beyond_the_message_stay),
        TEST(reply_recv_goes_round),
        TEST(callers_come_by_priority_then_in_order),
        TEST(ids_are_good_once_and_for_the_receiver_only),
        TEST(ids_do_not_come_back_with_a_new_life),
        TEST(late_replies_by_id_in_any_order),
        TEST(a_call_that_gave_up_is_cancelled_once),
        TEST(a_cancel_wakes_a_receiver),
        TEST(a_call_whose_time_is_over_is_not_made),
        TEST(a_handle_travels_with_fewer_rights),
        TEST(a_moved_handle_leaves_the_sender),
        TEST(a_full_table_loses_nothing),
        TEST(a_handle_comes_only_by_right),
        TEST(a_handle_that_may_not_be_sent),
        TEST(undeliverable_messages_do_not_hide_a_good_one),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
