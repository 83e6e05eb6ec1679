/* SPDX-License-Identifier: MIT
 * Proves budgets: a thread of 2 ms every 10 ms gets a fifth of the time and the rest goes to lower ones; its calls and its
 * faults are paid by it; a step that is longer than its budget is finished and repaid; a call that the server defers costs
 * it nothing.
 */
#define GT_NAME "budget"
#include "gserve.h"

#define BUDGET_US 2000u
#define PERIOD_US 10000u
#define GAP_US 500u /* a pause of a spinning thread that is longer is no interrupt */
#define ASK (~0UL)

struct budget {
    uint64_t budget, period;
    int64_t left;
    uint64_t next, used;
};
static err_t budget_call(uint64_t budget, uint64_t period, struct budget *b)
{
    struct ipc_msg m = {.w = {PROC_BUDGET, 0, 0, budget, period}};
    err_t e = ipc_call(H_PROC, &m);
    *b = (struct budget){m.w[1], m.w[2], (int64_t)m.w[3], m.w[4], m.w[5]};
    return e;
}
static struct budget budget_now(void)
{
    struct budget b;
    CHECK_EQ(budget_call(ASK, 0, &b), OK);
    return b;
}
static void budget_take(unsigned budget_us, unsigned period_us)
{
    struct budget b;
    CHECK_EQ(budget_call(gt_us(budget_us), gt_us(period_us), &b), OK);
    CHECK_EQ(b.budget, gt_us(budget_us));
    CHECK_EQ(b.period, gt_us(period_us));
}
/* Spin until `end`; how long it ran, and into how many pieces that was cut. */
static ticks_t spin(ticks_t end, unsigned *pieces)
{
    ticks_t ran = 0, last = sys_time(), now;
    for (*pieces = 1; (now = sys_time()) < end; last = now) {
        bool gap = now - last > gt_us(GAP_US);
        *pieces += gap;
        ran += gap ? 0 : now - last;
    }
    return ran;
}
static void between(const char *what, uint64_t is, uint64_t least, uint64_t most)
{
    if ((is >= least && is <= most) || !gt_exact()) /* else the host's other work counts, too */
        return;
    gt_fail(what, __FILE__, __LINE__);
    printf("  is %lu, wanted %lu to %lu\n", (unsigned long)is, (unsigned long)least, (unsigned long)most);
}

/* ---- a share ---- */
static void runs_a_fifth(void *unused)
{
    (void)unused;
    unsigned pieces;
    budget_take(BUDGET_US, PERIOD_US);
    ticks_t ran = spin(sys_time() + gt_us(20 * PERIOD_US), &pieces);
    between("a fifth", ran, gt_us(19 * BUDGET_US), gt_us(21 * BUDGET_US));
    between("a piece in each period", pieces, 20, 22);
    struct budget b = budget_now();
    between("what the kernel counted", b.used, gt_us(20 * BUDGET_US), gt_us(22 * BUDGET_US));
    CHECK_EQ(budget_call(0, 0, &b), OK);
    CHECK_EQ(b.budget, 0);
    ran = spin(sys_time() + gt_us(2 * PERIOD_US), &pieces);
    CHECK(pieces == 1 || !gt_exact()); /* no budget, no limit */
}
static void two_ms_in_ten_are_a_fifth(void) { RUN_CHILD(runs_a_fifth, NULL); }

static void hog(void *unused)
{
    (void)unused;
    unsigned pieces;
    CHECK_EQ(gt_prio(150), OK);
    budget_take(BUDGET_US, PERIOD_US);
    GT_SHARED->word[0] = 1;
    (void)spin(sys_time() + gt_us(20 * PERIOD_US), &pieces);
    GT_SHARED->word[0] = 2;
}
static void the_rest_is_for_lower_ones(void)
{
    REQUIRE(gt_shared_open() == OK);
    pid_t pid = gt_child(hog, NULL);
    gt_await(0, 1);
    unsigned pieces;
    ticks_t ran = spin(sys_time() + gt_us(10 * PERIOD_US), &pieces);
    between("four fifths", ran, gt_us(10 * (PERIOD_US - BUDGET_US) - 1000), gt_us(10 * (PERIOD_US - BUDGET_US) + BUDGET_US));
    gt_expect_exit(pid, 0);
    gt_shared_close();
}

static void asks_for_what_cannot_be(void *unused)
{
    (void)unused;
    struct budget b;
    CHECK_EQ(budget_call(gt_us(200), gt_us(100), &b), ERR_INVAL);
    CHECK_EQ(budget_call(1, gt_us(100), &b), ERR_INVAL);
    CHECK_EQ(budget_call(gt_us(100), 0, &b), ERR_INVAL);
    struct ipc_msg m = {.w = {PROC_BUDGET, 0, 63, 1000, 1000}};
    CHECK_EQ(ipc_call(H_PROC, &m), ERR_NOENT);
    m = (struct ipc_msg){.w = {PROC_BUDGET, 0, 64, 1000, 1000}};
    CHECK_EQ(ipc_call(H_PROC, &m), ERR_NOENT);
    m = (struct ipc_msg){.w = {PROC_BUDGET, (uint64_t)getppid(), 0, 1000, 1000}};
    CHECK_EQ(ipc_call(H_PROC, &m), ERR_PERM); /* only oneself and descendants */
    CHECK_EQ(budget_now().budget, 0);
}
static void budgets_have_limits(void) { RUN_CHILD(asks_for_what_cannot_be, NULL); }

