/* SPDX-License-Identifier: MIT
 * Replacement without a machine: victims of every policy against sequences computed by hand, hand-over between all pairs of
 * policies, domains, and what becomes of policies that loop, assert, propose nonsense, touch others' pages or crash.
 * SOURCES: servers/pager/replace.c servers/pager/guard.c servers/pager/report.c servers/pager/ledger.c servers/pager/policy/
 * SOURCES: test/policies/assertion.c test/policies/loop.c test/policies/nonsense.c test/policies/stranger.c test/host/replace/
 * INCLUDES: microkernel/include libipc/include servers/pager test/host/replace
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "frames.h"
#include "guard.h"
#include "ledger.h"
#include "replace.h"
#include "report.h"

static const char *const sound[] = {"aging", "clock", "fifo", "random"};
#define SOUND (sizeof sound / sizeof sound[0])

/* ---- reference strings: a letter is a page ---- */

#define PAGE_A 1000u /* page of 'a' */

static uint32_t page_of(char letter) { return PAGE_A + (uint32_t)(letter - 'a'); }

static void evict_one(uint32_t domain, char *victims)
{
    uint32_t page = replace_victim(domain);
    assert_int_not_equal(page, POLICY_NONE);
    assert_int_equal(replace_domain_of(page), domain);
    replace_page_out(domain, page);
    frames_used[page] = false;
    if (victims)
        strncat(victims, (char[]){(char)('a' + (page - PAGE_A)), 0}, 1);
}

/* Access the pages of the string one after another with so many frames. Returns the faults. */
static unsigned play(const char *string, unsigned frames, char *victims)
{
    unsigned faults = 0;
    victims[0] = 0;
    for (; *string; string++) {
        uint32_t page = page_of(*string);
        if (replace_domain_of(page) == REPLACE_NOWHERE) {
            faults++;
            if (replace_pages(0) == frames)
                evict_one(0, victims);
            replace_page_in(0, page);
        }
        frames_used[page] = true;
    }
    return faults;
}

static void expect(const char *policy, const char *string, unsigned frames, const char *victims)
{
    char got[64];
    frames_begin(policy);
    play(string, frames, got);
    assert_string_equal(got, victims);
    frames_end();
}

static void fifo_evicts_in_the_order_of_arrival(void **state)
{
    (void)state;
    expect("fifo", "abcdabeabcde", 3, "abcdab");
    expect("fifo", "aaabbbaaacccaaad", 3, "a");
}

static void fifo_shows_beladys_anomaly(void **state)
{
    char victims[64];
    (void)state;
    frames_begin("fifo");
    assert_int_equal(play("abcdabeabcde", 3, victims), 9);
    frames_end();
    frames_begin("fifo");
    assert_int_equal(play("abcdabeabcde", 4, victims), 10);
    frames_end();
}

/* All three used: the hand clears a round and takes a. b is used again: spared, c goes. d is spared (it is new), b's chance is over:
 * b. Then e, d and c are all used: a round, and e. d has not been used since: d. */
static void clock_gives_a_second_chance(void **state)
{
    (void)state;
    expect("clock", "abcdbecdacb", 3, "acbed");
}

/* Bits, newest left, when each victim is chosen:
 *   d: a 11 b 11 c 11: all used, a came first                 e: b 111 c 011 d 11: c
 *   c: b 0111 d 011 e 11: d                                   d: b 00111 e 011 c 11: b */
static void aging_evicts_who_was_used_longest_ago(void **state)
{
    (void)state;
    expect("aging", "abcdbecd", 3, "acdb");
}

/* A page used often, then not at all, outlives one used once at the same time. */
static void aging_remembers_more_than_one_use(void **state)
{
    (void)state;
    expect("aging", "abcdbec", 3, "acd"); /* neither b nor d was used lately, but b before that */
    expect("clock", "abcdbec", 3, "acb");
}

static void random_is_fair(void **state)
{
    unsigned times[8] = {0};
    (void)state;
    frames_begin("random");
    for (uint32_t i = 0; i < 8; i++)
        replace_page_in(0, PAGE_A + i);
    for (unsigned i = 0; i < 8000; i++)
        times[replace_victim(0) - PAGE_A]++;
    for (unsigned i = 0; i < 8; i++)
        assert_in_range(times[i], 850, 1150); /* 1000 expected, five standard deviations */
    frames_end();
}

