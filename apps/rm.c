/* SPDX-License-Identifier: MIT
 * Removes names of files, and with -r directories with all that is in them.
 */
#include "tool.h"

#include <dirent.h>
#include <limits.h>
#include <sys/stat.h>

static const char tool_name[] = "rm";
static const char tool_help[] = "usage: rm [-f] [-r] FILE...\nRemoves files; -r directories and what is in them, too; -f is content when there is nothing.\n";

#define DEPTH_MAX 64

static bool force, recursive;

static int remove_one(const char *path, int depth);

static int empty(const char *path, int depth)
{
    int status = 0;
    DIR *d = opendir(path);
    if (d == NULL)
        return tool_error(path);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        char inside[PATH_MAX];
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        errno = ENAMETOOLONG;
        if (snprintf(inside, sizeof inside, "%s/%s", path, e->d_name) >= (int)sizeof inside)
            status = tool_error(e->d_name);
        else
            status |= remove_one(inside, depth + 1);
    }
    (void)closedir(d);
    return status;
}

static int remove_one(const char *path, int depth)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return force && errno == ENOENT ? 0 : tool_error(path);
    if (!S_ISDIR(st.st_mode))
        return unlink(path) == 0 ? 0 : tool_error(path);
    if (!recursive || depth >= DEPTH_MAX) {
        errno = recursive ? ELOOP : EISDIR;
        return tool_error(path);
    }
    int status = empty(path, depth);
    return status != 0 ? status : rmdir(path) == 0 ? 0 : tool_error(path);
}

int main(int argc, char **argv)
{
    int status = 0, option;
    tool_start(argc, argv);
    while ((option = getopt(argc, argv, "frR")) != -1) {
        if (option == '?')
            tool_usage();
        force = force || option == 'f';
        recursive = recursive || option != 'f';
    }
    if (optind == argc && !force)
        tool_usage();
    for (int i = optind; i < argc; i++)
        status |= remove_one(argv[i], 0);
    return status;
}
