/* SPDX-License-Identifier: MIT
 * Proves that replacement policies are changed under way and nobody notices: four times more pages than frames, checksummed,
 * under each policy, with more than a hundred changes among ten thousand evictions, with pages shared copy-on-write and forked
 * again, and with the pager killed meanwhile; that a process can have a policy of its own; that wrong names are refused.
 *
 * ARGS: frames=64 store=2048
 * TIMEOUT: 400
 */
#define GT_NAME "policies"
#include "gpolicy.h"

#define FRAMES 64
#define PAGES (4 * FRAMES)
#define WORDS (PAGE_SIZE / 8)
#define EVICTIONS 10000u
#define CHANGES 110u
#define KILLS 20u

static uint64_t area[PAGES][WORDS] __attribute__((aligned(4096)));
static uint64_t version[PAGES];

static uint64_t word_of(unsigned page, uint64_t v, unsigned i)
{
    return (v * 0x9e3779b97f4a7c15UL) ^ ((uint64_t)page << 32) ^ i;
}
static void page_write(unsigned page)
{
    volatile uint64_t *p = area[page];
    version[page]++;
    for (unsigned i = 0; i < WORDS; i += 31)
        p[i] = word_of(page, version[page], i);
}
static bool page_is_right(unsigned page)
{
    const volatile uint64_t *p = area[page];
    for (unsigned i = 0; i < WORDS; i += 31)
        if (p[i] != word_of(page, version[page], i))
            return false;
    return true;
}
static void write_all(void)
{
    for (unsigned i = 0; i < PAGES; i++)
        page_write(i);
}
static void check_all(void)
{
    unsigned wrong = 0;
    for (unsigned i = 0; i < PAGES; i++)
        wrong += !page_is_right(i);
    CHECK_EQ(wrong, 0);
}
/* Half of the accesses go to an eighth of the pages, so that looking at accessed bits pays. */
static void work(uint64_t *seed, unsigned steps)
{
    for (unsigned n = 0; n < steps && gt_failed == 0; n++) {
        uint64_t r = gt_random(seed);
        unsigned page = (unsigned)(r >> 8) % (r & 1 ? PAGES : PAGES / 8);
        CHECK(page_is_right(page));
        if (r & 2)
            page_write(page);
    }
}

static void each_policy_keeps_every_byte(void)
{
    uint64_t seed = 0x706f6c69637921UL;
    for (unsigned p = 0; p < GP_NAMES && gt_failed == 0; p++) {
        REQUIRE(gp_set(0, PAGER_POLICY_SET, gp_names[p]) == OK);
        struct ipc_msg m = gp_stat(gp_names[p]);
        uint64_t before = gp_evictions(), victims = m.w[1], faults = m.w[2], steps = 0;
        write_all();
        for (; gp_evictions() - before < EVICTIONS && steps < 200 && gt_failed == 0; steps++)
            work(&seed, 1000);
        check_all();
        m = gp_stat(gp_names[p]);
        CHECK(gp_evictions() - before >= EVICTIONS);
        CHECK(m.w[1] - victims >= EVICTIONS / 2);
        CHECK(m.w[2] > faults);
        printf("  %-7s %lu evictions, %lu of them proposed, %lu faults on evicted pages in %lu accesses\n", gp_names[p],
               gp_evictions() - before, m.w[1] - victims, m.w[2] - faults, steps * 1000);
    }
    gp_nobody_was_replaced();
}

/* Each change is to another policy. */
static void changes_under_way(uint64_t kills_wanted)
{
    uint64_t seed = 0x73776974636821UL, restarts = gt_pager_restarts(), before, changes = 0, kills = 0, changes_of[GP_NAMES] = {0};
    unsigned now = 0;
    write_all();
    REQUIRE(gp_set(0, PAGER_POLICY_SET, gp_names[now]) == OK);
    before = gp_evictions();
    for (; (changes < CHANGES || gp_evictions() - before < EVICTIONS) && changes < 1000 && gt_failed == 0; changes++) {
        if (kills < kills_wanted && changes % 5 == 0) {
            gp_await_restarts(restarts, kills++);
            gp_kill_pager(gt_random(&seed) % 20000);
        }
        work(&seed, 150);
        now = gp_change(now, gt_random(&seed));
        changes_of[now]++;
    }
    check_all();
    CHECK(changes >= CHANGES);
    CHECK(gp_evictions() - before >= EVICTIONS);
    CHECK_EQ(kills, kills_wanted);
    gp_await_restarts(restarts, kills);
    printf("  %lu changes of policy among %lu evictions, the pager killed %lu times\n", changes, gp_evictions() - before, kills);
    for (unsigned p = 0; p < GP_NAMES; p++)
        CHECK(changes_of[p] > 10);
    gp_nobody_was_replaced();
}

