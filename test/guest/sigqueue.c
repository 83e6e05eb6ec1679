/* SPDX-License-Identifier: MIT
 * Proves signals that are queued: as often as they were sent, in order, with their values, bounded; timers of real and of processor
 * time; and that no signal is lost to who gives up waiting, stopped orphans hear of it, and numbers of groups are not given again.
 */
#define GT_NAME "sigqueue"
#include "gtest.h"
#include "gwaits.h"

#include <pagoda/thread.h>
#include <sched.h>
#include <sys/time.h>
#include <time.h>

#define NOTES 80
static volatile unsigned runs;
static struct {
    int sig, code, value, pid, timer;
} notes[NOTES];

static void note(int sig, siginfo_t *info, void *context)
{
    (void)context;
    if (runs < NOTES) {
        notes[runs].sig = sig;
        notes[runs].code = info->si_code;
        notes[runs].value = info->si_value.sival_int;
        notes[runs].pid = (int)info->si_pid;
        notes[runs].timer = info->si_timerid;
    }
    runs++;
}

static void catch(int sig)
{
    struct sigaction a = {.sa_flags = SA_SIGINFO | SA_RESTART};
    a.sa_sigaction = note;
    (void)sigfillset(&a.sa_mask);
    CHECK_EQ(sigaction(sig, &a, NULL), 0);
    runs = 0;
}

static sigset_t set_of(int one, int other)
{
    sigset_t set = 0;
    (void)sigaddset(&set, one);
    (void)sigaddset(&set, other);
    return set;
}

static int queue(int sig, int value) { return sigqueue(getpid(), sig, (union sigval){.sival_int = value}); }

/* ---- queues ---- */

static void they_come_as_often_as_they_were_sent(void)
{
    sigset_t set = set_of(SIGRTMIN, SIGRTMAX), old, pending;
    CHECK(SIGRTMAX - SIGRTMIN >= 7 && sysconf(_SC_RTSIG_MAX) == SIGRTMAX - SIGRTMIN + 1);
    catch(SIGRTMIN);
    catch(SIGRTMAX);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, &old), 0);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(queue(SIGRTMAX, 10 + i), 0);
    for (int i = 0; i < 5; i++)
        CHECK_EQ(queue(SIGRTMIN, i), 0);
    CHECK_EQ(kill(getpid(), SIGRTMIN), 0);
    CHECK(sigpending(&pending) == 0 && pending == set);
    CHECK_EQ(runs, 0);
    CHECK_EQ(sigprocmask(SIG_SETMASK, &old, NULL), 0);
    REQUIRE(runs == 11);
    for (int i = 0; i < 5; i++) { /* the lowest first, each in the order of its own */
        CHECK(notes[i].sig == SIGRTMIN && notes[i].value == i && notes[i].code == SI_QUEUE && notes[i].pid == getpid());
        CHECK(notes[6 + i].sig == SIGRTMAX && notes[6 + i].value == 10 + i);
    }
    CHECK(notes[5].sig == SIGRTMIN && notes[5].code == SI_USER);
    CHECK(sigpending(&pending) == 0 && pending == 0);
    catch(SIGUSR1); /* others have values, too */
    CHECK_EQ(queue(SIGUSR1, 77), 0);
    CHECK(runs == 1 && notes[0].value == 77 && notes[0].code == SI_QUEUE);
    (void)signal(SIGUSR1, SIG_DFL);
    (void)signal(SIGRTMAX, SIG_DFL);
    (void)signal(SIGRTMIN, SIG_DFL);
}

