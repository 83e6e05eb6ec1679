/* SPDX-License-Identifier: MIT
 * test, also called [: one expression, as the standard has it for up to four words, joined by -a and -o. Also a program, so nothing
 * here knows the shell but complain().
 */
#include "shared.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char **at;
static int left;
static bool bad;

static bool number(const char *s, long *out)
{
    char *end;
    *out = strtol(s, &end, 10);
    if (*s != '\0' && *end == '\0')
        return true;
    complain(0, s, "not a number");
    bad = true;
    return false;
}

static bool is_unary(const char *s) { return s[0] == '-' && s[1] != '\0' && s[2] == '\0' && strchr("nzefdrwxshLtpbcSugk", s[1]); }

static bool unary(char op, const char *s)
{
    struct stat st;
    switch (op) {
    case 'n': return *s != '\0';
    case 'z': return *s == '\0';
    case 'r': return access(s, R_OK) == 0;
    case 'w': return access(s, W_OK) == 0;
    case 'x': return access(s, X_OK) == 0;
    case 't': return isatty(atoi(s));
    case 'h':
    case 'L': return lstat(s, &st) == 0 && S_ISLNK(st.st_mode);
    default: break;
    }
    if (stat(s, &st) != 0)
        return false;
    switch (op) {
    case 'f': return S_ISREG(st.st_mode);
    case 'd': return S_ISDIR(st.st_mode);
    case 'p': return S_ISFIFO(st.st_mode);
    case 's': return st.st_size > 0;
    case 'b': return S_ISBLK(st.st_mode);
    case 'c': return S_ISCHR(st.st_mode);
    case 'S': return S_ISSOCK(st.st_mode);
    case 'u': return (st.st_mode & S_ISUID) != 0;
    case 'g': return (st.st_mode & S_ISGID) != 0;
    case 'k': return (st.st_mode & S_ISVTX) != 0;
    default: return true;
    }
}

/* Newer, older, the same file. */
static bool compare_files(const char *a, char how, const char *b)
{
    struct stat x, y;
    bool there = stat(a, &x) == 0, here = stat(b, &y) == 0;
    if (how == 'e')
        return there && here && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
    if (!there || !here)
        return how == 'n' ? there : here;
    bool same = x.st_mtim.tv_sec == y.st_mtim.tv_sec;
    bool newer = same ? x.st_mtim.tv_nsec > y.st_mtim.tv_nsec : x.st_mtim.tv_sec > y.st_mtim.tv_sec;
    bool older = same ? x.st_mtim.tv_nsec < y.st_mtim.tv_nsec : !newer;
    return how == 'n' ? newer : older;
}

static bool compare_numbers(const char *a, unsigned how, const char *b)
{
    long x, y;
    if (!number(a, &x) || !number(b, &y))
        return false;
    const bool results[] = {x == y, x != y, x < y, x <= y, x > y, x >= y};
    return results[how];
}

static bool binary(const char *a, const char *op, const char *b, bool *known)
{
    static const char *const numeric[] = {"-eq", "-ne", "-lt", "-le", "-gt", "-ge"};
    *known = true;
    if (strcmp(op, "=") == 0 || strcmp(op, "==") == 0)
        return strcmp(a, b) == 0;
    if (strcmp(op, "!=") == 0)
        return strcmp(a, b) != 0;
    if (strcmp(op, "<") == 0 || strcmp(op, ">") == 0)
        return *op == '<' ? strcmp(a, b) < 0 : strcmp(a, b) > 0;
    if (strcmp(op, "-nt") == 0 || strcmp(op, "-ot") == 0 || strcmp(op, "-ef") == 0)
        return compare_files(a, op[1], b);
    for (unsigned i = 0; i < 6; i++)
        if (strcmp(op, numeric[i]) == 0)
            return compare_numbers(a, i, b);
    *known = false;
    return false;
}

static char *take(void)
{
    left--;
    return *at++;
}

static bool disjunction(void);
static int depth;
#define DEPTH_MAX 64

/* From the parenthesis on. */
static bool enclosed(void)
{
    (void)take();
    bool value = ++depth <= DEPTH_MAX && disjunction();
    bad = bad || depth > DEPTH_MAX || left == 0 || strcmp(*at, ")") != 0;
    depth--;
    if (left > 0)
        (void)take();
    return value;
}

static bool primary(void)
{
    bool known, value;
    if (left == 0) {
        bad = true;
        return false;
    }
    if (left >= 3) {
        value = binary(at[0], at[1], at[2], &known);
        if (known) {
            at += 3;
            left -= 3;
            return value;
        }
    }
    if (strcmp(at[0], "!") == 0 && left > 1) {
        bool negated = false;
        while (left > 1 && strcmp(at[0], "!") == 0 && !(left >= 3 && (binary(at[0], at[1], at[2], &known), known))) {
            (void)take();
            negated = !negated;
        }
        return primary() != negated;
    }
    if (strcmp(at[0], "(") == 0 && left > 2)
        return enclosed();
    if (left >= 2 && is_unary(at[0])) {
        char op = take()[1];
        return unary(op, take());
    }
    return *take() != '\0';
}

static bool conjunction(void)
{
    bool value = primary();
    while (left > 0 && strcmp(*at, "-a") == 0) {
        (void)take();
        value = primary() && value;
    }
    return value;
}

static bool disjunction(void)
{
    bool value = conjunction();
    while (left > 0 && strcmp(*at, "-o") == 0) {
        (void)take();
        value = conjunction() || value;
    }
    return value;
}

int builtin_test(char **words)
{
    int n = 0;
    while (words[n + 1] != NULL)
        n++;
    at = words + 1;
    left = n;
    bad = false;
    if (strcmp(words[0], "[") == 0) {
        if (n == 0 || strcmp(words[n], "]") != 0)
            return complain(2, "[", "the ] is missing");
        left--;
    }
    if (left == 0)
        return 1;
    depth = 0;
    bool value = disjunction();
    if (bad || left > 0)
        return complain(2, words[0], "this expression is not understood");
    return value ? 0 : 1;
}
