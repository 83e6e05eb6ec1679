/* SPDX-License-Identifier: MIT
 * Bytes as numbers.
 */
#include "tool.h"

#include <ctype.h>
#include <inttypes.h>

static const char tool_name[] = "od";
static const char tool_help[] = "usage: od [-A d|o|x|n] [-j BYTES] [-N BYTES] [-t TYPE]... [-v] [-bcdox] [FILE...]\n"
                                "Prints bytes as numbers, octal words when not told how. TYPE: c or a characters, d u o x numbers, with their size\n"
                                "behind them (1 2 4 8); -v: equal rows, too.\n";

#define ROW 16
#define TYPES_MAX 8

static struct {
    char kind;
    unsigned size;
} types[TYPES_MAX];
static unsigned types_n;
static char base = 'o';
static bool every;
static unsigned long skip, most = ~0UL, offset;
static unsigned char row[ROW], before[ROW];
static size_t row_n;
static bool starred, any_row;

static void add_type(char kind, unsigned size)
{
    if (types_n == TYPES_MAX)
        tool_usage();
    types[types_n].kind = kind;
    types[types_n++].size = size;
}

static void read_type(const char *s)
{
    while (*s != '\0') {
        char kind = *s++;
        unsigned size = 4;
        if (strchr("acduox", kind) == NULL)
            tool_usage();
        if (kind == 'a' || kind == 'c')
            size = 1;
        else if (*s >= '1' && *s <= '8')
            size = (unsigned)(*s++ - '0');
        else if (*s != '\0' && strchr("CSIL", *s) != NULL)
            size = *s == 'C' ? 1 : *s == 'S' ? 2 : *s == 'I' ? 4 : 8, s++;
        if (size != 1 && size != 2 && size != 4 && size != 8)
            tool_usage();
        add_type(kind, size);
    }
}

static void print_offset(void)
{
    if (base != 'n')
        printf(base == 'x' ? "%06lx" : base == 'd' ? "%07lu" : "%07lo", offset);
}

static void print_character(unsigned char c)
{
    static const char signs[] = "\a\b\f\n\r\t\v", letters[] = "abfnrtv";
    const char *sign = c != '\0' ? strchr(signs, c) : NULL;
    if (c == '\0')
        printf("  \\0");
    else if (sign != NULL)
        printf("  \\%c", letters[sign - signs]);
    else if (isprint(c))
        printf("   %c", c);
    else
        printf(" %03o", c);
}

static uint64_t value_at(size_t at, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = size; i-- > 0;)
        value = value << 8 | (at + i < row_n ? row[at + i] : 0);
    return value;
}

static void print_number(uint64_t value, char kind, unsigned size)
{
    static const unsigned char octal[] = {0, 3, 6, 0, 11, 0, 0, 0, 22}, hex[] = {0, 2, 4, 0, 8, 0, 0, 0, 16}, decimal[] = {0, 4, 6, 0, 11, 0, 0, 0, 20};
    if (kind == 'o')
        printf(" %0*" PRIo64, octal[size], value);
    else if (kind == 'x')
        printf(" %0*" PRIx64, hex[size], value);
    else if (kind == 'u')
        printf(" %*" PRIu64, decimal[size] - (size == 1 || size == 4), value);
    else
        printf(" %*" PRId64, decimal[size], (int64_t)(value << (64 - 8 * size)) >> (64 - 8 * size));
}

static void print_row(void)
{
    bool same = any_row && row_n == ROW && memcmp(row, before, ROW) == 0;
    if (same && !every) {
        if (!starred)
            puts("*");
        starred = true;
        return;
    }
    starred = false;
    for (unsigned t = 0; t < types_n; t++) {
        if (t == 0)
            print_offset();
        else if (base != 'n')
            printf("%7s", "");
        for (size_t i = 0; i < row_n; i += types[t].size) {
            if (types[t].kind == 'c' || types[t].kind == 'a')
                print_character(row[i]);
            else
                print_number(value_at(i, types[t].size), types[t].kind, types[t].size);
        }
        putchar('\n');
    }
    memcpy(before, row, ROW);
    any_row = true;
}

static void flush_row(void)
{
    if (row_n == 0)
        return;
    print_row();
    offset += row_n;
    row_n = 0;
}

static int dump(FILE *in, const char *name)
{
    (void)name;
    for (int c; most > 0 && (c = getc(in)) != EOF;) {
        if (skip > 0) {
            skip--;
            offset++;
            continue;
        }
        row[row_n++] = (unsigned char)c;
        most--;
        if (row_n == ROW)
            flush_row();
    }
    return 0;
}

static unsigned long amount(const char *text)
{
    char *end;
    unsigned long n = strtoul(text, &end, 0);
    if (*text == '\0' || *text == '-' || *end != '\0')
        tool_usage();
    return n;
}

int main(int argc, char **argv)
{
    int option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "A:j:N:t:vbcdox")) != 0) {
        switch (option) {
        case 'A': base = *tool_arg; break;
        case 'j': skip = amount(tool_arg); break;
        case 'N': most = amount(tool_arg); break;
        case 't': read_type(tool_arg); break;
        case 'v': every = true; break;
        case 'b': add_type('o', 1); break;
        case 'c': add_type('c', 1); break;
        case 'd': add_type('u', 2); break;
        case 'o': add_type('o', 2); break;
        default: add_type('x', 2); break;
        }
    }
    if (strchr("doxn", base) == NULL)
        tool_usage();
    if (types_n == 0)
        add_type('o', 2);
    int status = tool_each(argv + tool_at, dump);
    flush_row();
    print_offset();
    if (base != 'n')
        putchar('\n');
    return tool_end(status);
}
