/* SPDX-License-Identifier: MIT
 * Characters for others.
 */
#include "tool.h"

#include <ctype.h>

static const char tool_name[] = "tr";
static const char tool_help[] = "usage: tr [-c] [-s] FROM TO | tr [-c] -d FROM | tr [-c] -s FROM | tr [-c] -d -s FROM TO\n"
                                "Copies its input with characters of FROM replaced by those of TO; -d: without them, -s: repeated ones once,\n"
                                "-c: all others but FROM. Ranges a-z, classes [:alpha:], \\n \\t \\\\ \\OCTAL.\n";

#define CHARS 256

struct set {
    unsigned char at[4 * CHARS];
    size_t n;
};

static const struct {
    const char *name;
    int (*is)(int c);
} classes[] = {{"[:alpha:]", isalpha}, {"[:digit:]", isdigit}, {"[:alnum:]", isalnum}, {"[:upper:]", isupper}, {"[:lower:]", islower},
               {"[:space:]", isspace}, {"[:blank:]", isblank}, {"[:punct:]", ispunct}, {"[:print:]", isprint}, {"[:graph:]", isgraph},
               {"[:cntrl:]", iscntrl}, {"[:xdigit:]", isxdigit}};

static void add(struct set *s, int c)
{
    if (s->n < sizeof s->at)
        s->at[s->n++] = (unsigned char)c;
}

static int character(const char **s)
{
    static const char letters[] = "abfnrtv\\", meanings[] = "\a\b\f\n\r\t\v\\";
    if (**s != '\\' || (*s)[1] == '\0')
        return (unsigned char)*(*s)++;
    *s += 1;
    const char *letter = strchr(letters, **s);
    if (letter != NULL) {
        *s += 1;
        return (unsigned char)meanings[letter - letters];
    }
    if (**s < '0' || **s > '7')
        return (unsigned char)*(*s)++;
    int value = 0;
    for (int i = 0; i < 3 && **s >= '0' && **s <= '7'; i++)
        value = value * 8 + *(*s)++ - '0';
    return value & 0xff;
}

static bool add_class(struct set *to, const char **s)
{
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++) {
        if (strncmp(*s, classes[i].name, strlen(classes[i].name)) != 0)
            continue;
        for (int c = 0; c < CHARS; c++)
            if (classes[i].is(c))
                add(to, c);
        *s += strlen(classes[i].name);
        return true;
    }
    return false;
}

static void read_set(struct set *to, const char *s)
{
    while (*s != '\0') {
        if (add_class(to, &s))
            continue;
        int low = character(&s), high = low;
        if (*s == '-' && s[1] != '\0') {
            s++;
            high = character(&s);
        }
        if (high < low)
            tool_usage();
        for (int c = low; c <= high; c++)
            add(to, c);
    }
}

static void invert(struct set *s)
{
    bool there[CHARS] = {false};
    for (size_t i = 0; i < s->n; i++)
        there[s->at[i]] = true;
    s->n = 0;
    for (int c = 0; c < CHARS; c++)
        if (!there[c])
            add(s, c);
}

static void copy(const bool *deleted, const unsigned char *becomes, const bool *squeezed)
{
    int before = EOF;
    for (int c; (c = getchar()) != EOF;) {
        if (deleted[c])
            continue;
        c = becomes[c];
        if (squeezed[c] && c == before)
            continue;
        putchar(c);
        before = c;
    }
}

int main(int argc, char **argv)
{
    static struct set from, to;
    static bool deleted[CHARS], squeezed[CHARS];
    static unsigned char becomes[CHARS];
    bool others = false, deletes = false, squeezes = false;
    int option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "cCds")) != 0) {
        others = others || option == 'c' || option == 'C';
        deletes = deletes || option == 'd';
        squeezes = squeezes || option == 's';
    }
    int words = argc - tool_at;
    if (words < 1 || words > 2 || (words == 1 && !deletes && !squeezes) || (words == 2 && deletes && !squeezes))
        tool_usage();
    read_set(&from, argv[tool_at]);
    if (others)
        invert(&from);
    if (words == 2)
        read_set(&to, argv[tool_at + 1]);
    for (int c = 0; c < CHARS; c++)
        becomes[c] = (unsigned char)c;
    for (size_t i = from.n; i-- > 0;) {
        deleted[from.at[i]] = deletes;
        if (!deletes && to.n > 0)
            becomes[from.at[i]] = to.at[i < to.n ? i : to.n - 1];
    }
    const struct set *repeated = words == 2 ? &to : &from;
    for (size_t i = 0; squeezes && i < repeated->n; i++)
        squeezed[repeated->at[i]] = true;
    copy(deleted, becomes, squeezed);
    return tool_end(ferror(stdin) ? tool_error("standard input") : 0);
}
