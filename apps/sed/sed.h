/* SPDX-License-Identifier: MIT
 * What the parts of sed share: the script as a list of commands (script.c), the lines and what is done with them (run.c), s (substitute.c).
 */
#ifndef SED_SED_H
#define SED_SED_H

#include <regex.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define PARTS 10 /* \0 to \9 */

enum address_kind { A_NONE, A_LINE, A_LAST, A_PATTERN };
struct address {
    enum address_kind kind;
    unsigned long line;
    const regex_t *pattern; /* 0: the last one used */
};
struct output {
    const char *name;
    FILE *file;
    struct output *next;
};
struct command {
    struct address from, to;
    bool within;         /* a range that has begun */
    unsigned long end;   /* its last line, when that is known */
    bool inverted;       /* ! */
    char name;
    struct command *next;
    struct command *target; /* of b, t and {: where it goes on; 0: behind the last one */
    char *text;          /* a, i, c, r; b, t, :, a label */
    const regex_t *pattern;
    char *with;          /* of s; y: 256 characters */
    unsigned long count; /* s: which match; 1 */
    bool all, prints;    /* s: g, p */
    struct output *output;
};

struct text {
    char *at;
    size_t len, room;
};

extern bool extended, quiet;
extern struct command *script;

/* ---- script.c ---- */
void script_add(const char *text); /* a line, or several */
void script_end(void);             /* labels find their commands */
_Noreturn void fail(const char *why);
struct output *output_open(const char *name);

/* ---- run.c ---- */
void text_put(struct text *t, const char *s, size_t n);
int run(char **names);
/* The pattern, or the last one used, against s from `from` on. */
bool matches(const regex_t *pattern, const char *s, size_t from, regmatch_t *parts);

/* ---- substitute.c ---- */
bool substitute(const struct command *c, struct text *space);

#endif
