/* SPDX-License-Identifier: MIT
 * Proves what happens around the store: it is full, it fails, it is slow; pages that are pinned; limits that change while
 * programs run, and limits of one process.
 *
 * ARGS: frames=64 store=512
 * TIMEOUT: 300
 */
#define GT_NAME "swap"
#include "gtest.h"
#include "gwaits.h"

#include <pagoda/spawn.h>
#include <pagoda/system.h>
#include <sys/mman.h>

#define FRAMES 64
#define PAGES 160

static struct gt_stat evict_stat(void) { return gt_stat(PAGER_STAT_EVICT, 0); }
static struct gt_stat store_stat(void) { return gt_stat(PAGER_STAT_STORE, 0); }
static struct gt_stat frames_stat(uint64_t space) { return gt_stat(PAGER_STAT_FRAMES, space); }

static err_t set_frames(uint64_t space, uint64_t frames)
{
    struct ipc_msg m = {.w = {PAGER_FRAMES, space, frames, PAGER_FRAMES_SET}};
    return pager_call(H_PAGER, &m);
}
static bool is_present(const volatile void *p) { return gt_page_info(gt_own_space(), p).pte & PTE_V; }
static unsigned absent_of(const uint8_t *p, unsigned pages)
{
    unsigned n = 0;
    for (unsigned i = 0; i < pages; i++)
        n += !is_present(p + i * PAGE_SIZE);
    return n;
}
static uint8_t *filled(unsigned pages, uint64_t who)
{
    uint8_t *p = gt_pages(pages);
    CHECK(p != NULL);
    gt_fill(p, pages, who);
    return p;
}

/* ---- the store fails ---- */

static void hog(void *unused)
{
    (void)unused;
    uint8_t *p = gt_pages(2 * PAGES);
    gt_fill(p, 2 * PAGES, 9);
    CHECK_EQ(gt_wrong(p, 2 * PAGES, 9), 0);
}
/* The one that asks for more than there is ends; the others keep what they have. */
static void a_full_store_ends_the_one_that_wants_more(void)
{
    gt_pager_debug(PAGER_DEBUG_STORE_COPY, 1); /* else nothing is in the store that is in memory as well */
    uint8_t *p = filled(PAGES, 1);
    CHECK_EQ(gt_wrong(p, PAGES, 1), 0);
    uint64_t none = evict_stat().v[7];
    gt_pager_debug(PAGER_DEBUG_STORE_FULL, 1);
    pid_t pid = gt_child(hog, NULL);
    int status = gt_reap(pid, GT_HANG_MS);
    CHECK(status != -1 && (WIFSIGNALED(status) || WEXITSTATUS(status) != 0));
    gt_pager_debug(PAGER_DEBUG_STORE_FULL, 0);
    CHECK(store_stat().v[5] > 0);
    CHECK(evict_stat().v[7] > none);
    CHECK_EQ(gt_wrong(p, PAGES, 1), 0);
    gt_pager_debug(PAGER_DEBUG_STORE_COPY, 0);
    RUN_CHILD(hog, NULL);
    gt_pages_free(PAGES);
}
/* Pages that are in the store already can go without a write. */
static void a_full_store_still_lets_clean_pages_go(void)
{
    gt_pager_debug(PAGER_DEBUG_STORE_COPY, 1);
    uint8_t *p = filled(PAGES, 2);
    CHECK_EQ(gt_wrong(p, PAGES, 2), 0);
    gt_pager_debug(PAGER_DEBUG_STORE_FULL, 1);
    uint64_t clean = evict_stat().v[2];
    for (int round = 0; round < 4; round++)
        CHECK_EQ(gt_wrong(p, PAGES, 2), 0);
    CHECK(evict_stat().v[2] > clean + PAGES);
    gt_pager_debug(PAGER_DEBUG_STORE_FULL, 0);
    gt_pager_debug(PAGER_DEBUG_STORE_COPY, 0);
    gt_pages_free(PAGES);
}
static void write_errors_are_survived(void)
{
    uint64_t errors = store_stat().v[3];
    uint8_t *p = filled(PAGES, 3);
    for (unsigned round = 0; round < 20 && gt_failed == 0; round++) {
        gt_pager_debug(PAGER_DEBUG_STORE_WRITE, (1 + round % 5) | (uint64_t)(1 + round % 7) << 32);
        gt_fill(p, PAGES, 4 + round);
        CHECK_EQ(gt_wrong(p, PAGES, 4 + round), 0);
    }
    gt_pager_debug(PAGER_DEBUG_STORE_WRITE, 0);
    CHECK(store_stat().v[3] > errors);
    gt_pages_free(PAGES);
}
static void toucher(void *p)
{
    gt_pager_debug(PAGER_DEBUG_STORE_READ, 1 | 1UL << 32);
    CHECK_EQ(gt_wrong(p, PAGES, 5), 0);
    CHECK(!"a page came back though its read failed");
}
static void a_read_error_ends_the_one_that_faults(void)
{
    uint8_t *p = filled(PAGES, 5);
    for (int round = 0; round < 2; round++) {
        CHECK(absent_of(p, PAGES) > 0);
        int status = gt_reap(gt_child(toucher, p), GT_HANG_MS);
        CHECK(status != -1 && WIFSIGNALED(status));
        gt_pager_debug(PAGER_DEBUG_STORE_READ, 0);
        CHECK_EQ(gt_wrong(p, PAGES, 5), 0); /* the same pages, for those who did not fault */
        gt_pager_debug(PAGER_DEBUG_STORE_DELAY, 2000);
    }
    gt_pager_debug(PAGER_DEBUG_STORE_DELAY, 0);
    CHECK(store_stat().v[4] >= 2);
    gt_pages_free(PAGES);
}

