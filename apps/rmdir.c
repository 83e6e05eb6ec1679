/* SPDX-License-Identifier: MIT
 * Removes empty directories.
 */
#include "tool.h"

static const char tool_name[] = "rmdir";
static const char tool_help[] = "usage: rmdir DIRECTORY...\nRemoves directories that are empty.\n";

int main(int argc, char **argv)
{
    int status = 0;
    tool_start(argc, argv);
    if (argc < 2)
        tool_usage();
    for (int i = 1; i < argc; i++)
        status |= rmdir(argv[i]) == 0 ? 0 : tool_error(argv[i]);
    return status;
}
