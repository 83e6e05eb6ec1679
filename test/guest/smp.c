/* SPDX-License-Identifier: MIT
 * Proves what only several harts can break: no stale translation is used after the shootdown was acknowledged, no store is lost
 * or lands in somebody else's frame, threads are moved and killed while they run elsewhere, and every child is reaped once.
 * The racing threads make no system call and take no fault that they need not: a hart that leaves its space forgets its
 * translations, and with them the mistake. Two harts, since that many run side by side on any machine that emulates them;
 * with more (`scons run SMP=4 RUN=t_smp`) each racing thread has one to itself. `--full`: the long counts.
 * SMP: 2
 * TIMEOUT: 90
 */
#define GT_NAME "smp"
#include "gtest.h"

#include <pagoda/thread.h>
#include <stdatomic.h>

#define PAGES 256
static long count_of(long quick, long full) { return gt_count ? gt_count : gt_full ? full : quick; }
/* Each round waits for an interrupt on another hart, which takes microseconds when that hart runs, and milliseconds when the
 * emulating machine is busy with something else: then a case ends early and says so. It waits longer for a tenth of what was asked,
 * and fails without. --full and --count never end early. */
#define PATIENCE_US 40000000u
#define PATIENCE_TENTH_US (3 * PATIENCE_US)
static ticks_t began;
static long made;
static void count_begin(void) { began = sys_time(), made = 0; }
static bool patient(long wanted)
{
    return sys_time() - began < gt_us(made * 10 < wanted ? PATIENCE_TENTH_US : PATIENCE_US);
}
static bool count_on(long wanted)
{
    bool on = made < wanted && !gt_failed && (gt_full || gt_count || patient(wanted));
    if (!on && made < wanted && !gt_failed) {
        printf("  only %ld of %ld rounds: the machine is busy\n", made, wanted);
        CHECK(made * 10 >= wanted);
    }
    gt_progress(made, wanted);
    made += on;
    return on;
}

static uint64_t page_words[PAGES][PAGE_SIZE / 8] __attribute__((aligned(4096)));
enum { W_OWNER = 0, W_LOCKED = 8, W_SLOT = 16 }; /* words of a page: whose they are */

static struct { _Atomic unsigned held; } page_lock;
static bool trylock(void) { return !atomic_exchange_explicit(&page_lock.held, 1, memory_order_acquire); }
static void lock(void)
{
    while (!trylock()) {
    }
}
static void unlock(void) { atomic_store_explicit(&page_lock.held, 0, memory_order_release); }

static uint64_t load(const uint64_t *p) { return __atomic_load_n(p, __ATOMIC_ACQUIRE); }
static void store(uint64_t *p, uint64_t v) { __atomic_store_n(p, v, __ATOMIC_RELEASE); }

static uint64_t progress; /* epoch << 16 | pages written in it */
static uint64_t stop, bad_reads, reads, locked_writes;
static uint64_t mirror[PAGES];

static void join_all(struct thread **t, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        CHECK_EQ(thread_join(t[i], NULL), 0);
}

/* ---- one breaks COW, one writes under a lock, one reads twice ---- */

static void read_twice(uint64_t *random)
{
    uint64_t now = load(&progress), pages = now & 0xffff, epoch = now >> 16;
    if (pages == 0)
        return;
    uint64_t page = pages - 1 - gt_random(random) % (pages < 8 ? pages : 8);
    uint64_t first = load(&page_words[page][W_OWNER]), second = load(&page_words[page][W_OWNER]);
    if (first < epoch || second < first)
        bad_reads++;
    reads++;
}
static void write_locked(void)
{
    uint64_t page = (load(&progress) & 0xffff) % PAGES; /* the one that is being broken now */
    if (!trylock())
        return;
    page_words[page][W_LOCKED]++;
    mirror[page]++;
    unlock();
    locked_writes++;
}

enum { READS = 1, WRITES = 2 };
static void *races(void *roles_and_hart)
{
    unsigned roles = (unsigned)(uintptr_t)roles_and_hart & 3, hart = (unsigned)(uintptr_t)roles_and_hart >> 2;
    uint64_t random = 77;
    CHECK_EQ(thread_set_hart(hart), 0);
    while (!load(&stop)) {
        for (unsigned k = 0; k < 20 && (roles & READS); k++)
            read_twice(&random);
        if (roles & WRITES)
            write_locked();
        for (volatile unsigned k = 0; k < 100; k++) { /* where harts are virtual, a holder may stop: hold it seldom */
        }
    }
    return NULL;
}

