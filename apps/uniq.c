/* SPDX-License-Identifier: MIT
 * Equal lines in a row once.
 */
#include "tool.h"

static const char tool_name[] = "uniq";
static const char tool_help[] = "usage: uniq [-c] [FILE...]\nPrints equal lines that follow each other once; -c with how many they were.\n";

static bool counting;
static char *before;
static unsigned long times;

static void flush_line(void)
{
    if (before != NULL && counting)
        printf("%7lu %s\n", times, before);
    else if (before != NULL)
        puts(before);
    free(before);
    before = NULL;
}

static int see(FILE *in, const char *name)
{
    char *line;
    size_t len;
    (void)name;
    while ((line = tool_line(in, &len)) != NULL) {
        if (before != NULL && strcmp(before, line) == 0) {
            times++;
            continue;
        }
        flush_line();
        times = 1;
        if ((before = strdup(line)) == NULL)
            exit(tool_error("memory"));
    }
    return 0;
}

int main(int argc, char **argv)
{
    tool_start(argc, argv);
    counting = argc > 1 && strcmp(argv[1], "-c") == 0;
    if (argc > 1 && argv[1][0] == '-' && argv[1][1] != '\0' && !counting)
        tool_usage();
    int status = tool_each(argv + 1 + counting, see);
    flush_line();
    return tool_end(status);
}
