/* SPDX-License-Identifier: MIT
 * printf as a program; the shell has it built in (sh/escape.c).
 */
#include "sh/shared.h"
#include "tool.h"

static const char tool_name[] = "printf";
static const char tool_help[] = "usage: printf FORMAT [WORD...]\nPrints the words as FORMAT says, again as long as there are some: %s %d %x %c %b ..., \\n \\t \\OCTAL\n";

int complain(int status, const char *what, const char *why)
{
    fflush(stdout);
    fprintf(stderr, "%s: %s: %s\n", tool_name, what, why);
    return status;
}

int main(int argc, char **argv)
{
    tool_start(argc, argv);
    return tool_end(builtin_printf(argv));
}