/* ---- every policy ---- */

/* Evict everything; each page leaves once. */
static void drain(uint32_t domain, uint32_t pages)
{
    assert_int_equal(replace_pages(domain), pages);
    for (uint32_t i = 0; i < pages; i++)
        evict_one(domain, NULL);
    assert_int_equal(replace_pages(domain), 0);
    assert_int_equal(replace_victim(domain), POLICY_NONE);
}

static void every_page_leaves_once(void **state)
{
    (void)state;
    for (unsigned p = 0; p < SOUND; p++) {
        for (uint32_t pages = 1; pages <= 400; pages = pages * 3 + 1) {
            frames_begin(sound[p]);
            for (uint32_t i = 0; i < pages; i++) {
                replace_page_in(0, PAGE_A + i);
                frames_used[PAGE_A + i] = i % 3 == 0;
            }
            drain(0, pages);
            assert_int_equal(ledger.header->policy_stat[replace_policy_number(sound[p])].victims, pages);
            assert_int_equal(ledger.header->reports, 0);
            frames_end();
        }
    }
}

static uint64_t seed;
static uint32_t dice(uint32_t sides)
{
    seed = seed * 6364136223846793005UL + 1442695040888963407UL;
    return (uint32_t)(seed >> 33) % sides;
}

#define CROWD 300u

/* One random event of a domain whose pages are [first, first + CROWD). */
static void something(uint32_t domain, uint32_t first)
{
    uint32_t page = first + dice(CROWD);
    frames_used[page] = dice(2);
    frames_busy[page] = dice(16) == 0;
    if (dice(4) == 0) {
        uint32_t victim = replace_victim(domain);
        if (victim == POLICY_NONE)
            return;
        assert_in_range(victim, first, first + CROWD - 1);
        assert_int_equal(replace_domain_of(victim), domain);
        assert_false(frames_busy[victim]);
        replace_page_out(domain, victim);
    } else if (replace_domain_of(page) == REPLACE_NOWHERE) {
        replace_page_in(domain, page);
    } else if (dice(3) == 0) {
        replace_page_out(domain, page);
    }
}

static uint32_t count_pages(uint32_t domain, uint32_t first)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < CROWD; i++)
        n += replace_domain_of(first + i) == domain;
    return n;
}

/* Two domains, each with a policy of its own that changes again and again; nothing is lost, nothing strays. */
static void policies_change_under_way(void **state)
{
    (void)state;
    seed = 2;
    frames_begin("random");
    ledger.space[7].live = 1;
    assert_int_equal(replace_set_policy(7, "aging"), OK);
    for (unsigned i = 0; i < 60000; i++) {
        something(0, 1000);
        something(7, 5000);
        if (i % 50 == 0)
            assert_int_equal(replace_set_policy(dice(2) * 7, sound[dice(SOUND)]), OK);
        if (i % 1000 == 0)
            assert_int_equal(replace_pages(0), count_pages(0, 1000));
    }
    assert_int_equal(ledger.header->reports, 0);
    for (unsigned p = 0; p < SOUND; p++) {
        struct ledger_policy *s = &ledger.header->policy_stat[replace_policy_number(sound[p])];
        assert_true(s->victims > 100); /* the rest came from the built-in order: what they proposed was busy */
        assert_int_equal(s->bad + s->deposed, 0);
    }
    memset(frames_busy, 0, sizeof(frames_busy));
    drain(0, count_pages(0, 1000));
    drain(7, count_pages(7, 5000));
    frames_end();
}

/* ---- hand-over ---- */

/* The order in which `policy` would let 10 pages go, of which some were used; learned with fifo, which keeps it. */
static void order_after(const char *policy, const char *through, char *order)
{
    char ignored[64];
    frames_begin(policy);
    play("abcdefghijk", 10, ignored);
    play("bdbdl", 10, ignored);
    assert_int_equal(replace_set_policy(0, through), OK);
    (void)replace_victim(0); /* told of all */
    assert_int_equal(replace_set_policy(0, "fifo"), OK);
    order[0] = 0;
    for (unsigned i = 0; i < 10; i++)
        evict_one(0, order);
    frames_end();
}

