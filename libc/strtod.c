/* SPDX-License-Identifier: MIT
 * strtod() and its kin: the nearest number, however many digits there are. All are read as C11 says: decimal, hexadecimal,
 * infinities, NaNs.
 */
#include "decimal.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct binary single = {FLT_MANT_DIG, FLT_MIN_EXP, FLT_MAX_EXP};
static const struct binary twofold = {DBL_MANT_DIG, DBL_MIN_EXP, DBL_MAX_EXP};
static const struct binary fourfold = {LDBL_MANT_DIG, LDBL_MIN_EXP, LDBL_MAX_EXP};

#define EXPONENT_MAX 100000000L
#define FAST_DIGITS 15 /* 10^15 < 2^53 */
#define FAST_POWER 22  /* 10^22 is a double */

/* e[+-]n behind a number; without digits it does not belong to it. */
static const char *exponent_read(const char *at, char letter, long *out)
{
    const char *p = at + 1;
    *out = 0;
    if ((*at | 0x20) != letter)
        return at;
    bool negative = *p == '-';
    p += *p == '-' || *p == '+';
    if (!isdigit((unsigned char)*p))
        return at;
    for (; isdigit((unsigned char)*p); p++)
        if (*out < EXPONENT_MAX)
            *out = *out * 10 + (*p - '0');
    *out = negative ? -*out : *out;
    return p;
}

/* What a decimal number's digits are; `digit` has room for so many. */
struct scan {
    char *digit;
    long room, count, dropped, point;
    bool more, any;
};

static void scan_digit(struct scan *s, char c, bool whole)
{
    s->any = true;
    if (s->count == 0 && c == '0') { /* zeros in front */
        s->point -= whole ? 0 : 1;
        return;
    }
    if (s->count < s->room)
        s->digit[s->count++] = (char)(c - '0');
    else
        s->more = s->more || c != '0';
    s->point += whole ? 1 : 0;
}

static const char *scan_decimal(const char *at, struct scan *s)
{
    for (; isdigit((unsigned char)*at); at++)
        scan_digit(s, *at, true);
    if (*at == '.') {
        const char *behind = at + 1;
        for (; isdigit((unsigned char)*behind); behind++)
            scan_digit(s, *behind, false);
        at = s->any ? behind : at;
    }
    if (!s->any)
        return at;
    long e;
    at = exponent_read(at, 'e', &e);
    s->point += e;
    while (s->count > 0 && s->digit[s->count - 1] == 0 && !s->more)
        s->count--;
    return at;
}

/* Few digits and a small power: one operation, which rounds once, is the answer. */
static bool is_easy(const struct scan *s, const struct binary *format, long double *out)
{
    static const double power[FAST_POWER + 1] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
                                                 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    long e = s->point - s->count;
    if (format != &twofold || s->count > FAST_DIGITS || e < -FAST_POWER || e > FAST_POWER)
        return false;
    uint64_t m = 0;
    for (long i = 0; i < s->count; i++)
        m = m * 10 + (uint64_t)s->digit[i];
    *out = e < 0 ? (double)m / power[-e] : (double)m * power[e];
    return true;
}

static long double decimal_read(const char *at, const char **end, const struct binary *format)
{
    size_t length = 0;
    while (isdigit((unsigned char)at[length]) || at[length] == '.')
        length++;
    struct scan s = {.room = (long)(length < DECIMAL_DIGITS_MAX ? length : DECIMAL_DIGITS_MAX)};
    char few[64];
    s.digit = length <= sizeof few ? few : malloc((size_t)s.room);
    if (s.digit == NULL) {
        s.digit = few;
        s.room = sizeof few;
    }
    *end = scan_decimal(at, &s);
    long double x = 0;
    bool range = false;
    if (!is_easy(&s, format, &x)) {
        const struct decimal d = {s.digit, s.count, s.point};
        x = __decimal_to(&d, s.more, format, &range);
    }
    if (s.digit != few)
        free(s.digit);
    if (range)
        errno = ERANGE;
    if (!s.any)
        *end = NULL;
    return x;
}

/* ---- hexadecimal ---- */

static int hex_value(char c) { return isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10; }

