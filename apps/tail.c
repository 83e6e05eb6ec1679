/* SPDX-License-Identifier: MIT
 * The last lines.
 */
#include "tool.h"

static const char tool_name[] = "tail";
static const char tool_help[] = "usage: tail [-n LINES | -LINES] [FILE...]\nPrints the last 10 lines, or as many as told; -n +N: from line N on.\n";

#define MOST_MAX 100000

static long most = 10;
static bool from_start;

static int last(FILE *in, const char *name)
{
    char **kept = calloc((size_t)most + 1, sizeof *kept), *line;
    size_t len;
    long n = 0;
    (void)name;
    if (kept == NULL)
        return tool_error("memory");
    while ((line = tool_line(in, &len)) != NULL) {
        n++;
        if (from_start) {
            if (n >= most)
                puts(line);
            continue;
        }
        if (most == 0)
            continue;
        free(kept[n % most]);
        if ((kept[n % most] = strdup(line)) == NULL)
            exit(tool_error("memory"));
    }
    for (long i = n > most ? n - most + 1 : 1; !from_start && most > 0 && i <= n; i++)
        puts(kept[i % most]);
    for (long i = 0; i < most; i++)
        free(kept[i]);
    free(kept);
    return 0;
}

int main(int argc, char **argv)
{
    int option;
    tool_start(argc, argv);
    tool_count(argv);
    while ((option = tool_option(argv, "n:")) != 0) {
        from_start = *tool_arg == '+';
        most = tool_number(tool_arg + from_start);
    }
    if (most < 0 || most > MOST_MAX)
        tool_usage();
    return tool_end(tool_each(argv + tool_at, last));
}
