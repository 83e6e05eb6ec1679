/* SPDX-License-Identifier: MIT
 * The last name of a path.
 */
#include "tool.h"

static const char tool_name[] = "basename";
static const char tool_help[] = "usage: basename PATH [SUFFIX]\nPrints the last name of PATH, without SUFFIX at its end.\n";

int main(int argc, char **argv)
{
    tool_start(argc, argv);
    (void)tool_option(argv, "");
    if (argc - tool_at < 1 || argc - tool_at > 2)
        tool_usage();
    char *path = argv[tool_at], *suffix = argv[tool_at + 1];
    size_t len = strlen(path);
    while (len > 1 && path[len - 1] == '/')
        path[--len] = '\0';
    char *slash = strrchr(path, '/'), *name = slash != NULL && slash[1] != '\0' ? slash + 1 : path;
    size_t n = strlen(name), m = suffix != NULL ? strlen(suffix) : 0;
    if (m > 0 && m < n && strcmp(name + n - m, suffix) == 0)
        name[n - m] = '\0';
    puts(name);
    return tool_end(0);
}
