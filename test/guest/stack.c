/* SPDX-License-Identifier: MIT
 * Proves that the stack grows on faults down to its guard and not beyond, and that it is copied by fork like the rest.
 */
#define GT_NAME "stack"
#include "gtest.h"
#include <ipc/procmgr.h>
#include <pagoda/thread.h>

void _start(void); /* crt0 */

/* Uses about 1 KiB a level; not a tail call, so the levels add up. */
static __attribute__((noinline)) uint64_t deep(unsigned levels)
{
    volatile uint8_t frame[1000];
    frame[0] = (uint8_t)levels;
    frame[999] = (uint8_t)(levels >> 8);
    if (levels == 0)
        return 0;
    uint64_t below = deep(levels - 1);
    return below + 1 + (frame[0] != (uint8_t)levels) + (frame[999] != (uint8_t)(levels >> 8));
}
static void seven_megabytes(void *unused)
{
    (void)unused;
    long before = gt_frames_free();
    CHECK_EQ(deep(6800), 6800);
    CHECK(before - gt_frames_free() > 1500); /* it really went there */
}
static void grows_by_faults(void) { RUN_CHILD(seven_megabytes, NULL); }
static void endless(void *unused)
{
    (void)unused;
    CHECK_EQ(deep(1u << 30), 0);
}
static void an_overflow_kills_the_offender_alone(void)
{
    volatile uint64_t mine = 0x77;
    gt_expect_signal(gt_child(endless, NULL), SIGSEGV);
    CHECK_EQ(mine, 0x77);
}
static void a_big_step(void *unused)
{
    (void)unused;
    volatile uint8_t *here = __builtin_frame_address(0);
    here[-(1L << 20)] = 5; /* a frame of a megabyte, touched at its far end first */
    here[-(6L << 20)] = 6;
    CHECK(here[-(1L << 20)] == 5 && here[-(6L << 20)] == 6);
    CHECK_EQ(here[-(3L << 20)], 0);
}
static void big_frames_may_skip_pages(void) { RUN_CHILD(a_big_step, NULL); }

static void child_of_deep_stack(void *p)
{
    volatile uint64_t *words = p;
    for (int i = 0; i < 2048; i++)
        CHECK_EQ(words[i], gt_mark(4, (uint64_t)i));
    for (int i = 0; i < 2048; i++)
        words[i] = 0;
}
static void is_copied_by_fork(void)
{
    volatile uint64_t words[2048];
    for (int i = 0; i < 2048; i++)
        words[i] = gt_mark(4, (uint64_t)i);
    RUN_CHILD(child_of_deep_stack, (void *)(uintptr_t)words);
    for (int i = 0; i < 2048; i++)
        CHECK_EQ(words[i], gt_mark(4, (uint64_t)i));
}
static void *overflows(void *unused)
{
    (void)unused;
    return (void *)(uintptr_t)deep(1u << 30);
}
static void *uses_its_stack(void *unused)
{
    (void)unused;
    return (void *)(uintptr_t)deep(200);
}
static void thread_stack(void *unused)
{
    (void)unused;
    struct thread *t = NULL;
    void *result = NULL;
    CHECK_EQ(thread_create(&t, uses_its_stack, NULL), 0);
    CHECK_EQ(thread_join(t, &result), 0);
    CHECK_EQ((uintptr_t)result, 200);
    CHECK_EQ(thread_create(&t, overflows, NULL), 0);
    thread_join(t, NULL);
}
static void a_threads_stack_has_its_own_guard(void) { gt_expect_signal(gt_child(thread_stack, NULL), SIGSEGV); }

/* What every process writes lies under one leaf table; a fork and an exit cost by the table. */
static void lies_below_the_program(void)
{
    static uint64_t word;
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    CHECK(here < PROC_STACK_TOP && here > PROC_STACK_TOP - 16 * PAGE_SIZE);
    CHECK_EQ((uint64_t)(uintptr_t)_start, PROC_PROGRAM_VA);
    CHECK_EQ(here / CHUNK_SIZE, (uintptr_t)&word / CHUNK_SIZE);
}

GT_MAIN(CASE(grows_by_faults), CASE(an_overflow_kills_the_offender_alone), CASE(big_frames_may_skip_pages),
        CASE(is_copied_by_fork), CASE(a_threads_stack_has_its_own_guard), CASE(lies_below_the_program))