static void a_hand_over_keeps_the_order(void **state)
{
    char order[64];
    (void)state;
    order_after("fifo", "fifo", order);
    assert_string_equal(order, "cdefghijkl");
    /* at k all had been used: a round, a left. At l b had been used again: to the end; c left */
    order_after("clock", "fifo", order);
    assert_string_equal(order, "defghijkbl");
    /* at l the hand looked at b, c, d, e: b and d had been used, c left; e is the only other one that has been found unused,
     * so it is the next. The hand stands at f. l was never told */
    order_after("aging", "fifo", order);
    assert_string_equal(order, "efghijkbdl");
    /* clock finds all used, goes round once and has the order that fifo gave it */
    order_after("fifo", "clock", order);
    assert_string_equal(order, "cdefghijkl");
    order_after("random", "fifo", order);
    assert_int_equal(strlen(order), 10);
}

static void all_pairs_lose_nothing(void **state)
{
    (void)state;
    for (unsigned a = 0; a < SOUND; a++) {
        for (unsigned b = 0; b < SOUND; b++) {
            seed = a * 16 + b;
            frames_begin(sound[a]);
            for (unsigned i = 0; i < 500; i++)
                something(0, 1000);
            memset(frames_busy, 0, sizeof(frames_busy));
            assert_int_equal(replace_set_policy(0, sound[b]), OK);
            assert_int_equal(replace_policy_of(0), replace_policy_number(sound[b]));
            drain(0, count_pages(0, 1000));
            assert_int_equal(ledger.header->reports, 0);
            assert_int_equal(ledger.header->policy_stat[replace_policy_number(sound[a])].bad, 0);
            frames_end();
        }
    }
}

/* With pages that the old policy was not told of yet: they are the youngest. */
static void a_hand_over_takes_the_untold_along(void **state)
{
    (void)state;
    frames_begin("clock");
    for (uint32_t i = 0; i < 3 * REPLACE_TELL_MAX; i++)
        replace_page_in(0, 2000 + i);
    assert_int_equal(replace_victim(0), 2000);
    assert_int_equal(replace_set_policy(0, "fifo"), OK);
    for (uint32_t i = 0; i < 3 * REPLACE_TELL_MAX; i++) {
        assert_int_equal(replace_victim(0), 2000 + i);
        replace_page_out(0, 2000 + i);
    }
    frames_end();
}

/* ---- domains ---- */

static void a_process_has_its_own_policy_or_everybodys(void **state)
{
    (void)state;
    frames_begin("clock");
    assert_int_equal(replace_set_policy(0, "no such"), ERR_NOENT);
    assert_int_equal(replace_set_policy(0, ""), ERR_NOENT);
    assert_int_equal(replace_set_policy(5, "aging"), OK);
    assert_true(replace_has_own(5));
    replace_page_in(5, 10);
    replace_page_in(6, 20);
    replace_page_in(0, 30);
    assert_int_equal(replace_victim(5), 10);
    assert_int_equal(replace_victim(6), 20);
    assert_int_equal(replace_set_policy(0, "random"), OK); /* 5 has its own, 6 goes along */
    assert_int_equal(replace_policy_of(5), replace_policy_number("aging"));
    assert_int_equal(replace_policy_of(6), replace_policy_number("random"));
    assert_int_equal(replace_set_policy(5, ""), OK);
    assert_int_equal(replace_policy_of(5), replace_policy_number("random"));
    replace_page_out(5, 10);
    assert_int_equal(replace_set_policy(5, "fifo"), OK);
    replace_forget(5);
    assert_false(replace_has_own(5));
    assert_int_equal(replace_victim(5), POLICY_NONE);
    frames_end();
}

static void a_restart_keeps_the_choice(void **state)
{
    (void)state;
    frames_begin("");
    assert_int_equal(replace_policy_of(0), replace_policy_number("fifo"));
    assert_int_equal(replace_set_policy(0, "clock"), OK);
    assert_int_equal(replace_set_policy(3, "random"), OK);
    replace_page_in(0, 1);
    frames_restart();
    assert_int_equal(replace_pages(0), 0);
    assert_int_equal(replace_policy_of(0), replace_policy_number("clock"));
    assert_int_equal(replace_policy_of(3), replace_policy_number("random"));
    frames_end();
}

static void an_unknown_name_at_boot_is_told_and_fifo_serves(void **state)
{
    struct ipc_msg m;
    (void)state;
    frames_begin("lru");
    assert_int_equal(replace_policy_of(0), replace_policy_number("fifo"));
    assert_int_equal(report_read(0, &m), OK);
    assert_int_equal(m.w[2], REPORT_UNKNOWN);
    assert_string_equal((char *)&m.w[3], "lru");
    frames_end();
}

