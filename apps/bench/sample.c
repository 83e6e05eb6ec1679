/* SPDX-License-Identifier: MIT
 * Samples, and the figure that they make: median, least and greatest, with the cost of reading the counter taken off.
 */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define METRICS_MAX 64

struct sampling sampling;
struct metric metrics[METRICS_MAX];
unsigned metric_count;
static char *const *wanted;
static int wanted_count;

void sample_add(uint64_t value)
{
    if (sampling.count < SAMPLES)
        sampling.sample[sampling.count++] = value;
}

void end_at(uint64_t now)
{
    uint64_t cost = now - sampling.started;
    sampling.sfence_sum += counter(KC_SFENCE);
    sampling.satp_sum += counter(KC_SATP);
    sample_add(cost > sampling.overhead ? cost - sampling.overhead : 0);
}

void forget_samples(void)
{
    sampling.count = 0;
    sampling.sfence_sum = sampling.satp_sum = 0;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void sort_samples(void) { qsort(sampling.sample, sampling.count, sizeof sampling.sample[0], by_value); }

void report_unit(const char *name, const char *unit)
{
    unsigned n = sampling.count;
    if (n > 0 && metric_count == METRICS_MAX) {
        fprintf(stderr, "bench: no room for %s; METRICS_MAX is too small\n", name);
    } else if (n > 0) {
        struct metric *m = &metrics[metric_count++];
        sort_samples();
        snprintf(m->name, sizeof m->name, "%s", name);
        m->unit = unit;
        m->median = sampling.sample[n / 2];
        m->min = sampling.sample[0];
        m->max = sampling.sample[n - 1];
        m->sfence_100 = sampling.sfence_sum * 100 / n;
        m->satp_100 = sampling.satp_sum * 100 / n;
    }
    forget_samples();
}

void calibrate(void)
{
    sampling.overhead = 0;
    for (int i = 0; i < SAMPLES; i++) {
        begin();
        end();
    }
    sort_samples();
    sampling.overhead = sampling.sample[sampling.count / 2];
    forget_samples();
}

/* ---- what the user asked for ---- */

void want(char *const *names, int count)
{
    wanted = names;
    wanted_count = count;
}

bool is_wanted(const char *figure)
{
    for (int i = 0; i < wanted_count; i++)
        if (strncmp(figure, wanted[i], strlen(wanted[i])) == 0)
            return true;
    return wanted_count == 0;
}

bool family_wanted(const char *family)
{
    for (int i = 0; i < wanted_count; i++)
        if (strncmp(wanted[i], family, strlen(family)) == 0)
            return true;
    return is_wanted(family);
}
