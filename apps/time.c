/* SPDX-License-Identifier: MIT
 * How long a program takes.
 */
#include "tool.h"

#include <pagoda/spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

static const char tool_name[] = "time";
static const char tool_help[] = "usage: time [-p] PROGRAM [WORD...]\nRuns the program, then says on standard error how long it took; -p: as POSIX has it,\n"
                                "with the time of a processor, too, an instruction counted as a nanosecond.\n";

/* "system" is no time here: servers work for others in their own name. */
static void print_posix(double real)
{
    struct rusage of = {0};
    (void)getrusage(RUSAGE_CHILDREN, &of);
    double user = (double)of.ru_utime.tv_sec + (double)of.ru_utime.tv_usec / 1e6, sys = (double)of.ru_stime.tv_sec + (double)of.ru_stime.tv_usec / 1e6;
    fprintf(stderr, "real %.2f\nuser %.2f\nsys %.2f\n", real, user, sys);
}

int main(int argc, char **argv)
{
    struct timespec before, after;
    pid_t pid;
    int word;
    bool posix = false;
    tool_start(argc, argv);
    while (tool_option(argv, "p") != 0)
        posix = true;
    argv += tool_at;
    if (argv[0] == NULL)
        tool_usage();
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    errno = spawn_program(argv[0], argv, environ, 0, &pid);
    if (errno != 0) {
        int status = errno == ENOENT ? 127 : 126;
        (void)tool_error(argv[0]);
        return status;
    }
    while (waitpid(pid, &word, 0) < 0 && errno == EINTR) /* bound: EINTR only while signals arrive */
        continue;
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    double seconds = (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
    if (posix)
        print_posix(seconds);
    else
        fprintf(stderr, "real %.3f s\n", seconds);
    return WIFSIGNALED(word) ? 128 + WTERMSIG(word) : WEXITSTATUS(word);
}
