/* SPDX-License-Identifier: MIT
 * ulimit and times: what a shell and its programs may use, and have used.
 */
#include "sh.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum side { SOFT = 1, HARD = 2, BOTH = SOFT | HARD };

static const struct {
    char letter;
    int which;
    unsigned unit; /* bytes, where it counts in others */
    const char *what;
} limits[] = {{'c', RLIMIT_CORE, 512, "core file, 512-byte blocks"}, {'d', RLIMIT_DATA, 1024, "data, KiB"}, {'f', RLIMIT_FSIZE, 512, "file, 512-byte blocks"},
              {'n', RLIMIT_NOFILE, 1, "open files"}, {'p', RLIMIT_NPROC, 1, "processes"}, {'s', RLIMIT_STACK, 1024, "stack, KiB"}, {'t', RLIMIT_CPU, 1, "time, seconds"},
              {'v', RLIMIT_AS, 1024, "memory, KiB"}};
#define LIMITS (sizeof limits / sizeof limits[0])

static int show(size_t i, enum side side)
{
    struct rlimit r;
    if (getrlimit(limits[i].which, &r) != 0)
        return complain(1, "ulimit", strerror(errno));
    rlim_t value = side == HARD ? r.rlim_max : r.rlim_cur;
    if (value == RLIM_INFINITY)
        puts("unlimited");
    else
        printf("%llu\n", (unsigned long long)value / limits[i].unit);
    return 0;
}

static int show_all(enum side side)
{
    int status = 0;
    for (size_t i = 0; i < LIMITS && status == 0; i++) {
        printf("-%c  %-28s ", limits[i].letter, limits[i].what);
        status = show(i, side);
    }
    return status;
}

/* False: it is none. */
static bool value_of(const char *text, unsigned unit, rlim_t *value)
{
    char *end;
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    bool unlimited = strcmp(text, "unlimited") == 0;
    *value = unlimited ? RLIM_INFINITY : (rlim_t)n * unit;
    return unlimited || (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && n < RLIM_INFINITY / unit);
}

static int set(size_t i, const char *text, enum side side)
{
    struct rlimit r;
    rlim_t value;
    if (!value_of(text, limits[i].unit, &value))
        return complain(STATUS_SYNTAX, text, "not a limit");
    if (getrlimit(limits[i].which, &r) != 0)
        return complain(1, "ulimit", strerror(errno));
    r.rlim_cur = (side & SOFT) != 0 ? value : r.rlim_cur;
    r.rlim_max = (side & HARD) != 0 ? value : r.rlim_max;
    return setrlimit(limits[i].which, &r) == 0 ? 0 : complain(1, "ulimit", strerror(errno));
}

static size_t limit_of(char letter)
{
    size_t i = 0;
    while (i < LIMITS && limits[i].letter != letter)
        i++;
    return i;
}

int builtin_ulimit(char **words)
{
    unsigned side = 0;
    bool all = false;
    size_t which = limit_of('f');
    for (words++; *words != NULL && **words == '-'; words++)
        for (const char *s = *words + 1; *s != '\0'; s++) {
            side |= *s == 'S' ? SOFT : *s == 'H' ? HARD : 0;
            all = all || *s == 'a';
            if (strchr("SHa", *s) == NULL && (which = limit_of(*s)) == LIMITS)
                return complain(STATUS_SYNTAX, *words, "there is no such limit");
        }
    if (all)
        return show_all((enum side)side);
    return *words != NULL ? set(which, *words, side != 0 ? (enum side)side : BOTH) : show(which, (enum side)side);
}

/* To a hundredth, as POSIX has it for what it prints. */
static void print_time(struct timeval t, char end)
{
    printf("%ldm%ld.%02lds%c", (long)t.tv_sec / 60, (long)t.tv_sec % 60, (long)t.tv_usec / 10000, end);
}

int builtin_times(char **words)
{
    struct rusage own, others;
    (void)words;
    if (getrusage(RUSAGE_SELF, &own) != 0 || getrusage(RUSAGE_CHILDREN, &others) != 0)
        return complain(1, "times", strerror(errno));
    print_time(own.ru_utime, ' ');
    print_time(own.ru_stime, '\n');
    print_time(others.ru_utime, ' ');
    print_time(others.ru_stime, '\n');
    return 0;
}
