/* SPDX-License-Identifier: MIT
 * Makes directories.
 */
#include "tool.h"

#include <sys/stat.h>

static const char tool_name[] = "mkdir";
static const char tool_help[] = "usage: mkdir [-p] [-m MODE] DIRECTORY...\nMakes directories; -p those on the way to them, too, and is content when they are there; -m with these\n"
                                "permissions, an octal number.\n";

static int make_above(char *path)
{
    for (char *slash = path + 1; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return tool_error(path);
        *slash = '/';
    }
    return 0;
}

static bool is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int main(int argc, char **argv)
{
    int status = 0, option;
    bool parents = false;
    long mode = -1;
    char *end = NULL;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "pm:")) != 0) {
        parents = parents || option == 'p';
        mode = option == 'm' ? strtol(tool_arg, &end, 8) : mode;
    }
    if (tool_at == argc || (end != NULL && (*end != '\0' || mode < 0 || mode > 07777)))
        tool_usage();
    for (char **path = argv + tool_at; *path != NULL; path++) {
        if (parents && make_above(*path) != 0)
            status = 1;
        else if (mkdir(*path, 0777) != 0 && !(parents && errno == EEXIST && is_directory(*path)))
            status = tool_error(*path);
        else if (mode >= 0 && chmod(*path, (mode_t)mode) != 0)
            status = tool_error(*path);
    }
    return status;
}
