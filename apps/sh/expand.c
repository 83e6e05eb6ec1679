/* SPDX-License-Identifier: MIT
 * From a word to fields: tildes, variables, substitutions, quotes. Splitting and patterns: field.c, glob.c.
 */
#include "field.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum substitution substitution = ALLOW;

static bool unexpandable;

bool expansion_failed(void)
{
    bool failed = unexpandable;
    unexpandable = false;
    leaving = leaving || (failed && !interactive);
    return failed;
}

void expansion_fail(const char *what, const char *why)
{
    if (!unexpandable)
        (void)complain(0, what, why);
    unexpandable = true;
}

/* ---- what a $ means ---- */

/* $@ quoted: one field a parameter; $* quoted: joined by the first sign of IFS. */
static void put_parameters(struct field *f, bool quoted, bool at)
{
    const char *ifs = variable_get("IFS");
    char joint = ifs != NULL ? *ifs : ' ';
    bool apart = f->split && (!quoted || at);
    if (!f->split && at)
        joint = ' ';
    f->no_parameters = f->no_parameters || (quoted && at && parameters_n == 0);
    for (int i = 0; i < parameters_n; i++) {
        if (i > 0 && apart)
            field_end(f);
        else if (i > 0 && joint != '\0')
            field_put(f, joint, true);
        f->there = f->there || quoted;
        field_put_value(f, parameters[i], quoted);
    }
}

void put_parameter(struct field *f, const char *name, bool quoted)
{
    bool all = strcmp(name, "@") == 0 || strcmp(name, "*") == 0;
    const char *value = all ? NULL : parameter(name);
    if (all)
        put_parameters(f, quoted, *name == '@');
    else if (value == NULL && option('u'))
        expansion_fail(name, "parameter not set");
    else
        field_put_value(f, value, quoted);
}

static void put_arithmetic(struct field *f, const char *s, size_t len, bool quoted)
{
    char number[24], *text = expand_here(s + 3, len - 5);
    long long value;
    if (unexpandable)
        return;
    const char *wrong = arithmetic(text, &value);
    if (wrong != NULL) {
        expansion_fail(text, wrong);
        return;
    }
    snprintf(number, sizeof number, "%lld", value);
    field_put_value(f, number, quoted);
}

static void put_output(struct field *f, const char *text, size_t len, bool quoted)
{
    if (substitution == ALLOW) {
        field_put_value(f, output_of(text, len), quoted);
    } else {
        substitution = REFUSED;
        expansion_fail("$()", "no command is run here");
    }
}

/* What is between backquotes, a level of backslashes taken off. */
static char *unbackquoted(const char *s, size_t len, char quote)
{
    char *to = arena_new(len + 1), *end = to;
    for (size_t i = 0; i < len; i++) {
        bool masks = s[i] == '\\' && i + 1 < len && (strchr("\\`$", s[i + 1]) != NULL || (quote == '"' && s[i + 1] == '"'));
        i += masks;
        *end++ = s[i];
    }
    return to;
}

static void put_substitution(struct field *f, const char *s, size_t len, char quote)
{
    if (*s == '`') {
        char *text = unbackquoted(s + 1, len - 2, quote);
        put_output(f, text, strlen(text), quote == '"');
    } else if (s[1] == '{') {
        put_braced(f, arena_text(s + 2, len - 3), quote);
    } else if (is_arithmetic(s, len)) {
        put_arithmetic(f, s, len, quote == '"');
    } else {
        put_output(f, s + 2, len - 3, quote == '"');
    }
}

/* At a $ or `: how many characters of it were used. */
static size_t put_dollar(struct field *f, const char *s, const char *end, char quote)
{
    size_t n = 1;
    if (*s == '`' || (s + 1 < end && (s[1] == '(' || s[1] == '{'))) {
        size_t len = dollar_len(s, quote);
        if (len == 0 || len > (size_t)(end - s)) { /* in a here-document, whose text no token was */
            expansion_fail("$", "a quote or a parenthesis is not closed");
            return (size_t)(end - s);
        }
        put_substitution(f, s, len, quote);
        return len;
    }
    if (s + 1 < end && strchr("?$#!@*-", s[1]) != NULL)
        n = 2;
    else if (s + 1 < end && isdigit((unsigned char)s[1]))
        n = 2;
    else
        while (s + n < end && (isalnum((unsigned char)s[n]) || s[n] == '_'))
            n++;
    if (n == 1)
        field_put(f, '$', quote == '"');
    else
        put_parameter(f, arena_text(s + 1, n - 1), quote == '"');
    return n;
}