/* Shares the pages; sees that they stay as they were at the fork, whatever the parent's threads do. */
static void keeper(void *epoch)
{
    static uint64_t before[PAGES];
    for (unsigned i = 0; i < PAGES; i++)
        before[i] = page_words[i][W_LOCKED];
    while (GT_SHARED->word[0] < (uint64_t)(uintptr_t)epoch)
        gt_sleep_us(2000);
    for (unsigned i = 0; i < PAGES; i++) {
        CHECK_EQ(page_words[i][W_OWNER], (uint64_t)(uintptr_t)epoch - 1);
        CHECK_EQ(page_words[i][W_LOCKED], before[i]);
    }
}

static uint64_t breaks(void) /* of COW, by the pager's own count */
{
    struct gt_stat s = gt_stat(PAGER_STAT_FAULTS, 0);
    return s.v[1] + s.v[2];
}
static void cow_breaks_against_readers_and_writers(void)
{
    REQUIRE(gt_shared_open() == OK);
    uint64_t broken = breaks();
    struct thread *t[2];
    unsigned racers = thread_harts() > 2 ? 2 : 1;
    stop = progress = bad_reads = reads = locked_writes = 0;
    memset(mirror, 0, sizeof mirror);
    memset(page_words, 0, sizeof page_words);
    CHECK_EQ(thread_set_hart(0), 0);
    for (uintptr_t i = 0; i < racers; i++)
        REQUIRE(thread_create(&t[i], races, (void *)((i + 1) << 2 | (racers == 1 ? READS | WRITES : i + 1))) == 0);
    long rounds = (count_of(50000, 1000000) + PAGES - 1) / PAGES;
    count_begin();
    for (long epoch = 1; count_on(rounds); epoch++) {
        pid_t pid = gt_child(keeper, (void *)(uintptr_t)epoch);
        if (pid <= 0)
            break;
        for (unsigned i = 0; i < PAGES; i++) {
            lock();
            uint64_t kept = page_words[i][W_LOCKED];
            store(&page_words[i][W_OWNER], (uint64_t)epoch); /* breaks COW, or finds it broken by the locker */
            CHECK_EQ(page_words[i][W_LOCKED], kept);
            unlock();
            store(&progress, (uint64_t)epoch << 16 | (i + 1));
        }
        GT_SHARED->word[0] = (uint64_t)epoch;
        gt_expect_exit(pid, 0);
    }
    store(&stop, 1);
    join_all(t, racers);
    for (unsigned i = 0; i < PAGES; i++)
        CHECK_EQ(page_words[i][W_LOCKED], mirror[i]);
    CHECK_EQ(bad_reads, 0);
    CHECK(reads > 0 && locked_writes > 0);
    CHECK(breaks() - broken >= (uint64_t)made * PAGES);
    gt_shared_close();
}

/* ---- a writer that never leaves its space, and a fork beside it ---- */

static void *endless_writer(void *unused)
{
    (void)unused;
    CHECK_EQ(thread_set_hart(1), 0);
    while (!load(&stop))
        store(&page_words[0][W_OWNER], page_words[0][W_OWNER] + 1);
    return NULL;
}
static void looks_at_a_still_page(void *unused)
{
    (void)unused;
    uint64_t first = load(&page_words[0][W_OWNER]);
    ticks_t end = sys_time() + gt_us(500);
    while (sys_time() < end)
        if (load(&page_words[0][W_OWNER]) != first) {
            CHECK_EQ(load(&page_words[0][W_OWNER]), first);
            return;
        }
}
static void a_writer_elsewhere_does_not_reach_the_child(void)
{
    struct thread *t;
    stop = 0;
    CHECK_EQ(thread_set_hart(0), 0);
    REQUIRE(thread_create(&t, endless_writer, NULL) == 0);
    long rounds = count_of(150, 5000);
    count_begin();
    while (count_on(rounds)) {
        uint64_t before = load(&page_words[0][W_OWNER]);
        RUN_CHILD(looks_at_a_still_page, NULL);
        while (load(&page_words[0][W_OWNER]) == before) { /* it goes on here */
        }
    }
    store(&stop, 1);
    join_all(&t, 1);
}