/* ---- pages are cleaned ahead ---- */

/* Nobody else wants the hart for 20 ms: a store that has to copy is written ahead of need, up to the high mark, a sixteenth of the
 * frames; then a fault finds a victim that needs no write. Another hart may have cleaned while the pages were filled, and some of
 * what it cleaned may have left since: it goes on only below the low mark, so filling comes again. */
static void idle_time_cleans_ahead_for_a_store_that_copies(void)
{
    gt_pager_debug(PAGER_DEBUG_STORE_COPY, 1);
    uint64_t ahead = evict_stat().v[5];
    uint8_t *p = filled(PAGES, 22);
    gt_sleep_us(20000);
    for (unsigned i = 1; i < GT_HANG_MS && frames_stat(0).v[6] < FRAMES / 16; i++) {
        if (i % 200 == 0)
            gt_fill(p, PAGES, 22);
        gt_sleep_us(1000); /* others had the hart */
    }
    CHECK(evict_stat().v[5] > ahead);
    CHECK_EQ(frames_stat(0).v[6], FRAMES / 16);
    CHECK(!is_present(p));
    struct gt_stat before = evict_stat();
    *(volatile uint64_t *)(p + 8) = 1;
    struct gt_stat after = evict_stat();
    CHECK_EQ(after.v[1] - before.v[1], 1);
    CHECK_EQ(after.v[2] - before.v[2], 1); /* it was clean */
    CHECK_EQ(after.v[3], before.v[3]);
    for (int round = 0; round < 5; round++) {
        CHECK_EQ(gt_wrong(p, PAGES, 22), 0);
        gt_sleep_us(2000);
        CHECK(frames_stat(0).v[6] <= FRAMES / 16);
    }
    gt_pager_debug(PAGER_DEBUG_STORE_COPY, 0);
    gt_pages_free(PAGES);
}

/* ---- the store is slow ---- */

