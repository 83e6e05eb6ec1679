/* SPDX-License-Identifier: MIT
 * Proves mmap() and munmap() of anonymous memory: places, hints and fixed addresses, parts cut out and joined again, memory that
 * is shared across fork whoever touches it first and outlives who did, and every error that the standard names.
 */
#define GT_NAME "mmap"
#include "gmap.h"

#include <fcntl.h>

#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define SHARED (MAP_SHARED | MAP_ANONYMOUS)

static void *get(size_t pages, int protection, int flags) { return mmap(NULL, pages * PAGE, protection, flags, -1, 0); }

/* ---- private memory ---- */
static void it_is_zero_and_filled_when_touched(void)
{
    long before = gt_frames_free();
    char *p = get(1000, RW, PRIVATE);
    REQUIRE(p != MAP_FAILED);
    CHECK_EQ((uintptr_t)p % PAGE, 0);
    CHECK(before - gt_frames_free() < 4); /* no page of it yet */
    size_t bad = 0;
    for (size_t i = 0; i < 1000; i += 10)
        bad += *word(p, i) != 0;
    for (size_t i = 0; i < 1000; i += 10)
        *word(p, i) = i;
    for (size_t i = 0; i < 1000; i += 10)
        bad += *word(p, i) != i;
    CHECK_EQ(bad, 0);
    CHECK_EQ(munmap(p, 1000 * PAGE), 0);
    gt_expect_signal(gt_child(loads, p), SIGSEGV);
}

static void a_part_of_a_page_is_the_page(void)
{
    char *p = mmap(NULL, 5000, RW, PRIVATE, -1, 0);
    REQUIRE(p != MAP_FAILED);
    p[2 * PAGE - 1] = 7;
    CHECK_EQ(munmap(p, 1), 0); /* the first page */
    gt_expect_signal(gt_child(loads, p), SIGSEGV);
    CHECK_EQ(p[2 * PAGE - 1], 7);
    CHECK_EQ(munmap(p + PAGE, 4096), 0);
}

static void a_hint_is_taken_when_it_is_free(void)
{
    char *at = (char *)0x700000000;
    char *p = mmap(at, 2 * PAGE, RW, PRIVATE, -1, 0);
    CHECK(p == at);
    char *q = mmap(at + PAGE, 2 * PAGE, RW, PRIVATE, -1, 0); /* not free */
    CHECK(q != MAP_FAILED && q != at + PAGE);
    char *r = mmap(at + 4 * PAGE + 5, PAGE, RW, PRIVATE, -1, 0); /* inside a page: a hint is rounded */
    CHECK(r == at + 4 * PAGE);
    char *s = mmap((char *)0x7ffffffffffff000, PAGE, RW, PRIVATE, -1, 0); /* nonsense */
    CHECK(s != MAP_FAILED);
    CHECK(munmap(p, 2 * PAGE) == 0 && munmap(q, 2 * PAGE) == 0 && munmap(r, PAGE) == 0 && munmap(s, PAGE) == 0);
}

static void fixed_replaces_what_is_there(void)
{
    char *p = get(8, RW, PRIVATE);
    REQUIRE(p != MAP_FAILED);
    for (size_t i = 0; i < 8; i++)
        *word(p, i) = i + 1;
    CHECK(mmap(p + 2 * PAGE, 3 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0) == p + 2 * PAGE);
    for (size_t i = 0; i < 8; i++)
        CHECK_EQ(*word(p, i), i >= 2 && i < 5 ? 0 : i + 1);
    CHECK(mmap(p, PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0) == p);
    CHECK_EQ(*word(p, 0), 0);
    gt_expect_signal(gt_child(stores, p), SIGSEGV);
    FAILS(mmap(p, PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0), EEXIST);
    CHECK_EQ(munmap(p, 8 * PAGE), 0);
    CHECK(mmap(p, PAGE, RW, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0) == p);
    CHECK_EQ(munmap(p, PAGE), 0);
}

