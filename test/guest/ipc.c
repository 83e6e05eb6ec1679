/* SPDX-License-Identifier: MIT
 * Proves the kernel's IPC between processes: all words and badges arrive, deadlines end a wait in time, each reply id
 * works once, cancel events come, a dead server's callers hear of it, handles travel with the rights they should have.
 */
#define GT_NAME "ipc"
#include "gserve.h"
#include "gwaits.h"

static err_t call_parent(struct ipc_msg *m) { return ipc_call_full(H_PARENT, m, NULL, 0, gs_deadline(GT_HANG_MS)); }

static void sends_all_words(void *unused)
{
    (void)unused;
    struct ipc_msg m;
    for (int i = 0; i < MSG_WORDS; i++)
        m.w[i] = gt_mark(1, (uint64_t)i);
    CHECK_EQ(call_parent(&m), OK);
    for (int i = 1; i < MSG_WORDS; i++)
        CHECK_EQ(m.w[i], gt_mark(2, (uint64_t)i));
}
static void all_words_and_the_badge_arrive(void)
{
    REQUIRE(gs_open());
    struct ipc_event ev;
    struct ipc_msg m = {.w = {0}};
    pid_t pid = gt_child(sends_all_words, NULL);
    REQUIRE(gs_recv_call(&ev));
    CHECK_EQ(BADGE_CLASS(ev.badge), BADGE_CLIENT);
    CHECK_EQ(BADGE_ID(ev.badge), pid);
    for (int i = 0; i < MSG_WORDS; i++)
        CHECK_EQ(ev.w[i], gt_mark(1, (uint64_t)i));
    for (int i = 1; i < MSG_WORDS; i++)
        m.w[i] = gt_mark(2, (uint64_t)i);
    CHECK_EQ(ipc_reply(ev.id, &m), OK);
    gt_expect_exit(pid, 0);
}

/* ---- deadlines ---- */
static void a_receive_ends_at_its_deadline(void)
{
    REQUIRE(gs_open());
    struct ipc_event ev;
    CHECK_EQ(ipc_recv(H_SELF, &ev, DEADLINE_POLL), ERR_TIMEOUT);
    for (uint64_t us = 50; us < 20000; us *= 4) {
        ticks_t deadline = sys_time() + gt_us(us);
        CHECK_EQ(ipc_recv(H_SELF, &ev, deadline), ERR_TIMEOUT);
        CHECK(sys_time() >= deadline);
        CHECK_SOON(sys_time() < deadline + gt_us(1000));
    }
}
static void a_wait_ends_at_its_deadline(void)
{
    uint64_t bits;
    for (uint64_t us = 50; us < 20000; us *= 4) {
        ticks_t deadline = sys_time() + gt_us(us);
        CHECK_EQ(sys_wait(0, deadline, &bits), ERR_TIMEOUT);
        CHECK(sys_time() >= deadline);
        CHECK_SOON(sys_time() < deadline + gt_us(1000));
    }
    CHECK_EQ(sys_wait(0, DEADLINE_POLL, &bits), ERR_TIMEOUT);
}
static void calls_with_deadline(void *unused)
{
    (void)unused;
    struct ipc_msg m = {.w = {1}};
    ticks_t deadline = gs_deadline(3);
    CHECK_EQ(ipc_call_full(H_PARENT, &m, NULL, 0, deadline), ERR_TIMEOUT); /* nobody receives */
    CHECK(sys_time() >= deadline);
    CHECK_SOON(sys_time() < deadline + gt_us(2000));
    m.w[0] = 2;
    GT_SHARED->word[0] = 1;
    CHECK_EQ(ipc_call_full(H_PARENT, &m, NULL, 0, gs_deadline(3)), ERR_TIMEOUT); /* received, not answered */
    GT_SHARED->word[1] = 1;
}
static void a_call_ends_at_its_deadline_and_the_server_hears_of_it(void)
{
    REQUIRE(gs_open() && gt_shared_open() == OK);
    struct ipc_event ev;
    pid_t pid = gt_child(calls_with_deadline, NULL);
    gt_await(0, 1);
    REQUIRE(gs_recv_call(&ev));
    CHECK_EQ(ev.w[0], 2); /* the first one gave up unreceived and left no trace */
    reply_id_t id = ev.id;
    CHECK_EQ(gs_recv(&ev), MSG_CANCEL);
    CHECK_EQ(ev.w[0], 1);
    CHECK_EQ(ev.w[1], id);
    gt_await(1, 1);
    CHECK(!sys_reply_alive(id));
    struct ipc_msg m = {.w = {0}};
    CHECK_EQ(ipc_reply(id, &m), ERR_STALE);
    gt_expect_exit(pid, 0);
    gt_shared_close();
}