static void they_are_waited_for(void)
{
    sigset_t set = set_of(SIGRTMIN + 1, SIGUSR2), old, pending;
    const struct timespec none = {0};
    siginfo_t info;
    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, &old), 0);
    CHECK_EQ(queue(SIGRTMIN + 1, 5), 0);
    CHECK_EQ(queue(SIGRTMIN + 1, 6), 0);
    CHECK_EQ(queue(SIGUSR2, 7), 0);
    CHECK_EQ(sigwaitinfo(&set, &info), SIGUSR2);
    CHECK(info.si_value.sival_int == 7 && info.si_code == SI_QUEUE);
    CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN + 1);
    CHECK_EQ(info.si_value.sival_int, 5);
    CHECK_EQ(sigtimedwait(&set, &info, &none), SIGRTMIN + 1);
    CHECK_EQ(info.si_value.sival_int, 6);
    errno = 0;
    CHECK(sigtimedwait(&set, &info, &none) == -1 && errno == EAGAIN);
    pid_t parent = getpid(), pid = gt_fork();
    if (pid == 0) {
        gt_sleep_us(1000);
        _exit(sigqueue(parent, SIGRTMIN + 1, (union sigval){.sival_int = 9}));
    }
    CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN + 1);
    CHECK(info.si_value.sival_int == 9 && info.si_pid == pid);
    gt_expect_exit(pid, 0);
    CHECK_EQ(queue(SIGRTMIN + 1, 1), 0);
    (void)signal(SIGRTMIN + 1, SIG_IGN); /* throws away what is pending */
    CHECK(sigpending(&pending) == 0 && pending == 0);
    (void)signal(SIGRTMIN + 1, SIG_DFL);
    CHECK_EQ(sigprocmask(SIG_SETMASK, &old, NULL), 0);
}

static void queues_are_bounded(void)
{
    sigset_t set = set_of(SIGRTMIN, SIGRTMIN), old;
    const struct timespec none = {0};
    siginfo_t info;
    int n = 0;
    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, &old), 0);
    for (unsigned round = 0; round < 2; round++) {
        for (n = 0; queue(SIGRTMIN, n) == 0;)
            n++;
        CHECK(errno == EAGAIN && n == sysconf(_SC_SIGQUEUE_MAX) && n >= 32);
        for (int i = 0; i < n; i++)
            CHECK(sigtimedwait(&set, &info, &none) == SIGRTMIN && info.si_value.sival_int == i);
    }
    pid_t pid = gt_fork();
    if (pid == 0) { /* a child begins with none */
        CHECK(sigtimedwait(&set, &info, &none) == -1);
        for (int i = 0; i < 3; i++)
            CHECK_EQ(queue(SIGRTMIN, i), 0);
        _exit(gt_failed != 0); /* and what is pending at its end goes with it */
    }
    gt_expect_exit(pid, 0);
    CHECK_EQ(sigprocmask(SIG_SETMASK, &old, NULL), 0);
}

static void they_are_refused(void)
{
    errno = 0;
    CHECK(queue(-1, 0) == -1 && errno == EINVAL);
    errno = 0;
    CHECK(queue(NSIG, 0) == -1 && errno == EINVAL);
    errno = 0;
    CHECK(sigqueue(999999, SIGUSR1, (union sigval){0}) == -1 && errno == ESRCH);
    errno = 0;
    CHECK(sigqueue(1, SIGUSR1, (union sigval){0}) == -1 && errno == EPERM);
    CHECK_EQ(queue(0, 0), 0);
    pid_t pid = gt_fork();
    if (pid == 0) {
        (void)queue(SIGRTMIN + 3, 1);
        _exit(0);
    }
    gt_expect_signal(pid, SIGRTMIN + 3);
}

/* ---- timers ---- */

static struct itimerspec every_ms(long first, long period)
{
    return (struct itimerspec){.it_value = {first / 1000, first % 1000 * 1000000}, .it_interval = {period / 1000, period % 1000 * 1000000}};
}

