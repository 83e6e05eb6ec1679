/* SPDX-License-Identifier: MIT
 * Who does what right now: the processes that had most of the processor since the last look first, and where the memory is.
 */
#include "tool.h"

#include <pagoda/system.h>
#include <time.h>

static const char tool_name[] = "top";
static const char tool_help[] = "usage: top [-bf] [-n TIMES] [-d SECONDS]\nShows memory and processes every SECONDS (2), those first that had most of the processor since the look before;\n"
                                "TIME: seconds of a processor, an instruction counted as a nanosecond; CPU: percent of one since then.\n"
                                "-f those with the most page faults first, -n so many times, -b one below the other. ^C ends it.\n";

#define ROWS_MAX 20

struct row {
    struct process_info p;
    unsigned long resident, faults, since;
    uint64_t used; /* since then */
};
static struct row *rows, *before;
static size_t rows_n, before_n, room;
static bool by_faults;
static uint64_t looked_ns, passed_ns; /* of the last look; from the one before */

/* As it was at the look before; zeros if it was not there. */
static struct row row_before(const struct process_info *p)
{
    for (size_t i = 0; i < before_n; i++)
        if (before[i].p.pid == p->pid && before[i].p.used <= p->used)
            return before[i];
    return (struct row){0};
}

static int compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    if (!by_faults && x->used != y->used)
        return x->used < y->used ? 1 : -1;
    if (x->since != y->since)
        return x->since < y->since ? 1 : -1;
    if (x->resident != y->resident)
        return x->resident < y->resident ? 1 : -1;
    return x->p.pid < y->p.pid ? -1 : 1;
}

static void look(uint64_t now_ns)
{
    struct process_info p;
    passed_ns = now_ns - looked_ns;
    looked_ns = now_ns;
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
        struct row old = row_before(&p);
        rows[rows_n++] = (struct row){.p = p, .resident = s.v[1], .faults = s.v[6], .since = s.v[6] - (s.v[6] >= old.faults ? old.faults : 0),
                                      .used = p.used - old.p.used};
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
    printf("%5s %5s %-8s %4s %4s %11s %5s %9s %9s %8s %s\n", "PID", "PPID", "STATE", "THR", "PRIO", "TIME", "CPU", "RES KiB", "FAULTS", "SINCE",
           "NAME");
    for (size_t i = 0; i < rows_n && (batch || i < ROWS_MAX); i++) {
        const struct row *r = &rows[i];
        unsigned long permille = passed_ns > 0 ? (unsigned long)(r->used * 1000 / passed_ns) : 0;
        printf("%5lu %5lu %-8s %4lu %4lu %4lu.%06lu %3lu.%lu %9lu %9lu %8lu %s\n", (unsigned long)r->p.pid, (unsigned long)r->p.ppid,
               states[r->p.state <= PROC_STATE_ZOMBIE ? r->p.state : 0], (unsigned long)r->p.threads, (unsigned long)r->p.prio,
               r->p.used / 1000000000, r->p.used / 1000 % 1000000, permille / 10, permille % 10, r->resident * (PAGE_SIZE / 1024), r->faults, r->since, r->p.name);
    }
}

int main(int argc, char **argv)
{
    bool batch = !isatty(STDOUT_FILENO);
    long times = -1, seconds = 2;
    int option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "bfn:d:")) != 0) {
        by_faults = by_faults || option == 'f';
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
        look((uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec);
        if (batch && i > 0)
            putchar('\n');
        show(batch, (long)now.tv_sec);
        if (tool_end(0) != 0)
            return 1;
    }
    return 0;
}
