/* SPDX-License-Identifier: MIT
 * scanf()'s conversions. An input item is the longest run of bytes that could begin a match; what follows it is not taken.
 */
#include "stream.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_MAX 1024 /* characters of one number */
#define SET_BYTES 256

struct input {
    FILE *f;
    long taken; /* bytes so far */
};

struct item {
    bool skip;    /* * */
    bool make;    /* m */
    long width;   /* 0: none given */
    int size;     /* bytes of an integer: 1 2 4 8; 16: L */
    char conversion;
    bool set[SET_BYTES];
};

static int next(struct input *in)
{
    int c = __stream_get(in->f);
    in->taken += c != EOF;
    return c;
}

/* Give back what next() returned. It is still in the buffer, which may be a constant string. */
static void back(struct input *in, int c)
{
    if (c == EOF)
        return;
    in->f->pos--;
    in->taken--;
}

static int skip_blanks(struct input *in)
{
    int c;
    do { /* bound: the input */
        c = next(in);
    } while (c != EOF && isspace(c));
    back(in, c);
    return c;
}

/* ---- reading a conversion ---- */

static const char *set_read(const char *at, struct item *item)
{
    bool negated = *at == '^', first = true;
    memset(item->set, negated, sizeof item->set);
    for (at += negated; *at != '\0' && (*at != ']' || first); at++) {
        unsigned char from = (unsigned char)*at, to = from;
        if (at[1] == '-' && at[2] != ']' && at[2] != '\0') {
            to = (unsigned char)at[2];
            at += 2;
        }
        for (unsigned c = from; c <= to; c++)
            item->set[c] = !negated;
        first = false;
    }
    return *at == ']' ? at + 1 : NULL;
}

static const char *length_read(const char *at, struct item *item)
{
    item->size = 4;
    switch (*at) {
    case 'h': item->size = at[1] == 'h' ? 1 : 2; break;
    case 'l': case 'q': case 'j': case 'z': case 't': item->size = 8; break;
    case 'L': item->size = 16; break;
    default: return at;
    }
    return at + ((*at == 'h' || *at == 'l') && at[1] == *at ? 2 : 1);
}

/* From behind the %; NULL: there is no such conversion. */
static const char *item_read(const char *at, struct item *item)
{
    *item = (struct item){.skip = *at == '*'};
    at += item->skip;
    for (; isdigit((unsigned char)*at); at++)
        item->width = item->width < NUMBER_MAX << 10 ? item->width * 10 + (*at - '0') : item->width;
    item->make = *at == 'm';
    at += item->make;
    at = length_read(at, item);
    item->conversion = *at;
    if (*at == '[')
        return set_read(at + 1, item);
    return *at != '\0' && strchr("diouxXpaAeEfFgGscn%", *at) != NULL ? at + 1 : NULL;
}

/* ---- texts ---- */

static bool belongs(const struct item *item, int c)
{
    return item->conversion == 'c' || (item->conversion == 's' ? !isspace(c) : item->set[c]);
}

/* Room for one more byte in a text that %m makes. */
static char *room_for(char **text, size_t *size, size_t n)
{
    if (n < *size)
        return *text;
    size_t want = *size == 0 ? 32 : *size * 2;
    char *made = realloc(*text, want);
    if (made == NULL)
        return NULL;
    *text = made;
    *size = want;
    return made;
}

enum outcome { MATCHED, MISMATCH, ENDED };

static enum outcome text_scan(struct input *in, const struct item *item, void *target)
{
    char *to = item->make ? NULL : target;
    size_t n = 0, size = 0, width = item->width != 0 ? (size_t)item->width : item->conversion == 'c' ? 1 : SIZE_MAX;
    int c = 0;
    for (; n < width; n++) { /* bound: the width, or the input */
        c = next(in);
        if (c == EOF || !belongs(item, c))
            break;
        if (!item->skip && item->make && room_for(&to, &size, n + 1) == NULL)
            return ENDED;
        if (!item->skip)
            to[n] = (char)c;
    }
    if (n < width)
        back(in, c);
    bool good = item->conversion == 'c' ? n == width : n > 0;
    if (!item->skip && good) {
        if (item->conversion != 'c')
            to[n] = '\0';
        if (item->make)
            *(char **)target = to;
    } else if (item->make) {
        free(to);
    }
    return good ? MATCHED : c == EOF && n == 0 ? ENDED : MISMATCH;
}

