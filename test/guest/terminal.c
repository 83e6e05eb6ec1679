/* SPDX-License-Identifier: MIT
 * The terminal's settings, and reads of it that do not wait: what can be seen while nobody types. What is typed: qemu/test_tty.
 */
#define GT_NAME "terminal"
#include "gtest.h"
#include "gfiles.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <termios.h>

static void settings_are_kept(void)
{
    struct termios old, set, back;
    CHECK_EQ(tcgetattr(0, &old), 0);
    CHECK((old.c_lflag & (ICANON | ECHO | ISIG)) == (ICANON | ECHO | ISIG) && (old.c_iflag & ICRNL) && (old.c_oflag & OPOST));
    CHECK(old.c_cc[VINTR] == 3 && old.c_cc[VEOF] == 4 && old.c_cc[VERASE] == 127 && old.c_cc[VMIN] == 1);
    set = old;
    set.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    set.c_cc[VMIN] = 7;
    set.c_cc[VTIME] = 9;
    CHECK_EQ(tcsetattr(1, TCSADRAIN, &set), 0);
    CHECK_EQ(tcgetattr(0, &back), 0);
    CHECK(memcmp(&back, &set, sizeof set) == 0);
    set.c_lflag |= 1u << 20;
    CHECK_ERRNO(tcsetattr(0, TCSANOW, &set), EINVAL);
    CHECK_ERRNO(tcsetattr(0, 9, &old), EINVAL);
    CHECK_EQ(tcsetattr(0, TCSAFLUSH, &old), 0);
    CHECK_EQ(tcgetattr(0, &back), 0);
    CHECK(memcmp(&back, &old, sizeof old) == 0);
    CHECK_EQ(tcflush(0, TCIOFLUSH) | tcdrain(0) | tcsendbreak(0, 0) | tcflow(0, TCOON), 0);
}

static void what_is_no_terminal(void)
{
    struct termios t;
    struct winsize w;
    int fd = open("/dev/null", O_RDWR), tty = open("/dev/tty", O_RDWR);
    CHECK_ERRNO(tcgetattr(fd, &t), ENOTTY);
    CHECK_ERRNO(tcgetattr(900, &t), EBADF);
    CHECK_ERRNO(ioctl(fd, TIOCGWINSZ, &w), ENOTTY);
    CHECK_ERRNO(ioctl(tty, 12345, &w), EINVAL);
    CHECK(ttyname(fd) == NULL && errno == ENOTTY);
    CHECK_EQ(tcgetattr(tty, &t), 0);
    CHECK(ttyname(tty) != NULL && strcmp(ttyname(tty), "/dev/console") == 0);
    CHECK_EQ(close(fd) | close(tty), 0);
}

static void the_window_has_a_size(void)
{
    struct winsize old, w = {.ws_row = 50, .ws_col = 132};
    int n = -1, p[2];
    CHECK_EQ(ioctl(0, TIOCGWINSZ, &old), 0);
    CHECK(old.ws_row > 0 && old.ws_col > 0);
    CHECK_EQ(ioctl(0, TIOCSWINSZ, &w), 0);
    CHECK_EQ(ioctl(0, TIOCGWINSZ, &w), 0);
    CHECK(w.ws_row == 50 && w.ws_col == 132);
    CHECK_EQ(ioctl(0, TIOCSWINSZ, &old), 0);
    CHECK_EQ(ioctl(0, FIONREAD, &n), 0);
    CHECK_EQ(n, 0);
    CHECK_EQ(pipe(p), 0);
    CHECK_EQ(write(p[1], "abc", 3), 3);
    CHECK_EQ(ioctl(p[0], FIONREAD, &n), 0);
    CHECK_EQ(n, 3);
    CHECK_EQ(close(p[0]) | close(p[1]), 0);
}

static void nobody_types(void)
{
    struct pollfd p = {.fd = 0, .events = POLLIN | POLLOUT};
    fd_set in;
    struct timeval tv = {0, 20000};
    CHECK_EQ(poll(&p, 1, 0), 1);
    CHECK_EQ(p.revents, POLLOUT);
    p.events = POLLIN;
    CHECK_EQ(poll(&p, 1, 20), 0);
    FD_ZERO(&in);
    FD_SET(0, &in);
    CHECK_EQ(select(1, &in, NULL, NULL, &tv), 0);
}

static void reads_that_do_not_wait(void)
{
    struct termios old, raw;
    char c;
    CHECK_EQ(tcgetattr(0, &old), 0);
    raw = old;
    raw.c_lflag &= ~(tcflag_t)ICANON;
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    CHECK_EQ(tcsetattr(0, TCSANOW, &raw), 0);
    CHECK_EQ(read(0, &c, 1), 0);
    raw.c_cc[VTIME] = 2;
    CHECK_EQ(tcsetattr(0, TCSANOW, &raw), 0);
    ticks_t before = sys_time();
    CHECK_EQ(read(0, &c, 1), 0);
    CHECK(sys_time() - before >= gt_us(200000));
    CHECK_EQ(tcsetattr(0, TCSANOW, &old), 0);
    int flags = fcntl(0, F_GETFL);
    CHECK_EQ(fcntl(0, F_SETFL, flags | O_NONBLOCK), 0);
    CHECK_ERRNO(read(0, &c, 1), EAGAIN);
    CHECK_EQ(fcntl(0, F_SETFL, flags), 0);
}

GT_MAIN(CASE(settings_are_kept), CASE(what_is_no_terminal), CASE(the_window_has_a_size), CASE(nobody_types), CASE(reads_that_do_not_wait))
