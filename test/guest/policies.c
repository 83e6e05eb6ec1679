/* SPDX-License-Identifier: MIT
 * Proves that replacement policies are changed under way and nobody notices: four times more pages than frames, checksummed,
 * under each policy, with more than a hundred changes among ten thousand evictions, with pages shared copy-on-write, and with
 * the pager killed meanwhile; that a process can have a policy of its own; that wrong names are refused.
 *
 * ARGS: frames=64 store=2048
 * TIMEOUT: 400
 */
#define GT_NAME "policies"
#include "gtest.h"

#define FRAMES 64
#define PAGES (4 * FRAMES)
#define WORDS (PAGE_SIZE / 8)
#define EVICTIONS 10000u
#define CHANGES 110u
#define KILLS 20u

static const char *const names[] = {"aging", "clock", "fifo", "random"};
#define NAMES (sizeof names / sizeof names[0])

static uint64_t area[PAGES][WORDS] __attribute__((aligned(4096)));
static uint64_t version[PAGES];

static uint64_t evictions(void) { return gt_stat(PAGER_STAT_EVICT, 0).v[1]; }

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

static err_t policy_set(uint64_t space, unsigned what, const char *name)
{
    struct ipc_msg m = {.w = {PAGER_POLICY, space, what}};
    memcpy(&m.w[3], name, strlen(name));
    return pager_call(H_PAGER, &m);
}
static void policy_get(uint64_t space, char name[17], bool *own)
{
    struct ipc_msg m = {.w = {PAGER_POLICY, space, PAGER_POLICY_ASK}};
    CHECK_EQ(pager_call(H_PAGER, &m), OK);
    memcpy(name, &m.w[1], 16);
    name[16] = 0;
    *own = m.w[3] != 0;
}
/* POLICY_STAT of the policy with this name; 0 "": the built-in order. */
static struct ipc_msg policy_stat(const char *name)
{
    struct ipc_msg m;
    uint64_t number = 0;
    for (uint64_t i = 1; name[0] && number == 0; i++) {
        char found[17] = {0};
        m = (struct ipc_msg){.w = {PAGER_POLICY_INFO, i}};
        if (pager_call(H_PAGER, &m) != OK)
            break;
        memcpy(found, &m.w[1], 16);
        if (strcmp(found, name) == 0)
            number = i;
    }
    m = (struct ipc_msg){.w = {PAGER_POLICY_STAT, number}};
    CHECK_EQ(pager_call(H_PAGER, &m), OK);
    return m;
}
static void nobody_was_replaced(void)
{
    for (unsigned i = 0; i < NAMES; i++) {
        struct ipc_msg m = policy_stat(names[i]);
        CHECK_EQ(m.w[3], 0);
        CHECK_EQ(m.w[4], 0);
    }
}

static void each_policy_keeps_every_byte(void)
{
    uint64_t seed = 0x706f6c69637921UL;
    for (unsigned p = 0; p < NAMES && gt_failed == 0; p++) {
        REQUIRE(policy_set(0, PAGER_POLICY_SET, names[p]) == OK);
        struct ipc_msg m = policy_stat(names[p]);
        uint64_t before = evictions(), victims = m.w[1], faults = m.w[2], steps = 0;
        write_all();
        for (; evictions() - before < EVICTIONS && steps < 200 && gt_failed == 0; steps++)
            work(&seed, 1000);
        check_all();
        m = policy_stat(names[p]);
        CHECK(evictions() - before >= EVICTIONS);
        CHECK(m.w[1] - victims >= EVICTIONS / 2);
        CHECK(m.w[2] > faults);
        printf("  %-7s %lu evictions, %lu of them proposed, %lu faults on evicted pages in %lu accesses\n", names[p],
               evictions() - before, m.w[1] - victims, m.w[2] - faults, steps * 1000);
    }
    nobody_was_replaced();
}

static void changes_under_way(bool killing)
{
    uint64_t seed = 0x73776974636821UL, before, changes = 0, kills = 0, changes_of[NAMES] = {0};
    write_all();
    REQUIRE(policy_set(0, PAGER_POLICY_SET, names[0]) == OK);
    before = evictions();
    for (; (changes < CHANGES || evictions() - before < EVICTIONS) && changes < 1000 && gt_failed == 0; changes++) {
        unsigned p = (unsigned)(gt_random(&seed) >> 8) % NAMES;
        if (killing && kills < KILLS && changes % 5 == 0) {
            struct ipc_msg m = {.w = {INIT_KILL_SERVER, SERVER_PAGER, sys_time() + gt_random(&seed) % 20000}};
            CHECK_EQ(ipc_call(H_INIT, &m), OK);
            kills++;
        }
        work(&seed, 150);
        CHECK_EQ(policy_set(0, PAGER_POLICY_SET, names[p]), OK);
        changes_of[p]++;
    }
    check_all();
    CHECK(changes >= CHANGES);
    CHECK(evictions() - before >= EVICTIONS);
    printf("  %lu changes of policy among %lu evictions, the pager killed %lu times\n", changes, evictions() - before, kills);
    for (unsigned p = 0; p < NAMES; p++)
        CHECK(changes_of[p] > 10);
    nobody_was_replaced();
}

