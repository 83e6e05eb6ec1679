/* SPDX-License-Identifier: MIT
 * Proves that headers name what POSIX wants there, that what <limits.h> and <unistd.h> say is what sysconf() says, and the functions that
 * software asks for by such names: pselect and ppoll, scandir, fexecve, quick_exit, psiginfo; and the words for errors.
 */
#define GT_NAME "names"
#include <utime.h> /* by itself, before anything else */

#include "gtest.h"
#include "gfiles.h"
#include <dirent.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <time.h>

/* ---- constants ---- */

static void constants(void)
{
    static const struct {
        int name;
        long value;
    } said[] = {
        {_SC_VERSION, _POSIX_VERSION}, {_SC_ARG_MAX, ARG_MAX}, {_SC_OPEN_MAX, OPEN_MAX}, {_SC_NGROUPS_MAX, NGROUPS_MAX},
        {_SC_IOV_MAX, IOV_MAX}, {_SC_LINE_MAX, LINE_MAX}, {_SC_HOST_NAME_MAX, HOST_NAME_MAX}, {_SC_LOGIN_NAME_MAX, LOGIN_NAME_MAX},
        {_SC_TTY_NAME_MAX, TTY_NAME_MAX}, {_SC_SYMLOOP_MAX, SYMLOOP_MAX}, {_SC_STREAM_MAX, STREAM_MAX}, {_SC_ATEXIT_MAX, ATEXIT_MAX},
        {_SC_RE_DUP_MAX, RE_DUP_MAX}, {_SC_THREAD_STACK_MIN, PTHREAD_STACK_MIN}, {_SC_THREAD_KEYS_MAX, PTHREAD_KEYS_MAX},
        {_SC_THREAD_DESTRUCTOR_ITERATIONS, PTHREAD_DESTRUCTOR_ITERATIONS}, {_SC_THREAD_THREADS_MAX, PTHREAD_THREADS_MAX},
        {_SC_SEM_VALUE_MAX, SEM_VALUE_MAX}, {_SC_RTSIG_MAX, RTSIG_MAX}, {_SC_SIGQUEUE_MAX, SIGQUEUE_MAX}, {_SC_TIMER_MAX, TIMER_MAX},
        {_SC_JOB_CONTROL, _POSIX_JOB_CONTROL}, {_SC_SAVED_IDS, _POSIX_SAVED_IDS}, {_SC_MAPPED_FILES, _POSIX_MAPPED_FILES},
        {_SC_MEMORY_PROTECTION, _POSIX_MEMORY_PROTECTION}, {_SC_MEMLOCK, _POSIX_MEMLOCK}, {_SC_FSYNC, _POSIX_FSYNC},
        {_SC_SYNCHRONIZED_IO, _POSIX_SYNCHRONIZED_IO}, {_SC_THREADS, _POSIX_THREADS}, {_SC_TIMERS, _POSIX_TIMERS},
        {_SC_SPAWN, _POSIX_SPAWN}, {_SC_SEMAPHORES, _POSIX_SEMAPHORES}, {_SC_BARRIERS, _POSIX_BARRIERS},
        {_SC_MONOTONIC_CLOCK, _POSIX_MONOTONIC_CLOCK}, {_SC_CLOCK_SELECTION, _POSIX_CLOCK_SELECTION}, {_SC_CPUTIME, _POSIX_CPUTIME},
        {_SC_REALTIME_SIGNALS, _POSIX_REALTIME_SIGNALS}, {_SC_SHARED_MEMORY_OBJECTS, _POSIX_SHARED_MEMORY_OBJECTS},
        {_SC_THREAD_PRIO_INHERIT, _POSIX_THREAD_PRIO_INHERIT}, {_SC_THREAD_PRIO_PROTECT, _POSIX_THREAD_PRIO_PROTECT},
        {_SC_THREAD_PROCESS_SHARED, _POSIX_THREAD_PROCESS_SHARED}, {_SC_ADVISORY_INFO, _POSIX_ADVISORY_INFO},
        {_SC_ASYNCHRONOUS_IO, _POSIX_ASYNCHRONOUS_IO}, {_SC_MESSAGE_PASSING, _POSIX_MESSAGE_PASSING},
        {_SC_THREAD_ATTR_STACKADDR, _POSIX_THREAD_ATTR_STACKADDR}, {_SC_REGEXP, _POSIX_REGEXP}, {_SC_SHELL, _POSIX_SHELL},
    };
    for (unsigned i = 0; i < sizeof said / sizeof said[0]; i++)
        if (sysconf(said[i].name) != said[i].value) {
            gt_fail("sysconf and its macro", __FILE__, __LINE__);
            printf("  number %u: %ld, the macro is %ld\n", i, sysconf(said[i].name), said[i].value);
        }
    static const long at_least[][2] = {
        {ARG_MAX, _POSIX_ARG_MAX}, {HOST_NAME_MAX, _POSIX_HOST_NAME_MAX}, {LINK_MAX, _POSIX_LINK_MAX}, {LOGIN_NAME_MAX, _POSIX_LOGIN_NAME_MAX},
        {MAX_CANON, _POSIX_MAX_CANON}, {MAX_INPUT, _POSIX_MAX_INPUT}, {NAME_MAX, _POSIX_NAME_MAX}, {NGROUPS_MAX, _POSIX_NGROUPS_MAX},
        {OPEN_MAX, _POSIX_OPEN_MAX}, {PATH_MAX, _POSIX_PATH_MAX}, {PIPE_BUF, _POSIX_PIPE_BUF}, {RTSIG_MAX, _POSIX_RTSIG_MAX},
        {SEM_VALUE_MAX, _POSIX_SEM_VALUE_MAX}, {SIGQUEUE_MAX, _POSIX_SIGQUEUE_MAX}, {STREAM_MAX, _POSIX_STREAM_MAX},
        {SYMLINK_MAX, _POSIX_SYMLINK_MAX}, {SYMLOOP_MAX, _POSIX_SYMLOOP_MAX}, {TIMER_MAX, _POSIX_TIMER_MAX}, {TTY_NAME_MAX, _POSIX_TTY_NAME_MAX},
        {PTHREAD_KEYS_MAX, _POSIX_THREAD_KEYS_MAX}, {PTHREAD_THREADS_MAX, _POSIX_THREAD_THREADS_MAX}, {LINE_MAX, _POSIX2_LINE_MAX},
        {IOV_MAX, _XOPEN_IOV_MAX}, {FD_SETSIZE, OPEN_MAX},
    };
    for (unsigned i = 0; i < sizeof at_least / sizeof at_least[0]; i++)
        CHECK(at_least[i][0] >= at_least[i][1]);
    CHECK_EQ(pathconf("/", _PC_SYMLINK_MAX), SYMLINK_MAX);
}

