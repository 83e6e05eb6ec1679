/* SPDX-License-Identifier: MIT
 * Proves that exceptions reach handlers: with the address and the reason, on a stack of their own when the ordinary one is full,
 * and so that the instruction goes on once the handler has repaired what was wrong: a program can be its own pager.
 */
#define GT_NAME "sigfaults"
#include "gtest.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <sys/mman.h>

#define HOLE 0x1400000000UL /* nothing is there */

static volatile sig_atomic_t runs, code;
static void *volatile address;
static sigjmp_buf back;

static void catch(int sig, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction a = {.sa_flags = flags | SA_SIGINFO};
    a.sa_sigaction = handler;
    runs = 0;
    CHECK_EQ(sigaction(sig, &a, NULL), 0);
}

static void jump(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    runs++;
    code = info->si_code;
    address = info->si_addr;
    siglongjmp(back, 1);
}

static void a_store_says_where(void)
{
    static volatile char *const wrong[] = {(char *)0, (char *)8, (char *)HOLE + 123, (char *)0xffffffffc0000000UL};
    catch(SIGSEGV, jump, 0);
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (sigsetjmp(back, 1) == 0) {
            *wrong[i] = 1;
            CHECK(!"it went through");
        }
        CHECK(address == wrong[i] && code == SEGV_MAPERR);
    }
    CHECK_EQ(runs, 4);
    if (sigsetjmp(back, 1) == 0)
        *(volatile int *)(uintptr_t)a_store_says_where = 1; /* text */
    CHECK(address == (void *)a_store_says_where && code == SEGV_ACCERR);
    (void)signal(SIGSEGV, SIG_DFL);
}

static void a_jump_to_nowhere_is_one_too(void)
{
    catch(SIGSEGV, jump, 0);
    if (sigsetjmp(back, 1) == 0)
        ((void (*)(void))HOLE)();
    CHECK(address == (void *)HOLE && code == SEGV_MAPERR);
    if (sigsetjmp(back, 1) == 0)
        ((void (*)(void))PROC_HOOK_VA)(); /* where signals are waited for: who jumps there by himself has erred */
    CHECK(address == (void *)PROC_HOOK_VA);
    (void)signal(SIGSEGV, SIG_DFL);
}

/* POSIX: BUS_ADRERR, for a load, a store and a jump, by whatever mapping. */
static void behind_a_files_end(void)
{
    static const int as[] = {MAP_SHARED, MAP_PRIVATE};
    int fd = open("/tmp/short", O_RDWR | O_CREAT | O_TRUNC, 0700);
    CHECK_EQ(ftruncate(fd, 100), 0);
    catch(SIGBUS, jump, 0);
    for (unsigned i = 0; i < 2; i++) {
        volatile char *p = mmap(NULL, 2 * PAGE_SIZE, PROT_READ | PROT_WRITE, as[i], fd, 0);
        REQUIRE(p != MAP_FAILED);
        CHECK_EQ(p[PAGE_SIZE - 1], 0);
        if (sigsetjmp(back, 1) == 0)
            (void)p[PAGE_SIZE + 5];
        CHECK(runs == 1 && address == p + PAGE_SIZE + 5 && code == BUS_ADRERR);
        if (sigsetjmp(back, 1) == 0)
            p[PAGE_SIZE + 6] = 1;
        CHECK(runs == 2 && address == p + PAGE_SIZE + 6 && code == BUS_ADRERR);
        CHECK_EQ(mprotect((void *)p, 2 * PAGE_SIZE, PROT_READ | PROT_EXEC), 0);
        if (sigsetjmp(back, 1) == 0)
            ((void (*)(void))(uintptr_t)(p + PAGE_SIZE))();
        CHECK(runs == 3 && address == p + PAGE_SIZE && code == BUS_ADRERR);
        CHECK_EQ(munmap((void *)p, 2 * PAGE_SIZE), 0);
        runs = 0;
    }
    (void)signal(SIGBUS, SIG_DFL);
    CHECK_EQ(close(fd) | unlink("/tmp/short"), 0);
}

static void instructions_that_there_are_not(void)
{
    catch(SIGILL, jump, 0);
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("unimp");
    CHECK(runs == 1 && code == ILL_ILLOPC);
    catch(SIGTRAP, jump, 0);
    if (sigsetjmp(back, 1) == 0)
        __asm__ volatile("ebreak");
    CHECK(runs == 1 && code == TRAP_BRKPT);
    (void)signal(SIGILL, SIG_DFL);
    (void)signal(SIGTRAP, SIG_DFL);
}

/* ---- its own pager ---- */

static void bring_in(int sig, siginfo_t *info, void *context)
{
    uintptr_t page = (uintptr_t)info->si_addr & ~(uintptr_t)PAGE_MASK;
    struct ipc_msg m = {.w = {PAGER_REGION_ADD, 0, page, page + PAGE_SIZE, PROT_R | PROT_W, BACKING_ANON}};
    (void)sig;
    (void)context;
    runs++;
    if (pager_call(H_PAGER, &m) != OK)
        _exit(99);
    *(volatile uint64_t *)page = page; /* its content */
}

