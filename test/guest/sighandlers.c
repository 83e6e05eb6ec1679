/* SPDX-License-Identifier: MIT
 * Proves how handlers are called: once for each signal, with every register of the thread as it was afterwards, masks as
 * sigaction has them, and what fork and exec hand on.
 */
#define GT_NAME "sighandlers"
#include "gtest.h"

#include <setjmp.h>
#include <sys/time.h>

#define SELF "/bin/t_sighandlers"

static volatile sig_atomic_t runs, last, inside, deepest, seen_code;
static volatile pid_t seen_pid;

static void note(int sig)
{
    runs++;
    last = sig;
}

static void note_info(int sig, siginfo_t *info, void *context)
{
    (void)context;
    note(sig);
    seen_code = info->si_code;
    seen_pid = info->si_pid;
}

static void install(int sig, void (*handler)(int), int flags)
{
    struct sigaction a = {.sa_flags = flags};
    a.sa_handler = handler;
    CHECK_EQ(sigaction(sig, &a, NULL), 0);
}

static sigset_t set_of(int sig)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, sig);
    return set;
}

static void block(int sig)
{
    sigset_t set = set_of(sig);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, NULL), 0);
}

static void unblock(int sig)
{
    sigset_t set = set_of(sig);
    CHECK_EQ(sigprocmask(SIG_UNBLOCK, &set, NULL), 0);
}

/* ---- called ---- */

static void a_raised_signal_is_handled_before_raise_returns(void)
{
    install(SIGUSR1, note, 0);
    for (int i = 1; i <= 20; i++) {
        CHECK_EQ(raise(SIGUSR1), 0);
        CHECK_EQ(runs, i);
    }
    CHECK_EQ(last, SIGUSR1);
    CHECK_EQ(kill(getpid(), SIGUSR1), 0);
    CHECK_EQ(runs, 21);
    (void)signal(SIGUSR1, SIG_DFL);
    runs = 0;
}

static void siginfo_says_who_and_why(void)
{
    struct sigaction a = {.sa_flags = SA_SIGINFO}, old;
    a.sa_sigaction = note_info;
    CHECK_EQ(sigaction(SIGUSR2, &a, &old), 0);
    CHECK(old.sa_handler == SIG_DFL);
    CHECK_EQ(kill(getpid(), SIGUSR2), 0);
    CHECK_EQ(seen_code, SI_USER);
    CHECK_EQ(seen_pid, getpid());
    CHECK_EQ(raise(SIGUSR2), 0);
    CHECK_EQ(seen_code, SI_TKILL);
    CHECK_EQ(sigaction(SIGUSR2, NULL, &old), 0);
    CHECK(old.sa_sigaction == note_info && old.sa_flags == SA_SIGINFO);
    (void)signal(SIGUSR2, SIG_DFL);
    runs = 0;
}

/* Integer and floating-point registers are all in use when the timer comes. */
static __attribute__((noipa)) uint64_t mix(uint64_t rounds)
{
    uint64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8;
    double x = 1.0, y = 0.5, z = 0.25;
    for (uint64_t i = 0; i < rounds; i++) {
        a = a * 6364136223846793005UL + h;
        b ^= a >> 7, c += b << 3, d -= c, e ^= d >> 5, f += e * 3, g ^= f << 1, h += g;
        x = x * 0.999 + y, y = y * 0.5 + z, z = z * 0.75 + 0.125;
    }
    union { double d; uint64_t u; } bits = {.d = x + y + z};
    return a ^ b ^ c ^ d ^ e ^ f ^ g ^ h ^ bits.u;
}

static volatile double handler_fp;
static void spoil(int sig)
{
    note(sig);
    handler_fp = handler_fp * 1.5 + (double)runs;
    errno = 77;
}

static void every_register_survives(void)
{
    struct itimerval storm = {{0, 1000}, {0, 1000}}, none = {0};
    uint64_t want = mix(300000);
    install(SIGALRM, spoil, 0);
    CHECK_EQ(setitimer(ITIMER_REAL, &storm, NULL), 0);
    errno = 5;
    ticks_t end = sys_time() + gt_us(GT_HANG_MS * 1000UL);
    for (int i = 0; i < 20 || (runs < 20 && sys_time() < end); i++)
        CHECK(mix(300000) == want);
    CHECK_EQ(errno, 5);
    CHECK_EQ(setitimer(ITIMER_REAL, &none, NULL), 0);
    CHECK(runs >= 20);
    (void)signal(SIGALRM, SIG_DFL);
    runs = 0;
}

