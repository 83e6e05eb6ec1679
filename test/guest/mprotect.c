/* SPDX-License-Identifier: MIT
 * Proves mprotect(): what a page may do is kept apart from what its entry says, so that it comes out right for pages that are
 * shared copy-on-write, were never touched, are in the store, or are the boot image's; PROT_NONE keeps what is there; a change of
 * many regions is one change or none; and every error that the standard names.
 * ARGS: frames=96 store=256
 */
#define GT_NAME "mprotect"
#include "gmap.h"

#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)

static void jumps(void *va) { ((void (*)(void))va)(); }
static void *get(size_t pages, int protection) { return mmap(NULL, pages * PAGE, protection, PRIVATE, -1, 0); }
static void dies(void (*act)(void *), void *va) { gt_expect_signal(gt_child(act, va), SIGSEGV); }

static void every_change_does_what_it_says(void)
{
    static const int way[] = {PROT_NONE, PROT_READ, RW, PROT_READ | PROT_EXEC, PROT_WRITE, PROT_EXEC};
    char *p = get(1, RW);
    REQUIRE(p != MAP_FAILED);
    *word(p, 0) = 7;
    for (size_t i = 0; i < 36; i++) {
        int from = way[i / 6], to = way[i % 6];
        CHECK_EQ(mprotect(p, PAGE, from), 0);
        CHECK_EQ(mprotect(p, PAGE, to), 0);
        if (to == PROT_NONE)
            dies(loads, p);
        else
            CHECK_EQ(*word(p, 0), 7);
        if (!(to & PROT_WRITE))
            dies(stores, p);
        else
            *word(p, 0) = 7;
    }
    CHECK_EQ(munmap(p, PAGE), 0);
}

static void untouched_pages_have_what_they_got_last(void)
{
    char *p = get(4, PROT_NONE);
    REQUIRE(p != MAP_FAILED);
    dies(loads, p);
    CHECK_EQ(mprotect(p + PAGE, 2 * PAGE, RW), 0);
    dies(loads, p);
    *word(p, 1) = 1;
    CHECK_EQ(*word(p, 2), 0);
    CHECK_EQ(mprotect(p + 2 * PAGE, PAGE, PROT_READ), 0);
    dies(stores, p + 2 * PAGE); /* the zero page, read before */
    CHECK_EQ(mprotect(p + 2 * PAGE, PAGE, RW), 0);
    *word(p, 2) = 2;
    CHECK_EQ(munmap(p, 4 * PAGE), 0);
}

/* Records are changed some at a time, pages after them: whatever the number, none is left out. */
static void any_number_of_regions_is_one_change(void)
{
    static const size_t numbers[] = {1, 63, 64, 65, 128, 192};
    char *p = get(192, RW);
    REQUIRE(p != MAP_FAILED);
    memset(p, 1, 192 * PAGE);
    for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++) {
        size_t n = numbers[k];
        for (size_t i = 0; i < n; i++)
            CHECK_EQ(mprotect(p + i * PAGE, PAGE, i % 2 ? PROT_READ : RW), 0);
        *word(p, 0) = 2;
        CHECK_EQ(mprotect(p, n * PAGE, PROT_READ), 0);
        dies(stores, p);
        dies(stores, p + (n - 1) / 2 * 2 * PAGE);
    }
    CHECK_EQ(munmap(p, 192 * PAGE), 0);
}

static char *both;
static void protects_its_own(void *unused)
{
    (void)unused;
    CHECK_EQ(mprotect(both, 4 * PAGE, PROT_NONE), 0);
    dies(loads, both);
    CHECK_EQ(mprotect(both, 4 * PAGE, RW), 0);
    for (size_t i = 0; i < 4; i++) {
        CHECK_EQ(*word(both, i), i + 1);
        *word(both, i) = 100 + i;
    }
}
static void relatives_keep_theirs(void)
{
    both = get(4, RW);
    REQUIRE(both != MAP_FAILED);
    for (size_t i = 0; i < 4; i++)
        *word(both, i) = i + 1;
    RUN_CHILD(protects_its_own, NULL);
    for (size_t i = 0; i < 4; i++)
        CHECK_EQ(*word(both, i), i + 1);
    CHECK_EQ(mprotect(both, 2 * PAGE, PROT_NONE), 0); /* before the fork: the child has it so, too */
    dies(loads, both);
    CHECK_EQ(mprotect(both, 2 * PAGE, PROT_READ), 0);
    dies(stores, both);
    CHECK_EQ(mprotect(both, 2 * PAGE, RW), 0);
    *word(both, 0) = 11;
    *word(both, 3) = 14;
    CHECK_EQ(*word(both, 1), 2);
    CHECK_EQ(munmap(both, 4 * PAGE), 0);
}

static void eager_copies_are_right_as_well(void)
{
    struct ipc_msg m = {.w = {PAGER_STRATEGY, FORK_EAGER}};
    CHECK_EQ(pager_call(H_PAGER, &m), OK);
    relatives_keep_theirs();
    m = (struct ipc_msg){.w = {PAGER_STRATEGY, FORK_COW}};
    CHECK_EQ(pager_call(H_PAGER, &m), OK);
}

