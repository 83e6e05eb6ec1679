/* SPDX-License-Identifier: MIT
 * Copies to and from a blocked client's buffers: only the named bytes, only as the client itself could, through the pager
 * where its own access would fault, in steps that tell how far they got.
 * SOURCES: microkernel/core/ microkernel/riscv/sv39.c test/host/kernel/
 * INCLUDES: microkernel/include microkernel/core test/host/kernel
 */
#include <string.h>

#include "host.h"

#define BUF 0x40000000UL   /* the client's pages */
#define LOCAL 0x60000000UL /* the server's */
#define PAGES 8
#define KEEP 0x5a          /* what memory holds before */

static struct host_space client, server;
static struct host_thread c, srv;
static struct host_ep ep, pager;
static handle_t c_ep, s_ep;
static frame_t theirs[PAGES], ours[PAGES];
static reply_id_t id;

static int setup(void **context)
{
    (void)context;
    host_boot();
    client = host_space();
    server = host_space();
    ep = host_ep();
    pager = host_ep();
    SYS_OK(init, SPACE_HANDLER, client.h, HANDLER_FAULT, pager.h, 1);
    SYS_OK(init, SPACE_HANDLER, server.h, HANDLER_FAULT, pager.h, 2);
    c_ep = host_give(&client, ep.h, RIGHT_SEND, 0);
    s_ep = host_give(&server, ep.h, RIGHT_RECV, 0);
    c = host_thread(&client);
    srv = host_thread(&server);
    for (unsigned i = 0; i < PAGES; i++) {
        theirs[i] = host_uframe();
        ours[i] = host_uframe();
        host_map(&client, BUF + i * PAGE_SIZE, theirs[i], PROT_R | PROT_W);
        host_map(&server, LOCAL + i * PAGE_SIZE, ours[i], PROT_R | PROT_W);
        memset(frame_va(theirs[i]), KEEP, PAGE_SIZE);
        for (unsigned k = 0; k < PAGE_SIZE; k++)
            ((uint8_t *)frame_va(ours[i]))[k] = (uint8_t)(i * 31 + k * 7 + 1);
    }
    return 0;
}

static int teardown(void **context)
{
    (void)context;
    host_check();
    return 0;
}

static uint8_t *their_byte(uint64_t at) { return (uint8_t *)frame_va(theirs[at / PAGE_SIZE]) + at % PAGE_SIZE; }
static uint8_t *our_byte(uint64_t at) { return (uint8_t *)frame_va(ours[at / PAGE_SIZE]) + at % PAGE_SIZE; }

/* The client calls with two buffers; the server has its message. */
static void call2(vaddr_t b0, uint64_t l0, vaddr_t b1, uint64_t l1)
{
    c.t->x[X_T3] = b0;
    c.t->x[X_T4] = l0;
    c.t->x[X_T5] = b1;
    c.t->x[X_T6] = l1;
    assert_int_equal(host_ipc(c.t, SYS_CALL, IPC_F_BUF, c_ep), HOST_BLOCKED);
    assert_int_equal(host_poll(srv.t, s_ep), MSG_CALL);
    assert_int_equal(srv.t->x[X_T4], l0);
    assert_int_equal(srv.t->x[X_T6], l1);
    id = srv.t->x[X_T2];
}

static void call(vaddr_t va, uint64_t len) { call2(va, len | BUF_R | BUF_W, 0, 0); }

/* done: bytes of an earlier part of the same copy */
static long copy(uint64_t buffer, uint64_t offset, vaddr_t local, uint64_t len)
{
    uint64_t *a = &srv.t->x[REG_A0];
    a[0] = id, a[1] = buffer, a[2] = offset, a[3] = local, a[4] = len, a[5] = 0;
    srv.t->x[X_A7] = SYS_COPY;
    return host_ecall(srv.t);
}

static void untouched(uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++)
        assert_int_equal(*their_byte(i), KEEP);
}