static void timers_send_signals(void)
{
    struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 41};
    struct itimerspec want = every_ms(5, 5), left;
    struct timespec now;
    timer_t t, other;
    catch(SIGRTMIN);
    CHECK_EQ(timer_create(CLOCK_MONOTONIC, &e, &t), 0);
    CHECK(timer_gettime(t, &left) == 0 && left.it_value.tv_nsec == 0 && left.it_value.tv_sec == 0);
    CHECK_EQ(timer_settime(t, 0, &want, NULL), 0);
    CHECK(timer_gettime(t, &left) == 0 && left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 5000000 && left.it_interval.tv_nsec == 5000000);
    GT_UNTIL(runs >= 3);
    CHECK( notes[0].value == 41 && notes[0].code == SI_TIMER && notes[0].timer == (int)t);
    want = every_ms(0, 0);
    CHECK_EQ(timer_settime(t, 0, &want, &left), 0);
    CHECK_EQ(left.it_interval.tv_nsec, 5000000);
    runs = 0;
    gt_sleep_us(12000);
    CHECK_EQ(runs, 0);
    CHECK_EQ(timer_create(CLOCK_REALTIME, NULL, &other), 0); /* SIGALRM */
    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    catch(SIGALRM);
    want = (struct itimerspec){.it_value = {.tv_sec = now.tv_sec, .tv_nsec = now.tv_nsec}}; /* has passed: at once */
    CHECK_EQ(timer_settime(other, TIMER_ABSTIME, &want, NULL), 0);
    GT_UNTIL(runs != 0);
    CHECK(runs == 1 && notes[0].sig == SIGALRM && notes[0].timer == (int)other);
    pid_t pid = gt_fork(); /* has no timers */
    if (pid == 0)
        _exit(timer_gettime(t, &left) == -1 && errno == EINVAL ? 0 : 1);
    gt_expect_exit(pid, 0);
    CHECK(timer_delete(t) == 0 && timer_delete(other) == 0);
    errno = 0;
    CHECK(timer_delete(t) == -1 && errno == EINVAL);
    (void)signal(SIGALRM, SIG_DFL);
    (void)signal(SIGRTMIN, SIG_DFL);
}

static void missed_rounds_are_counted(void)
{
    struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
    sigset_t set = set_of(SIGRTMIN, SIGRTMIN), old, pending;
    struct itimerspec want = every_ms(2, 2), none = every_ms(0, 0);
    const struct timespec now = {0};
    siginfo_t info;
    timer_t t;
    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, &old), 0);
    CHECK_EQ(timer_create(CLOCK_MONOTONIC, &e, &t), 0);
    CHECK_EQ(timer_settime(t, 0, &want, NULL), 0);
    gt_sleep_us(21000);
    CHECK_EQ(timer_settime(t, 0, &none, NULL), 0);
    CHECK_EQ(timer_settime(t, 0, &want, NULL), 0);
    gt_sleep_us(21000);
    (void)getpgrp(); /* procmgr looks at its timers after each request */
    CHECK_EQ(sigwaitinfo(&set, &info), SIGRTMIN); /* one, however many rounds */
    int missed = timer_getoverrun(t);
    CHECK(missed >= 9);
    CHECK_SOON(missed <= 11);
    CHECK_EQ(timer_settime(t, 0, &want, NULL), 0);
    gt_sleep_us(3000);
    CHECK_EQ(timer_delete(t), 0); /* and the signal with it */
    CHECK(sigpending(&pending) == 0 && pending == 0);
    CHECK(sigtimedwait(&set, &info, &now) == -1);
    CHECK_EQ(sigprocmask(SIG_SETMASK, &old, NULL), 0);
}

static void timers_are_refused(void)
{
    struct sigevent none = {.sigev_notify = SIGEV_NONE}, bad = {.sigev_notify = 77}, wrong = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = NSIG};
    struct itimerspec want = {.it_value.tv_nsec = 1000000000}, left;
    timer_t t[40];
    unsigned n = 0;
    errno = 0;
    CHECK(timer_create(77, NULL, &t[0]) == -1 && errno == EINVAL);
    CHECK(timer_create(CLOCK_REALTIME, &bad, &t[0]) == -1 && errno == EINVAL);
    CHECK(timer_create(CLOCK_REALTIME, &wrong, &t[0]) == -1 && errno == EINVAL);
    while (n < 40 && timer_create(CLOCK_REALTIME, &none, &t[n]) == 0)
        n++;
    CHECK(n == 32 && n == (unsigned)sysconf(_SC_TIMER_MAX) && errno == EAGAIN);
    CHECK(timer_settime(t[0], 0, &want, NULL) == -1 && errno == EINVAL);
    want = (struct itimerspec){.it_value.tv_sec = 1000};
    CHECK_EQ(timer_settime(t[31], 0, &want, NULL), 0);
    CHECK(timer_gettime(t[31], &left) == 0 && left.it_value.tv_sec >= 900 && left.it_value.tv_sec < 1000);
    CHECK_SOON(left.it_value.tv_sec == 999 && left.it_value.tv_nsec > 900000000);
    while (n > 0)
        CHECK_EQ(timer_delete(t[--n]), 0);
    errno = 0;
    CHECK(timer_getoverrun(t[0]) == -1 && errno == EINVAL);
}