/* Calls in which a signal comes have the same answers as always. */
static void calls_are_not_torn(void)
{
    struct itimerval storm = {{0, 1000}, {0, 1000}}, none = {0};
    int p[2];
    char text[40] = "0123456789012345678901234567890123456789", back[40];
    REQUIRE(pipe(p) == 0);
    install(SIGALRM, spoil, SA_RESTART);
    CHECK_EQ(setitimer(ITIMER_REAL, &storm, NULL), 0);
    pid_t me = getpid();
    ticks_t end = sys_time() + gt_us(GT_HANG_MS * 1000UL);
    for (int i = 0; i < 1500 || (runs < 5 && sys_time() < end); i++) {
        CHECK_EQ(write(p[1], text, sizeof text), sizeof text);
        memset(back, 0, sizeof back);
        CHECK_EQ(read(p[0], back, sizeof back), sizeof back);
        CHECK(memcmp(text, back, sizeof text) == 0);
        CHECK_EQ(getpid(), me);
        uint8_t *page = gt_pages(1);
        page[5] = 1;
        gt_pages_free(1);
    }
    CHECK_EQ(setitimer(ITIMER_REAL, &none, NULL), 0);
    CHECK(runs >= 5);
    (void)signal(SIGALRM, SIG_DFL);
    close(p[0]);
    close(p[1]);
    runs = 0;
}

/* ---- masks ---- */

static void a_blocked_signal_waits_and_comes_once(void)
{
    sigset_t pending;
    install(SIGUSR1, note, 0);
    block(SIGUSR1);
    for (int i = 0; i < 3; i++)
        CHECK_EQ(kill(getpid(), SIGUSR1), 0);
    CHECK_EQ(runs, 0);
    CHECK_EQ(sigpending(&pending), 0);
    CHECK_EQ(sigismember(&pending, SIGUSR1), 1);
    CHECK_EQ(sigismember(&pending, SIGUSR2), 0);
    unblock(SIGUSR1);
    CHECK_EQ(runs, 1);
    CHECK_EQ(sigpending(&pending), 0);
    CHECK_EQ(sigismember(&pending, SIGUSR1), 0);
    (void)signal(SIGUSR1, SIG_DFL);
    runs = 0;
}

static void nested(int sig)
{
    inside++;
    if (inside > deepest)
        deepest = inside;
    note(sig);
    if (runs < 4)
        (void)raise(SIGUSR1);
    inside--;
}

static void a_handler_is_not_interrupted_by_its_own_signal(void)
{
    install(SIGUSR1, nested, 0);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(runs, 4);
    CHECK_EQ(deepest, 1);
    runs = deepest = 0;
    install(SIGUSR1, nested, SA_NODEFER);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(runs, 4);
    CHECK_EQ(deepest, 4);
    (void)signal(SIGUSR1, SIG_DFL);
    runs = deepest = 0;
}

static volatile int usr2_inside;
static void raises_usr2(int sig)
{
    note(sig);
    (void)raise(SIGUSR2);
    usr2_inside = last == SIGUSR2;
}

static void sa_mask_holds_others_back(void)
{
    install(SIGUSR2, note, 0);
    struct sigaction a = {.sa_mask = set_of(SIGUSR2)};
    a.sa_handler = raises_usr2;
    CHECK_EQ(sigaction(SIGUSR1, &a, NULL), 0);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(usr2_inside, 0);
    CHECK_EQ(runs, 2);
    CHECK_EQ(last, SIGUSR2);
    install(SIGUSR1, raises_usr2, 0);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(usr2_inside, 1);
    (void)signal(SIGUSR1, SIG_DFL);
    (void)signal(SIGUSR2, SIG_DFL);
    runs = 0;
}

