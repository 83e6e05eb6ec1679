/* SPDX-License-Identifier: MIT
 * What guest tests share: cases, checks, children with an expected end, waits that notice a hang, frame counts.
 * Header-only, so that a test stays one file. Must never hide a failure: every helper that can fail reports it.
 *
 * A case is a function; GT_MAIN lists them. Each prints one line: `ok NAME/case`; a failed one has FAIL lines instead.
 * After each case all children must be gone and every frame accounted for, as before (a case that cannot promise that
 * says so with gt_loose).
 */
#ifndef GTEST_H
#define GTEST_H

#include <abi/trace.h>
#include <errno.h>
#include <ipc/init.h>
#include <ipc/pager.h>
#include <ipc/procmgr.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef GT_NAME
#error "define GT_NAME, the test's name, before including gtest.h"
#endif

#define GT_UNUSED __attribute__((unused))
#define GT_SHARED_VA 0x1000000000UL

struct gt_case {
    const char *name;
    void (*run)(void);
};

static int gt_failed;       /* failed checks of this process since the case began */
static const char *gt_case_name = "?";
static int gt_full GT_UNUSED;        /* --full: the long counts */
static long gt_count GT_UNUSED;      /* --count=N: overrides a case's count */
static int gt_loose GT_UNUSED;       /* a case sets it when it changes the frame count for good reason; say why there */

/* With --full or --count a case takes minutes: tells each tenth of the way. `done` goes from 0 up to `of`. */
static GT_UNUSED void gt_progress(long done, long of)
{
    if ((gt_full || gt_count) && of >= 10 && done > 0 && done * 10 / of != (done - 1) * 10 / of)
        printf("  %ld of %ld\n", done, of);
}

static inline void gt_fail(const char *what, const char *file, int line)
{
    gt_failed++;
    printf("FAIL %s/%s: %s (%s:%d, pid %d)\n", GT_NAME, gt_case_name, what, file, line, (int)getpid());
}