static __attribute__((noipa)) void compute_ms(long ms)
{
    clock_t end = clock() + ms * (CLOCKS_PER_SEC / 1000);
    while (clock() < end) /* bound: the clock runs while we do */
        for (volatile unsigned i = 0; i < 1000; i++)
            ;
}

/* With several harts the emulator's processor time goes on while nothing is emulated, and signals may come together. */
static void compute_until_it_came(unsigned n)
{
    ticks_t end = sys_time() + gt_us(GT_HANG_MS * 1000UL);
    while (runs < n && !gt_exact() && sys_time() < end)
        compute_ms(1);
}

static void timers_of_processor_time(void)
{
    struct itimerval want = {.it_value.tv_usec = 20000, .it_interval.tv_usec = 20000}, none = {.it_value = {0}, .it_interval = {0}}, left;
    struct sigevent e = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 3};
    struct itimerspec cpu = every_ms(10, 0);
    timer_t t;
    for (int which = ITIMER_VIRTUAL; which <= ITIMER_PROF; which++) {
        catch(which == ITIMER_VIRTUAL ? SIGVTALRM : SIGPROF);
        CHECK_EQ(setitimer(which, &want, NULL), 0);
        gt_sleep_us(60000); /* does not count */
        CHECK_SOON(runs == 0);
        CHECK(getitimer(which, &left) == 0 && left.it_value.tv_usec <= 20000);
        CHECK_SOON(left.it_value.tv_usec > 10000);
        compute_ms(50);
        CHECK_SOON(runs == 2);
        compute_until_it_came(2);
        CHECK(runs >= 2 && notes[0].sig == (which == ITIMER_VIRTUAL ? SIGVTALRM : SIGPROF));
        CHECK_EQ(setitimer(which, &none, NULL), 0);
        (void)signal(which == ITIMER_VIRTUAL ? SIGVTALRM : SIGPROF, SIG_DFL);
    }
    catch(SIGRTMIN);
    CHECK_EQ(timer_create(CLOCK_PROCESS_CPUTIME_ID, &e, &t), 0);
    CHECK_EQ(timer_settime(t, 0, &cpu, NULL), 0);
    gt_sleep_us(30000);
    CHECK_SOON(runs == 0);
    compute_ms(20);
    compute_until_it_came(1);
    CHECK(runs == 1 && notes[0].value == 3);
    CHECK_EQ(timer_delete(t), 0);
    (void)signal(SIGRTMIN, SIG_DFL);
}

static volatile unsigned calls, called_with;
static void called(union sigval value)
{
    called_with = (unsigned)value.sival_int;
    calls++;
}