static void every_alignment_and_length(void **context)
{
    (void)context;
    call(BUF, PAGES * PAGE_SIZE);
    for (unsigned n = 0; n < 600; n++) {
        uint64_t len = host_below(n % 8 == 0 ? 3 * PAGE_SIZE : 40);
        uint64_t at = host_below(4 * PAGE_SIZE), from = host_below(4 * PAGE_SIZE);
        host_irq_every = host_below(3);
        memset(their_byte(at & ~PAGE_MASK), KEEP, PAGE_SIZE);
        assert_int_equal(copy(COPY_TO_CLIENT, at, LOCAL + from, len), OK);
        assert_int_equal(srv.t->x[REG_A1], len);
        for (uint64_t i = 0; i < len; i++)
            assert_int_equal(*their_byte(at + i), *our_byte(from + i));
        if (at % PAGE_SIZE)
            assert_int_equal(*their_byte(at - at % PAGE_SIZE), KEEP);
        for (unsigned i = 0; i < PAGES; i++)
            memset(frame_va(theirs[i]), KEEP, PAGE_SIZE);
    }
}

static void from_client_is_the_same_the_other_way(void **context)
{
    (void)context;
    call(BUF + 100, 2 * PAGE_SIZE);
    for (unsigned i = 0; i < 2 * PAGE_SIZE; i++)
        *their_byte(100 + i) = (uint8_t)(i * 3);
    assert_int_equal(copy(0, 50, LOCAL + 7, 5000), OK);
    for (unsigned i = 0; i < 5000; i++)
        assert_int_equal(*our_byte(7 + i), (uint8_t)((i + 50) * 3));
}

static void only_the_named_bytes(void **context)
{
    (void)context;
    call2(BUF + 100, 50 | BUF_W, BUF + PAGE_SIZE, 60 | BUF_R);
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 51), ERR_INVAL);
    assert_int_equal(copy(COPY_TO_CLIENT, 51, LOCAL, 0), ERR_INVAL);
    assert_int_equal(copy(COPY_TO_CLIENT, 50, LOCAL, 1), ERR_INVAL);
    assert_int_equal(copy(COPY_TO_CLIENT, ~0UL, LOCAL, 2), ERR_INVAL);
    assert_int_equal(copy(COPY_TO_CLIENT, 1, LOCAL, ~0UL), ERR_INVAL);
    assert_int_equal(copy(0, 0, LOCAL, 1), ERR_RIGHTS);                  /* not readable */
    assert_int_equal(copy(1 | COPY_TO_CLIENT, 0, LOCAL, 1), ERR_RIGHTS); /* not writable */
    assert_int_equal(copy(2, 0, LOCAL, 1), ERR_INVAL);
    assert_int_equal(copy(0x200, 0, LOCAL, 1), ERR_INVAL);
    untouched(0, PAGES * PAGE_SIZE);
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 50), OK);
    assert_int_equal(copy(1, 0, LOCAL, 60), OK);
    untouched(0, 100);
    untouched(150, PAGES * PAGE_SIZE);
}

static void without_buffers_or_with_a_stale_id(void **context)
{
    (void)context;
    assert_int_equal(host_ipc(c.t, SYS_CALL, 0, c_ep), HOST_BLOCKED);
    assert_int_equal(host_poll(srv.t, s_ep), MSG_CALL);
    id = srv.t->x[X_T2];
    assert_int_equal(copy(0, 0, LOCAL, 0), ERR_INVAL);
    srv.t->x[X_T3] = id;
    assert_int_equal(host_ipc(srv.t, SYS_REPLY, 0, 0), OK);
    assert_int_equal(copy(0, 0, LOCAL, 0), ERR_STALE);
    call(BUF, 100);
    reply_id_t good = id;
    id ^= 1UL << 32;
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 1), ERR_STALE);
    id = good;
    SYS_OK(init, THREAD_STOP, c.h); /* the client gave up */
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 1), ERR_STALE);
    untouched(0, PAGES * PAGE_SIZE);
}