#define CHECK(cond) ((cond) ? (void)0 : gt_fail(#cond, __FILE__, __LINE__))
#define CHECK_EQ(a, b) \
    do { \
        long long gt_a = (long long)(a), gt_b = (long long)(b); \
        if (gt_a != gt_b) { \
            gt_fail(#a " == " #b, __FILE__, __LINE__); \
            printf("  is %lld (0x%llx), wanted %lld (0x%llx)\n", gt_a, gt_a, gt_b, gt_b); \
        } \
    } while (0)
/* Give up the case when going on makes no sense. */
#define REQUIRE(cond) \
    do { \
        if (!(cond)) { \
            gt_fail(#cond, __FILE__, __LINE__); \
            return; \
        } \
    } while (0)

/* ---- time ---- */
static inline uint64_t gt_setting(uint64_t which)
{
    struct ipc_msg m = {.w = {INIT_SETTING, which}};
    return ipc_call(H_INIT, &m) == OK ? m.w[1] : 0;
}
static inline ticks_t gt_us(uint64_t us)
{
    static uint64_t hz;
    if (hz == 0)
        hz = gt_setting(SETTING_TIMEBASE);
    return us * (hz ? hz : 10000000) / 1000000;
}
/* Whether time is counted in instructions: one hart, as tests boot it. With more, the emulator's harts share the machine that
 * they run on with whatever else runs there, and how long something takes says nothing. */
static inline bool gt_exact(void)
{
    static uint64_t harts;
    if (harts == 0)
        harts = gt_setting(SETTING_HARTS);
    return harts == 1;
}
#define CHECK_SOON(cond) (gt_exact() ? CHECK(cond) : (void)0) /* an upper bound of time */
#define GT_HANG_MS (gt_exact() ? 20000u : 120000u) /* of guest time; generous, a real hang never ends */

/* A pause by the kernel's clock alone: does not depend on what libc does with signals. */
static inline void gt_sleep_us(uint64_t us)
{
    uint64_t bits;
    (void)sys_wait(0, sys_time() + gt_us(us), &bits);
}

/* ---- the pager's and procmgr's figures ---- */
struct gt_stat {
    uint64_t v[8]; /* v[1].. as PAGER_STAT_* says */
};
static inline struct gt_stat gt_stat(uint64_t which, uint64_t space)
{
    struct ipc_msg m = {.w = {PAGER_STAT, which, space}};
    struct gt_stat s = {{0}};
    if (pager_call(H_PAGER, &m) != OK)
        gt_fail("PAGER_STAT", __FILE__, __LINE__);
    memcpy(s.v, m.w, sizeof s.v);
    return s;
}
/* This process's space at the pager. */
static inline uint64_t gt_own_space(void)
{
    struct ipc_msg m = {.w = {PAGER_SPACE_FIND, (uint64_t)getpid()}};
    return pager_call(H_PAGER, &m) == OK ? m.w[1] : 0;
}
/* Frames nobody uses, user and kernel kind together. */
static inline long gt_frames_free(void)
{
    struct gt_stat s = gt_stat(PAGER_STAT_MEMORY, 0);
    return (long)(s.v[2] + s.v[6]);
}
struct gt_page {
    uint64_t pte, refs, frame, next, prot;
};
static inline struct gt_page gt_page_info(uint64_t space, const volatile void *p)
{
    struct ipc_msg m = {.w = {PAGER_PAGE_INFO, space, (uint64_t)(uintptr_t)p}};
    if (pager_call(H_PAGER, &m) != OK)
        return (struct gt_page){0};
    return (struct gt_page){m.w[1], m.w[2], m.w[3], m.w[4], m.w[5]};
}
/* Frames that only this space holds: private pages, tables, kernel objects. Image frames and the zero page carry a hold
 * of their own, so refs == 1 tells which pages came from the free ones. */
static inline long gt_frames_of(uint64_t space)
{
    struct gt_stat s = gt_stat(PAGER_STAT_SPACE, space);
    long n = (long)(s.v[3] + s.v[4]);
    uint64_t va = 0;
    for (unsigned i = 0; i < 1u << 21; i++) { /* bound: pages of 8 GiB */
        struct gt_page p = gt_page_info(space, (void *)va);
        n += (p.pte & PTE_V) != 0 && p.refs == 1;
        if (p.next == 0)
            break;
        va = p.next;
    }
    return n;
}
/* Pager space of a server (procmgr, console or fs), 0 when it cannot be told. */
static inline uint64_t gt_server_space(uint64_t server)
{
    struct ipc_msg m = {.w = {INIT_SERVER_INFO, server}};
    if (ipc_call(H_INIT, &m) != OK)
        return 0;
    m = (struct ipc_msg){.w = {PAGER_SPACE_FIND, m.w[3]}};
    return pager_call(H_PAGER, &m) == OK ? m.w[1] : 0;
}
/* Every frame that is free, or held by this process or a server whose own memory may grow on first use (the pager's
 * handle table included): what other processes hold is the rest, so this figure is the same before and after a case
 * that leaves none behind. */
static inline long gt_frames_accounted_once(void)
{
    long n = gt_frames_free() + gt_frames_of(0) + (long)gt_stat(PAGER_STAT_POOL, 0).v[7];
    /* a page that is only in the store has made a frame free, whosever it is; one of this process is its own all the same */
    struct gt_stat store = gt_stat(PAGER_STAT_STORE, 0);
    n += (long)gt_stat(PAGER_STAT_FRAMES, gt_own_space()).v[4] - (long)store.v[7] + (long)store.v[2];
    for (uint64_t server = SERVER_PROCMGR; server <= SERVER_BLK; server++) {
        uint64_t space = gt_server_space(server);
        n += space != 0 ? gt_frames_of(space) : 0;
    }
    return n;
}
/* Where pages leave, asking may itself move some: the same answer twice is believed. */
static inline long gt_frames_accounted(void)
{
    long n = gt_frames_accounted_once();
    bool moving = gt_stat(PAGER_STAT_FRAMES, 0).v[2] != 0;
    for (long before = n + 1, tries = 0; moving && n != before && tries < 16; tries++) {
        before = n;
        n = gt_frames_accounted_once();
    }
    return n;
}
static inline long gt_frames_free_user(void) { return (long)gt_stat(PAGER_STAT_MEMORY, 0).v[2]; }
static inline uint64_t gt_pager_debug(uint64_t what, uint64_t value)
{
    struct ipc_msg m = {.w = {PAGER_DEBUG, what, value}};
    if (pager_call(H_PAGER, &m) != OK)
        gt_fail("PAGER_DEBUG", __FILE__, __LINE__);
    return m.w[1];
}
/* The same once, not again when the pager dies of it: for the hooks that kill it at its next system call. */
static inline void gt_pager_arm(uint64_t what, uint64_t value)
{
    struct ipc_msg m = {.w = {PAGER_DEBUG, what, value}};
    err_t e = ipc_call(H_PAGER, &m);
    if (e != OK && e != ERR_PEER_DEAD)
        gt_fail("PAGER_DEBUG arms", __FILE__, __LINE__);
}
/* 0 asks. The strategy after the call. */
static inline uint64_t gt_strategy(uint64_t fork_strategy)
{
    struct ipc_msg m = {.w = {PAGER_STRATEGY, fork_strategy}};
    if (pager_call(H_PAGER, &m) != OK)
        gt_fail("PAGER_STRATEGY", __FILE__, __LINE__);
    return m.w[1];
}
/* Change it; the one before. */
static inline uint64_t gt_strategy_set(uint64_t fork_strategy)
{
    uint64_t old = gt_strategy(0);
    CHECK_EQ(gt_strategy(fork_strategy), fork_strategy);
    return old;
}
/* 0 when the pager finds all its invariants unbroken. */
static inline uint64_t gt_vmcheck(void)
{
    struct ipc_msg m = {.w = {PAGER_VMCHECK}};
    if (pager_call(H_PAGER, &m) != OK)
        return ~0UL;
    if (m.w[1] != 0)
        printf("  vmcheck: %lu violations, first invariant %lu at 0x%lx, detail 0x%lx\n", (unsigned long)m.w[1],
               (unsigned long)m.w[2], (unsigned long)m.w[3], (unsigned long)m.w[4]);
    return m.w[1];
}
static inline uint64_t gt_pager_restarts(void) { return gt_stat(PAGER_STAT_FORKS, 0).v[4]; }
static inline uint64_t gt_kernel_counter(unsigned which)
{
    uint64_t v = 0;
    if (sys_kernel_info(H_KERNEL, 0, which, &v) != OK)
        gt_fail("KERNEL_INFO", __FILE__, __LINE__);
    return v;
}
static inline uint64_t gt_processes(void)
{
    struct ipc_msg m = {.w = {PROC_STAT}};
    return proc_call(H_PROC, &m) == OK ? m.w[1] : 0;
}
/* Orphans are reaped by init in its own time: wait until there are only n processes. */
static inline void gt_until_processes(uint64_t n)
{
    for (int i = 0; i < 20000 && gt_processes() > n; i++) {
        uint64_t bits;
        (void)sys_wait(0, sys_time() + gt_us(100), &bits);
    }
    CHECK_EQ(gt_processes(), n);
}
/* Ask procmgr: one request, two words back. */
static inline err_t gt_proc(uint64_t op, uint64_t a, uint64_t b, uint64_t *out)
{
    struct ipc_msg m = {.w = {op, a, b}};
    err_t e = proc_call(H_PROC, &m);
    if (out != NULL)
        *out = m.w[1];
    return e;
}
static inline err_t gt_prio(uint64_t prio) { return gt_proc(PROC_PRIO, 0, prio, NULL); }

/* ---- children ---- */
/* fork(), which must work; nothing printed before it is printed twice. */
static inline pid_t gt_fork(void)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid < 0)
        gt_fail("fork", __FILE__, __LINE__);
    return pid;
}
/* Run fn(arg) in a child, which exits 0 if no check of its own failed. */
static inline pid_t gt_child(void (*fn)(void *), void *arg)
{
    pid_t pid = gt_fork();
    if (pid != 0)
        return pid;
    gt_failed = 0;
    fn(arg);
    fflush(stdout);
    _exit(gt_failed ? 1 : 0);
}
/* Wait for pid, at most ms of guest time. -1 (and a FAIL line, and the child killed) if it does not end. */
static inline int gt_reap(pid_t pid, unsigned ms)
{
    int status = -1;
    ticks_t end = sys_time() + gt_us(ms * 1000UL);
    if (pid <= 0)
        return -1;
    for (;;) { /* bounded by `end` */
        pid_t r = waitpid(pid, &status, WNOHANG);
        if (r == pid)
            return status;
        if (r < 0 || sys_time() > end)
            break;
        gt_sleep_us(200);
    }
    gt_fail("child does not end", __FILE__, __LINE__);
    printf("  pid %d\n", (int)pid);
    (void)kill(pid, SIGKILL);
    (void)waitpid(pid, &status, 0);
    return -1;
}
/* The child must exit with this code. */
static inline void gt_expect_exit(pid_t pid, int code)
{
    int s = gt_reap(pid, GT_HANG_MS);
    if (s == -1)
        return;
    if (!WIFEXITED(s) || WEXITSTATUS(s) != code) {
        gt_fail("child ends as expected", __FILE__, __LINE__);
        printf("  pid %d: status 0x%x, wanted exit %d\n", (int)pid, (unsigned)s, code);
    }
}
/* The child must be killed by this signal. */
static inline void gt_expect_signal(pid_t pid, int signo)
{
    int s = gt_reap(pid, GT_HANG_MS);
    if (s == -1)
        return;
    if (!WIFSIGNALED(s) || WTERMSIG(s) != signo) {
        gt_fail("child is killed as expected", __FILE__, __LINE__);
        printf("  pid %d: status 0x%x, wanted signal %d\n", (int)pid, (unsigned)s, signo);
    }
}
#define RUN_CHILD(fn, arg) gt_expect_exit(gt_child((fn), (arg)), 0)

