/* SPDX-License-Identifier: MIT
 * printf()'s conversions: reads the format, finds the arguments, hands each to what writes it. Numbered arguments (%1$d) are
 * collected first, since their types are known only then.
 */
#include "format.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define NUMBERED_MAX 32 /* arguments with numbers, as POSIX's NL_ARGMAX wants at least 9 */

void __sink_pad(struct __sink *s, char c, long n)
{
    char run[32];
    if (n <= 0)
        return;
    memset(run, c, sizeof run);
    for (; n > 0; n -= (long)sizeof run)
        __sink_put(s, run, n < (long)sizeof run ? (size_t)n : sizeof run);
}

/* ---- reading a conversion ---- */

static const char *flags_read(const char *at, struct spec *spec)
{
    static const char letters[] = "-+ #0'";
    for (const char *found; *at != '\0' && (found = strchr(letters, *at)) != NULL; at++)
        spec->flags |= 1u << (found - letters);
    return at;
}

/* A number, or -1 when it does not fit. */
static const char *number_read(const char *at, long *out)
{
    long n = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        n = n < 0 || n > INT_MAX / 10 - 1 ? -1 : n * 10 + (*at - '0');
    *out = n;
    return at;
}

/* A width or precision: a number, or * with the place of its argument. */
static const char *size_read(const char *at, long *value, int *argument)
{
    *argument = 0;
    if (*at != '*')
        return number_read(at, value);
    long n;
    const char *end = number_read(at + 1, &n);
    *argument = *end == '$' && n > 0 ? (int)n : ARGUMENT_NEXT;
    *value = 0;
    return *end == '$' && n > 0 ? end + 1 : at + 1;
}

static const char *length_read(const char *at, struct spec *spec)
{
    switch (*at) {
    case 'h': spec->length = at[1] == 'h' ? LENGTH_CHAR : LENGTH_SHORT; break;
    case 'l': spec->length = LENGTH_LONG; break; /* as long long, intmax_t, size_t, ptrdiff_t: 64 bits */
    case 'q': case 'j': case 'z': case 't': spec->length = LENGTH_LONG; break;
    case 'L': spec->length = LENGTH_LDOUBLE; break;
    default: return at;
    }
    return at + ((*at == 'h' || *at == 'l') && at[1] == *at ? 2 : 1);
}

/* From behind the %. Returns what follows the conversion; NULL: it is none. */
static const char *spec_read(const char *at, struct spec *spec)
{
    long n;
    *spec = (struct spec){.precision = -1, .argument = ARGUMENT_NEXT};
    const char *end = number_read(at, &n);
    if (*end == '$' && n > 0) {
        spec->argument = (int)n;
        at = end + 1;
    }
    at = flags_read(at, spec);
    at = size_read(at, &spec->width, &spec->width_argument);
    if (*at == '.')
        at = size_read(at + 1, &spec->precision, &spec->precision_argument);
    bool fits = spec->width >= 0 && (spec->precision >= -1);
    at = length_read(at, spec);
    spec->conversion = *at;
    if (*at == '\0' || strchr("diouxXeEfFgGaAcsCSpnm%", *at) == NULL || !fits) {
        errno = *at != '\0' && !fits ? EOVERFLOW : EINVAL;
        return NULL;
    }
    return at + 1;
}

/* ---- arguments ---- */

static enum type type_of(const struct spec *spec)
{
    if (strchr("eEfFgGaA", spec->conversion) != NULL)
        return spec->length == LENGTH_LDOUBLE ? TYPE_LDOUBLE : TYPE_DOUBLE;
    if (strchr("sSpn", spec->conversion) != NULL || spec->length == LENGTH_LONG || spec->length == LENGTH_LDOUBLE)
        return strchr("cC", spec->conversion) != NULL ? TYPE_INT : TYPE_WORD;
    return strchr("m%", spec->conversion) != NULL ? TYPE_NONE : TYPE_INT;
}

