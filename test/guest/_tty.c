/* SPDX-License-Identifier: MIT
 * No test: what test/qemu/test_tty.py types to. Reads bytes in raw mode when poll says so and prints each, until q; then a line that
 * is not shown, with another key to erase; then waits for a key and a pipe at once.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

static struct termios usual;

static void bytes(void)
{
    struct termios raw = usual;
    char c = 0;
    cfmakeraw(&raw);
    raw.c_oflag |= OPOST;
    if (tcsetattr(0, TCSANOW, &raw) != 0)
        exit(1);
    printf("raw now\n");
    while (c != 'q') {
        struct pollfd p = {.fd = 0, .events = POLLIN};
        fflush(stdout);
        if (poll(&p, 1, -1) != 1 || p.revents != POLLIN || read(0, &c, 1) != 1)
            exit(2);
        printf("byte %d\n", c);
    }
}

static void hidden_line(void)
{
    struct termios hidden = usual;
    char line[64];
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    hidden.c_cc[VERASE] = 'X';
    if (tcsetattr(0, TCSAFLUSH, &hidden) != 0)
        exit(3);
    printf("hidden now\n");
    fflush(stdout);
    ssize_t n = read(0, line, sizeof line);
    printf("line %zd %.*s", n, (int)n, line);
    (void)tcsetattr(0, TCSANOW, &usual);
}

static void key_or_pipe(void)
{
    int fds[2];
    if (pipe(fds) != 0)
        exit(4);
    fflush(stdout);
    if (fork() == 0) {
        usleep(200000);
        _exit(write(fds[1], "x", 1) != 1);
    }
    struct pollfd p[2] = {{.fd = 0, .events = POLLIN}, {.fd = fds[0], .events = POLLIN}};
    int n = poll(p, 2, -1);
    printf("first %d: %d %d\n", n, p[0].revents, p[1].revents);
    (void)wait(NULL);
    fflush(stdout);
    n = poll(p, 1, -1);
    char line[16];
    printf("then %d: %d, %zd bytes\n", n, p[0].revents, read(0, line, sizeof line));
}

int main(void)
{
    if (tcgetattr(0, &usual) != 0)
        return 5;
    bytes();
    hidden_line();
    key_or_pipe();
    return 0;
}