/* ---- memory ---- */
/* n fresh pages from sbrk, page aligned; gt_pages_free gives the newest n back. No malloc in between. */
static inline uint8_t *gt_pages(size_t n)
{
    uintptr_t brk = (uintptr_t)sbrk(0);
    size_t pad = (PAGE_SIZE - (brk & PAGE_MASK)) & PAGE_MASK;
    void *p = sbrk((ptrdiff_t)(pad + n * PAGE_SIZE));
    return p == (void *)-1 ? NULL : (uint8_t *)p + pad;
}
static inline void gt_pages_free(size_t n) { CHECK(sbrk(-(ptrdiff_t)(n * PAGE_SIZE)) != (void *)-1); }
/* One mark per page that tells page and writer. */
static inline uint64_t gt_mark(uint64_t who, uint64_t page) { return who << 48 ^ page * 0x9e3779b97f4a7c15UL; }
static inline void gt_fill(volatile uint8_t *p, size_t pages, uint64_t who)
{
    for (size_t i = 0; i < pages; i++) {
        *(volatile uint64_t *)(p + i * PAGE_SIZE) = gt_mark(who, i);
        *(volatile uint64_t *)(p + i * PAGE_SIZE + PAGE_SIZE - 8) = ~gt_mark(who, i);
    }
}
/* Pages whose marks are not `who`'s. */
static inline size_t gt_wrong(const volatile uint8_t *p, size_t pages, uint64_t who)
{
    size_t bad = 0;
    for (size_t i = 0; i < pages; i++)
        bad += *(const volatile uint64_t *)(p + i * PAGE_SIZE) != gt_mark(who, i) ||
               *(const volatile uint64_t *)(p + i * PAGE_SIZE + PAGE_SIZE - 8) != ~gt_mark(who, i);
    return bad;
}