/* ---- unmap beside a reader: it must fault before the frame has a new owner ---- */

#define GONE_VA 0x800000000UL
static err_t gone_region(unsigned op)
{
    struct ipc_msg m = {.w = {op, 0, GONE_VA, GONE_VA + PAGE_SIZE, PROT_R | PROT_W, BACKING_ANON}};
    return pager_call(H_PAGER, &m);
}
static void *reads_what_goes(void *unused)
{
    (void)unused;
    (void)thread_set_hart(1);
    const uint64_t *p = (const uint64_t *)GONE_VA;
    store((uint64_t *)&GT_SHARED->word[1], 1);
    for (;;) { /* forever: until it is killed by its fault */
        uint64_t v = load(p);
        if (v != 0x1111)
            store((uint64_t *)&GT_SHARED->word[2], v);
    }
    return NULL;
}
static void unmaps_beside_a_reader(void *unused)
{
    (void)unused;
    struct thread *t;
    (void)thread_set_hart(0);
    REQUIRE(gone_region(PAGER_REGION_ADD) == OK);
    *(volatile uint64_t *)GONE_VA = 0x1111;
    REQUIRE(thread_create(&t, reads_what_goes, NULL) == 0);
    while (!GT_SHARED->word[1]) {
    }
    CHECK_EQ(gone_region(PAGER_REGION_REMOVE), OK);
    for (unsigned i = 0; i < PAGES; i++) /* somebody gets the frame, and writes */
        page_words[i][0] = 0x2222;
    gt_sleep_us(2000);
}
static void an_unmapped_page_is_not_read_elsewhere(void)
{
    long rounds = count_of(40, 2000);
    count_begin();
    while (count_on(rounds)) {
        REQUIRE(gt_shared_open() == OK);
        gt_expect_signal(gt_child(unmaps_beside_a_reader, NULL), SIGSEGV);
        CHECK_EQ(GT_SHARED->word[2], 0);
        gt_shared_close();
    }
}

/* ---- four harts on one page ---- */

#define FOUR_VA 0x900000000UL
static uint64_t four_go, four_done;
static void *touches_all(void *arg)
{
    uint64_t me = (uintptr_t)arg;
    CHECK_EQ(thread_set_hart((unsigned)me % thread_harts()), 0);
    for (uint64_t round = 1; !load(&stop); round++) {
        while (load(&four_go) < round && !load(&stop))
            sys_yield();
        if (load(&stop))
            break;
        for (uint64_t i = 0; i < PAGES; i++)
            ((volatile uint64_t *)(FOUR_VA + i * PAGE_SIZE))[W_SLOT + me] = round << 16 | i;
        __atomic_add_fetch(&four_done, 1, __ATOMIC_ACQ_REL);
    }
    return NULL;
}
static void four_threads_on_one_page(void)
{
    struct thread *t[3];
    uint64_t retries = gt_stat(PAGER_STAT_FAULTS, 0).v[6];
    stop = four_go = four_done = 0;
    CHECK_EQ(thread_set_hart(0), 0);
    for (uintptr_t i = 0; i < 3; i++)
        REQUIRE(thread_create(&t[i], touches_all, (void *)(i + 1)) == 0);
    long rounds = (count_of(5000, 100000) + PAGES - 1) / PAGES;
    count_begin();
    for (uint64_t round = 1; count_on(rounds); round++) {
        struct ipc_msg m = {.w = {PAGER_REGION_ADD, 0, FOUR_VA, FOUR_VA + PAGES * PAGE_SIZE, PROT_R | PROT_W, BACKING_ANON}};
        REQUIRE(pager_call(H_PAGER, &m) == OK);
        long before = gt_frames_free_user();
        store(&four_go, round);
        for (uint64_t i = 0; i < PAGES; i++)
            ((volatile uint64_t *)(FOUR_VA + i * PAGE_SIZE))[W_SLOT] = round << 16 | i;
        while (load(&four_done) < round * 3)
            sys_yield();
        CHECK(before - gt_frames_free_user() >= PAGES);
        for (uint64_t i = 0; i < PAGES; i++)
            for (unsigned k = 0; k < 4; k++)
                CHECK_EQ(((volatile uint64_t *)(FOUR_VA + i * PAGE_SIZE))[W_SLOT + k], round << 16 | i);
        m = (struct ipc_msg){.w = {PAGER_REGION_REMOVE, 0, FOUR_VA, FOUR_VA + PAGES * PAGE_SIZE}};
        CHECK_EQ(pager_call(H_PAGER, &m), OK);
    }
    store(&stop, 1);
    join_all(t, 3);
    retries = gt_stat(PAGER_STAT_FAULTS, 0).v[6] - retries;
    printf("  %lu faults on a page that another one had just brought in\n", retries);
    CHECK(retries > 0 || thread_harts() == 1); /* two faulted on one page; where they take turns, that is seldom */
}

