/* SPDX-License-Identifier: MIT
 * Proves what happens around the store: it is full, it fails, it is slow; limits that change while programs run, and limits
 * of one process.
 *
 * ARGS: frames=64 store=512
 * TIMEOUT: 300
 */
#define GT_NAME "swap"
#include "gstore.h"
#include "gwaits.h"

#include <sys/mman.h>

/* ---- the store fails ---- */

/* The one that asks for more than there is ends; the others keep what they have. */
static void a_full_store_ends_the_one_that_wants_more(void)
{
    gt_pager_debug(PAGER_DEBUG_STORE_COPY, 1); /* else nothing is in the store that is in memory as well */
    uint8_t *p = gs_filled(GS_PAGES, 1);
    CHECK_EQ(gt_wrong(p, GS_PAGES, 1), 0);
    uint64_t none = gs_evict().v[7];
    gt_pager_debug(PAGER_DEBUG_STORE_FULL, 1);
    pid_t pid = gt_child(gs_hog, NULL);
    int status = gt_reap(pid, GT_HANG_MS);
    CHECK(status != -1 && (WIFSIGNALED(status) || WEXITSTATUS(status) != 0));
    gt_pager_debug(PAGER_DEBUG_STORE_FULL, 0);
    CHECK(gs_store().v[5] > 0);
    CHECK(gs_evict().v[7] > none);
    CHECK_EQ(gt_wrong(p, GS_PAGES, 1), 0);
    gt_pager_debug(PAGER_DEBUG_STORE_COPY, 0);
    RUN_CHILD(gs_hog, NULL);
    gt_pages_free(GS_PAGES);
}
/* Pages that are in the store already can go without a write. */
static void a_full_store_still_lets_clean_pages_go(void)
{
    gt_pager_debug(PAGER_DEBUG_STORE_COPY, 1);
    uint8_t *p = gs_filled(GS_PAGES, 2);
    CHECK_EQ(gt_wrong(p, GS_PAGES, 2), 0);
    gt_pager_debug(PAGER_DEBUG_STORE_FULL, 1);
    uint64_t clean = gs_evict().v[2];
    for (int round = 0; round < 4; round++)
        CHECK_EQ(gt_wrong(p, GS_PAGES, 2), 0);
    CHECK(gs_evict().v[2] > clean + GS_PAGES);
    gt_pager_debug(PAGER_DEBUG_STORE_FULL, 0);
    gt_pager_debug(PAGER_DEBUG_STORE_COPY, 0);
    gt_pages_free(GS_PAGES);
}
static void write_errors_are_survived(void)
{
    uint64_t errors = gs_store().v[3];
    uint8_t *p = gs_filled(GS_PAGES, 3);
    for (unsigned round = 0; round < 20 && gt_failed == 0; round++) {
        gt_pager_debug(PAGER_DEBUG_STORE_WRITE, (1 + round % 5) | (uint64_t)(1 + round % 7) << 32);
        gt_fill(p, GS_PAGES, 4 + round);
        CHECK_EQ(gt_wrong(p, GS_PAGES, 4 + round), 0);
    }
    gt_pager_debug(PAGER_DEBUG_STORE_WRITE, 0);
    CHECK(gs_store().v[3] > errors);
    gt_pages_free(GS_PAGES);
}
static void toucher(void *p)
{
    gt_pager_debug(PAGER_DEBUG_STORE_READ, 1 | 1UL << 32);
    CHECK_EQ(gt_wrong(p, GS_PAGES, 5), 0);
    CHECK(!"a page came back though its read failed");
}
static void a_read_error_ends_the_one_that_faults(void)
{
    uint8_t *p = gs_filled(GS_PAGES, 5);
    for (int round = 0; round < 2; round++) {
        CHECK(gs_absent(p, GS_PAGES) > 0);
        int status = gt_reap(gt_child(toucher, p), GT_HANG_MS);
        CHECK(status != -1 && WIFSIGNALED(status));
        gt_pager_debug(PAGER_DEBUG_STORE_READ, 0);
        CHECK_EQ(gt_wrong(p, GS_PAGES, 5), 0); /* the same pages, for those who did not fault */
        gt_pager_debug(PAGER_DEBUG_STORE_DELAY, 2000);
    }
    gt_pager_debug(PAGER_DEBUG_STORE_DELAY, 0);
    CHECK(gs_store().v[4] >= 2);
    gt_pages_free(GS_PAGES);
}

/* ---- pages are cleaned ahead ---- */

/* Nobody else wants the hart for 20 ms: a store that has to copy is written ahead of need, up to the high mark, a sixteenth of the
 * frames; then a fault finds a victim that needs no write. Another hart may have cleaned while the pages were filled, and some of
 * what it cleaned may have left since: it goes on only below the low mark, so filling comes again. */
