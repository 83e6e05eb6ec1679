/* SPDX-License-Identifier: MIT
 * Numbers in a row.
 */
#include "tool.h"

static const char tool_name[] = "seq";
static const char tool_help[] = "usage: seq [-w] [-s TEXT] [FIRST [STEP]] LAST\nPrints whole numbers from FIRST (1) to LAST, STEP (1) apart, a line each; -s TEXT between them, -w with zeros before\n"
                                "them, so that all are equally wide.\n";

static int width_of(long n)
{
    char text[24];
    return snprintf(text, sizeof text, "%ld", n);
}

int main(int argc, char **argv)
{
    const char *gap = "\n";
    bool wide = false;
    tool_start(argc, argv);
    /* a number below zero is no option */
    while (argv[tool_at] != NULL && !(argv[tool_at][0] == '-' && argv[tool_at][1] >= '0' && argv[tool_at][1] <= '9')) {
        int option = tool_option(argv, "ws:");
        if (option == 0)
            break;
        wide = wide || option == 'w';
        gap = option == 's' ? tool_arg : gap;
    }
    char **number = argv + tool_at;
    int n = argc - tool_at;
    if (n < 1 || n > 3)
        tool_usage();
    long first = n > 1 ? tool_number(number[0]) : 1, step = n > 2 ? tool_number(number[1]) : 1, last = tool_number(number[n - 1]);
    int width = !wide ? 0 : width_of(first) > width_of(last) ? width_of(first) : width_of(last);
    if (step == 0)
        tool_usage();
    bool any = false;
    for (long i = first; step > 0 ? i <= last : i >= last;) {
        printf("%s%0*ld", any ? gap : "", width, i);
        any = true;
        if (__builtin_add_overflow(i, step, &i))
            break;
    }
    if (any)
        putchar('\n');
    return tool_end(0);
}
