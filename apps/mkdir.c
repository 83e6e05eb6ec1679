/* SPDX-License-Identifier: MIT
 * Makes directories.
 */
#include "tool.h"

#include <sys/stat.h>

static const char tool_name[] = "mkdir";
static const char tool_help[] = "usage: mkdir [-p] DIRECTORY...\nMakes directories; -p those on the way to them, too, and is content when they are there.\n";

static int make_all(char *path)
{
    for (char *slash = path + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return tool_error(path);
        *slash = '/';
    }
    struct stat st;
    if (mkdir(path, 0777) != 0 && !(errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
        return tool_error(path);
    return 0;
}

int main(int argc, char **argv)
{
    int status = 0;
    tool_start(argc, argv);
    bool parents = argc > 1 && strcmp(argv[1], "-p") == 0;
    if (argc < 2 + parents || (argv[1][0] == '-' && !parents))
        tool_usage();
    for (int i = 1 + parents; i < argc; i++)
        status |= parents ? make_all(argv[i]) : mkdir(argv[i], 0777) == 0 ? 0 : tool_error(argv[i]);
    return status;
}
