/* SPDX-License-Identifier: MIT
 * Tokens: spans of the text. Quotes and substitutions stay as they are until a word is expanded.
 */
#include "sh.h"

#include <ctype.h>
#include <string.h>

static unsigned nesting;
static const char *why; /* a word is none, where it is not merely open */

static size_t quoted_len(const char *s, char quote);

size_t name_len(const char *s)
{
    size_t n = 0;
    while (isalnum((unsigned char)s[n]) || s[n] == '_')
        n++;
    return isdigit((unsigned char)*s) ? 0 : n;
}

/* ---- what a $ begins ---- */

static size_t backquoted_len(const char *s)
{
    size_t n = 1;
    while (s[n] != '\0' && s[n] != '`')
        n += s[n] == '\\' && s[n + 1] != '\0' ? 2 : 1;
    return s[n] == '`' ? n + 1 : 0;
}

/* From the second parenthesis of "$((" on: the length, when the one that belongs to it is followed by another one. Quotes mean
 * nothing in a sum, so only parentheses count. */
static size_t sum_len(const char *s)
{
    size_t n = 0;
    int depth = 0;
    do {
        if (s[n] == '\0')
            return 0;
        depth += (s[n] == '(') - (s[n] == ')');
        n += s[n] == '\\' && s[n + 1] != '\0' ? 2 : 1;
    } while (depth > 0);
    return s[n] == ')' ? n + 1 : 0;
}

bool is_arithmetic(const char *s, size_t len)
{
    return s[0] == '$' && s[1] == '(' && s[2] == '(' && sum_len(s + 2) == len - 2;
}

static bool begins_substitution(const char *s) { return *s == '`' || (*s == '$' && (s[1] == '(' || s[1] == '{')); }

size_t piece_len(const char *s, char quote)
{
    if (*s == '\\')
        return s[1] != '\0' ? 2 : 1;
    if ((*s == '\'' && quote != '"') || (*s == '"' && quote != '"'))
        return quoted_len(s, *s);
    return begins_substitution(s) ? dollar_len(s, quote) : 1;
}

static size_t braced_len(const char *s, char quote)
{
    size_t n = 2 + (s[2] == '#'); /* the # of ${#} ends nothing */
    while (s[n] != '}') {
        size_t skip = s[n] == '\0' ? 0 : s[n] == '"' ? quoted_len(s + n, '"') : piece_len(s + n, quote);
        if (skip == 0)
            return 0;
        n += skip;
    }
    return n + 1;
}

static size_t nested_len(const char *s, char quote)
{
    size_t n;
    if (*s == '`')
        return backquoted_len(s);
    if (s[1] == '{')
        return braced_len(s, quote);
    if (s[2] == '(' && (n = sum_len(s + 2)) > 0)
        return n + 2;
    n = substitution_len(s + 2, &why);
    return n > 0 ? n + 2 : 0;
}

size_t dollar_len(const char *s, char quote)
{
    if (nesting >= DEPTH_MAX) {
        why = "quotes and parentheses are too deep";
        return 0;
    }
    nesting++;
    size_t n = nested_len(s, quote);
    nesting--;
    return n;
}

/* Both quotes included; 0: not closed. */
static size_t quoted_len(const char *s, char quote)
{
    size_t n = 1;
    if (quote == '\'') {
        const char *end = strchr(s + 1, '\'');
        return end != NULL ? (size_t)(end - s) + 1 : 0;
    }
    while (s[n] != '"') {
        size_t skip = s[n] != '\0' ? piece_len(s + n, '"') : 0;
        if (skip == 0)
            return 0;
        n += skip;
    }
    return n + 1;
}

static size_t word_len(const char *s, bool *open)
{
    size_t n = 0;
    while (s[n] != '\0' && strchr(" \t\r\n;&|<>()", s[n]) == NULL) {
        size_t skip = piece_len(s + n, '\0');
        if (skip == 0) {
            *open = why == NULL;
            return 0;
        }
        n += skip;
    }
    return n;
}

/* ---- tokens ---- */

/* The longer ones first. */
static const struct {
    char text[4];
    enum token_kind kind;
} operators[] = {{"<<-", T_HERE_TABS}, {"&&", T_AND}, {"||", T_OR}, {";;", T_DSEMI}, {";", T_SEMI}, {"&", T_AMP}, {"|", T_PIPE},
                 {"\n", T_NEWLINE}, {"(", T_LEFT}, {")", T_RIGHT}, {">>", T_DGREAT}, {">&", T_GREATAND}, {"<&", T_LESSAND},
                 {"<>", T_LESSGREAT}, {">|", T_CLOBBER}, {"<<", T_HERE}, {"<", T_LESS}, {">", T_GREAT}};

static void skip_blanks(const char **s)
{
    for (;;) { /* bound: the text */
        if (**s == ' ' || **s == '\t' || **s == '\r')
            *s += 1;
        else if (**s == '\\' && (*s)[1] == '\n')
            *s += 2;
        else if (**s == '#')
            *s += strcspn(*s, "\n");
        else
            return;
    }
}

const char *token_read(const char **s, struct token *t, bool *open)
{
    skip_blanks(s);
    *t = (struct token){.kind = T_END, .start = *s, .fd = -1};
    if (**s == '\0')
        return NULL;
    const char *at = *s;
    if (isdigit((unsigned char)*at) && (at[1] == '<' || at[1] == '>')) /* the 2 of "2>" */
        t->fd = *at++ - '0';
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        size_t len = strlen(operators[i].text);
        if (strncmp(at, operators[i].text, len) == 0) {
            t->kind = operators[i].kind;
            t->len = (size_t)(at - *s) + len;
            *s += t->len;
            return NULL;
        }
    }
    why = NULL;
    t->kind = T_WORD;
    t->len = word_len(*s, open);
    *s += t->len;
    return t->len > 0 ? NULL : why != NULL ? why : "a quote or a parenthesis is not closed";
}