/* ---- reply ids ---- */
static void calls_twice(void *unused)
{
    (void)unused;
    for (uint64_t i = 1; i <= 2; i++) {
        struct ipc_msg m = {.w = {i}};
        CHECK_EQ(call_parent(&m), OK);
        CHECK_EQ(m.w[1], i * 10);
    }
}
static void a_reply_id_works_once(void)
{
    REQUIRE(gs_open());
    struct ipc_event ev, second;
    pid_t pid = gt_child(calls_twice, NULL);
    REQUIRE(gs_recv_call(&ev));
    struct ipc_msg m = {.w = {0, 99}};
    CHECK_EQ(ipc_reply(ev.id + 1, &m), ERR_STALE);
    CHECK_EQ(ipc_reply(ev.id ^ 1UL << 40, &m), ERR_STALE);
    CHECK_EQ(ipc_reply(NO_REPLY, &m), ERR_STALE);
    CHECK_EQ(ipc_reply(~0UL, &m), ERR_STALE);
    CHECK_EQ(ipc_fault_reply(ev.id, FAULT_VERDICT(FAULT_RETRY, 0, 0), NO_FRAME, NO_FRAME, NO_FRAME), ERR_STALE);
    m.w[1] = 10;
    CHECK_EQ(ipc_reply(ev.id, &m), OK);
    CHECK_EQ(ipc_reply(ev.id, &m), ERR_STALE);
    REQUIRE(gs_recv_call(&second));
    m.w[1] = 666;
    CHECK_EQ(ipc_reply(ev.id, &m), ERR_STALE); /* the same thread waits again: the old id is not its new one */
    m.w[1] = 20;
    CHECK_EQ(ipc_reply(second.id, &m), OK);
    gt_expect_exit(pid, 0);
}
static void answers_the_others_caller(void *id)
{
    struct ipc_msg m = {.w = {0, 666}};
    CHECK_EQ(ipc_reply((reply_id_t)(uintptr_t)id, &m), ERR_STALE);
}
static void only_the_receiver_can_answer(void)
{
    REQUIRE(gs_open());
    struct ipc_event ev;
    pid_t pid = gt_child(calls_twice, NULL);
    for (uint64_t i = 1; i <= 2; i++) {
        REQUIRE(gs_recv_call(&ev));
        RUN_CHILD(answers_the_others_caller, (void *)(uintptr_t)ev.id);
        struct ipc_msg m = {.w = {0, i * 10}};
        CHECK_EQ(ipc_reply(ev.id, &m), OK);
    }
    gt_expect_exit(pid, 0);
}
static void calls_once(void *n)
{
    struct ipc_msg m = {.w = {(uint64_t)(uintptr_t)n}};
    CHECK_EQ(call_parent(&m), OK);
    CHECK_EQ(m.w[1], (uint64_t)(uintptr_t)n * 3);
}
static void replies_may_come_out_of_order(void)
{
    REQUIRE(gs_open());
    struct ipc_event ev[5];
    pid_t pid[5];
    for (uintptr_t i = 0; i < 5; i++)
        pid[i] = gt_child(calls_once, (void *)(i + 1));
    for (int i = 0; i < 5; i++)
        REQUIRE(gs_recv_call(&ev[i]));
    for (int i = 4; i >= 0; i--) {
        struct ipc_msg m = {.w = {0, ev[i].w[0] * 3}};
        CHECK_EQ(ipc_reply(ev[i].id, &m), OK);
    }
    for (int i = 0; i < 5; i++)
        gt_expect_exit(pid[i], 0);
}
static void calls_at_priority(void *prio)
{
    CHECK_EQ(gt_prio((uint64_t)(uintptr_t)prio), OK);
    struct ipc_msg m = {.w = {(uint64_t)(uintptr_t)prio}};
    CHECK_EQ(call_parent(&m), OK);
}
static void callers_are_received_by_priority(void)
{
    REQUIRE(gs_open());
    static const uint64_t prio[5] = {50, 90, 20, 99, 70}, order[5] = {99, 90, 70, 50, 20};
    pid_t pid[5];
    struct ipc_event ev;
    for (int i = 0; i < 5; i++)
        pid[i] = gt_child(calls_at_priority, (void *)(uintptr_t)prio[i]);
    for (int i = 0; i < 5; i++)
        gt_until_waits(pid[i]); /* in the queue */
    for (int i = 0; i < 5; i++) {
        REQUIRE(gs_recv_call(&ev));
        CHECK_EQ(ev.w[0], order[i]);
        CHECK_EQ(gs_answer(&ev, OK), OK);
    }
    for (int i = 0; i < 5; i++)
        gt_expect_exit(pid[i], 0);
}

