/* SPDX-License-Identifier: MIT
 * The terminal's settings, and reads of it that do not wait: what can be seen while nobody types. What is typed: qemu/test_tty.
 */
#define GT_NAME "terminal"
#include "gtest.h"
#include "gfiles.h"
#include <poll.h>
#include <sched.h>
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

/* ---- who is not in the foreground ---- */

static pid_t made(void (*fn)(void *), void *arg)
{
    pid_t pid = gt_child(fn, arg);
    CHECK_EQ(setpgid(pid, pid), 0);
    return pid;
}

static void reads(void *how)
{
    char c;
    while (getpgrp() != getpid()) /* bound: its parent */
        sched_yield();
    if ((intptr_t)how == 1)
        (void)signal(SIGTTIN, SIG_IGN);
    ssize_t n = read(0, &c, 1);
    _exit(n == -1 ? errno : 0);
}

static void changes(void *how)
{
    struct termios t;
    while (getpgrp() != getpid()) /* bound: its parent */
        sched_yield();
    if ((intptr_t)how == 1)
        (void)signal(SIGTTOU, SIG_IGN);
    CHECK_EQ(tcgetattr(0, &t), 0);
    _exit(tcsetattr(0, TCSANOW, &t) == 0 ? 0 : errno);
}

static void writes(void *unused)
{
    (void)unused;
    while (getpgrp() != getpid()) /* bound: its parent */
        sched_yield();
    _exit(write(1, "", 0) == 0 && write(1, " ", 1) == 1 ? 0 : errno);
}

static void expect_stop(pid_t pid, int sig)
{
    int word = 0;
    CHECK_EQ(waitpid(pid, &word, WUNTRACED), pid);
    CHECK(WIFSTOPPED(word) && WSTOPSIG(word) == sig);
}

/* Continued in the background it stops again; in the foreground it goes on. */
static void the_background_stops(void)
{
    pid_t before = tcgetpgrp(0);
    CHECK_EQ(tcsetpgrp(0, getpgrp()), 0);
    pid_t pid = made(changes, NULL);
    for (unsigned i = 0; i < 2; i++) {
        expect_stop(pid, SIGTTOU);
        CHECK_EQ(i == 1 ? tcsetpgrp(0, pid) : 0, 0);
        CHECK_EQ(kill(pid, SIGCONT), 0);
    }
    gt_expect_exit(pid, 0);
    (void)signal(SIGTTOU, SIG_IGN); /* as shells do: the group that is in the foreground has ended */
    CHECK_EQ(tcsetpgrp(0, getpgrp()), 0);
    (void)signal(SIGTTOU, SIG_DFL);
    pid = made(reads, NULL);
    expect_stop(pid, SIGTTIN);
    CHECK_EQ(kill(pid, SIGCONT), 0);
    expect_stop(pid, SIGTTIN);
    CHECK_EQ(kill(pid, SIGKILL), 0);
    gt_expect_signal(pid, SIGKILL);
    gt_expect_exit(made(reads, (void *)1), EIO);
    gt_expect_exit(made(changes, (void *)1), 0);
    (void)tcsetpgrp(0, before);
}

static void tostop_stops_writers(void)
{
    struct termios old, set;
    pid_t before = tcgetpgrp(0);
    CHECK_EQ(tcsetpgrp(0, getpgrp()), 0);
    gt_expect_exit(made(writes, NULL), 0);
    CHECK_EQ(tcgetattr(0, &old), 0);
    set = old;
    set.c_lflag |= TOSTOP;
    CHECK_EQ(tcsetattr(0, TCSANOW, &set), 0);
    pid_t pid = made(writes, NULL);
    expect_stop(pid, SIGTTOU);
    CHECK_EQ(write(1, " ", 1), 1);
    CHECK_EQ(tcsetattr(0, TCSANOW, &old), 0);
    CHECK_EQ(kill(pid, SIGCONT), 0);
    gt_expect_exit(pid, 0);
    (void)tcsetpgrp(0, before);
}

static volatile sig_atomic_t runs;
static void count(int sig)
{
    (void)sig;
    runs++;
}

static void another_size_is_told(void)
{
    struct winsize old, w;
    pid_t before = tcgetpgrp(0);
    CHECK_EQ(tcsetpgrp(0, getpgrp()), 0);
    runs = 0;
    CHECK(signal(SIGWINCH, count) == SIG_DFL);
    CHECK_EQ(tcgetwinsize(0, &old), 0);
    w = (struct winsize){.ws_row = old.ws_row + 1, .ws_col = old.ws_col};
    CHECK_EQ(tcsetwinsize(0, &w), 0);
    CHECK_EQ(runs, 1);
    CHECK_EQ(tcsetwinsize(0, &w), 0); /* it is the same */
    CHECK_EQ(runs, 1);
    CHECK_EQ(ioctl(0, TIOCSWINSZ, &old), 0);
    CHECK_EQ(runs, 2);
    CHECK_ERRNO(tcsetwinsize(900, &w), EBADF);
    CHECK_ERRNO(tcgetwinsize(900, &w), EBADF);
    CHECK_EQ(tcgetsid(0), getsid(0));
    CHECK_ERRNO(tcgetsid(900), EBADF);
    (void)signal(SIGWINCH, SIG_DFL);
    (void)tcsetpgrp(0, before);
}

static void in_the_background(void *unused)
{
    struct sigaction a = {0};
    char c;
    (void)unused;
    while (getpgrp() != getpid()) /* bound: its parent */
        sched_yield();
    a.sa_handler = count;
    CHECK_EQ(sigaction(SIGTTIN, &a, NULL), 0);
    CHECK_ERRNO(read(0, &c, 1), EINTR);
    CHECK_EQ(runs, 1);
    CHECK_EQ(setsid(), -1);
    pid_t parent = getpid(), pid = gt_fork();
    if (pid == 0) { /* orphaned: nobody could continue it */
        CHECK_EQ(setpgid(0, 0), 0);
        do /* bound: its parent's end */
            gt_sleep_us(1000);
        while (getppid() == parent);
        CHECK_ERRNO(read(0, &c, 1), EIO);
        CHECK_ERRNO(tcflush(0, TCIFLUSH), EIO);
        _exit(gt_failed != 0);
    }
    gt_sleep_us(1000); /* it is another's child when it reads */
    _exit(gt_failed != 0);
}
static void handlers_and_orphans(void)
{
    pid_t before = tcgetpgrp(0);
    CHECK_EQ(tcsetpgrp(0, getpgrp()), 0);
    uint64_t n = gt_processes();
    gt_expect_exit(made(in_the_background, NULL), 0);
    gt_until_processes(n);
    (void)tcsetpgrp(0, before);
}

GT_MAIN(CASE(settings_are_kept), CASE(what_is_no_terminal), CASE(the_window_has_a_size), CASE(nobody_types), CASE(reads_that_do_not_wait),
        CASE(the_background_stops), CASE(tostop_stops_writers), CASE(handlers_and_orphans), CASE(another_size_is_told))