static void parts_go_and_neighbours_join(void)
{
    char *p = get(64, RW, PRIVATE);
    REQUIRE(p != MAP_FAILED);
    uint64_t few = regions();
    for (size_t i = 0; i < 64; i++)
        *word(p, i) = i + 1;
    for (size_t i = 1; i < 64; i += 2)
        CHECK_EQ(munmap(p + i * PAGE, PAGE), 0);
    CHECK(regions() >= few + 31);
    for (size_t i = 0; i < 64; i += 2)
        CHECK_EQ(*word(p, i), i + 1);
    gt_expect_signal(gt_child(loads, p + 5 * PAGE), SIGSEGV);
    for (size_t i = 1; i < 64; i += 2)
        CHECK(mmap(p + i * PAGE, PAGE, RW, PRIVATE, -1, 0) == p + i * PAGE);
    CHECK_EQ(regions(), few);
    for (size_t i = 0; i < 64; i++)
        CHECK_EQ(*word(p, i), i % 2 ? 0 : i + 1);
    CHECK_EQ(munmap(p - PAGE, 70 * PAGE), 0); /* with what is not there before and behind it */
    CHECK_EQ(munmap(p, 64 * PAGE), 0);
    CHECK_EQ(regions(), few - 1);
}

static void nothing_may_be_reserved(void)
{
    char *p = mmap(NULL, 32UL << 30, PROT_NONE, PRIVATE, -1, 0); /* more than any machine has here */
    REQUIRE(p != MAP_FAILED);
    gt_expect_signal(gt_child(loads, p + PAGE), SIGSEGV);
    CHECK(mmap(p + (1UL << 30), PAGE, RW, PRIVATE | MAP_FIXED, -1, 0) == p + (1UL << 30));
    *word(p + (1UL << 30), 0) = 3;
    CHECK_EQ(munmap(p, 32UL << 30), 0);
    p = mmap(NULL, 32UL << 30, RW, PRIVATE | MAP_NORESERVE, -1, 0); /* most of it will never be touched */
    REQUIRE(p != MAP_FAILED);
    *word(p + (3UL << 30), 0) = 3;
    CHECK_EQ(munmap(p, 32UL << 30), 0);
}

/* ---- ten thousand ---- */
#define MANY 10000u
static char *many[MANY];

static uint64_t cost_of(size_t from, size_t n)
{
    uint64_t before = sys_instret();
    for (size_t i = from; i < from + n; i++)
        many[i] = mmap(NULL, PAGE, i % 2 ? PROT_READ : RW, PRIVATE, -1, 0);
    return (sys_instret() - before) / n;
}

static void ten_thousand_mappings_stay_fast(void)
{
    uint64_t few = cost_of(0, 100);
    (void)cost_of(100, MANY - 200);
    uint64_t lots = cost_of(MANY - 100, 100);
    CHECK_SOON(lots < 2 * few);
    printf("  a mapping takes %lu instructions at first, %lu with ten thousand there\n", (unsigned long)few, (unsigned long)lots);
    size_t bad = 0;
    for (size_t i = 0; i < MANY; i++)
        bad += many[i] == MAP_FAILED;
    REQUIRE(bad == 0);
    for (size_t i = 0; i < MANY; i += 3) /* holes between those of one kind */
        bad += munmap(many[i], PAGE) != 0;
    uint64_t before = sys_instret();
    char *wide = get(2, RW, PRIVATE);
    CHECK_SOON(sys_instret() - before < 2 * few); /* the holes are not looked at one by one */
    CHECK(wide != MAP_FAILED);
    for (size_t i = 0; i < MANY; i += 3)
        many[i] = get(1, PROT_NONE, PRIVATE); /* and each hole is found */
    before = sys_instret();
    CHECK_EQ(mprotect(many[MANY - 1], PAGE, PROT_READ), 0);
    CHECK_SOON(sys_instret() - before < 4 * few);
    for (size_t i = 0; i < MANY; i++)
        bad += munmap(many[i], PAGE) != 0;
    CHECK_EQ(bad, 0);
    CHECK_EQ(munmap(wide, 2 * PAGE), 0);
}

