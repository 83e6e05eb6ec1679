/* SPDX-License-Identifier: MIT
 * Proves that counts do not wrap or stop at a small number: more than 300 processes share one text page, and as many
 * share one data page; and that a table full of processes refuses the next one instead of breaking.
 */
#define GT_NAME "manyproc"
#include "gtest.h"

#define MANY 310
static uint64_t data_page[512] __attribute__((aligned(4096))) = {1};
static pid_t pid[MANY];

static __attribute__((noinline, aligned(64))) int text_function(int x) { return x + 1; }

static void member(void *arg)
{
    int i = (int)(intptr_t)arg;
    __atomic_add_fetch(&GT_SHARED->word[0], 1, __ATOMIC_SEQ_CST);
    while (GT_SHARED->word[1] == 0)
        gt_sleep_us(200000); /* three hundred that look more often leave several harts no time for anything else */
    CHECK_EQ(data_page[0], 1);
    data_page[0] = (uint64_t)text_function(i);
    CHECK_EQ(data_page[0], i + 1);
}
static void three_hundred_share_one_text_page(void)
{
    uint64_t old = gt_strategy_set(FORK_COW);
    REQUIRE(gt_shared_open() == OK);
    data_page[0] = 1;
    CHECK_EQ(text_function(1), 2);
    uint64_t refs = gt_page_info(0, (void *)text_function).refs;
    int n = 0;
    for (; n < MANY && gt_failed == 0; n++)
        pid[n] = gt_child(member, (void *)(intptr_t)n);
    gt_await(0, (uint64_t)n);
    CHECK_EQ(gt_page_info(0, (void *)text_function).refs, refs + MANY);
    CHECK_EQ(gt_page_info(0, data_page).refs, 1 + MANY);
    CHECK_EQ(gt_vmcheck(), 0);
    GT_SHARED->word[1] = 1;
    while (n-- > 0)
        gt_expect_exit(pid[n], 0);
    CHECK_EQ(gt_page_info(0, (void *)text_function).refs, refs);
    CHECK_EQ(gt_page_info(0, data_page).refs, 1);
    gt_shared_close();
    gt_strategy(old);
}

GT_MAIN(CASE(three_hundred_share_one_text_page))
