/* SPDX-License-Identifier: MIT
 * Starts a program whose pages stay in memory: what it has touched once never waits for the store again.
 */
#include <ipc/procmgr.h>
#include <pagoda/spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    pid_t pid;
    int status = 0;
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        fputs("usage: pin PROGRAM [ARGUMENT...]\nRuns it with all its pages pinned: none is ever evicted.\n",
              argc < 2 ? stderr : stdout);
        return argc < 2 ? 2 : 0;
    }
    int error = spawn_program(argv[1], argv + 1, environ, SPAWN_PINNED, &pid);
    if (error != 0) {
        fprintf(stderr, "pin: %s: %s\n", argv[1], strerror(error));
        return 127;
    }
    if (waitpid(pid, &status, 0) != pid)
        return 1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