static void slow_reader(void *p)
{
    gt_barrier(4);
    CHECK_EQ(gt_wrong(p, 8, 6), 0);
    __atomic_add_fetch(&GT_SHARED->word[2], 1, __ATOMIC_SEQ_CST);
    gt_barrier(4); /* what it does at its end reads pages, too */
}
/* Three wait for the same eight pages; each is read once. Others are served meanwhile. */
static void who_waits_for_a_read_shares_it(void)
{
    REQUIRE(gt_shared_open() == OK);
    uint8_t *p = filled(8, 6), *other = filled(PAGES, 7);
    gt_pager_debug(PAGER_DEBUG_EVICT, FRAMES);
    CHECK_EQ(absent_of(p, 8), 8);
    pid_t pid[3];
    for (int i = 0; i < 3; i++)
        pid[i] = gt_child(slow_reader, p);
    for (ticks_t end = sys_time() + gt_us(GT_HANG_MS * 1000UL); GT_SHARED->arrived < 3 && sys_time() < end;) /* with the stack and the data that they need */
        gt_sleep_us(200);
    gt_pager_debug(PAGER_DEBUG_STORE_DELAY, 20000);
    uint64_t reads = evict_stat().v[4], served = 0;
    gt_barrier(4);
    while (GT_SHARED->word[2] < 3 && served < 1000000) {
        (void)gt_stat(PAGER_STAT_FORKS, 0);
        served++;
    }
    reads = evict_stat().v[4] - reads;
    gt_barrier(4);
    for (int i = 0; i < 3; i++)
        gt_expect_exit(pid[i], 0);
    gt_pager_debug(PAGER_DEBUG_STORE_DELAY, 0);
    printf("  %lu reads, %lu requests served meanwhile\n", reads, served);
    CHECK(served > 3);
    CHECK_EQ(reads, 8);
    CHECK_EQ(gt_wrong(p, 8, 6) + gt_wrong(other, PAGES, 7), 0);
    gt_pages_free(PAGES + 8);
    gt_shared_close();
}
static void slow_worker(void *arg)
{
    uint8_t *p = arg;
    for (uint64_t round = 20; round < 26; round++) {
        gt_fill(p, PAGES, round);
        CHECK_EQ(gt_wrong(p, PAGES, round), 0);
    }
}
static void nobody_is_lost_in_a_slow_store(void)
{
    uint8_t *p = filled(PAGES, 8);
    gt_pager_debug(PAGER_DEBUG_STORE_DELAY, 300);
    pid_t a = gt_child(slow_worker, p), b = gt_child(slow_worker, p);
    slow_worker(p);
    gt_expect_exit(a, 0);
    gt_expect_exit(b, 0);
    CHECK_EQ(gt_wrong(p, PAGES, 25), 0);
    gt_pager_debug(PAGER_DEBUG_STORE_DELAY, 0);
    gt_pages_free(PAGES);
}
/* Faulters and those whose pages are on their way end at any moment. */
static void who_waits_for_the_store_can_be_killed(void)
{
    uint8_t *p = filled(PAGES, 8);
    uint64_t seed = 31415;
    for (unsigned round = 0; round < 40 && gt_failed == 0; round++) {
        gt_pager_debug(PAGER_DEBUG_STORE_DELAY, 3000);
        pid_t pid = gt_child(slow_worker, p);
        gt_sleep_us(gt_random(&seed) % 3000);
        (void)kill(pid, SIGKILL);
        int status = gt_reap(pid, GT_HANG_MS);
        CHECK(status != -1);
        gt_pager_debug(PAGER_DEBUG_STORE_DELAY, 0);
        if (round % 8 == 7)
            CHECK_EQ(gt_vmcheck(), 0);
    }
    CHECK_EQ(gt_wrong(p, PAGES, 8), 0);
    gt_sleep_us(2000);
    gt_pages_free(PAGES);
}

/* ---- pins ---- */