/* ---- shared page and barrier: memory that fork shares instead of copying ---- */
struct gt_shared {
    volatile uint64_t arrived, round, word[480];
};
#define GT_SHARED ((struct gt_shared *)GT_SHARED_VA)
static inline err_t gt_shared_open(void)
{
    struct ipc_msg m = {.w = {PAGER_REGION_ADD, 0, GT_SHARED_VA, GT_SHARED_VA + PAGE_SIZE,
                              PROT_R | PROT_W | REGION_SHARED << 8, BACKING_ANON}};
    err_t e = pager_call(H_PAGER, &m);
    if (e == OK)
        memset(GT_SHARED, 0, sizeof *GT_SHARED);
    else
        gt_fail("shared region", __FILE__, __LINE__);
    return e;
}
static inline void gt_shared_close(void)
{
    struct ipc_msg m = {.w = {PAGER_REGION_REMOVE, 0, GT_SHARED_VA, GT_SHARED_VA + PAGE_SIZE}};
    CHECK_EQ(pager_call(H_PAGER, &m), OK);
}
/* Wait until the shared word i has at least this value; gives the hart away meanwhile. */
static inline bool gt_await(unsigned i, uint64_t value)
{
    ticks_t end = sys_time() + gt_us(GT_HANG_MS * 1000UL);
    while (GT_SHARED->word[i] < value) {
        if (sys_time() > end) {
            gt_fail("awaited word comes", __FILE__, __LINE__);
            printf("  word %u is %lu, wanted %lu\n", i, (unsigned long)GT_SHARED->word[i], (unsigned long)value);
            return false;
        }
        sys_yield();
    }
    return true;
}
static inline void gt_barrier(uint64_t parties)
{
    uint64_t round = GT_SHARED->round;
    ticks_t end = sys_time() + gt_us(GT_HANG_MS * 1000UL);
    if (__atomic_add_fetch(&GT_SHARED->arrived, 1, __ATOMIC_SEQ_CST) == parties) {
        GT_SHARED->arrived = 0;
        GT_SHARED->round = round + 1;
        return;
    }
    while (GT_SHARED->round == round) {
        if (sys_time() > end) {
            gt_fail("barrier opens", __FILE__, __LINE__);
            return;
        }
        sys_yield();
    }
}

