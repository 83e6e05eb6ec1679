/* SPDX-License-Identifier: MIT
 * test, also called [: one expression, as the standard has it for up to four words, joined by -a and -o.
 */
#include "sh.h"

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

static bool is_unary(const char *s) { return s[0] == '-' && s[1] != '\0' && s[2] == '\0' && strchr("nzefdrwxshLtp", s[1]); }

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
    default: return true;
    }
}

static bool binary(const char *a, const char *op, const char *b, bool *known)
{
    static const char *const numeric[] = {"-eq", "-ne", "-lt", "-le", "-gt", "-ge"};
    long x = 0, y = 0;
    *known = true;
    if (strcmp(op, "=") == 0 || strcmp(op, "==") == 0)
        return strcmp(a, b) == 0;
    if (strcmp(op, "!=") == 0)
        return strcmp(a, b) != 0;
    for (unsigned i = 0; i < 6; i++) {
        if (strcmp(op, numeric[i]) != 0)
            continue;
        if (!number(a, &x) || !number(b, &y))
            return false;
        const bool results[] = {x == y, x != y, x < y, x <= y, x > y, x >= y};
        return results[i];
    }
    *known = false;
    return false;
}

static char *take(void)
{
    left--;
    return *at++;
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
        (void)take();
        return !primary(); /* bound: the words */
    }
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
            return complain(STATUS_SYNTAX, "[", "the ] is missing");
        left--;
    }
    if (left == 0)
        return 1;
    bool value = conjunction();
    while (left > 0 && strcmp(*at, "-o") == 0) {
        (void)take();
        value = conjunction() || value;
    }
    if (bad || left > 0)
        return complain(STATUS_SYNTAX, words[0], "this expression is not understood");
    return value ? 0 : 1;
}
