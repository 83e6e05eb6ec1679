/* SPDX-License-Identifier: MIT
 * No test: what test/qemu/test_tty.py types to. Each of the four ways to read without lines (VMIN, VTIME), what becomes of bytes that
 * nobody has read when settings change, and keys that are bytes. It says what it waits for and what it got.
 */
#include <ctype.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static struct termios usual;

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(int ok, int status)
{
    if (!ok)
        exit(status);
}

static void set_raw(unsigned min, unsigned time, int when)
{
    struct termios raw = usual;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG);
    raw.c_cc[VMIN] = (cc_t)min;
    raw.c_cc[VTIME] = (cc_t)time;
    must(tcsetattr(0, when, &raw) == 0, 1);
}

static void says(const char *what)
{
    printf("%s\n", what);
    fflush(stdout);
}

static void wait_for(int bytes)
{
    int there = 0;
    while (there < bytes) { /* bound: who types */
        must(ioctl(0, FIONREAD, &there) == 0, 2);
        usleep(1000);
    }
}

static void get(size_t most)
{
    char got[32];
    ssize_t n = read(0, got, most);
    printf("got %zd ", n);
    for (ssize_t i = 0; i < n; i++)
        printf(isgraph((unsigned char)got[i]) ? "%c" : "<%d>", got[i]);
    says(".");
}

static void the_four_ways(void)
{
    set_raw(3, 0, TCSANOW);
    says("three, however long");
    get(10);
    says("five, but there is room for two");
    set_raw(5, 0, TCSANOW);
    get(2);
    set_raw(3, 255, TCSANOW);
    says("three, in time");
    double begun = now();
    get(10);
    must(now() - begun < 25, 3);
    set_raw(3, 5, TCSANOW);
    says("one, and no more in time");
    wait_for(1);
    begun = now();
    get(10);
    must(now() - begun >= 0.5, 4);
    set_raw(0, 255, TCSANOW);
    says("one within time");
    begun = now();
    get(10);
    must(now() - begun < 25, 5);
    set_raw(0, 3, TCSANOW);
    begun = now();
    get(10);
    must(now() - begun >= 0.3, 6);
    set_raw(0, 0, TCSANOW);
    get(10);
    says("three that are there");
    wait_for(3);
    get(2);
    get(10);
    get(10);
}

/* poll() says when a read would not wait. */
static void polls(void)
{
    struct pollfd p = {.fd = 0, .events = POLLIN};
    set_raw(3, 0, TCSANOW);
    says("one of three");
    wait_for(1);
    must(poll(&p, 1, 0) == 0, 7);
    says("two more");
    must(poll(&p, 1, -1) == 1 && p.revents == POLLIN, 8);
    get(10);
    set_raw(3, 1, TCSANOW);
    says("one of three, in time");
    must(poll(&p, 1, -1) == 1 && p.revents == POLLIN, 9);
    get(10);
}

static void settings_change(void)
{
    must(tcsetattr(0, TCSANOW, &usual) == 0, 10);
    says("a line");
    wait_for(3);
    set_raw(5, 0, TCSADRAIN); /* what is there stays */
    says("two bytes more");
    get(10);
    set_raw(0, 0, TCSANOW);
    says("two for nobody");
    wait_for(2);
    must(tcflush(0, TCOFLUSH) == 0, 11);
    wait_for(2);
    must(tcflush(0, TCIFLUSH) == 0 && tcdrain(1) == 0, 12);
    get(10);
    says("two more for nobody");
    wait_for(2);
    set_raw(0, 0, TCSAFLUSH);
    get(10);
}

static void keys_are_bytes(void)
{
    struct termios lines = usual;
    lines.c_lflag &= ~(tcflag_t)(ISIG | ECHO);
    lines.c_cc[VEOL] = ';';
    must(tcsetattr(0, TCSANOW, &lines) == 0, 13);
    says("keys in a line");
    get(30);
    get(30);
    must(tcsetattr(0, TCSANOW, &usual) == 0, 14);
}

int main(void)
{
    struct winsize w;
    must(tcgetattr(0, &usual) == 0 && ioctl(0, TIOCGWINSZ, &w) == 0 && w.ws_row > 0 && w.ws_col > 0, 15);
    the_four_ways();
    polls();
    settings_change();
    keys_are_bytes();
    return 0;
}
