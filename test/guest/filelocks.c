/* SPDX-License-Identifier: MIT
 * Record locks and flock(): who conflicts with whom, ranges that are cut and joined, waiting, circles, and that a close or a death
 * gives everything back.
 */
#define GT_NAME "filelocks"
#include "gtest.h"
#include "gfiles.h"
#include <pthread.h>
#include <sys/file.h>
#include <sys/wait.h>

static int fd;

static int lock(int type, off_t start, off_t len, int how)
{
    struct flock l = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
    return fcntl(fd, how, &l);
}
static struct flock ask(int type, off_t start, off_t len)
{
    struct flock l = {.l_type = (short)type, .l_whence = SEEK_SET, .l_start = start, .l_len = len};
    CHECK_EQ(fcntl(fd, F_GETLK, &l), 0);
    return l;
}
static void begin(void)
{
    fd = open("/tmp/locked", O_CREAT | O_RDWR, 0600);
    REQUIRE(fd >= 0);
}
static void end(void) { CHECK_EQ(close(fd) | unlink("/tmp/locked"), 0); }

/* Runs what in a child, which says with its status whether it was content. */
static void in_a_child(bool (*what)(void))
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(what() ? 0 : 1);
    gt_expect_exit(child, 0);
}

static bool is_refused(void)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 15, .l_len = 0};
    bool good = fcntl(fd, F_GETLK, &l) == 0 && l.l_type == F_WRLCK && l.l_start == 10 && l.l_len == 10 && l.l_pid == getppid();
    good = good && lock(F_RDLCK, 19, 1, F_SETLK) == -1 && errno == EAGAIN;
    good = good && lock(F_WRLCK, 20, 5, F_SETLK) == 0 && lock(F_WRLCK, 0, 10, F_SETLK) == 0; /* beside it */
    return good && lock(F_RDLCK, 100, 1, F_SETLK) == 0; /* both read */
}
static void what_conflicts_is_refused(void)
{
    begin();
    CHECK_EQ(lock(F_WRLCK, 10, 10, F_SETLK), 0);
    CHECK_EQ(lock(F_RDLCK, 100, 10, F_SETLK), 0);
    CHECK_EQ(ask(F_WRLCK, 0, 0).l_type, F_UNLCK); /* one's own are no obstacle */
    in_a_child(is_refused);
    CHECK_EQ(lock(F_WRLCK, 0, 0, F_SETLK), 0); /* what the child had went with it */
    CHECK_EQ(lock(F_UNLCK, 0, 0, F_SETLK), 0);
    end();
}

static bool sees_a_hole(void)
{
    return ask(F_WRLCK, 40, 20).l_type == F_UNLCK && ask(F_WRLCK, 0, 0).l_len == 40 && ask(F_WRLCK, 60, 0).l_start == 60;
}
static bool sees_one(void)
{
    struct flock l = ask(F_RDLCK, 50, 1);
    return l.l_type == F_WRLCK && l.l_start == 0 && l.l_len == 100;
}
static bool sees_a_reader_in_the_middle(void)
{
    return ask(F_RDLCK, 45, 1).l_type == F_UNLCK && ask(F_WRLCK, 45, 1).l_type == F_RDLCK && ask(F_RDLCK, 30, 1).l_type == F_WRLCK;
}
static void ranges_are_cut_and_joined(void)
{
    begin();
    CHECK_EQ(lock(F_WRLCK, 0, 100, F_SETLK), 0);
    CHECK_EQ(lock(F_UNLCK, 40, 20, F_SETLK), 0);
    in_a_child(sees_a_hole);
    CHECK_EQ(lock(F_WRLCK, 40, 20, F_SETLK), 0);
    in_a_child(sees_one);
    CHECK_EQ(lock(F_RDLCK, 40, 10, F_SETLK), 0);
    in_a_child(sees_a_reader_in_the_middle);
    for (off_t at = 1000; at < 1200; at++) /* neighbours need one lock */
        CHECK_EQ(lock(F_WRLCK, at, 1, F_SETLK), 0);
    end();
}

