/* SPDX-License-Identifier: MIT
 * A field in the making: what a word becomes, as it is and as a pattern in which quoted signs are masked by a backslash.
 */
#ifndef SH_FIELD_H
#define SH_FIELD_H

#include "sh.h"

struct text {
    char *at;
    size_t len, room;
};
struct field {
    struct text plain, pattern;
    bool there;      /* also when it is empty: there was a quote */
    bool globs;      /* it has an unquoted *, ? or [ */
    bool split;      /* at the signs of IFS, what variables become */
    bool after_blank; /* a blank of IFS ended the field before, so that another sign behind it belongs to it */
    bool no_parameters; /* the quotes hold a $@ that is nothing */
    bool assigned;   /* ~ is something behind a colon, too */
    bool here;       /* a here-document: double quotes are nothing special */
    unsigned depth;
    struct fields *out;
};

void field_put(struct field *f, char c, bool quoted);
void field_put_value(struct field *f, const char *s, bool quoted);
void field_end(struct field *f);
/* From s on to end; quote: '"' within double quotes, else 0. */
void expand_into(struct field *f, const char *s, const char *end, char quote);
void put_braced(struct field *f, const char *inside, char quote);
void put_parameter(struct field *f, const char *name, bool quoted);
void glob_field(const char *pattern, const char *plain, struct fields *out);

#endif