static void idle_time_cleans_ahead_for_a_store_that_copies(void)
{
    gt_pager_debug(PAGER_DEBUG_STORE_COPY, 1);
    uint64_t ahead = gs_evict().v[5];
    uint8_t *p = gs_filled(GS_PAGES, 22);
    gt_sleep_us(20000);
    for (unsigned i = 1; i < GT_HANG_MS && gs_frames(0).v[6] < GS_FRAMES / 16; i++) {
        if (i % 200 == 0)
            gt_fill(p, GS_PAGES, 22);
        gt_sleep_us(1000); /* others had the hart */
    }
    CHECK(gs_evict().v[5] > ahead);
    CHECK_EQ(gs_frames(0).v[6], GS_FRAMES / 16);
    CHECK(!gs_is_present(p));
    struct gt_stat before = gs_evict();
    *(volatile uint64_t *)(p + 8) = 1;
    struct gt_stat after = gs_evict();
    CHECK_EQ(after.v[1] - before.v[1], 1);
    CHECK_EQ(after.v[2] - before.v[2], 1); /* it was clean */
    CHECK_EQ(after.v[3], before.v[3]);
    for (int round = 0; round < 5; round++) {
        CHECK_EQ(gt_wrong(p, GS_PAGES, 22), 0);
        gt_sleep_us(2000);
        CHECK(gs_frames(0).v[6] <= GS_FRAMES / 16);
    }
    gt_pager_debug(PAGER_DEBUG_STORE_COPY, 0);
    gt_pages_free(GS_PAGES);
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
    uint8_t *p = gs_filled(8, 6), *other = gs_filled(GS_PAGES, 7);
    gt_pager_debug(PAGER_DEBUG_EVICT, GS_FRAMES);
    CHECK_EQ(gs_absent(p, 8), 8);
    pid_t pid[3];
    for (int i = 0; i < 3; i++)
        pid[i] = gt_child(slow_reader, p);
    for (ticks_t end = sys_time() + gt_us(GT_HANG_MS * 1000UL); GT_SHARED->arrived < 3 && sys_time() < end;) /* with the stack and the data that they need */
        gt_sleep_us(200);
    gt_pager_debug(PAGER_DEBUG_STORE_DELAY, 20000);
    uint64_t reads = gs_evict().v[4], served = 0;
    gt_barrier(4);
    while (GT_SHARED->word[2] < 3 && served < 1000000) {
        (void)gt_stat(PAGER_STAT_FORKS, 0);
        served++;
    }
    reads = gs_evict().v[4] - reads;
    gt_barrier(4);
    for (int i = 0; i < 3; i++)
        gt_expect_exit(pid[i], 0);
    gt_pager_debug(PAGER_DEBUG_STORE_DELAY, 0);
    printf("  %lu reads, %lu requests served meanwhile\n", reads, served);
    CHECK(served > 3);
    CHECK_EQ(reads, 8);
    CHECK_EQ(gt_wrong(p, 8, 6) + gt_wrong(other, GS_PAGES, 7), 0);
    gt_pages_free(GS_PAGES + 8);
    gt_shared_close();
}
static void slow_worker(void *arg)
{
    uint8_t *p = arg;
    for (uint64_t round = 20; round < 26; round++) {
        gt_fill(p, GS_PAGES, round);
        CHECK_EQ(gt_wrong(p, GS_PAGES, round), 0);
    }
}
static void nobody_is_lost_in_a_slow_store(void)
{
    uint8_t *p = gs_filled(GS_PAGES, 8);
    gt_pager_debug(PAGER_DEBUG_STORE_DELAY, 300);
    pid_t a = gt_child(slow_worker, p), b = gt_child(slow_worker, p);
    slow_worker(p);
    gt_expect_exit(a, 0);
    gt_expect_exit(b, 0);
    CHECK_EQ(gt_wrong(p, GS_PAGES, 25), 0);
    gt_pager_debug(PAGER_DEBUG_STORE_DELAY, 0);
    gt_pages_free(GS_PAGES);
}
/* Faulters and those whose pages are on their way end at any moment. */
static void who_waits_for_the_store_can_be_killed(void)
{
    uint8_t *p = gs_filled(GS_PAGES, 8);
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
    CHECK_EQ(gt_wrong(p, GS_PAGES, 8), 0);
    gt_sleep_us(2000);
    gt_pages_free(GS_PAGES);
}

/* ---- limits ---- */

