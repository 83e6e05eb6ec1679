/* SPDX-License-Identifier: MIT
 * Proves what signals do to calls that wait: EINTR or another try as SA_RESTART says, what was done before counts, times that
 * are left; and the calls that wait for signals themselves.
 */
#define GT_NAME "sigcalls"
#include "gtest.h"
#include "gwaits.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>

static volatile sig_atomic_t runs;
static void note(int sig) { runs += sig > 0; }

static void install(int sig, int flags)
{
    struct sigaction a = {.sa_flags = flags};
    a.sa_handler = note;
    runs = 0;
    CHECK_EQ(sigaction(sig, &a, NULL), 0);
}

static void in_us(long us)
{
    struct itimerval v = {.it_value = {us / 1000000, us % 1000000}};
    CHECK_EQ(setitimer(ITIMER_REAL, &v, NULL), 0);
}

/* The signal comes once this process waits. */
static pid_t sender;
static void signals_once(void *sig)
{
    gt_until_waits(getppid());
    CHECK_EQ(kill(getppid(), (int)(intptr_t)sig), 0);
}
static void when_it_waits(int sig) { sender = gt_child(signals_once, (void *)(intptr_t)sig); }
static void signals_twice(void *sig)
{
    signals_once(sig);
    signals_once(sig);
}

static long ms_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static sigset_t set_of(int sig)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, sig);
    return set;
}

#define CHECK_EINTR(call) \
    do { \
        errno = 0; \
        CHECK_EQ((call), -1); \
        CHECK_EQ(errno, EINTR); \
        CHECK_EQ(runs, 1); \
        runs = 0; \
        if (sender != 0) \
            gt_expect_exit(sender, 0); \
        sender = 0; \
    } while (0)

/* ---- interrupted ---- */

static void a_read_of_an_empty_pipe_is_interrupted(void)
{
    int p[2];
    char c;
    REQUIRE(pipe(p) == 0);
    install(SIGALRM, 0);
    when_it_waits(SIGALRM);
    CHECK_EINTR(read(p[0], &c, 1)); /* travels in the message */
    char *far = malloc(10000);
    REQUIRE(far != NULL);
    when_it_waits(SIGALRM);
    CHECK_EINTR(read(p[0], far, 10000));
    free(far);
    close(p[0]);
    close(p[1]);
}

static void signals_and_writes(void *fd)
{
    signals_once((void *)SIGALRM);
    gt_until_waits(getppid()); /* again */
    CHECK_EQ(write((int)(intptr_t)fd, "x", 1), 1);
}

static void with_restart_a_read_goes_on(void)
{
    int p[2];
    char c = 0;
    REQUIRE(pipe(p) == 0);
    install(SIGALRM, SA_RESTART);
    pid_t pid = gt_child(signals_and_writes, (void *)(intptr_t)p[1]);
    CHECK_EQ(read(p[0], &c, 1), 1);
    CHECK_EQ(c, 'x');
    CHECK_EQ(runs, 1);
    gt_expect_exit(pid, 0);
    close(p[0]);
    close(p[1]);
}

static void a_write_counts_what_it_has_written(void)
{
    int p[2];
    static char big[10000];
    REQUIRE(pipe(p) == 0);
    install(SIGALRM, 0);
    when_it_waits(SIGALRM);
    CHECK_EQ(write(p[1], big, sizeof big), 4096); /* the pipe is full then */
    CHECK_EQ(runs, 1);
    gt_expect_exit(sender, 0);
    runs = 0;
    when_it_waits(SIGALRM);
    CHECK_EINTR(write(p[1], big, 100));
    close(p[0]);
    close(p[1]);
}

