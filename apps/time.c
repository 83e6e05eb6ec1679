/* SPDX-License-Identifier: MIT
 * How long a program takes.
 */
#include "tool.h"

#include <pagoda/spawn.h>
#include <sys/wait.h>
#include <time.h>

static const char tool_name[] = "time";
static const char tool_help[] = "usage: time PROGRAM [WORD...]\nRuns the program, then says on standard error how long it took.\n";

int main(int argc, char **argv)
{
    struct timespec before, after;
    pid_t pid;
    int word;
    tool_start(argc, argv);
    if (argc < 2)
        tool_usage();
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    errno = spawn_program(argv[1], argv + 1, environ, 0, &pid);
    if (errno != 0) {
        int status = errno == ENOENT ? 127 : 126;
        (void)tool_error(argv[1]);
        return status;
    }
    while (waitpid(pid, &word, 0) < 0 && errno == EINTR) /* bound: EINTR only while signals arrive */
        continue;
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    double seconds = (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) / 1e9;
    fprintf(stderr, "real %.3f s\n", seconds);
    return WIFSIGNALED(word) ? 128 + WTERMSIG(word) : WEXITSTATUS(word);
}
