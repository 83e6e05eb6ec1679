/* SPDX-License-Identifier: MIT
 * Named pipes: opening an end waits for the other, bytes go from process to process, and nothing is left of them.
 */
#define GT_NAME "fifos"
#include "gtest.h"
#include "gfiles.h"
#include <sys/wait.h>

static pid_t child_that(void (*what)(void))
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        what();
        _exit(0);
    }
    return child;
}
static void writes(void)
{
    int fd = open("/tmp/fifo", O_WRONLY);
    if (fd < 0 || write(fd, "through", 7) != 7)
        _exit(1);
}

static void reads_one(void)
{
    char c = 0;
    int fd = open("/tmp/fifo", O_RDONLY);
    _exit(fd >= 0 && read(fd, &c, 1) == 1 ? c : 1);
}

static void the_two_ends_meet(void)
{
    struct stat st;
    char back[16];
    CHECK_EQ(mkfifo("/tmp/fifo", 0644), 0);
    CHECK_ERRNO(mkfifo("/tmp/fifo", 0644), EEXIST);
    CHECK_EQ(stat("/tmp/fifo", &st), 0);
    CHECK(S_ISFIFO(st.st_mode) && (st.st_mode & 0777) == 0644);
    for (int i = 0; i < 3; i++) {
        pid_t child = child_that(writes);
        if (i == 1)
            fs_until_wait(1); /* the writer is first */
        int fd = open("/tmp/fifo", O_RDONLY);
        CHECK(fd >= 0);
        CHECK_EQ(fstat(fd, &st), 0);
        CHECK(S_ISFIFO(st.st_mode) && st.st_nlink == 1);
        CHECK_EQ(read(fd, back, sizeof back), 7);
        CHECK_EQ(read(fd, back, sizeof back), 0);
        gt_expect_exit(child, 0);
        CHECK_EQ(close(fd), 0);
    }
    CHECK_EQ(unlink("/tmp/fifo"), 0);
    CHECK_EQ(fs_info().w[3], 0);
}

static void without_blocking(void)
{
    char c;
    CHECK_EQ(mkfifo("/tmp/fifo", 0600), 0);
    CHECK_ERRNO(open("/tmp/fifo", O_WRONLY | O_NONBLOCK), ENXIO);
    int in = open("/tmp/fifo", O_RDONLY | O_NONBLOCK);
    CHECK(in >= 0);
    CHECK_EQ(read(in, &c, 1), 0); /* nobody writes */
    int out = open("/tmp/fifo", O_WRONLY | O_NONBLOCK);
    CHECK(out >= 0);
    CHECK_ERRNO(read(in, &c, 1), EAGAIN);
    CHECK_EQ(write(out, "x", 1), 1);
    CHECK_EQ(read(in, &c, 1), 1);
    CHECK_ERRNO(lseek(in, 0, SEEK_SET), ESPIPE);
    CHECK_EQ(unlink("/tmp/fifo"), 0); /* it lives on without a name */
    CHECK_EQ(write(out, "y", 1), 1);
    CHECK_EQ(read(in, &c, 1), 1);
    CHECK_EQ(close(in) | close(out), 0);
    fs_check();
}

/* Who waits in open() is no reader yet and no writer: others do not stand in line behind it. */
static void beside_one_that_waits_in_open(void)
{
    char c;
    CHECK_EQ(mkfifo("/tmp/fifo", 0600), 0);
    pid_t child = child_that(reads_one);
    fs_until_wait(1);
    int in = open("/tmp/fifo", O_RDONLY | O_NONBLOCK);
    CHECK(in >= 0);
    CHECK_EQ(read(in, &c, 1), 0); /* nobody writes */
    CHECK_EQ(close(in), 0);
    int out = open("/tmp/fifo", O_WRONLY | O_NONBLOCK);
    CHECK(out >= 0);
    CHECK_EQ(write(out, "z", 1), 1);
    gt_expect_exit(child, 'z');
    CHECK_EQ(close(out), 0);
    child = child_that(writes);
    fs_until_wait(1);
    CHECK_ERRNO(open("/tmp/fifo", O_WRONLY | O_NONBLOCK), ENXIO); /* one more writer is no reader */
    in = open("/tmp/fifo", O_RDONLY);
    CHECK_EQ(read(in, &c, 1), 1);
    gt_expect_exit(child, 0);
    CHECK_EQ(close(in), 0);
    CHECK_EQ(unlink("/tmp/fifo"), 0);
    fs_check();
}

static void waits_for_ever(void) { (void)open("/tmp/fifo", O_RDONLY); }
static void who_is_killed_in_the_open_leaves_nothing(void)
{
    uint64_t before = fs_info().w[1];
    CHECK_EQ(mkfifo("/tmp/fifo", 0600), 0);
    pid_t child = child_that(waits_for_ever);
    fs_until_wait(1);
    fs_check();
    CHECK_EQ(kill(child, SIGKILL), 0);
    (void)gt_reap(child, GT_HANG_MS);
    CHECK_EQ(fs_info().w[4], 0);
    CHECK_EQ(fs_info().w[1], before);
    CHECK_EQ(fs_info().w[3], 0);
    CHECK_ERRNO(open("/tmp/fifo", O_WRONLY | O_NONBLOCK), ENXIO);
    CHECK_EQ(unlink("/tmp/fifo"), 0);
}

GT_MAIN(CASE(the_two_ends_meet), CASE(without_blocking), CASE(beside_one_that_waits_in_open), CASE(who_is_killed_in_the_open_leaves_nothing))
