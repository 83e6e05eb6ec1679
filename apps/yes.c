/* SPDX-License-Identifier: MIT
 * The same again and again.
 */
#include "tool.h"

static const char tool_name[] = "yes";
static const char tool_help[] = "usage: yes [WORD...]\nPrints a line with the words (y) until nobody reads it any more.\n";

int main(int argc, char **argv)
{
    tool_start(argc, argv);
    do { /* forever: until it can't */
        for (int i = 1; i < argc; i++)
            printf("%s%s", argv[i], i + 1 < argc ? " " : "");
        if (argc < 2)
            putchar('y');
    } while (putchar('\n') != EOF);
    return tool_error("standard output");
}
