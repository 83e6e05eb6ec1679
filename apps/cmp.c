/* SPDX-License-Identifier: MIT
 * Where two files begin to differ.
 */
#include "tool.h"

static const char tool_name[] = "cmp";
static const char tool_help[] = "usage: cmp [-l | -s] FILE1 FILE2\nSays where the files begin to differ; -l: each byte that does, -s: nothing.\n"
                                "Status 0: they are equal, 1: they differ, 2: an error.\n";

static bool lists, silent;

static FILE *open_input(const char *name)
{
    FILE *in = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");
    if (in == NULL) {
        (void)tool_error(name);
        exit(TOOL_USAGE_STATUS);
    }
    return in;
}

static int ended(const char *name)
{
    fflush(stdout);
    if (!silent)
        fprintf(stderr, "cmp: EOF on %s\n", name);
    return 1;
}

static int compare(FILE *a, FILE *b, char **names)
{
    unsigned long byte = 1, line = 1;
    int status = 0;
    for (;; byte++) { /* bound: the files */
        int x = getc(a), y = getc(b);
        if (ferror(a) || ferror(b)) {
            (void)tool_error(names[ferror(a) ? 0 : 1]);
            return TOOL_USAGE_STATUS;
        }
        if (x == EOF || y == EOF)
            return x == y ? status : ended(names[x == EOF ? 0 : 1]);
        if (x != y && !lists) {
            if (!silent)
                printf("%s %s differ: char %lu, line %lu\n", names[0], names[1], byte, line);
            return 1;
        }
        if (x != y)
            printf("%lu %o %o\n", byte, (unsigned)x, (unsigned)y);
        status |= x != y;
        line += x == '\n';
    }
}

int main(int argc, char **argv)
{
    int option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "ls")) != 0) {
        lists = lists || option == 'l';
        silent = silent || option == 's';
    }
    if (argc - tool_at != 2)
        tool_usage();
    FILE *a = open_input(argv[tool_at]), *b = open_input(argv[tool_at + 1]);
    return tool_end(compare(a, b, argv + tool_at));
}
