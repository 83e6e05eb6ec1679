/* SPDX-License-Identifier: MIT
 * Hostile system calls by a program, as a table: act -> exact error. Every call that takes a handle is made with every kind of
 * bad handle; every call has rows of its own for what else can be wrong. The last case compares with SYSCALLS, so that a new
 * call without a row fails. Programs hold no thread, space or interrupt handle and own no frame: that these can't be
 * reached is part of what is shown here; what a hostile pager could do with them is host/test_kernel_abuse.
 */
#define GT_NAME "abuse"
#include "gabuse.h"
#include "handle_calls.h"

#define RAM_FIRST (0x80000000UL >> PAGE_SHIFT)
#define CHUNK_FIRST (RAM_FIRST / FRAMES_PER_CHUNK)

static handle_t closed, dead, powerless; /* was closed; its object is gone; an endpoint with GRANT alone */
static uint8_t tried[SYSCALL_LIMIT];

/* ---- bad handles ---- */

static void sends_its_endpoint(void *unused)
{
    (void)unused;
    struct ipc_msg m = {.w = {1}};
    if (gs_open())
        CHECK_EQ(ipc_call_handle(H_PARENT, &m, H_SELF, RIGHT_SEND | RIGHT_GRANT, 0), OK);
}
/* The handles that the tables below need. */
static bool make_handles(void)
{
    struct ipc_event ev;
    if (!gs_open())
        return false;
    pid_t pid = gt_child(sends_its_endpoint, NULL);
    if (!gs_recv_call(&ev))
        return false;
    dead = (handle_t)ev.w[7];
    CHECK_EQ(gs_answer(&ev, OK), OK);
    gt_expect_exit(pid, 0);
    CHECK_EQ(sys_handle_copy(H_SELF, RIGHT_GRANT, 0, &powerless), OK);
    CHECK_EQ(sys_handle_copy(H_SELF, RIGHT_SEND, 0, &closed), OK);
    CHECK_EQ(sys_handle_close(0, closed), OK);
    return gt_failed == 0;
}
static void drop_handles(void)
{
    CHECK_EQ(sys_handle_close(0, dead), OK);
    CHECK_EQ(sys_handle_close(0, powerless), OK);
}

#define HANDLE_CALLS (sizeof handle_calls / sizeof handle_calls[0])

static void try_handle(const struct handle_call *c, const char *what, handle_t h, long want)
{
    struct act x = {.what = what, .call = c->call, .a1 = 1, .a2 = 1, .a3 = 1, .a4 = 1, .a5 = 1, .want = want};
    *(c->where ? &x.a1 : &x.a0) = h;
    tried[c->call & 0xff] = 1;
    ga_expect(&x);
}
static void every_call_refuses_what_is_no_handle(void)
{
    REQUIRE(make_handles());
    for (unsigned i = 0; i < HANDLE_CALLS; i++) {
        const struct handle_call *c = &handle_calls[i];
        if (!c->zero)
            try_handle(c, "handle 0", 0, ERR_HANDLE);
        try_handle(c, "a free slot", 150, ERR_HANDLE);
        try_handle(c, "the first slot behind the table", 192, ERR_HANDLE);
        try_handle(c, "a slot far behind the table", 1u << 20, ERR_HANDLE);
        try_handle(c, "the sign bit", 1u << 31, ERR_HANDLE);
        try_handle(c, "all ones", ~0u, ERR_HANDLE);
        try_handle(c, "a handle that was closed", closed, ERR_HANDLE);
        try_handle(c, "a handle whose object is gone", dead, ERR_HANDLE);
    }
    drop_handles();
}
static void every_call_refuses_another_type(void)
{
    REQUIRE(make_handles());
    for (unsigned i = 0; i < HANDLE_CALLS; i++) {
        const struct handle_call *c = &handle_calls[i];
        if (c->type == OBJ_NONE)
            continue;
        if (c->type != OBJ_KERNEL)
            try_handle(c, "the kernel's handle instead", H_KERNEL, ERR_TYPE);
        if (c->type != OBJ_ENDPOINT) {
            try_handle(c, "a server's endpoint instead", H_PAGER, ERR_TYPE);
            try_handle(c, "the own endpoint instead", H_SELF, ERR_TYPE);
            try_handle(c, "an endpoint without rights instead", powerless, ERR_TYPE);
        }
    }
    drop_handles();
}
/* Programs hold endpoints and the kernel's handle only; the rights of the other types are tried in host/test_kernel_abuse. */
static void every_call_refuses_a_missing_right(void)
{
    REQUIRE(make_handles());
    for (unsigned i = 0; i < HANDLE_CALLS; i++) {
        const struct handle_call *c = &handle_calls[i];
        bool kernel_right = c->type == OBJ_KERNEL && c->right != RIGHT_K_TRACE;
        if (kernel_right)
            try_handle(c, "the kernel's handle with TRACE alone", H_KERNEL, ERR_RIGHTS);
        if (c->type == OBJ_ENDPOINT)
            try_handle(c, "an endpoint with GRANT alone", powerless, ERR_RIGHTS);
        if (c->type == OBJ_ENDPOINT && c->right == RIGHT_RECV)
            for (handle_t h = H_PAGER; h <= H_INIT; h++)
                if (h != H_KERNEL)
                    try_handle(c, "a server's endpoint with SEND alone", h, ERR_RIGHTS);
        if (c->type == OBJ_NONE && c->right)
            try_handle(c, "a server's endpoint", H_PROC, ERR_RIGHTS);
        if (c->type == OBJ_NONE && c->right == RIGHT_OWN)
            try_handle(c, "the own endpoint, which the pager owns", H_SELF, ERR_RIGHTS);
    }
    drop_handles();
}

