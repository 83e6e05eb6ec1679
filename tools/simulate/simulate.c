/* SPDX-License-Identifier: MIT
 * Replays a reference string on every replacement policy and prints the faults of each beside Belady's optimum, which knows the
 * future. The policies, and what checks them, are the files that run in the pager (replace.c, guard.c, policy/); only what is
 * resident and used is played here (test/host/replace/).
 *
 *     simulate [-f FRAMES,FRAMES,...] [-p POLICY,POLICY,...] [FILE | --example NAME]
 *
 * A FILE has page numbers (or words: the same word is the same page) with blanks between; # begins a comment.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frames.h"
#include "ledger.h"
#include "replace.h"

#define REFERENCES_MAX 4000000u
#define SIZES_MAX 8u
#define WORD_MAX 32u
#define NEVER UINT32_MAX

struct trace {
    const char *name;
    uint32_t *page; /* dense numbers, 0.. */
    uint32_t references, pages;
};

static void stop(const char *what, const char *which)
{
    fprintf(stderr, "simulate: %s%s\n", what, which);
    exit(1);
}

static void *memory(size_t bytes)
{
    void *p = calloc(1, bytes);
    if (p == NULL)
        stop("out of memory", "");
    return p;
}

/* ---- traces ---- */

static void refer(struct trace *t, uint32_t page)
{
    if (t->references == REFERENCES_MAX)
        stop("too many references in ", t->name);
    if (page >= t->pages)
        t->pages = page + 1;
    t->page[t->references++] = page;
}

static char words[FRAMES_MAX][WORD_MAX];
static unsigned word_count;

