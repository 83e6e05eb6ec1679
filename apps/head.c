/* SPDX-License-Identifier: MIT
 * The beginnings of files.
 */
#include "tool.h"

static const char tool_name[] = "head";
static const char tool_help[] = "usage: head [-n LINES | -LINES | -c BYTES] [FILE...]\nPrints the first 10 lines, or as many as told.\n";

static long most = 10;
static bool bytes, titled;
static unsigned files;

static int first(FILE *in, const char *name)
{
    long n = 0;
    if (titled)
        printf("%s==> %s <==\n", files++ > 0 ? "\n" : "", strcmp(name, "-") == 0 ? "standard input" : name);
    for (int c; n < most && (c = getc(in)) != EOF;) {
        putchar(c);
        n += bytes || c == '\n';
    }
    return 0;
}

int main(int argc, char **argv)
{
    int option;
    tool_start(argc, argv);
    tool_count(argv);
    while ((option = tool_option(argv, "n:c:")) != 0) {
        most = tool_number(tool_arg);
        bytes = option == 'c';
    }
    if (most < 0)
        tool_usage();
    titled = argc - tool_at > 1;
    return tool_end(tool_each(argv + tool_at, first));
}