/* The pager's side: the message in the client's name. */
static reply_id_t copy_fault(vaddr_t va, unsigned access)
{
    assert_int_equal(host_poll(init, pager.h), MSG_FAULT);
    assert_int_equal(init->x[REG_A1 + FAULTW_VA], va);
    assert_int_equal(init->x[REG_A1 + FAULTW_ACCESS], access | FAULT_ACCESS_COPY);
    assert_int_equal(init->x[REG_A1 + FAULTW_THREAD], c.t->frame);
    assert_int_equal(init->x[REG_A1 + FAULTW_IP], c.t->x[REG_PC]);
    assert_int_equal(init->x[X_T3], 1);
    return init->x[X_T2];
}

static void told_to_go_on(void)
{
    assert_int_equal(host_poll(srv.t, s_ep), MSG_NOTIFY);
    assert_int_equal(srv.t->x[REG_A1], NTFN_COPY_READY);
}

static void a_cow_page_is_copied_first(void **context)
{
    (void)context;
    struct host_space sibling = host_space();
    host_tables(&sibling, BUF);
    SYS_OK(init, SPACE_SHARE, client.h, sibling.h, BUF, PAGES, SHARE_COW);
    call(BUF, 3 * PAGE_SIZE);
    assert_int_equal(copy(COPY_TO_CLIENT, 10, LOCAL, 20), ERR_FAULT_PENDING);
    assert_int_equal(srv.t->x[REG_A1], 0);
    assert_int_equal(copy(COPY_TO_CLIENT, 10, LOCAL, 20), ERR_FAULT_PENDING); /* asked again: one fault all the same */
    frame_t own = host_uframe();
    memset(frame_va(own), KEEP, PAGE_SIZE);
    host_fault_reply(init, copy_fault(BUF + 10, FAULT_ACCESS_W), FAULT_MAP, PROT_R | PROT_W, own, 0, 0);
    assert_int_equal(host_poll(init, pager.h), ERR_TIMEOUT);
    told_to_go_on();
    assert_int_equal(copy(COPY_TO_CLIENT, 10, LOCAL, 20), OK);
    assert_memory_equal((uint8_t *)frame_va(own) + 10, our_byte(0), 20);
    untouched(0, PAGES * PAGE_SIZE); /* the sibling's */
    assert_int_equal(copy(0, PAGE_SIZE, LOCAL, 20), OK); /* reading needs no copy */
}

static void an_upgrade_serves_too(void **context)
{
    (void)context;
    SYS_OK(init, SPACE_PROTECT, client.h, BUF, 1, PROT_R | PROT_COW);
    call(BUF, 100);
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 20), ERR_FAULT_PENDING);
    host_fault_reply(init, copy_fault(BUF, FAULT_ACCESS_W), FAULT_UPGRADE, 0, 0, 0, 0);
    told_to_go_on();
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 20), OK);
    assert_true(host_pte(client.space, BUF) & PTE_D);
}

static void progress_is_kept_at_an_absent_page(void **context)
{
    (void)context;
    SYS_OK(init, SPACE_UNMAP, client.h, BUF + 2 * PAGE_SIZE, 1);
    call(BUF, 4 * PAGE_SIZE);
    assert_int_equal(copy(COPY_TO_CLIENT, 100, LOCAL, 3 * PAGE_SIZE), ERR_FAULT_PENDING);
    assert_int_equal(srv.t->x[REG_A1], 2 * PAGE_SIZE - 100);
    for (unsigned i = 0; i < 2 * PAGE_SIZE - 100; i++)
        assert_int_equal(*their_byte(100 + i), *our_byte(i));
    untouched(3 * PAGE_SIZE, PAGES * PAGE_SIZE);
    theirs[2] = host_uframe();
    host_fault_reply(init, copy_fault(BUF + 2 * PAGE_SIZE, FAULT_ACCESS_W), FAULT_MAP, PROT_R | PROT_W, theirs[2], 0, 0);
    told_to_go_on();
    uint64_t done = 2 * PAGE_SIZE - 100;
    assert_int_equal(copy(COPY_TO_CLIENT, 100 + done, LOCAL + done, 3 * PAGE_SIZE - done), OK);
    for (unsigned i = 0; i < 3 * PAGE_SIZE; i++)
        assert_int_equal(*their_byte(100 + i), *our_byte(i));
}

