/* SPDX-License-Identifier: MIT
 * Counts lines, words and bytes.
 */
#include "tool.h"

#include <ctype.h>

static const char tool_name[] = "wc";
static const char tool_help[] = "usage: wc [-l] [-w] [-c | -m] [FILE...]\nCounts lines, words, bytes; all three when not told which; -m characters.\n";

static bool lines, words, bytes, characters;
static unsigned long total[3];
static int files;

static void show(const unsigned long n[3], const char *name)
{
    const bool wanted[3] = {lines, words, bytes};
    const char *gap = "";
    for (int i = 0; i < 3; i++) {
        if (wanted[i])
            printf("%s%lu", gap, n[i]);
        if (wanted[i])
            gap = " ";
    }
    printf("%s%s\n", strcmp(name, "-") != 0 ? " " : "", strcmp(name, "-") != 0 ? name : "");
}

static int count(FILE *in, const char *name)
{
    unsigned long n[3] = {0};
    bool inside = false;
    for (int c; (c = getc(in)) != EOF;) {
        n[0] += c == '\n';
        n[1] += !isspace(c) && !inside;
        inside = !isspace(c);
        n[2] += !characters || (c & 0xc0) != 0x80;
    }
    show(n, name);
    for (int i = 0; i < 3; i++)
        total[i] += n[i];
    files++;
    return 0;
}

int main(int argc, char **argv)
{
    int option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "lwcm")) != 0) {
        lines = lines || option == 'l';
        words = words || option == 'w';
        bytes = bytes || option == 'c' || option == 'm';
        characters = characters || option == 'm';
    }
    if (!lines && !words && !bytes)
        lines = words = bytes = true;
    int status = tool_each(argv + tool_at, count);
    if (files > 1)
        show(total, "total");
    return tool_end(status);
}