static void pinned_child(void *arg)
{
    uint8_t *p = arg;
    CHECK_EQ(gt_page_info(gt_own_space(), p).pte & PTE_COW, 0); /* copied at once */
    CHECK_EQ(gt_page_info(gt_own_space(), p).refs, 1);
    CHECK_EQ(gt_wrong(p, 8, 10), 0);
    hog(NULL);
    CHECK(absent_of(p, 8) > 0); /* a lock is not inherited */
    CHECK_EQ(gt_wrong(p, 8, 10), 0);
}
static void locked_pages_stay_and_are_copied_at_fork(void)
{
    uint8_t *p = filled(8, 10), *other = filled(PAGES, 11);
    CHECK(absent_of(p, 8) > 0);
    CHECK_EQ(mlock(p, 8 * PAGE_SIZE), 0);
    CHECK_EQ(absent_of(p, 8), 0);
    uint64_t pinned = frames_stat(0).v[3];
    CHECK(pinned >= 8);
    for (int round = 0; round < 3; round++) {
        gt_fill(other, PAGES, 12);
        CHECK_EQ(absent_of(p, 8), 0);
    }
    RUN_CHILD(pinned_child, p);
    CHECK_EQ(gt_page_info(gt_own_space(), p).pte & PTE_COW, 0); /* no store to it will ever fault */
    CHECK_EQ(gt_wrong(p, 8, 10), 0);
    CHECK_EQ(munlock(p, 8 * PAGE_SIZE), 0);
    CHECK_EQ(frames_stat(0).v[3], pinned - 8);
    gt_fill(other, PAGES, 13);
    CHECK(absent_of(p, 8) > 0);
    CHECK_EQ(gt_wrong(p, 8, 10), 0);
    gt_pages_free(PAGES + 8);
}
static void lock_shared(void *arg)
{
    uint8_t *p = arg;
    CHECK_EQ(mlock(p, 8 * PAGE_SIZE), 0);
    CHECK_EQ(absent_of(p, 8), 0);
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQ(gt_page_info(gt_own_space(), p + i * PAGE_SIZE).refs, 1);
    gt_fill(p, 8, 15);
    CHECK_EQ(gt_wrong(p, 8, 15), 0);
}
static void locking_takes_pages_out_of_a_share(void)
{
    uint8_t *p = filled(8, 14);
    RUN_CHILD(lock_shared, p);
    gt_pager_debug(PAGER_DEBUG_EVICT, FRAMES);
    RUN_CHILD(lock_shared, p);
    CHECK_EQ(gt_wrong(p, 8, 14), 0);
    gt_pages_free(8);
}
static void not_everything_can_be_locked(void)
{
    uint8_t *p = gt_pages(FRAMES);
    CHECK_EQ(mlock(p, FRAMES * PAGE_SIZE), -1);
    CHECK_EQ(errno, ENOMEM);
    CHECK_EQ(mlock((void *)0x500000000UL, 8), -1); /* nothing is there */
    CHECK_EQ(errno, ENOMEM);
    gt_fill(p, FRAMES, 16);
    CHECK_EQ(gt_wrong(p, FRAMES, 16), 0);
    gt_pages_free(FRAMES);
}
/* Pages that are there and not a process's alone, or that a store would have to copy first. */
static unsigned shared_of(uint64_t space, const uint8_t *p, unsigned pages)
{
    unsigned n = 0;
    for (unsigned i = 0; i < pages; i++) {
        struct gt_page page = gt_page_info(space, p + i * PAGE_SIZE);
        n += (page.pte & PTE_V) && (page.refs != 1 || (page.pte & PTE_COW));
    }
    return n;
}
struct family {
    uint64_t parent;
    uint8_t *p;
};
static void child_of_the_pinned(void *family)
{
    const struct family *f = family;
    CHECK_EQ(shared_of(gt_own_space(), f->p, 16), 0);
    CHECK_EQ(shared_of(f->parent, f->p, 16), 0); /* while both live */
    CHECK_EQ(gt_wrong(f->p, 16, 17), 0);
    gt_fill(f->p, 16, 18);
}
static void pinned_process(void *unused)
{
    (void)unused;
    uint8_t *p = filled(16, 17);
    struct family f = {gt_own_space(), p};
    CHECK_EQ(mlockall(MCL_CURRENT | MCL_FUTURE), 0);
    CHECK_EQ(gt_wrong(p, 16, 17), 0);
    uint64_t copies = gt_stat(PAGER_STAT_FAULTS, gt_own_space()).v[1];
    RUN_CHILD(child_of_the_pinned, &f);
    CHECK_EQ(gt_wrong(p, 16, 17), 0);
    gt_fill(p, 16, 17);
    CHECK_EQ(gt_stat(PAGER_STAT_FAULTS, gt_own_space()).v[1], copies); /* no store of it had to copy */
    uint64_t swapped = frames_stat(gt_own_space()).v[4];
    CHECK_EQ(swapped, 0);
    RUN_CHILD(hog, NULL);
    CHECK_EQ(absent_of(p, 16), 0);
    CHECK_EQ(frames_stat(gt_own_space()).v[4], 0);
    CHECK_EQ(munlockall(), 0);
    RUN_CHILD(hog, NULL);
    CHECK(absent_of(p, 16) > 0);
    CHECK_EQ(gt_wrong(p, 16, 17), 0);
}
static void a_pinned_process_keeps_its_pages(void) { RUN_CHILD(pinned_process, NULL); }