static void a_refused_page_is_the_servers_error_once(void **context)
{
    (void)context;
    SYS_OK(init, SPACE_PROTECT, client.h, BUF, 1, PROT_R);
    call(BUF, 2 * PAGE_SIZE);
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 20), ERR_FAULT_PENDING);
    host_fault_reply(init, copy_fault(BUF, FAULT_ACCESS_W), FAULT_FORWARD, 0, 0, 0, 0);
    told_to_go_on();
    assert_int_equal(c.t->state, T_WAIT_REPLY); /* the client itself did nothing wrong */
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 20), ERR_FAULT);
    untouched(0, PAGES * PAGE_SIZE);
    assert_int_equal(copy(COPY_TO_CLIENT, PAGE_SIZE, LOCAL, 20), OK);
}

/* The server does not come back for the error: the client's next call must not inherit it. */
static void an_error_ends_with_its_call(void **context)
{
    (void)context;
    SYS_OK(init, SPACE_PROTECT, client.h, BUF, 1, PROT_R);
    call(BUF, 100);
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 20), ERR_FAULT_PENDING);
    host_fault_reply(init, copy_fault(BUF, FAULT_ACCESS_W), FAULT_KILL, 0, 0, 0, 0);
    told_to_go_on();
    srv.t->x[X_T3] = id;
    assert_int_equal(host_ipc(srv.t, SYS_REPLY, 0, 0), OK);
    call(BUF + PAGE_SIZE, 100);
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 20), OK);
}

static void kernel_and_wrapping_addresses(void **context)
{
    (void)context;
    const vaddr_t bad[] = {USER_VA_END, 0xffffffc080000000UL, ~0UL - 10, 1UL << 62};
    for (unsigned i = 0; i < 4; i++) {
        call(bad[i], 100);
        assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 20), ERR_FAULT);
        assert_int_equal(copy(0, 0, LOCAL, 20), ERR_FAULT);
        assert_int_equal(copy(COPY_TO_CLIENT, 50, LOCAL, 20), ERR_FAULT); /* wraps to low addresses, or stays above */
        srv.t->x[X_T3] = id;
        assert_int_equal(host_ipc(srv.t, SYS_REPLY, 0, 0), OK);
    }
    assert_int_equal(host_poll(init, pager.h), ERR_TIMEOUT); /* no pager was asked */
    untouched(0, PAGES * PAGE_SIZE);
}

/* A buffer that wraps must not reach what is mapped at low addresses. */
static void a_wrapping_buffer_reaches_nothing(void **context)
{
    (void)context;
    frame_t low = host_uframe();
    host_map(&client, 0, low, PROT_R | PROT_W);
    memset(frame_va(low), KEEP, PAGE_SIZE);
    call(~0UL - 99, 300);
    assert_int_equal(copy(COPY_TO_CLIENT, 150, LOCAL, 20), ERR_FAULT);
    for (unsigned i = 0; i < PAGE_SIZE; i++)
        assert_int_equal(((uint8_t *)frame_va(low))[i], KEEP);
}

static void a_buffer_up_to_the_end_of_the_user_half(void **context)
{
    (void)context;
    host_map(&client, USER_VA_END - 2 * PAGE_SIZE, theirs[0], PROT_R | PROT_W);
    call(USER_VA_END - PAGE_SIZE - 10, 100 + PAGE_SIZE);
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 10), OK);
    assert_memory_equal(their_byte(PAGE_SIZE - 10), our_byte(0), 10);
    assert_int_equal(copy(COPY_TO_CLIENT, PAGE_SIZE + 10, LOCAL, 10), ERR_FAULT);
}