/* ---- calls ---- */
static void calls_n_times(void *n)
{
    budget_take(BUDGET_US, PERIOD_US);
    ticks_t begin = sys_time();
    for (unsigned i = 0; i < (unsigned)(uintptr_t)n; i++) {
        struct ipc_msg m = {.w = {i}};
        CHECK_EQ(ipc_call_full(H_PARENT, &m, NULL, 0, gs_deadline(GT_HANG_MS)), OK);
    }
    GT_SHARED->word[0] = sys_time() - begin;
    GT_SHARED->word[1] = budget_now().used;
}
/* The parent works step_us on each of n calls; wall: what the child measured, used: what it was charged. */
static void serve_steps(unsigned n, unsigned step_us, ticks_t *wall, ticks_t *used)
{
    struct ipc_event ev;
    unsigned pieces;
    *wall = *used = 0;
    REQUIRE(gs_open() && gt_shared_open() == OK);
    pid_t pid = gt_child(calls_n_times, (void *)(uintptr_t)n);
    for (unsigned i = 0; i < n && gs_recv_call(&ev); i++) {
        (void)spin(sys_time() + gt_us(step_us), &pieces);
        CHECK(pieces == 1 || !gt_exact()); /* nobody stops it in the middle */
        CHECK_EQ(gs_answer(&ev, OK), OK);
    }
    struct ipc_event none; /* out of the way */
    (void)ipc_recv(H_SELF, &none, sys_time() + gt_us(3 * PERIOD_US));
    gt_expect_exit(pid, 0);
    *wall = GT_SHARED->word[0];
    *used = GT_SHARED->word[1];
    gt_shared_close();
}
static void a_call_is_paid_by_the_caller(void)
{
    ticks_t wall, used;
    serve_steps(20, 500, &wall, &used);
    between("20 steps of 500 us are charged", used, gt_us(20 * 500), gt_us(20 * 500 + BUDGET_US));
    between("and last as long as a fifth of the time allows", wall, gt_us(4 * PERIOD_US), gt_us(6 * PERIOD_US));
}
static void a_long_step_is_finished_and_repaid(void)
{
    ticks_t wall, used;
    serve_steps(6, 7000, &wall, &used);
    between("6 steps of 7 ms are charged", used, gt_us(6 * 7000), gt_us(6 * 7000 + BUDGET_US));
    between("and repaid, but for the last", wall, gt_us(5 * 5 * 7000 - PERIOD_US), gt_us(6 * 5 * 7000 + PERIOD_US));
}
static void a_deferred_call_costs_nothing(void)
{
    struct ipc_event ev, none;
    unsigned pieces;
    REQUIRE(gs_open() && gt_shared_open() == OK);
    pid_t pid = gt_child(calls_n_times, (void *)1);
    REQUIRE(gs_recv_call(&ev));
    CHECK_EQ(ipc_recv(H_SELF, &none, DEADLINE_POLL), ERR_TIMEOUT); /* gives the budget back */
    (void)spin(sys_time() + gt_us(3 * PERIOD_US), &pieces);
    CHECK_EQ(gs_answer(&ev, OK), OK);
    gt_expect_exit(pid, 0);
    between("charged", GT_SHARED->word[1], 1, gt_us(1000));
    gt_shared_close();
}

/* ---- faults ---- */
#define PAGES 400
static void touches(void *unused)
{
    (void)unused;
    volatile uint8_t *p = gt_pages(PAGES);
    REQUIRE(p != NULL);
    budget_take(PERIOD_US * 10, PERIOD_US * 10); /* it counts, and is never used up */
    uint64_t before = budget_now().used;
    ticks_t begin = sys_time();
    for (unsigned i = 0; i < PAGES; i++)
        p[i * PAGE_SIZE] = 1; /* hardly any work but the pager's */
    ticks_t wall = sys_time() - begin;
    uint64_t used = budget_now().used - before;
    between("the pager's time is charged", used, wall * 97 / 100, wall * 2 + gt_us(500));
}
static void a_fault_is_paid_by_the_faulter(void) { RUN_CHILD(touches, NULL); }

static void faults_on_little(void *unused)
{
    (void)unused;
    volatile uint8_t *p = gt_pages(PAGES);
    REQUIRE(p != NULL);
    /* Far less than 400 faults take: it waits in between, and sees its pages whole. Where time is the host's, a pause of the host's is
     * used time as well, and repaid with a hundred times as much by who has a hundredth. */
    budget_take(gt_exact() ? 20 : 200, 2000);
    ticks_t begin = sys_time();
    gt_fill(p, PAGES, 7);
    CHECK_EQ(gt_wrong(p, PAGES, 7), 0);
    CHECK(sys_time() - begin > gt_us(10000));
}
static void faults_wait_for_the_budget_too(void) { RUN_CHILD(faults_on_little, NULL); }

GT_MAIN(CASE(two_ms_in_ten_are_a_fifth), CASE(the_rest_is_for_lower_ones), CASE(budgets_have_limits),
        CASE(a_call_is_paid_by_the_caller), CASE(a_long_step_is_finished_and_repaid), CASE(a_deferred_call_costs_nothing),
        CASE(a_fault_is_paid_by_the_faulter), CASE(faults_wait_for_the_budget_too))