static struct process_info child_of(pid_t parent)
{
    struct process_info p;
    for (unsigned i = 0; i < GT_HANG_MS; i++) {
        for (uint32_t pid = 1; process_next(pid, &p) == OK; pid = p.pid + 1)
            if (p.ppid == (uint32_t)parent)
                return p;
        gt_sleep_us(1000);
    }
    gt_fail("it starts its program", __FILE__, __LINE__);
    return (struct process_info){0};
}
static struct gt_stat beside_a_hog(pid_t pid, uint64_t space, uint64_t *before)
{
    gt_until_waits(pid); /* it has come to its sleep */
    *before = frames_stat(space).v[1];
    for (unsigned i = 0; i < 2; i++)
        RUN_CHILD(hog, NULL);
    return frames_stat(space);
}
static char *sleeper[] = {"pin", "sleep", "1000", NULL};
/* By `pin`, which spawns with SPAWN_PINNED; and the same program without. */
static void a_program_that_was_spawned_pinned_keeps_its_pages(void)
{
    pid_t pid[2];
    uint64_t before;
    int status = 0;
    REQUIRE(spawn_program("pin", sleeper, NULL, 0, &pid[0]) == 0);
    struct process_info p = child_of(pid[0]);
    struct gt_stat after = beside_a_hog((pid_t)p.pid, p.space, &before);
    CHECK(before > 3);
    CHECK(after.v[3] > 0); /* pinned; a page of the image that nobody wrote to is not counted */
    printf("  %lu pages, %lu pinned\n", (unsigned long)before, (unsigned long)after.v[3]);
    CHECK_EQ(after.v[1], before);
    CHECK_EQ(after.v[4], 0); /* none is absent */
    CHECK_EQ(kill((pid_t)p.pid, SIGTERM), 0);
    CHECK_EQ(waitpid(pid[0], &status, 0), pid[0]);
    CHECK_EQ(status, (128 + SIGTERM) << 8);
    REQUIRE(spawn_program("sleep", sleeper + 1, NULL, 0, &pid[1]) == 0);
    struct ipc_msg m = {.w = {PAGER_SPACE_FIND, (uint64_t)pid[1]}};
    CHECK_EQ(pager_call(H_PAGER, &m), OK);
    after = beside_a_hog(pid[1], m.w[1], &before);
    CHECK(after.v[1] < before && after.v[3] == 0);
    CHECK_EQ(kill(pid[1], SIGTERM), 0);
    CHECK_EQ(waitpid(pid[1], &status, 0), pid[1]);
}

static void killed_while_it_locks(void)
{
    uint8_t *p = filled(12, 18);
    unsigned k = 1;
    for (; k < 200 && gt_failed == 0; k++) {
        uint64_t r = gt_pager_restarts();
        gt_pager_debug(PAGER_DEBUG_EVICT, FRAMES);
        gt_pager_arm(k & 1 ? PAGER_DEBUG_DIE_AFTER : PAGER_DEBUG_DIE_SYSCALL, k / 2 + 1);
        CHECK_EQ(mlock(p, 12 * PAGE_SIZE), 0);
        bool died = gt_pager_restarts() != r;
        gt_pager_debug(k & 1 ? PAGER_DEBUG_DIE_AFTER : PAGER_DEBUG_DIE_SYSCALL, 0);
        CHECK_EQ(gt_wrong(p, 12, 18), 0);
        CHECK_EQ(munlock(p, 12 * PAGE_SIZE), 0);
        if (!died)
            break;
    }
    CHECK(k > 20);
    gt_pages_free(12);
}

/* ---- limits ---- */

