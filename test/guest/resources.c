/* SPDX-License-Identifier: MIT
 * Proves limits and the use of resources under POSIX's names: what can be set holds and is inherited, hard limits only go down,
 * processor time is counted where it was used.
 */
#define GT_NAME "resources"
#include "gtest.h"
#include "gwaits.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <time.h>

static __attribute__((noipa)) uint64_t compute(uint64_t rounds)
{
    volatile uint64_t x = 1;
    for (uint64_t i = 0; i < rounds; i++)
        x = x * 3 + i;
    return x;
}

static void memory_child(void *unused)
{
    struct rlimit l;
    (void)unused;
    CHECK_EQ(getrlimit(RLIMIT_AS, &l), 0);
    CHECK(l.rlim_cur == RLIM_INFINITY && l.rlim_max == RLIM_INFINITY);
    l = (struct rlimit){1 << 20, 2 << 20};
    CHECK_EQ(setrlimit(RLIMIT_AS, &l), 0);
    CHECK_EQ(getrlimit(RLIMIT_DATA, &l), 0);
    CHECK(l.rlim_cur == 1 << 20 && l.rlim_max == 2 << 20);
    l = (struct rlimit){1 << 20, 3 << 20};
    errno = 0;
    CHECK(setrlimit(RLIMIT_AS, &l) == -1 && errno == EPERM);
    l = (struct rlimit){2 << 20, 1 << 20};
    errno = 0;
    CHECK(setrlimit(RLIMIT_AS, &l) == -1 && errno == EINVAL);
    l = (struct rlimit){2 << 20, 2 << 20};
    CHECK_EQ(setrlimit(RLIMIT_AS, &l), 0);
    errno = 0;
    CHECK(sbrk(4 << 20) == (void *)-1 && errno == ENOMEM);
    CHECK(mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
    volatile char *p = mmap(NULL, 4 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (gt_failed != 0)
        _exit(1);
    for (size_t i = 0; p != MAP_FAILED && i < 4u << 20; i += PAGE_SIZE)
        p[i] = 1;
    _exit(3);
}
static void memory_ends_where_the_limit_is(void) { gt_expect_signal(gt_child(memory_child, NULL), SIGKILL); }

/* Memory that takes the place of other memory needs only what that does not give back; when even so there is too little, what was
 * there stays. */
static void replaces(void *unused)
{
    const size_t bytes = 100 * PAGE_SIZE;
    struct rlimit l = {200 * PAGE_SIZE, 200 * PAGE_SIZE};
    (void)unused;
    CHECK_EQ(setrlimit(RLIMIT_AS, &l), 0);
    char *p = mmap(NULL, 4 * bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(p != MAP_FAILED);
    for (unsigned i = 0; i < 3; i++) {
        REQUIRE(mmap(p, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == p);
        for (size_t at = 0; at < bytes; at += PAGE_SIZE) {
            CHECK_EQ(p[at], 0);
            p[at] = 1;
        }
    }
    errno = 0;
    CHECK(mmap(p, 2 * bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED && errno == ENOMEM);
    CHECK(p[0] == 1 && p[bytes - PAGE_SIZE] == 1);
    CHECK_EQ(mprotect(p + 3 * bytes, bytes, PROT_READ), 0); /* it is still there */
}
static void what_is_replaced_counts_no_more(void) { RUN_CHILD(replaces, NULL); }

static void takes_one_frame(void *unused)
{
    struct rlimit l = {4096, 4096};
    (void)unused;
    _exit(setrlimit(RLIMIT_AS, &l));
}
/* Whoever gets the place of a process with a small limit does not begin with it. */
static void a_limit_ends_with_its_process(void)
{
    for (unsigned i = 0; i < 3; i++)
        gt_expect_exit(gt_child(takes_one_frame, NULL), 0);
}

static void forks_once(void *unused)
{
    struct rlimit l;
    (void)unused;
    CHECK_EQ(getrlimit(RLIMIT_NPROC, &l), 0);
    CHECK(l.rlim_max >= 1024);
    l.rlim_cur = 1; /* there is more than one already */
    CHECK_EQ(setrlimit(RLIMIT_NPROC, &l), 0);
    errno = 0;
    CHECK(fork() == -1 && errno == EAGAIN);
    l.rlim_cur = l.rlim_max;
    CHECK_EQ(setrlimit(RLIMIT_NPROC, &l), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    gt_expect_exit(pid, 0);
    _exit(gt_failed != 0);
}
static void processes_are_limited(void) { RUN_CHILD(forks_once, NULL); }

static void the_others_are_what_they_are(void)
{
    struct rlimit l;
    const struct {
        int which;
        rlim_t value;
    } fixed[] = {{RLIMIT_CPU, RLIM_INFINITY}, {RLIMIT_FSIZE, RLIM_INFINITY}, {RLIMIT_CORE, 0}};
    for (unsigned i = 0; i < sizeof fixed / sizeof fixed[0]; i++) {
        CHECK_EQ(getrlimit(fixed[i].which, &l), 0);
        CHECK(l.rlim_cur == fixed[i].value && l.rlim_max == fixed[i].value);
        CHECK_EQ(setrlimit(fixed[i].which, &l), 0);
        l.rlim_cur = 7;
        errno = 0;
        CHECK(setrlimit(fixed[i].which, &l) == -1 && errno == EINVAL);
    }
    errno = 0;
    CHECK(getrlimit(99, &l) == -1 && errno == EINVAL);
    CHECK_EQ(getrlimit(RLIMIT_STACK, &l), 0);
    CHECK(l.rlim_cur == 8 << 20 && l.rlim_max == 1 << 30);
}

static void opens_few(void *unused)
{
    struct rlimit l;
    int p[2];
    (void)unused;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &l), 0);
    CHECK(l.rlim_cur == 1024 && l.rlim_max == 1024 && sysconf(_SC_OPEN_MAX) == 1024);
    l = (struct rlimit){2048, 2048};
    errno = 0;
    CHECK(setrlimit(RLIMIT_NOFILE, &l) == -1 && errno == EPERM);
    l = (struct rlimit){6, 5};
    errno = 0;
    CHECK(setrlimit(RLIMIT_NOFILE, &l) == -1 && errno == EINVAL);
    CHECK_EQ(dup2(1, 9), 9); /* stays open */
    l = (struct rlimit){6, 8};
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &l), 0);
    pid_t pid = gt_fork(); /* inherited */
    if (pid > 0) {
        gt_expect_exit(pid, 0);
        _exit(gt_failed != 0);
    }
    CHECK_EQ(sysconf(_SC_OPEN_MAX), 6);
    CHECK(dup(0) == 3 && dup(0) == 4);
    errno = 0;
    CHECK(pipe(p) == -1 && errno == EMFILE);
    CHECK_EQ(dup(0), 5);
    errno = 0;
    CHECK(dup(0) == -1 && errno == EMFILE);
    errno = 0;
    CHECK(dup2(0, 6) == -1 && errno == EBADF);
    errno = 0;
    CHECK(fcntl(0, F_DUPFD, 6) == -1 && errno == EINVAL);
    CHECK_EQ(write(9, "", 0), 0);
    l = (struct rlimit){8, 8};
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &l), 0);
    CHECK_EQ(dup(0), 6);
    l = (struct rlimit){8, 9};
    errno = 0;
    CHECK(setrlimit(RLIMIT_NOFILE, &l) == -1 && errno == EPERM);
    _exit(gt_failed != 0);
}
static void open_files_are_limited(void) { RUN_CHILD(opens_few, NULL); }

