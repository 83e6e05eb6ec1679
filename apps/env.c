/* SPDX-License-Identifier: MIT
 * The environment, or a program with another one.
 */
#include "tool.h"

static const char tool_name[] = "env";
static const char tool_help[] = "usage: env [-i] [NAME=VALUE...] [PROGRAM [WORD...]]\nPrints the environment, or runs PROGRAM in it; -i: with nothing but what is named.\n";

int main(int argc, char **argv)
{
    static char *nothing[] = {NULL};
    int i = 1;
    tool_start(argc, argv);
    if (argc > 1 && strcmp(argv[1], "-i") == 0) {
        environ = nothing;
        i++;
    }
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
