/* SPDX-License-Identifier: MIT
 * Proves that a server's copy obeys the client's logical permissions: into COW and lazy pages it goes the way the
 * client's own store would (and leaves relatives alone), into read-only, unmapped and kernel addresses it fails and
 * changes nothing. The server is the parent, the client a child which shares all its pages with it.
 */
#define GT_NAME "copy"
#include "gserve.h"
#include <ipc/console.h>
#include <ipc/procmgr.h>

#define PAGES 6
static uint8_t area[PAGES][PAGE_SIZE] __attribute__((aligned(4096)));
#define FLAT ((volatile uint8_t *)area)
static uint8_t lazy[PAGES][PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t pattern[PAGES * PAGE_SIZE];
static const uint8_t read_only[2 * PAGE_SIZE] __attribute__((aligned(4096))) = {7, 7, 7};

static void fill_pattern(uint8_t seed)
{
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (uint8_t)(i * 31 + i / PAGE_SIZE + seed);
}
/* Call the server once with this buffer; its result. */
static err_t offer(void *buffer, uint64_t len, uint64_t access)
{
    struct ipc_msg m = {.w = {1}};
    struct ipc_buf b = {buffer, len, access};
    return ipc_call_full(H_PARENT, &m, &b, 1, gs_deadline(GT_HANG_MS));
}
/* Serve one call: write `len` bytes of the pattern at offset; the result goes to the client and is returned. */
static err_t serve_write(uint64_t offset, uint64_t len)
{
    struct ipc_event ev;
    if (!gs_recv_call(&ev))
        return ERR_TIMEOUT;
    err_t e = ipc_copy_to(ev.id, 0, offset, pattern, len, gs_deadline(GT_HANG_MS));
    CHECK_EQ(gs_answer(&ev, e), OK);
    return e;
}

/* ---- COW ---- */
static void client_cow(void *unused)
{
    (void)unused;
    CHECK_EQ(offer((uint8_t *)area + 100, sizeof area - 200, BUF_W), OK);
    for (size_t i = 0; i < sizeof area - 200; i++)
        if (FLAT[100 + i] != pattern[i])
            return gt_fail("the client sees what the server wrote", __FILE__, __LINE__);
    CHECK_EQ(area[0][99], 0xee);
    CHECK_EQ(area[PAGES - 1][PAGE_SIZE - 100], 0xee);
}
static void into_a_cow_page_leaves_the_parents_copy_alone(void)
{
    REQUIRE(gs_open());
    fill_pattern(1);
    for (int round = 0; round < 3; round++) {
        memset(area, 0xee, sizeof area);
        pid_t pid = gt_child(client_cow, NULL);
        CHECK_EQ(serve_write(0, sizeof area - 200), OK);
        for (size_t i = 0; i < sizeof area; i++)
            REQUIRE(FLAT[i] == 0xee);
        gt_expect_exit(pid, 0);
        for (size_t i = 0; i < sizeof area; i++)
            REQUIRE(FLAT[i] == 0xee);
    }
}
/* ---- lazy ---- */
static void client_lazy(void *unused)
{
    (void)unused;
    uint8_t *p = gt_pages(PAGES);
    CHECK_EQ(offer(p + 10, 3 * PAGE_SIZE, BUF_W), OK);
    CHECK(memcmp(p + 10, pattern, 3 * PAGE_SIZE) == 0);
    CHECK_EQ(p[9], 0);
    CHECK_EQ(p[3 * PAGE_SIZE + 10], 0);
    CHECK_EQ(offer(lazy, sizeof lazy, BUF_W), OK);
    CHECK(memcmp(lazy, pattern, sizeof lazy) == 0);
    volatile uint8_t zero = p[4 * PAGE_SIZE]; /* by reading: now the shared zero page, perhaps */
    CHECK_EQ(zero, 0);
    CHECK_EQ(offer(p + 4 * PAGE_SIZE, 8, BUF_W), OK);
    CHECK(memcmp(p + 4 * PAGE_SIZE, pattern, 8) == 0);
    uint8_t *q = gt_pages(1);
    CHECK_EQ(q[0], 0); /* and the zero page stayed zero */
}
static void into_lazy_pages_brings_them_in(void)
{
    REQUIRE(gs_open());
    fill_pattern(2);
    pid_t pid = gt_child(client_lazy, NULL);
    CHECK_EQ(serve_write(0, 3 * PAGE_SIZE), OK);
    CHECK_EQ(serve_write(0, sizeof lazy), OK);
    CHECK_EQ(serve_write(0, 8), OK);
    gt_expect_exit(pid, 0);
    for (size_t i = 0; i < sizeof lazy; i += 64)
        REQUIRE(((volatile uint8_t *)lazy)[i] == 0);
}
/* ---- forbidden ---- */
static void client_forbidden(void *va) { CHECK_EQ(offer(va, 64, BUF_W), ERR_FAULT); }
static void refused(void *va)
{
    struct ipc_event ev;
    pid_t pid = gt_child(client_forbidden, va);
    /* A kernel address may be refused at the call already. */
    if (ipc_recv(H_SELF, &ev, gs_deadline(100)) == MSG_CALL) {
        err_t e = ipc_copy_to(ev.id, 0, 0, pattern, 64, gs_deadline(GT_HANG_MS));
        CHECK_EQ(e, ERR_FAULT);
        CHECK_EQ(gs_answer(&ev, e), OK);
    } else {
        CHECK((uint64_t)(uintptr_t)va >= USER_VA_END - PAGE_SIZE);
    }
    gt_expect_exit(pid, 0);
}
static void into_read_only_memory_is_an_error(void)
{
    REQUIRE(gs_open());
    fill_pattern(3);
    uint64_t text = *(volatile uint64_t *)(uintptr_t)(void *)offer;
    refused((void *)(uintptr_t)read_only);
    refused((void *)(uintptr_t)offer);
    CHECK(read_only[0] == 7 && read_only[1] == 7 && read_only[3] == 0);
    CHECK(*(volatile uint64_t *)(uintptr_t)(void *)offer == text);
}
static void into_unmapped_memory_is_an_error(void)
{
    REQUIRE(gs_open());
    refused((void *)0x123000000UL);
    refused((void *)0x8);
    refused((uint8_t *)gt_pages(1) + PAGE_SIZE * 100);
    refused((void *)(PROC_STACK_TOP - (8UL << 20) + 16)); /* the stack's guard */
    gt_pages_free(1);
}
static void into_kernel_memory_is_an_error(void)
{
    REQUIRE(gs_open());
    refused((void *)0xffffffc080200000UL);
    refused((void *)0xfffffffffffffff8UL);
    refused((void *)(USER_VA_END - 8));
    refused((void *)USER_VA_END);
}
/* A buffer that begins well and ends badly: the copy tells how far it got. */
static void client_straddles(void *p)
{
    CHECK_EQ(offer((uint8_t *)p + PAGE_SIZE - 100, 300, BUF_W), ERR_FAULT);
    CHECK(memcmp((uint8_t *)p + PAGE_SIZE - 100, pattern, 100) == 0);
}
static void a_copy_stops_at_the_hole(void)
{
    REQUIRE(gs_open());
    fill_pattern(4);
    uint8_t *p = gt_pages(1);
    pid_t pid = gt_child(client_straddles, p);
    CHECK_EQ(serve_write(0, 300), ERR_FAULT);
    gt_expect_exit(pid, 0);
    gt_pages_free(1);
}

/* ---- what was not offered ---- */
static void client_offers_little(void *access)
{
    memset(area, 0x11, sizeof area);
    (void)offer(area, 100, (uint64_t)(uintptr_t)access);
    CHECK_EQ(area[0][0], 0x11);
    CHECK_EQ(area[0][101], 0x11);
}
static void only_what_was_offered(void)
{
    REQUIRE(gs_open());
    struct ipc_event ev;
    uint8_t got[128];
    uint64_t done = 0;
    fill_pattern(5);
    pid_t pid = gt_child(client_offers_little, (void *)(uintptr_t)BUF_R);
    REQUIRE(gs_recv_call(&ev));
    CHECK_EQ(BUF_LEN(ev.buf_len[0]), 100);
    CHECK(sys_copy(ev.id, 0 | COPY_TO_CLIENT, 0, pattern, 50, &done) < 0); /* not writable */
    CHECK(sys_copy(ev.id, 1, 0, got, 8, &done) < 0);                       /* no second buffer */
    CHECK(sys_copy(ev.id, 0, 50, got, 51, &done) < 0);                     /* beyond its end */
    CHECK(sys_copy(ev.id, 0, ~0UL - 4, got, 8, &done) < 0);                /* wraps */
    CHECK(sys_copy(ev.id ^ 0x10000, 0, 0, got, 8, &done) < 0);             /* another id */
    CHECK_EQ(ipc_copy_from(ev.id, 0, 0, got, 100, gs_deadline(GT_HANG_MS)), OK);
    CHECK_EQ(got[0], 0x11);
    CHECK_EQ(got[99], 0x11);
    CHECK_EQ(gs_answer(&ev, OK), OK);
    CHECK_EQ(sys_copy(ev.id, 0, 0, got, 8, &done), ERR_STALE); /* answered: over */
    gt_expect_exit(pid, 0);
    pid = gt_child(client_offers_little, (void *)(uintptr_t)0);
    REQUIRE(gs_recv_call(&ev));
    CHECK(sys_copy(ev.id, 0, 0, got, 8, &done) < 0);
    CHECK_EQ(gs_answer(&ev, OK), OK);
    gt_expect_exit(pid, 0);
}
static void client_waits(void *unused)
{
    (void)unused;
    (void)offer(area, sizeof area, BUF_W | BUF_R);
}
static void a_dead_clients_buffer_is_gone(void)
{
    REQUIRE(gs_open());
    struct ipc_event ev;
    uint64_t done = 0;
    memset(area, 0x22, sizeof area);
    pid_t pid = gt_child(client_waits, NULL);
    REQUIRE(gs_recv_call(&ev));
    CHECK(sys_reply_alive(ev.id));
    CHECK_EQ(kill(pid, SIGKILL), 0);
    gt_expect_signal(pid, SIGKILL);
    CHECK(!sys_reply_alive(ev.id));
    CHECK_EQ(sys_copy(ev.id, 0 | COPY_TO_CLIENT, 0, pattern, 8, &done), ERR_STALE);
    CHECK_EQ(gs_answer(&ev, OK), ERR_STALE);
    CHECK_EQ(area[0][0], 0x22);
}

/* ---- the servers that exist ---- */
static err_t ask(handle_t server, uint64_t op, uint64_t w1, void *va, uint64_t len, uint64_t access)
{
    struct ipc_msg m = {.w = {op, w1}};
    struct ipc_buf b = {va, len, access};
    return ipc_call_full(server, &m, &b, 1, gs_deadline(GT_HANG_MS));
}
static void client_of_procmgr(void *unused)
{
    (void)unused;
    CHECK_EQ(ask(H_PROC, PROC_INFO, (uint64_t)getpid(), area[0], PROC_NAME_MAX, BUF_W), OK);
    CHECK(area[0][0] != 0x33);
}
static void procmgr_writes_into_the_clients_copy_alone(void)
{
    memset(area, 0x33, sizeof area);
    RUN_CHILD(client_of_procmgr, NULL);
    for (size_t i = 0; i < sizeof area; i++)
        REQUIRE(FLAT[i] == 0x33);
}
static void servers_survive_bad_buffers(void)
{
    void *const bad[] = {(void *)(uintptr_t)read_only, (void *)(uintptr_t)offer, (void *)0x123000000UL, (void *)8,
                         (void *)0xffffffc080200000UL, (void *)~7UL, (void *)(USER_VA_END - 16)};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK(ask(H_PROC, PROC_INFO, (uint64_t)getpid(), bad[i], PROC_NAME_MAX, BUF_W) < 0);
        if (i >= 2) {
            CHECK(ask(H_CONSOLE, CONSOLE_WRITE, 0, bad[i], 16, BUF_R) < 0);
            CHECK(ask(H_PROC, PROC_SPAWN, 8, bad[i], 8, BUF_R) < 0);
        }
    }
    CHECK(read_only[0] == 7);
    CHECK_EQ(ask(H_PROC, PROC_INFO, (uint64_t)getpid(), area[0], PROC_NAME_MAX, BUF_W), OK);
}

GT_MAIN(CASE(into_a_cow_page_leaves_the_parents_copy_alone), CASE(into_lazy_pages_brings_them_in),
        CASE(into_read_only_memory_is_an_error), CASE(into_unmapped_memory_is_an_error),
        CASE(into_kernel_memory_is_an_error), CASE(a_copy_stops_at_the_hole), CASE(only_what_was_offered),
        CASE(a_dead_clients_buffer_is_gone), CASE(procmgr_writes_into_the_clients_copy_alone),
        CASE(servers_survive_bad_buffers))
