/* SPDX-License-Identifier: MIT
 * Patterns: * ? [...] and a backslash before what stands for itself. Never slower than pattern times text.
 */
#include "sh.h"

#include <ctype.h>
#include <string.h>

static const struct {
    const char *name;
    int (*is)(int c);
} classes[] = {{"alpha", isalpha}, {"digit", isdigit}, {"alnum", isalnum}, {"upper", isupper}, {"lower", islower}, {"space", isspace},
               {"blank", isblank}, {"punct", ispunct}, {"print", isprint}, {"graph", isgraph}, {"cntrl", iscntrl}, {"xdigit", isxdigit}};

/* "[:name:]" at *s, which moves behind it; false: there is none. */
static bool take_class(const char **s, unsigned char c, bool *matches)
{
    for (size_t i = 0; (*s)[0] == '[' && (*s)[1] == ':' && i < sizeof classes / sizeof classes[0]; i++) {
        size_t len = strlen(classes[i].name);
        if (strncmp(*s + 2, classes[i].name, len) != 0 || strncmp(*s + 2 + len, ":]", 2) != 0)
            continue;
        *s += len + 4;
        *matches = *matches || classes[i].is(c) != 0;
        return true;
    }
    return false;
}

static unsigned char take_char(const char **s)
{
    if (**s == '\\' && (*s)[1] != '\0')
        *s += 1;
    return (unsigned char)*(*s)++;
}

/* The bracket at s, its end included; 0: it is none, and stands for itself. */
static size_t bracket(const char *s, unsigned char c, bool *matches)
{
    const char *at = s + 1;
    bool inverted = *at == '!' || *at == '^', found = false;
    at += inverted;
    for (bool first = true; *at != ']' || first; first = false) {
        if (*at == '\0')
            return 0;
        if (take_class(&at, c, &found))
            continue;
        unsigned char low = take_char(&at), high = low;
        if (*at == '-' && at[1] != ']' && at[1] != '\0') {
            at++;
            high = take_char(&at);
        }
        found = found || (low <= c && c <= high);
    }
    *matches = found != inverted;
    return (size_t)(at - s) + 1;
}

/* What the pattern begins with, against one character: its length there, or 0 when it does not match. */
static size_t one(const char *pattern, unsigned char c)
{
    bool matches = false;
    size_t n;
    if (*pattern == '?')
        return 1;
    if (*pattern == '[' && (n = bracket(pattern, c, &matches)) > 0)
        return matches ? n : 0;
    if (*pattern == '\\' && pattern[1] != '\0')
        return (unsigned char)pattern[1] == c ? 2 : 0;
    return (unsigned char)*pattern == c ? 1 : 0;
}

bool pattern_matches_part(const char *pattern, const char *text, size_t len)
{
    const char *again = NULL; /* behind the last *, and what it has taken so far */
    size_t at = 0, taken = 0;
    for (;;) { /* bound: each turn goes on in the pattern, or lets the last * take one more */
        if (*pattern == '*') {
            again = ++pattern;
            taken = at;
            continue;
        }
        size_t n = at < len && *pattern != '\0' ? one(pattern, (unsigned char)text[at]) : 0;
        if (n > 0) {
            pattern += n;
            at++;
        } else if (at == len && *pattern == '\0') {
            return true;
        } else if (again != NULL && taken < len) {
            pattern = again;
            at = ++taken;
        } else {
            return false;
        }
    }
}

bool pattern_matches(const char *pattern, const char *text) { return pattern_matches_part(pattern, text, strlen(text)); }