static void limited(void *arg)
{
    uint64_t limit = (uintptr_t)arg, space = gt_own_space();
    CHECK_EQ(gs_limit(space, limit), OK);
    uint8_t *p = gs_filled(GS_PAGES, 19);
    for (int round = 0; round < 3; round++)
        CHECK_EQ(gt_wrong(p, GS_PAGES, 19), 0);
    struct gt_stat f = gs_frames(space);
    CHECK_EQ(f.v[2], limit);
    CHECK(f.v[1] <= limit);
    RUN_CHILD(gs_hog, NULL);
    CHECK_EQ(gt_wrong(p, GS_PAGES, 19), 0);
}
/* There is room for all: only the one with the limit loses pages, and only its own. */
static void a_limit_of_its_own_makes_a_process_evict_itself(void)
{
    uint8_t *p = gs_filled(16, 20);
    CHECK_EQ(gs_limit(0, 600), OK);
    CHECK_EQ(gt_wrong(p, 16, 20), 0);
    RUN_CHILD(limited, (void *)20);
    CHECK_EQ(gs_absent(p, 16), 0);
    CHECK_EQ(gs_limit(0, GS_FRAMES), OK);
    RUN_CHILD(limited, (void *)40);
    CHECK_EQ(gt_wrong(p, 16, 20), 0);
    gt_pages_free(16);
}
static void limits_change_while_programs_run(void)
{
    uint8_t *p = gs_filled(GS_PAGES, 21);
    static const uint64_t limits[] = {200, 32, 100, 16, 0, 64};
    for (unsigned i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        CHECK_EQ(gs_limit(0, limits[i]), OK);
        CHECK_EQ(gt_wrong(p, GS_PAGES, 21), 0);
        gt_fill(p, GS_PAGES, 21);
        struct gt_stat f = gs_frames(0);
        CHECK(limits[i] == 0 || f.v[1] <= limits[i]);
        CHECK_EQ(gt_vmcheck(), 0);
    }
    CHECK_EQ(gs_limit(0, 15), ERR_INVAL);
    CHECK_EQ(gs_limit(0, 1UL << 32), ERR_INVAL);
    gt_pages_free(GS_PAGES);
}
/* Every few pages the other one goes round at least once. */
static void shares_more_than_there_is(void *beside)
{
    struct gs_beside *b = beside;
    uint8_t *p = mmap(NULL, GS_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED);
    for (; b->pages < GS_PAGES; b->pages++) {
        p[b->pages * PAGE_SIZE] = 1;
        if (b->pages % 4 == 3)
            gs_until_round(b);
    }
}
/* Such pages do not leave: who wants more of them than three quarters of the frames ends, and nobody else does, on any number of harts. */
static void shared_memory_ends_where_the_frames_do(void)
{
    uint8_t *p = gs_filled(GS_PAGES, 6);
    struct gs_beside *b = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(b != MAP_FAILED);
    pid_t other = gt_child(gs_faults_all_the_while, b);
    gt_expect_signal(gt_child(shares_more_than_there_is, b), SIGKILL);
    b->stop = 1;
    gt_expect_exit(other, 0);
    CHECK(b->pages > GS_FRAMES / 2 && b->pages <= GS_FRAMES - GS_FRAMES / 4);
    CHECK_EQ(gt_wrong(p, GS_PAGES, 6), 0);
    CHECK_EQ(munmap(b, PAGE_SIZE), 0);
    CHECK_EQ(gt_vmcheck(), 0);
    gt_pages_free(GS_PAGES);
}
static void the_store_grows(void)
{
    uint64_t slots = gs_store().v[2];
    struct ipc_msg m = {.w = {PAGER_STORE, slots + 600}};
    err_t err;
    while ((err = pager_call(H_PAGER, &m)) == ERR_AGAIN)
        m.w[0] = PAGER_STORE, m.w[1] = slots + 600;
    CHECK_EQ(err, OK);
    CHECK_EQ(gs_store().v[2], slots + 600);
    CHECK_EQ(gt_vmcheck(), 0);
}

GT_MAIN(CASE(a_full_store_ends_the_one_that_wants_more), CASE(a_full_store_still_lets_clean_pages_go),
        CASE(write_errors_are_survived), CASE(a_read_error_ends_the_one_that_faults),
        CASE(idle_time_cleans_ahead_for_a_store_that_copies), CASE(who_waits_for_a_read_shares_it),
        CASE(nobody_is_lost_in_a_slow_store), CASE(who_waits_for_the_store_can_be_killed),
        CASE(a_limit_of_its_own_makes_a_process_evict_itself), CASE(limits_change_while_programs_run),
        CASE(shared_memory_ends_where_the_frames_do), CASE(the_store_grows))
