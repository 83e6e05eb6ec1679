/* SPDX-License-Identifier: MIT
 * A machine in a known state, for figures that are taken from outside (tools/pagoda/figures/watched.py): a child computes
 * and makes no system call while each line is waited for, so the interrupt of the typed character finds it at user level; or,
 * behind it, a page that is absent is stored to after each line. The address of the instruction in question is printed.
 */
#include "bench.h"

#include <ipc/procmgr.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINE_BYTES 16
#define LINES_MAX 1000
#define PRIO_BEHIND 1

extern const char bench_spin_loop[], bench_touch_store[];

static __attribute__((noinline, noclone)) void compute(void)
{
    __asm__ volatile("bench_spin_loop:\n"
                     "j bench_spin_loop"); /* forever: until killed */
}

static __attribute__((noinline, noclone)) void touch(volatile uint8_t *p)
{
    __asm__ volatile("bench_touch_store:\n"
                     "sb zero, 0(%0)" : : "r"(p) : "memory");
}

static int lines_of(const char *word)
{
    int n = atoi(word);
    if (n >= 1 && n <= LINES_MAX)
        return n;
    fprintf(stderr, "bench: --spin and --touch want a number of lines, 1 to %d\n", LINES_MAX);
    return 0;
}

/* Says where, and waits for a line. */
static bool next_line(const char *what, int i, const void *where)
{
    char line[LINE_BYTES];
    printf("%s %d %p\n", what, i, where);
    fflush(stdout);
    return read(STDIN_FILENO, line, sizeof line) > 0;
}

int bench_spin(const char *lines)
{
    int n = lines_of(lines);
    if (n == 0)
        return 2;
    pid_t pid = fork();
    if (pid == 0)
        compute();
    for (int i = 0; i < n && pid > 0; i++)
        if (!next_line("BENCH-SPIN", i, bench_spin_loop))
            break;
    end_child(pid);
    return pid > 0 ? 0 : 1;
}

int bench_touch(const char *lines)
{
    size_t n = (size_t)lines_of(lines);
    volatile uint8_t *p = n ? pages(n + 1) : NULL;
    if (p == NULL)
        return n ? 1 : 2;
    p[n * PAGE_SIZE] = 1; /* the tables are there */
    pid_t pid = fork();
    if (pid == 0) { /* the machine is never idle while it is watched, and nobody competes with us */
        struct ipc_msg prio = {.w = {PROC_PRIO, 0, PRIO_BEHIND}};
        if (proc_call(H_PROC, &prio) == OK)
            compute();
        _exit(1);
    }
    for (size_t i = 0; i < n; i++) {
        if (!next_line("BENCH-TOUCH", (int)i, bench_touch_store))
            break;
        touch(p + i * PAGE_SIZE);
    }
    end_child(pid);
    printf("BENCH-TOUCH end\n");
    return 0;
}