static void a_hundred_changes_among_ten_thousand_evictions(void) { changes_under_way(false); }

static void the_same_while_the_pager_is_killed(void) { changes_under_way(true); }

/* A child works on pages that it shares with its parent, in the store and out of it. */
static void child_works(void *arg)
{
    uint64_t seed = *(uint64_t *)arg;
    work(&seed, 1500);
    check_all();
}
static void shared_pages_survive_changes(void)
{
    write_all();
    for (uint64_t i = 1; i <= 8 && gt_failed == 0; i++) {
        uint64_t seed = i * 77;
        CHECK_EQ(policy_set(0, PAGER_POLICY_SET, names[i % NAMES]), OK);
        pid_t pid = gt_child(child_works, &seed);
        seed += 1000;
        work(&seed, 700);
        CHECK_EQ(policy_set(0, PAGER_POLICY_SET, names[(i + 1) % NAMES]), OK);
        work(&seed, 700);
        gt_expect_exit(pid, 0);
        check_all();
    }
    nobody_was_replaced();
}

static void own_policy(void *arg)
{
    char name[17];
    bool own;
    uint64_t seed = 5;
    (void)arg;
    write_all(); /* pages of its own */
    CHECK_EQ(policy_set(gt_own_space(), PAGER_POLICY_SET, "aging"), OK);
    policy_get(gt_own_space(), name, &own);
    CHECK(own && strcmp(name, "aging") == 0);
    work(&seed, 2000);
    policy_get(0, name, &own);
    CHECK(!own && strcmp(name, "random") == 0);
    CHECK_EQ(policy_set(gt_own_space(), PAGER_POLICY_SET, "clock"), OK);
    work(&seed, 2000);
    CHECK_EQ(policy_set(gt_own_space(), PAGER_POLICY_COMMON, ""), OK);
    policy_get(gt_own_space(), name, &own);
    CHECK(!own && strcmp(name, "random") == 0);
    work(&seed, 1000);
    check_all();
}
static void a_process_can_have_its_own(void)
{
    REQUIRE(policy_set(0, PAGER_POLICY_SET, "random") == OK);
    write_all();
    RUN_CHILD(own_policy, NULL);
    check_all();
    nobody_was_replaced();
}

static void wrong_requests_are_refused(void)
{
    char before[17], after[17];
    bool own;
    policy_get(0, before, &own);
    CHECK_EQ(policy_set(0, PAGER_POLICY_SET, "lru"), ERR_NOENT);
    CHECK_EQ(policy_set(0, PAGER_POLICY_SET, ""), ERR_NOENT);
    CHECK_EQ(policy_set(0, PAGER_POLICY_SET, "fifofifofifofifo"), ERR_NOENT);
    CHECK_EQ(policy_set(0, PAGER_POLICY_COMMON, ""), ERR_INVAL);
    CHECK_EQ(policy_set(0, 99, "fifo"), ERR_INVAL);
    CHECK_EQ(policy_set(0xffff0003, PAGER_POLICY_SET, "fifo"), ERR_NOENT);
    CHECK_EQ(policy_set(1UL << 32, PAGER_POLICY_SET, "fifo"), ERR_NOENT);
    struct ipc_msg m = {.w = {PAGER_POLICY_INFO, 0}};
    CHECK_EQ(pager_call(H_PAGER, &m), ERR_NOENT);
    m = (struct ipc_msg){.w = {PAGER_POLICY_INFO, ~0UL}};
    CHECK_EQ(pager_call(H_PAGER, &m), ERR_NOENT);
    m = (struct ipc_msg){.w = {PAGER_POLICY_STAT, 1UL << 40}};
    CHECK_EQ(pager_call(H_PAGER, &m), ERR_NOENT);
    policy_get(0, after, &own);
    CHECK(strcmp(before, after) == 0);
}

GT_MAIN(CASE(wrong_requests_are_refused), CASE(each_policy_keeps_every_byte),
        CASE(a_hundred_changes_among_ten_thousand_evictions), CASE(the_same_while_the_pager_is_killed),
        CASE(shared_pages_survive_changes), CASE(a_process_can_have_its_own))