static void resethand_is_for_one_time(void)
{
    struct sigaction now;
    install(SIGUSR1, note, SA_RESETHAND);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(runs, 1);
    CHECK_EQ(sigaction(SIGUSR1, NULL, &now), 0);
    CHECK(now.sa_handler == SIG_DFL);
    runs = 0;
}

static void ignored_ones_leave_no_trace(void)
{
    CHECK(signal(SIGUSR1, SIG_IGN) == SIG_DFL);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK(signal(SIGUSR1, note) == SIG_IGN);
    CHECK_EQ(runs, 0);
    block(SIGUSR1);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK(signal(SIGUSR1, SIG_IGN) == note); /* what was pending goes */
    (void)signal(SIGUSR1, note);
    unblock(SIGUSR1);
    CHECK_EQ(runs, 0);
    (void)signal(SIGUSR1, SIG_DFL);
    CHECK_EQ(raise(SIGCHLD), 0); /* by default, too */
    CHECK_EQ(raise(SIGURG), 0);
    CHECK_EQ(raise(SIGWINCH), 0);
    CHECK_EQ(raise(SIGCONT), 0);
}

static void wrong_arguments(void)
{
    struct sigaction a = {.sa_flags = 0};
    sigset_t set = 0;
    const int bad[] = {0, -1, NSIG, 1000};
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        errno = 0;
        CHECK(sigaction(bad[i], &a, NULL) == -1 && errno == EINVAL);
        CHECK(signal(bad[i], note) == SIG_ERR);
        CHECK(bad[i] == 0 || (raise(bad[i]) == -1 && errno == EINVAL));
        CHECK(sigaddset(&set, bad[i]) == -1);
    }
    CHECK(signal(SIGKILL, note) == SIG_ERR && errno == EINVAL);
    CHECK(signal(SIGSTOP, SIG_IGN) == SIG_ERR && errno == EINVAL);
    CHECK_EQ(sigaction(SIGKILL, NULL, &a), 0);
    CHECK(sigprocmask(7, &set, NULL) == -1 && errno == EINVAL);
    errno = 0;
    CHECK(kill(getpid(), NSIG) == -1 && errno == EINVAL);
    errno = 0;
    CHECK(kill(99999999, SIGTERM) == -1 && errno == ESRCH);
    CHECK_EQ(kill(getpid(), 0), 0);
    sigfillset(&set); /* KILL and STOP are left out silently */
    sigset_t old, now;
    CHECK_EQ(sigprocmask(SIG_SETMASK, &set, &old), 0);
    CHECK_EQ(sigprocmask(SIG_SETMASK, &old, &now), 0);
    CHECK(sigismember(&now, SIGKILL) == 0 && sigismember(&now, SIGSTOP) == 0 && sigismember(&now, SIGTERM) == 1);
}

/* ---- what others get ---- */

static void child_of_fork(void *unused)
{
    (void)unused;
    sigset_t pending;
    CHECK_EQ(sigpending(&pending), 0);
    CHECK_EQ(pending, 0);
    CHECK_EQ(raise(SIGUSR2), 0); /* handled */
    CHECK_EQ(raise(SIGUSR1), 0); /* blocked */
    CHECK_EQ(runs, 1);
    unblock(SIGUSR1);
    CHECK_EQ(runs, 2);
    _exit(gt_failed ? 1 : 0);
}

static void fork_hands_on_handlers_and_masks_but_nothing_pending(void)
{
    install(SIGUSR1, note, 0);
    install(SIGUSR2, note, 0);
    block(SIGUSR1);
    CHECK_EQ(raise(SIGUSR1), 0);
    gt_expect_exit(gt_child(child_of_fork, NULL), 0);
    unblock(SIGUSR1);
    CHECK_EQ(runs, 1);
    (void)signal(SIGUSR1, SIG_DFL);
    (void)signal(SIGUSR2, SIG_DFL);
    runs = 0;
}

static void execs(void *unused)
{
    (void)unused;
    static char *argv[] = {SELF, "--after-exec", NULL};
    install(SIGUSR1, note, 0);
    (void)signal(SIGUSR2, SIG_IGN);
    block(SIGTERM);
    CHECK_EQ(raise(SIGTERM), 0);
    execv(SELF, argv);
}

