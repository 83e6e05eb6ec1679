/* SPDX-License-Identifier: MIT
 * Where one is.
 */
#include "tool.h"

#include <limits.h>

static const char tool_name[] = "pwd";
static const char tool_help[] = "usage: pwd [-L | -P]\nPrints the path of the working directory.\n";

int main(int argc, char **argv)
{
    char path[PATH_MAX];
    tool_start(argc, argv);
    while (tool_option(argv, "LP") != 0) {
        /* both mean the same here */
    }
    if (getcwd(path, sizeof path) == NULL)
        return tool_error(".");
    puts(path);
    return tool_end(0);
}
