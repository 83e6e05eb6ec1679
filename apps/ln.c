/* SPDX-License-Identifier: MIT
 * Gives files further names.
 */
#include "tool.h"

#include <limits.h>
#include <sys/stat.h>

static const char tool_name[] = "ln";
static const char tool_help[] = "usage: ln [-f] [-s] FILE... [NAME]\nMakes NAME another name of FILE, or in NAME when that is a directory, or here. -s: a symbolic link that says FILE;\n"
                                "-f: what is there is removed first.\n";

static bool symbolic, forced;

static int make(const char *file, const char *name)
{
    struct stat a, b;
    if (forced && lstat(name, &b) == 0) {
        if (!symbolic && lstat(file, &a) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev)
            return 0; /* it is that already */
        if (unlink(name) != 0)
            return tool_error(name);
    }
    if ((symbolic ? symlink(file, name) : link(file, name)) == 0)
        return 0;
    return tool_error(lstat(name, &b) == 0 || symbolic ? name : file);
}

int main(int argc, char **argv)
{
    int status = 0, option;
    struct stat st;
    char path[PATH_MAX];
    tool_start(argc, argv);
    while ((option = tool_option(argv, "fs")) != 0) {
        symbolic = symbolic || option == 's';
        forced = forced || option == 'f';
    }
    int files = argc - tool_at - 1;
    if (files < 0)
        tool_usage();
    const char *name = files > 0 ? argv[argc - 1] : ".";
    bool into = stat(name, &st) == 0 && S_ISDIR(st.st_mode);
    if (files > 1 && !into) {
        errno = ENOTDIR;
        return tool_error(name);
    }
    for (int i = tool_at; i < tool_at + (files > 0 ? files : 1); i++) {
        errno = ENAMETOOLONG;
        if (snprintf(path, sizeof path, into ? "%s/%s" : "%s", name, tool_base(argv[i])) >= (int)sizeof path)
            status |= tool_error(name);
        else
            status |= make(argv[i], path);
    }
    return status;
}
