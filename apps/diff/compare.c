/* SPDX-License-Identifier: MIT
 * A shortest way from one file to the other: E. Myers, "An O(ND) difference algorithm and its variations" (1986), in linear space. From
 * both ends at once the furthest points that so many changes reach, diagonal by diagonal; where the two fronts meet the way is
 * cut, and both parts are done likewise. Lines that the other file does not have at all are left out before. Afterwards each change
 * is moved as far down as equal lines let it, as people expect it.
 */
#include "diff.h"

#include <stdlib.h>

#define NOWHERE (-1L)

/* A file without the lines that only it has: of each that is left its class and its number. */
struct part {
    unsigned *class;
    long *number;
    bool *changed; /* by number */
    long n;
};
struct box {
    long a, a_end, b, b_end;
};
/* By diagonal, a - b, how far in a; NOWHERE: not reached. After `changes` of them from the diagonal `start`. */
struct front {
    long *at;
    long start, changes;
};
static struct part pa, pb;

static bool same(long a, long b) { return pa.class[a] == pb.class[b]; }
static long larger(long x, long y) { return x > y ? x : y; }
static long smaller(long x, long y) { return x < y ? x : y; }

/* One change more; the places beside the front are nowhere. */
static void grow(struct front *f, const struct box *x)
{
    long d = ++f->changes;
    if (f->start - d - 1 >= x->a - x->b_end - 1)
        f->at[f->start - d - 1] = NOWHERE;
    if (f->start + d + 1 <= x->a_end - x->b + 1)
        f->at[f->start + d + 1] = NOWHERE;
    if (d == 1)
        f->at[f->start - 1] = f->at[f->start + 1] = NOWHERE;
}
static long first_diagonal(const struct front *f, const struct box *x)
{
    long k = f->start - f->changes, least = x->a - x->b_end;
    return k >= least ? k : least + ((least - k) & 1);
}
static long last_diagonal(const struct front *f, const struct box *x) { return smaller(f->start + f->changes, x->a_end - x->b); }

static bool reaches(const struct front *f, long k) { return k >= f->start - f->changes && k <= f->start + f->changes && f->at[k] != NOWHERE; }

static long furthest_down(const struct front *f, const struct box *x, long k)
{
    long removed = f->at[k - 1] != NOWHERE && f->at[k - 1] < x->a_end ? f->at[k - 1] + 1 : NOWHERE;
    long added = f->at[k + 1] != NOWHERE && f->at[k + 1] - k <= x->b_end ? f->at[k + 1] : NOWHERE;
    long i = larger(removed, added);
    while (i != NOWHERE && i < x->a_end && i - k < x->b_end && same(i, i - k))
        i++;
    return i;
}

static long furthest_up(const struct front *f, const struct box *x, long k)
{
    long removed = f->at[k + 1] != NOWHERE && f->at[k + 1] > x->a ? f->at[k + 1] - 1 : NOWHERE;
    long added = f->at[k - 1] != NOWHERE && f->at[k - 1] - k >= x->b ? f->at[k - 1] : NOWHERE;
    long i = removed == NOWHERE ? added : added == NOWHERE ? removed : smaller(removed, added);
    while (i != NOWHERE && i > x->a && i - k > x->b && same(i - 1, i - k - 1))
        i--;
    return i;
}

/* Where a shortest way through x can be cut; both its files have lines, and neither the first two nor the last two are equal. */
static void middle(const struct box *x, long *const at[2], long *cut, long *diagonal)
{
    struct front down = {at[0], x->a - x->b, 0}, up = {at[1], x->a_end - x->b_end, 0};
    bool odd = (down.start - up.start) & 1;
    down.at[down.start] = x->a;
    up.at[up.start] = x->a_end;
    for (;;) { /* bound: half of all lines */
        grow(&down, x);
        for (*diagonal = first_diagonal(&down, x); *diagonal <= last_diagonal(&down, x); *diagonal += 2) {
            *cut = down.at[*diagonal] = furthest_down(&down, x, *diagonal);
            if (odd && *cut != NOWHERE && reaches(&up, *diagonal) && *cut >= up.at[*diagonal])
                return;
        }
        grow(&up, x);
        for (*diagonal = first_diagonal(&up, x); *diagonal <= last_diagonal(&up, x); *diagonal += 2) {
            *cut = up.at[*diagonal] = furthest_up(&up, x, *diagonal);
            if (!odd && *cut != NOWHERE && reaches(&down, *diagonal) && *cut <= down.at[*diagonal])
                return;
        }
    }
}