/* The server's own page is missing: its own fault, and the copy goes on where it stopped. */
static void the_servers_page_is_the_servers_fault(void **context)
{
    (void)context;
    SYS_OK(init, SPACE_UNMAP, server.h, LOCAL + PAGE_SIZE, 1);
    call(BUF, 3 * PAGE_SIZE);
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 3 * PAGE_SIZE), HOST_BLOCKED);
    assert_int_equal(srv.t->state, T_FAULTED);
    assert_int_equal(host_poll(init, pager.h), MSG_FAULT);
    assert_int_equal(init->x[REG_A1 + FAULTW_VA], LOCAL + PAGE_SIZE);
    assert_int_equal(init->x[REG_A1 + FAULTW_ACCESS], FAULT_ACCESS_R);
    assert_int_equal(init->x[X_T3], 2);
    host_fault_reply(init, init->x[X_T2], FAULT_MAP, PROT_R, ours[1], 0, 0);
    assert_int_equal(srv.t->x[REG_PC], HOST_PC); /* it runs the call again */
    assert_int_equal(host_ecall(srv.t), OK);
    assert_int_equal(srv.t->x[REG_A1], 3 * PAGE_SIZE);
    for (unsigned i = 0; i < 3 * PAGE_SIZE; i++)
        assert_int_equal(*their_byte(i), *our_byte(i));
    assert_int_equal(copy(COPY_TO_CLIENT, 0, USER_VA_END - 4, 8), HOST_BLOCKED); /* its top page is a fault too */
    host_fault_reply(init, (host_poll(init, pager.h), init->x[X_T2]), FAULT_KILL, 0, 0, 0, 0);
}

static void the_servers_kernel_address_is_an_error(void **context)
{
    (void)context;
    call(BUF, 100);
    assert_int_equal(copy(COPY_TO_CLIENT, 0, USER_VA_END, 8), ERR_FAULT);
    assert_int_equal(copy(0, 0, 0xffffffc080200000UL, 8), ERR_FAULT);
    assert_int_equal(srv.t->x[REG_A1], 0);
    untouched(0, PAGES * PAGE_SIZE);
}

/* A read-only page of the server's own can't be the target of a copy. */
static void the_server_can_not_copy_into_its_text(void **context)
{
    (void)context;
    SYS_OK(init, SPACE_PROTECT, server.h, LOCAL, 1, PROT_R);
    uint8_t first = *our_byte(0);
    call(BUF, 100);
    assert_int_equal(copy(0, 0, LOCAL, 8), HOST_BLOCKED);
    assert_int_equal(srv.t->state, T_FAULTED);
    assert_int_equal(*our_byte(0), first);
}

static void a_client_that_goes_away_frees_its_copier(void **context)
{
    (void)context;
    SYS_OK(init, SPACE_UNMAP, client.h, BUF, 1);
    call(BUF, 100);
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 20), ERR_FAULT_PENDING);
    host_destroy(c.h);
    long kind, seen = 0;
    while ((kind = host_poll(srv.t, s_ep)) > 0) /* bound: a cancel and a notification */
        seen |= 1L << kind;
    assert_true(seen & 1 << MSG_CANCEL);
    assert_true(seen & 1 << MSG_NOTIFY);
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 20), ERR_STALE);
}

