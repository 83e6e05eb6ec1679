/* SPDX-License-Identifier: MIT
 * The value of words. Older than the shell's $((...)); what is left for it are texts and patterns.
 */
#include "tool.h"

#include <inttypes.h>
#include <regex.h>

static const char tool_name[] = "expr";
static const char tool_help[] = "usage: expr EXPRESSION\nPrints its value: A | B, A & B, A = B, A != B, < <= > >=, + -, * / %, TEXT : PATTERN, ( )\n"
                                "Status 0, 1: the value is empty or 0, 2: a mistake.\n";

#define DEPTH_MAX 64

static char **at;
static unsigned depth;

static _Noreturn void fail(const char *why)
{
    fprintf(stderr, "expr: %s\n", why);
    exit(TOOL_USAGE_STATUS);
}

static bool is_number(const char *s)
{
    s += *s == '-';
    return *s != '\0' && s[strspn(s, "0123456789")] == '\0';
}

static int64_t number(const char *s)
{
    if (!is_number(s))
        fail("not a number");
    errno = 0;
    int64_t n = strtoll(s, NULL, 10);
    if (errno != 0)
        fail("a number is too large");
    return n;
}

static char *text_of(int64_t n)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, n);
    char *copy = strdup(text);
    if (copy == NULL)
        exit(tool_error("memory"));
    return copy;
}

static bool is_null(const char *s) { return *s == '\0' || (is_number(s) && number(s) == 0); }

static bool take(const char *sign)
{
    if (*at == NULL || strcmp(*at, sign) != 0)
        return false;
    at++;
    return true;
}

static char *any_of(void);

static char *operand(void)
{
    if (take("(")) {
        if (++depth > DEPTH_MAX)
            fail("too deep");
        char *value = any_of();
        depth--;
        if (!take(")"))
            fail("a ) is missing");
        return value;
    }
    if (*at == NULL)
        fail("a word is missing");
    return *at++;
}

/* The part in \( \), or how many characters match from the beginning on. */
static char *match(const char *text, const char *pattern)
{
    regex_t expression;
    regmatch_t found[2] = {{-1, -1}, {-1, -1}};
    char *whole = malloc(strlen(pattern) + 2);
    if (whole == NULL)
        exit(tool_error("memory"));
    sprintf(whole, "^%s", *pattern == '^' ? pattern + 1 : pattern);
    if (regcomp(&expression, whole, 0) != 0)
        fail("not a pattern");
    bool parts = strstr(pattern, "\\(") != NULL, matches = regexec(&expression, text, 2, found, 0) == 0;
    regfree(&expression);
    free(whole);
    if (!parts)
        return text_of(matches ? found[0].rm_eo : 0);
    char *part = matches && found[1].rm_so >= 0 ? strdup(text + found[1].rm_so) : strdup("");
    if (part == NULL)
        exit(tool_error("memory"));
    if (matches && found[1].rm_so >= 0)
        part[found[1].rm_eo - found[1].rm_so] = '\0';
    return part;
}

static char *matched(void)
{
    char *value = operand();
    while (take(":"))
        value = match(value, operand());
    return value;
}

static char *product(void)
{
    char *value = matched();
    for (;;) { /* bound: the words */
        int64_t n;
        if (take("*")) {
            if (__builtin_mul_overflow(number(value), number(matched()), &n))
                fail("the value is too large");
        } else if (*at != NULL && (strcmp(*at, "/") == 0 || strcmp(*at, "%") == 0)) {
            char sign = **at++;
            int64_t a = number(value), b = number(matched());
            if (b == 0)
                fail("division by zero");
            n = b == -1 ? (sign == '/' ? (int64_t)(0 - (uint64_t)a) : 0) : sign == '/' ? a / b : a % b;
        } else {
            return value;
        }
        value = text_of(n);
    }
}

static char *sum(void)
{
    char *value = product();
    for (;;) { /* bound: the words */
        int64_t n;
        bool plus = take("+");
        if (!plus && !take("-"))
            return value;
        char *other = product();
        if (plus ? __builtin_add_overflow(number(value), number(other), &n) : __builtin_sub_overflow(number(value), number(other), &n))
            fail("the value is too large");
        value = text_of(n);
    }
}

static char *comparison(void)
{
    static const char *const signs[] = {"=", "!=", "<", "<=", ">", ">=", "=="};
    char *value = sum();
    for (unsigned i = 0; *at != NULL && i < 7;) { /* bound: the words */
        if (!take(signs[i])) {
            i++;
            continue;
        }
        char *other = sum();
        bool numbers = is_number(value) && is_number(other);
        int order = numbers ? (number(value) > number(other)) - (number(value) < number(other)) : strcmp(value, other);
        const bool results[] = {order == 0, order != 0, order < 0, order <= 0, order > 0, order >= 0, order == 0};
        value = text_of(results[i]);
        i = 0;
    }
    return value;
}

static char *all_of(void)
{
    char *value = comparison();
    while (take("&")) {
        char *other = comparison();
        value = is_null(value) || is_null(other) ? text_of(0) : value;
    }
    return value;
}

static char *any_of(void)
{
    char *value = all_of();
    while (take("|")) {
        char *other = all_of();
        value = !is_null(value) ? value : !is_null(other) ? other : text_of(0);
    }
    return value;
}

int main(int argc, char **argv)
{
    tool_start(argc, argv);
    at = argv + 1 + (argc > 1 && strcmp(argv[1], "--") == 0);
    if (*at == NULL)
        tool_usage();
    char *value = any_of();
    if (*at != NULL)
        fail("a sign is missing between words");
    puts(value);
    return tool_end(is_null(value) ? 1 : 0);
}