/* ---- numbers ---- */

struct digits {
    char text[NUMBER_MAX + 1];
    size_t n, width;
};

/* The next byte if it is one of these; taken and kept. */
static bool accept(struct input *in, struct digits *d, const char *these)
{
    if (d->n >= d->width)
        return false;
    int c = next(in);
    if (c != EOF && c != '\0' && strchr(these, c) != NULL) {
        d->text[d->n++] = (char)c;
        return true;
    }
    back(in, c);
    return false;
}

static bool accept_all(struct input *in, struct digits *d, const char *these)
{
    bool any = false;
    while (accept(in, d, these)) /* bound: the width */
        any = true;
    return any;
}

#define DECIMAL "0123456789"
#define HEXADECIMAL DECIMAL "abcdefABCDEF"

static void integer_store(const struct item *item, void *target, uint64_t value)
{
    switch (item->size) {
    case 1: *(uint8_t *)target = (uint8_t)value; break;
    case 2: *(uint16_t *)target = (uint16_t)value; break;
    case 4: *(uint32_t *)target = (uint32_t)value; break;
    default: *(uint64_t *)target = value; break;
    }
}

static int base_of(char conversion)
{
    return conversion == 'o' ? 8 : conversion == 'd' || conversion == 'u' ? 10 : conversion == 'i' ? 0 : 16;
}

static bool integer_scan(struct input *in, struct item *item, void *target)
{
    struct digits d = {.width = item->width != 0 && item->width < NUMBER_MAX ? (size_t)item->width : NUMBER_MAX};
    int base = base_of(item->conversion);
    (void)accept(in, &d, "+-");
    bool any = accept(in, &d, "0");
    if (any && (base == 0 || base == 16) && accept(in, &d, "xX")) {
        base = 16;
        any = false;
    } else if (any && base == 0) {
        base = 8;
    }
    any = accept_all(in, &d, base == 16 ? HEXADECIMAL : base == 8 ? "01234567" : DECIMAL) || any;
    if (!any)
        return false;
    d.text[d.n] = '\0';
    if (item->conversion == 'p')
        item->size = 8;
    bool is_signed = item->conversion == 'd' || item->conversion == 'i';
    int kept = errno;
    uint64_t value = is_signed ? (uint64_t)strtoll(d.text, NULL, base) : strtoull(d.text, NULL, base);
    errno = kept;
    if (!item->skip)
        integer_store(item, target, value);
    return true;
}

/* The letters of a word, whatever their case, as many as there are. How many. */
static size_t accept_word(struct input *in, struct digits *d, const char *word)
{
    size_t n = 0;
    for (; word[n] != '\0'; n++) {
        const char both[3] = {word[n], (char)toupper(word[n]), '\0'};
        if (!accept(in, d, both))
            break;
    }
    return n;
}

static bool real_digits(struct input *in, struct digits *d)
{
    const char *digits = DECIMAL, *letter = "eE";
    bool any = accept(in, d, "0");
    if (any && accept(in, d, "xX")) {
        digits = HEXADECIMAL;
        letter = "pP";
        any = false;
    }
    any = accept_all(in, d, digits) || any;
    if (accept(in, d, "."))
        any = accept_all(in, d, digits) || any;
    if (!any)
        return false;
    if (!accept(in, d, letter))
        return true;
    (void)accept(in, d, "+-");
    return accept_all(in, d, DECIMAL);
}