/* ---- a word ---- */

static void put_tilde(struct field *f, const char **s, const char *end)
{
    const char *home = variable_get("HOME");
    if (*s == end || **s != '~' || home == NULL || (*s + 1 < end && (*s)[1] != '/' && !(f->assigned && (*s)[1] == ':')))
        return;
    f->there = true;
    for (; *home != '\0' && !(home[1] == '\0' && *home == '/' && *s + 1 < end && (*s)[1] == '/'); home++)
        field_put(f, *home, true);
    *s += 1;
}

/* A character that may be masked by a backslash. */
static const char *put_plain(struct field *f, const char *s, const char *end, char quote)
{
    const char *masked = f->here ? "\\$`\n" : "\"\\$`\n}";
    bool masks = *s == '\\' && s + 1 < end && (quote == '\0' || strchr(masked, s[1]) != NULL);
    if (masks && s[1] == '}' && f->depth == 0 && quote == '"')
        masks = false; /* only within ${...} */
    s += masks;
    if (masks && *s == '\n') /* the line goes on */
        return s + 1;
    if (f->depth > 0 && quote == '\0' && !masks)
        field_put_value(f, arena_text(s, 1), false); /* the text of a default is split as a value is */
    else
        field_put(f, *s, quote != '\0' || masks);
    if (*s == ':' && f->assigned && quote == '\0' && !masks) {
        s++;
        put_tilde(f, &s, end);
        return s;
    }
    return s + 1;
}

static const char *put_single_quoted(struct field *f, const char *s, const char *end)
{
    f->there = true;
    for (s++; s < end && *s != '\''; s++)
        field_put(f, *s, true);
    return s < end ? s + 1 : s;
}

void expand_into(struct field *f, const char *s, const char *end, char quote)
{
    const char outer = quote;
    size_t before = 0;
    if (quote == '\0')
        put_tilde(f, &s, end);
    while (s < end) { /* bound: the word */
        if (*s == '\'' && quote == '\0') {
            s = put_single_quoted(f, s, end);
        } else if (*s == '"' && !f->here && outer == '\0' && quote == '\0') {
            quote = '"';
            before = f->out->n + f->plain.len;
            f->no_parameters = false;
            s++;
        } else if (*s == '"' && !f->here) {
            f->there = f->there || !f->no_parameters || f->out->n + f->plain.len > before;
            f->no_parameters = false;
            quote = outer;
            s++;
        } else if (*s == '$' || *s == '`') {
            s += put_dollar(f, s, end, quote);
        } else {
            s = put_plain(f, s, end, quote);
        }
    }
}

void expand_word(const struct word *w, struct fields *out)
{
    struct field f = {.split = true, .out = out};
    expand_into(&f, w->start, w->start + w->len, '\0');
    field_end(&f);
}

/* The field that does not split, whatever is in it. */
static struct field whole(struct field f, const char *start, size_t len)
{
    struct fields out = {0};
    f.out = &out;
    expand_into(&f, start, start + len, f.here ? '"' : '\0');
    f.out = NULL;
    return f;
}

static char *text_of(const struct text *t) { return t->at != NULL ? t->at : arena_text("", 0); }

char *expand_single(const char *start, size_t len)
{
    struct field f = whole((struct field){0}, start, len);
    return text_of(&f.plain);
}

char *expand_assigned(const char *start, size_t len)
{
    struct field f = whole((struct field){.assigned = true}, start, len);
    return text_of(&f.plain);
}

char *expand_pattern(const char *start, size_t len)
{
    struct field f = whole((struct field){0}, start, len);
    return text_of(&f.pattern);
}

char *expand_here(const char *start, size_t len)
{
    struct field f = whole((struct field){.here = true}, start, len);
    return text_of(&f.plain);
}