static void one_call_removes_them_all(void)
{
    uint64_t few = regions();
    char *p = get(2 * 3000, PROT_NONE, PRIVATE);
    REQUIRE(p != MAP_FAILED);
    for (size_t i = 0; i < 3000; i++)
        (void)mprotect(p + 2 * i * PAGE, PAGE, RW);
    CHECK_EQ(regions(), few + 6000);
    *word(p, 2000) = 1;
    CHECK_EQ(mprotect(p, 6000 * PAGE, PROT_READ), 0);
    CHECK_EQ(regions(), few + 1);
    CHECK_EQ(*word(p, 2000), 1);
    for (size_t i = 0; i < 1000; i++)
        (void)mprotect(p + 2 * i * PAGE, PAGE, PROT_NONE);
    CHECK_EQ(munmap(p, 6000 * PAGE), 0);
    CHECK_EQ(regions(), few);
}

/* ---- shared memory ---- */
static char *shared;
static void fills_one(void *page) { *word(shared, (size_t)page) = 100 + (size_t)page; }
static void sees_and_changes(void *unused)
{
    (void)unused;
    CHECK_EQ(*word(shared, 0), 1);
    *word(shared, 0) = 2;
    CHECK_EQ(*word(shared, 1), 0);
    RUN_CHILD(fills_one, (void *)2); /* the grandchild touches it first, and is gone */
    CHECK_EQ(*word(shared, 2), 102);
    *word(shared, 3) = 103;
}

static void what_one_stores_all_see(void)
{
    shared = get(8, RW, SHARED);
    REQUIRE(shared != MAP_FAILED);
    *word(shared, 0) = 1;
    RUN_CHILD(sees_and_changes, NULL);
    CHECK_EQ(*word(shared, 0), 2);
    CHECK_EQ(*word(shared, 2), 102);
    CHECK_EQ(*word(shared, 3), 103);
    RUN_CHILD(fills_one, (void *)5);
    CHECK_EQ(*word(shared, 5), 105);
    CHECK_EQ(*word(shared, 6), 0);
    CHECK_EQ(munmap(shared, 8 * PAGE), 0);
}

static void unmaps_a_part(void *unused)
{
    (void)unused;
    CHECK_EQ(munmap(shared + PAGE, 2 * PAGE), 0);
    CHECK_EQ(mprotect(shared + 3 * PAGE, PAGE, PROT_NONE), 0);
    CHECK_EQ(mprotect(shared + 4 * PAGE, PAGE, PROT_READ), 0);
    RUN_CHILD(fills_one, (void *)5);
    *word(shared, 0) = 50;
    CHECK_EQ(*word(shared, 5), 105);
}
static void a_child_unmaps_its_own(void)
{
    shared = get(8, RW, SHARED);
    REQUIRE(shared != MAP_FAILED);
    *word(shared, 1) = 1;
    RUN_CHILD(unmaps_a_part, NULL);
    for (size_t i = 2; i < 5; i++)
        *word(shared, i) = i;
    CHECK_EQ(*word(shared, 0), 50);
    CHECK_EQ(*word(shared, 1), 1);
    CHECK_EQ(*word(shared, 5), 105);
    CHECK_EQ(munmap(shared, 8 * PAGE), 0);
}

/* A region at the same place that is not the same memory. */
static void another_one_at_the_same_place(void *unused)
{
    (void)unused;
    CHECK(mmap(shared, 2 * PAGE, RW, SHARED | MAP_FIXED, -1, 0) == shared);
    CHECK_EQ(*word(shared, 0), 0);
    *word(shared, 0) = 77;
    *word(shared, 1) = 78;
}
static void only_the_same_memory_is_shared(void)
{
    shared = get(2, RW, SHARED);
    REQUIRE(shared != MAP_FAILED);
    *word(shared, 0) = 1;
    RUN_CHILD(another_one_at_the_same_place, NULL);
    CHECK_EQ(*word(shared, 0), 1);
    CHECK_EQ(*word(shared, 1), 0);
    CHECK_EQ(munmap(shared, 2 * PAGE), 0);
}

static void counts_up(void *unused)
{
    (void)unused;
    for (int i = 0; i < 200; i++)
        __atomic_fetch_add(word(shared, 0), 1, __ATOMIC_SEQ_CST);
}
static void many_processes_share(void)
{
    pid_t child[8];
    shared = get(40, RW, SHARED);
    REQUIRE(shared != MAP_FAILED);
    for (int i = 0; i < 8; i++)
        child[i] = gt_child(counts_up, NULL);
    for (int i = 0; i < 8; i++)
        gt_expect_exit(child[i], 0);
    CHECK_EQ(*word(shared, 0), 1600);
    CHECK_EQ(munmap(shared, 40 * PAGE), 0);
}

