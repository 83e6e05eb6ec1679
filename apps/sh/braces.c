/* SPDX-License-Identifier: MIT
 * ${...}: defaults, lengths, and what patterns take away.
 */
#include "field.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void put_length(struct field *f, const char *name, bool quoted)
{
    char number[24];
    bool all = strcmp(name, "@") == 0 || strcmp(name, "*") == 0;
    const char *value = all ? NULL : parameter(name);
    if (!all && value == NULL && option('u')) {
        expansion_fail(name, "parameter not set");
        return;
    }
    snprintf(number, sizeof number, "%zu", all ? (size_t)parameters_n : value != NULL ? strlen(value) : 0);
    field_put_value(f, number, quoted);
}

/* A name, a number, or one sign; 0: none of them. */
static size_t subject_len(const char *s)
{
    size_t n = 0;
    while (isdigit((unsigned char)s[n]))
        n++;
    if (n == 0)
        n = name_len(s);
    return n > 0 ? n : *s != '\0' && strchr("?$#!@*-", *s) != NULL ? 1 : 0;
}

/* All parameters as one text, for what is done to one. */
static const char *value_of(const char *name)
{
    if (strcmp(name, "@") != 0 && strcmp(name, "*") != 0)
        return parameter(name);
    return parameters_n > 0 ? expand_single("$*", 2) : NULL;
}

static void put_error(const char *name, const char *text)
{
    char *why = expand_single(text, strlen(text));
    expansion_fail(name, *why != '\0' ? why : "parameter not set");
}

static void put_assigned(struct field *f, const char *name, const char *text, bool quoted)
{
    if (name_len(name) == 0) {
        expansion_fail(name, "cannot be assigned to");
        return;
    }
    char *value = expand_single(text, strlen(text));
    if (!variable_set(name, value))
        expansion_fail(name, "readonly");
    field_put_value(f, value, quoted);
}

/* ${NAME-text}, =, ?, +; with a colon before it, what is empty counts as unset. */
static void put_default(struct field *f, const char *name, const char *how, char quote)
{
    bool colon = *how == ':', quoted = quote == '"';
    const char *text = how + 1 + colon, *value = value_of(name);
    bool set = value != NULL && !(colon && *value == '\0');
    char sign = how[colon];
    if (sign == '+' ? set : !set && sign == '-')
        expand_into(f, text, text + strlen(text), quote);
    else if (sign == '+')
        return;
    else if (set)
        put_parameter(f, name, quoted);
    else if (sign == '=')
        put_assigned(f, name, text, quoted);
    else
        put_error(name, text);
}

/* ${NAME#pattern}, ##, %, %%: the shortest or longest beginning or end. */
static void put_trimmed(struct field *f, const char *name, const char *how, bool quoted)
{
    bool longest = how[1] == how[0];
    const char *text = how + 1 + longest, *value = value_of(name);
    if (value == NULL && option('u')) {
        expansion_fail(name, "parameter not set");
        return;
    }
    value = value != NULL ? value : "";
    char *pattern = expand_pattern(text, strlen(text));
    size_t len = strlen(value);
    for (size_t i = 0; i <= len; i++) {
        size_t n = longest ? len - i : i; /* characters to go */
        bool goes = *how == '#' ? pattern_matches_part(pattern, value, n) : pattern_matches(pattern, value + len - n);
        if (!goes)
            continue;
        value = *how == '#' ? value + n : arena_text(value, len - n);
        break;
    }
    field_put_value(f, value, quoted);
}

void put_braced(struct field *f, const char *inside, char quote)
{
    bool quoted = quote == '"';
    size_t n = subject_len(inside);
    if (*inside == '#' && inside[1] != '\0' && subject_len(inside + 1) > 0 && inside[1 + subject_len(inside + 1)] == '\0') {
        put_length(f, inside + 1, quoted);
        return;
    }
    char *name = arena_text(inside, n);
    const char *how = inside + n;
    f->depth++;
    if (n > 0 && *how == '\0')
        put_parameter(f, name, quoted);
    else if (n > 0 && *how != '\0' && strchr("-=?+", how[*how == ':']) != NULL && how[*how == ':'] != '\0')
        put_default(f, name, how, quote);
    else if (n > 0 && (*how == '#' || *how == '%'))
        put_trimmed(f, name, how, quoted);
    else
        expansion_fail(inside, "this form of ${} is not understood");
    f->depth--;
}
