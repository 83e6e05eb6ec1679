/* SPDX-License-Identifier: MIT
 * printf()'s floating-point numbers: every digit exact, rounded half to even, as many as are asked for.
 */
#include "format.h"

#include "decimal.h"

#include <alloca.h>
#include <math.h>
#include <string.h>

/* What is written of a number: digits of the decimal, with zeros where it has none. */
struct layout {
    const struct decimal *d;
    long whole, part;     /* digits before and behind the point */
    const char *exponent; /* "e+05", or "" */
    bool point;
};

static const char *sign_of(const struct spec *spec, bool negative)
{
    return negative ? "-" : spec->flags & FLAG_PLUS ? "+" : spec->flags & FLAG_BLANK ? " " : "";
}

static bool is_large(const struct spec *spec) { return spec->conversion >= 'A' && spec->conversion <= 'Z'; }

/* n digits from the place `from` on (0: the first behind the decimal's own point at 0.). */
static void put_digits(struct __sink *s, const struct decimal *d, long from, long n)
{
    char text[64];
    long before = from < 0 ? (-from < n ? -from : n) : 0;
    __sink_pad(s, '0', before);
    from += before;
    n -= before;
    while (n > 0 && from < d->count) {
        long some = 0;
        for (; some < n && some < (long)sizeof text && from < d->count; from++)
            text[some++] = (char)('0' + d->digit[from]);
        __sink_put(s, text, (size_t)some);
        n -= some;
    }
    __sink_pad(s, '0', n);
}

static void put_layout(struct __sink *s, const struct spec *spec, const char *prefix, const struct layout *l)
{
    long body = l->whole + l->part + l->point + (long)strlen(l->exponent);
    long first = l->exponent[0] != '\0' ? 0 : l->d->point - l->whole; /* of the digits before the point */
    __format_front(s, spec, prefix, body);
    put_digits(s, l->d, first, l->whole);
    if (l->point)
        __sink_put(s, ".", 1);
    put_digits(s, l->d, first + l->whole, l->part);
    __sink_put(s, l->exponent, strlen(l->exponent));
    __format_back(s, spec, prefix, body);
}

/* "e-05", "p+1023": at least so many digits. */
static void exponent_text(char *to, char letter, long e, unsigned least)
{
    char digits[8], *end = digits + sizeof digits, *at = end;
    unsigned long n = e < 0 ? -(unsigned long)e : (unsigned long)e;
    for (; n != 0 || end - at < (long)least; n /= 10)
        *--at = (char)('0' + n % 10);
    *to++ = letter;
    *to++ = e < 0 ? '-' : '+';
    memcpy(to, at, (size_t)(end - at));
    to[end - at] = '\0';
}

static void put_fixed(struct __sink *s, const struct spec *spec, const char *prefix, struct decimal *d)
{
    long precision = spec->precision < 0 ? 6 : spec->precision;
    __decimal_round(d, d->point + precision);
    long whole = d->count > 0 && d->point > 1 ? d->point : 1;
    struct layout l = {d, whole, precision, "", precision > 0 || spec->flags & FLAG_OTHER};
    put_layout(s, spec, prefix, &l);
}

static void put_exponential(struct __sink *s, const struct spec *spec, const char *prefix, struct decimal *d)
{
    char exponent[16];
    long precision = spec->precision < 0 ? 6 : spec->precision;
    __decimal_round(d, precision + 1);
    exponent_text(exponent, is_large(spec) ? 'E' : 'e', d->count > 0 ? d->point - 1 : 0, 2);
    struct layout l = {d, 1, precision, exponent, precision > 0 || spec->flags & FLAG_OTHER};
    put_layout(s, spec, prefix, &l);
}

/* %g: one of the two, without zeros at the end. */
static void put_general(struct __sink *s, const struct spec *spec, const char *prefix, struct decimal *d)
{
    char exponent[16] = "";
    long significant = spec->precision < 0 ? 6 : spec->precision == 0 ? 1 : spec->precision;
    __decimal_round(d, significant);
    long e = d->count > 0 ? d->point - 1 : 0;
    bool fixed = e >= -4 && e < significant;
    long part = fixed ? significant - 1 - e : significant - 1, needed = fixed ? d->count - d->point : d->count - 1;
    if (!(spec->flags & FLAG_OTHER) && needed < part)
        part = needed > 0 ? needed : 0;
    if (!fixed)
        exponent_text(exponent, is_large(spec) ? 'E' : 'e', e, 2);
    long whole = fixed && d->count > 0 && d->point > 1 ? d->point : 1;
    struct layout l = {d, whole, part, exponent, part > 0 || spec->flags & FLAG_OTHER};
    put_layout(s, spec, prefix, &l);
}

