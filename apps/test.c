/* SPDX-License-Identifier: MIT
 * test as a program; the shell has it built in (sh/test.c).
 */
#include "sh/shared.h"
#include "tool.h"

static const char tool_name[] = "test";
static const char tool_help[] = "usage: test EXPRESSION\nStatus 0 if it holds, 1 if not: -f FILE -d FILE -e FILE -s FILE -r -w -x -L -n TEXT -z TEXT, A = B, A != B,\n"
                                "N -eq N -ne -lt -le -gt -ge, ! EXPRESSION, EXPRESSION -a EXPRESSION, -o, ( EXPRESSION )\n";

int complain(int status, const char *what, const char *why)
{
    fprintf(stderr, "%s: %s: %s\n", tool_name, what, why);
    return status;
}

int main(int argc, char **argv)
{
    tool_start(argc, argv);
    return builtin_test(argv);
}