/* The copier ends, its control block becomes something else; the pager's answer must not write there. */
static void a_copier_that_goes_away_is_not_told(void **context)
{
    (void)context;
    struct host_thread other = host_thread(&server);
    for (unsigned how = 0; how < 2; how++) {
        SYS_OK(init, SPACE_UNMAP, client.h, BUF, 1);
        call(BUF, 100);
        assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 20), ERR_FAULT_PENDING);
        frame_t f = srv.t->frame;
        host_destroy(srv.h);
        memset(frame_va(f), 0xff, PAGE_SIZE); /* as if it were a table or somebody's object by now */
        if (how == 0)
            host_fault_reply(init, copy_fault(BUF, FAULT_ACCESS_W), FAULT_MAP, PROT_R | PROT_W, theirs[0], 0, 0);
        else
            host_destroy(pager.h);
        for (unsigned i = 0; i < PAGE_SIZE; i++)
            assert_int_equal(((uint8_t *)frame_va(f))[i], 0xff);
        srv = other;
        srv.t->x[X_T3] = id;
        assert_int_equal(host_ipc(srv.t, SYS_REPLY, 0, 0), OK);
        other = host_thread(&server);
    }
}

static void a_pager_that_waits_gets_it_at_once(void **context)
{
    (void)context;
    struct host_thread p = host_init_thread();
    assert_int_equal(host_ipc(p.t, SYS_RECV, 0, pager.h), HOST_BLOCKED);
    SYS_OK(init, SPACE_UNMAP, client.h, BUF, 1);
    call(BUF, 100);
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 20), ERR_FAULT_PENDING);
    assert_int_equal(host_result(p.t), MSG_FAULT);
    assert_int_equal(p.t->x[REG_A1 + FAULTW_ACCESS], FAULT_ACCESS_W | FAULT_ACCESS_COPY);
}

/* The pager dies with the fault in hand and its endpoint is gone: the copier learns that the page will never come. */
static void a_copier_outlives_the_pager(void **context)
{
    (void)context;
    SYS_OK(init, SPACE_UNMAP, client.h, BUF, 1);
    call(BUF, 100);
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 20), ERR_FAULT_PENDING);
    host_destroy(pager.h); /* before it took the fault */
    told_to_go_on();
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 20), ERR_FAULT);
    setup(0);
    SYS_OK(init, SPACE_UNMAP, client.h, BUF, 1);
    call(BUF, 100);
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 20), ERR_FAULT_PENDING);
    copy_fault(BUF, FAULT_ACCESS_W);
    host_destroy(pager.h);
    SYS_OK(init, SPACE_RESET, INIT_H_SPACE);
    told_to_go_on();
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 20), ERR_FAULT);
}

/* At most a page of work before an interrupt that waits is served. */
static void a_long_copy_stops_for_interrupts(void **context)
{
    (void)context;
    call(BUF, 4 * PAGE_SIZE);
    host_irq_every = 1;
    unsigned calls = host_entries;
    assert_int_equal(copy(COPY_TO_CLIENT, 0, LOCAL, 4 * PAGE_SIZE), OK);
    assert_int_equal(srv.t->x[REG_A1], 4 * PAGE_SIZE);
    assert_true(host_entries - calls >= 4);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_alignment_and_length),
        TEST(from_client_is_the_same_the_other_way),
        TEST(only_the_named_bytes),
        TEST(without_buffers_or_with_a_stale_id),
        TEST(a_cow_page_is_copied_first),
        TEST(an_upgrade_serves_too),
        TEST(progress_is_kept_at_an_absent_page),
        TEST(a_refused_page_is_the_servers_error_once),
        TEST(an_error_ends_with_its_call),
        TEST(kernel_and_wrapping_addresses),
        TEST(a_wrapping_buffer_reaches_nothing),
        TEST(a_buffer_up_to_the_end_of_the_user_half),
        TEST(the_servers_page_is_the_servers_fault),
        TEST(the_servers_kernel_address_is_an_error),
        TEST(the_server_can_not_copy_into_its_text),
        TEST(a_client_that_goes_away_frees_its_copier),
        TEST(a_copier_that_goes_away_is_not_told),
        TEST(a_pager_that_waits_gets_it_at_once),
        TEST(a_copier_outlives_the_pager),
        TEST(a_long_copy_stops_for_interrupts),
    };
    return cmocka_run_group_tests(tests, 0, 0);
}