static bool gets_it_at_last(void) { return lock(F_WRLCK, 0, 0, F_SETLKW) == 0; }
static void who_waits_gets_it_when_it_is_free(void)
{
    begin();
    CHECK_EQ(lock(F_WRLCK, 0, 0, F_SETLK), 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(gets_it_at_last() ? 0 : 1);
    fs_until_wait(1);
    CHECK_EQ(waitpid(child, NULL, WNOHANG), 0);
    CHECK_EQ(lock(F_UNLCK, 0, 0, F_SETLK), 0);
    gt_expect_exit(child, 0);
    CHECK_EQ(lock(F_WRLCK, 0, 0, F_SETLK), 0);
    child = fork();
    if (child == 0)
        _exit(gets_it_at_last() ? 0 : 1);
    fs_until_wait(1);
    CHECK_EQ(kill(child, SIGKILL), 0); /* it waits, and is gone */
    (void)gt_reap(child, GT_HANG_MS);
    CHECK_EQ(fs_info().w[4], 0);
    end();
}

static void a_close_of_any_descriptor_gives_all_back(void)
{
    begin();
    int other = open("/tmp/locked", O_RDONLY);
    CHECK_EQ(lock(F_WRLCK, 0, 0, F_SETLK), 0);
    CHECK_EQ(close(other), 0);
    in_a_child(gets_it_at_last);
    end();
}

static void *waits_in_vain(void *unused)
{
    (void)unused;
    bool refused = lock(F_WRLCK, 0, 0, F_SETLKW) == -1 && errno == EBADF;
    return refused ? NULL : &fd;
}
static bool closes_what_it_waits_with(int closed)
{
    pthread_t t;
    void *got;
    if (pthread_create(&t, NULL, waits_in_vain, NULL) != 0)
        return false;
    fs_until_wait(2); /* the lock, and the parent, which reads */
    close(fd);
    return write(closed, "x", 1) == 1 && pthread_join(t, &got) == 0 && got == NULL;
}
/* A lock that no close would give back. */
static void a_lock_needs_its_descriptor_to_the_end(void)
{
    int p[2];
    char c;
    begin();
    REQUIRE(pipe(p) == 0);
    CHECK_EQ(lock(F_WRLCK, 0, 0, F_SETLK), 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(closes_what_it_waits_with(p[1]) ? 0 : 1);
    CHECK_EQ(read(p[0], &c, 1), 1);
    CHECK_EQ(close(p[0]) | close(p[1]), 0);
    CHECK_EQ(lock(F_UNLCK, 0, 0, F_SETLK), 0);
    gt_expect_exit(child, 0);
    CHECK_EQ(ask(F_WRLCK, 0, 0).l_type, F_UNLCK);
    end();
}

static void a_circle_is_refused(void)
{
    begin();
    CHECK_EQ(lock(F_WRLCK, 0, 1, F_SETLK), 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(lock(F_WRLCK, 1, 1, F_SETLK) == 0 && lock(F_WRLCK, 0, 1, F_SETLKW) == 0 ? 0 : 1);
    fs_until_wait(1);
    CHECK_ERRNO(lock(F_WRLCK, 1, 1, F_SETLKW), EDEADLK);
    CHECK_EQ(lock(F_UNLCK, 0, 1, F_SETLK), 0);
    gt_expect_exit(child, 0);
    end();
}

static bool flock_is_refused(void)
{
    int own = open("/tmp/locked", O_RDWR);
    bool good = flock(own, LOCK_SH | LOCK_NB) == -1 && errno == EAGAIN;
    good = good && flock(fd, LOCK_EX | LOCK_NB) == 0; /* the parent's, which is shared */
    return good && lock(F_WRLCK, 0, 0, F_SETLK) == 0; /* the other kind */
}
static void flock_belongs_to_the_open_file(void)
{
    begin();
    CHECK_EQ(flock(fd, LOCK_EX), 0);
    in_a_child(flock_is_refused);
    CHECK_EQ(flock(fd, LOCK_SH), 0);
    int other = open("/tmp/locked", O_RDONLY);
    CHECK_EQ(flock(other, LOCK_SH | LOCK_NB), 0);
    CHECK_ERRNO(flock(other, LOCK_EX | LOCK_NB), EAGAIN);
    CHECK_EQ(flock(fd, LOCK_UN), 0);
    CHECK_EQ(flock(other, LOCK_EX | LOCK_NB), 0);
    CHECK_EQ(close(other), 0);
    CHECK_EQ(flock(fd, LOCK_EX | LOCK_NB), 0);
    CHECK_ERRNO(flock(fd, 99), EINVAL);
    CHECK_ERRNO(flock(900, LOCK_SH), EBADF);
    end();
}

static void what_is_wrong_is_refused(void)
{
    begin();
    CHECK_ERRNO(lock(F_WRLCK, -5, 1, F_SETLK), EINVAL);
    CHECK_ERRNO(lock(77, 0, 1, F_SETLK), EINVAL);
    struct flock l = {.l_type = F_RDLCK, .l_whence = 9};
    CHECK_ERRNO(fcntl(fd, F_SETLK, &l), EINVAL);
    l = (struct flock){.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = INT64_MAX, .l_len = 2};
    CHECK_ERRNO(fcntl(fd, F_SETLK, &l), EOVERFLOW);
    l = (struct flock){.l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = INT64_MIN, .l_len = -1};
    CHECK_ERRNO(fcntl(fd, F_SETLK, &l), EINVAL);
    int reads = open("/tmp/locked", O_RDONLY), keep = fd;
    fd = reads;
    CHECK_ERRNO(lock(F_WRLCK, 0, 0, F_SETLK), EBADF);
    fd = keep;
    CHECK_EQ(close(reads), 0);
    CHECK_EQ(lockf(fd, F_TLOCK, 10), 0);
    CHECK_EQ(lockf(fd, F_TEST, 10), 0);
    CHECK_EQ(lockf(fd, F_ULOCK, 0), 0);
    end();
}

static void shortage_is_an_error_that_passes(void)
{
    begin();
    off_t at = 0;
    while (at < 100000 && lock(F_WRLCK, at, 1, F_SETLK) == 0) /* never neighbours */
        at += 2;
    CHECK_EQ(errno, ENOLCK);
    CHECK(at > 8000);
    CHECK_EQ(lock(F_UNLCK, 0, 0, F_SETLK), -1); /* a cut could need one, too */
    CHECK_EQ(close(fd), 0);
    begin();
    CHECK_EQ(lock(F_WRLCK, 0, 0, F_SETLK), 0);
    end();
    fs_check();
}

GT_MAIN(CASE(what_conflicts_is_refused), CASE(ranges_are_cut_and_joined), CASE(who_waits_gets_it_when_it_is_free),
        CASE(a_close_of_any_descriptor_gives_all_back),
        CASE(a_lock_needs_its_descriptor_to_the_end), CASE(a_circle_is_refused), CASE(flock_belongs_to_the_open_file),
        CASE(what_is_wrong_is_refused), CASE(shortage_is_an_error_that_passes))
