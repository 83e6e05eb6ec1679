/* SPDX-License-Identifier: MIT
 * Removes empty directories.
 */
#include "tool.h"

static const char tool_name[] = "rmdir";
static const char tool_help[] = "usage: rmdir [-p] DIRECTORY...\nRemoves directories that are empty; -p also those on the way to them.\n";

static int remove_above(char *path)
{
    for (char *slash; (slash = strrchr(path, '/')) != NULL && slash != path;) {
        *slash = '\0';
        if (rmdir(path) != 0)
            return tool_error(path);
    }
    return 0;
}

int main(int argc, char **argv)
{
    int status = 0;
    bool above = false;
    tool_start(argc, argv);
    while (tool_option(argv, "p") != 0)
        above = true;
    if (tool_at == argc)
        tool_usage();
    for (char **path = argv + tool_at; *path != NULL; path++)
        status |= rmdir(*path) != 0 ? tool_error(*path) : above ? remove_above(*path) : 0;
    return status;
}