static union value pull(enum type type, va_list *ap)
{
    union value v = {.word = 0};
    switch (type) {
    case TYPE_INT: v.word = (uint64_t)(int64_t)va_arg(*ap, int); break;
    case TYPE_WORD: v.word = va_arg(*ap, uint64_t); break;
    case TYPE_DOUBLE: v.real = va_arg(*ap, double); break;
    case TYPE_LDOUBLE: v.real = va_arg(*ap, long double); break;
    case TYPE_NONE: break;
    }
    return v;
}

struct arguments {
    va_list ap;
    bool numbered;
    union value value[NUMBERED_MAX];
};

static bool mark(enum type *types, int argument, enum type type)
{
    if (argument == 0 || type == TYPE_NONE)
        return true;
    if (argument == ARGUMENT_NEXT || argument > NUMBERED_MAX) {
        errno = EINVAL; /* all or none are numbered */
        return false;
    }
    types[argument - 1] = type;
    return true;
}

/* All arguments of a format with numbers. */
static int arguments_collect(struct arguments *a, const char *format)
{
    enum type types[NUMBERED_MAX];
    struct spec spec;
    memset(types, 0, sizeof types);
    for (const char *at = strchr(format, '%'); at != NULL; at = strchr(at, '%')) {
        at = spec_read(at + 1, &spec);
        if (at == NULL || !mark(types, spec.argument, type_of(&spec)) || !mark(types, spec.width_argument, TYPE_INT) ||
            !mark(types, spec.precision_argument, TYPE_INT))
            return -1;
    }
    for (unsigned i = 0; i < NUMBERED_MAX; i++)
        a->value[i] = pull(types[i], &a->ap);
    return 0;
}

static union value argument(struct arguments *a, int number, enum type type)
{
    return a->numbered ? a->value[number - 1] : pull(type, &a->ap);
}

static void sizes_find(struct arguments *a, struct spec *spec)
{
    if (spec->width_argument != 0) {
        spec->width = (int)argument(a, spec->width_argument, TYPE_INT).word;
        if (spec->width < 0) {
            spec->flags |= FLAG_LEFT;
            spec->width = -spec->width;
        }
    }
    if (spec->precision_argument != 0) {
        spec->precision = (int)argument(a, spec->precision_argument, TYPE_INT).word;
        if (spec->precision < 0)
            spec->precision = -1;
    }
}

/* ---- conversions ---- */

static void put_padded(struct __sink *s, const struct spec *spec, const char *text, size_t len)
{
    if (!(spec->flags & FLAG_LEFT))
        __sink_pad(s, ' ', spec->width - (long)len);
    __sink_put(s, text, len);
    if (spec->flags & FLAG_LEFT)
        __sink_pad(s, ' ', spec->width - (long)len);
}

static void put_string(struct __sink *s, const struct spec *spec, const char *text)
{
    if (text == NULL)
        text = spec->precision >= 0 && spec->precision < 6 ? "" : "(null)";
    put_padded(s, spec, text, spec->precision >= 0 ? strnlen(text, (size_t)spec->precision) : strlen(text));
}

/* Bytes of a wide string within the precision; -1: a character that there is not. */
static long wide_length(const struct spec *spec, const wchar_t *text)
{
    char bytes[16];
    long total = 0;
    for (; *text != 0; text++) {
        int n = wctomb(bytes, *text);
        if (n < 0)
            return -1;
        if (spec->precision >= 0 && total + n > spec->precision)
            break;
        total += n;
    }
    return total;
}

