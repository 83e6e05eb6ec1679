/* SPDX-License-Identifier: MIT
 * Lines in order.
 */
#include "tool.h"

#include <ctype.h>

static const char tool_name[] = "sort";
static const char tool_help[] = "usage: sort [-bcCdfimnru] [-k FROM[,TO]]... [-t CHAR] [-o FILE] [FILE...]\n"
                                "Prints all lines in order of their bytes; -n of numbers, -f in any case, -r the other way round, -u equal ones once,\n"
                                "-k by fields, as 2 or 2,2 or 3.2nr; -t what is between fields (blanks), -b blanks at their beginning do not count;\n"
                                "-d only letters, digits and blanks count, -i only what can be printed;\n"
                                "-o into FILE, which may be read, too; -c only says whether they are in order, -C not even that but by the status.\n";

#define KEYS_MAX 16

struct flags {
    bool numeric, reversed, folded, unblanked, dictionary, printable;
};
struct key {
    long from, from_char, to, to_char; /* fields and characters from 1 on; to 0: the line's end; to_char 0: the field's */
    struct flags how;
    bool own; /* it has letters of its own */
};
static struct key keys[KEYS_MAX];
static unsigned keys_n;
static struct flags all;
static bool unique, checks, silent;
static char separator;
static char **lines;
static size_t count, room;

static int collect(FILE *in, const char *name)
{
    char *line;
    size_t len;
    (void)name;
    while ((line = tool_line(in, &len)) != NULL) {
        if (count == room && (lines = realloc(lines, (room = room > 0 ? 2 * room : 256) * sizeof *lines)) == NULL)
            exit(tool_error("memory"));
        if ((lines[count++] = strdup(line)) == NULL)
            exit(tool_error("memory"));
    }
    return 0;
}

/* ---- keys ---- */

static bool take_letter(struct flags *f, char letter)
{
    switch (letter) {
    case 'n': f->numeric = true; return true;
    case 'r': f->reversed = true; return true;
    case 'f': f->folded = true; return true;
    case 'b': f->unblanked = true; return true;
    case 'd': f->dictionary = true; return true;
    case 'i': f->printable = true; return true;
    default: return false;
    }
}

static const char *read_place(const char *s, long *field, long *character, struct key *k)
{
    char *end;
    *field = strtol(s, &end, 10);
    if (end == s || *field < 1)
        tool_usage();
    s = end;
    if (*s == '.') {
        *character = strtol(s + 1, &end, 10);
        if (end == s + 1 || *character < 0)
            tool_usage();
        s = end;
    }
    for (; take_letter(&k->how, *s); s++)
        k->own = true;
    return s;
}

static void read_key(const char *s)
{
    if (keys_n == KEYS_MAX)
        tool_usage();
    struct key *k = &keys[keys_n++];
    k->from_char = 1;
    s = read_place(s, &k->from, &k->from_char, k);
    if (*s == ',')
        s = read_place(s + 1, &k->to, &k->to_char, k);
    if (*s != '\0' || k->from_char < 1)
        tool_usage();
}

/* Where the field begins; blanks before it belong to it when there is no separator. */
static const char *field_start(const char *s, long field)
{
    for (; field > 1 && *s != '\0'; field--) {
        if (separator != '\0') {
            s += strcspn(s, (char[]){separator, '\0'});
            s += *s != '\0';
            continue;
        }
        while (isblank((unsigned char)*s))
            s++;
        while (*s != '\0' && !isblank((unsigned char)*s))
            s++;
    }
    return s;
}

static const char *field_end(const char *s)
{
    if (separator != '\0')
        return s + strcspn(s, (char[]){separator, '\0'});
    while (isblank((unsigned char)*s))
        s++;
    while (*s != '\0' && !isblank((unsigned char)*s))
        s++;
    return s;
}

static const char *behind_blanks(const char *s, const struct flags *how)
{
    while (how->unblanked && isblank((unsigned char)*s))
        s++;
    return s;
}

static const char *forward(const char *s, long n)
{
    for (; n > 0 && *s != '\0'; n--)
        s++;
    return s;
}

struct part {
    const char *s;
    size_t n;
};

static struct part part_of(const char *line, const struct key *k, const struct flags *how)
{
    const char *start = forward(behind_blanks(field_start(line, k->from), how), k->from_char - 1), *end = start + strlen(start);
    if (k->to > 0) {
        const char *last = field_start(line, k->to);
        end = k->to_char > 0 ? forward(behind_blanks(last, how), k->to_char) : field_end(last);
    }
    return (struct part){start, end > start ? (size_t)(end - start) : 0};
}