static void timers_call_functions(void)
{
    struct sigevent e = {.sigev_notify = SIGEV_THREAD, .sigev_value.sival_int = 6, .sigev_notify_function = called};
    struct itimerspec want = every_ms(5, 5), none = every_ms(0, 0), left;
    timer_t t, other;
    gt_loose = 1; /* a thread's stack is given back when the next one is made */
    CHECK_EQ(timer_create(CLOCK_MONOTONIC, &e, &t), 0);
    CHECK_EQ(timer_create(CLOCK_MONOTONIC, &e, &other), 0);
    gt_sleep_us(10000);
    CHECK_EQ(calls, 0);
    CHECK_EQ(timer_settime(t, 0, &want, NULL), 0);
    GT_UNTIL(calls >= 3);
    CHECK_EQ(called_with, 6);
    CHECK(timer_gettime(t, &left) == 0 && left.it_value.tv_nsec > 0 && left.it_value.tv_nsec <= 5000000);
    CHECK_EQ(timer_settime(t, 0, &none, NULL), 0);
    gt_until_threads_wait(); /* the last call is over */
    calls = 0;
    gt_sleep_us(12000);
    CHECK_EQ(calls, 0);
    pid_t pid = gt_fork();
    if (pid == 0) { /* has none, and can make its own */
        CHECK_EQ(timer_create(CLOCK_MONOTONIC, &e, &t), 0);
        CHECK_EQ(timer_settime(t, 0, &want, NULL), 0);
        GT_UNTIL(calls >= 2);
        _exit(gt_failed != 0);
    }
    gt_expect_exit(pid, 0);
    CHECK(timer_delete(t) == 0 && timer_delete(other) == 0);
    gt_sleep_us(5000);
    errno = 0;
    CHECK(timer_create(CLOCK_PROCESS_CPUTIME_ID, &e, &t) == -1 && errno == ENOTSUP);
}

/* ---- nothing is lost ---- */

static void *looks(void *taken)
{
    sigset_t set = set_of(SIGRTMIN, SIGRTMIN);
    const struct timespec none = {0};
    for (int i = 0; i < 200; i++)
        if (sigtimedwait(&set, NULL, &none) == SIGRTMIN)
            __atomic_fetch_add((int *)taken, 1, __ATOMIC_RELAXED);
    return NULL;
}

/* Both see one that is pending, and only one gets it: the other does not wait. */
static void who_only_looks_never_waits(void)
{
    sigset_t set = set_of(SIGRTMIN, SIGRTMIN), old;
    int taken = 0, sent = 0;
    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, &old), 0);
    struct thread *one, *other;
    CHECK_EQ(thread_create(&one, looks, &taken), 0);
    CHECK_EQ(thread_create(&other, looks, &taken), 0);
    for (; sent < 50; sent++) {
        CHECK_EQ(queue(SIGRTMIN, sent), 0);
        sched_yield();
    }
    CHECK_EQ(thread_join(one, NULL), 0);
    CHECK_EQ(thread_join(other, NULL), 0);
    (void)looks(&taken);
    CHECK_EQ(taken, sent);
    CHECK_EQ(sigprocmask(SIG_SETMASK, &old, NULL), 0);
}

/* Waits that end by their deadline about when the signal comes. */
static void who_gives_up_loses_none(void)
{
    sigset_t set = set_of(SIGRTMIN, SIGRTMIN), old;
    siginfo_t info;
    const unsigned n = 150;
    unsigned taken = 0;
    CHECK_EQ(sigprocmask(SIG_BLOCK, &set, &old), 0);
    pid_t parent = getpid(), pid = gt_fork();
    if (pid == 0) {
        for (unsigned i = 0; i < n; i++) {
            gt_sleep_us(37 + i);
            while (sigqueue(parent, SIGRTMIN, (union sigval){.sival_int = (int)i}) != 0)
                gt_sleep_us(50);
        }
        _exit(0);
    }
    ticks_t end = sys_time() + gt_us(GT_HANG_MS * 1000UL);
    for (unsigned i = 0; taken < n && sys_time() < end; i++) {
        const struct timespec soon = {.tv_nsec = 20000 + i % 64 * 1000};
        if (sigtimedwait(&set, &info, &soon) == SIGRTMIN) {
            CHECK_EQ(info.si_value.sival_int, taken);
            taken++;
        }
    }
    CHECK_EQ(taken, n);
    gt_expect_exit(pid, 0);
    CHECK_EQ(sigprocmask(SIG_SETMASK, &old, NULL), 0);
}