static void computes(void *rounds)
{
    (void)compute((uint64_t)rounds);
    _exit(0);
}

static long us_of(int who)
{
    struct rusage u;
    CHECK_EQ(getrusage(who, &u), 0);
    return (long)u.ru_utime.tv_sec * 1000000 + u.ru_utime.tv_usec;
}

static void time_is_counted_where_it_was_used(void)
{
    struct tms before, after;
    long own = us_of(RUSAGE_SELF), children = us_of(RUSAGE_CHILDREN);
    CHECK(times(&before) != (clock_t)-1);
    (void)compute(1000000);
    long used = us_of(RUSAGE_SELF) - own;
    CHECK(used >= 3000);
    CHECK_EQ(us_of(RUSAGE_CHILDREN), children);
    own = us_of(RUSAGE_SELF);
    gt_expect_exit(gt_child(computes, (void *)1000000), 0);
    CHECK(us_of(RUSAGE_CHILDREN) - children >= 3000);
    CHECK_SOON(us_of(RUSAGE_SELF) - own < 1500); /* several harts that share a core count what others used */
    CHECK(times(&after) > (clock_t)0);
    CHECK_EQ(sysconf(_SC_CLK_TCK), CLOCKS_PER_SEC); /* the unit of both */
    CHECK(after.tms_utime >= before.tms_utime && after.tms_cutime >= before.tms_cutime && after.tms_stime == 0);
    struct rusage u;
    errno = 0;
    CHECK(getrusage(5, &u) == -1 && errno == EINVAL);
    CHECK_EQ(getrusage(RUSAGE_SELF, &u), 0);
    CHECK(u.ru_maxrss > 0);
}