/* What sysconf() promises is enough. */
static void *nothing(void *arg) { return arg; }
static int something;
static void smallest_stack(void)
{
    pthread_attr_t attr;
    pthread_t thread;
    void *end = NULL;
    CHECK_EQ(pthread_attr_init(&attr), 0);
    CHECK_EQ(pthread_attr_setstacksize(&attr, (size_t)sysconf(_SC_THREAD_STACK_MIN)), 0);
    CHECK_EQ(pthread_create(&thread, &attr, nothing, &something), 0);
    CHECK(pthread_join(thread, &end) == 0 && end == &something);
}

/* ---- select, pselect, ppoll ---- */

static volatile int handled;
static void handler(int sig)
{
    (void)sig;
    handled++;
}

static void far_descriptors(void)
{
    int p[2], empty[2];
    const int far[] = {63, 64, 500, 1022};
    fd_set in, out;
    struct timeval now = {0};
    REQUIRE(pipe(p) == 0 && pipe(empty) == 0);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQ(dup2(p[0], far[i]), far[i]);
        FD_ZERO(&in);
        FD_SET(far[i], &in);
        CHECK_EQ(select(far[i] + 1, &in, NULL, NULL, &now), 0);
        CHECK(!FD_ISSET(far[i], &in));
    }
    CHECK(dup2(empty[1], 1023) == 1023 && write(p[1], "x", 1) == 1);
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_SET(1023, &out);
    for (unsigned i = 0; i < 4; i++)
        FD_SET(far[i], &in);
    CHECK_EQ(select(FD_SETSIZE, &in, &out, NULL, NULL), 5);
    CHECK(FD_ISSET(63, &in) && FD_ISSET(64, &in) && FD_ISSET(500, &in) && FD_ISSET(1022, &in) && FD_ISSET(1023, &out));
    FD_SET(501, &in);
    errno = 0;
    CHECK(select(FD_SETSIZE, &in, NULL, NULL, &now) == -1 && errno == EBADF);
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(close(far[i]), 0);
    CHECK(close(1023) == 0 && close(p[0]) == 0 && close(p[1]) == 0 && close(empty[0]) == 0 && close(empty[1]) == 0);
}