static void sleep_says_what_is_left(void)
{
    struct timespec want = {1000, 0}, left = {9, 9};
    install(SIGALRM, SA_RESTART); /* which makes no difference here */
    long before = ms_now();
    when_it_waits(SIGALRM);
    errno = 0;
    CHECK_EQ(nanosleep(&want, &left), -1);
    long took = ms_now() - before, ms = (long)left.tv_sec * 1000 + left.tv_nsec / 1000000;
    CHECK(errno == EINTR && ms < 1000000 && ms >= 1000000 - took - 1);
    CHECK_SOON(ms >= 999900);
    CHECK_EQ(runs, 1);
    gt_expect_exit(sender, 0);
    before = ms_now();
    when_it_waits(SIGALRM);
    unsigned seconds = sleep(1000);
    took = ms_now() - before;
    CHECK(seconds <= 1000 && seconds >= 1000 - (took + 999) / 1000);
    CHECK_SOON(seconds == 1000);
    CHECK_EQ(runs, 2);
    gt_expect_exit(sender, 0);
}

static void wait_is_interrupted_or_goes_on(void)
{
    install(SIGALRM, 0);
    pid_t pid = gt_child(signals_twice, (void *)SIGALRM);
    errno = 0;
    CHECK(waitpid(pid, NULL, 0) == -1 && errno == EINTR);
    CHECK_EQ(runs, 1);
    install(SIGALRM, SA_RESTART);
    CHECK_EQ(waitpid(pid, NULL, 0), pid);
    CHECK_EQ(runs, 1);
}

static void poll_and_select_are_interrupted_in_any_case(void)
{
    int p[2];
    fd_set set;
    REQUIRE(pipe(p) == 0);
    struct pollfd f = {.fd = p[0], .events = POLLIN};
    FD_ZERO(&set);
    FD_SET(p[0], &set);
    install(SIGALRM, SA_RESTART);
    when_it_waits(SIGALRM);
    CHECK_EINTR(poll(&f, 1, -1));
    when_it_waits(SIGALRM);
    CHECK_EINTR(poll(&f, 1, (int)GT_HANG_MS));
    when_it_waits(SIGALRM);
    CHECK_EINTR(select(p[0] + 1, &set, NULL, NULL, NULL));
    close(p[0]);
    close(p[1]);
}

static void a_semaphore_is_interrupted_or_goes_on(void)
{
    sem_t s;
    struct timespec until;
    REQUIRE(sem_init(&s, 0, 0) == 0);
    install(SIGALRM, 0);
    when_it_waits(SIGALRM);
    CHECK_EINTR(sem_wait(&s));
    install(SIGALRM, SA_RESTART);
    in_us(3000);
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 50000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    errno = 0;
    CHECK_EQ(sem_timedwait(&s, &until), -1);
    CHECK_EQ(errno, ETIMEDOUT);
    GT_UNTIL(runs == 1); /* the alarm may be late */
    CHECK_EQ(sem_destroy(&s), 0);
}

static void locks(void *unused)
{
    (void)unused;
    static pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t c = PTHREAD_COND_INITIALIZER;
    struct timespec until;
    install(SIGALRM, 0);
    struct itimerval storm = {{0, 1000}, {0, 1000}};
    CHECK_EQ(setitimer(ITIMER_REAL, &storm, NULL), 0);
    pthread_mutex_lock(&m);
    do { /* bound: one turn where nothing else takes the hart's time */
        (void)clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 30000000;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        int err = 0;
        while (err == 0)
            err = pthread_cond_timedwait(&c, &m, &until);
        CHECK_EQ(err, ETIMEDOUT);
        CHECK_SOON(runs >= 10);
    } while (runs < 10);
    pthread_mutex_unlock(&m);
    _exit(gt_failed != 0);
}

/* A semaphore between processes asks for the thread's name before it waits. The handler that runs then ends the wait as any other does:
 * the alarm comes at every moment of the call, and counts when it found the thread at that request. */
