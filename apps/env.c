/* SPDX-License-Identifier: MIT
 * The environment, or a program with another one.
 */
#include "tool.h"

static const char tool_name[] = "env";
static const char tool_help[] = "usage: env [-i] [-u NAME]... [NAME=VALUE...] [PROGRAM [WORD...]]\nPrints the environment, or runs PROGRAM in it; -i: with nothing but what is named,\n"
                                "-u: without NAME.\n";

int main(int argc, char **argv)
{
    static char *nothing[] = {NULL};
    int option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "iu:")) != 0) {
        if (option == 'i')
            environ = nothing;
        else if (unsetenv(tool_arg) != 0)
            return tool_error(tool_arg);
    }
    int i = tool_at;
    for (char *equals; i < argc && (equals = strchr(argv[i], '=')) != NULL; i++) {
        *equals = '\0';
        if (setenv(argv[i], equals + 1, 1) != 0)
            return tool_error(argv[i]);
    }
    if (i < argc) {
        (void)execvp(argv[i], argv + i);
        (void)tool_error(argv[i]);
        return errno == ENOENT ? 127 : 126;
    }
    for (char **e = environ; *e != NULL; e++)
        puts(*e);
    return tool_end(0);
}
