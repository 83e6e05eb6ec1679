/* SPDX-License-Identifier: MIT
 * Gives files further names.
 */
#include "tool.h"

#include <limits.h>
#include <sys/stat.h>

static const char tool_name[] = "ln";
static const char tool_help[] = "usage: ln [-s] FILE NAME\nMakes NAME another name of FILE; in NAME when that is a directory. -s: a symbolic link that says FILE.\n";

int main(int argc, char **argv)
{
    struct stat st;
    char path[PATH_MAX];
    tool_start(argc, argv);
    bool symbolic = argc > 1 && strcmp(argv[1], "-s") == 0;
    if (argc != 3 + symbolic)
        tool_usage();
    const char *file = argv[1 + symbolic], *name = argv[2 + symbolic];
    bool into = stat(name, &st) == 0 && S_ISDIR(st.st_mode);
    errno = ENAMETOOLONG;
    if (snprintf(path, sizeof path, into ? "%s/%s" : "%s", name, tool_base(file)) >= (int)sizeof path)
        return tool_error(name);
    return (symbolic ? symlink(file, path) : link(file, path)) == 0 ? 0 : tool_error(path);
}
