/* SPDX-License-Identifier: MIT
 * Who does what right now: the processes with the most page faults since the last look first, and where the memory is.
 */
#include "tool.h"

#include <pagoda/system.h>
#include <time.h>

static const char tool_name[] = "top";
static const char tool_help[] = "usage: top [-b] [-n TIMES] [-d SECONDS]\nShows memory and processes, those with the most page faults since the look before first, every SECONDS (2);\n"
                                "-n so many times, -b one below the other. ^C ends it.\n";

#define ROWS_MAX 20

struct row {
    struct process_info p;
    unsigned long resident, faults, since;
};
static struct row *rows, *before;
static size_t rows_n, before_n, room;

static unsigned long faults_before(const struct process_info *p)
{
    for (size_t i = 0; i < before_n; i++)
        if (before[i].p.pid == p->pid && before[i].p.space == p->space)
            return before[i].faults;
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (x->since != y->since)
        return x->since < y->since ? 1 : -1;
    if (x->resident != y->resident)
        return x->resident < y->resident ? 1 : -1;
    return x->p.pid < y->p.pid ? -1 : 1;
}

static void look(void)
{
    struct process_info p;
    free(before);
    before = rows;
    before_n = rows_n;
    rows = NULL;
    rows_n = room = 0;
    for (uint32_t pid = 0; process_next(pid, &p) == OK; pid = p.pid + 1) { /* bound: the highest pid */
        struct pager_stats s = {0};
        if (rows_n == room && (rows = realloc(rows, (room = room > 0 ? 2 * room : 32) * sizeof *rows)) == NULL)
            exit(tool_error("memory"));
        if (p.space == 0 || pager_stat(PAGER_STAT_SPACE, p.space, &s) != OK)
            s = (struct pager_stats){0};
        rows[rows_n++] = (struct row){.p = p, .resident = s.v[1], .faults = s.v[6], .since = s.v[6] - faults_before(&p)};
    }
    if (rows_n > 0)
        qsort(rows, rows_n, sizeof *rows, compare);
}

static void show(bool batch, long seconds_up)
{
    static const char *const states[] = {"?", "new", "running", "exiting", "zombie"};
    struct pager_stats m = {0};
    (void)pager_stat(PAGER_STAT_MEMORY, 0, &m);
    if (!batch)
        fputs("\033[H\033[2J", stdout);
    printf("up %ld:%02ld:%02ld   %zu processes   free %lu of %lu KiB\n", seconds_up / 3600, seconds_up / 60 % 60, seconds_up % 60, rows_n,
           (m.v[2] + m.v[6]) * (PAGE_SIZE / 1024), m.v[1] * (PAGE_SIZE / 1024));
    printf("%5s %5s %-8s %4s %4s %9s %9s %8s %s\n", "PID", "PPID", "STATE", "THR", "PRIO", "RES KiB", "FAULTS", "SINCE", "NAME");
    for (size_t i = 0; i < rows_n && (batch || i < ROWS_MAX); i++) {
        const struct row *r = &rows[i];
        printf("%5lu %5lu %-8s %4lu %4lu %9lu %9lu %8lu %s\n", (unsigned long)r->p.pid, (unsigned long)r->p.ppid,
               states[r->p.state <= PROC_STATE_ZOMBIE ? r->p.state : 0], (unsigned long)r->p.threads, (unsigned long)r->p.prio,
               r->resident * (PAGE_SIZE / 1024), r->faults, r->since, r->p.name);
    }
}

int main(int argc, char **argv)
{
    bool batch = !isatty(STDOUT_FILENO);
    long times = -1, seconds = 2;
    int option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "bn:d:")) != 0) {
        batch = batch || option == 'b';
        times = option == 'n' ? tool_number(tool_arg) : times;
        seconds = option == 'd' ? tool_number(tool_arg) : seconds;
    }
    if (argv[tool_at] != NULL || seconds < 1 || (times < 1 && times != -1))
        tool_usage();
    for (long i = 0; times < 0 || i < times; i++) { /* forever: without -n */
        struct timespec now = {0}, pause = {.tv_sec = seconds};
        if (i > 0)
            (void)nanosleep(&pause, NULL);
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        look();
        if (batch && i > 0)
            putchar('\n');
        show(batch, (long)now.tv_sec);
        if (tool_end(0) != 0)
            return 1;
    }
    return 0;
}