/* More than select() keeps on a small stack. */
static void many_descriptors(void)
{
    enum { MANY = 300 };
    int p[2];
    fd_set in;
    REQUIRE(pipe(p) == 0);
    FD_ZERO(&in);
    for (int fd = 10; fd < 10 + MANY; fd++) {
        CHECK_EQ(dup2(p[0], fd), fd);
        FD_SET(fd, &in);
    }
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_EQ(select(10 + MANY, &in, NULL, NULL, NULL), MANY);
    for (int fd = 10; fd < 10 + MANY; fd++)
        CHECK_EQ(close(fd), 0);
    CHECK(close(p[0]) == 0 && close(p[1]) == 0);
}

/* A signal that was pending ends the wait; before and after it is blocked, and nothing is lost of what is ready. */
static void masked_waits(void)
{
    sigset_t blocked, none, now;
    int p[2];
    char byte;
    REQUIRE(pipe(p) == 0);
    CHECK(sigaction(SIGUSR1, &(struct sigaction){.sa_handler = handler, .sa_flags = SA_RESTART}, NULL) == 0);
    CHECK(sigemptyset(&none) == 0 && sigemptyset(&blocked) == 0 && sigaddset(&blocked, SIGUSR1) == 0);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
    struct pollfd list = {.fd = p[0], .events = POLLIN};
    fd_set in;
    handled = 0;
    CHECK(raise(SIGUSR1) == 0 && handled == 0);
    errno = 0;
    CHECK(ppoll(&list, 1, NULL, &none) == -1 && errno == EINTR && handled == 1);
    CHECK(sigprocmask(SIG_BLOCK, NULL, &now) == 0 && sigismember(&now, SIGUSR1) == 1);
    CHECK(raise(SIGUSR1) == 0 && handled == 1);
    FD_ZERO(&in);
    FD_SET(p[0], &in);
    errno = 0;
    CHECK(pselect(p[0] + 1, &in, NULL, NULL, NULL, &none) == -1 && errno == EINTR && handled == 2);
    CHECK_EQ(ppoll(&list, 1, &(struct timespec){0, 1000000}, &none), 0);
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK(ppoll(&list, 1, NULL, &none) == 1 && list.revents == POLLIN);
    FD_ZERO(&in);
    FD_SET(p[0], &in);
    CHECK(pselect(p[0] + 1, &in, NULL, NULL, &(struct timespec){1, 0}, &none) == 1 && FD_ISSET(p[0], &in));
    CHECK(pselect(p[0] + 1, &in, NULL, NULL, NULL, NULL) == 1 && read(p[0], &byte, 1) == 1);
    CHECK_ERRNO(ppoll(&list, 1, &(struct timespec){0, -1}, &none), EINVAL);
    CHECK_ERRNO(pselect(0, NULL, NULL, NULL, &(struct timespec){0, 1000000000}, NULL), EINVAL);
    CHECK_ERRNO(pselect(-1, NULL, NULL, NULL, NULL, NULL), EINVAL);
    CHECK(close(p[0]) == 0 && close(p[1]) == 0 && sigprocmask(SIG_UNBLOCK, &blocked, NULL) == 0);
}

