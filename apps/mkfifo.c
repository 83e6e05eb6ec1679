/* SPDX-License-Identifier: MIT
 * Makes pipes with names.
 */
#include "tool.h"

#include <sys/stat.h>

static const char tool_name[] = "mkfifo";
static const char tool_help[] = "usage: mkfifo [-m MODE] NAME...\nMakes pipes with names; -m with these permissions, an octal number.\n";

static mode_t mode_of(const char *text)
{
    char *end;
    unsigned long mode = strtoul(text, &end, 8);
    if (text[0] < '0' || text[0] > '7' || *end != '\0' || mode > 07777)
        tool_usage();
    return (mode_t)mode;
}

int main(int argc, char **argv)
{
    mode_t mode = 0666;
    bool told = false;
    int status = 0;
    tool_start(argc, argv);
    while (tool_option(argv, "m:") != 0) {
        mode = mode_of(tool_arg);
        told = true;
    }
    if (argv[tool_at] == NULL)
        tool_usage();
    for (char **name = argv + tool_at; *name != NULL; name++)
        if (mkfifo(*name, mode) != 0 || (told && chmod(*name, mode) != 0))
            status = tool_error(*name);
    return status;
}
