/* SPDX-License-Identifier: MIT
 * Whatever is not on a medium goes there.
 */
#include "tool.h"

static const char tool_name[] = "sync";
static const char tool_help[] = "usage: sync\nReturns when all files are on their media. (Files in memory have none.)\n";

int main(int argc, char **argv)
{
    tool_start(argc, argv);
    if (argc != 1)
        tool_usage();
    sync();
    (void)tool_name;
    return 0;
}
