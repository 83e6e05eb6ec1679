/* SPDX-License-Identifier: MIT
 * What the parts of diff share: lines, the changes between two files, and how they are shown.
 */
#ifndef DIFF_H
#define DIFF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct line {
    const char *at;
    size_t len;      /* without its newline */
    unsigned class;  /* lines of one class are equal */
};
struct text {
    const char *name;
    char *bytes;
    size_t len;
    struct line *line; /* from 0 */
    long lines;
    bool *changed;   /* line by line: it is not in the other file; with room before the first and behind the last */
    bool is_binary, ends_open; /* no newline at the end */
    struct stat *st;
};

struct options {
    bool unified, brief, recursive, absent_is_empty, says_same;
    bool ignores_case, ignores_space_amount, ignores_space, ignores_blank_lines, is_text;
    long context;
    const char *label[2];
};
extern struct options options;

/* lines.c */
void lines_read(struct text *t, FILE *in);            /* all of it, NULL: nothing; ends the program without memory */
void lines_classify(struct text *a, struct text *b);
void text_free(struct text *t);
void *get(size_t bytes);                              /* zeroed, or the program ends */

/* compare.c: fills both `changed` with a shortest way from a to b. */
void compare(struct text *a, struct text *b);

/* print.c. The next change at or after line *i of a and *j of b, which are put behind it; false: there is none. */
struct change {
    long a, b;         /* lines before it */
    long removed, added;
};
bool change_next(const struct text *a, const struct text *b, struct change *c);
void print_normal(const struct text *a, const struct text *b);
void print_unified(const struct text *a, const struct text *b);
bool change_counts(const struct text *a, const struct text *b, const struct change *c); /* it is not only of blank lines that are ignored */

#endif
