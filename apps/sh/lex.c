/* SPDX-License-Identifier: MIT
 * Tokens: spans of the text. Quotes and substitutions stay as they are until a word is expanded.
 */
#include "sh.h"

#include <ctype.h>
#include <string.h>

static size_t quoted_len(const char *s, char quote);

/* From the opening parenthesis of "$(" on; a parenthesis within quotes does not count. */
static size_t parenthesis_len(const char *s)
{
    size_t n = 1;
    for (int depth = 1; depth > 0;) { /* bound: the text */
        size_t skip = 1;
        if (s[n] == '\0')
            return 0;
        if (s[n] == '\'' || s[n] == '"')
            skip = quoted_len(s + n, s[n]);
        else if (s[n] == '\\' && s[n + 1] != '\0')
            skip = 2;
        depth += (s[n] == '(') - (s[n] == ')');
        if (skip == 0)
            return 0;
        n += skip;
    }
    return n;
}

size_t substitution_len(const char *s)
{
    if (*s == '`') {
        const char *end = strchr(s + 1, '`');
        return end != NULL ? (size_t)(end - s) + 1 : 0;
    }
    if (s[1] == '(') {
        size_t n = parenthesis_len(s + 1);
        return n > 0 ? n + 1 : 0;
    }
    const char *end = strchr(s, '}');
    return end != NULL ? (size_t)(end - s) + 1 : 0;
}

static bool is_substitution(const char *s) { return *s == '`' || (*s == '$' && (s[1] == '(' || s[1] == '{')); }

/* Both quotes included; 0: not closed. */
static size_t quoted_len(const char *s, char quote)
{
    size_t n = 1;
    while (s[n] != quote) {
        size_t skip = 1;
        if (s[n] == '\0')
            return 0;
        if (quote == '"' && s[n] == '\\' && s[n + 1] != '\0')
            skip = 2;
        else if (quote == '"' && is_substitution(s + n))
            skip = substitution_len(s + n);
        if (skip == 0)
            return 0;
        n += skip;
    }
    return n + 1;
}

size_t word_len(const char *s, bool *open)
{
    size_t n = 0;
    while (s[n] != '\0' && !isspace((unsigned char)s[n]) && strchr(";&|<>()", s[n]) == NULL) {
        size_t skip = 1;
        if (s[n] == '\\' && s[n + 1] != '\0')
            skip = 2;
        else if (s[n] == '\'' || s[n] == '"')
            skip = quoted_len(s + n, s[n]);
        else if (is_substitution(s + n))
            skip = substitution_len(s + n);
        if (skip == 0) {
            *open = true;
            return 0;
        }
        n += skip;
    }
    return n;
}

static const struct {
    const char *text;
    enum token_kind kind;
} operators[] = {{"&&", T_AND}, {"||", T_OR}, {";", T_SEMI}, {"&", T_AMP}, {"|", T_PIPE}, {"\n", T_NEWLINE}, {"(", T_LEFT},
                 {")", T_RIGHT}, {">>", T_DGREAT}, {">&", T_GREATAND}, {"<&", T_LESSAND}, {"<>", T_LESSGREAT}, {"<", T_LESS},
                 {">", T_GREAT}};

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
    if (strncmp(at, "<<", 2) == 0)
        return "here-documents are not understood";
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        size_t len = strlen(operators[i].text);
        if (strncmp(at, operators[i].text, len) == 0) {
            t->kind = operators[i].kind;
            t->len = (size_t)(at - *s) + len;
            *s += t->len;
            return NULL;
        }
    }
    t->kind = T_WORD;
    t->len = word_len(*s, open);
    *s += t->len;
    return t->len > 0 ? NULL : "a quote or a parenthesis is not closed";
}
