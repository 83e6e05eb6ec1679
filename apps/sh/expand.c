/* SPDX-License-Identifier: MIT
 * From a word to fields: variables, substitutions, quotes, then splitting at blanks, then patterns. A field is built twice, as it
 * is and as a pattern in which quoted signs are masked by a backslash.
 */
#include "sh.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int last_status;
pid_t shell_pid, last_background;
char **parameters;
int parameters_n;

void fields_add(struct fields *f, char *word)
{
    if (f->n + 1 >= f->room) {
        size_t room = f->room > 0 ? 2 * f->room : 16;
        char **more = arena_new(room * sizeof *more);
        if (f->n > 0)
            memcpy(more, f->word, f->n * sizeof *more);
        f->word = more;
        f->room = room;
    }
    f->word[f->n++] = word;
    f->word[f->n] = NULL;
}

/* ---- a field in the making ---- */

struct text {
    char *at;
    size_t len, room;
};

static void put(struct text *t, char c)
{
    if (t->len + 1 >= t->room) {
        size_t room = t->room > 0 ? 2 * t->room : 64;
        char *more = arena_new(room);
        if (t->len > 0)
            memcpy(more, t->at, t->len);
        t->at = more;
        t->room = room;
    }
    t->at[t->len++] = c;
    t->at[t->len] = '\0';
}

struct field {
    struct text plain, pattern;
    bool there;   /* also when it is empty: there was a quote */
    bool globs;   /* it has an unquoted *, ? or [ */
    bool split;   /* split what variables become */
    struct fields *out;
};

void glob_field(const char *pattern, const char *plain, struct fields *out);

static void field_end(struct field *f)
{
    if (!f->there)
        return;
    put(&f->plain, '\0');
    put(&f->pattern, '\0');
    if (f->globs)
        glob_field(f->pattern.at, f->plain.at, f->out);
    else
        fields_add(f->out, f->plain.at);
    f->plain = f->pattern = (struct text){0};
    f->there = f->globs = false;
}

static void field_put(struct field *f, char c, bool quoted)
{
    f->there = true;
    put(&f->plain, c);
    bool sign = strchr("*?[", c) != NULL;
    if ((quoted && strchr("*?[]\\", c) != NULL) || (!quoted && c == '\\'))
        put(&f->pattern, '\\');
    put(&f->pattern, c);
    f->globs = f->globs || (sign && !quoted && f->split);
}

static void field_put_value(struct field *f, const char *s, bool quoted)
{
    for (; s != NULL && *s != '\0'; s++) {
        if (!quoted && f->split && strchr(" \t\n", *s) != NULL)
            field_end(f);
        else
            field_put(f, *s, quoted);
    }
}

/* ---- what a $ means ---- */

static bool unexpandable;

bool expansion_failed(void)
{
    bool failed = unexpandable;
    unexpandable = false;
    leaving = leaving || (failed && !interactive);
    return failed;
}

static bool is_name_char(char c) { return isalnum((unsigned char)c) || c == '_'; }

const char *variable(const char *name)
{
    static char number[16];
    const int numbers[] = {last_status, (int)shell_pid, parameters_n, (int)last_background};
    static const char signs[] = "?$#!";
    size_t which = strcspn(signs, name);
    if (name[1] == '\0' && signs[which] != '\0') {
        snprintf(number, sizeof number, "%d", numbers[which]);
        return number;
    }
    if (isdigit((unsigned char)*name)) {
        int i = atoi(name);
        return i <= parameters_n ? parameters[i] : NULL;
    }
    return getenv(name);
}

/* $@ quoted: one field a parameter; otherwise they are joined by blanks. */
static void put_parameters(struct field *f, bool quoted, bool at)
{
    for (int i = 1; i <= parameters_n; i++) {
        if (i > 1 && quoted && !at)
            field_put(f, ' ', true);
        else if (i > 1)
            field_end(f);
        if (quoted)
            f->there = true;
        field_put_value(f, parameters[i], quoted);
    }
}

static void put_variable(struct field *f, const char *name, bool quoted)
{
    if (strcmp(name, "@") == 0 || strcmp(name, "*") == 0)
        put_parameters(f, quoted, *name == '@');
    else
        field_put_value(f, variable(name), quoted);
}

