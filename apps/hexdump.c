/* SPDX-License-Identifier: MIT
 * Bytes as hexadecimal numbers and as text.
 */
#include "tool.h"

#include <ctype.h>

static const char tool_name[] = "hexdump";
static const char tool_help[] = "usage: hexdump [-C] [-v] [-n BYTES] [-s BYTES] [FILE...]\n"
                                "Prints offset, bytes and text of the files, one behind the other, 16 bytes a line; a line as the one before is a *.\n"
                                "-n: so many bytes; -s: not the first BYTES; -v: every line; -C is what it does anyway.\n";

#define ROW 16

static unsigned char row[ROW], before[ROW];
static size_t held; /* bytes in row */
static unsigned long offset, skip, most = ~0UL;
static bool every, starred, has_before;

static void print_row(void)
{
    printf("%08lx ", offset);
    for (size_t i = 0; i < ROW; i++) {
        printf("%s", i == 0 || i == ROW / 2 ? " " : "");
        if (i < held)
            printf("%02x ", row[i]);
        else
            printf("   ");
    }
    printf(" |");
    for (size_t i = 0; i < held; i++)
        putchar(isprint(row[i]) ? row[i] : '.');
    puts("|");
}

static void put_row(void)
{
    bool same = !every && has_before && held == ROW && memcmp(row, before, ROW) == 0;
    if (same && !starred)
        puts("*");
    starred = same;
    if (!same)
        print_row();
    memcpy(before, row, ROW);
    has_before = held == ROW;
    offset += held;
    held = 0;
}

static int dump(FILE *in, const char *name)
{
    int c;
    (void)name;
    for (; skip > 0 && getc(in) != EOF; offset++)
        skip--;
    for (; most > 0 && (c = getc(in)) != EOF; most--) {
        row[held++] = (unsigned char)c;
        if (held == ROW)
            put_row();
    }
    return 0;
}

static unsigned long number(const char *text)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 0);
    if (!isdigit((unsigned char)*text) || *end != '\0' || errno != 0)
        tool_usage();
    return n;
}

int main(int argc, char **argv)
{
    int option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "Cvn:s:")) != 0) {
        every = every || option == 'v';
        if (option == 'n')
            most = number(tool_arg);
        else if (option == 's')
            skip = number(tool_arg);
    }
    int status = tool_each(argv + tool_at, dump);
    if (held > 0)
        put_row();
    if (offset > 0)
        printf("%08lx\n", offset);
    return tool_end(status);
}