/* A child signals its parent as often as it is told to, at moments that nobody chose: not one signal is slept over. */
static void signals_and_waits_race(void)
{
    enum { ROUNDS = 300 };
    sigset_t blocked, none;
    int p[2];
    char byte;
    REQUIRE(pipe(p) == 0);
    CHECK(sigemptyset(&none) == 0 && sigemptyset(&blocked) == 0 && sigaddset(&blocked, SIGUSR1) == 0);
    CHECK_EQ(sigprocmask(SIG_BLOCK, &blocked, NULL), 0);
    handled = 0;
    pid_t pid = fork();
    REQUIRE(pid >= 0);
    if (pid == 0) {
        (void)close(p[1]);
        for (int i = 0; read(p[0], &byte, 1) == 1; i++) {
            for (volatile int spin = 0; spin < i * 37; spin++)
                ;
            (void)kill(getppid(), SIGUSR1);
        }
        _exit(0);
    }
    CHECK_EQ(close(p[0]), 0);
    for (int i = 1; i <= ROUNDS; i++) {
        CHECK_EQ(write(p[1], "x", 1), 1);
        while (handled < i)
            if (ppoll(NULL, 0, NULL, &none) != -1)
                break;
        CHECK_EQ(handled, i);
    }
    CHECK_EQ(close(p[1]), 0);
    gt_reap(pid, 10000);
    CHECK(sigprocmask(SIG_UNBLOCK, &blocked, NULL) == 0 && signal(SIGUSR1, SIG_DFL) == handler);
}

/* ---- scandir ---- */

static int is_odd(const struct dirent *e) { return (e->d_name[0] - '0') & 1; }
static int backwards(const struct dirent **a, const struct dirent **b) { return -alphasort(a, b); }

static void list_of(const char *wanted, int (*select)(const struct dirent *), int (*compare)(const struct dirent **, const struct dirent **))
{
    struct dirent **list;
    char got[64] = ""; /* the names' first letters */
    int n = scandir("/tmp/names", &list, select, compare);
    CHECK_EQ(n, (int)strlen(wanted));
    for (int i = 0; i < n; i++) {
        got[i] = list[i]->d_name[0];
        free(list[i]);
    }
    if (n >= 0)
        free(list);
    CHECK(strcmp(got, wanted) == 0);
}
static void sorted_directories(void)
{
    char path[32];
    struct dirent **list = NULL;
    CHECK_EQ(mkdir("/tmp/names", 0755), 0);
    for (int i = 0; i < 6; i++) {
        snprintf(path, sizeof path, "/tmp/names/%d", i * 5 % 6 + 3);
        CHECK_EQ(close(creat(path, 0644)), 0);
    }
    list_of("..345678", NULL, alphasort);
    list_of("753", is_odd, backwards);
    for (int i = 3; i < 9; i++) {
        snprintf(path, sizeof path, "/tmp/names/%d", i);
        CHECK_EQ(unlink(path), 0);
    }
    CHECK_EQ(rmdir("/tmp/names"), 0);
    CHECK_ERRNO(scandir("/tmp/names", &list, NULL, NULL), ENOENT);
}

/* ---- fexecve, quick_exit, psiginfo ---- */

