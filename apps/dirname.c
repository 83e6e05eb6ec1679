/* SPDX-License-Identifier: MIT
 * A path without its last name.
 */
#include "tool.h"

static const char tool_name[] = "dirname";
static const char tool_help[] = "usage: dirname PATH\nPrints PATH without its last name.\n";

int main(int argc, char **argv)
{
    tool_start(argc, argv);
    (void)tool_option(argv, "");
    if (argc - tool_at != 1)
        tool_usage();
    char *path = argv[tool_at];
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        len--;
    while (len > 0 && path[len - 1] != '/')
        len--;
    while (len > 1 && path[len - 1] == '/')
        len--;
    path[len] = '\0';
    puts(len > 0 ? path : ".");
    return tool_end(0);
}