/* ---- rows of their own ---- */

static void do_rows(const struct act *rows, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        tried[rows[i].call & 0xff] = 1;
        ga_expect(&rows[i]);
    }
}
#define DO_ROWS(rows) do_rows(rows, sizeof(rows) / sizeof(rows)[0])

static void handles_are_not_improved(void)
{
    REQUIRE(make_handles());
    const uint64_t forged = BADGE_MAKE(BADGE_PROCMGR, 0);
    const struct act rows[] = {
        {"a copy of a server's handle", SYS_HANDLE_COPY, H_PAGER, RIGHT_SEND, .want = ERR_RIGHTS},
        {"the pager's handle with procmgr's badge", SYS_HANDLE_COPY, H_PAGER, RIGHT_SEND, forged, .want = ERR_RIGHTS},
        {"init's handle with init's badge", SYS_HANDLE_COPY, H_INIT, RIGHT_SEND, BADGE_MAKE(BADGE_INIT, 0), .want = ERR_RIGHTS},
        {"a copy of the kernel's handle", SYS_HANDLE_COPY, H_KERNEL, RIGHT_K_TRACE, .want = ERR_RIGHTS},
        {"more rights than it has", SYS_HANDLE_COPY, powerless, RIGHT_SEND, .want = ERR_RIGHTS},
        {"a badge without MINT", SYS_HANDLE_COPY, powerless, RIGHT_GRANT, 5, .want = ERR_RIGHTS},
        {"a right that does not exist", SYS_HANDLE_COPY, H_SELF, 0x100, .want = ERR_INVAL},
        {"all rights", SYS_HANDLE_COPY, H_SELF, RIGHTS_ALL, .want = ERR_RIGHTS},
        {"a copy over the pager's handle", SYS_HANDLE_INSTALL, 0, H_PAGER, H_SELF, RIGHT_SEND, .want = ERR_EXIST},
        {"into slot 0", SYS_HANDLE_INSTALL, 0, 0, H_SELF, RIGHT_SEND, .want = ERR_INVAL},
        {"into the first slot behind the table", SYS_HANDLE_INSTALL, 0, 192, H_SELF, RIGHT_SEND, .want = ERR_INVAL},
        {"into a slot far behind it", SYS_HANDLE_INSTALL, 0, ~0u, H_SELF, RIGHT_SEND, .want = ERR_INVAL},
        {"from a handle that was closed", SYS_HANDLE_INSTALL, 0, 150, closed, RIGHT_SEND, .want = ERR_HANDLE},
        {"from a handle whose object is gone", SYS_HANDLE_INSTALL, 0, 150, dead, RIGHT_SEND, .want = ERR_HANDLE},
        {"from a server's handle", SYS_HANDLE_INSTALL, 0, 150, H_PAGER, RIGHT_SEND, .want = ERR_RIGHTS},
        {"with more rights", SYS_HANDLE_INSTALL, 0, 150, powerless, RIGHT_RECV, .want = ERR_RIGHTS},
        {"closing slot 0", SYS_HANDLE_CLOSE, 0, 0, .want = ERR_HANDLE},
        {"closing twice", SYS_HANDLE_CLOSE, 0, closed, .want = ERR_HANDLE},
        {"closing behind the table", SYS_HANDLE_CLOSE, 0, 192, .want = ERR_HANDLE},
    };
    DO_ROWS(rows);
    drop_handles();
}
static void ids_that_were_never_given(void)
{
    REQUIRE(make_handles());
    static const uint64_t id[] = {0, 1, ~0UL, 1UL << 63, 1UL << 63 | RAM_FIRST, RAM_FIRST, RAM_FIRST + 100, 1UL << 32, 0x7fffffffUL << 32 | RAM_FIRST};
    for (unsigned i = 0; i < sizeof id / sizeof id[0]; i++) {
        const struct act rows[] = {
            {"a reply", SYS_REPLY, .t3 = id[i], .want = ERR_STALE},
            {"a reply, then a receive", POLL(SYS_REPLY_RECV), H_SELF, .t3 = id[i], .want = ERR_STALE},
            {"a reply with a handle", SYS_REPLY | IPC_F_HANDLE << 8, .t3 = id[i], .want = ERR_STALE},
            {"a fault's answer: retry", SYS_FAULT_REPLY, .a1 = FAULT_RETRY, .t3 = id[i], .want = ERR_STALE},
            {"a fault's answer: kill", SYS_FAULT_REPLY, .a1 = FAULT_KILL, .t3 = id[i], .want = ERR_STALE},
            {"a fault's answer: a frame", SYS_FAULT_REPLY, .a1 = FAULT_VERDICT(FAULT_MAP, PROT_R | PROT_W, 0), .a2 = RAM_FIRST,
             .t3 = id[i], .want = ERR_STALE},
            {"a fault's answer: no verdict", SYS_FAULT_REPLY, .a1 = 0xff, .t3 = id[i], .want = ERR_STALE},
            {"a fault's answer, then a receive", POLL(SYS_FAULT_REPLY_RECV), H_SELF, FAULT_UPGRADE, .t3 = id[i], .want = ERR_STALE},
            {"a copy from nobody", SYS_COPY, id[i], 0, 0, 0x10000, 8, .want = ERR_STALE},
            {"a copy to nobody", SYS_COPY, id[i], COPY_TO_CLIENT, 0, 0x10000, 8, .want = ERR_STALE},
            {"whether nobody waits", SYS_REPLY_ALIVE, id[i], .want = ERR_STALE},
        };
        DO_ROWS(rows);
    }
    drop_handles();
}
static void numbers_out_of_range(void)
{
    const struct act rows[] = {
        {"a hart that there is not", SYS_TRACE_READ, H_KERNEL, 8, 1, .want = ERR_INVAL},
        {"hart -1", SYS_TRACE_READ, H_KERNEL, ~0UL, 1, .want = ERR_INVAL},
        {"an event of the future", SYS_TRACE_READ, H_KERNEL, 0, ~0UL, .want = ERR_NOENT},
        {"a counter that there is not", SYS_KERNEL_INFO, H_KERNEL, 0, KC_COUNT, .want = ERR_INVAL},
        {"counter -1", SYS_KERNEL_INFO, H_KERNEL, 0, ~0UL, .want = ERR_INVAL},
        {"hart -1's counter", SYS_KERNEL_INFO, H_KERNEL, ~0UL, 0, .want = ERR_INVAL},
        {"a deadline in the past", POLL(SYS_WAIT), 0, .want = ERR_TIMEOUT},
        {"nothing, with garbage", SYS_NULL, ~0UL, ~0UL, ~0UL, ~0UL, ~0UL, ~0UL, ~0UL, ~0UL, .want = OK},
        {"yielding with garbage", SYS_YIELD, ~0UL, ~0UL, ~0UL, .want = OK},
        {"fencing with garbage", SYS_SPACE_EXEC_FENCE, ~0UL, ~0UL, .want = OK},
        {"giving up no batch page", SYS_SPACE_BATCH, 0, .want = OK},
        {"a call that there is not", 12, 1, 2, 3, .want = ERR_NOSYS},
        {"the last number", 255, 1, 2, 3, .want = ERR_NOSYS},
    };
    DO_ROWS(rows);
}

