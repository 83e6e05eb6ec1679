/* SPDX-License-Identifier: MIT
 * Proves that procmgr can be killed anywhere while it delivers signals, stops and continues, and nothing is lost or done twice:
 * before and after every system call that it makes, a handler runs once, what was interrupted says so, and who was stopped goes on.
 *
 * TIMEOUT: 100
 */
#define GT_NAME "prockillsignals"
#include "gtest.h"
#include "gprockill.h"
#include "gwaits.h"

#include <sys/time.h>

static volatile sig_atomic_t runs;
static void note(int sig) { runs += sig > 0; }
static void note_shared(int sig)
{
    (void)sig;
    happened();
}

static void install(int sig, void (*handler)(int))
{
    struct sigaction a = {.sa_flags = 0};
    a.sa_handler = handler;
    CHECK_EQ(sigaction(sig, &a, NULL), 0);
}

/* To oneself: the handler has run when raise returns. */
static void prepare_handler(void)
{
    install(SIGUSR1, note);
    runs = 0;
}
static void operation_raise(void)
{
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(runs, 1);
    CHECK_EQ(kill(getpid(), SIGUSR1), 0);
    CHECK_EQ(runs, 2);
}

/* To one who computes, reads, sleeps, waits for a signal. */
static pid_t held;
static void (*held_does)(void);
static void reads(void)
{
    int p[2];
    char c;
    if (pipe(p) == 0 && read(p[0], &c, 1) == -1 && errno == EINTR)
        _exit(7);
}
static void computes(void)
{
    while (GT_SHARED->word[ONCE] == 0) /* bound: the test's time */
        ;
    _exit(7);
}
static void suspends(void)
{
    sigset_t none = 0;
    if (sigsuspend(&none) == -1 && errno == EINTR)
        _exit(7);
}
static void holder(void *unused)
{
    sigset_t usr1 = 1UL << SIGUSR1;
    (void)unused;
    install(SIGUSR1, note_shared);
    if (held_does == suspends)
        (void)sigprocmask(SIG_BLOCK, &usr1, NULL);
    GT_SHARED->word[0] = 1;
    held_does();
    _exit(1);
}
static void prepare_holder(void)
{
    held = gt_child(holder, NULL);
    gt_await(0, 1);
    if (held_does != computes)
        gt_until_waits(held);
}
static void operation_signal(void)
{
    CHECK_EQ(kill(held, SIGUSR1), 0);
    expect(held, 7 << 8);
    CHECK_EQ(GT_SHARED->word[ONCE], 1);
}
static void operation_stop(void)
{
    int word = 0;
    CHECK_EQ(kill(held, SIGSTOP), 0);
    CHECK_EQ(waitpid(held, &word, WUNTRACED), held);
    CHECK(WIFSTOPPED(word) && WSTOPSIG(word) == SIGSTOP);
    CHECK_EQ(kill(held, SIGCONT), 0);
    operation_signal();
}
static void operation_alarm(void)
{
    struct itimerval soon = {{0, 0}, {0, 3000}};
    sigset_t alrm = 1UL << SIGALRM, none = 0;
    install(SIGALRM, note);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &alrm, NULL), 0);
    CHECK_EQ(setitimer(ITIMER_REAL, &soon, NULL), 0);
    CHECK(sigsuspend(&none) == -1 && errno == EINTR);
    CHECK_EQ(runs, 1);
    CHECK_EQ(sigprocmask(SIG_UNBLOCK, &alrm, NULL), 0);
    CHECK_EQ(runs, 1);
}

static volatile uint64_t *hole = (volatile uint64_t *)0x1400000000UL;
static void bring_in(int sig)
{
    struct ipc_msg m = {.w = {PAGER_REGION_ADD, 0, (uintptr_t)hole, (uintptr_t)hole + PAGE_SIZE, PROT_R | PROT_W, BACKING_ANON}};
    note(sig);
    CHECK_EQ(pager_call(H_PAGER, &m), OK);
}
static void operation_fault(void)
{
    install(SIGSEGV, bring_in);
    *hole = 5;
    CHECK(*hole == 5 && runs == 1);
    struct ipc_msg m = {.w = {PAGER_REGION_REMOVE, 0, (uintptr_t)hole, (uintptr_t)hole + PAGE_SIZE}};
    CHECK_EQ(pager_call(H_PAGER, &m), OK);
}

static void held_with(void (*does)(void), void (*operation)(void))
{
    held_does = does;
    every_call(prepare_holder, operation);
}
static void in_a_signal_to_oneself(void) { every_call(prepare_handler, operation_raise); }
static void in_a_signal_to_who_computes(void) { held_with(computes, operation_signal); }
static void in_a_signal_to_who_reads(void) { held_with(reads, operation_signal); }
static void in_a_signal_to_who_waits_for_one(void) { held_with(suspends, operation_signal); }
static void in_a_stop(void) { held_with(computes, operation_stop); }
static void in_a_stop_of_who_reads(void) { held_with(reads, operation_stop); }
static void in_an_alarm(void) { every_call(prepare_handler, operation_alarm); }
static void in_a_fault_with_a_handler(void) { every_call(prepare_handler, operation_fault); }

GT_MAIN(CASE(in_a_signal_to_oneself), CASE(in_a_signal_to_who_computes), CASE(in_a_signal_to_who_reads),
        CASE(in_a_signal_to_who_waits_for_one), CASE(in_a_stop), CASE(in_a_stop_of_who_reads), CASE(in_an_alarm),
        CASE(in_a_fault_with_a_handler))
