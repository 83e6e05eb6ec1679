/* SPDX-License-Identifier: MIT
 * Lines in order.
 */
#include "tool.h"

static const char tool_name[] = "sort";
static const char tool_help[] = "usage: sort [-n] [-r] [-u] [FILE...]\nPrints all lines in order of their bytes; -n of numbers, -r the other way round, -u equal ones once.\n";

static bool numeric, reversed, unique;
static char **lines;
static size_t count, room;

static int collect(FILE *in, const char *name)
{
    char *line;
    size_t len;
    (void)name;
    while ((line = tool_line(in, &len)) != NULL) {
        if (count == room && (lines = realloc(lines, (room = room > 0 ? 2 * room : 256) * sizeof *lines)) == NULL)
            exit(tool_error("memory"));
        if ((lines[count++] = strdup(line)) == NULL)
            exit(tool_error("memory"));
    }
    return 0;
}

static int key_order(const char *a, const char *b)
{
    if (!numeric)
        return strcmp(a, b);
    double x = strtod(a, NULL), y = strtod(b, NULL);
    return (x > y) - (x < y);
}

static int order(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    int result = key_order(x, y);
    if (result == 0 && !unique)
        result = strcmp(x, y);
    return reversed ? -result : result;
}

int main(int argc, char **argv)
{
    int option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "nru")) != 0) {
        numeric = numeric || option == 'n';
        reversed = reversed || option == 'r';
        unique = unique || option == 'u';
    }
    int status = tool_each(argv + tool_at, collect);
    if (count > 0)
        qsort(lines, count, sizeof *lines, order);
    for (size_t i = 0; i < count; i++)
        if (!unique || i == 0 || key_order(lines[i - 1], lines[i]) != 0)
            puts(lines[i]);
    return tool_end(status);
}