/* ---- memory: a program owns no frame and no chunk, whichever it names ---- */

static void no_frame_is_ours(void)
{
    static const uint64_t outside[] = {0, 1, RAM_FIRST - 1, 1UL << 28, 1UL << 32 | RAM_FIRST, ~0UL, 1UL << 63};
    uint64_t frames = gt_setting(SETTING_MEMORY) >> PAGE_SHIFT;
    for (unsigned i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        const struct act rows[] = {
            {"an endpoint in a frame that there is not", SYS_OBJECT_CREATE, OBJ_ENDPOINT, outside[i], .want = ERR_INVAL},
            {"handles in a frame that there is not", SYS_HANDLE_GROW, 0, outside[i], .want = ERR_INVAL},
            {"a batch page that there is not", SYS_SPACE_BATCH, outside[i], .want = outside[i] ? ERR_INVAL : OK},
        };
        DO_ROWS(rows);
    }
    for (uint64_t f = RAM_FIRST; f < RAM_FIRST + frames; f++) { /* kernel's, firmware's, pager's, tables, everybody's pages */
        const struct act rows[] = {
            {"an object in somebody's frame", SYS_OBJECT_CREATE, OBJ_THREAD + f % 4, f, f + 1, .want = ERR_OWNER},
            {"handles in somebody's frame", SYS_HANDLE_GROW, 0, f, .want = ERR_OWNER},
            {"somebody's frame as batch page", SYS_SPACE_BATCH, f, .want = ERR_OWNER},
        };
        DO_ROWS(rows);
        if (gt_failed)
            return;
    }
}
static void no_chunk_is_ours(void)
{
    uint64_t chunks = gt_setting(SETTING_MEMORY) >> CHUNK_SHIFT;
    for (uint64_t c = CHUNK_FIRST; c < CHUNK_FIRST + chunks; c++) {
        const struct act rows[] = {
            {"to make it user memory", SYS_CHUNK_RETYPE, c, CHUNK_USER, .want = ERR_OWNER},
            {"to make it kernel memory", SYS_CHUNK_RETYPE, c, CHUNK_KERNEL, .want = ERR_OWNER},
            {"to give it away", SYS_CHUNK_GRANT, c, H_SELF, .want = ERR_OWNER},
        };
        DO_ROWS(rows);
    }
    static const uint64_t outside[] = {0, CHUNK_FIRST - 1, 1UL << 20, 1UL << 43, ~0UL};
    for (unsigned i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        const struct act rows[] = {
            {"to retype what is no chunk", SYS_CHUNK_RETYPE, outside[i], CHUNK_USER, .want = ERR_INVAL},
            {"to grant what is no chunk", SYS_CHUNK_GRANT, outside[i], H_SELF, .want = ERR_INVAL},
        };
        DO_ROWS(rows);
    }
}

