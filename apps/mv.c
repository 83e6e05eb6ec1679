/* SPDX-License-Identifier: MIT
 * Gives files other names; between file systems it copies and removes.
 */
#include "tool.h"

#include "copy.h"
#include "walk.h"

#include <limits.h>

static const char tool_name[] = "mv";
static const char tool_help[] = "usage: mv [-f | -i] FROM... TO\nRenames FROM to TO, or moves all into TO when that is a directory; to another file system by copying.\n"
                                "-i asks before what is there already goes.\n";

static bool asks;


static int remove_one(struct walked *w)
{
    if (w->when == WALK_BEFORE)
        return 0;
    return (w->when == WALK_AFTER ? rmdir(w->name) : unlink(w->name)) == 0 ? 0 : tool_error(w->path);
}

/* What cannot be copied whole stays. */
static int move_across(const char *from, const char *to)
{
    struct stat st;
    if (lstat(to, &st) == 0 && !S_ISDIR(st.st_mode) && unlink(to) != 0)
        return tool_error(to);
    int status = copy(from, to);
    return status != 0 ? status : walk(from, remove_one, WALK_LINKS);
}

static int move(const char *from, const char *to)
{
    struct stat st;
    if (asks && lstat(to, &st) == 0 && !tool_confirm("replace", to))
        return 0;
    if (rename(from, to) == 0)
        return 0;
    return errno == EXDEV ? move_across(from, to) : tool_error(from);
}

int main(int argc, char **argv)
{
    int status = 0, option;
    struct stat st;
    char path[PATH_MAX];
    tool_start(argc, argv);
    while ((option = tool_option(argv, "fi")) != 0)
        asks = option == 'i'; /* the last one counts */
    copy_exact = copy_deep = true;
    if (argc - tool_at < 2)
        tool_usage();
    const char *to = argv[argc - 1];
    bool into = stat(to, &st) == 0 && S_ISDIR(st.st_mode);
    if (!into && argc - tool_at > 2) {
        errno = ENOTDIR;
        return tool_error(to);
    }
    for (int i = tool_at; i < argc - 1; i++) {
        errno = ENAMETOOLONG;
        if (snprintf(path, sizeof path, into ? "%s/%s" : "%s", to, tool_base(argv[i])) >= (int)sizeof path)
            status |= tool_error(to);
        else
            status |= move(argv[i], path);
    }
    return status;
}
