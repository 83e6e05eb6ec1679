/* SPDX-License-Identifier: MIT
 * printf()'s integers and pointers.
 */
#include "format.h"

#include <string.h>

void __format_front(struct __sink *s, const struct spec *spec, const char *prefix, long body)
{
    long pad = spec->width - (long)strlen(prefix) - body;
    bool zeros = (spec->flags & (FLAG_ZERO | FLAG_LEFT)) == FLAG_ZERO;
    if (!zeros && !(spec->flags & FLAG_LEFT))
        __sink_pad(s, ' ', pad);
    __sink_put(s, prefix, strlen(prefix));
    if (zeros)
        __sink_pad(s, '0', pad);
}

void __format_back(struct __sink *s, const struct spec *spec, const char *prefix, long body)
{
    if (spec->flags & FLAG_LEFT)
        __sink_pad(s, ' ', spec->width - (long)strlen(prefix) - body);
}

static int64_t narrowed(enum length length, uint64_t value)
{
    return length == LENGTH_CHAR ? (signed char)value : length == LENGTH_SHORT ? (short)value
         : length == LENGTH_INT ? (int)value : (int64_t)value;
}

static uint64_t narrowed_unsigned(enum length length, uint64_t value)
{
    return length == LENGTH_CHAR ? (unsigned char)value : length == LENGTH_SHORT ? (unsigned short)value
         : length == LENGTH_INT ? (unsigned)value : value;
}

static const char *sign_of(const struct spec *spec, bool negative)
{
    return negative ? "-" : spec->flags & FLAG_PLUS ? "+" : spec->flags & FLAG_BLANK ? " " : "";
}

/* Digits end at `end`; where they begin. Zero has none. */
static char *digits_of(uint64_t value, unsigned base, bool large, char *end)
{
    const char *digit = large ? "0123456789ABCDEF" : "0123456789abcdef";
    for (; value != 0; value /= base)
        *--end = digit[value % base];
    return end;
}

void __format_integer(struct __sink *s, const struct spec *given, uint64_t value)
{
    char text[24], *end = text + sizeof text;
    struct spec spec = *given;
    const char *prefix = "";
    bool is_pointer = spec.conversion == 'p', is_signed = spec.conversion == 'd' || spec.conversion == 'i';
    unsigned base = spec.conversion == 'o' ? 8 : is_signed || spec.conversion == 'u' ? 10 : 16;
    if (is_signed) {
        int64_t v = narrowed(spec.length, value);
        prefix = sign_of(&spec, v < 0);
        value = v < 0 ? -(uint64_t)v : (uint64_t)v;
    } else if (!is_pointer) {
        value = narrowed_unsigned(spec.length, value);
    }
    char *first = digits_of(value, base, spec.conversion == 'X', end);
    long count = end - first, least = spec.precision >= 0 ? spec.precision : 1;
    if (base == 8 && spec.flags & FLAG_OTHER && least <= count)
        least = count + 1;
    if (base == 16 && (is_pointer || (spec.flags & FLAG_OTHER && value != 0)))
        prefix = spec.conversion == 'X' ? "0X" : "0x";
    if (spec.precision >= 0)
        spec.flags &= ~(unsigned)FLAG_ZERO;
    long body = count > least ? count : least;
    __format_front(s, &spec, prefix, body);
    __sink_pad(s, '0', body - count);
    __sink_put(s, first, (size_t)count);
    __format_back(s, &spec, prefix, body);
}