/* The page that is called so; open addressing, the first use gives it the next number. */
static uint32_t page_called(const char *word)
{
    static uint32_t slot[4 * FRAMES_MAX]; /* number + 1 */
    uint32_t hash = 2166136261u;
    for (const char *c = word; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 16777619u;
    for (uint32_t i = hash % (4 * FRAMES_MAX);; i = (i + 1) % (4 * FRAMES_MAX)) { /* bound: the table is never full */
        if (slot[i] == 0) {
            if (word_count == FRAMES_MAX)
                stop("more than 16384 different pages at ", word);
            strcpy(words[word_count], word);
            slot[i] = ++word_count;
        }
        if (strcmp(words[slot[i] - 1], word) == 0)
            return slot[i] - 1;
    }
}

static void trace_read(struct trace *t, const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    char word[WORD_MAX];
    if (file == NULL)
        stop("can't read ", path);
    while (fscanf(file, " %31s", word) == 1) { /* bound: REFERENCES_MAX */
        if (word[0] == '#')
            (void)(fscanf(file, "%*[^\n]"));
        else
            refer(t, page_called(word));
    }
    if (file != stdin)
        fclose(file);
    if (t->references == 0)
        stop("there is no page in ", path);
}

static uint64_t seed; /* 1 at the start of each example, so that it is the same whatever was played before */
static uint32_t dice(uint32_t sides)
{
    seed = seed * 6364136223846793005UL + 1442695040888963407UL;
    return (uint32_t)(seed >> 33) % sides;
}

/* Round and round: one page more than memory holds defeats all who look at the past. */
static void example_loop(struct trace *t)
{
    for (uint32_t i = 0; i < 100000; i++)
        refer(t, i % 1000);
}
/* A few pages are wanted again and again, most seldom. */
static void example_skewed(struct trace *t)
{
    for (uint32_t i = 0; i < 100000; i++) {
        uint32_t a = dice(1000), b = dice(1000), c = dice(1000);
        refer(t, a * b / 1000 * c / 1000);
    }
}
/* A working set that changes now and then. */
static void example_phases(struct trace *t)
{
    for (uint32_t phase = 0; phase < 20; phase++)
        for (uint32_t i = 0; i < 5000; i++)
            refer(t, dice(8) ? phase * 50 + dice(200) : dice(1150));
}
/* A hot set, and somebody who reads a long file once in between. */
static void example_scan(struct trace *t)
{
    for (uint32_t i = 0; i < 100000; i++)
        refer(t, i % 3 ? dice(200) : 200 + i / 3 % 4000);
}
/* The string with which Belady showed that more frames can mean more faults: try -p fifo -f 3,4. */
static void example_belady(struct trace *t)
{
    static const uint8_t string[] = {0, 1, 2, 3, 0, 1, 4, 0, 1, 2, 3, 4};
    for (unsigned i = 0; i < sizeof string; i++)
        refer(t, string[i]);
}

static const struct example {
    const char *name;
    void (*make)(struct trace *t);
} examples[] = {{"loop", example_loop}, {"skewed", example_skewed}, {"phases", example_phases}, {"scan", example_scan},
                {"belady", example_belady}};
#define EXAMPLES (sizeof examples / sizeof examples[0])

/* ---- one run ---- */

static uint32_t run_policy(const struct trace *t, uint32_t frames, const char *policy)
{
    uint32_t faults = 0;
    frames_begin(policy);
    for (uint32_t i = 0; i < t->references; i++) {
        uint32_t page = t->page[i];
        if (replace_domain_of(page) == REPLACE_NOWHERE) {
            faults++;
            if (replace_pages(0) == frames) {
                uint32_t victim = replace_victim(0);
                replace_page_out(0, victim);
                frames_used[victim] = false;
            }
            replace_page_in(0, page);
        }
        frames_used[page] = true;
    }
    const struct ledger_policy *s = &ledger.header->policy_stat[replace_policy_number(policy)];
    if (s->deposed)
        fprintf(stderr, "simulate: %s was replaced by fifo: report %lu, detail 0x%lx (ipc/pager.h)\n", policy,
                (unsigned long)ledger.header->report[0].reason, (unsigned long)ledger.header->report[0].detail);
    else if (s->bad)
        fprintf(stderr, "simulate: %s made %u bad proposals\n", policy, s->bad);
    frames_end();
    return faults;
}

/* L. A. Belady, IBM Systems Journal 5 (1966): the page that is wanted again last, or never, leaves. */
static uint32_t run_optimum(const struct trace *t, uint32_t frames)
{
    uint32_t *next = memory(t->references * sizeof *next), *last = memory(t->pages * sizeof *last);
    uint32_t *resident = memory(frames * sizeof *resident), *wanted = memory(t->pages * sizeof *wanted);
    uint32_t used = 0, faults = 0;
    for (uint32_t p = 0; p < t->pages; p++)
        last[p] = wanted[p] = NEVER;
    for (uint32_t i = t->references; i-- > 0;) {
        next[i] = last[t->page[i]];
        last[t->page[i]] = i;
    }
    bool *in = memory(t->pages * sizeof *in);
    for (uint32_t i = 0; i < t->references; i++) {
        uint32_t page = t->page[i], place = used;
        wanted[page] = next[i];
        if (in[page])
            continue;
        faults++;
        if (used == frames) {
            place = 0;
            for (uint32_t k = 1; k < frames; k++)
                if (wanted[resident[k]] > wanted[resident[place]])
                    place = k;
            in[resident[place]] = false;
        } else {
            used++;
        }
        resident[place] = page;
        in[page] = true;
    }
    free(next), free(last), free(resident), free(wanted), free(in);
    return faults;
}

/* ---- the table ---- */

static bool is_wanted(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL)
        if (strncmp(at, name, length) == 0 && (at[length] == ',' || at[length] == 0))
            return true;
    return list == NULL;
}

static void print_table(const struct trace *t, const uint32_t *frames, unsigned sizes, const char *policies)
{
    printf("%s: %u references to %u pages; faults, and how many times as many as the optimum has\n\n%8s %10s", t->name,
           t->references, t->pages, "FRAMES", "optimum");
    for (uint32_t n = 1; replace_policy(n); n++)
        if (is_wanted(policies, replace_policy(n)->name))
            printf(" %17s", replace_policy(n)->name);
    for (unsigned s = 0; s < sizes; s++) {
        uint32_t best = run_optimum(t, frames[s]);
        printf("\n%8u %10u", frames[s], best);
        for (uint32_t n = 1; replace_policy(n); n++) {
            if (!is_wanted(policies, replace_policy(n)->name))
                continue;
            uint32_t faults = run_policy(t, frames[s], replace_policy(n)->name);
            printf(" %10u %5.2fx", faults, (double)faults / best);
            fflush(stdout);
        }
    }
    printf("\n\n");
}

