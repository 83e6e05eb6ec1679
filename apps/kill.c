/* SPDX-License-Identifier: MIT
 * Signals to processes.
 */
#include "tool.h"

#include "signals.h"

#include <signal.h>
#include <stdint.h>

static const char tool_name[] = "kill";
static const char tool_help[] = "usage: kill [-SIGNAL | -s SIGNAL] PID... | kill -l [NUMBER]\nSends a signal (a name or a number; TERM) to each process; 0 only asks whether it exists; -PID: to a group.\n"
                                "-l: the signals there are.\n";

static int list(const char *number)
{
    if (number == NULL) {
        for (size_t i = 0; i < SIGNALS; i++)
            printf("%2d %s\n", signals[i].number, signals[i].name);
        return tool_end(0);
    }
    long n = tool_number(number);
    for (size_t i = 0; i < SIGNALS; i++)
        if (signals[i].number == n || signals[i].number == n - 128)
            puts(signals[i].name);
    return tool_end(0);
}

/* -1: none. */
static int signal_of(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == '\0')
        return n <= 31 ? (int)n : -1;
    text += strncmp(text, "SIG", 3) == 0 ? 3 : 0;
    for (size_t i = 0; i < SIGNALS; i++)
        if (strcmp(signals[i].name, text) == 0)
            return signals[i].number;
    return -1;
}

int main(int argc, char **argv)
{
    int at = 1, status = 0, sig = SIGTERM;
    tool_start(argc, argv);
    if (argc > 1 && strcmp(argv[1], "-l") == 0)
        return list(argv[2]);
    if (argc > 2 && strcmp(argv[1], "-s") == 0) {
        sig = signal_of(argv[2]);
        at = 3;
    } else if (argc > 1 && argv[1][0] == '-' && strcmp(argv[1], "--") != 0) {
        sig = signal_of(argv[1] + 1);
        at = 2;
    }
    if (at < argc && strcmp(argv[at], "--") == 0)
        at++;
    if (at >= argc || sig < 0)
        tool_usage();
    for (; at < argc; at++) {
        char *end;
        long pid = strtol(argv[at], &end, 10);
        if (*argv[at] == '\0' || *end != '\0' || pid > INT32_MAX || pid < -INT32_MAX) {
            fprintf(stderr, "kill: %s: not a pid\n", argv[at]);
            status = 1;
        } else if (kill((pid_t)pid, sig) != 0) {
            status = tool_error(argv[at]);
        }
    }
    return status;
}