/* ---- forks beside exits, exits beside waits ---- */

static void writes_some_and_exits(void *arg)
{
    uint64_t n = (uintptr_t)arg;
    for (unsigned i = 0; i < 16; i++) {
        uint64_t *p = page_words[(n * 7 + i * 11) % PAGES];
        CHECK_EQ(p[W_OWNER], 0x5eed);
        p[W_OWNER] = n;
    }
    _exit(gt_failed ? 1 : (int)(n % 100) + 2);
}
static void forks_beside_exits_of_sharers(void)
{
    enum { AT_ONCE = 6 };
    pid_t pid[AT_ONCE] = {0};
    unsigned code[AT_ONCE] = {0};
    for (unsigned i = 0; i < PAGES; i++)
        page_words[i][W_OWNER] = 0x5eed;
    long rounds = count_of(400, 20000);
    count_begin();
    for (long n = 0; count_on(rounds); n++) {
        unsigned slot = (unsigned)n % AT_ONCE;
        if (pid[slot] > 0)
            gt_expect_exit(pid[slot], (int)code[slot]);
        pid[slot] = gt_child(writes_some_and_exits, (void *)(uintptr_t)n);
        code[slot] = (unsigned)(n % 100) + 2;
    }
    for (unsigned i = 0; i < AT_ONCE; i++)
        if (pid[i] > 0)
            gt_expect_exit(pid[i], (int)code[i]);
    for (unsigned i = 0; i < PAGES; i++)
        CHECK_EQ(page_words[i][W_OWNER], 0x5eed);
}

static void exits_beside_waits_are_each_reaped_once(void)
{
    enum { CHILDREN = 12 };
    long rounds = count_of(12, 500);
    count_begin();
    while (count_on(rounds)) {
        unsigned seen = 0;
        pid_t first = 0;
        for (unsigned i = 0; i < CHILDREN; i++) {
            pid_t pid = fork();
            if (pid == 0)
                _exit((int)i);
            REQUIRE(pid > 0);
            first = first ? first : pid;
        }
        for (unsigned i = 0; i < CHILDREN; i++) {
            int status = 0;
            pid_t pid = waitpid(-1, &status, 0);
            REQUIRE(pid >= first && WIFEXITED(status));
            unsigned who = (unsigned)WEXITSTATUS(status);
            CHECK(!((seen >> who) & 1));
            seen |= 1u << who;
        }
        CHECK_EQ(seen, (1u << CHILDREN) - 1);
        CHECK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD);
    }
}

/* ---- killed while threads run, call and fault on other harts ---- */

