/* SPDX-License-Identifier: MIT
 * Pipes: order, atomicity, blocking, the end of the last reader and of the last writer, and clients that die while they wait.
 * SHORT: 16
 */
#define GT_NAME "pipes"
#include "gtest.h"
#include "gfiles.h"
#include <poll.h>
#include <sys/select.h>

#define WHOLE FS_PIPE_BUF

static int p[2];

static void bytes_come_in_order(void)
{
    static char big[WHOLE], back[WHOLE];
    char c[4];
    for (unsigned i = 0; i < WHOLE; i++)
        big[i] = (char)(i ^ i >> 8);
    REQUIRE(pipe(p) == 0);
    CHECK_EQ(write(p[1], "abc", 3), 3);
    CHECK_EQ(read(p[0], c, 2), 2);
    CHECK(memcmp(c, "ab", 2) == 0);
    CHECK_EQ(read(p[0], c, 4), 1);
    CHECK_EQ(c[0], 'c');
    for (unsigned i = 0; i < 3; i++) { /* around the ring's end */
        CHECK_EQ(write(p[1], big, 3000), 3000);
        CHECK_EQ(read(p[0], back, sizeof back), 3000);
        CHECK(memcmp(big, back, 3000) == 0);
    }
    CHECK_EQ(write(p[1], big, WHOLE), WHOLE);
    CHECK_EQ(read(p[0], back, sizeof back), WHOLE);
    CHECK(memcmp(big, back, WHOLE) == 0);
    CHECK_EQ(read(p[0], back, 0), 0);
    CHECK_EQ(write(p[1], back, 0), 0);
    CHECK_ERRNO(read(p[1], back, 1), EBADF);
    CHECK_ERRNO(write(p[0], back, 1), EBADF);
    CHECK_EQ(close(p[0]), 0);
    CHECK_EQ(close(p[1]), 0);
}
static void the_end(void)
{
    char c[4];
    REQUIRE(pipe(p) == 0);
    CHECK_EQ(write(p[1], "x", 1), 1);
    CHECK_EQ(close(p[1]), 0);
    CHECK_EQ(read(p[0], c, 4), 1); /* what is in it comes first */
    CHECK_EQ(read(p[0], c, 4), 0);
    CHECK_EQ(read(p[0], c, 4), 0);
    CHECK_EQ(close(p[0]), 0);
    REQUIRE(pipe(p) == 0);
    CHECK_EQ(close(p[0]), 0);
    void (*old)(int) = signal(SIGPIPE, SIG_IGN);
    CHECK_ERRNO(write(p[1], "x", 1), EPIPE);
    (void)signal(SIGPIPE, old);
    CHECK_EQ(close(p[1]), 0);
}
static void writes_to_nobody(void *none)
{
    (void)none;
    int q[2];
    (void)pipe(q);
    (void)close(q[0]);
    (void)write(q[1], "x", 1);
}
static void sigpipe_kills(void)
{
    int status = gt_reap(gt_child(writes_to_nobody, NULL), 5000);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
}
/* A line that stderr holds back until something else is asked for: that raises the signal, once. */
static void says_its_last(void *ignores)
{
    REQUIRE(pipe(p) == 0 && dup2(p[1], 2) == 2);
    close(p[0]);
    close(p[1]);
    if (ignores != NULL)
        (void)signal(SIGPIPE, SIG_IGN);
    CHECK_EQ(fputs("half a line", stderr) < 0, 0);
    CHECK_EQ(raise(0), 0);
    CHECK(ferror(stderr) && ignores != NULL);
    errno = 0;
    CHECK(fputs("a line\n", stderr) == EOF && errno == EPIPE);
}
static void sigpipe_kills_by_stderr(void)
{
    gt_expect_signal(gt_child(says_its_last, NULL), SIGPIPE);
    gt_expect_exit(gt_child(says_its_last, p), 0);
}
static void not_blocking(void)
{
    static char big[2 * WHOLE];
    char c;
    REQUIRE(pipe2(p, O_NONBLOCK | O_CLOEXEC) == 0);
    CHECK_EQ(fcntl(p[0], F_GETFL), O_RDONLY | O_NONBLOCK);
    CHECK_EQ(fcntl(p[0], F_GETFD), FD_CLOEXEC);
    CHECK_ERRNO(read(p[0], &c, 1), EAGAIN);
    CHECK_EQ(write(p[1], big, 100), 100);
    CHECK_ERRNO(write(p[1], big, WHOLE), EAGAIN); /* whole or not at all */
    CHECK_EQ(write(p[1], big, sizeof big), WHOLE - 100); /* larger: what there is room for */
    CHECK_ERRNO(write(p[1], big, 1), EAGAIN);
    CHECK_ERRNO(write(p[1], big, sizeof big), EAGAIN);
    CHECK_EQ(read(p[0], big, sizeof big), WHOLE);
    CHECK_EQ(close(p[0]), 0);
    CHECK_EQ(close(p[1]), 0);
    CHECK_ERRNO(pipe2(p, O_APPEND), EINVAL);
}
static void echo_child(void *none)
{
    char c;
    (void)none;
    while (read(p[0], &c, 1) == 1) /* bound: the parent closes */
        if (write(p[1], &c, 1) != 1)
            break;
}
static void two_processes_take_turns(void)
{
    int there[2], back[2];
    REQUIRE(pipe(there) == 0 && pipe(back) == 0);
    p[0] = there[0];
    p[1] = back[1];
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        (void)close(there[1]);
        (void)close(back[0]);
        echo_child(NULL);
        _exit(0);
    }
    (void)close(there[0]);
    (void)close(back[1]);
    for (int i = 0; i < 200; i++) {
        char c = (char)i;
        CHECK_EQ(write(there[1], &c, 1), 1);
        c = 0;
        CHECK_EQ(read(back[0], &c, 1), 1);
        CHECK_EQ(c, (char)i);
    }
    CHECK_EQ(close(there[1]), 0);
    gt_expect_exit(child, 0);
    CHECK_EQ(close(back[0]), 0);
}
#define STREAM (1u << 20)
static void stream_child(void *none)
{
    static char big[STREAM]; /* lazy pages: the server meets each one missing */
    (void)none;
    for (unsigned i = 0; i < STREAM; i += 509)
        big[i] = (char)(i / 509);
    CHECK_EQ(write(p[1], big, STREAM), STREAM);
}
static void a_large_write_waits_for_its_reader(void)
{
    static char back[STREAM];
    REQUIRE(pipe(p) == 0);
    pid_t child = gt_child(stream_child, NULL);
    CHECK_EQ(close(p[1]), 0);
    size_t n = 0;
    ssize_t got;
    while ((got = read(p[0], back + n, STREAM - n > 10000 ? 10000 : STREAM - n)) > 0)
        n += (size_t)got;
    CHECK_EQ(n, STREAM);
    unsigned wrong = 0;
    for (unsigned i = 0; i < STREAM; i += 509)
        wrong += back[i] != (char)(i / 509);
    CHECK_EQ(wrong, 0);
    gt_expect_exit(child, 0);
    CHECK_EQ(close(p[0]), 0);
}
#define WRITERS 4
#define EACH 60
#define RECORD 1000
static void record_writer(void *who)
{
    char record[RECORD];
    memset(record, 'A' + (int)(uintptr_t)who, sizeof record);
    for (unsigned i = 0; i < EACH; i++)
        CHECK_EQ(write(p[1], record, RECORD), RECORD);
}
static void small_writes_are_never_torn(void)
{
    char record[RECORD];
    pid_t child[WRITERS];
    unsigned torn = 0, n = 0;
    REQUIRE(pipe(p) == 0);
    for (uintptr_t i = 0; i < WRITERS; i++)
        child[i] = gt_child(record_writer, (void *)i);
    CHECK_EQ(close(p[1]), 0);
    for (;; n++) { /* bound: WRITERS * EACH records */
        size_t have = 0;
        ssize_t got = 1;
        while (have < RECORD && (got = read(p[0], record + have, RECORD - have)) > 0)
            have += (size_t)got;
        if (have < RECORD)
            break;
        for (unsigned i = 1; i < RECORD; i++)
            torn += record[i] != record[0];
    }
    CHECK_EQ(n, WRITERS * EACH);
    CHECK_EQ(torn, 0);
    for (unsigned i = 0; i < WRITERS; i++)
        gt_expect_exit(child[i], 0);
    CHECK_EQ(close(p[0]), 0);
}
static void waits(void *none)
{
    char c;
    (void)none;
    (void)close(p[1]);
    (void)read(p[0], &c, 1);
}
static void the_killed_let_go(void)
{
    REQUIRE(pipe(p) == 0);
    struct ipc_msg before = fs_info();
    pid_t child[8];
    for (unsigned i = 0; i < 8; i++)
        child[i] = gt_child(waits, NULL);
    fs_until_wait(before.w[4] + 8);
    for (unsigned i = 0; i < 8; i++) {
        CHECK_EQ(kill(child[i], SIGKILL), 0);
        (void)gt_reap(child[i], GT_HANG_MS);
    }
    struct ipc_msg after = fs_info();
    for (unsigned i = 1; i <= 4; i++)
        CHECK_EQ(after.w[i], before.w[i]);
    fs_check();
    CHECK_EQ(write(p[1], "x", 1), 1); /* nobody who is dead took a byte */
    char c;
    CHECK_EQ(read(p[0], &c, 1), 1);
    pid_t writer = gt_child(waits, NULL); /* and the end is seen when the last writer was killed */
    (void)kill(writer, SIGKILL);
    (void)gt_reap(writer, GT_HANG_MS);
    CHECK_EQ(close(p[1]), 0);
    CHECK_EQ(read(p[0], &c, 1), 0);
    CHECK_EQ(close(p[0]), 0);
}
static void writes_later(void *none)
{
    (void)none;
    gt_sleep_us(5000);
    CHECK_EQ(write(p[1], "x", 1), 1);
}
static void polling(void)
{
    static char big[WHOLE];
    char c;
    REQUIRE(pipe(p) == 0);
    struct pollfd f[3] = {{p[0], POLLIN, -1}, {p[1], POLLOUT, -1}, {-1, POLLIN, -1}};
    CHECK_EQ(poll(f, 3, 0), 1);
    CHECK(f[0].revents == 0 && f[1].revents == POLLOUT && f[2].revents == 0);
    CHECK_EQ(write(p[1], big, 1), 1);
    CHECK_EQ(poll(f, 2, -1), 1); /* to be read; a whole write does not fit */
    CHECK(f[0].revents == POLLIN && f[1].revents == 0);
    CHECK_EQ(read(p[0], &c, 1), 1);
    ticks_t before = sys_time();
    CHECK_EQ(poll(f, 1, 10), 0);
    CHECK(sys_time() - before >= gt_us(10000));
    pid_t child = gt_child(writes_later, NULL);
    CHECK_EQ(poll(f, 1, -1), 1);
    CHECK_EQ(f[0].revents, POLLIN);
    CHECK_EQ(read(p[0], &c, 1), 1);
    gt_expect_exit(child, 0);
    fd_set in;
    FD_ZERO(&in);
    FD_SET(p[0], &in);
    struct timeval soon = {0, 1000};
    CHECK_EQ(select(p[0] + 1, &in, NULL, NULL, &soon), 0);
    CHECK(!FD_ISSET(p[0], &in));
    CHECK_EQ(close(p[1]), 0);
    CHECK_EQ(poll(f, 1, -1), 1);
    CHECK_EQ(f[0].revents, POLLHUP);
    f[1].fd = 900;
    CHECK_EQ(poll(f + 1, 1, -1), 1);
    CHECK_EQ(f[1].revents, POLLNVAL);
    CHECK_ERRNO(poll((struct pollfd *)8, 1, 0), EFAULT);
    CHECK_ERRNO(poll(f, 2000, 0), EINVAL);
    f[0].fd = 0;
    f[0].events = POLLOUT;
    CHECK_EQ(poll(f, 1, 0), 1);
    CHECK_EQ(poll(NULL, 0, 1), 0);
    CHECK_EQ(close(p[0]), 0);
    fs_check();
}
static void bad_addresses(void)
{
    char c = 1;
    REQUIRE(pipe(p) == 0);
    CHECK_ERRNO(write(p[1], (void *)8, 4), EFAULT);
    CHECK_ERRNO(write(p[1], (void *)0xffffffc080200000UL, 4), EFAULT);
    CHECK_ERRNO(write(p[1], (void *)~3UL, 8), EFAULT); /* beyond the last address: 4 */
    CHECK_EQ(write(p[1], "abcd", 4), 4);
    CHECK_ERRNO(read(p[0], (void *)8, 4), EFAULT);
    CHECK_ERRNO(read(p[0], (void *)~3UL, 8), EFAULT);
    CHECK_ERRNO(read(p[0], (void *)(uintptr_t)"constant", 4), EFAULT);
    CHECK_EQ(read(p[0], &c, 1), 1); /* nothing was lost */
    CHECK_EQ(c, 'a');
    CHECK_ERRNO(open((char *)8, O_RDONLY), EFAULT);
    CHECK_ERRNO(open(NULL, O_RDONLY), EFAULT);
    CHECK_ERRNO(stat("/", (struct stat *)8), EFAULT);
    CHECK_ERRNO(stat("/", (struct stat *)(uintptr_t)"constant"), EFAULT);
    CHECK_EQ(close(p[0]), 0);
    CHECK_EQ(close(p[1]), 0);
}

GT_MAIN(CASE(bytes_come_in_order), CASE(the_end), CASE(sigpipe_kills), CASE(sigpipe_kills_by_stderr), CASE(not_blocking),
        CASE(two_processes_take_turns), CASE(a_large_write_waits_for_its_reader), CASE(small_writes_are_never_torn), CASE(the_killed_let_go), CASE(polling), CASE(bad_addresses))