/* A page that can't leave just now is passed over, and is nobody's mistake. */
static void busy_pages_are_passed_over(void **state)
{
    (void)state;
    frames_begin("fifo");
    for (uint32_t i = 0; i < 4; i++)
        replace_page_in(0, 100 + i);
    frames_busy[100] = frames_busy[101] = true;
    assert_int_equal(replace_victim(0), 102);
    frames_busy[102] = frames_busy[103] = true;
    assert_int_equal(replace_victim(0), POLICY_NONE);
    assert_int_equal(ledger.header->policy_stat[replace_policy_number("fifo")].bad, 0);
    frames_end();
}

/* ---- policies that misbehave ---- */

/* Evict and bring in again until `policy` is deposed. Returns the victims until then. */
static unsigned until_deposed(const char *policy)
{
    uint32_t number = replace_policy_number(policy);
    unsigned victims = 0;
    assert_int_not_equal(number, 0);
    for (uint32_t i = 0; i < 20; i++)
        replace_page_in(0, PAGE_A + i);
    for (; ledger.header->policy_stat[number].deposed == 0; victims++) {
        assert_true(victims < 1000);
        uint32_t page = replace_victim(0);
        assert_in_range(page, PAGE_A, PAGE_A + 19);
        replace_page_out(0, page);
        replace_page_in(0, page);
    }
    assert_int_equal(replace_policy_of(0), replace_policy_number("fifo"));
    assert_int_equal(ledger.header->in_policy, 0);
    return victims;
}

static void expect_report(const char *policy, enum pager_report reason, uint64_t hook)
{
    struct ipc_msg m;
    assert_int_equal(frames_signalled, 1);
    assert_int_equal(report_read(0, &m), OK);
    assert_int_equal(m.w[2], reason);
    assert_string_equal((char *)&m.w[3], policy);
    if (hook)
        assert_int_equal(m.w[6] & 0xff, hook);
    assert_int_equal(report_read(1, &m), ERR_NOENT);
}

static void a_policy_that_loops_is_ended(void **state)
{
    (void)state;
    frames_begin("loop");
    assert_int_equal(until_deposed("loop"), 101);
    expect_report("loop", REPORT_BUDGET, HOOK_VICTIM);
    drain(0, 20);
    frames_end();
}

static void a_policy_that_asserts_is_ended(void **state)
{
    struct ipc_msg m;
    (void)state;
    frames_begin("assertion");
    assert_int_equal(until_deposed("assertion"), 51);
    expect_report("assertion", REPORT_ASSERT, HOOK_PAGE_OUT);
    assert_int_equal(report_read(0, &m), OK);
    assert_in_range(m.w[6] >> 8, 20, 30); /* the line */
    drain(0, 20);
    frames_end();
}

static void nonsense_is_counted_and_replaced(void **state)
{
    (void)state;
    frames_begin("nonsense");
    unsigned victims = until_deposed("nonsense");
    assert_int_equal(ledger.header->policy_stat[replace_policy_number("nonsense")].bad, POLICY_BAD_MAX);
    assert_true(victims >= POLICY_BAD_MAX);
    expect_report("nonsense", REPORT_NONSENSE, 0);
    drain(0, 20);
    frames_end();
}

static void a_policy_touches_its_own_pages_only(void **state)
{
    (void)state;
    frames_begin("stranger");
    replace_page_in(9, 0);
    until_deposed("stranger");
    expect_report("stranger", REPORT_PAGE, HOOK_VICTIM);
    assert_int_equal(ledger.policy_node[0].word[0], 0);
    frames_end();
}

/* What it says at a hand-over is checked, too: it hands over pages that it does not have. */
static void nonsense_loses_no_page_at_a_hand_over(void **state)
{
    (void)state;
    frames_begin("nonsense");
    for (uint32_t i = 0; i < 40; i++)
        replace_page_in(0, PAGE_A + i);
    (void)replace_victim(0);
    assert_int_equal(replace_set_policy(0, "clock"), OK);
    drain(0, 40);
    frames_end();
}

