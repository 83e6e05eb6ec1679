/* SPDX-License-Identifier: MIT
 * Ends processes by pid.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int usage(FILE *to)
{
    fputs("usage: kill [-SIGNAL] PID...\nSends a signal (a number, default 15) to each process; 0 only asks whether it "
          "exists.\n", to);
    return to == stdout ? 0 : 2;
}

/* The whole of text as a number, or -1. */
static long number(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);
    return *text != '\0' && *end == '\0' && n >= 0 ? n : -1;
}

int main(int argc, char **argv)
{
    int first = 1, status = 0;
    long sig = SIGTERM;
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return usage(stdout);
    if (argc > 1 && argv[1][0] == '-')
        sig = number(argv[first++] + 1);
    if (first >= argc || sig < 0)
        return usage(stderr);
    for (int i = first; i < argc; i++) {
        long pid = number(argv[i]);
        if (pid > 0 && kill((pid_t)pid, (int)sig) == 0)
            continue;
        fprintf(stderr, "kill: %s: %s\n", argv[i], pid > 0 ? strerror(errno) : "not a pid");
        status = 1;
    }
    return status;
}