static void limited(void *arg)
{
    uint64_t limit = (uintptr_t)arg, space = gt_own_space();
    CHECK_EQ(set_frames(space, limit), OK);
    uint8_t *p = filled(PAGES, 19);
    for (int round = 0; round < 3; round++)
        CHECK_EQ(gt_wrong(p, PAGES, 19), 0);
    struct gt_stat f = frames_stat(space);
    CHECK_EQ(f.v[2], limit);
    CHECK(f.v[1] <= limit);
    RUN_CHILD(hog, NULL);
    CHECK_EQ(gt_wrong(p, PAGES, 19), 0);
}
/* There is room for all: only the one with the limit loses pages, and only its own. */
static void a_limit_of_its_own_makes_a_process_evict_itself(void)
{
    uint8_t *p = filled(16, 20);
    CHECK_EQ(set_frames(0, 600), OK);
    CHECK_EQ(gt_wrong(p, 16, 20), 0);
    RUN_CHILD(limited, (void *)20);
    CHECK_EQ(absent_of(p, 16), 0);
    CHECK_EQ(set_frames(0, FRAMES), OK);
    RUN_CHILD(limited, (void *)40);
    CHECK_EQ(gt_wrong(p, 16, 20), 0);
    gt_pages_free(16);
}
static void limits_change_while_programs_run(void)
{
    uint8_t *p = filled(PAGES, 21);
    static const uint64_t limits[] = {200, 32, 100, 16, 0, 64};
    for (unsigned i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        CHECK_EQ(set_frames(0, limits[i]), OK);
        CHECK_EQ(gt_wrong(p, PAGES, 21), 0);
        gt_fill(p, PAGES, 21);
        struct gt_stat f = frames_stat(0);
        CHECK(limits[i] == 0 || f.v[1] <= limits[i]);
        CHECK_EQ(gt_vmcheck(), 0);
    }
    CHECK_EQ(set_frames(0, 15), ERR_INVAL);
    CHECK_EQ(set_frames(0, 1UL << 32), ERR_INVAL);
    gt_pages_free(PAGES);
}
struct beside { /* in memory that they share */
    volatile uint32_t stop, rounds, pages;
};
static void faults_all_the_while(void *beside)
{
    struct beside *b = beside;
    uint8_t *p = filled(PAGES, 7);
    do {
        CHECK_EQ(gt_wrong(p, PAGES, 7), 0);
        gt_fill(p, PAGES, 7);
        b->rounds++;
    } while (!b->stop && gt_failed == 0);
}
/* Every few pages the other one goes round at least once. */
static void shares_more_than_there_is(void *beside)
{
    struct beside *b = beside;
    uint8_t *p = mmap(NULL, PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    for (; b->pages < PAGES; b->pages++) {
        p[b->pages * PAGE_SIZE] = 1;
        uint32_t round = b->rounds;
        for (unsigned i = 0; b->pages % 4 == 3 && i < GT_HANG_MS && b->rounds - round < 2; i++)
            gt_sleep_us(1000);
    }
}
/* Such pages do not leave: who wants more of them than three quarters of the frames ends, and nobody else does, on any number of harts. */
static void shared_memory_ends_where_the_frames_do(void)
{
    uint8_t *p = filled(PAGES, 6);
    struct beside *b = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(b != MAP_FAILED);
    pid_t other = gt_child(faults_all_the_while, b);
    gt_expect_signal(gt_child(shares_more_than_there_is, b), SIGKILL);
    b->stop = 1;
    gt_expect_exit(other, 0);
    CHECK(b->pages > FRAMES / 2 && b->pages <= FRAMES - FRAMES / 4);
    CHECK_EQ(gt_wrong(p, PAGES, 6), 0);
    CHECK_EQ(munmap(b, PAGE_SIZE), 0);
    CHECK_EQ(gt_vmcheck(), 0);
    gt_pages_free(PAGES);
}
static void the_store_grows(void)
{
    uint64_t slots = store_stat().v[2];
    struct ipc_msg m = {.w = {PAGER_STORE, slots + 600}};
    err_t err;
    while ((err = pager_call(H_PAGER, &m)) == ERR_AGAIN)
        m.w[0] = PAGER_STORE, m.w[1] = slots + 600;
    CHECK_EQ(err, OK);
    CHECK_EQ(store_stat().v[2], slots + 600);
    CHECK_EQ(gt_vmcheck(), 0);
}

GT_MAIN(CASE(a_full_store_ends_the_one_that_wants_more), CASE(a_full_store_still_lets_clean_pages_go),
        CASE(write_errors_are_survived), CASE(a_read_error_ends_the_one_that_faults),
        CASE(idle_time_cleans_ahead_for_a_store_that_copies), CASE(who_waits_for_a_read_shares_it),
        CASE(nobody_is_lost_in_a_slow_store), CASE(who_waits_for_the_store_can_be_killed),
        CASE(locked_pages_stay_and_are_copied_at_fork), CASE(locking_takes_pages_out_of_a_share),
        CASE(not_everything_can_be_locked), CASE(a_pinned_process_keeps_its_pages),
        CASE(a_program_that_was_spawned_pinned_keeps_its_pages), CASE(killed_while_it_locks),
        CASE(a_limit_of_its_own_makes_a_process_evict_itself), CASE(limits_change_while_programs_run),
        CASE(shared_memory_ends_where_the_frames_do), CASE(the_store_grows))
