/* SPDX-License-Identifier: MIT
 * Makes files, or gives them the time that it is.
 */
#include "tool.h"

#include <sys/stat.h>
#include <utime.h>

static const char tool_name[] = "touch";
static const char tool_help[] = "usage: touch [-c] [-d @SECONDS | -r FILE] FILE...\nMakes the files that are not there (-c: no); the others' time of change becomes now, or as told.\n";

int main(int argc, char **argv)
{
    int status = 0, option;
    bool makes = true;
    struct stat st;
    struct utimbuf given, *when = NULL;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "acmd:r:")) != 0) {
        makes = makes && option != 'c';
        if (option != 'd' && option != 'r')
            continue;
        if (option == 'r' && stat(tool_arg, &st) != 0)
            return tool_error(tool_arg);
        if (option == 'd' && *tool_arg != '@')
            tool_usage();
        given.actime = given.modtime = option == 'r' ? st.st_mtime : (time_t)tool_number(tool_arg + 1);
        when = &given;
    }
    if (tool_at == argc)
        tool_usage();
    for (char **name = argv + tool_at; *name != NULL; name++) {
        if (utime(*name, when) == 0 || (errno == ENOENT && !makes))
            continue;
        int fd = errno == ENOENT ? open(*name, O_WRONLY | O_CREAT, 0666) : -1;
        status |= fd < 0 || close(fd) != 0 || (when != NULL && utime(*name, when) != 0) ? tool_error(*name) : 0;
    }
    return status;
}