static void a_hundred_changes_among_ten_thousand_evictions(void) { changes_under_way(0); }

static void the_same_while_the_pager_is_killed(void) { changes_under_way(KILLS); }

/* Children work on pages that they share with those before them, in the store and out of it. */
static void grandchild_works(void *arg)
{
    uint64_t seed = *(uint64_t *)arg;
    check_all();
    work(&seed, 400);
    check_all();
}
static void child_works(void *arg)
{
    uint64_t seed = *(uint64_t *)arg;
    work(&seed, 700);
    pid_t pid = gt_child(grandchild_works, &seed); /* what is shared and in the store is shared again */
    work(&seed, 800);
    gt_expect_exit(pid, 0);
    check_all();
}
static void shared_pages_survive_changes(void)
{
    write_all();
    for (uint64_t i = 1; i <= 8 && gt_failed == 0; i++) {
        uint64_t seed = i * 77;
        CHECK_EQ(gp_set(0, PAGER_POLICY_SET, gp_names[i % GP_NAMES]), OK);
        pid_t pid = gt_child(child_works, &seed);
        seed += 1000;
        work(&seed, 700);
        CHECK_EQ(gp_set(0, PAGER_POLICY_SET, gp_names[(i + 1) % GP_NAMES]), OK);
        work(&seed, 700);
        gt_expect_exit(pid, 0);
        check_all();
    }
    gp_nobody_was_replaced();
}

static void own_policy(void *arg)
{
    char name[17];
    bool own;
    uint64_t seed = 5;
    (void)arg;
    write_all(); /* pages of its own */
    CHECK_EQ(gp_set(gt_own_space(), PAGER_POLICY_SET, "aging"), OK);
    gp_get(gt_own_space(), name, &own);
    CHECK(own && strcmp(name, "aging") == 0);
    work(&seed, 2000);
    gp_get(0, name, &own);
    CHECK(!own && strcmp(name, "random") == 0);
    CHECK_EQ(gp_set(gt_own_space(), PAGER_POLICY_SET, "clock"), OK);
    work(&seed, 2000);
    CHECK_EQ(gp_set(gt_own_space(), PAGER_POLICY_COMMON, ""), OK);
    gp_get(gt_own_space(), name, &own);
    CHECK(!own && strcmp(name, "random") == 0);
    work(&seed, 1000);
    check_all();
}
static void a_process_can_have_its_own(void)
{
    REQUIRE(gp_set(0, PAGER_POLICY_SET, "random") == OK);
    write_all();
    RUN_CHILD(own_policy, NULL);
    check_all();
    gp_nobody_was_replaced();
}

static void wrong_requests_are_refused(void)
{
    char before[17], after[17];
    bool own;
    gp_get(0, before, &own);
    CHECK_EQ(gp_set(0, PAGER_POLICY_SET, "lru"), ERR_NOENT);
    CHECK_EQ(gp_set(0, PAGER_POLICY_SET, ""), ERR_NOENT);
    CHECK_EQ(gp_set(0, PAGER_POLICY_SET, "fifofifofifofifo"), ERR_NOENT);
    CHECK_EQ(gp_set(0, PAGER_POLICY_COMMON, ""), ERR_INVAL);
    CHECK_EQ(gp_set(0, 99, "fifo"), ERR_INVAL);
    CHECK_EQ(gp_set(0xffff0003, PAGER_POLICY_SET, "fifo"), ERR_NOENT);
    CHECK_EQ(gp_set(1UL << 32, PAGER_POLICY_SET, "fifo"), ERR_NOENT);
    struct ipc_msg m = {.w = {PAGER_POLICY_INFO, 0}};
    CHECK_EQ(pager_call(H_PAGER, &m), ERR_NOENT);
    m = (struct ipc_msg){.w = {PAGER_POLICY_INFO, ~0UL}};
    CHECK_EQ(pager_call(H_PAGER, &m), ERR_NOENT);
    m = (struct ipc_msg){.w = {PAGER_POLICY_STAT, 1UL << 40}};
    CHECK_EQ(pager_call(H_PAGER, &m), ERR_NOENT);
    gp_get(0, after, &own);
    CHECK(strcmp(before, after) == 0);
}

GT_MAIN(CASE(wrong_requests_are_refused), CASE(each_policy_keeps_every_byte),
        CASE(a_hundred_changes_among_ten_thousand_evictions), CASE(the_same_while_the_pager_is_killed),
        CASE(shared_pages_survive_changes), CASE(a_process_can_have_its_own))