static void a_deposed_policy_leaves_all_its_domains(void **state)
{
    (void)state;
    frames_begin("clock");
    assert_int_equal(replace_set_policy(4, "loop"), OK);
    assert_int_equal(replace_set_policy(5, "loop"), OK);
    replace_page_in(4, 100);
    replace_page_in(5, 200);
    assert_int_equal(replace_victim(5), 200);
    for (unsigned i = 0; i < 200; i++)
        assert_int_equal(replace_victim(4), 100);
    assert_int_equal(replace_policy_of(4), replace_policy_number("fifo"));
    assert_int_equal(replace_policy_of(5), replace_policy_number("fifo"));
    assert_int_equal(replace_policy_of(0), replace_policy_number("clock"));
    assert_int_equal(replace_victim(5), 200);
    frames_end();
}

/* A crash in a policy's code is its fault; a kill that somebody asked for is not, nor is a crash elsewhere. */
static void a_crash_is_laid_at_the_right_door(void **state)
{
    struct ipc_msg m;
    (void)state;
    frames_begin("clock");
    ledger.header->in_policy = replace_policy_number("clock");
    frames_restart();
    assert_int_equal(replace_policy_of(0), replace_policy_number("clock"));
    frames_restart_after_crash();
    assert_int_equal(replace_policy_of(0), replace_policy_number("clock"));
    assert_int_equal(ledger.header->reports, 0);
    ledger.header->in_policy = replace_policy_number("clock");
    ledger.header->in_hook = HOOK_VICTIM;
    frames_restart_after_crash();
    assert_int_equal(replace_policy_of(0), replace_policy_number("fifo"));
    assert_int_equal(report_read(0, &m), OK);
    assert_int_equal(m.w[2], REPORT_CRASH);
    assert_string_equal((char *)&m.w[3], "clock");
    /* fifo itself: the built-in order is left */
    ledger.header->in_policy = replace_policy_number("fifo");
    frames_restart_after_crash();
    assert_int_equal(replace_policy_of(0), 0);
    for (uint32_t i = 0; i < 100; i++)
        replace_page_in(0, 50 + i);
    drain(0, 100);
    assert_int_equal(replace_set_policy(0, "fifo"), OK); /* and may be chosen again */
    assert_int_equal(replace_policy_of(0), replace_policy_number("fifo"));
    frames_end();
}

static void only_the_last_reports_are_kept(void **state)
{
    struct ipc_msg m;
    (void)state;
    frames_begin("fifo");
    for (unsigned i = 0; i < 3 * REPORTS_MAX; i++)
        report("x", REPORT_NONSENSE, 0, i);
    unsigned seen = 0;
    for (uint32_t after = 0; report_read(after, &m) == OK; after = (uint32_t)m.w[1])
        assert_int_equal(m.w[6], 2 * REPORTS_MAX + seen++);
    assert_int_equal(seen, REPORTS_MAX);
    frames_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fifo_evicts_in_the_order_of_arrival),
        cmocka_unit_test(fifo_shows_beladys_anomaly),
        cmocka_unit_test(clock_gives_a_second_chance),
        cmocka_unit_test(aging_evicts_who_was_used_longest_ago),
        cmocka_unit_test(aging_remembers_more_than_one_use),
        cmocka_unit_test(random_is_fair),
        cmocka_unit_test(every_page_leaves_once),
        cmocka_unit_test(policies_change_under_way),
        cmocka_unit_test(a_hand_over_keeps_the_order),
        cmocka_unit_test(all_pairs_lose_nothing),
        cmocka_unit_test(a_hand_over_takes_the_untold_along),
        cmocka_unit_test(a_process_has_its_own_policy_or_everybodys),
        cmocka_unit_test(a_restart_keeps_the_choice),
        cmocka_unit_test(an_unknown_name_at_boot_is_told_and_fifo_serves),
        cmocka_unit_test(busy_pages_are_passed_over),
        cmocka_unit_test(a_policy_that_loops_is_ended),
        cmocka_unit_test(a_policy_that_asserts_is_ended),
        cmocka_unit_test(nonsense_is_counted_and_replaced),
        cmocka_unit_test(a_policy_touches_its_own_pages_only),
        cmocka_unit_test(nonsense_loses_no_page_at_a_hand_over),
        cmocka_unit_test(a_deposed_policy_leaves_all_its_domains),
        cmocka_unit_test(a_crash_is_laid_at_the_right_door),
        cmocka_unit_test(only_the_last_reports_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