#define ALARMS_US 60
static sem_t *shared_sem;
static volatile sig_atomic_t in_call, at_name;
static void note_where(int sig, siginfo_t *info, void *context)
{
    uint32_t before, here;
    const char *pc = (const char *)((const ucontext_t *)context)->uc_mcontext.__gregs[0];
    (void)sig, (void)info;
    memcpy(&before, pc - 4, sizeof before);
    memcpy(&here, pc, sizeof here);
    at_name = in_call && shared_sem->__sleepers == 0 && (before == 0x73 || here == 0x73); /* ecall */
}
static void waits_for_the_alarm(void *us)
{
    struct sigaction a = {.sa_flags = SA_SIGINFO, .sa_sigaction = note_where};
    struct timespec until;
    CHECK_EQ(sigaction(SIGALRM, &a, NULL) | clock_gettime(CLOCK_REALTIME, &until), 0);
    until.tv_nsec += 20000000; /* who had the alarm before the call, or late, is not to be waited for */
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    in_us((long)us);
    in_call = 1;
    int result = sem_timedwait(shared_sem, &until), error = errno;
    in_call = 0;
    _exit(!at_name ? 0 : result == -1 && error == EINTR ? 1 : 2);
}
static void a_handler_before_the_wait_proper_ends_it(void)
{
    unsigned met = 0;
    shared_sem = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    REQUIRE(shared_sem != MAP_FAILED && sem_init(shared_sem, 1, 0) == 0);
    for (long us = 1; us <= ALARMS_US; us++) {
        int s = gt_reap(gt_child(waits_for_the_alarm, (void *)us), GT_HANG_MS);
        CHECK(WIFEXITED(s) && WEXITSTATUS(s) < 2);
        met += WIFEXITED(s) && WEXITSTATUS(s) != 0;
    }
    CHECK(met > 0 || !gt_exact());
    CHECK_EQ(munmap(shared_sem, PAGE_SIZE), 0);
}

static void condition_variables_never_say_eintr(void) { RUN_CHILD(locks, NULL); }

/* ---- alarms ---- */

static void alarm_says_what_was_left(void)
{
    struct itimerval now;
    install(SIGALRM, 0);
    CHECK_EQ(alarm(10), 0);
    CHECK_EQ(alarm(20), 10);
    CHECK_EQ(getitimer(ITIMER_REAL, &now), 0);
    CHECK(now.it_value.tv_sec == 19 || now.it_value.tv_sec == 20);
    CHECK_EQ(now.it_interval.tv_sec, 0);
    CHECK_EQ(alarm(0), 20);
    CHECK_EQ(alarm(0), 0);
    CHECK_EQ(runs, 0);
    sigset_t alrm = set_of(SIGALRM), none = 0;
    CHECK_EQ(sigprocmask(SIG_BLOCK, &alrm, NULL), 0); /* else it could come before the wait for it begins */
    long before = ms_now();
    CHECK_EQ(alarm(1), 0);
    CHECK_EINTR(sigsuspend(&none));
    CHECK(ms_now() - before >= 1000);
    CHECK_SOON(ms_now() - before < 1050);
    CHECK_EQ(sigprocmask(SIG_UNBLOCK, &alrm, NULL), 0);
    when_it_waits(SIGALRM);
    CHECK_EINTR(pause());
    errno = 0;
    CHECK(setitimer(3, &now, NULL) == -1 && errno == EINVAL);
    now.it_value.tv_usec = 1000000;
    CHECK(setitimer(ITIMER_REAL, &now, NULL) == -1 && errno == EINVAL);
}

static void an_interval_comes_again_and_again(void)
{
    struct itimerval v = {{0, 10000}, {0, 10000}}, old;
    install(SIGALRM, 0);
    long before = ms_now();
    CHECK_EQ(setitimer(ITIMER_REAL, &v, NULL), 0);
    for (int i = 0; i < 10; i++)
        (void)pause();
    CHECK(runs >= 10);
    CHECK_SOON(runs == 10); /* none came between two pauses */
    CHECK(ms_now() - before >= 100);
    CHECK_SOON(ms_now() - before < 115);
    v.it_value.tv_usec = 0;
    CHECK_EQ(setitimer(ITIMER_REAL, &v, &old), 0);
    CHECK_EQ(old.it_interval.tv_usec, 10000);
}

static void forks_with_alarm(void *unused)
{
    struct itimerval v = {{1, 0}, {1, 0}};
    (void)unused;
    CHECK_EQ(getitimer(ITIMER_REAL, &v), 0);
    CHECK(v.it_value.tv_sec == 0 && v.it_value.tv_usec == 0);
    _exit(gt_failed != 0);
}