/* ---- ids of others, which the event ring shows to everybody ---- */

#define FORGED 400u
#define HARTS 8u /* at most */
static uint64_t fault_ids[FORGED], reply_ids[FORGED];

static void faults_and_calls(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < 40; i++) {
        gt_pages(1)[0] = 1;
        gt_pages_free(1);
        (void)gt_stat(PAGER_STAT_SPACE, 0);
        sys_yield();
    }
}
static void faults_until_told(void *unused)
{
    while (!GT_SHARED->word[0])
        faults_and_calls(unused);
}
/* What is new in the ring of any hart: who runs where is not ours to say. */
static unsigned read_ids(void)
{
    static uint64_t seq[HARTS];
    uint64_t w[4];
    unsigned faults = 0, replies = 0;
    for (unsigned hart = 0; hart < HARTS; hart++) {
        for (unsigned n = 0; n < TRACE_RING && sys_trace_read(H_KERNEL, hart, &seq[hart], w) == OK; n++, seq[hart]++) {
            unsigned kind = (unsigned)(w[1] >> 32) & 0xffff;
            if (kind == TRACE_DELIVER)
                fault_ids[faults++ % FORGED] = w[3];
            if (kind == TRACE_REPLY)
                reply_ids[replies++ % FORGED] = w[3];
        }
    }
    return faults < replies ? faults : replies;
}
static void ids_of_others_do_nothing(void)
{
    REQUIRE(gt_shared_open() == OK);
    pid_t pid = gt_child(faults_until_told, NULL);
    uint64_t seen = 0;
    /* Ten rounds; more where the child has not come to do much meanwhile. */
    for (unsigned round = 0; round < 10 || (seen <= 100 && round < GT_HANG_MS); round++) {
        unsigned n = read_ids();
        seen += n;
        for (unsigned i = 0; i < n && i < FORGED; i++) {
            for (uint64_t ahead = 0; ahead < 3; ahead++) { /* the one seen, and those that the same thread will have next */
                uint64_t fault = fault_ids[i] + (ahead << 32), reply = reply_ids[i] + (ahead << 32);
                const struct act rows[] = {
                    {"another's fault: kill", SYS_FAULT_REPLY, .a1 = FAULT_KILL, .t3 = fault, .want = ERR_STALE},
                    {"another's fault: map", SYS_FAULT_REPLY, .a1 = FAULT_VERDICT(FAULT_MAP, PROT_R, 0), .a2 = RAM_FIRST + 600,
                     .t3 = fault, .want = ERR_STALE},
                    {"another's call", SYS_REPLY, .a1 = 0, .t3 = reply, .want = ERR_STALE},
                    {"another's buffer", SYS_COPY, reply, COPY_TO_CLIENT, 0, 0x10000, 8, .want = ERR_STALE},
                    {"another's id as a fault's", SYS_FAULT_REPLY, .a1 = FAULT_RETRY, .t3 = reply | 1UL << 63, .want = ERR_STALE},
                };
                DO_ROWS(rows);
            }
        }
        sys_yield();
        if (!gt_exact())
            gt_sleep_us(1000);
    }
    CHECK(seen > 100);
    GT_SHARED->word[0] = 1;
    gt_expect_exit(pid, 0);
}