/* ---- hexadecimal ---- */

#define NIBBLES 28 /* of a long double, behind the first bit */

/* x = 1.nnn * 2^*exponent as 28 nibbles; zero and subnormal numbers begin with 0, as the hardware's form has it. */
static unsigned __int128 nibbles_of(long double x, int *exponent)
{
    unsigned __int128 bits, hidden = (unsigned __int128)1 << 112;
    memcpy(&bits, &x, sizeof bits);
    int e = (int)(bits >> 112) & 0x7fff;
    bits &= hidden - 1;
    *exponent = e != 0 ? e - 16383 : bits != 0 ? -16382 : 0;
    return e != 0 ? bits | hidden : bits;
}

/* Keep so many nibbles, half to even. */
static unsigned __int128 nibbles_round(unsigned __int128 m, long keep)
{
    if (keep >= NIBBLES)
        return m;
    unsigned __int128 unit = (unsigned __int128)1 << (4 * (NIBBLES - keep)), rest = m & (unit - 1);
    m -= rest;
    if (rest > unit / 2 || (rest == unit / 2 && (m & unit) != 0))
        m += unit;
    return m;
}

static void put_hexadecimal(struct __sink *s, const struct spec *spec, const char *sign, long double x)
{
    const char *digit = is_large(spec) ? "0123456789ABCDEF" : "0123456789abcdef";
    char prefix[4], exponent[16], text[NIBBLES + 2];
    int e;
    unsigned __int128 m = nibbles_of(x, &e);
    long part = spec->precision;
    if (part >= 0)
        m = nibbles_round(m, part);
    else
        for (part = NIBBLES; part > 0 && (m >> (4 * (NIBBLES - part)) & 15) == 0;)
            part--;
    bool point = part > 0 || spec->flags & FLAG_OTHER;
    long have = part < NIBBLES ? part : NIBBLES, n = 0;
    text[n++] = digit[(unsigned)(m >> (4 * NIBBLES))];
    if (point)
        text[n++] = '.';
    for (long i = 1; i <= have; i++)
        text[n++] = digit[(unsigned)(m >> (4 * (NIBBLES - i))) & 15];
    strcpy(stpcpy(prefix, sign), is_large(spec) ? "0X" : "0x");
    exponent_text(exponent, is_large(spec) ? 'P' : 'p', e, 1);
    long body = n + (part - have) + (long)strlen(exponent);
    __format_front(s, spec, prefix, body);
    __sink_put(s, text, (size_t)n);
    __sink_pad(s, '0', part - have);
    __sink_put(s, exponent, strlen(exponent));
    __format_back(s, spec, prefix, body);
}

static void put_not_a_number(struct __sink *s, const struct spec *given, const char *sign, bool infinite)
{
    struct spec spec = *given;
    spec.flags &= ~(unsigned)FLAG_ZERO;
    __format_front(s, &spec, sign, 3);
    __sink_put(s, infinite ? (is_large(&spec) ? "INF" : "inf") : is_large(&spec) ? "NAN" : "nan", 3);
    __format_back(s, &spec, sign, 3);
}

void __format_real(struct __sink *s, const struct spec *spec, long double x)
{
    const char *sign = sign_of(spec, __builtin_signbit(x));
    struct decimal d;
    if (__builtin_isnan(x) || __builtin_isinf(x)) {
        put_not_a_number(s, spec, sign, __builtin_isinf(x));
        return;
    }
    char kind = (char)(spec->conversion | 0x20);
    if (kind == 'a') {
        put_hexadecimal(s, spec, sign, x);
        return;
    }
    __decimal_of(x, alloca(__decimal_bytes(x)), &d);
    if (kind == 'f')
        put_fixed(s, spec, sign, &d);
    else if (kind == 'e')
        put_exponential(s, spec, sign, &d);
    else
        put_general(s, spec, sign, &d);
}