/* No sizes given: so many eighths of the pages. */
static unsigned default_sizes(const struct trace *t, uint32_t *frames)
{
    static const uint8_t eighths[] = {1, 2, 4, 6, 7};
    unsigned n = 0;
    for (unsigned i = 0; i < sizeof eighths; i++) {
        uint32_t size = t->pages * eighths[i] / 8;
        if (size > 0 && (n == 0 || frames[n - 1] != size))
            frames[n++] = size;
    }
    return n;
}

static unsigned parse_sizes(const char *text, uint32_t *frames)
{
    unsigned n = 0;
    for (char *end; *text && n < SIZES_MAX; text = *end ? end + 1 : end) {
        unsigned long size = strtoul(text, &end, 10);
        if (end == text || (*end && *end != ',') || size == 0 || size > FRAMES_MAX)
            stop("-f: sizes from 1 to 16384 with commas between, not ", text);
        frames[n++] = (uint32_t)size;
    }
    return n;
}

static void check_policies(const char *list)
{
    char name[WORD_MAX];
    for (const char *at = list; at && *at; at = strchr(at, ',') ? strchr(at, ',') + 1 : NULL) {
        snprintf(name, sizeof name, "%.*s", (int)strcspn(at, ","), at);
        if (replace_policy_number(name) == 0)
            stop("there is no policy ", name);
    }
}

static void play(struct trace *t, const char *sizes_text, const char *policies)
{
    uint32_t frames[SIZES_MAX];
    unsigned sizes = sizes_text ? parse_sizes(sizes_text, frames) : default_sizes(t, frames);
    print_table(t, frames, sizes, policies);
}

static int usage(FILE *to)
{
    fputs("usage: simulate [-f FRAMES,...] [-p POLICY,...] [FILE | - | --example NAME]\n"
          "FILE: page numbers or words with blanks between; # begins a comment. Without FILE: all examples.\nExamples:", to);
    for (unsigned i = 0; i < EXAMPLES; i++)
        fprintf(to, " %s", examples[i].name);
    fputs("\nPolicies:", to);
    for (uint32_t n = 1; replace_policy(n); n++)
        fprintf(to, " %s", replace_policy(n)->name);
    fputs("\n", to);
    return to == stdout ? 0 : 2;
}

static bool play_example(struct trace *t, const char *name, const char *sizes, const char *policies)
{
    bool found = false;
    for (unsigned i = 0; i < EXAMPLES; i++) {
        if (name != NULL && strcmp(name, examples[i].name) != 0)
            continue;
        found = true;
        t->references = t->pages = 0;
        t->name = examples[i].name;
        seed = 1;
        examples[i].make(t);
        play(t, sizes, policies);
    }
    return found;
}

int main(int argc, char **argv)
{
    const char *sizes = NULL, *policies = NULL, *file = NULL, *example = NULL;
    for (int i = 1; i < argc; i++) {
        const char **to = strcmp(argv[i], "-f") == 0 ? &sizes : strcmp(argv[i], "-p") == 0 ? &policies
                          : strcmp(argv[i], "--example") == 0 ? &example : NULL;
        if (strcmp(argv[i], "--help") == 0)
            return usage(stdout);
        if (to != NULL && i + 1 < argc)
            *to = argv[++i];
        else if (to == NULL && file == NULL && (argv[i][0] != '-' || argv[i][1] == 0))
            file = argv[i];
        else
            return usage(stderr);
    }
    check_policies(policies);
    struct trace t = {.name = file, .page = memory(REFERENCES_MAX * sizeof *t.page)};
    if (file == NULL && !play_example(&t, example, sizes, policies))
        return usage(stderr);
    if (file != NULL) {
        trace_read(&t, file);
        play(&t, sizes, policies);
    }
    free(t.page);
    return 0;
}