/* ---- death ---- */
static void calls_a_dying_server(void *unused)
{
    (void)unused;
    struct ipc_msg m = {.w = {1}};
    for (int i = 0; i < 2; i++) { /* the one under way, then a new one */
        err_t e = call_parent(&m);
        if (e != ERR_HANDLE)
            CHECK_EQ(e, ERR_PEER_DEAD);
    }
    GT_SHARED->word[0] += gt_failed ? 100 : 1;
}
static void serves_and_dies(void *unused)
{
    (void)unused;
    struct ipc_event ev;
    if (!gs_open())
        return;
    (void)gt_child(calls_a_dying_server, NULL); /* received, unanswered */
    (void)gs_recv_call(&ev);
    (void)gt_child(calls_a_dying_server, NULL); /* queued */
    gt_sleep_us(5000);
}
static void a_dead_servers_callers_hear_of_it(void)
{
    REQUIRE(gt_shared_open() == OK);
    uint64_t before = gt_processes();
    RUN_CHILD(serves_and_dies, NULL);
    gt_await(0, 2);
    CHECK_EQ(GT_SHARED->word[0], 2);
    gt_until_processes(before);
    gt_shared_close();
}
static void a_pending_callers_death_cancels(void)
{
    REQUIRE(gs_open());
    struct ipc_event ev;
    pid_t pid = gt_child(calls_once, (void *)1);
    REQUIRE(gs_recv_call(&ev));
    reply_id_t id = ev.id;
    CHECK_EQ(kill(pid, SIGKILL), 0);
    gt_expect_signal(pid, SIGKILL);
    CHECK_EQ(gs_recv(&ev), MSG_CANCEL);
    CHECK(ev.w[0] >= 1 && ev.w[1] == id);
}