static void remove_pages(void)
{
    for (uintptr_t page = HOLE; page < HOLE + 64 * PAGE_SIZE; page += PAGE_SIZE) {
        struct ipc_msg m = {.w = {PAGER_REGION_REMOVE, 0, page, page + PAGE_SIZE}};
        CHECK_EQ(pager_call(H_PAGER, &m), OK);
    }
}

static void a_program_is_its_own_pager(void)
{
    uint64_t sum = 0, want = 0;
    catch(SIGSEGV, bring_in, 0);
    for (uintptr_t page = HOLE; page < HOLE + 64 * PAGE_SIZE; page += PAGE_SIZE) {
        sum += *(volatile uint64_t *)page;
        want += page;
        *(volatile uint64_t *)(page + 8) = 7;
    }
    CHECK(sum == want);
    CHECK_EQ(runs, 64);
    remove_pages();
    (void)signal(SIGSEGV, SIG_DFL);
}

/* ---- stacks ---- */

static volatile uintptr_t handler_sp;
static char alternate[SIGSTKSZ] __attribute__((aligned(16)));

static void note_stack(int sig, siginfo_t *info, void *context)
{
    stack_t now;
    handler_sp = (uintptr_t)__builtin_frame_address(0);
    runs++;
    CHECK_EQ(sigaltstack(NULL, &now), 0);
    if (now.ss_flags & SS_ONSTACK) {
        errno = 0;
        CHECK(sigaltstack(&now, NULL) == -1 && errno == EPERM);
    }
    if (sig == SIGSEGV)
        jump(sig, info, context);
}

static __attribute__((noinline)) int dig(volatile char *above)
{
    volatile char here[1000];
    here[0] = above[0];
    return above == NULL ? 0 : dig(here) + here[0];
}

static void a_full_stack_has_another_one(void)
{
    stack_t new = {.ss_sp = alternate, .ss_size = sizeof alternate}, old;
    CHECK_EQ(sigaltstack(&new, &old), 0);
    CHECK_EQ(old.ss_flags, SS_DISABLE);
    catch(SIGSEGV, note_stack, SA_ONSTACK);
    for (int i = 0; i < 3; i++)
        if (sigsetjmp(back, 1) == 0) {
            char bottom[1] = {1};
            (void)dig(bottom);
        }
    CHECK_EQ(runs, 6); /* both count */
    CHECK(handler_sp - (uintptr_t)alternate < sizeof alternate);
    catch(SIGUSR1, note_stack, 0); /* without the flag: where it was */
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK(handler_sp - (uintptr_t)alternate >= sizeof alternate);
    new.ss_size = 100;
    errno = 0;
    CHECK(sigaltstack(&new, NULL) == -1 && errno == ENOMEM);
    new = (stack_t){.ss_flags = SS_DISABLE};
    CHECK_EQ(sigaltstack(&new, &old), 0);
    CHECK(old.ss_sp == alternate && old.ss_size == sizeof alternate && old.ss_flags == 0);
    (void)signal(SIGSEGV, SIG_DFL);
    (void)signal(SIGUSR1, SIG_DFL);
}

static void digs(void *unused)
{
    char bottom[1] = {1};
    (void)unused;
    catch(SIGSEGV, jump, 0);
    (void)dig(bottom); /* there is no room for the handler's frame either */
}

static void blocks_and_faults(void *unused)
{
    sigset_t all;
    (void)unused;
    catch(SIGSEGV, jump, 0);
    sigfillset(&all);
    (void)sigprocmask(SIG_SETMASK, &all, NULL);
    *(volatile char *)HOLE = 1;
}

static void ignores_and_faults(void *unused)
{
    (void)unused;
    (void)signal(SIGSEGV, SIG_IGN);
    *(volatile char *)HOLE = 1;
}

static void faults_again(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)info, (void)context;
    *(volatile char *)HOLE = 1;
}

static void faults_in_handler(void *unused)
{
    (void)unused;
    catch(SIGSEGV, faults_again, 0);
    *(volatile char *)HOLE = 1;
}

static void what_cannot_be_handled_ends_the_process(void)
{
    gt_expect_signal(gt_child(digs, NULL), SIGSEGV);
    gt_expect_signal(gt_child(blocks_and_faults, NULL), SIGSEGV);
    gt_expect_signal(gt_child(ignores_and_faults, NULL), SIGSEGV);
    gt_expect_signal(gt_child(faults_in_handler, NULL), SIGSEGV);
}

/* ---- threads ---- */

static void *faults(void *at)
{
    volatile uint64_t *p = at;
    uint64_t sum = 0;
    for (unsigned i = 0; i < 16; i++)
        sum += p[i * PAGE_SIZE / sizeof *p] == (uintptr_t)at + i * PAGE_SIZE;
    return (void *)sum;
}