/* Depth: the logarithm of the changes, as each half has half of them. */
static void solve(struct box x, long *down, long *up)
{
    while (x.a < x.a_end && x.b < x.b_end && same(x.a, x.b)) {
        x.a++;
        x.b++;
    }
    while (x.a < x.a_end && x.b < x.b_end && same(x.a_end - 1, x.b_end - 1)) {
        x.a_end--;
        x.b_end--;
    }
    if (x.a == x.a_end || x.b == x.b_end) {
        while (x.a < x.a_end)
            pa.changed[pa.number[x.a++]] = true;
        while (x.b < x.b_end)
            pb.changed[pb.number[x.b++]] = true;
        return;
    }
    long cut, diagonal;
    middle(&x, (long *const[2]){down, up}, &cut, &diagonal);
    solve((struct box){x.a, cut, x.b, cut - diagonal}, down, up);
    solve((struct box){cut, x.a_end, cut - diagonal, x.b_end}, down, up);
}

/* ---- lines that only one file has ---- */

static struct part part_of(struct text *t, const bool *elsewhere)
{
    struct part p = {get((size_t)t->lines * sizeof *p.class), get((size_t)t->lines * sizeof *p.number), t->changed, 0};
    for (long i = 0; i < t->lines; i++) {
        if (!elsewhere[t->line[i].class]) {
            t->changed[i] = true;
            continue;
        }
        p.class[p.n] = t->line[i].class;
        p.number[p.n++] = i;
    }
    return p;
}

/* By class: whether t has such a line. Classes are numbered from 1 through both files. */
static bool *classes_of(const struct text *t, long both)
{
    bool *has = get((size_t)both + 1);
    for (long i = 0; i < t->lines; i++)
        has[t->line[i].class] = true;
    return has;
}

static void part_free(struct part *p)
{
    free(p->class);
    free(p->number);
}

/* ---- changes go down ---- */

/* By how many lines before that t has in common with the other file: whether something only of t's stands there. */
static bool *gaps_of(const struct text *t)
{
    bool *gap = get((size_t)t->lines + 1);
    long common = 0;
    for (long i = 0; i < t->lines; i++) {
        gap[common] = gap[common] || t->changed[i];
        common += !t->changed[i];
    }
    return gap;
}

/* t's runs of changes, each as far down as it can go, together with those that it meets; but beside a gap of the other file's,
 * if it passes one: the last. */
static void settle(struct text *t, const bool *gap)
{
    const struct line *line = t->line;
    bool *changed = t->changed;
    for (long i = 0, common = 0, start, length, beside; i < t->lines;) {
        if (!changed[i]) {
            i++;
            common++;
            continue;
        }
        for (start = i; changed[i]; i++) /* bound: none behind the last line is */
            ;
        do { /* bound: it grows each time */
            length = i - start;
            while (start > 0 && line[start - 1].class == line[i - 1].class) {
                changed[--start] = true;
                changed[--i] = false;
                common--;
                while (changed[start - 1])
                    start--;
            }
            beside = gap[common] ? i : t->lines;
            while (i < t->lines && line[start].class == line[i].class) {
                changed[start++] = false;
                changed[i++] = true;
                common++;
                while (changed[i])
                    i++;
                beside = gap[common] ? i : beside;
            }
        } while (length != i - start);
        for (; beside < i; common--) {
            changed[--start] = true;
            changed[--i] = false;
        }
    }
}

void compare(struct text *a, struct text *b)
{
    size_t diagonals = (size_t)(a->lines + b->lines) + 5;
    long *memory = get(2 * diagonals * sizeof *memory);
    bool *in_a = classes_of(a, a->lines + b->lines), *in_b = classes_of(b, a->lines + b->lines);
    pa = part_of(a, in_b);
    pb = part_of(b, in_a);
    solve((struct box){0, pa.n, 0, pb.n}, memory + b->lines + 2, memory + diagonals + b->lines + 2);
    bool *gaps = gaps_of(b);
    settle(a, gaps);
    free(gaps);
    gaps = gaps_of(a);
    settle(b, gaps);
    free(gaps);
    free(in_a);
    free(in_b);
    part_free(&pa);
    part_free(&pb);
    free(memory);
}
