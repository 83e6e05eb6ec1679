/* SPDX-License-Identifier: MIT
 * Proves that there is no priority inversion: a crowd of low callers, or faulters, delays a high one by at most one step of
 * the server, whatever the server's own priority is and however busy those between are; over a chain of servers, too. The
 * pager's own priority is below everybody's here, so that it runs at what it is lent.
 * ARGS: pagerprio=10
 */
#define GT_NAME "inversion"
#include "gserve.h"

#define CROWD 8
#define STEP_US 1000u
#define PAUSE_US 1000u
#define ROUNDS 10
/* Of a server: the rounds are over after a quarter of it, and whom nobody lends a priority would wait for ever. Harts of a busy host may
 * stand still for long while another one serves. */
#define STEPS_MAX (gt_exact() ? 300u : 10000u)

enum { W_STOP = 0, W_WORST = 1, W_ROUNDS = 2, W_SERVED = 3 };

static void work(unsigned us)
{
    ticks_t end = sys_time() + gt_us(us);
    while (sys_time() < end)
        ;
}
static void low_caller(void *unused)
{
    (void)unused;
    CHECK_EQ(gt_prio(50), OK);
    while (!GT_SHARED->word[W_STOP]) {
        struct ipc_msg m = {.w = {1}};
        (void)ipc_call(H_PARENT, &m);
    }
}
/* Comes by the clock; how long its call takes from when it should have been there. */
static void high_caller(void *unused)
{
    (void)unused;
    ticks_t worst = 0;
    CHECK_EQ(gt_prio(150), OK);
    for (unsigned i = 0; i < ROUNDS && !GT_SHARED->word[W_STOP]; i++) {
        uint64_t bits;
        ticks_t when = sys_time() + gt_us(3300);
        (void)sys_wait(0, when, &bits);
        struct ipc_msg m = {.w = {2}};
        CHECK_EQ(ipc_call(H_PARENT, &m), OK);
        ticks_t took = sys_time() - when;
        worst = took > worst ? took : worst;
        GT_SHARED->word[W_ROUNDS]++;
    }
    GT_SHARED->word[W_WORST] = worst;
    GT_SHARED->word[W_STOP] = 1;
}
static void between(void *unused) /* never gives way, for much longer than all rounds take */
{
    (void)unused;
    CHECK_EQ(gt_prio(100), OK);
    gt_sleep_us(8000);
    ticks_t end = sys_time() + gt_us(500000);
    while (!GT_SHARED->word[W_STOP] && sys_time() < end)
        ;
}
/* Who never received at an endpoint is not known as its server, and raised by nobody: receive once, then become low. */
static void serve_at(unsigned prio)
{
    struct ipc_event ev;
    long kind = ipc_recv(H_SELF, &ev, DEADLINE_POLL);
    if (kind == MSG_CALL)
        (void)gs_answer(&ev, OK);
    CHECK(kind == MSG_CALL || kind == ERR_TIMEOUT);
    CHECK_EQ(gt_prio(prio), OK);
}
/* Now and then a step begins with a pause, so that all others come to the queue. */
/* Until the rounds are over, or STEPS_MAX calls later. Who pauses now and then lets the queue fill. */
enum pauses { NEVER, NOW_AND_THEN };
static void serve_rounds(enum pauses pauses)
{
    struct ipc_event ev;
    for (unsigned step = 0; step < STEPS_MAX && !GT_SHARED->word[W_STOP]; step++) {
        uint64_t bits;
        if (ipc_recv(H_SELF, &ev, sys_time() + gt_us(50000)) != MSG_CALL)
            continue;
        if (pauses == NOW_AND_THEN && GT_SHARED->word[W_SERVED] % CROWD == 0)
            (void)sys_wait(0, sys_time() + gt_us(PAUSE_US), &bits);
        work(STEP_US);
        if (pauses == NOW_AND_THEN)
            GT_SHARED->word[W_SERVED]++;
        (void)gs_answer(&ev, OK);
    }
    CHECK(GT_SHARED->word[W_STOP]);
    GT_SHARED->word[W_STOP] = 1;
    while (ipc_recv(H_SELF, &ev, sys_time() + gt_us(20000)) > 0) /* bound: what the others had under way */
        (void)gs_answer(&ev, OK);
}
static void serve_crowd(unsigned own_prio)
{
    pid_t pid[CROWD + 2];
    REQUIRE(gs_open() && gt_shared_open() == OK);
    uint64_t before;
    CHECK_EQ(gt_proc(PROC_PRIO, 0, 199, &before), OK);
    for (unsigned i = 0; i < CROWD; i++)
        pid[i] = gt_child(low_caller, NULL);
    pid[CROWD] = gt_child(between, NULL);
    pid[CROWD + 1] = gt_child(high_caller, NULL);
    serve_at(own_prio);
    serve_rounds(NOW_AND_THEN);
    CHECK_EQ(gt_prio(before), OK);
    for (unsigned i = 0; i < CROWD + 2; i++)
        gt_expect_exit(pid[i], 0);
    CHECK_EQ(GT_SHARED->word[W_ROUNDS], ROUNDS);
    CHECK(GT_SHARED->word[W_SERVED] > ROUNDS); /* the crowd was there */
    if (gt_exact() && GT_SHARED->word[W_WORST] >= gt_us(PAUSE_US + 2 * STEP_US + 400)) { /* the step under way, and its own */
        gt_fail("one step of delay at most", __FILE__, __LINE__);
        printf("  its call took %lu us\n", (unsigned long)(GT_SHARED->word[W_WORST] * 1000 / gt_us(1000)));
    }
    gt_shared_close();
}
static void a_crowd_at_a_server_of_high_priority(void) { serve_crowd(199); }
static void a_crowd_at_a_server_of_low_priority(void) { serve_crowd(10); }