/* ---- advice ---- */
static void unneeded_pages_are_as_never_touched(void)
{
    char *p = get(600, RW, PRIVATE);
    REQUIRE(p != MAP_FAILED);
    for (size_t i = 0; i < 600; i++)
        *word(p, i) = i + 1;
    long before = gt_frames_free();
    CHECK_EQ(madvise(p + 2 * PAGE, 590 * PAGE, MADV_DONTNEED), 0);
    CHECK(gt_frames_free() >= before + 590);
    for (size_t i = 0; i < 600; i++)
        CHECK_EQ(*word(p, i), i >= 2 && i < 592 ? 0 : i + 1);
    CHECK_EQ(posix_madvise(p, PAGE, POSIX_MADV_DONTNEED), 0);
    CHECK_EQ(*word(p, 0), 1);
    for (int advice = MADV_NORMAL; advice <= MADV_WILLNEED; advice++)
        CHECK_EQ(madvise(p, 600 * PAGE, advice), 0);
    CHECK_EQ(*word(p, 599), 600);
    REFUSED(madvise(p, PAGE, 99), EINVAL);
    REFUSED(madvise(p + 1, PAGE, MADV_NORMAL), EINVAL);
    CHECK_EQ(munmap(p + PAGE, PAGE), 0);
    REFUSED(madvise(p, 3 * PAGE, MADV_DONTNEED), ENOMEM);
    CHECK_EQ(*word(p, 0), 1);
    CHECK_EQ(posix_madvise(p, 3 * PAGE, POSIX_MADV_WILLNEED), ENOMEM);
    CHECK_EQ(posix_madvise(p, PAGE, 99), EINVAL);
    CHECK_EQ(munmap(p, 600 * PAGE), 0);
}

static void locked_pages_stay(void)
{
    char *p = get(4, RW, PRIVATE), *q = get(4, RW, SHARED);
    REQUIRE(p != MAP_FAILED && q != MAP_FAILED);
    *word(p, 0) = 1;
    CHECK_EQ(mlock(p, 4 * PAGE), 0);
    CHECK_EQ(mlock(q, 4 * PAGE), 0);
    REFUSED(madvise(p, PAGE, MADV_DONTNEED), EINVAL);
    REFUSED(msync(p, PAGE, MS_SYNC | MS_INVALIDATE), EBUSY);
    CHECK_EQ(munlock(p, 4 * PAGE), 0);
    CHECK_EQ(madvise(p, PAGE, MADV_DONTNEED), 0);
    CHECK_EQ(*word(p, 0), 0);
    CHECK(munmap(p, 4 * PAGE) == 0 && munmap(q, 4 * PAGE) == 0);
}

