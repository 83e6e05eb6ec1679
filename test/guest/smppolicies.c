/* SPDX-License-Identifier: MIT
 * Proves that pages survive replacement while four harts use them: a thread a hart, four times more pages than frames, checksummed,
 * under each policy, with more than a hundred changes of policy among ten thousand evictions, with the pager killed meanwhile, and
 * with processes that share pages copy-on-write and fork again.
 *
 * Each thread has pages of its own and a lane of the shared ones, which only it writes. Lanes have no lock: a page may leave
 * between any two stores to it, and a store that is lost, or that went to a frame the page has left, is seen by the lane's owner.
 * Others only see a lane's count, which never goes back.
 *
 * SMP: 4
 * ARGS: frames=64 store=2048
 * TIMEOUT: 100
 */
#define GT_NAME "smppolicies"
#include "gpolicy.h"

#include <pagoda/thread.h>

#define FRAMES 64
#define LANES 4u
#define SHARED 96u
#define PAGES (4 * FRAMES)
#define OWN ((PAGES - SHARED) / LANES) /* pages behind the shared ones, a thread */
#define WORDS (PAGE_SIZE / 8 / LANES)
#define EVICTIONS (gt_full ? 200000u : 10000u)
#define EVICTIONS_EACH (gt_full ? 50000u : 2500u)
#define CHANGES (gt_full ? 2000u : 110u)
#define RELATIVES (gt_full ? LANES : 2u) /* children; each has one of its own */
#define STEPS (gt_full ? 300u : 60u)
#define KILLS (gt_full ? 200u : 20u)

static volatile uint64_t area[PAGES][LANES][WORDS] __attribute__((aligned(4096)));
static uint64_t version[PAGES][LANES]; /* a lane's owner's */
static uint64_t stop, steps[LANES];

