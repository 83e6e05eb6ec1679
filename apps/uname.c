/* SPDX-License-Identifier: MIT
 * What system this is.
 */
#include "tool.h"

static const char tool_name[] = "uname";
static const char tool_help[] = "usage: uname [-a] [-s] [-n] [-r] [-v] [-m]\nPrints the system's name; -n the machine's, -r release, -v version, -m hardware, -a all.\n";

int main(int argc, char **argv)
{
    static const char letters[] = "snrvm";
    static const char *const words[] = {"Pagoda", "pagoda", "0.1", "riscv64 microkernel", "riscv64"};
    bool wanted[sizeof letters - 1] = {false}, any = false;
    int option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "asnrvm")) != 0) {
        for (unsigned i = 0; i < sizeof wanted; i++)
            wanted[i] = wanted[i] || option == 'a' || option == letters[i];
        any = true;
    }
    if (argv[tool_at] != NULL)
        tool_usage();
    wanted[0] = wanted[0] || !any;
    const char *gap = "";
    for (unsigned i = 0; i < sizeof wanted; i++) {
        if (!wanted[i])
            continue;
        printf("%s%s", gap, words[i]);
        gap = " ";
    }
    putchar('\n');
    return tool_end(0);
}
