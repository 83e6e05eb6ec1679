/* SPDX-License-Identifier: MIT
 * Copies files, and with -r what is in directories, at any depth.
 */
#include "tool.h"

#include "copy.h"
#include "walk.h"

#include <limits.h>

static const char tool_name[] = "cp";
static const char tool_help[] = "usage: cp [-f] [-i] [-p] [-r] [-H | -L | -P] FROM... TO\nCopies files; into TO when that is a directory. -r: directories, too, and links as links; -p: with permissions\n"
                                "and times; -f: what cannot be written is removed first; -i: asks before what is there already is written to.\n"
                                "-P: links as links, -L: what they lead to, -H: with -r what those named lead to, others as links.\n";

int main(int argc, char **argv)
{
    int status = 0, option;
    struct stat st;
    char path[PATH_MAX];
    tool_start(argc, argv);
    while ((option = tool_option(argv, "fiprRHLP")) != 0) {
        copy_asks = copy_asks || option == 'i';
        if (option == 'H' || option == 'L' || option == 'P')
            copy_links = option == 'H' ? COPY_NAMED : option == 'L' ? COPY_FOLLOW : COPY_AS_LINKS;
        copy_forced = copy_forced || option == 'f';
        copy_exact = copy_exact || option == 'p';
        copy_deep = copy_deep || option == 'r' || option == 'R';
    }
    if (argc - tool_at < 2)
        tool_usage();
    const char *to = argv[argc - 1];
    bool into = stat(to, &st) == 0 && S_ISDIR(st.st_mode);
    if (!into && argc - tool_at > 2) {
        errno = ENOTDIR;
        return tool_error(to);
    }
    for (int i = tool_at; i < argc - 1; i++) {
        if (snprintf(path, sizeof path, into ? "%s/%s" : "%s", to, tool_base(argv[i])) >= (int)sizeof path) {
            errno = ENAMETOOLONG;
            status |= tool_error(to);
            continue;
        }
        status |= copy(argv[i], path);
    }
    return status;
}
