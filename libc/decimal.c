/* SPDX-License-Identifier: MIT
 * Exact conversion between binary and decimal (decimal.h). The number in between has a base of 10^9 and a point:
 *
 *   word[0] ... word[point - 1] . word[point] ... word[count - 1]
 *
 * Multiplying by a power of two grows it at the front, dividing at the back, since 10^9 is a multiple of 2^9. Nothing is rounded
 * before the end.
 */
#include "decimal.h"

#include <alloca.h>
#include <math.h>
#include <string.h>

#define BASE 1000000000u
#define DIGITS 9         /* of a word */
#define UP 29            /* bits of one multiplication: (BASE - 1) * 2^29 + carry fits 64 bits */
#define DOWN 9           /* bits of one division: BASE is a multiple of 2^9 */
#define LDOUBLE_BITS 113 /* of which the first is not stored */
#define LDOUBLE_BIAS 16383
#define LDOUBLE_EXPONENT 0x7fff

struct big {
    uint32_t *word;      /* the first that is used; there is room before it and behind it */
    long count, point;
};

static void big_multiply(struct big *b, unsigned bits)
{
    uint64_t carry = 0;
    for (long i = b->count - 1; i >= 0; i--) {
        uint64_t v = ((uint64_t)b->word[i] << bits) + carry;
        b->word[i] = (uint32_t)(v % BASE);
        carry = v / BASE;
    }
    if (carry != 0) {
        *--b->word = (uint32_t)carry;
        b->count++;
        b->point++;
    }
    while (b->count > b->point && b->word[b->count - 1] == 0)
        b->count--;
}

static void big_divide(struct big *b, unsigned bits)
{
    uint32_t rest = 0, mask = (1u << bits) - 1, unit = BASE >> bits;
    for (long i = 0; i < b->count; i++) {
        uint32_t v = b->word[i];
        b->word[i] = (v >> bits) + rest * unit;
        rest = v & mask;
    }
    if (rest != 0)
        b->word[b->count++] = rest * unit;
    while (b->point > 0 && b->count > 0 && b->word[0] == 0) {
        b->word++;
        b->count--;
        b->point--;
    }
}

/* The parts of x, which is finite and not zero: x = m * 2^*exponent, m odd. */
static unsigned __int128 split(long double x, int *exponent)
{
    unsigned __int128 bits, hidden = (unsigned __int128)1 << (LDOUBLE_BITS - 1);
    memcpy(&bits, &x, sizeof bits);
    int e = (int)(bits >> (LDOUBLE_BITS - 1)) & LDOUBLE_EXPONENT;
    unsigned __int128 m = (bits & (hidden - 1)) | (e != 0 ? hidden : 0);
    *exponent = (e != 0 ? e : 1) - LDOUBLE_BIAS - (LDOUBLE_BITS - 1);
    unsigned zeros = (uint64_t)m != 0 ? (unsigned)__builtin_ctzll((uint64_t)m) : 64 + (unsigned)__builtin_ctzll((uint64_t)(m >> 64));
    *exponent += (int)zeros;
    return m >> zeros;
}