/* ---- handles as a weapon ---- */

/* Each handle that comes with a message takes a place in the server's table: programs may not send any to servers. */
static void servers_take_no_handles(void)
{
    REQUIRE(gs_open());
    for (handle_t server = H_PAGER; server <= H_INIT; server++) {
        if (server == H_KERNEL)
            continue;
        for (unsigned i = 0; i < 300; i++) {
            struct ipc_msg m = {.w = {i % 2 ? PAGER_STAT : ~0UL, 1}};
            CHECK_EQ(ipc_call_handle(server, &m, H_SELF, RIGHT_SEND, 0), ERR_RIGHTS);
        }
    }
    gt_expect_exit(gt_child(faults_and_calls, NULL), 0); /* a new process still finds room everywhere */
}

/* ---- is everything here? ---- */

static void every_system_call_was_tried(void)
{
#define WAS_TRIED(name, number, args, text) \
    if (!tried[number]) \
        gt_fail(#name " has no row", __FILE__, __LINE__);
    SYSCALLS(WAS_TRIED)
#undef WAS_TRIED
}

GT_MAIN(CASE(every_call_refuses_what_is_no_handle), CASE(every_call_refuses_another_type),
        CASE(every_call_refuses_a_missing_right), CASE(handles_are_not_improved), CASE(ids_that_were_never_given),
        CASE(numbers_out_of_range), CASE(no_frame_is_ours), CASE(no_chunk_is_ours), CASE(ids_of_others_do_nothing),
        CASE(servers_take_no_handles), CASE(every_system_call_was_tried))