/* high -> the child's server -> the parent's: the parent is at work for a low one when the chain reaches it. */
static void middle_server(void *unused)
{
    (void)unused;
    struct ipc_event ev;
    REQUIRE(gs_open());
    pid_t pid = gt_child(high_caller, NULL);
    serve_at(20);
    while (!GT_SHARED->word[W_STOP] && gs_recv_call(&ev)) {
        struct ipc_msg m = {.w = {3}};
        CHECK_EQ(ipc_call(H_PARENT, &m), OK);
        CHECK_EQ(gs_answer(&ev, OK), OK);
        if (GT_SHARED->word[W_ROUNDS] == ROUNDS - 1)
            GT_SHARED->word[W_SERVED + 1] = 1;
    }
    gt_expect_exit(pid, 0);
}
static void serve_chain(void)
{
    pid_t pid[4];
    REQUIRE(gs_open() && gt_shared_open() == OK);
    uint64_t before;
    CHECK_EQ(gt_proc(PROC_PRIO, 0, 199, &before), OK);
    pid[0] = gt_child(low_caller, NULL);
    pid[1] = gt_child(low_caller, NULL);
    pid[2] = gt_child(between, NULL);
    pid[3] = gt_child(middle_server, NULL);
    serve_at(10);
    serve_rounds(NEVER);
    CHECK_EQ(gt_prio(before), OK);
    for (unsigned i = 0; i < 3; i++)
        gt_expect_exit(pid[i], 0);
    (void)kill(pid[3], SIGKILL);
    (void)gt_reap(pid[3], GT_HANG_MS);
    CHECK_EQ(GT_SHARED->word[W_ROUNDS], ROUNDS);
    if (gt_exact() && GT_SHARED->word[W_WORST] >= gt_us(2 * STEP_US + 400)) {
        gt_fail("one step of delay at most, over a chain", __FILE__, __LINE__);
        printf("  its call took %lu us\n", (unsigned long)(GT_SHARED->word[W_WORST] * 1000 / gt_us(1000)));
    }
    gt_shared_close();
}
static void a_chain_of_servers_is_raised(void) { serve_chain(); }

/* ---- faults ---- */
#define BETWEEN_US 300u
#define PAGES 120
#define CROWD_PAGES 300
/* Its beginning and its end are other work of the servers: outside of what is measured. */
static void faults_all_the_time(void *unused)
{
    (void)unused;
    CHECK_EQ(gt_prio(50), OK);
    volatile uint8_t *p = gt_pages(CROWD_PAGES);
    REQUIRE(p != NULL);
    while (GT_SHARED->word[W_ROUNDS] == 0)
        gt_sleep_us(100);
    for (unsigned i = 0; i < CROWD_PAGES; i++) {
        p[i * PAGE_SIZE] = 1;
        __atomic_add_fetch(&GT_SHARED->word[W_SERVED], 1, __ATOMIC_SEQ_CST);
    }
    while (GT_SHARED->word[W_STOP] == 0)
        gt_sleep_us(1000);
}
/* Takes the hart from the crowd and from whoever works for it, and gives it back for a while. */
static void between_faulters(void *unused)
{
    (void)unused;
    CHECK_EQ(gt_prio(100), OK);
    while (GT_SHARED->word[W_ROUNDS] == 0)
        gt_sleep_us(100);
    while (GT_SHARED->word[W_STOP] == 0) {
        work(BETWEEN_US);
        gt_sleep_us(BETWEEN_US);
    }
}
static ticks_t worst_fault(volatile uint8_t *p, unsigned pages)
{
    ticks_t worst = 0;
    for (unsigned i = 0; i < pages; i++) {
        uint64_t bits;
        ticks_t when = sys_time() + gt_us(30);
        (void)sys_wait(0, when, &bits);
        p[i * PAGE_SIZE] = 1;
        ticks_t took = sys_time() - when;
        worst = took > worst ? took : worst;
    }
    return worst;
}
static void faults_now_and_then(void *unused)
{
    (void)unused;
    volatile uint8_t *p = gt_pages(2 * PAGES);
    REQUIRE(p != NULL);
    CHECK_EQ(gt_prio(150), OK);
    ticks_t alone = worst_fault(p, PAGES);
    for (unsigned i = 0; i < CROWD; i++)
        (void)gt_child(faults_all_the_time, NULL);
    (void)gt_child(between_faulters, NULL);
    gt_sleep_us(20000);
    GT_SHARED->word[W_ROUNDS] = 1;
    ticks_t beside = worst_fault(p + PAGES * PAGE_SIZE, PAGES);
    CHECK(GT_SHARED->word[W_SERVED] > PAGES || !gt_exact()); /* they did fault meanwhile */
    GT_SHARED->word[W_STOP] = 1;
    if (gt_exact() && beside > 2 * alone + gt_us(5)) { /* the step under way and its own */
        gt_fail("one step of delay at most", __FILE__, __LINE__);
        printf("  alone %lu ticks, beside the crowd %lu\n", (unsigned long)alone, (unsigned long)beside);
    }
    for (unsigned i = 0; i < CROWD + 1; i++)
        CHECK(waitpid(-1, NULL, 0) > 0);
}
static void a_crowd_of_faulters(void)
{
    REQUIRE(gt_shared_open() == OK);
    RUN_CHILD(faults_now_and_then, NULL);
    gt_shared_close();
}

GT_MAIN(CASE(a_crowd_at_a_server_of_high_priority), CASE(a_crowd_at_a_server_of_low_priority), CASE(a_chain_of_servers_is_raised),
        CASE(a_crowd_of_faulters))
