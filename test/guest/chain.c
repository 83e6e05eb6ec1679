/* SPDX-License-Identifier: MIT
 * Proves that copies are private in an eight-deep chain of forks, for all 8! orders in which the eight processes can
 * write a page they share. Each page plays one order; in step s each process writes the pages whose order names it s-th.
 * Oracle: a process sees on a page what it inherited, and its own write from its step on; nobody else's ever.
 *
 * TIMEOUT: 240
 */
#define GT_NAME "chain"
#include "gtest.h"

#define DEPTH 8
#define ORDERS 40320
#define PAGES 1680 /* orders a batch plays: 8 copies of these pages fit into a 128 MiB machine */
static uint8_t area[PAGES][PAGE_SIZE] __attribute__((aligned(4096)));
static uint8_t step_of[PAGES][DEPTH]; /* when does process p write page i */

/* The n-th permutation (factorial number system): step_of[i][process] = step. */
static void permutation(unsigned n, uint8_t *out)
{
    uint8_t left[DEPTH];
    unsigned f = 5040;
    for (unsigned i = 0; i < DEPTH; i++)
        left[i] = (uint8_t)i;
    for (unsigned i = 0; i < DEPTH; i++) {
        unsigned k = n / f;
        out[i] = left[k];
        memmove(left + k, left + k + 1, DEPTH - 1 - k);
        n %= f;
        if (i < DEPTH - 1)
            f /= DEPTH - 1 - i;
    }
}

/* Word 0..7 of a page: process p's write. Word 8..15: p's mark made before it forked, inherited by all below. */
static unsigned wrong_words(unsigned page, unsigned me, unsigned step)
{
    const uint64_t *w = (const uint64_t *)area[page];
    unsigned bad = 0;
    for (unsigned p = 0; p < DEPTH; p++) {
        bad += w[p] != (p == me && step_of[page][me] <= step ? gt_mark(p + 1, page) : 0);
        bad += w[8 + p] != (p <= me && page % DEPTH == p ? gt_mark(p + 101, page) : 0);
    }
    return bad;
}

static void member(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg, bad = 0;
    pid_t below = 0;
    for (unsigned i = me; i < PAGES; i += DEPTH) /* what this process changes before it forks */
        ((uint64_t *)area[i])[8 + me] = gt_mark(me + 101, i);
    if (me < DEPTH - 1)
        below = gt_child(member, (void *)(uintptr_t)(me + 1));
    for (unsigned step = 0; step < DEPTH; step++) {
        gt_barrier(DEPTH);
        for (unsigned i = 0; i < PAGES; i++)
            if (step_of[i][me] == step)
                ((uint64_t *)area[i])[me] = gt_mark(me + 1, i);
        gt_barrier(DEPTH);
        for (unsigned i = step; i < PAGES; i += 3) /* a third in each step, all at the end */
            bad += wrong_words(i, me, step);
    }
    for (unsigned i = 0; i < PAGES; i++)
        bad += wrong_words(i, me, DEPTH);
    CHECK_EQ(bad, 0);
    if (below != 0)
        gt_expect_exit(below, 0);
}

static void play(unsigned first, unsigned stride)
{
    memset(area, 0, sizeof area);
    for (unsigned i = 0; i < PAGES; i++)
        permutation((first + i * stride) % ORDERS, step_of[i]);
    RUN_CHILD(member, (void *)0);
    CHECK(((uint64_t *)area[0])[0] == 0);
}

static void the_orders_are_all_different(void)
{
    static uint8_t seen[ORDERS];
    uint8_t p[DEPTH];
    unsigned distinct = 0;
    for (unsigned n = 0; n < ORDERS; n++) {
        permutation(n, p);
        unsigned rank = 0;
        for (unsigned i = 0; i < DEPTH; i++) {
            unsigned smaller = 0;
            for (unsigned j = i + 1; j < DEPTH; j++)
                smaller += p[j] < p[i];
            rank = rank * (DEPTH - i) + smaller;
        }
        distinct += rank < ORDERS && !seen[rank];
        if (rank < ORDERS)
            seen[rank] = 1;
    }
    CHECK_EQ(distinct, ORDERS);
}
static void eight_deep_all_orders_of_writes(void)
{
    uint64_t old = gt_strategy_set(FORK_COW);
    REQUIRE(gt_shared_open() == OK);
    for (unsigned batch = 0; batch < ORDERS / PAGES && gt_failed == 0; batch++)
        play(batch * PAGES, 1);
    gt_shared_close();
    gt_strategy(old);
}
static void eight_deep_eager(void)
{
    uint64_t old = gt_strategy_set(FORK_EAGER);
    REQUIRE(gt_shared_open() == OK);
    play(17, 24);
    gt_shared_close();
    gt_strategy(old);
}

GT_MAIN(CASE(the_orders_are_all_different), CASE(eight_deep_all_orders_of_writes), CASE(eight_deep_eager))