static bool real_scan(struct input *in, const struct item *item, void *target)
{
    struct digits d = {.width = item->width != 0 && item->width < NUMBER_MAX ? (size_t)item->width : NUMBER_MAX};
    (void)accept(in, &d, "+-");
    size_t word = accept_word(in, &d, "inf");
    bool good = word == 3;
    if (word == 3) {
        word = accept_word(in, &d, "inity");
        good = word == 0 || word == 5;
    } else if (word == 0 && (word = accept_word(in, &d, "nan")) != 0) {
        good = word == 3;
    } else if (word == 0) {
        good = real_digits(in, &d);
    }
    if (!good)
        return false;
    d.text[d.n] = '\0';
    if (item->skip)
        return true;
    if (item->size == 8)
        *(double *)target = strtod(d.text, NULL);
    else if (item->size == 16)
        *(long double *)target = strtold(d.text, NULL);
    else
        *(float *)target = strtof(d.text, NULL);
    return true;
}

/* ---- all of it ---- */

static enum outcome item_scan(struct input *in, struct item *item, va_list *ap)
{
    bool is_text = strchr("sc[", item->conversion) != NULL;
    if (strchr("c[", item->conversion) == NULL && skip_blanks(in) == EOF)
        return ENDED;
    void *target = item->skip ? NULL : va_arg(*ap, void *);
    if (is_text)
        return text_scan(in, item, target);
    bool real = strchr("aAeEfFgG", item->conversion) != NULL;
    return (real ? real_scan(in, item, target) : integer_scan(in, item, target)) ? MATCHED : MISMATCH;
}

/* One thing of the format that is no conversion with an argument. 0: the input is otherwise. */
static int literal_scan(struct input *in, int wanted)
{
    if (isspace(wanted))
        return (void)skip_blanks(in), MATCHED;
    int c = next(in);
    if (c == wanted)
        return MATCHED;
    back(in, c);
    return c == EOF ? ENDED : MISMATCH;
}

static int run(struct input *in, const char *format, va_list *ap)
{
    struct item item;
    int stored = 0;
    while (*format != '\0') { /* bound: the format */
        enum outcome outcome;
        if (*format != '%') {
            outcome = literal_scan(in, (unsigned char)*format++);
        } else {
            format = item_read(format + 1, &item);
            if (format == NULL)
                return stored;
            if (item.conversion == 'n') {
                if (!item.skip)
                    integer_store(&item, va_arg(*ap, void *), (uint64_t)in->taken);
                continue;
            }
            if (item.conversion == '%')
                outcome = skip_blanks(in) == EOF ? ENDED : literal_scan(in, '%');
            else
                outcome = item_scan(in, &item, ap);
            stored += outcome == MATCHED && !item.skip && item.conversion != '%';
        }
        if (outcome != MATCHED)
            return outcome == ENDED && stored == 0 ? EOF : stored;
    }
    return stored;
}

int vfscanf(FILE *restrict f, const char *restrict format, va_list ap)
{
    va_list copy;
    struct input in = {.f = f};
    va_copy(copy, ap);
    flockfile(f);
    int result = __stream_to_read(f) == 0 ? run(&in, format, &copy) : EOF;
    funlockfile(f);
    va_end(copy);
    return result;
}

int vsscanf(const char *restrict s, const char *restrict format, va_list ap)
{
    static const struct __stream_ops nothing;
    unsigned char *bytes = (unsigned char *)(uintptr_t)s;
    FILE f = {.buffer = bytes, .pos = bytes, .fd = -1, .ops = &nothing, .flags = STREAM_READ | STREAM_READING};
    f.size = strlen(s);
    f.end = bytes + f.size;
    return vfscanf(&f, format, ap);
}

int vscanf(const char *restrict format, va_list ap) { return vfscanf(stdin, format, ap); }

int scanf(const char *restrict format, ...) { FORWARD(vfscanf(stdin, format, ap)); }
int fscanf(FILE *restrict f, const char *restrict format, ...) { FORWARD(vfscanf(f, format, ap)); }
int sscanf(const char *restrict s, const char *restrict format, ...) { FORWARD(vsscanf(s, format, ap)); }