static void evict(uint64_t pages)
{
    struct ipc_msg m = {.w = {PAGER_DEBUG, PAGER_DEBUG_EVICT, pages}};
    (void)pager_call(H_PAGER, &m);
}
static void pages_in_the_store_are_protected_too(void)
{
    char *p = get(8, RW);
    REQUIRE(p != MAP_FAILED);
    for (size_t i = 0; i < 8; i++)
        *word(p, i) = i + 1;
    CHECK_EQ(mprotect(p, 2 * PAGE, PROT_NONE), 0);
    evict(1000); /* those that can't be touched leave like all others */
    dies(loads, p);
    CHECK_EQ(mprotect(p + 4 * PAGE, 2 * PAGE, PROT_READ), 0); /* while they are away */
    CHECK_EQ(mprotect(p + 6 * PAGE, 2 * PAGE, PROT_NONE), 0);
    dies(loads, p + 6 * PAGE);
    CHECK_EQ(*word(p, 4), 5);
    dies(stores, p + 4 * PAGE);
    CHECK_EQ(mprotect(p, 8 * PAGE, RW), 0);
    for (size_t i = 0; i < 8; i++) {
        CHECK_EQ(*word(p, i), i + 1);
        *word(p, i) = 0;
    }
    CHECK_EQ(munmap(p, 8 * PAGE), 0);
}

static void a_program_may_write_its_constants_if_it_says_so(void)
{
    static const uint64_t constant[512] = {42};
    char *page = (char *)((uintptr_t)&constant[0] & ~(PAGE - 1));
    dies(stores, (void *)(uintptr_t)&constant[0]);
    CHECK_EQ(mprotect(page, PAGE, RW), 0);
    *(volatile uint64_t *)(uintptr_t)&constant[0] = 43;
    CHECK_EQ(*(const volatile uint64_t *)&constant[0], 43);
    CHECK_EQ(mprotect(page, PAGE, PROT_READ), 0);
    dies(stores, (void *)(uintptr_t)&constant[0]);
    CHECK_EQ(*(const volatile uint64_t *)&constant[0], 43);
}

static void code_may_be_made(void)
{
    uint32_t *p = get(1, RW);
    REQUIRE(p != MAP_FAILED);
    p[0] = 0x00008067; /* ret */
    dies(jumps, p);
    CHECK_EQ(mprotect(p, PAGE, PROT_READ | PROT_EXEC), 0);
    ((void (*)(void))p)();
    dies(stores, p);
    CHECK_EQ(munmap(p, PAGE), 0);
}

static void many_regions_are_one_change(void)
{
    uint64_t before = regions();
    char *p = get(200, RW);
    REQUIRE(p != MAP_FAILED);
    for (size_t i = 0; i < 200; i++)
        *word(p, i) = i;
    for (size_t i = 0; i < 200; i += 2)
        CHECK_EQ(mprotect(p + i * PAGE, PAGE, PROT_READ), 0);
    CHECK_EQ(regions(), before + 200);
    CHECK_EQ(mprotect(p + PAGE, 198 * PAGE, PROT_NONE), 0);
    CHECK_EQ(regions(), before + 3);
    dies(loads, p + 100 * PAGE);
    CHECK_EQ(mprotect(p, 200 * PAGE, RW), 0);
    CHECK_EQ(regions(), before + 1);
    size_t bad = 0;
    for (size_t i = 0; i < 200; i++)
        bad += *word(p, i) != i;
    CHECK_EQ(bad, 0);
    CHECK_EQ(munmap(p + 100 * PAGE, PAGE), 0);
    REFUSED(mprotect(p, 200 * PAGE, PROT_NONE), ENOMEM); /* there is a hole, and nothing was changed */
    *word(p, 0) = 1;
    CHECK_EQ(munmap(p, 200 * PAGE), 0);
}

static void a_stack_keeps_its_guard(void)
{
    char here, *page = (char *)((uintptr_t)&here & ~(PAGE - 1)) - 8 * PAGE;
    uint64_t before = regions();
    CHECK_EQ(mprotect(page, PAGE, PROT_READ), 0);
    dies(stores, page);
    CHECK_EQ(mprotect(page, PAGE, RW), 0);
    CHECK_EQ(regions(), before);
    *word(page, 0) = 1;
}

static void what_is_wrong_is_refused(void)
{
    char *p = get(2, RW);
    REFUSED(mprotect(p + 1, PAGE, PROT_READ), EINVAL);
    REFUSED(mprotect(p, PAGE, 0x100), EINVAL);
    REFUSED(mprotect(p, PAGE, RW | PROT_EXEC), ENOTSUP);
    REFUSED(mprotect(p, 1UL << 40, PROT_READ), ENOMEM);
    REFUSED(mprotect((void *)0x2000000000, PAGE, PROT_READ), ENOMEM);
    REFUSED(mprotect(NULL, PAGE, PROT_READ), ENOMEM);
    CHECK_EQ(mprotect(p, 0, PROT_NONE), 0);
    *word(p, 0) = 1;
    CHECK_EQ(munmap(p, 2 * PAGE), 0);
}

GT_MAIN(CASE(any_number_of_regions_is_one_change), CASE(every_change_does_what_it_says), CASE(untouched_pages_have_what_they_got_last), CASE(relatives_keep_theirs),
        CASE(eager_copies_are_right_as_well), CASE(pages_in_the_store_are_protected_too),
        CASE(a_program_may_write_its_constants_if_it_says_so), CASE(code_may_be_made), CASE(many_regions_are_one_change),
        CASE(a_stack_keeps_its_guard), CASE(what_is_wrong_is_refused))