/* ---- refused ---- */
static void what_is_wrong_is_refused(void)
{
    char *p = get(1, RW, PRIVATE);
    FAILS(mmap(NULL, 0, RW, PRIVATE, -1, 0), EINVAL);
    FAILS(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0), EINVAL);
    FAILS(mmap(NULL, PAGE, RW, PRIVATE | MAP_SHARED, -1, 0), EINVAL);
    FAILS(mmap(NULL, PAGE, RW, PRIVATE | 1 << 30, -1, 0), EINVAL);
    FAILS(mmap(NULL, PAGE, 0x40, PRIVATE, -1, 0), EINVAL);
    FAILS(mmap(NULL, PAGE, RW, PRIVATE, -1, 17), EINVAL);
    FAILS(mmap(NULL, PAGE, RW | PROT_EXEC, PRIVATE, -1, 0), ENOTSUP);
    FAILS(mmap(p + 8, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), EINVAL);
    FAILS(mmap((void *)0x3ffffff000, 2 * PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM);
    FAILS(mmap((void *)0x8000000000000000, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM);
    FAILS(mmap((void *)0x2000000000, PAGE, RW, PRIVATE | MAP_FIXED, -1, 0), ENOMEM); /* where a pager has its window */
    FAILS(mmap(NULL, (size_t)-1, RW, PRIVATE, -1, 0), ENOMEM);
    FAILS(mmap(NULL, 1UL << 38, PROT_NONE, PRIVATE, -1, 0), ENOMEM);
    FAILS(mmap(NULL, 60UL << 30, RW, PRIVATE, -1, 0), ENOMEM); /* more than could ever be filled */
    REFUSED(munmap(p, 0), EINVAL);
    REFUSED(munmap(p + 4, PAGE), EINVAL);
    REFUSED(munmap((void *)0x4000000000, PAGE), EINVAL);
    REFUSED(munmap(p, (size_t)-1), EINVAL);
    REFUSED(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
    REFUSED(msync(p, PAGE, 0x80), EINVAL);
    REFUSED(msync(p + 1, PAGE, MS_SYNC), EINVAL);
    CHECK_EQ(msync(p, PAGE, MS_SYNC), 0);
    CHECK_EQ(munmap(p, PAGE), 0);
    REFUSED(msync(p, PAGE, MS_SYNC), ENOMEM);
}

/* ---- /dev/zero ---- */

static void stores_to_both(void *p)
{
    *word(p, 0) = 7;
    *word(p, 2) = 8;
}
static void dev_zero_is_anonymous_memory(void)
{
    int fd = open("/dev/zero", O_RDWR), reads = open("/dev/zero", O_RDONLY), writes = open("/dev/zero", O_WRONLY), null = open("/dev/null", O_RDWR);
    char *p = mmap(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0), *q = mmap(NULL, 2 * PAGE, RW, MAP_SHARED, fd, PAGE);
    REQUIRE(p != MAP_FAILED && q != MAP_FAILED);
    CHECK_EQ(*word(p, 0) | *word(p, 1) | *word(q, 0) | *word(q, 1), 0);
    char *both = mmap(NULL, 4 * PAGE, PROT_NONE, PRIVATE, -1, 0); /* private pages, then shared ones */
    REQUIRE(mmap(both, 2 * PAGE, RW, MAP_PRIVATE | MAP_FIXED, fd, 0) == both);
    REQUIRE(mmap(both + 2 * PAGE, 2 * PAGE, RW, MAP_SHARED | MAP_FIXED, fd, 0) == both + 2 * PAGE);
    *word(both, 0) = 1;
    RUN_CHILD(stores_to_both, both);
    CHECK(*word(both, 0) == 1 && *word(both, 2) == 8);
    *word(p, 0) = 5;
    char *fresh = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0); /* nothing that was stored is in it */
    CHECK(fresh != MAP_FAILED && *word(fresh, 0) == 0);
    CHECK_EQ(munmap(p, 2 * PAGE) | munmap(q, 2 * PAGE) | munmap(both, 4 * PAGE) | munmap(fresh, PAGE), 0);
    p = mmap(NULL, PAGE, RW, MAP_PRIVATE, reads, 0);
    CHECK(p != MAP_FAILED && munmap(p, PAGE) == 0);
    FAILS(mmap(NULL, PAGE, RW, MAP_SHARED, reads, 0), EACCES);
    FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, writes, 0), EACCES);
    FAILS(mmap(NULL, PAGE, RW, MAP_PRIVATE, null, 0), ENODEV);
    FAILS(mmap(NULL, PAGE, RW, MAP_PRIVATE, fd, 1), EINVAL);
    CHECK_EQ(close(fd) | close(reads) | close(writes) | close(null), 0);
}

GT_MAIN(CASE(it_is_zero_and_filled_when_touched), CASE(a_part_of_a_page_is_the_page), CASE(a_hint_is_taken_when_it_is_free),
        CASE(fixed_replaces_what_is_there), CASE(parts_go_and_neighbours_join), CASE(nothing_may_be_reserved),
        CASE(ten_thousand_mappings_stay_fast), CASE(one_call_removes_them_all), CASE(what_one_stores_all_see),
        CASE(a_child_unmaps_its_own), CASE(only_the_same_memory_is_shared), CASE(many_processes_share),
        CASE(unneeded_pages_are_as_never_touched), CASE(locked_pages_stay), CASE(what_is_wrong_is_refused), CASE(dev_zero_is_anonymous_memory))
