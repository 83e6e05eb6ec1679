/* SPDX-License-Identifier: MIT
 * Numbers in a row.
 */
#include "tool.h"

static const char tool_name[] = "seq";
static const char tool_help[] = "usage: seq [FIRST [STEP]] LAST\nPrints whole numbers from FIRST (1) to LAST, STEP (1) apart, a line each.\n";

int main(int argc, char **argv)
{
    tool_start(argc, argv);
    if (argc < 2 || argc > 4)
        tool_usage();
    long first = argc > 2 ? tool_number(argv[1]) : 1, step = argc > 3 ? tool_number(argv[2]) : 1;
    long last = tool_number(argv[argc - 1]);
    if (step == 0)
        tool_usage();
    for (long i = first; step > 0 ? i <= last : i >= last;) {
        printf("%ld\n", i);
        if (__builtin_add_overflow(i, step, &i))
            break;
    }
    return tool_end(0);
}
