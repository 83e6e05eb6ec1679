/* SPDX-License-Identifier: MIT
 * Gives files other names.
 */
#include "tool.h"

#include <limits.h>
#include <sys/stat.h>

static const char tool_name[] = "mv";
static const char tool_help[] = "usage: mv FROM... TO\nRenames FROM to TO, or moves all into TO when that is a directory. Within one file system.\n";

int main(int argc, char **argv)
{
    int status = 0;
    struct stat st;
    char path[PATH_MAX];
    tool_start(argc, argv);
    if (argc < 3)
        tool_usage();
    const char *to = argv[argc - 1];
    bool into = stat(to, &st) == 0 && S_ISDIR(st.st_mode);
    if (!into && argc > 3) {
        errno = ENOTDIR;
        return tool_error(to);
    }
    for (int i = 1; i < argc - 1; i++) {
        errno = ENAMETOOLONG;
        if (snprintf(path, sizeof path, into ? "%s/%s" : "%s", to, tool_base(argv[i])) >= (int)sizeof path)
            status |= tool_error(to);
        else if (rename(argv[i], path) != 0)
            status |= tool_error(argv[i]);
    }
    return status;
}
