/* SPDX-License-Identifier: MIT
 * A machine in a known state, for figures that are taken from outside (tools/pagoda/figures/interrupt.py): a child computes
 * and makes no system call while each line is waited for, so the interrupt of the typed character finds it at user level,
 * at an address that is printed.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINE_BYTES 16
#define LINES_MAX 1000

extern const char bench_spin_loop[];

static __attribute__((noinline, noclone)) void compute(void)
{
    __asm__ volatile("bench_spin_loop:\n"
                     "j bench_spin_loop"); /* forever: until killed */
}

int bench_spin(const char *lines)
{
    char line[LINE_BYTES];
    int n = atoi(lines);
    if (n < 1 || n > LINES_MAX) {
        fprintf(stderr, "bench: --spin wants a number of lines, 1 to %d\n", LINES_MAX);
        return 2;
    }
    pid_t pid = fork();
    if (pid == 0)
        compute();
    for (int i = 0; i < n && pid > 0; i++) {
        printf("BENCH-SPIN %d %p\n", i, (const void *)bench_spin_loop);
        fflush(stdout);
        if (read(STDIN_FILENO, line, sizeof line) <= 0)
            break;
    }
    end_child(pid);
    return pid > 0 ? 0 : 1;
}