static int after_exec(void)
{
    struct sigaction one, two;
    sigset_t mask, pending;
    if (sigaction(SIGUSR1, NULL, &one) != 0 || sigaction(SIGUSR2, NULL, &two) != 0 || sigprocmask(0, NULL, &mask) != 0 ||
        sigpending(&pending) != 0)
        return 1;
    if (one.sa_handler != SIG_DFL)
        return 2;
    if (two.sa_handler != SIG_IGN)
        return 3;
    if (mask != set_of(SIGTERM))
        return 4;
    return pending == set_of(SIGTERM) ? 44 : 5;
}

static void exec_resets_handlers_and_keeps_the_rest(void) { gt_expect_exit(gt_child(execs, NULL), 44); }

static void dies_by(void *sig)
{
    (void)raise((int)(intptr_t)sig);
    _exit(0);
}

static void by_default_most_end_the_process(void)
{
    const int ends[] = {SIGHUP, SIGINT, SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGFPE, SIGKILL, SIGBUS, SIGSEGV, SIGSYS, SIGPIPE,
                        SIGALRM, SIGTERM, SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGUSR1, SIGUSR2};
    for (unsigned i = 0; i < sizeof ends / sizeof ends[0]; i++)
        gt_expect_signal(gt_child(dies_by, (void *)(intptr_t)ends[i]), ends[i]);
}

static void aborts(void *how)
{
    (void)signal(SIGABRT, how ? note : SIG_IGN);
    block(SIGABRT);
    abort();
}

static void nothing_stops_abort(void)
{
    gt_expect_signal(gt_child(aborts, NULL), SIGABRT);
    gt_expect_signal(gt_child(aborts, (void *)1), SIGABRT);
}

static sigjmp_buf back;
static void jumps(int sig)
{
    note(sig);
    siglongjmp(back, 1);
}

static void a_handler_may_jump_away(void)
{
    install(SIGUSR1, jumps, 0);
    for (int i = 0; i < 10; i++)
        if (sigsetjmp(back, 1) == 0) {
            (void)raise(SIGUSR1);
            CHECK(!"raise came back");
        }
    CHECK_EQ(runs, 10);
    (void)signal(SIGUSR1, SIG_DFL);
    runs = 0;
}

static void moves_on(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    (void)info;
    note(sig);
    uc->uc_mcontext.__gregs[0] += 4; /* over the ebreak */
    uc->uc_mcontext.__gregs[5] = 1234;
}

static void what_a_handler_changes_is_so(void)
{
    struct sigaction a = {.sa_flags = SA_SIGINFO};
    a.sa_sigaction = moves_on;
    CHECK_EQ(sigaction(SIGTRAP, &a, NULL), 0);
    register long t0 __asm__("t0") = 0;
    __asm__ volatile(".option push\n\t.option norvc\n\tebreak\n\t.option pop" : "+r"(t0));
    CHECK_EQ(t0, 1234);
    CHECK_EQ(runs, 1);
    (void)signal(SIGTRAP, SIG_DFL);
    runs = 0;
}

int main(int argc, char **argv)
{
    static const struct gt_case cases[] = {
        CASE(a_raised_signal_is_handled_before_raise_returns),
        CASE(siginfo_says_who_and_why),
        CASE(every_register_survives),
        CASE(calls_are_not_torn),
        CASE(a_blocked_signal_waits_and_comes_once),
        CASE(a_handler_is_not_interrupted_by_its_own_signal),
        CASE(sa_mask_holds_others_back),
        CASE(resethand_is_for_one_time),
        CASE(ignored_ones_leave_no_trace),
        CASE(wrong_arguments),
        CASE(fork_hands_on_handlers_and_masks_but_nothing_pending),
        CASE(exec_resets_handlers_and_keeps_the_rest),
        CASE(by_default_most_end_the_process),
        CASE(nothing_stops_abort),
        CASE(a_handler_may_jump_away),
        CASE(what_a_handler_changes_is_so),
        {NULL, NULL},
    };
    if (argc > 1 && strcmp(argv[1], "--after-exec") == 0)
        return after_exec();
    return gt_main(argc, argv, cases);
}
