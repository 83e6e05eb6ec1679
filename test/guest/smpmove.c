/* SPDX-License-Identifier: MIT
 * Proves that a page may move to another frame while other harts read and write it: it leaves for the store, somebody else gets
 * its frame and fills it, and it comes back elsewhere. No read sees the frame's new owner or an old value, no store is lost.
 * SMP: 2
 * ARGS: frames=96 store=512
 * TIMEOUT: 180
 */
#define GT_NAME "smpmove"
#include "gtest.h"

#include <pagoda/thread.h>

#define PAGES 16       /* that move */
#define TAKERS 16      /* pages that take the frames they leave */
#define POISON (~0UL)
#define PATIENCE_US 40000000u /* on a busy machine a case ends early, and fails without a tenth; not with --full and --count */
#define PATIENCE_TENTH_US (3 * PATIENCE_US) /* for that tenth */

static uint64_t moving[PAGES][PAGE_SIZE / 8] __attribute__((aligned(4096)));
enum { W_STAMP = 0, W_COUNT = 8, W_STRIDE = 16 }; /* main's, the racer's; the rest of the page is never written */

static uint64_t load(const uint64_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static void store(uint64_t *p, uint64_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }

static uint64_t stop, bad_reads, lost_stores, reads, round_done;
static uint64_t counts[PAGES];
static bool stop_seen;

static void read_twice(unsigned page)
{
    uint64_t least = load(&round_done), first = load(&moving[page][W_STAMP]), second = load(&moving[page][W_STAMP]);
    if (first < least || second < first || second == POISON || load(&moving[page][W_STRIDE]) != 0)
        bad_reads++;
    reads++;
}
static void count_up(unsigned page)
{
    uint64_t before = load(&moving[page][W_COUNT]);
    if (before != counts[page])
        lost_stores++;
    counts[page]++;
    store(&moving[page][W_COUNT], before + 1);
}
static void *races(void *unused)
{
    uint64_t random = 5;
    (void)unused;
    CHECK_EQ(thread_set_hart(1), 0);
    ticks_t late = sys_time() + gt_us(gt_full || gt_count ? 3600000000u : PATIENCE_TENTH_US + 5000000u);
    while (!load(&stop) && sys_time() < late) { /* a kernel that forgets our translations shows us an old `stop` for ever */
        unsigned page = (unsigned)(gt_random(&random) % PAGES);
        for (unsigned k = 0; k < 20; k++) { /* on one page for a while, so that it moves under our feet */
            read_twice(page);
            count_up(page);
        }
    }
    stop_seen = sys_time() < late;
    return NULL;
}

static void pages_move_under_readers_and_writers(void)
{
    struct thread *t;
    uint8_t *takers = gt_pages(TAKERS);
    REQUIRE(takers != NULL);
    memset(moving, 0, sizeof moving);
    CHECK_EQ(thread_set_hart(0), 0);
    (void)gt_pager_debug(PAGER_DEBUG_STORE_COPY, 1); /* else the frame itself becomes the store's, and holds the page all the time */
    REQUIRE(thread_create(&t, races, NULL) == 0);
    uint64_t before = gt_stat(PAGER_STAT_EVICT, 0).v[1];
    long wanted = gt_count ? gt_count : gt_full ? 50000 : 200, made = 0;
    for (ticks_t began = sys_time(); made < wanted && !gt_failed; made++) {
        if (!gt_full && !gt_count && sys_time() - began > gt_us(made * 10 < wanted ? PATIENCE_TENTH_US : PATIENCE_US))
            break;
        gt_progress(made, wanted);
        for (unsigned i = 0; i < PAGES; i++)
            store(&moving[i][W_STAMP], (uint64_t)made + 1);
        store(&round_done, (uint64_t)made + 1);
        (void)gt_pager_debug(PAGER_DEBUG_EVICT, PAGES);
        for (unsigned i = 0; i < TAKERS; i++)
            memset(takers + i * PAGE_SIZE, 0xff, 256);
    }
    store(&stop, 1);
    CHECK_EQ(thread_join(t, NULL), 0);
    uint64_t moves = gt_stat(PAGER_STAT_EVICT, 0).v[1] - before;
    printf("  %ld rounds, %lu pages left, %lu reads\n", made, moves, reads);
    CHECK(stop_seen);
    CHECK_EQ(bad_reads, 0);
    CHECK_EQ(lost_stores, 0);
    for (unsigned i = 0; i < PAGES; i++)
        CHECK_EQ(moving[i][W_COUNT], counts[i]);
    CHECK(reads > 0 && made * 10 >= wanted && moves >= (uint64_t)made);
    gt_pages_free(TAKERS);
    (void)gt_pager_debug(PAGER_DEBUG_STORE_COPY, 0);
}

GT_MAIN(CASE(pages_move_under_readers_and_writers))
