/* SPDX-License-Identifier: MIT
 * What became of page faults, per process.
 */
#include <pagoda/system.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In the order of PAGER_STAT_FAULTS. */
#define COLUMNS 6

static void row(const char *pid, const struct pager_stats *s, const char *name)
{
    uint64_t sum = 0;
    printf("%5s", pid);
    for (int i = 1; i <= COLUMNS; i++) {
        printf(" %9lu", s->v[i]);
        sum += s->v[i];
    }
    printf(" %9lu %s\n", sum, name);
}

static int process_row(uint32_t pid, uint32_t *found)
{
    struct process_info p;
    struct pager_stats s;
    char number[12];
    err_t err = process_next(pid, &p);
    if (err != OK)
        return -1;
    *found = p.pid;
    if (p.space == 0 || pager_stat(PAGER_STAT_FAULTS, p.space, &s) != OK)
        return 0; /* gone, or a zombie without a space */
    snprintf(number, sizeof number, "%lu", (unsigned long)p.pid);
    row(number, &s, p.name);
    return 0;
}

static int one(const char *text)
{
    uint32_t pid = (uint32_t)strtoul(text, NULL, 10), found = 0;
    struct process_info p;
    if (pid == 0 || process_next(pid, &p) != OK || p.pid != pid) {
        fprintf(stderr, "faults: there is no process %s\n", text);
        return 1;
    }
    return process_row(pid, &found) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
        bool asked = argc == 2 && strcmp(argv[1], "--help") == 0;
        fputs("usage: faults [PID]\nHow the pager answered page faults: COPY broke a COW page into two, UPGRADE made the last "
              "sharer's page\nwritable in place, ZERO mapped a fresh zeroed frame, ZEROPG the shared zero page (a read), "
              "IMAGE a page of the boot\nimage, RETRY found nothing to do.\n", asked ? stdout : stderr);
        return asked ? 0 : 2;
    }
    printf("%5s %9s %9s %9s %9s %9s %9s %9s %s\n", "PID", "COPY", "UPGRADE", "ZERO", "ZEROPG", "IMAGE", "RETRY", "ALL",
           "NAME");
    if (argc == 2)
        return one(argv[1]);
    uint32_t found = 0;
    while (process_row(found + 1, &found) == 0) /* bound: the highest pid */
        ;
    struct pager_stats all;
    if (pager_stat(PAGER_STAT_FAULTS, 0, &all) != OK)
        return 1;
    row("all", &all, "since boot, ended processes included");
    printf("      %lu faults were not allowed and went to the process manager\n", all.v[7]);
    return 0;
}
