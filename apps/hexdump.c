/* SPDX-License-Identifier: MIT
 * Bytes as hexadecimal numbers and as text.
 */
#include "tool.h"

#include <ctype.h>

static const char tool_name[] = "hexdump";
static const char tool_help[] = "usage: hexdump [FILE...]\nPrints offset, bytes and text of the files, 16 bytes a line.\n";

#define ROW 16

static int dump(FILE *in, const char *name)
{
    unsigned char row[ROW];
    size_t n;
    unsigned long offset = 0;
    (void)name;
    while ((n = fread(row, 1, ROW, in)) > 0) {
        printf("%08lx ", offset);
        for (size_t i = 0; i < ROW; i++) {
            if (i < n)
                printf("%s%02x ", i == ROW / 2 ? " " : "", row[i]);
            else
                printf("%s   ", i == ROW / 2 ? " " : "");
        }
        printf(" |");
        for (size_t i = 0; i < n; i++)
            putchar(isprint(row[i]) ? row[i] : '.');
        puts("|");
        offset += n;
    }
    printf("%08lx\n", offset);
    return 0;
}

int main(int argc, char **argv)
{
    tool_start(argc, argv);
    return tool_end(tool_each(argv + 1, dump));
}