/* A reproducible stream of numbers (xorshift64). */
static inline uint64_t gt_random(uint64_t *s)
{
    *s ^= *s << 13;
    *s ^= *s >> 7;
    *s ^= *s << 17;
    return *s;
}

/* ---- running cases ---- */
static inline void gt_check_after(long before)
{
    int status;
    CHECK(waitpid(-1, &status, WNOHANG) == -1 && errno == ECHILD);
    if (gt_loose)
        return;
    long frames = gt_frames_accounted();
    CHECK_EQ(frames, before);
    CHECK_EQ(gt_vmcheck(), 0);
}
static inline void gt_run(const struct gt_case *c)
{
    gt_case_name = c->name;
    gt_failed = 0;
    gt_loose = 0;
    long frames = gt_frames_accounted();
    c->run();
    gt_check_after(frames);
    if (gt_failed == 0)
        printf("ok %s/%s\n", GT_NAME, c->name);
    fflush(stdout);
}
static inline bool gt_wanted(int argc, char **argv, const char *name)
{
    bool named = false;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-')
            continue;
        named = true;
        if (strcmp(argv[i], name) == 0)
            return true;
    }
    return !named;
}
static inline int gt_main(int argc, char **argv, const struct gt_case *cases)
{
    int bad = 0, ran = 0;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--full") == 0)
            gt_full = 1;
        else if (strncmp(argv[i], "--count=", 8) == 0)
            gt_count = atol(argv[i] + 8);
    }
    for (; cases->name != NULL; cases++) {
        if (!gt_wanted(argc, argv, cases->name))
            continue;
        gt_run(cases);
        ran++;
        bad += gt_failed != 0;
    }
    if (ran == 0 || bad != 0)
        printf("FAIL %s: %d of %d cases failed\n", GT_NAME, bad, ran);
    return ran == 0 || bad != 0;
}
/* GT_MAIN(CASE(a), CASE(b), ...): the cases, run in this order. */
#define GT_MAIN(...) \
    int main(int argc, char **argv) \
    { \
        static const struct gt_case cases[] = {__VA_ARGS__, {NULL, NULL}}; \
        return gt_main(argc, argv, cases); \
    }
#define CASE(fn) {#fn, fn}

#endif