/* ---- order ---- */

/* A number of any length: sign, digits without zeros before them, digits behind the point without zeros at their end. */
struct number {
    bool negative;
    struct part whole, rest;
};

static size_t digits(const char *s, const char *end)
{
    size_t n = 0;
    while (s + n < end && isdigit((unsigned char)s[n]))
        n++;
    return n;
}

static struct number number_of(struct part p)
{
    const char *s = p.s, *end = p.s + p.n;
    struct number n = {0};
    while (s < end && isblank((unsigned char)*s))
        s++;
    n.negative = s < end && *s == '-';
    s += n.negative;
    while (s < end && *s == '0')
        s++;
    n.whole = (struct part){s, digits(s, end)};
    s += n.whole.n;
    if (s < end && *s == '.')
        n.rest = (struct part){s + 1, digits(s + 1, end)};
    while (n.rest.n > 0 && n.rest.s[n.rest.n - 1] == '0')
        n.rest.n--;
    n.negative = n.negative && n.whole.n + n.rest.n > 0; /* -0 is 0 */
    return n;
}

static int compare_bytes(struct part a, struct part b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n > 0 ? memcmp(a.s, b.s, n) : 0;
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

static int compare_numbers(struct number a, struct number b)
{
    if (a.negative != b.negative)
        return b.negative - a.negative;
    int order = (a.whole.n > b.whole.n) - (a.whole.n < b.whole.n);
    order = order != 0 ? order : compare_bytes(a.whole, b.whole);
    order = order != 0 ? order : compare_bytes(a.rest, b.rest);
    return a.negative ? -order : order;
}

/* The next character that counts, as it counts; -1: there is none. */
static int next_of(struct part *p, const struct flags *how)
{
    for (; p->n > 0; p->s++, p->n--) {
        unsigned char c = (unsigned char)*p->s;
        if ((how->dictionary && !isalnum(c) && !isblank(c)) || (how->printable && !isprint(c)))
            continue;
        p->s++;
        p->n--;
        return how->folded ? toupper(c) : c;
    }
    return -1;
}

static int compare_parts(struct part a, struct part b, const struct flags *how)
{
    int order = 0;
    if (how->numeric)
        order = compare_numbers(number_of(a), number_of(b));
    for (int x = 0, y = 0; !how->numeric && order == 0 && x >= 0;) {
        x = next_of(&a, how);
        y = next_of(&b, how);
        order = x - y;
    }
    return how->reversed ? -order : order;
}

static int key_order(const char *a, const char *b)
{
    static const struct key whole = {.from = 1, .from_char = 1};
    int order = 0;
    for (unsigned i = 0; order == 0 && i < (keys_n > 0 ? keys_n : 1); i++) {
        const struct key *k = keys_n > 0 ? &keys[i] : &whole;
        const struct flags *how = k->own ? &k->how : &all;
        order = compare_parts(part_of(a, k, how), part_of(b, k, how), how);
    }
    return order;
}

static int order_of(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    int order = key_order(x, y);
    if (order == 0 && !unique)
        order = all.reversed ? -strcmp(x, y) : strcmp(x, y);
    return order;
}

static int check(void)
{
    for (size_t i = 1; i < count; i++) {
        int order = order_of(&lines[i - 1], &lines[i]);
        if (order < 0 || (order == 0 && !unique))
            continue;
        if (!silent)
            fprintf(stderr, "sort: line %zu is not in order: %s\n", i + 1, lines[i]);
        return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    const char *into = NULL;
    int option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "bcCdfimnruk:t:o:")) != 0) {
        switch (option) {
        case 'c': checks = true; break;
        case 'C': checks = silent = true; break;
        case 'u': unique = true; break;
        case 'k': read_key(tool_arg); break;
        case 't': separator = *tool_arg; break;
        case 'o': into = tool_arg; break;
        case 'm': break; /* what is in order stays so */
        default: (void)take_letter(&all, (char)option); break;
        }
    }
    int status = tool_each(argv + tool_at, collect) != 0 ? TOOL_USAGE_STATUS : 0;
    if (checks)
        return status != 0 ? status : check();
    if (count > 0)
        qsort(lines, count, sizeof *lines, order_of);
    if (into != NULL && freopen(into, "w", stdout) == NULL) {
        (void)tool_error(into);
        return TOOL_USAGE_STATUS;
    }
    for (size_t i = 0; i < count; i++)
        if (!unique || i == 0 || key_order(lines[i - 1], lines[i]) != 0)
            puts(lines[i]);
    return tool_end(status);
}