/* ---- handles in messages ---- */
static void gets_a_handle(void *unused)
{
    (void)unused;
    struct ipc_msg m = {.w = {1}};
    struct handle_info hi;
    CHECK_EQ(call_parent(&m), OK);
    handle_t h = (handle_t)m.w[7];
    CHECK_EQ(sys_handle_info(0, h, &hi), OK);
    CHECK_EQ(hi.type, OBJ_ENDPOINT);
    CHECK_EQ(hi.rights, RIGHT_SEND);
    CHECK_EQ(hi.badge, 0xabc);
    m = (struct ipc_msg){.w = {2}};
    CHECK_EQ(ipc_call(h, &m), OK);
    struct ipc_event ev;
    CHECK_EQ(ipc_recv(h, &ev, DEADLINE_POLL), ERR_RIGHTS);
    CHECK_EQ(sys_handle_close(0, h), OK);
    CHECK_EQ(ipc_call(h, &m), ERR_HANDLE);
}
static void a_handle_travels_with_the_rights_named(void)
{
    REQUIRE(gs_open());
    struct ipc_event ev;
    struct ipc_msg m = {.w = {0}};
    handle_t badged = 0;
    struct handle_info hi;
    CHECK_EQ(sys_handle_copy(H_SELF, RIGHT_SEND | RIGHT_GRANT, 0xabc, &badged), OK);
    pid_t pid = gt_child(gets_a_handle, NULL);
    REQUIRE(gs_recv_call(&ev));
    CHECK_EQ(ipc_reply_handle(ev.id, &m, H_PAGER, RIGHT_SEND, 0), ERR_RIGHTS); /* no GRANT: and the caller waits on */
    /* RECV is more than the handle has: it does not come into being on the way. */
    CHECK_EQ(ipc_reply_handle(ev.id, &m, badged, RIGHT_SEND | RIGHT_RECV, XFER_MOVE), OK);
    CHECK_EQ(sys_handle_info(0, badged, &hi), ERR_HANDLE); /* moved away */
    REQUIRE(gs_recv_call(&ev));
    CHECK_EQ(ev.badge, 0xabc);
    CHECK_EQ(ev.w[0], 2);
    CHECK_EQ(gs_answer(&ev, OK), OK);
    gt_expect_exit(pid, 0);
}
static void sends_what_it_may_not(void *unused)
{
    (void)unused;
    struct ipc_msg m = {.w = {1}};
    CHECK_EQ(ipc_call_handle(H_PARENT, &m, H_PAGER, RIGHT_SEND, 0), ERR_RIGHTS); /* no GRANT */
    m = (struct ipc_msg){.w = {1}};
    CHECK_EQ(ipc_call_handle(H_PARENT, &m, 200, RIGHT_SEND, 0), ERR_HANDLE);
}
static void a_handle_without_grant_stays_home(void)
{
    REQUIRE(gs_open());
    struct ipc_event ev;
    pid_t pid = gt_child(sends_what_it_may_not, NULL);
    CHECK_EQ(ipc_recv(H_SELF, &ev, gs_deadline(50)), ERR_TIMEOUT); /* refused at the delivery: nothing arrives */
    gt_expect_exit(pid, 0);
}

/* ---- servers refuse what they should ---- */
static void unknown_and_forbidden_operations_are_refused(void)
{
    static const uint64_t forbidden[] = {PAGER_SPACE_NEW, PAGER_SPACE_CLEAR, PAGER_SPACE_DELETE, PAGER_THREAD_NEW,
                                         PAGER_FORK, PAGER_OBJECT_NEW, PAGER_DEVICE_MAP, PAGER_LIMIT, PAGER_NOTIFY};
    static const uint64_t unknown[] = {0, 63, 64, 1000, 1UL << 32 | PAGER_STAT, ~0UL};
    struct ipc_msg m;
    for (unsigned i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        m = (struct ipc_msg){.w = {forbidden[i], 1, 2, 3}};
        CHECK_EQ(ipc_call(H_PAGER, &m), ERR_PERM);
    }
    for (unsigned i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        for (handle_t h = H_PAGER; h <= H_INIT; h++) {
            if (h == H_KERNEL)
                continue;
            m = (struct ipc_msg){.w = {unknown[i], 1, 2, 3}};
            CHECK_EQ(ipc_call(h, &m), ERR_NOSYS);
        }
    m = (struct ipc_msg){.w = {PROC_SHUTDOWN}};
    CHECK_EQ(proc_call(H_PROC, &m), ERR_PERM);
}

GT_MAIN(CASE(all_words_and_the_badge_arrive), CASE(a_receive_ends_at_its_deadline), CASE(a_wait_ends_at_its_deadline),
        CASE(a_call_ends_at_its_deadline_and_the_server_hears_of_it), CASE(a_reply_id_works_once),
        CASE(only_the_receiver_can_answer), CASE(replies_may_come_out_of_order), CASE(callers_are_received_by_priority),
        CASE(a_dead_servers_callers_hear_of_it), CASE(a_pending_callers_death_cancels),
        CASE(a_handle_travels_with_the_rights_named), CASE(a_handle_without_grant_stays_home),
        CASE(unknown_and_forbidden_operations_are_refused))
