/* SPDX-License-Identifier: MIT
 * Proves what fresh memory holds: zeros, whatever its frames held before; the program's data as linked; and that a
 * first read shares the zero page until the first store.
 */
#define GT_NAME "zerofill"
#include "gtest.h"

#define PAGES 400
static uint8_t bss[8][PAGE_SIZE] __attribute__((aligned(4096)));
static uint32_t data[3000] = {[0] = 0xd0d0, [1] = 1, [2047] = 0xbeef, [2999] = 0xcafe};

static void dirties(void *unused)
{
    (void)unused;
    uint8_t *p = gt_pages(PAGES);
    memset(p, 0xdd, PAGES * PAGE_SIZE);
    memset(bss, 0xdd, sizeof bss);
}
static bool all_zero(const uint8_t *p, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 8)
        if (*(const uint64_t *)(p + i) != 0)
            return false;
    return true;
}
static void finds_zeros(void *write_first)
{
    uint8_t *p = gt_pages(PAGES);
    if (write_first != NULL)
        for (size_t i = 0; i < PAGES; i++)
            p[i * PAGE_SIZE + 8] = 1; /* a store first: a real frame, zeroed */
    for (size_t i = 0; i < PAGES; i++) {
        if (write_first != NULL)
            p[i * PAGE_SIZE + 8] = 0;
        if (!all_zero(p + i * PAGE_SIZE, PAGE_SIZE))
            return gt_fail("fresh memory is zero", __FILE__, __LINE__);
    }
    CHECK(all_zero(bss[0], sizeof bss));
    volatile uint8_t deep_stack[64 * 1024];
    for (size_t i = 0; i < sizeof deep_stack - 4096 * 8; i += 512)
        CHECK_EQ(deep_stack[i], 0);
}
static void frames_that_held_something_come_back_zero(void)
{
    for (int i = 0; i < 3; i++) {
        RUN_CHILD(dirties, NULL);
        RUN_CHILD(finds_zeros, (void *)1);
        RUN_CHILD(dirties, NULL);
        RUN_CHILD(finds_zeros, NULL);
    }
}
static void a_first_read_shares_the_zero_page(void)
{
    uint8_t *p = gt_pages(4);
    volatile uint8_t a = p[0], b = p[PAGE_SIZE];
    CHECK_EQ(a + b, 0);
    uint64_t zero = gt_page_info(0, p).frame;
    CHECK_EQ(gt_page_info(0, p + PAGE_SIZE).frame, zero);
    p[5] = 9;
    CHECK(gt_page_info(0, p).frame != zero);
    CHECK_EQ(gt_page_info(0, p + PAGE_SIZE).frame, zero);
    CHECK_EQ(p[PAGE_SIZE + 5], 0);
    p[5] = 0;
    CHECK(all_zero(p, PAGE_SIZE));
    CHECK_EQ(gt_page_info(0, p + 2 * PAGE_SIZE).pte & PTE_V, 0); /* untouched is absent */
    gt_pages_free(4);
}
static void data_is_as_linked(void *unused)
{
    (void)unused;
    CHECK(data[0] == 0xd0d0 && data[1] == 1 && data[2] == 0 && data[2047] == 0xbeef && data[2999] == 0xcafe);
}
static void the_programs_data_is_as_linked(void)
{
    data_is_as_linked(NULL);
    RUN_CHILD(data_is_as_linked, NULL);
    data[2] = 5;
    CHECK(data[0] == 0xd0d0 && data[2] == 5);
    data[2] = 0;
}

GT_MAIN(CASE(frames_that_held_something_come_back_zero), CASE(a_first_read_shares_the_zero_page),
        CASE(the_programs_data_is_as_linked))