static void *computes(void *hart)
{
    (void)thread_set_hart((unsigned)(uintptr_t)hart % thread_harts());
    for (volatile uint64_t n = 0;; n++) { /* forever: until it is killed */
    }
    return NULL;
}
static void *calls(void *hart)
{
    (void)thread_set_hart((unsigned)(uintptr_t)hart % thread_harts());
    for (;;) /* forever: until it is killed */
        (void)getpid(), sys_yield();
    return NULL;
}
static void *faults(void *hart)
{
    (void)thread_set_hart((unsigned)(uintptr_t)hart % thread_harts());
    for (;;) { /* forever: until it is killed */
        uint8_t *p = gt_pages(8);
        for (unsigned i = 0; p && i < 8; i++)
            p[i * PAGE_SIZE] = 1;
        if (p)
            gt_pages_free(8);
    }
    return NULL;
}
static void busy_on_all_harts(void *unused)
{
    (void)unused;
    struct thread *t[3];
    void *(*const what[3])(void *) = {computes, calls, faults};
    for (uintptr_t i = 0; i < 3; i++)
        REQUIRE(thread_create(&t[i], what[i], (void *)(i + 1)) == 0);
    GT_SHARED->word[3] = 1;
    for (;;) /* forever: until it is killed */
        gt_sleep_us(1000);
}
static void a_kill_reaches_running_threads(void)
{
    uint64_t random = 5;
    long rounds = count_of(60, 3000);
    count_begin();
    while (count_on(rounds)) {
        REQUIRE(gt_shared_open() == OK);
        pid_t pid = gt_child(busy_on_all_harts, NULL);
        while (!GT_SHARED->word[3])
            sys_yield();
        gt_sleep_us(gt_random(&random) % 1000);
        CHECK_EQ(kill(pid, SIGKILL), 0);
        gt_expect_signal(pid, SIGKILL);
        gt_shared_close();
    }
}

/* ---- moving ---- */

static uint64_t calls_on(unsigned hart)
{
    uint64_t n = 0;
    CHECK_EQ(sys_kernel_info(H_KERNEL, hart, KC_TRAP + 8, &n), OK);
    return n;
}
static void a_thread_runs_where_it_is_put(void)
{
    unsigned harts = thread_harts();
    CHECK(harts > 1);
    for (unsigned i = 0; i < 2 * harts; i++) {
        unsigned hart = i % harts;
        CHECK_EQ(thread_set_hart(hart), 0);
        CHECK_EQ(thread_hart(), hart);
        uint64_t before = calls_on(hart);
        for (unsigned k = 0; k < 100; k++)
            (void)sys_null();
        CHECK(calls_on(hart) >= before + 100);
        ticks_t end = sys_time() + gt_us(500);
        uint64_t bits;
        CHECK_EQ(sys_wait(0, end, &bits), ERR_TIMEOUT); /* a timer of that hart */
        CHECK(sys_time() >= end);
    }
    CHECK_EQ(thread_set_hart(harts), EINVAL);
}

/* Calls from both harts at once: one of the two waits for the kernel's lock, and the other calls it. Either way a call keeps what it has to. */
static void *calls_nothing(void *calls_and_hart)
{
    uintptr_t calls = (uintptr_t)calls_and_hart >> 3;
    CHECK_EQ(thread_set_hart((uintptr_t)calls_and_hart & 7), 0);
    for (uintptr_t i = 0; i < calls; i++)
        CHECK_EQ(sys_null(), OK);
    return NULL;
}
static void calls_at_once(void)
{
    struct thread *t[2];
    uintptr_t calls = (uintptr_t)count_of(100000, 5000000);
    for (uintptr_t i = 0; i < 2; i++)
        REQUIRE(thread_create(&t[i], calls_nothing, (void *)(calls << 3 | i)) == 0);
    join_all(t, 2);
}

static void *sums(void *arg)
{
    unsigned first = (unsigned)(uintptr_t)arg;
    unsigned harts = thread_harts();
    double sum = first, step = 0.5;
    for (unsigned i = 0; i < 400; i++) {
        CHECK_EQ(thread_set_hart((first + i) % harts), 0);
        for (unsigned k = 0; k < 50; k++)
            sum += step;
        if (sum != first + 25.0 * (i + 1)) {
            gt_fail("sum is right", __FILE__, __LINE__);
            break;
        }
    }
    return NULL;
}
static void floating_point_moves_along(void)
{
    struct thread *t[6];
    for (uintptr_t i = 0; i < 6; i++)
        REQUIRE(thread_create(&t[i], sums, (void *)i) == 0);
    join_all(t, 6);
}

GT_MAIN(CASE(a_thread_runs_where_it_is_put), CASE(calls_at_once), CASE(floating_point_moves_along), CASE(cow_breaks_against_readers_and_writers),
        CASE(a_writer_elsewhere_does_not_reach_the_child), CASE(an_unmapped_page_is_not_read_elsewhere),
        CASE(four_threads_on_one_page), CASE(forks_beside_exits_of_sharers), CASE(exits_beside_waits_are_each_reaped_once),
        CASE(a_kill_reaches_running_threads))