/* ${NAME}, ${NAME:-text}, ${NAME-text}, ${NAME:=text}, ${NAME:+text}, ${#NAME}. */
static void put_braced(struct field *f, const char *s, size_t len, bool quoted)
{
    char number[24], *inside = arena_text(s + 2, len - 3);
    if (*inside == '#' && inside[1] != '\0') {
        const char *value = variable(inside + 1);
        snprintf(number, sizeof number, "%zu", value != NULL ? strlen(value) : 0);
        field_put_value(f, number, quoted);
        return;
    }
    size_t n = is_name_char(*inside) ? 0 : 1;
    while (is_name_char(inside[n]))
        n++;
    char *name = arena_text(inside, n);
    bool colon = inside[n] == ':';
    char how = inside[n + colon];
    if (how == '\0') {
        put_variable(f, name, quoted);
        return;
    }
    const char *value = variable(name);
    bool set = value != NULL && !(colon && *value == '\0');
    char *other = expand_single(inside + n + colon + 1, strlen(inside + n + colon + 1));
    if (strchr("-=+", how) == NULL) {
        complain(0, inside, "this form of ${} is not understood");
        unexpandable = true;
        return;
    }
    if (how == '=' && !set)
        (void)setenv(name, other, 1);
    if (how == '+')
        value = set ? other : NULL;
    else if (!set)
        value = other;
    field_put_value(f, value, quoted);
}

/* Of "$(( ... ))" at s; the inner parentheses belong together, else it is a command that begins with one. */
static bool is_arithmetic(const char *s, size_t len)
{
    return s[0] == '$' && s[1] == '(' && s[2] == '(' && substitution_len(s + 1) == len - 2;
}

static void put_arithmetic(struct field *f, const char *s, size_t len, bool quoted)
{
    char number[24], *text = expand_single(s + 3, len - 5);
    long long value;
    const char *wrong = arithmetic(text, &value);
    if (wrong != NULL) {
        complain(0, text, wrong);
        unexpandable = true;
        return;
    }
    snprintf(number, sizeof number, "%lld", value);
    field_put_value(f, number, quoted);
}

/* At a $ or `: how many characters of it were used. */
static size_t put_dollar(struct field *f, const char *s, const char *end, bool quoted)
{
    size_t n = 1;
    if (*s == '`' || s[1] == '(' || s[1] == '{') {
        size_t len = substitution_len(s);
        if (*s != '`' && s[1] == '{') {
            put_braced(f, s, len, quoted);
        } else if (is_arithmetic(s, len)) {
            put_arithmetic(f, s, len, quoted);
        } else {
            size_t skip = *s == '`' ? 1 : 2;
            field_put_value(f, output_of(s + skip, len - skip - 1), quoted);
        }
        return len;
    }
    if (s + 1 < end && strchr("?$#!@*", s[1]) != NULL) {
        n = 2;
    } else if (s + 1 < end && isdigit((unsigned char)s[1])) {
        n = 2;
    } else {
        while (s + n < end && is_name_char(s[n]))
            n++;
    }
    if (n == 1)
        field_put(f, '$', quoted);
    else
        put_variable(f, arena_text(s + 1, n - 1), quoted);
    return n;
}

/* ---- a word ---- */

static void put_tilde(struct field *f, const char **s, const char *end)
{
    const char *home = variable("HOME");
    if (**s != '~' || home == NULL || (*s + 1 < end && (*s)[1] != '/'))
        return;
    for (; *home != '\0' && !(home[1] == '\0' && *home == '/' && *s + 1 < end); home++)
        field_put(f, *home, true);
    *s += 1;
}

static void expand_into(struct field *f, const char *s, const char *end)
{
    char quote = '\0';
    put_tilde(f, &s, end);
    while (s < end) { /* bound: the word */
        if (quote == '\0' && (*s == '\'' || *s == '"')) {
            quote = *s++;
            f->there = f->there || !(quote == '"' && end - s >= 3 && strncmp(s, "$@\"", 3) == 0);
        } else if (quote != '\0' && *s == quote) {
            quote = '\0';
            s++;
        } else if ((*s == '$' || *s == '`') && quote != '\'') {
            s += put_dollar(f, s, end, quote == '"');
        } else {
            bool masks = *s == '\\' && s + 1 < end && (quote == '\0' || (quote == '"' && strchr("\"\\$`\n", s[1]) != NULL));
            s += masks;
            if (masks && *s == '\n') /* the line goes on */
                s++;
            else
                field_put(f, *s++, quote != '\0' || masks);
        }
    }
}

void expand_word(const struct word *w, struct fields *out)
{
    struct field f = {.split = true, .out = out};
    expand_into(&f, w->start, w->start + w->len);
    field_end(&f);
}

char *expand_single(const char *start, size_t len)
{
    struct fields out = {0};
    struct field f = {.split = false, .there = true, .out = &out};
    expand_into(&f, start, start + len);
    f.there = true;
    field_end(&f);
    char *all = out.word[0];
    for (size_t i = 1; i < out.n; i++) { /* $@ where one text is wanted */
        char *more = arena_new(strlen(all) + strlen(out.word[i]) + 2);
        sprintf(more, "%s %s", all, out.word[i]);
        all = more;
    }
    return all;
}
