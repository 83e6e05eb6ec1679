/* SPDX-License-Identifier: MIT
 * Changes as people read them: one by one, or with lines around them.
 */
#include "diff.h"

#include <sys/stat.h>
#include <time.h>

bool change_next(const struct text *a, const struct text *b, struct change *c)
{
    c->a += c->removed;
    c->b += c->added;
    c->removed = c->added = 0;
    while (c->a < a->lines && !a->changed[c->a] && !b->changed[c->b]) {
        c->a++;
        c->b++;
    }
    while (a->changed[c->a + c->removed])
        c->removed++;
    while (b->changed[c->b + c->added])
        c->added++;
    return c->removed + c->added > 0;
}

static bool is_blank(const struct text *t, long from, long n)
{
    for (long i = from; i < from + n; i++)
        if (t->line[i].len > 0)
            return false;
    return true;
}

bool change_counts(const struct text *a, const struct text *b, const struct change *c)
{
    return !options.ignores_blank_lines || !is_blank(a, c->a, c->removed) || !is_blank(b, c->b, c->added);
}

static void lines_put(const struct text *t, long from, long n, const char *mark)
{
    for (long i = from; i < from + n; i++) {
        fputs(mark, stdout);
        (void)fwrite(t->line[i].at, 1, t->line[i].len, stdout);
        putchar('\n');
        if (t->ends_open && i == t->lines - 1)
            puts("\\ No newline at end of file");
    }
}

/* ---- one by one ---- */

static void range_put(long before, long n)
{
    if (n <= 1)
        printf("%ld", before + n);
    else
        printf("%ld,%ld", before + 1, before + n);
}

void print_normal(const struct text *a, const struct text *b)
{
    for (struct change c = {0}; change_next(a, b, &c);) { /* bound: lines */
        if (!change_counts(a, b, &c))
            continue;
        range_put(c.a, c.removed);
        putchar(c.removed == 0 ? 'a' : c.added == 0 ? 'd' : 'c');
        range_put(c.b, c.added);
        putchar('\n');
        lines_put(a, c.a, c.removed, "< ");
        if (c.removed > 0 && c.added > 0)
            puts("---");
        lines_put(b, c.b, c.added, "> ");
    }
}

/* ---- with lines around them ---- */

static void header_put(const struct text *t, const char *mark, const char *label)
{
    char when[64];
    struct tm tm;
    if (label != NULL) {
        printf("%s %s\n", mark, label);
        return;
    }
    (void)gmtime_r(&t->st->st_mtim.tv_sec, &tm);
    (void)strftime(when, sizeof when, "%Y-%m-%d %H:%M:%S", &tm);
    printf("%s %s\t%s.%09ld +0000\n", mark, t->name, when, t->st->st_mtim.tv_nsec);
}

static void hunk_range_put(char mark, long before, long n)
{
    if (n == 1)
        printf("%c%ld", mark, before + 1);
    else
        printf("%c%ld,%ld", mark, n == 0 ? before : before + 1, n);
}

/* From the change `first` to the change `last`, with what is around and between them. */
static void hunk_put(const struct text *a, const struct text *b, const struct change *first, const struct change *last)
{
    long lead = first->a < options.context ? first->a : options.context, tail = a->lines - last->a - last->removed;
    tail = tail < options.context ? tail : options.context;
    long from = first->a - lead, to = last->a + last->removed + tail;
    printf("@@ ");
    hunk_range_put('-', from, to - from);
    putchar(' ');
    hunk_range_put('+', first->b - lead, last->b + last->added + tail - (first->b - lead));
    puts(" @@");
    struct change c = {.a = from, .b = first->b - lead};
    long at = from;
    while (change_next(a, b, &c) && c.a <= last->a) { /* bound: changes */
        lines_put(a, at, c.a - at, " ");
        lines_put(a, c.a, c.removed, "-");
        lines_put(b, c.b, c.added, "+");
        at = c.a + c.removed;
    }
    lines_put(a, at, to - at, " ");
}

/* Changes with few lines between them. One that does not count is in it as well, or the lines around it would not be the same in both
 * files; but not at its end, when the lines that are shown there do not reach it. */
struct hunk {
    struct change first, last, seen; /* seen: the last one, which may be behind the end */
    bool counts;
};

static long gap(const struct change *before, const struct change *c) { return c->a - before->a - before->removed; }

static bool extends(const struct hunk *h, const struct change *c, bool counts)
{
    long between = gap(&h->seen, c);
    return between < options.context || (between <= 2 * options.context && (counts || h->counts));
}

void print_unified(const struct text *a, const struct text *b)
{
    struct change c = {0};
    header_put(a, "---", options.label[0]);
    header_put(b, "+++", options.label[1]);
    bool more = change_next(a, b, &c);
    while (more) { /* bound: lines */
        struct hunk h = {c, c, c, change_counts(a, b, &c)};
        while ((more = change_next(a, b, &c))) { /* bound: lines */
            bool counts = change_counts(a, b, &c);
            if (!extends(&h, &c, counts))
                break;
            if (counts || gap(&h.last, &c) < options.context)
                h.last = c;
            h.counts |= counts;
            h.seen = c;
        }
        if (h.counts)
            hunk_put(a, b, &h.first, &h.last);
    }
}
