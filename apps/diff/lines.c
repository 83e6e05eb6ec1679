/* SPDX-License-Identifier: MIT
 * A file as lines, and which of two files' lines are equal: each gets the number of its class, so that comparing two is one comparison.
 */
#include "diff.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BINARY_LOOK 32768u /* bytes that are searched for a nul */

void *get(size_t bytes)
{
    void *p = calloc(1, bytes > 0 ? bytes : 1);
    if (p == NULL) {
        fflush(stdout);
        fprintf(stderr, "diff: memory: %s\n", strerror(ENOMEM));
        exit(2);
    }
    return p;
}

static void bytes_read(struct text *t, FILE *in)
{
    size_t room = 65536, n;
    t->bytes = get(room);
    while (in != NULL && (n = fread(t->bytes + t->len, 1, room - t->len, in)) > 0) {
        t->len += n;
        if (t->len < room)
            continue;
        char *more = get(2 * room);
        memcpy(more, t->bytes, t->len);
        free(t->bytes);
        t->bytes = more;
        room *= 2;
    }
}

void lines_read(struct text *t, FILE *in)
{
    bytes_read(t, in);
    const char *end = t->bytes + t->len;
    t->is_binary = !options.is_text && memchr(t->bytes, 0, t->len < BINARY_LOOK ? t->len : BINARY_LOOK) != NULL;
    t->ends_open = t->len > 0 && end[-1] != '\n';
    for (const char *at = t->bytes; at < end; at++)
        t->lines += *at == '\n';
    t->lines += t->ends_open;
    t->line = get((size_t)t->lines * sizeof *t->line);
    t->changed = (bool *)get((size_t)t->lines + 2) + 1;
    const char *at = t->bytes;
    for (long i = 0; i < t->lines; i++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        t->line[i] = (struct line){.at = at, .len = (size_t)((newline != NULL ? newline : end) - at)};
        at = newline != NULL ? newline + 1 : end;
    }
}

void text_free(struct text *t)
{
    free(t->bytes);
    free(t->line);
    if (t->changed != NULL)
        free(t->changed - 1);
}

/* ---- equality, as the options have it ---- */

/* The next character that counts at or after *i, which goes behind it; EOF: none. */
static int next(const struct line *l, size_t *i)
{
    bool spaces = options.ignores_space || options.ignores_space_amount, skipped = false;
    while (spaces && *i < l->len && isspace((unsigned char)l->at[*i])) {
        skipped = true;
        ++*i;
    }
    if (*i >= l->len)
        return EOF;
    if (skipped && !options.ignores_space)
        return ' '; /* however many there were: the character behind them comes next */
    int c = (unsigned char)l->at[(*i)++];
    return options.ignores_case ? tolower(c) : c;
}

static bool is_plain(void) { return !options.ignores_case && !options.ignores_space && !options.ignores_space_amount; }

static unsigned long hash_of(const struct line *l, bool open)
{
    unsigned long hash = 14695981039346656037UL ^ open; /* FNV-1a */
    size_t i = 0;
    for (int c; (c = next(l, &i)) != EOF;)
        hash = (hash ^ (unsigned)c) * 1099511628211UL;
    return hash ^ hash >> 29;
}

static bool is_equal(const struct line *a, const struct line *b)
{
    size_t i = 0, j = 0;
    int x, y;
    if (is_plain())
        return a->len == b->len && memcmp(a->at, b->at, a->len) == 0;
    do {
        x = next(a, &i);
        y = next(b, &j);
    } while (x == y && x != EOF);
    return x == y;
}

struct entry {
    struct line *line; /* the first of its class; NULL: free */
    bool open;
};

static unsigned classes; /* of the two files */

/* A last line without a newline is not equal to one with it, unless spaces do not count. */
static void classify(struct text *t, struct entry *table, size_t mask)
{
    for (long i = 0; i < t->lines; i++) {
        struct line *l = &t->line[i];
        bool open = t->ends_open && i == t->lines - 1 && !options.ignores_space && !options.ignores_space_amount;
        size_t at = hash_of(l, open) & mask;
        while (table[at].line != NULL && (table[at].open != open || !is_equal(table[at].line, l))) /* bound: the table has free places */
            at = (at + 1) & mask;
        if (table[at].line == NULL) {
            table[at] = (struct entry){l, open};
            l->class = ++classes;
        }
        l->class = table[at].line->class;
    }
}

void lines_classify(struct text *a, struct text *b)
{
    size_t places = 64;
    while (places < 2 * (size_t)(a->lines + b->lines)) /* bound: the machine's memory */
        places *= 2;
    struct entry *table = get(places * sizeof *table);
    classes = 0;
    classify(a, table, places - 1);
    classify(b, table, places - 1);
    free(table);
}