static void clocks_of_processor_time(void)
{
    struct timespec before, after, other;
    clockid_t child_clock, none;
    clock_t start = clock();
    CHECK_EQ(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before), 0);
    gt_sleep_us(50000); /* does not count */
    CHECK_SOON(clock() - start < 5000);
    (void)compute(1000000);
    CHECK(clock() - start >= 3000);
    CHECK_EQ(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after), 0);
    CHECK(after.tv_sec > before.tv_sec || after.tv_nsec - before.tv_nsec >= 3000000);
    CHECK_EQ(clock_getres(CLOCK_PROCESS_CPUTIME_ID, &other), 0);
    pid_t pid = gt_child(computes, (void *)~0UL);
    CHECK_EQ(clock_getcpuclockid(pid, &child_clock), 0);
    GT_UNTIL(clock_gettime(child_clock, &other) != 0 || other.tv_sec > 0 || other.tv_nsec > 5000000);
    CHECK_EQ(clock_gettime(child_clock, &other), 0);
    CHECK_EQ(kill(pid, SIGKILL), 0);
    gt_expect_signal(pid, SIGKILL);
    errno = 0;
    CHECK(clock_gettime(child_clock, &other) == -1 && errno == EINVAL);
    CHECK_EQ(clock_getcpuclockid(999999, &none), ESRCH);
}

static _Atomic int thread_done, thread_goes;
static void *computes_and_waits(void *rounds)
{
    (void)compute((uintptr_t)rounds);
    thread_done = 1;
    while (!thread_goes)
        gt_sleep_us(100);
    return NULL;
}
static long clock_us(clockid_t clock)
{
    struct timespec ts = {0};
    CHECK_EQ(clock_gettime(clock, &ts), 0);
    return (long)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
static void clocks_of_threads(void)
{
    pthread_t t;
    clockid_t own, others;
    struct timespec ts = {0};
    timer_t timer;
    long before = clock_us(CLOCK_THREAD_CPUTIME_ID);
    (void)compute(1000000);
    CHECK(clock_us(CLOCK_THREAD_CPUTIME_ID) - before >= 3000);
    CHECK_EQ(pthread_getcpuclockid(pthread_self(), &own), 0);
    before = clock_us(own);
    CHECK_EQ(pthread_create(&t, NULL, computes_and_waits, (void *)3000000), 0);
    while (!thread_done)
        gt_sleep_us(1000);
    CHECK_EQ(pthread_getcpuclockid(t, &others), 0);
    long both = clock_us(others) + clock_us(own);
    CHECK(clock_us(others) >= 9000 && both >= 9000 && clock_us(CLOCK_PROCESS_CPUTIME_ID) >= both);
    CHECK_SOON(clock_us(own) - before < 5000);
    CHECK(clock_getres(others, &ts) == 0 && ts.tv_nsec == 1);
    CHECK_EQ(clock_nanosleep(CLOCK_THREAD_CPUTIME_ID, 0, &ts, NULL), EINVAL);
    errno = 0;
    CHECK(timer_create(CLOCK_THREAD_CPUTIME_ID, NULL, &timer) == -1 && errno == ENOTSUP);
    thread_goes = 1;
    CHECK_EQ(pthread_join(t, NULL), 0);
    errno = 0;
    CHECK(clock_gettime(others, &ts) == -1 && errno == EINVAL);
    errno = 0;
    CHECK(clock_gettime(others + 64, &ts) == -1 && errno == EINVAL);
    CHECK(sysconf(_SC_THREAD_CPUTIME) > 0);
}

static void nice_is_a_priority(void)
{
    CHECK_EQ(getpriority(PRIO_PROCESS, 0), 0);
    CHECK_EQ(nice(5), 5);
    CHECK_EQ(getpriority(PRIO_PROCESS, (id_t)getpid()), 5);
    CHECK_EQ(nice(100), 19);
    CHECK_EQ(nice(-100), -20);
    CHECK_EQ(setpriority(PRIO_PROCESS, 0, 0), 0);
    CHECK_EQ(nice(0), 0);
    errno = 0;
    CHECK(getpriority(PRIO_USER, 0) == -1 && errno == EINVAL);
    errno = 0;
    CHECK(setpriority(PRIO_PROCESS, 999999, 1) == -1 && errno == ESRCH);
}

GT_MAIN(CASE(memory_ends_where_the_limit_is), CASE(what_is_replaced_counts_no_more), CASE(a_limit_ends_with_its_process),
        CASE(processes_are_limited), CASE(open_files_are_limited), CASE(the_others_are_what_they_are),
        CASE(time_is_counted_where_it_was_used), CASE(clocks_of_processor_time), CASE(clocks_of_threads), CASE(nice_is_a_priority))
