/* SPDX-License-Identifier: MIT
 * Pipes: one byte to another process and back.
 */
#include "bench.h"

#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void echo(int in, int out)
{
    char c;
    while (read(in, &c, 1) == 1 && write(out, &c, 1) == 1) /* bound: until the parent closes */
        continue;
    _exit(0);
}

void bench_pipe_roundtrip(void)
{
    int there[2], back[2];
    if (pipe(there) != 0 || pipe(back) != 0)
        return;
    pid_t pid = fork();
    if (pid == 0) {
        (void)close(there[1]);
        (void)close(back[0]);
        echo(there[0], back[1]);
    }
    (void)close(there[0]);
    (void)close(back[1]);
    char c = 'x';
    bool good = pid > 0;
    for (unsigned i = 0; i < SAMPLES + 1 && good; i++) {
        begin();
        good = write(there[1], &c, 1) == 1 && read(back[0], &c, 1) == 1;
        if (good)
            end();
        if (i == 0)
            forget_samples(); /* first touches */
    }
    (void)close(there[1]);
    (void)close(back[0]);
    if (pid > 0)
        (void)waitpid(pid, NULL, 0);
    if (good)
        report("pipe.roundtrip");
}
