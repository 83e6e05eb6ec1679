/* SPDX-License-Identifier: MIT
 * Proves that a limit of a tree binds the sum over a process and all its descendants: processes, threads, frames, kernel
 * objects; that orphans and shared pages do not slip out, that it can only be lowered, that errors are clean, that who
 * goes over it with a store ends alone, and that every count returns to what it was. Also with procmgr and pager killed.
 */
#define GT_NAME "quota"
#include "gtest.h"
#include "gwaits.h"
#include <pagoda/thread.h>
#include <sys/mman.h>

#define ASK (~0UL)
#define PAGES 16
static uint8_t area[PAGES][PAGE_SIZE] __attribute__((aligned(4096)));

static err_t tree(uint64_t which, uint64_t value, uint64_t *used)
{
    struct ipc_msg m = {.w = {PROC_TREE, which, value}};
    err_t e = proc_call(H_PROC, &m);
    if (used != NULL)
        *used = m.w[2];
    return e;
}
static void limit(uint64_t which, uint64_t value) { CHECK_EQ(tree(which, value, NULL), OK); }
static uint64_t used(uint64_t which)
{
    uint64_t n = 0;
    CHECK_EQ(tree(which, ASK, &n), OK);
    return n;
}
static void counts_are_right(void)
{
    uint64_t bad = 1;
    CHECK_EQ(gt_proc(PROC_CHECK, 0, 0, &bad), OK);
    CHECK_EQ(bad, 0);
    CHECK_EQ(gt_vmcheck(), 0);
}
/* The case's body as the first process of a tree of its own. */
static void alone(void (*body)(void *))
{
    REQUIRE(gt_shared_open() == OK);
    RUN_CHILD(body, NULL);
    counts_are_right();
    gt_shared_close();
}
static void waits(void *unused)
{
    (void)unused;
    gt_await(0, 1);
}
static pid_t quiet_fork(void)
{
    fflush(stdout);
    return fork();
}

/* ---- processes ---- */
static void has_grandchildren(void *unused)
{
    (void)unused;
    pid_t pid[8];
    int n = 0;
    while (n < 8 && (pid[n] = quiet_fork()) > 0)
        n++;
    if (n < 8 && pid[n] == 0) {
        waits(NULL);
        _exit(0);
    }
    CHECK_EQ(n, 3); /* with the tree's first and this one: 5 */
    CHECK_EQ(errno, EAGAIN);
    GT_SHARED->word[0] = 1;
    while (n-- > 0)
        gt_expect_exit(pid[n], 0);
}
static void five_processes(void *unused)
{
    limit(PROC_TREE_PROCESSES, 5);
    CHECK_EQ(used(PROC_TREE_PROCESSES), 1);
    RUN_CHILD(has_grandchildren, unused);
    CHECK_EQ(used(PROC_TREE_PROCESSES), 1);
}
static void processes_of_a_tree(void) { alone(five_processes); }

static void leaves_one_behind(void *unused)
{
    pid_t pid = quiet_fork();
    if (pid == 0)
        waits(unused);
    _exit(pid < 0);
}
static void orphans(void *unused)
{
    limit(PROC_TREE_PROCESSES, 4);
    for (int i = 0; i < 2; i++)
        gt_expect_exit(gt_child(leaves_one_behind, unused), 0);
    CHECK_EQ(used(PROC_TREE_PROCESSES), 3); /* they are init's children by now */
    gt_expect_exit(gt_child(leaves_one_behind, unused), 1);
    GT_SHARED->word[0] = 1;
    GT_UNTIL(used(PROC_TREE_PROCESSES) == 1);
}
static void an_orphan_counts_where_it_was_born(void) { alone(orphans); }

