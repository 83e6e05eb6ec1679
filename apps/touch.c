/* SPDX-License-Identifier: MIT
 * Makes files, or gives them the time that it is.
 */
#include "tool.h"

#include <utime.h>

static const char tool_name[] = "touch";
static const char tool_help[] = "usage: touch FILE...\nMakes the files that are not there; the others' time of change becomes now.\n";

int main(int argc, char **argv)
{
    int status = 0;
    tool_start(argc, argv);
    if (argc < 2)
        tool_usage();
    for (int i = 1; i < argc; i++) {
        if (utime(argv[i], NULL) == 0)
            continue;
        int fd = errno == ENOENT ? open(argv[i], O_WRONLY | O_CREAT, 0666) : -1;
        status |= fd < 0 || close(fd) != 0 ? tool_error(argv[i]) : 0;
    }
    return status;
}