static int put_wide(struct __sink *s, const struct spec *spec, const wchar_t *text)
{
    long len = text != NULL ? wide_length(spec, text) : 0;
    char bytes[16];
    if (text == NULL)
        return put_string(s, spec, NULL), 0;
    if (len < 0) {
        errno = EILSEQ;
        return -1;
    }
    if (!(spec->flags & FLAG_LEFT))
        __sink_pad(s, ' ', spec->width - len);
    for (long left = len; left > 0; text++) {
        int n = wctomb(bytes, *text);
        __sink_put(s, bytes, (size_t)n);
        left -= n;
    }
    if (spec->flags & FLAG_LEFT)
        __sink_pad(s, ' ', spec->width - len);
    return 0;
}

/* %n */
static void store_count(const struct spec *spec, void *to, size_t count)
{
    switch (spec->length) {
    case LENGTH_CHAR: *(signed char *)to = (signed char)count; break;
    case LENGTH_SHORT: *(short *)to = (short)count; break;
    case LENGTH_LONG: *(long *)to = (long)count; break;
    default: *(int *)to = (int)count; break;
    }
}

static int put_character(struct __sink *s, const struct spec *spec, uint64_t value)
{
    if (spec->conversion == 'C' || spec->length == LENGTH_LONG) {
        const wchar_t text[2] = {(wchar_t)value, 0};
        struct spec whole = *spec;
        whole.precision = -1;
        if (value != 0)
            return put_wide(s, &whole, text);
    }
    char c = (char)value;
    put_padded(s, spec, &c, 1);
    return 0;
}

static int convert(struct __sink *s, const struct spec *spec, union value v)
{
    switch (spec->conversion) {
    case '%': __sink_put(s, "%", 1); return 0;
    case 'm': put_string(s, spec, strerror(errno)); return 0;
    case 'n': store_count(spec, (void *)(uintptr_t)v.word, s->count); return 0;
    case 'c': case 'C': return put_character(s, spec, v.word);
    case 'S': return put_wide(s, spec, (const wchar_t *)(uintptr_t)v.word);
    case 's':
        if (spec->length == LENGTH_LONG)
            return put_wide(s, spec, (const wchar_t *)(uintptr_t)v.word);
        put_string(s, spec, (const char *)(uintptr_t)v.word);
        return 0;
    case 'd': case 'i': case 'o': case 'u': case 'x': case 'X': case 'p':
        __format_integer(s, spec, v.word);
        return 0;
    default: __format_real(s, spec, v.real); return 0;
    }
}

static int run(struct __sink *s, const char *format, struct arguments *a)
{
    struct spec spec;
    int kept = errno;
    while (*format != '\0') { /* bound: the format */
        const char *next = strchr(format, '%');
        size_t plain = next != NULL ? (size_t)(next - format) : strlen(format);
        if (plain > 0)
            __sink_put(s, format, plain);
        if (next == NULL)
            break;
        format = spec_read(next + 1, &spec);
        if (format == NULL)
            return -1;
        sizes_find(a, &spec);
        enum type type = type_of(&spec);
        union value v = {.word = 0};
        if (type != TYPE_NONE)
            v = argument(a, spec.argument, type);
        errno = kept; /* for %m */
        if (convert(s, &spec, v) != 0)
            return -1;
    }
    if (s->count <= INT_MAX)
        return 0;
    errno = EOVERFLOW;
    return -1;
}

/* Whether the first conversion that takes an argument has a number; then all have. */
static bool is_numbered(const char *format)
{
    for (const char *at = strchr(format, '%'); at != NULL; at = strchr(at + 2, '%')) {
        long n;
        if (at[1] == '%')
            continue;
        const char *end = number_read(at + 1, &n);
        return end > at + 1 && *end == '$';
    }
    return false;
}

static int run_numbered(struct __sink *s, const char *format, struct arguments *a)
{
    return arguments_collect(a, format) == 0 ? run(s, format, a) : -1;
}

int __format(struct __sink *s, const char *format, va_list ap)
{
    struct arguments a;
    va_copy(a.ap, ap);
    a.numbered = is_numbered(format);
    int result = a.numbered ? run_numbered(s, format, &a) : run(s, format, &a);
    va_end(a.ap);
    return result;
}