static void children_have_no_alarm(void)
{
    install(SIGALRM, 0);
    CHECK_EQ(alarm(100), 0);
    RUN_CHILD(forks_with_alarm, NULL);
    CHECK_EQ(alarm(0), 100);
}

static void ends_by_an_alarm(void *unused)
{
    struct itimerval soon = {.it_value.tv_usec = 2000};
    (void)unused;
    (void)signal(SIGALRM, SIG_DFL);
    CHECK_EQ(setitimer(ITIMER_REAL, &soon, NULL), 0);
    for (;;) /* forever: until that */
        gt_sleep_us(1000000);
}
static void ends_late(void *unused)
{
    (void)unused;
    gt_sleep_us(GT_HANG_MS * 1000UL);
}
/* Nobody asks the process manager for anything meanwhile: its own clock brings the end, and the parent hears of that. */
static void the_end_by_an_alarm_is_told_at_once(void)
{
    int word = 0;
    pid_t late = gt_child(ends_late, NULL), pid = gt_child(ends_by_an_alarm, NULL);
    CHECK_EQ(waitpid(pid, &word, 0), pid);
    CHECK(WIFSIGNALED(word) && WTERMSIG(word) == SIGALRM);
    CHECK_EQ(waitpid(late, NULL, WNOHANG), 0);
    CHECK_EQ(kill(late, SIGKILL), 0);
    gt_expect_signal(late, SIGKILL);
}

/* ---- waiting for signals ---- */

static void sigsuspend_takes_what_was_blocked(void)
{
    sigset_t usr1 = set_of(SIGUSR1), none = 0, now;
    install(SIGUSR1, 0);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &usr1, NULL), 0);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(runs, 0);
    CHECK_EINTR(sigsuspend(&none));
    CHECK_EQ(sigprocmask(SIG_SETMASK, NULL, &now), 0);
    CHECK(now == usr1); /* as before */
    install(SIGALRM, 0);
    when_it_waits(SIGALRM);
    CHECK_EINTR(sigsuspend(&usr1));
    CHECK_EQ(sigprocmask(SIG_UNBLOCK, &usr1, NULL), 0);
}

/* Its own write of what is left on stderr raises SIGPIPE: before the mask is there, so it waits on. */
static void sigsuspend_is_not_ended_by_an_earlier_handler(void)
{
    sigset_t none = 0;
    int p[2], console = dup(2);
    REQUIRE(pipe(p) == 0 && console >= 0);
    install(SIGPIPE, 0);
    install(SIGALRM, 0);
    CHECK_EQ(dup2(p[1], 2), 2);
    close(p[0]);
    close(p[1]);
    (void)fputc('x', stderr);
    CHECK_EQ(runs, 0);
    when_it_waits(SIGALRM);
    CHECK(sigsuspend(&none) == -1 && errno == EINTR);
    CHECK_EQ(runs, 2);
    gt_expect_exit(sender, 0);
    CHECK_EQ(dup2(console, 2), 2);
    close(console);
    clearerr(stderr);
    (void)signal(SIGPIPE, SIG_DFL);
}

static void kills_its_parent(void *sig)
{
    gt_sleep_us(3000);
    (void)kill(getppid(), (int)(intptr_t)sig);
    _exit(0);
}

static void sigwait_takes_it_without_a_handler(void)
{
    sigset_t usr1 = set_of(SIGUSR1), pending;
    siginfo_t info;
    int sig = 0;
    struct timespec soon = {0, 5000000}, now = {0, 0};
    CHECK_EQ(sigprocmask(SIG_BLOCK, &usr1, NULL), 0);
    errno = 0;
    CHECK(sigtimedwait(&usr1, &info, &now) == -1 && errno == EAGAIN);
    errno = 0;
    CHECK(sigtimedwait(&usr1, &info, &soon) == -1 && errno == EAGAIN);
    CHECK_EQ(raise(SIGUSR1), 0);
    CHECK_EQ(sigwait(&usr1, &sig), 0);
    CHECK_EQ(sig, SIGUSR1);
    pid_t pid = gt_child(kills_its_parent, (void *)(intptr_t)SIGUSR1);
    CHECK_EQ(sigwaitinfo(&usr1, &info), SIGUSR1);
    CHECK(info.si_signo == SIGUSR1 && info.si_code == SI_USER && info.si_pid == pid);
    gt_expect_exit(pid, 0);
    CHECK_EQ(sigpending(&pending), 0);
    CHECK_EQ(pending, 0);
    install(SIGALRM, 0);
    when_it_waits(SIGALRM);
    CHECK_EINTR(sigwaitinfo(&usr1, NULL));
    CHECK_EQ(sigprocmask(SIG_UNBLOCK, &usr1, NULL), 0);
}

