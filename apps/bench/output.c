/* SPDX-License-Identifier: MIT
 * The figures as a table for people, and as JSON for tools/bench.py.
 */
#include "bench.h"

#include <stdio.h>

void print_table(void)
{
    printf("%-20s %12s %12s %12s %8s %8s\n", "", "median", "min", "max", "sfence", "satp");
    for (unsigned i = 0; i < metric_count; i++) {
        const struct metric *m = &metrics[i];
        printf("%-20s %12lu %12lu %12lu %5lu.%02lu %5lu.%02lu %s\n", m->name, m->median, m->min, m->max,
               m->sfence_100 / 100, m->sfence_100 % 100, m->satp_100 / 100, m->satp_100 % 100, m->unit);
    }
}

void print_json(void)
{
    printf("BENCH-JSON-BEGIN\n{\"metrics\": {");
    for (unsigned i = 0; i < metric_count; i++) {
        const struct metric *m = &metrics[i];
        printf("%s\n \"%s\": {\"median\": %lu, \"min\": %lu, \"max\": %lu, \"unit\": \"%s\", "
               "\"sfence\": %lu.%02lu, \"satp\": %lu.%02lu}",
               i ? "," : "", m->name, m->median, m->min, m->max, m->unit, m->sfence_100 / 100, m->sfence_100 % 100,
               m->satp_100 / 100, m->satp_100 % 100);
    }
    printf("\n}}\nBENCH-JSON-END\n");
}