static int status_of_open(const char *path, int flags, char *const argv[])
{
    char *none[] = {NULL};
    pid_t pid = fork();
    if (pid == 0) {
        int fd = open(path, flags);
        (void)fexecve(fd, argv, none);
        _exit(100 + errno);
    }
    int status = gt_reap(pid, 10000);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
static void open_programs(void)
{
    char *argv[] = {"false", "x", NULL};
    int fd = open("/tmp/script", O_CREAT | O_WRONLY, 0755);
    CHECK_EQ(write(fd, "#!/bin/sh\nexit ${1}3\n", 21), 21);
    CHECK_EQ(close(fd), 0);
    CHECK_EQ(status_of_open("/bin/false", O_RDONLY, argv), 1);
    argv[1] = "2";
    CHECK_EQ(status_of_open("/tmp/script", O_RDONLY, argv), 23);
    CHECK_EQ(chmod("/tmp/script", 0644), 0);
    CHECK_EQ(status_of_open("/tmp/script", O_RDONLY, argv), 100 + EACCES);
    CHECK_EQ(status_of_open("/tmp/none", O_RDONLY, argv), 100 + EBADF);
    CHECK_EQ(status_of_open("/tmp", O_RDONLY, argv), 100 + EACCES);
    CHECK_EQ(unlink("/tmp/script"), 0);
}

static int ends[2];
static void say_one(void) { (void)!write(ends[1], "1", 1); }
static void say_two(void) { (void)!write(ends[1], "2", 1); }
static void never(void) { (void)!write(ends[1], "n", 1); }
static void quick_ends(void)
{
    char said[8] = "";
    REQUIRE(pipe(ends) == 0);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        (void)atexit(never);
        (void)at_quick_exit(say_one);
        (void)at_quick_exit(say_two);
        quick_exit(7);
    }
    int status = gt_reap(pid, 10000);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    CHECK_EQ(close(ends[1]), 0);
    CHECK(read(ends[0], said, sizeof said) == 2 && strcmp(said, "21") == 0);
    CHECK_EQ(close(ends[0]), 0);
}

static void signals_in_words(void)
{
    char one[80] = "", other[80] = "";
    int p[2], err = dup(2);
    REQUIRE(pipe(p) == 0 && dup2(p[1], 2) == 2);
    psignal(SIGTERM, "what");
    fflush(stderr);
    ssize_t a = read(p[0], one, sizeof one - 1);
    psiginfo(&(siginfo_t){.si_signo = SIGTERM}, "what");
    fflush(stderr);
    ssize_t b = read(p[0], other, sizeof other - 1);
    CHECK(dup2(err, 2) == 2 && close(err) == 0 && close(p[0]) == 0 && close(p[1]) == 0);
    CHECK(a > 0 && a == b && strcmp(one, other) == 0);
}

/* As other systems have them, and each error one. */
static void errors_in_words(void)
{
    static const struct {
        int error;
        const char *text;
    } said[] = {{0, "Success"}, {EPERM, "Operation not permitted"}, {ENOENT, "No such file or directory"}, {EBADF, "Bad file descriptor"},
                {EAGAIN, "Resource temporarily unavailable"}, {EMFILE, "Too many open files"}, {EXDEV, "Invalid cross-device link"},
                {ENOTTY, "Inappropriate ioctl for device"}, {EOWNERDEAD, "Owner died"}, {9999, "Unknown error 9999"},
                {-1, "Unknown error -1"}, {-2147483647 - 1, "Unknown error -2147483648"}};
    for (unsigned i = 0; i < sizeof said / sizeof said[0]; i++)
        if (strcmp(strerror(said[i].error), said[i].text) != 0) {
            gt_fail("strerror", __FILE__, __LINE__);
            printf("  %d: %s, wanted %s\n", said[i].error, strerror(said[i].error), said[i].text);
        }
}

GT_MAIN(CASE(constants), CASE(smallest_stack), CASE(far_descriptors), CASE(many_descriptors), CASE(masked_waits), CASE(signals_and_waits_race),
        CASE(sorted_directories), CASE(open_programs), CASE(quick_ends), CASE(signals_in_words), CASE(errors_in_words))