/* ---- threads ---- */
static volatile bool stop;
static void *until_stop(void *p)
{
    while (!stop)
        sys_yield();
    return p;
}
static void has_threads(void *wanted)
{
    struct thread *t[8];
    int n = 0, error;
    stop = false;
    while (n < 8 && (error = thread_create(&t[n], until_stop, NULL)) == 0)
        n++;
    CHECK_EQ(n, (intptr_t)wanted);
    CHECK_EQ(error, EAGAIN);
    stop = true;
    while (n-- > 0)
        CHECK_EQ(thread_join(t[n], NULL), 0);
}
static void six_threads(void *unused)
{
    (void)unused;
    limit(PROC_TREE_THREADS, 6);
    has_threads((void *)5);
    RUN_CHILD(has_threads, (void *)4); /* one is the parent's, one its own first */
    CHECK_EQ(used(PROC_TREE_THREADS), 1);
}
static void threads_of_a_tree(void) { alone(six_threads); }

/* ---- frames ---- */
static void eats(void *unused)
{
    (void)unused;
    uint8_t *p = gt_pages(400);
    for (int i = 0; p != NULL && i < 400; i++) {
        p[i * PAGE_SIZE] = 1;
        GT_SHARED->word[3]++;
    }
}
static void two_hundred_frames(void *unused)
{
    limit(PROC_TREE_FRAMES, used(PROC_TREE_FRAMES) + 400); /* makes the account: what is there moves in */
    uint64_t here = used(PROC_TREE_FRAMES);
    struct gt_stat own = gt_stat(PAGER_STAT_SPACE, 0); /* resident, of these shared, tables, objects */
    CHECK_EQ(here, own.v[1] - own.v[2] + own.v[3] + own.v[4]);
    CHECK(own.v[1] > own.v[2] && own.v[3] >= 3 && own.v[4] >= 2); /* something of each */
    limit(PROC_TREE_FRAMES, here + 200);
    pid_t pid = gt_child(eats, unused);
    gt_expect_signal(pid, SIGKILL);
    CHECK(GT_SHARED->word[3] > 150 && GT_SHARED->word[3] < 200);
    CHECK(used(PROC_TREE_FRAMES) <= here + 4); /* copies of what the fork shared */
    GT_SHARED->word[3] = 0;
    pid_t a = gt_child(eats, unused), b = gt_child(eats, unused);
    int one = gt_reap(a, GT_HANG_MS), other = gt_reap(b, GT_HANG_MS);
    CHECK(one == SIGKILL || other == SIGKILL);
    CHECK(GT_SHARED->word[3] < 450); /* one may have all that the other left */
}
static void frames_of_a_tree(void) { alone(two_hundred_frames); }