static uint64_t load(const volatile uint64_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static void store(volatile uint64_t *p, uint64_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }

static uint64_t word_of(unsigned page, unsigned lane, unsigned i)
{
    return (version[page][lane] * 0x9e3779b97f4a7c15UL) ^ ((uint64_t)page << 32) ^ lane << 16 ^ i;
}
static void lane_write(unsigned page, unsigned lane)
{
    volatile uint64_t *p = area[page][lane];
    version[page][lane]++;
    for (unsigned i = 1; i < WORDS; i += 9)
        p[i] = word_of(page, lane, i);
    store(&p[0], version[page][lane]);
}
static bool lane_is_right(unsigned page, unsigned lane)
{
    const volatile uint64_t *p = area[page][lane];
    bool right = load(&p[0]) == version[page][lane];
    for (unsigned i = 1; i < WORDS; i += 9)
        right = right && p[i] == word_of(page, lane, i);
    return right;
}
static bool never_goes_back(unsigned page, unsigned lane)
{
    uint64_t first = load(&area[page][lane][0]);
    return load(&area[page][lane][0]) >= first;
}
static void write_all(void)
{
    for (unsigned page = 0; page < PAGES; page++)
        for (unsigned lane = 0; lane < LANES; lane++)
            lane_write(page, lane);
}
static void check_all(void)
{
    unsigned wrong = 0;
    for (unsigned page = 0; page < PAGES; page++)
        for (unsigned lane = 0; lane < LANES; lane++)
            wrong += !lane_is_right(page, lane);
    CHECK_EQ(wrong, 0);
}

/* Half of the accesses go to the shared pages, half to the thread's own ones; every second one writes. */
static void step(uint64_t *seed, unsigned me)
{
    uint64_t r = gt_random(seed);
    unsigned page = (unsigned)(r >> 8) % SHARED, lane = me;
    if (r & 1) {
        page = SHARED + me * OWN + (unsigned)(r >> 8) % OWN;
        lane = (unsigned)(r >> 32) % LANES;
    } else {
        CHECK(never_goes_back(page, (unsigned)(r >> 32) % LANES));
    }
    CHECK(lane_is_right(page, lane));
    if (r & 2)
        lane_write(page, lane);
}
static void *works(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    uint64_t seed = 0x736d70 + me;
    CHECK_EQ(thread_set_hart(me % thread_harts()), 0);
    while (!load(&stop) && gt_failed == 0) {
        step(&seed, me);
        store(&steps[me], steps[me] + 1);
    }
    return NULL;
}

static struct thread *worker[LANES];
static void workers_start(void)
{
    write_all();
    stop = 0;
    memset(steps, 0, sizeof steps);
    for (unsigned i = 0; i < LANES; i++)
        CHECK_EQ(thread_create(&worker[i], works, (void *)(uintptr_t)i), 0);
}
/* Each of them did its part. */
static void workers_end(void)
{
    store(&stop, 1);
    for (unsigned i = 0; i < LANES; i++) {
        CHECK_EQ(thread_join(worker[i], NULL), 0);
        CHECK(steps[i] > 100);
    }
    check_all();
}
/* While the others work. */
static void until_evictions(uint64_t n)
{
    ticks_t end = sys_time() + gt_us(GT_HANG_MS * 1000UL);
    while (gp_evictions() < n && gt_failed == 0) {
        if (sys_time() > end)
            gt_fail("pages leave", __FILE__, __LINE__);
        gt_sleep_us(500);
    }
}

static void each_policy_keeps_every_byte(void)
{
    for (unsigned p = 0; p < GP_NAMES && gt_failed == 0; p++) {
        REQUIRE(gp_set(0, PAGER_POLICY_SET, gp_names[p]) == OK);
        uint64_t before = gp_evictions(), victims = gp_stat(gp_names[p]).w[1];
        workers_start();
        until_evictions(before + EVICTIONS_EACH);
        workers_end();
        CHECK(gp_stat(gp_names[p]).w[1] - victims >= EVICTIONS_EACH / 2);
        CHECK_EQ(gt_vmcheck(), 0);
        printf("  %-7s %lu evictions; %lu, %lu, %lu and %lu accesses\n", gp_names[p], gp_evictions() - before, steps[0], steps[1],
               steps[2], steps[3]);
    }
    gp_nobody_was_replaced();
}

/* Changes are spread over the evictions. */
static void changes_under_way(uint64_t kills_wanted)
{
    uint64_t seed = 0x73776974636821UL, restarts = gt_pager_restarts(), kills = 0;
    unsigned now = 0;
    REQUIRE(gp_set(0, PAGER_POLICY_SET, gp_names[now]) == OK);
    workers_start();
    uint64_t before = gp_evictions();
    for (uint64_t i = 1; i <= CHANGES && gt_failed == 0; i++) {
        now = gp_change(now, gt_random(&seed));
        if (kills < kills_wanted && i % 5 == 0) {
            gp_await_restarts(restarts, kills++);
            gp_kill_pager(gt_random(&seed) % 20000);
        }
        until_evictions(before + i * (EVICTIONS / CHANGES + 1));
        gt_progress((long)i, (long)CHANGES);
    }
    workers_end();
    CHECK(gp_evictions() - before >= EVICTIONS);
    CHECK_EQ(kills, kills_wanted);
    gp_await_restarts(restarts, kills);
    printf("  %u changes of policy among %lu evictions, the pager killed %lu times\n", CHANGES, gp_evictions() - before, kills);
    gp_nobody_was_replaced();
}
static void a_hundred_changes_among_ten_thousand_evictions(void) { changes_under_way(0); }
static void the_same_while_the_pager_is_killed(void) { changes_under_way(KILLS); }

/* ---- processes, each on a hart of its own ---- */

static void grandchild(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    uint64_t seed = 99 + me;
    CHECK_EQ(thread_set_hart((me + 1) % thread_harts()), 0);
    for (unsigned i = 0; i < STEPS && gt_failed == 0; i++)
        step(&seed, me);
    check_all();
}
static void child(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    uint64_t seed = 7 + me;
    CHECK_EQ(thread_set_hart(me % thread_harts()), 0);
    for (unsigned i = 0; i < STEPS && gt_failed == 0; i++)
        step(&seed, me);
    pid_t pid = gt_child(grandchild, arg); /* what is shared and in the store is shared again */
    for (unsigned i = 0; i < STEPS && gt_failed == 0; i++)
        step(&seed, me);
    gt_expect_exit(pid, 0);
    check_all();
}
static void relatives_keep_their_pages_under_each_policy(void)
{
    pid_t pid[LANES];
    write_all();
    for (unsigned p = 0; p < GP_NAMES && gt_failed == 0; p++) {
        uint64_t before = gp_evictions(), seed = p + 1;
        CHECK_EQ(gp_set(0, PAGER_POLICY_SET, gp_names[p]), OK);
        for (uintptr_t i = 0; i < RELATIVES; i++)
            pid[i] = gt_child(child, (void *)i);
        for (unsigned i = 0; i < STEPS && gt_failed == 0; i++)
            step(&seed, i % LANES);
        (void)gp_change(p, seed);
        for (unsigned i = 0; i < RELATIVES; i++)
            gt_expect_exit(pid[i], 0);
        check_all();
        CHECK(gp_evictions() - before >= PAGES);
        CHECK_EQ(gt_vmcheck(), 0);
    }
    gp_nobody_was_replaced();
}

GT_MAIN(CASE(each_policy_keeps_every_byte), CASE(a_hundred_changes_among_ten_thousand_evictions),
        CASE(the_same_while_the_pager_is_killed), CASE(relatives_keep_their_pages_under_each_policy))