/* m * 2^e with bits lost below m (more) to the format. */
static long double round_binary(unsigned __int128 m, long e, bool more, const struct binary *format)
{
    int bits = m >> 64 ? 128 - __builtin_clzll((uint64_t)(m >> 64)) : m ? 64 - __builtin_clzll((uint64_t)m) : 0;
    long least = format->exp_min - format->digits, over = bits - format->digits;
    if (bits == 0)
        return 0;
    if (e + over < least)
        over = least - e;
    if (over > 126) {
        errno = ERANGE;
        return 0;
    }
    bool lost = more;
    if (over > 0) {
        unsigned __int128 unit = (unsigned __int128)1 << over, rest = m & (unit - 1);
        lost = lost || rest != 0;
        bool up = rest > unit / 2 || (rest == unit / 2 && (more || (m & unit) != 0));
        m = (m >> over) + up;
        e += over;
    }
    if (m >> format->digits != 0) {
        m >>= 1;
        e++;
    }
    int now = m >> 64 ? 128 - __builtin_clzll((uint64_t)(m >> 64)) : m ? 64 - __builtin_clzll((uint64_t)m) : 0;
    if (now + e > format->exp_max) {
        errno = ERANGE;
        return (long double)INFINITY;
    }
    if (lost && now < format->digits && e == least)
        errno = ERANGE;
    return __binary_compose(m, (int)e);
}

static long double hexadecimal_read(const char *at, const char **end, const struct binary *format)
{
    unsigned __int128 m = 0;
    long e = 0, given;
    bool more = false, any = false, behind = false;
    const char *p = at;
    for (;; p++) { /* bound: the number */
        if (*p == '.' && !behind) {
            behind = true;
            continue;
        }
        if (!isxdigit((unsigned char)*p))
            break;
        any = true;
        if (m >> 120 == 0) {
            m = m << 4 | (unsigned)hex_value(*p);
            e -= behind ? 4 : 0;
        } else {
            more = more || *p != '0';
            e += behind ? 0 : 4;
        }
    }
    *end = any ? exponent_read(p, 'p', &given) : NULL;
    return any ? round_binary(m, e + given, more, format) : 0;
}

/* nan, nan(letters), inf, infinity */
static const char *word_read(const char *at, long double *out)
{
    if (strncasecmp(at, "inf", 3) == 0) {
        *out = (long double)INFINITY;
        return at + (strncasecmp(at, "infinity", 8) == 0 ? 8 : 3);
    }
    if (strncasecmp(at, "nan", 3) != 0)
        return NULL;
    *out = (long double)NAN;
    const char *p = at + 3;
    if (*p != '(')
        return p;
    for (p++; isalnum((unsigned char)*p) || *p == '_'; p++)
        ;
    return *p == ')' ? p + 1 : at + 3;
}

static long double number_read(const char *text, char **end, const struct binary *format)
{
    const char *at = text, *after = NULL;
    long double x = 0;
    while (isspace((unsigned char)*at))
        at++;
    bool negative = *at == '-';
    at += *at == '-' || *at == '+';
    if (*at == '0' && (at[1] | 0x20) == 'x')
        x = hexadecimal_read(at + 2, &after, format);
    if (after == NULL)
        after = word_read(at, &x);
    if (after == NULL)
        x = decimal_read(at, &after, format);
    if (end != NULL)
        *end = (char *)(uintptr_t)(after != NULL ? after : text);
    return negative ? -x : x;
}

double strtod(const char *restrict s, char **restrict end) { return (double)number_read(s, end, &twofold); }
float strtof(const char *restrict s, char **restrict end) { return (float)number_read(s, end, &single); }
long double strtold(const char *restrict s, char **restrict end) { return number_read(s, end, &fourfold); }
double atof(const char *s) { return strtod(s, NULL); }

/* There is one locale. */
double strtod_l(const char *restrict s, char **restrict end, locale_t l) { return (void)l, strtod(s, end); }
float strtof_l(const char *restrict s, char **restrict end, locale_t l) { return (void)l, strtof(s, end); }
long double strtold_l(const char *restrict s, char **restrict end, locale_t l) { return (void)l, strtold(s, end); }
