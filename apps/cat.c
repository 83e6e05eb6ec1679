/* SPDX-License-Identifier: MIT
 * Files one after the other.
 */
#include "tool.h"

static const char tool_name[] = "cat";
static const char tool_help[] = "usage: cat [-u] [FILE...]\nPrints the files, or standard input (-), one after the other; nothing is ever held back.\n";

static int copy(int fd, const char *name)
{
    static char piece[16384];
    ssize_t n;
    while ((n = read(fd, piece, sizeof piece)) > 0)
        for (ssize_t done = 0, m; done < n; done += m) /* bound: at least a byte a turn */
            if ((m = write(STDOUT_FILENO, piece + done, (size_t)(n - done))) <= 0)
                return tool_error("standard output");
    return n < 0 ? tool_error(name) : 0;
}

int main(int argc, char **argv)
{
    int status = 0;
    tool_start(argc, argv);
    while (tool_option(argv, "u") != 0) {
        /* as always */
    }
    if (tool_at == argc)
        return copy(STDIN_FILENO, "standard input");
    for (int i = tool_at; i < argc; i++) {
        bool standard = strcmp(argv[i], "-") == 0;
        int fd = standard ? STDIN_FILENO : open(argv[i], O_RDONLY);
        status |= fd < 0 ? tool_error(argv[i]) : copy(fd, argv[i]);
        if (fd >= 0 && !standard)
            (void)close(fd);
    }
    return status;
}
