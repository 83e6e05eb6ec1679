/* SPDX-License-Identifier: MIT
 * echo and printf. printf is also a program (apps/SConscript), so nothing here knows the shell but complain().
 */
#include "shared.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


/* The character that the escape at *s means, which moves behind it. -1: \c, nothing more; zero_first: octal numbers begin with 0. */
static int escaped(const char **s, bool zero_first)
{
    static const char letters[] = "abfnrtv\\", meanings[] = "\a\b\f\n\r\t\v\\";
    const char *at = *s + 1, *letter = *at != '\0' ? strchr(letters, *at) : NULL;
    if (letter != NULL) {
        *s = at + 1;
        return (unsigned char)meanings[letter - letters];
    }
    if (*at == 'c') {
        *s = at + 1;
        return -1;
    }
    if (*at < '0' || *at > '7' || (zero_first && *at != '0')) {
        *s = at;
        return '\\';
    }
    int value = 0;
    at += zero_first;
    for (int i = 0; i < 3 && *at >= '0' && *at <= '7'; i++)
        value = value * 8 + *at++ - '0';
    *s = at;
    return value & 0xff;
}

/* False: \c came. */
static bool print_escaped(const char *s)
{
    while (*s != '\0') {
        int c = *s != '\\' ? (unsigned char)*s++ : escaped(&s, true);
        if (c < 0)
            return false;
        putchar(c);
    }
    return true;
}

int builtin_echo(char **words)
{
    bool newline = words[1] == NULL || strcmp(words[1], "-n") != 0;
    for (char **w = words + 1 + !newline; *w != NULL; w++) {
        if (!print_escaped(*w))
            return 0;
        if (w[1] != NULL)
            putchar(' ');
    }
    if (newline)
        putchar('\n');
    return 0;
}

/* ---- printf ---- */

struct format {
    char **words; /* not used yet */
    int status;
    bool ended;   /* by \c */
};

static const char *take(struct format *f) { return *f->words != NULL ? *f->words++ : NULL; }

static void judge(struct format *f, const char *text, const char *end)
{
    if (errno != 0)
        f->status = complain(1, text, strerror(errno));
    else if (*text == '\0' || *end != '\0')
        f->status = complain(1, text, "not a number, or not as a whole");
}

/* A number, or the value of the character behind a quote. */
static intmax_t number(struct format *f)
{
    const char *text = take(f);
    char *end;
    if (text == NULL)
        return 0;
    if (*text == '\'' || *text == '"')
        return (unsigned char)text[1];
    errno = 0;
    intmax_t n = *text == '-' ? strtoimax(text, &end, 0) : (intmax_t)strtoumax(text, &end, 0);
    judge(f, text, end);
    return n;
}

static double real(struct format *f)
{
    const char *text = take(f);
    char *end;
    if (text == NULL)
        return 0;
    errno = 0;
    double n = strtod(text, &end);
    judge(f, text, end);
    return n;
}

static void print_text(struct format *f, const char *spec)
{
    const char *text = take(f);
    printf(spec, text != NULL ? text : "");
}

/* %b: a text with escapes. Width and precision do not matter to it in any script that works elsewhere, so they are not taken. */
static void print_b(struct format *f)
{
    const char *text = take(f);
    f->ended = text != NULL && !print_escaped(text);
}

static void print_one(struct format *f, char *spec, size_t n, char kind)
{
    const char *text;
    if (strchr("diouxX", kind) != NULL) {
        spec[n] = 'j';
        spec[n + 1] = kind;
        printf(spec, number(f));
    } else if (strchr("eEfFgGaA", kind) != NULL) {
        spec[n] = kind;
        printf(spec, real(f));
    } else if (kind == 'c') {
        text = take(f);
        spec[n] = 'c';
        if (text != NULL && *text != '\0')
            printf(spec, *text);
    } else {
        spec[n] = 's';
        print_text(f, spec);
    }
}

/* Digits at *s, or a word for a *; as text behind spec. */
static size_t put_size(struct format *f, const char **s, char *spec)
{
    char *end;
    if (**s == '*') {
        *s += 1;
        return (size_t)sprintf(spec, "%d", (int)number(f) % 10000);
    }
    long n = strtol(*s, &end, 10);
    bool given = end != *s && isdigit((unsigned char)**s);
    *s = given ? end : *s;
    return given ? (size_t)sprintf(spec, "%ld", n % 10000) : 0;
}

/* At a %; moves behind the conversion. */
static void convert(struct format *f, const char **s)
{
    char spec[40] = "%";
    size_t n = 1;
    *s += 1;
    for (; **s != '\0' && strchr("-+ #0", **s) != NULL; *s += 1)
        if (n < 8)
            spec[n++] = **s;
    n += put_size(f, s, spec + n);
    if (**s == '.') {
        spec[n++] = '.';
        *s += 1;
        n += put_size(f, s, spec + n);
    }
    char kind = **s;
    *s += kind != '\0';
    if (kind == '%')
        putchar('%');
    else if (kind == 'b')
        print_b(f);
    else if (kind != '\0' && strchr("diouxXeEfFgGaAcs", kind) != NULL)
        print_one(f, spec, n, kind);
    else
        f->status = complain(1, spec, "this conversion is not understood");
}

static void print_format(struct format *f, const char *s)
{
    while (*s != '\0' && !f->ended) {
        if (*s == '%') {
            convert(f, &s);
        } else if (*s == '\\') {
            int c = escaped(&s, false);
            f->ended = c < 0;
            if (c >= 0)
                putchar(c);
        } else {
            putchar(*s++);
        }
    }
}

int builtin_printf(char **words)
{
    words++;
    if (*words != NULL && strcmp(*words, "--") == 0)
        words++;
    if (*words == NULL)
        return complain(2, "printf", "usage: printf FORMAT [WORD...]");
    struct format f = {.words = words + 1};
    char **before;
    do { /* again as long as it takes words */
        before = f.words;
        print_format(&f, words[0]);
    } while (*f.words != NULL && f.words != before && !f.ended);
    return f.status;
}