/* Not blocked, and waited for: who takes it lives, also when procmgr is started again afterwards. */
static void waits_for_usr1(void *unused)
{
    sigset_t set = set_of(SIGUSR1, SIGUSR1);
    int sig = 0;
    (void)unused;
    CHECK(sigwait(&set, &sig) == 0 && sig == SIGUSR1);
    gt_sleep_us(60000);
    _exit(gt_failed != 0);
}
static void who_took_it_lives(void)
{
    pid_t pid = gt_child(waits_for_usr1, NULL);
    gt_until_waits(pid);
    CHECK_EQ(kill(pid, SIGUSR1), 0);
    gt_sleep_us(3000); /* it has taken it, mostly; it lives in any case */
    struct ipc_msg m = {.w = {PROC_DEBUG, PROC_DEBUG_DIE_BEFORE, 2}};
    (void)ipc_call(H_PROC, &m);
    CHECK(getpid() > 1);
    gt_expect_exit(pid, 0);
}

/* ---- groups ---- */

static void hear(int sig) { GT_SHARED->word[sig == SIGHUP ? 1 : 2]++; }

static void stops_and_is_left(void *unused)
{
    (void)unused;
    CHECK_EQ(setsid(), getpid());
    pid_t pid = gt_fork();
    int word;
    if (pid == 0) {
        (void)signal(SIGHUP, hear);
        (void)signal(SIGCONT, hear);
        CHECK_EQ(setpgid(0, 0), 0);
        (void)raise(SIGSTOP);
        GT_SHARED->word[3]++;
        _exit(0);
    }
    CHECK_EQ(waitpid(pid, &word, WUNTRACED), pid);
    CHECK(WIFSTOPPED(word));
    _exit(gt_failed != 0); /* nobody is left who could continue it */
}

static void stopped_orphans_are_told(void)
{
    uint64_t n = gt_processes();
    REQUIRE(gt_shared_open() == OK);
    gt_expect_exit(gt_child(stops_and_is_left, NULL), 0);
    gt_until_processes(n);
    CHECK(GT_SHARED->word[1] == 1 && GT_SHARED->word[2] == 1 && GT_SHARED->word[3] == 1);
    gt_shared_close();
}

static void sleeps(void *unused)
{
    (void)unused;
    for (;;) /* forever: until killed */
        gt_sleep_us(1000000);
}
static void exits(void *unused)
{
    (void)unused;
    _exit(0);
}

static void numbers_of_groups_are_not_given_again(void)
{
    pid_t leader = gt_child(sleeps, NULL), member = gt_child(sleeps, NULL);
    CHECK(setpgid(leader, leader) == 0 && setpgid(member, leader) == 0);
    CHECK_EQ(kill(leader, SIGKILL), 0);
    gt_expect_signal(leader, SIGKILL);
    CHECK_EQ(gt_proc(PROC_DEBUG, PROC_DEBUG_NEXT_PID, (uint64_t)leader, NULL), OK);
    pid_t next = gt_child(exits, NULL);
    CHECK(next != leader && next != member);
    gt_expect_exit(next, 0);
    CHECK_EQ(kill(-leader, SIGKILL), 0);
    gt_expect_signal(member, SIGKILL);
    CHECK_EQ(gt_proc(PROC_DEBUG, PROC_DEBUG_NEXT_PID, (uint64_t)leader, NULL), OK);
    next = gt_child(exits, NULL);
    CHECK_EQ(next, leader); /* nobody has it any more */
    gt_expect_exit(next, 0);
    CHECK_EQ(gt_proc(PROC_DEBUG, PROC_DEBUG_NEXT_PID, (uint64_t)member + 1, NULL), OK);
}

GT_MAIN(CASE(they_come_as_often_as_they_were_sent), CASE(they_are_waited_for), CASE(queues_are_bounded), CASE(they_are_refused),
        CASE(timers_send_signals), CASE(missed_rounds_are_counted), CASE(timers_are_refused), CASE(timers_of_processor_time), CASE(timers_call_functions),
        CASE(who_only_looks_never_waits), CASE(who_gives_up_loses_none), CASE(who_took_it_lives), CASE(stopped_orphans_are_told),
        CASE(numbers_of_groups_are_not_given_again))
