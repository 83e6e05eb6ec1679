/* SPDX-License-Identifier: MIT
 * Whether a name matches a pattern, in the C locale. Time is bounded by pattern times name: a mismatch goes back to the last star, no
 * further, since an earlier one could not do better.
 */
#define _GNU_SOURCE /* FNM_CASEFOLD and FNM_LEADING_DIR */
#include <ctype.h>
#include <fnmatch.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool is_in_class(const char *name, size_t len, int c)
{
    static const struct {
        const char *name;
        int (*is)(int);
    } classes[] = {{"alnum", isalnum}, {"alpha", isalpha}, {"blank", isblank}, {"cntrl", iscntrl}, {"digit", isdigit}, {"graph", isgraph},
                   {"lower", islower}, {"print", isprint}, {"punct", ispunct}, {"space", isspace}, {"upper", isupper}, {"xdigit", isxdigit}};
    for (size_t i = 0; i < sizeof classes / sizeof classes[0]; i++)
        if (strlen(classes[i].name) == len && strncmp(classes[i].name, name, len) == 0)
            return classes[i].is(c);
    return false;
}

/* One end of a range, or a character: also "\x", "[.x.]" and "[=x=]". Null: the pattern ends. */
static const char *element(const char *p, int flags, unsigned char *out)
{
    if (*p == '[' && (p[1] == '.' || p[1] == '=') && p[2] != '\0' && p[3] == p[1] && p[4] == ']') {
        *out = (unsigned char)p[2];
        return p + 5;
    }
    if (*p == '\\' && !(flags & FNM_NOESCAPE))
        p++;
    *out = (unsigned char)*p;
    return *p != '\0' ? p + 1 : NULL;
}

/* What a character may be taken for. */
struct cases {
    unsigned char is, other; /* the other case with FNM_CASEFOLD, else the same */
};

static struct cases cases_of(char ch, int flags)
{
    unsigned char c = (unsigned char)ch;
    return (struct cases){c, (unsigned char)(!(flags & FNM_CASEFOLD) ? c : isupper(c) ? tolower(c) : toupper(c))};
}

static bool is_within(unsigned char low, unsigned char high, unsigned char c) { return low <= c && c <= high; }

/* A bracket expression, behind its '['. Where it ends; null: it has no end, and '[' means itself. With FNM_PATHNAME a slash ends none. */
static const char *bracket(const char *p, int flags, struct cases c, bool *matches)
{
    bool negated = *p == '!' || *p == '^', in = false;
    unsigned char low, high;
    p += negated;
    for (const char *first = p; *p != ']' || p == first;) { /* bound: the pattern */
        const char *end = *p == '[' && p[1] == ':' ? strstr(p + 2, ":]") : NULL;
        if (*p == '\0' || (*p == '/' && (flags & FNM_PATHNAME)))
            return NULL;
        if (end != NULL) {
            in |= is_in_class(p + 2, (size_t)(end - p - 2), c.is) || is_in_class(p + 2, (size_t)(end - p - 2), c.other);
            p = end + 2;
            continue;
        }
        if ((p = element(p, flags, &low)) == NULL)
            return NULL;
        high = low;
        if (*p == '-' && p[1] != ']' && p[1] != '\0' && (p = element(p + 1, flags, &high)) == NULL)
            return NULL;
        in |= is_within(low, high, c.is) || is_within(low, high, c.other);
    }
    *matches = in != negated;
    return p + 1;
}

/* Whether the name's character at s is a leading period that only a period matches. */
static bool is_hidden(const char *name, const char *s, int flags)
{
    return (flags & FNM_PERIOD) && *s == '.' && (s == name || ((flags & FNM_PATHNAME) && s[-1] == '/'));
}

/* What matches one character, at *p but no star; *p moves behind it. */
static bool one(const char **p, const char *name, const char *s, int flags)
{
    const char *at = *p, *end;
    struct cases c = cases_of(*s, flags);
    bool matches = false, wild = !is_hidden(name, s, flags) && !(*s == '/' && (flags & FNM_PATHNAME));
    if (*at == '?') {
        *p = at + 1;
        return wild;
    }
    if (*at == '[' && (end = bracket(at + 1, flags, c, &matches)) != NULL) {
        *p = end;
        return matches && wild;
    }
    if (*at == '\\' && !(flags & FNM_NOESCAPE) && at[1] != '\0')
        at++;
    *p = at + 1;
    return (unsigned char)*at == c.is || (unsigned char)*at == c.other;
}

/* The name ends, or what is behind a slash does not count. */
static bool may_end(const char *s, int flags) { return *s == '\0' || (*s == '/' && (flags & FNM_LEADING_DIR)); }

int fnmatch(const char *pattern, const char *name, int flags)
{
    const char *p = pattern, *s = name, *star = NULL, *from = NULL; /* from: what the last star has not taken */
    for (;;) { /* bound: pattern times name */
        if (*p == '*' && !is_hidden(name, s, flags)) {
            star = ++p;
            from = s;
            continue;
        }
        if (*p == '\0' && may_end(s, flags))
            return 0;
        if (*s != '\0' && *p != '\0' && *p != '*' && one(&p, name, s, flags)) {
            s++;
            continue;
        }
        if (star == NULL || *from == '\0' || (*from == '/' && (flags & FNM_PATHNAME)))
            return FNM_NOMATCH;
        p = star;
        s = ++from;
    }
}
