/* SPDX-License-Identifier: MIT
 * read: a line of input, cut into words at the signs of IFS.
 */
#include "sh.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct line {
    char *at;
    char *masked; /* a mark for each character that had a backslash before it */
    size_t n, room;
};

static void add(struct line *l, char c, bool masked)
{
    if (l->n + 2 > l->room) {
        size_t room = l->room > 0 ? 2 * l->room : 128;
        char *at = arena_new(room), *marks = arena_new(room);
        if (l->n > 0) {
            memcpy(at, l->at, l->n);
            memcpy(marks, l->masked, l->n);
        }
        *l = (struct line){at, marks, l->n, room};
    }
    l->at[l->n] = c;
    l->masked[l->n++] = masked;
    l->at[l->n] = '\0';
}

/* Byte by byte: what is behind the line is for the next reader. Whether its end came. */
static bool read_line(struct line *l, bool raw)
{
    char c;
    bool masks = false;
    for (ssize_t got;;) { /* bound: the input */
        got = read(STDIN_FILENO, &c, 1);
        if (got < 0 && errno == EINTR && !interrupted)
            continue;
        if (got != 1)
            return false;
        if (c == '\0')
            continue;
        if (!raw && !masks && c == '\\') {
            masks = true;
        } else if (masks && c == '\n') {
            masks = false; /* the line goes on */
        } else if (c == '\n') {
            return true;
        } else {
            add(l, c, masks);
            masks = false;
        }
    }
}

/* Whether the character separates words; *blank: as white space does. */
static bool separates(const struct line *l, size_t i, const char *ifs, bool *blank)
{
    if (i >= l->n || l->masked[i] || strchr(ifs, l->at[i]) == NULL)
        return false;
    *blank = strchr(" \t\n", l->at[i]) != NULL;
    return true;
}

static size_t skip(const struct line *l, size_t i, const char *ifs)
{
    bool blank;
    while (separates(l, i, ifs, &blank) && blank)
        i++;
    return i;
}

/* The word at i; returns where the next one is. */
static size_t word_end(const struct line *l, size_t i, const char *ifs, size_t *len)
{
    bool blank = false;
    size_t n = i;
    while (n < l->n && !separates(l, n, ifs, &blank))
        n++;
    *len = n - i;
    n = skip(l, n, ifs);
    if (separates(l, n, ifs, &blank) && !blank)
        n = skip(l, n + 1, ifs);
    return n;
}

/* The rest of the line for the last name: without blanks at its end, and without a separator if one word is all. */
static size_t rest_len(const struct line *l, size_t i, const char *ifs)
{
    bool blank;
    size_t len, n = l->n;
    if (i < l->n && word_end(l, i, ifs, &len) == l->n)
        return len;
    while (n > i && separates(l, n - 1, ifs, &blank) && blank)
        n--;
    return n - i;
}

int builtin_read(char **words)
{
    struct line l = {0};
    bool raw = false;
    const char *ifs = variable_get("IFS");
    ifs = ifs != NULL ? ifs : " \t\n";
    for (words++; *words != NULL && **words == '-'; words++) {
        if (strcmp(*words, "-r") != 0)
            return complain(STATUS_SYNTAX, *words, "usage: read [-r] NAME...");
        raw = true;
    }
    if (*words == NULL)
        return complain(STATUS_SYNTAX, "read", "usage: read [-r] NAME...");
    int status = read_line(&l, raw) ? 0 : 1;
    size_t at = skip(&l, 0, ifs);
    for (; *words != NULL; words++) {
        size_t len = 0, next = at;
        if (at < l.n && words[1] != NULL)
            next = word_end(&l, at, ifs, &len);
        else if (at < l.n)
            len = rest_len(&l, at, ifs);
        if (name_len(*words) != strlen(*words) || !variable_set(*words, arena_text(len > 0 ? l.at + at : "", len)))
            return complain(STATUS_SYNTAX, *words, "cannot be assigned to");
        at = next;
    }
    return status;
}