/* What MAP_POPULATE can't have is left to the first touch. */
static void populates_over_quota(void *unused)
{
    (void)unused;
    limit(PROC_TREE_FRAMES, used(PROC_TREE_FRAMES) + 400);
    limit(PROC_TREE_FRAMES, used(PROC_TREE_FRAMES) + 200);
    uint8_t *p = mmap(NULL, 400 * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    REQUIRE(p != MAP_FAILED);
    size_t there = 0;
    while (there < 400 && (gt_page_info(0, p + there * PAGE_SIZE).pte & 1))
        there++;
    CHECK(there > 100 && there < 200);
    memset(p, 1, there * PAGE_SIZE);
    CHECK_EQ(munmap(p, 400 * PAGE_SIZE), 0);
}
static void populating_kills_nobody(void) { alone(populates_over_quota); }

/* Parent after parent fills pages, shares them with a child and ends: what they share still counts. */
static void passes_on(void *generations)
{
    for (uintptr_t left = (uintptr_t)generations; left > 0; left--) {
        uint8_t *p = gt_pages(20);
        gt_fill(p, 20, 3);
        fflush(stdout);
        pid_t heir = fork();
        if (heir != 0 && fork() != 0) /* two children, so that no page has one owner */
            _exit(0);
        if (heir != 0) {
            gt_await(0, 1);
            _exit(gt_wrong(p, 20, 3) != 0);
        }
    }
    GT_SHARED->word[1] = used(PROC_TREE_FRAMES);
    gt_await(0, 1);
}
static void chain_of_parents(void *unused)
{
    (void)unused;
    limit(PROC_TREE_FRAMES, 2000);
    uint64_t here = used(PROC_TREE_FRAMES);
    gt_expect_exit(gt_child(passes_on, (void *)6), 0);
    GT_UNTIL(GT_SHARED->word[1] != 0);
    CHECK(GT_SHARED->word[1] >= here + 6 * 20);
    GT_SHARED->word[0] = 1;
    GT_UNTIL(used(PROC_TREE_PROCESSES) == 1);
    CHECK(used(PROC_TREE_FRAMES) <= here + 8); /* sharing with the first child was broken once */
}
static void shared_pages_of_dead_parents_count(void) { alone(chain_of_parents); }

static void forks_over_quota(void *unused)
{
    (void)unused;
    gt_fill(area[0], PAGES, 1);
    limit(PROC_TREE_FRAMES, 4000);
    limit(PROC_TREE_FRAMES, used(PROC_TREE_FRAMES) + 3); /* not enough for a space, its tables and a thread */
    uint64_t here = 0;
    for (int i = 0; i < 4; i++) {
        errno = 0;
        CHECK_EQ(quiet_fork(), -1);
        CHECK_EQ(errno, ENOMEM);
        if (i == 0)
            here = used(PROC_TREE_FRAMES); /* now that what this needs of its own is there */
    }
    CHECK_EQ(used(PROC_TREE_FRAMES), here);
    CHECK_EQ(gt_wrong(area[0], PAGES, 1), 0);
}
static void a_fork_over_quota_fails_cleanly(void) { alone(forks_over_quota); }

/* ---- kernel objects ---- */
static void few_objects(void *unused)
{
    (void)unused;
    limit(PROC_TREE_OBJECTS, 1000);
    uint64_t here = used(PROC_TREE_OBJECTS);
    CHECK(here >= 3); /* a space is two frames, a thread one */
    limit(PROC_TREE_OBJECTS, here + 2);
    struct thread *t[3];
    stop = false;
    CHECK_EQ(thread_create(&t[0], until_stop, NULL), 0);
    CHECK_EQ(thread_create(&t[1], until_stop, NULL), 0);
    CHECK_EQ(thread_create(&t[2], until_stop, NULL), ENOMEM);
    errno = 0;
    CHECK_EQ(quiet_fork(), -1);
    CHECK_EQ(errno, ENOMEM);
    stop = true;
    CHECK_EQ(thread_join(t[0], NULL), 0);
    CHECK_EQ(thread_join(t[1], NULL), 0);
    CHECK_EQ(used(PROC_TREE_OBJECTS), here);
}
static void objects_of_a_tree(void) { alone(few_objects); }

/* ---- rules ---- */
static void inner(void *unused)
{
    (void)unused;
    limit(PROC_TREE_PROCESSES, 3);
    CHECK_EQ(tree(PROC_TREE_PROCESSES, 4, NULL), ERR_PERM);
    CHECK_EQ(used(PROC_TREE_PROCESSES), 1);
    pid_t a = gt_child(waits, NULL), b = gt_child(waits, NULL);
    CHECK(a > 0 && b > 0);
    CHECK_EQ(quiet_fork(), -1);
    GT_SHARED->word[0] = 1;
    gt_expect_exit(a, 0);
    gt_expect_exit(b, 0);
}
static void outer(void *unused)
{
    limit(PROC_TREE_PROCESSES, 10);
    RUN_CHILD(inner, unused);
    CHECK_EQ(used(PROC_TREE_PROCESSES), 1);
    CHECK_EQ(tree(PROC_TREE_PROCESSES, 11, NULL), ERR_PERM);
    CHECK_EQ(tree(PROC_TREE_PROCESSES, 0, NULL), ERR_INVAL);
    CHECK_EQ(tree(0, 5, NULL), ERR_INVAL);
    CHECK_EQ(tree(PROC_TREE_LIMITS, 5, NULL), ERR_INVAL);
    limit(PROC_TREE_PROCESSES, 9);
}
static void it_can_only_be_lowered(void) { alone(outer); }
static void too_late(void *unused)
{
    pid_t pid = gt_child(waits, unused);
    CHECK_EQ(tree(PROC_TREE_PROCESSES, 9, NULL), ERR_BUSY);
    GT_SHARED->word[0] = 1;
    gt_expect_exit(pid, 0);
    limit(PROC_TREE_PROCESSES, 9);
}
static void not_with_children_that_stay_outside(void) { alone(too_late); }
static void nothing(void *unused)
{
    (void)unused;
    limit(PROC_TREE_FRAMES, 1000);
}
static void accounts_are_used_again(void)
{
    REQUIRE(gt_shared_open() == OK);
    for (int i = 0; i < 200 && gt_failed == 0; i++)
        RUN_CHILD(nothing, NULL);
    counts_are_right();
    gt_shared_close();
}

/* ---- records of regions: of a tree's processes none takes more than a part of what is free ---- */
#define HOGS 12
static void takes_regions(void *unused)
{
    (void)unused;
    err_t err = OK;
    uint64_t n = 0;
    for (; err == OK; n++) {
        struct ipc_msg m = {.w = {PAGER_REGION_ADD, 0, 0x800000000UL + 2 * n * PAGE_SIZE, 0x800000000UL + (2 * n + 1) * PAGE_SIZE,
                                  PROT_R, BACKING_ANON}};
        err = pager_call(H_PAGER, &m);
    }
    CHECK_EQ(err, ERR_LIMIT);
    CHECK(n > 100);
    __atomic_add_fetch(&GT_SHARED->word[1], 1, __ATOMIC_SEQ_CST);
    gt_await(0, 1);
}
static void region_hogs(void *unused)
{
    pid_t pid[HOGS];
    limit(PROC_TREE_PROCESSES, HOGS + 1);
    limit(PROC_TREE_FRAMES, 3000);
    for (int i = 0; i < HOGS; i++)
        pid[i] = gt_child(takes_regions, unused);
    for (int i = 0; i < HOGS; i++)
        gt_expect_exit(pid[i], 0);
}
static void exits(void *unused) { (void)unused; }
static void others_have_regions_left(void)
{
    REQUIRE(gt_shared_open() == OK);
    pid_t first = gt_child(region_hogs, NULL);
    GT_UNTIL(GT_SHARED->word[1] == HOGS);
    for (int i = 0; i < 20; i++)
        RUN_CHILD(exits, NULL);
    CHECK_EQ(system("seq 1000 | sort | wc -l > /dev/null"), 0);
    GT_SHARED->word[0] = 1;
    gt_expect_exit(first, 0);
    counts_are_right();
    gt_shared_close();
}

/* ---- servers die ---- */
static void dying_servers(void *unused)
{
    limit(PROC_TREE_PROCESSES, 4);
    limit(PROC_TREE_FRAMES, 3000);
    pid_t a = gt_child(waits, unused);
    uint64_t frames = used(PROC_TREE_FRAMES), threads = used(PROC_TREE_THREADS), objects = used(PROC_TREE_OBJECTS);
    for (uint64_t server = SERVER_PAGER; server <= SERVER_PROCMGR; server++) {
        gt_kill_server(server);
        CHECK_EQ(used(PROC_TREE_FRAMES), frames);
        CHECK_EQ(used(PROC_TREE_PROCESSES), 2);
        CHECK_EQ(used(PROC_TREE_THREADS), threads);
        CHECK_EQ(used(PROC_TREE_OBJECTS), objects);
        counts_are_right();
    }
    GT_SHARED->word[0] = 1;
    gt_expect_exit(a, 0);
    CHECK_EQ(tree(PROC_TREE_PROCESSES, 5, NULL), ERR_PERM);
}
static void counts_outlive_pager_and_procmgr(void) { alone(dying_servers); }

GT_MAIN(CASE(processes_of_a_tree), CASE(an_orphan_counts_where_it_was_born), CASE(threads_of_a_tree), CASE(frames_of_a_tree), CASE(populating_kills_nobody),
        CASE(shared_pages_of_dead_parents_count), CASE(a_fork_over_quota_fails_cleanly), CASE(objects_of_a_tree),
        CASE(it_can_only_be_lowered), CASE(not_with_children_that_stay_outside), CASE(accounts_are_used_again), CASE(others_have_regions_left),
        CASE(counts_outlive_pager_and_procmgr))