/* ---- threads ---- */

static sem_t started;
static volatile pthread_t ran_in;
static void where(int sig)
{
    note(sig);
    ran_in = pthread_self();
}

static void *reads(void *fd)
{
    char c;
    (void)sem_post(&started);
    errno = 0;
    return (void *)(intptr_t)(read((int)(intptr_t)fd, &c, 1) == -1 && errno == EINTR);
}

static void a_signal_for_a_thread_goes_there(void)
{
    int p[2];
    pthread_t t;
    void *result = NULL;
    struct sigaction a = {.sa_flags = 0};
    REQUIRE(pipe(p) == 0 && sem_init(&started, 0, 0) == 0);
    a.sa_handler = where;
    runs = 0;
    CHECK_EQ(sigaction(SIGUSR2, &a, NULL), 0);
    REQUIRE(pthread_create(&t, NULL, reads, (void *)(intptr_t)p[0]) == 0);
    CHECK_EQ(sem_wait(&started), 0);
    gt_until_threads_wait();
    CHECK_EQ(pthread_kill(t, 0), 0);
    CHECK_EQ(pthread_kill(t, NSIG), EINVAL);
    CHECK_EQ(pthread_kill(t, SIGUSR2), 0);
    CHECK_EQ(pthread_join(t, &result), 0);
    CHECK(result != NULL);
    CHECK(runs == 1 && pthread_equal(ran_in, t));
    CHECK_EQ(pthread_kill(pthread_self(), SIGUSR2), 0);
    CHECK(runs == 2 && pthread_equal(ran_in, pthread_self()));
    /* one that blocks it leaves it to its siblings */
    sigset_t usr2 = set_of(SIGUSR2);
    REQUIRE(pthread_create(&t, NULL, reads, (void *)(intptr_t)p[0]) == 0);
    CHECK_EQ(pthread_sigmask(SIG_BLOCK, &usr2, NULL), 0);
    CHECK_EQ(sem_wait(&started), 0);
    gt_until_threads_wait();
    CHECK_EQ(kill(getpid(), SIGUSR2), 0);
    CHECK_EQ(pthread_join(t, &result), 0);
    CHECK(result != NULL && runs == 3 && pthread_equal(ran_in, t));
    CHECK_EQ(pthread_sigmask(SIG_UNBLOCK, &usr2, NULL), 0);
    CHECK_EQ(sem_destroy(&started), 0);
    close(p[0]);
    close(p[1]);
}

GT_MAIN(CASE(a_read_of_an_empty_pipe_is_interrupted), CASE(with_restart_a_read_goes_on), CASE(a_write_counts_what_it_has_written),
        CASE(sleep_says_what_is_left), CASE(wait_is_interrupted_or_goes_on), CASE(poll_and_select_are_interrupted_in_any_case),
        CASE(a_semaphore_is_interrupted_or_goes_on), CASE(a_handler_before_the_wait_proper_ends_it),
        CASE(condition_variables_never_say_eintr), CASE(alarm_says_what_was_left), CASE(an_interval_comes_again_and_again),
        CASE(children_have_no_alarm), CASE(the_end_by_an_alarm_is_told_at_once), CASE(sigsuspend_takes_what_was_blocked),
        CASE(sigsuspend_is_not_ended_by_an_earlier_handler),
        CASE(sigwait_takes_it_without_a_handler), CASE(a_signal_for_a_thread_goes_there))