static void each_thread_has_its_own_faults(void)
{
    pthread_t t[4];
    void *got;
    catch(SIGSEGV, bring_in, 0);
    for (unsigned i = 0; i < 4; i++)
        REQUIRE(pthread_create(&t[i], NULL, faults, (void *)(HOLE + i * 16 * PAGE_SIZE)) == 0);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQ(pthread_join(t[i], &got), 0);
        CHECK_EQ((uintptr_t)got, 16);
    }
    remove_pages();
    (void)signal(SIGSEGV, SIG_DFL);
}

/* A collector's write barrier: pages are read-only until their first store in a round, which notes them and opens them. */
#define BARRIER_PAGES 64u
static uint8_t *guarded;
static _Atomic unsigned stored[BARRIER_PAGES];

static void on_barrier(int sig, siginfo_t *info, void *context)
{
    size_t page = (size_t)((uint8_t *)info->si_addr - guarded) / PAGE_SIZE;
    (void)sig, (void)context;
    if (page >= BARRIER_PAGES)
        _exit(9);
    stored[page]++;
    if (mprotect(guarded + page * PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE) != 0)
        _exit(8);
}

/* Pages n, n + step, ...: each many times. */
static void *stores_to(void *arg)
{
    size_t first = (size_t)(uintptr_t)arg & 0xff, step = (size_t)(uintptr_t)arg >> 8;
    for (size_t i = first; i < BARRIER_PAGES; i += step)
        for (size_t at = 0; at < PAGE_SIZE; at += 512)
            guarded[i * PAGE_SIZE + at] = (uint8_t)(i + at / 512);
    return NULL;
}
#define EVERY(first, step) ((void *)(uintptr_t)((first) | (step) << 8))

static void begin_round(void)
{
    for (unsigned i = 0; i < BARRIER_PAGES; i++)
        stored[i] = 0;
    CHECK_EQ(mprotect(guarded, BARRIER_PAGES * PAGE_SIZE, PROT_READ), 0);
}
static unsigned noted(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < BARRIER_PAGES; i++)
        n += stored[i] != 0;
    return n;
}
static void child_has_its_own(void *unused)
{
    (void)unused;
    (void)stores_to(EVERY(1u, 2u));
    CHECK_EQ(noted(), BARRIER_PAGES / 2);
}
static void a_write_barrier_notes_each_page_that_is_stored_to(void)
{
    pthread_t t[2];
    int pipes[2];
    guarded = mmap(NULL, BARRIER_PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(guarded != MAP_FAILED);
    (void)stores_to(EVERY(0u, 1u));
    catch(SIGSEGV, on_barrier, 0);
    for (unsigned step = 1; step < 8; step++) {
        begin_round();
        (void)stores_to(EVERY(0u, step));
        for (unsigned i = 0; i < BARRIER_PAGES; i++)
            CHECK_EQ(stored[i], i % step == 0); /* once, however many stores there were */
    }
    begin_round();
    for (unsigned i = 0; i < 2; i++)
        CHECK_EQ(pthread_create(&t[i], NULL, stores_to, EVERY(i, 1u)), 0);
    for (unsigned i = 0; i < 2; i++)
        CHECK_EQ(pthread_join(t[i], NULL), 0);
    CHECK_EQ(noted(), BARRIER_PAGES);
    begin_round();
    RUN_CHILD(child_has_its_own, NULL);
    CHECK_EQ(noted(), 0);
    CHECK_EQ(pipe(pipes), 0);
    CHECK_EQ(write(pipes[1], "x", 1), 1);
    errno = 0;
    CHECK(read(pipes[0], guarded, 1) == -1 && errno == EFAULT); /* a call's store is the caller's mistake, no fault */
    CHECK_EQ(noted(), 0);
    guarded[0] = 0;
    CHECK(read(pipes[0], guarded, 1) == 1 && guarded[0] == 'x');
    CHECK_EQ(noted(), 1);
    for (size_t i = 1; i < BARRIER_PAGES; i++)
        CHECK_EQ(guarded[i * PAGE_SIZE + 512], (uint8_t)(i + 1));
    CHECK(close(pipes[0]) == 0 && close(pipes[1]) == 0 && signal(SIGSEGV, SIG_DFL) != SIG_ERR);
    CHECK_EQ(munmap(guarded, BARRIER_PAGES * PAGE_SIZE), 0);
}

GT_MAIN(CASE(a_write_barrier_notes_each_page_that_is_stored_to), CASE(a_store_says_where), CASE(a_jump_to_nowhere_is_one_too), CASE(behind_a_files_end), CASE(instructions_that_there_are_not),
        CASE(a_program_is_its_own_pager), CASE(a_full_stack_has_another_one), CASE(what_cannot_be_handled_ends_the_process),
        CASE(each_thread_has_its_own_faults))
