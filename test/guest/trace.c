/* SPDX-License-Identifier: MIT
 * Proves that the event ring tells what happened: one store fault as FAULT, DELIVER, FAULT_REPLY, RESUME in order,
 * with rising instruction counts, and that counters count.
 */
#define GT_NAME "trace"
#include "gtest.h"

#include <pagoda/thread.h>

static uint8_t page[4][PAGE_SIZE] __attribute__((aligned(4096)));

static uint64_t newest(void)
{
    uint64_t seq = 1, w[4], step = 1UL << 40;
    CHECK_EQ(sys_trace_read(H_KERNEL, 0, &seq, w), OK); /* seq is now the oldest kept */
    for (; step > 0; step >>= 1) {
        uint64_t try = seq + step;
        if (sys_trace_read(H_KERNEL, 0, &try, w) == OK)
            seq += step;
    }
    return seq;
}
/* The next event at or after *seq of this kind. */
static bool find(uint64_t *seq, unsigned kind, uint64_t w[4])
{
    for (int i = 0; i < 400; i++, ++*seq) {
        if (sys_trace_read(H_KERNEL, 0, seq, w) != OK)
            return false;
        if (((w[1] >> 32) & 0xffff) == kind)
            return true;
    }
    return false;
}
static void a_store_fault_is_four_events_in_order(void)
{
    CHECK_EQ(thread_set_hart(0), 0); /* whose ring and counters are read */
    uint64_t seq = newest(), w[4], at, id, thread;
    uint64_t before = sys_instret();
    page[1][40] = 1;
    uint64_t after = sys_instret();
    do {
        seq++;
        REQUIRE(find(&seq, TRACE_FAULT, w));
    } while (w[2] != (uint64_t)(uintptr_t)&page[1][40]);
    thread = (uint32_t)w[1];
    at = w[0];
    CHECK(at > before && at < after);
    REQUIRE(find(&seq, TRACE_DELIVER, w));
    CHECK_EQ(w[2], (uint64_t)(uintptr_t)&page[1][40]);
    CHECK(w[0] > at);
    at = w[0];
    id = w[3];
    REQUIRE(find(&seq, TRACE_FAULT_REPLY, w));
    CHECK_EQ(w[3], id);
    CHECK_EQ(w[2] & 0xff, FAULT_MAP);
    CHECK(w[0] > at);
    at = w[0];
    REQUIRE(find(&seq, TRACE_RESUME, w));
    CHECK_EQ(w[3], (uint64_t)(uintptr_t)&page[1][40]);
    CHECK_EQ((uint32_t)w[1], thread);
    CHECK(w[0] > at && w[0] < after);
}
static void events_of_the_past_and_future(void)
{
    CHECK_EQ(thread_set_hart(0), 0); /* whose ring and counters are read */
    uint64_t w[4], seq = newest();
    for (int i = 0; i < 3; i++)
        page[2][i]++;
    uint64_t future = seq + 1000000;
    CHECK_EQ(sys_trace_read(H_KERNEL, 0, &future, w), ERR_NOENT);
    for (unsigned i = 0; i < TRACE_RING * 2; i++) /* push the old ones out */
        (void)gt_processes();
    uint64_t old = seq;
    CHECK_EQ(sys_trace_read(H_KERNEL, 0, &old, w), OK);
    CHECK(old > seq); /* the oldest still kept */
    uint64_t none = 1;
    CHECK(sys_trace_read(H_KERNEL, 99, &none, w) < 0);
}
static void the_ring_does_not_skip(void)
{
    uint64_t w[4], last = 0, end = newest(), seq = end > 1000 ? end - 1000 : 1;
    for (uint64_t s = seq; s < end; s++) {
        uint64_t got = s;
        CHECK_EQ(sys_trace_read(H_KERNEL, 0, &got, w), OK);
        CHECK_EQ(got, s);
        CHECK(w[0] >= last);
        unsigned kind = (w[1] >> 32) & 0xffff;
        CHECK(kind >= 1 && kind < TRACE_KINDS_END);
        last = w[0];
        if (gt_failed)
            break;
    }
}
static void counters_count(void)
{
    CHECK_EQ(thread_set_hart(0), 0); /* whose ring and counters are read */
    uint64_t calls = gt_kernel_counter(KC_SYSCALLS), faults = gt_kernel_counter(KC_FAULT_MSGS);
    uint64_t stores = gt_kernel_counter(KC_TRAP + 15);
    for (int i = 0; i < 100; i++)
        (void)sys_null();
    CHECK(gt_kernel_counter(KC_SYSCALLS) >= calls + 100);
    page[3][0] = 1;
    CHECK_EQ(gt_kernel_counter(KC_FAULT_MSGS), faults + 1);
    CHECK_EQ(gt_kernel_counter(KC_TRAP + 15), stores + 1);
    uint64_t v;
    CHECK(sys_kernel_info(H_KERNEL, 0, 9999, &v) < 0);
    CHECK(sys_kernel_info(H_KERNEL, 77, KC_SYSCALLS, &v) < 0);
}

/* For test/qemu/test_trap_log.py: some traffic, then all trap counters of one moment; the system calls are read last. */
static void touch(void *unused)
{
    (void)unused;
    for (int i = 0; i < 4; i++)
        page[i][0]++;
    __asm__ volatile(".word 0");
}
static int print_counters(void)
{
    uint64_t now[32], again[32], calls;
    for (int i = 0; i < 20; i++)
        gt_expect_signal(gt_child(touch, NULL), SIGILL);
    fflush(stdout);
    bool same = false;
    for (int tries = 0; tries < 100 && !same; tries++) { /* until no interrupt fell in between */
        same = true;
        for (unsigned i = 0; i < 32; i++)
            now[i] = gt_kernel_counter(KC_TRAP + i);
        for (unsigned i = 0; i < 32; i++)
            again[i] = gt_kernel_counter(KC_TRAP + i);
        calls = gt_kernel_counter(KC_TRAP + 8);
        for (unsigned i = 0; i < 32; i++)
            same = same && (i == 8 || now[i] == again[i]);
    }
    again[8] = calls;
    for (unsigned i = 0; i < 32; i++)
        printf(":trap %u %lu\n", i, (unsigned long)again[i]);
    return !same;
}

static const struct gt_case cases[] = {CASE(a_store_fault_is_four_events_in_order), CASE(counters_count),
                                       CASE(the_ring_does_not_skip), CASE(events_of_the_past_and_future), {NULL, NULL}};
int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--counters") == 0)
        return print_counters();
    return gt_main(argc, argv, cases);
}