static long double power_of_two(int n)
{
    unsigned __int128 bits = (unsigned __int128)(unsigned)(n + LDOUBLE_BIAS) << (LDOUBLE_BITS - 1);
    long double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Words before and behind the point, with one to spare on each side. */
static void extent(int exponent, long *whole, long *part)
{
    int top = exponent + LDOUBLE_BITS;
    *whole = (top > 0 ? top : 0) / UP + 6;
    *part = (exponent < 0 ? -exponent : 0) / DOWN + 2;
}

size_t __decimal_bytes(long double x)
{
    int exponent;
    long whole, part;
    if (x == 0)
        return 0;
    (void)split(x, &exponent);
    extent(exponent, &whole, &part);
    return (size_t)(whole + part) * (sizeof(uint32_t) + DIGITS);
}

static void to_digits(const struct big *b, struct decimal *out)
{
    char *to = out->digit;
    for (long i = 0; i < b->count; i++) {
        uint32_t v = b->word[i];
        for (int k = DIGITS - 1; k >= 0; k--) {
            to[k] = (char)(v % 10);
            v /= 10;
        }
        to += DIGITS;
    }
    out->count = to - out->digit;
    out->point = b->point * DIGITS;
    while (out->count > 0 && out->digit[0] == 0) {
        out->digit++;
        out->count--;
        out->point--;
    }
    while (out->count > 0 && out->digit[out->count - 1] == 0)
        out->count--;
    if (out->count == 0)
        out->point = 1;
}

void __decimal_of(long double x, void *memory, struct decimal *out)
{
    int exponent;
    long whole, part;
    *out = (struct decimal){.digit = memory, .count = 0, .point = 1};
    if (x == 0)
        return;
    unsigned __int128 m = split(x, &exponent);
    extent(exponent, &whole, &part);
    struct big b = {.word = (uint32_t *)memory + whole};
    for (; m != 0; m /= BASE) {
        *--b.word = (uint32_t)(m % BASE);
        b.count++;
        b.point++;
    }
    for (int left = exponent; left > 0; left -= UP)
        big_multiply(&b, left < UP ? (unsigned)left : UP);
    for (int left = -exponent; left > 0; left -= DOWN)
        big_divide(&b, left < DOWN ? (unsigned)left : DOWN);
    out->digit = (char *)((uint32_t *)memory + whole + part);
    to_digits(&b, out);
}

void __decimal_round(struct decimal *d, long keep)
{
    if (keep >= d->count || d->count == 0)
        return;
    bool up = false;
    if (keep >= 0) {
        char next = d->digit[keep];
        bool tie = next == 5 && keep + 1 == d->count;
        up = tie ? keep > 0 && d->digit[keep - 1] % 2 != 0 : next >= 5;
    }
    d->count = keep > 0 ? keep : 0;
    while (up && d->count > 0 && d->digit[d->count - 1] == 9)
        d->count--;
    if (up && d->count > 0) {
        d->digit[d->count - 1]++;
    } else if (up) { /* all nines, or nothing was kept: one of the next place */
        d->digit[0] = 1;
        d->count = 1;
        d->point++;
    }
    while (d->count > 0 && d->digit[d->count - 1] == 0)
        d->count--;
}

/* ---- the other way ---- */

static void from_digits(const struct decimal *d, struct big *b)
{
    long first = (d->point % DIGITS + DIGITS) % DIGITS; /* digits of the first word */
    b->point = (d->point - first) / DIGITS + (first != 0);
    b->count = 0;
    long i = first != 0 ? first - DIGITS : 0;
    for (; i < d->count; i += DIGITS) {
        uint32_t v = 0;
        for (long k = i; k < i + DIGITS; k++)
            v = v * 10 + (uint32_t)(k >= 0 && k < d->count ? d->digit[k] : 0);
        b->word[b->count++] = v;
    }
    for (; b->point < 0; b->point++) { /* zeros between the point and the first digit */
        *--b->word = 0;
        b->count++;
    }
    for (; b->count < b->point; b->count++)
        b->word[b->count] = 0;
}

/* At least the bits of the whole part: a word has fewer than 30. */
static int top_bit(const struct big *b)
{
    return (int)(b->point - 1) * 30 + (32 - __builtin_clz(b->word[0]));
}

static unsigned __int128 whole_part(const struct big *b)
{
    unsigned __int128 m = 0;
    for (long i = 0; i < b->point; i++)
        m = m * BASE + (i < b->count ? b->word[i] : 0);
    return m;
}

/* What is behind the point, compared with a half. */
static int compare_half(const struct big *b, bool more)
{
    uint32_t first = b->point < b->count ? b->word[b->point] : 0;
    if (first != BASE / 2)
        return first < BASE / 2 ? -1 : 1;
    for (long i = b->point + 1; i < b->count; i++)
        more = more || b->word[i] != 0;
    return more ? 1 : 0;
}

static bool is_exact(const struct big *b, bool more)
{
    for (long i = b->point; i < b->count; i++)
        more = more || b->word[i] != 0;
    return !more;
}

/* Move by powers of two until the whole part has `digits` bits, or fewer at the smallest exponent. Returns the exponent. */
static int scale(struct big *b, const struct binary *format)
{
    const unsigned __int128 limit = (unsigned __int128)1 << format->digits;
    int exponent = 0, least = format->exp_min - format->digits;
    while (b->point > 4 || whole_part(b) >= limit) { /* bound: bits of the number */
        int over = b->point > 4 ? DOWN : 1;
        if (b->point <= 4 && whole_part(b) >= limit << DOWN)
            over = DOWN;
        big_divide(b, (unsigned)over);
        exponent += over;
    }
    while (exponent > least && whole_part(b) < limit / 2) { /* bound: bits of the number */
        int under = b->point > 0 ? format->digits - 1 - top_bit(b) : UP;
        under = under > UP ? UP : under < 1 ? 1 : under;
        under = under > exponent - least ? exponent - least : under;
        big_multiply(b, (unsigned)under);
        exponent -= under;
        while (b->point > 4 || whole_part(b) >= limit) {
            big_divide(b, 1);
            exponent++;
        }
    }
    return exponent;
}

/* Words of memory for the number and all that scale() makes of it; *front: how many before its first digit. */
static long words_for(const struct decimal *d, long *front)
{
    long before = d->point < 0 ? -d->point : 0, whole = d->point > 0 ? d->point : 0;
    *front = before / DIGITS + 16;
    return *front + whole / DIGITS + d->count / DIGITS + whole * 4 / DOWN + 32; /* 10^whole < 2^(4 * whole) */
}

static int bits_of(unsigned __int128 m)
{
    return m >> 64 != 0 ? 128 - __builtin_clzll((uint64_t)(m >> 64)) : m != 0 ? 64 - __builtin_clzll((uint64_t)m) : 0;
}

long double __binary_compose(unsigned __int128 m, int exponent)
{
    long double x = (long double)m;
    if (exponent >= 1 - LDOUBLE_BIAS)
        return x * power_of_two(exponent);
    return x * power_of_two(1 - LDOUBLE_BIAS) * power_of_two(exponent - (1 - LDOUBLE_BIAS));
}

long double __decimal_to(const struct decimal *d, bool more, const struct binary *format, bool *range)
{
    *range = d->count > 0;
    if (d->count == 0 || d->point < (format->exp_min - format->digits) / 3 - 1)
        return 0;
    if (d->point > format->exp_max / 3 + 1)
        return (long double)INFINITY;
    long front, words = words_for(d, &front);
    struct big b = {.word = (uint32_t *)alloca((size_t)words * sizeof(uint32_t)) + front};
    from_digits(d, &b);
    int exponent = scale(&b, format);
    unsigned __int128 m = whole_part(&b);
    int half = compare_half(&b, more);
    bool exact = is_exact(&b, more);
    if (half > 0 || (half == 0 && m % 2 != 0))
        m++;
    *range = bits_of(m) + exponent > format->exp_max;
    if (*range)
        return (long double)INFINITY;
    *range = bits_of(m) < format->digits && !exact;
    return __binary_compose(m, exponent);
}
