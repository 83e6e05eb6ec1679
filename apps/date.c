/* SPDX-License-Identifier: MIT
 * What time it is. The machine has no calendar clock that Pagoda reads: time counts from its start, which it takes for the epoch.
 */
#include "tool.h"

#include <time.h>

static const char tool_name[] = "date";
static const char tool_help[] = "usage: date [-u] [-d @SECONDS] [+FORMAT]\nPrints the time, as strftime() formats it; -d another one.\n"
                                "The clock begins at the machine's start, as 1970.\n";

int main(int argc, char **argv)
{
    struct timespec now;
    char text[512];
    int option;
    tool_start(argc, argv);
    if (clock_gettime(CLOCK_REALTIME, &now) != 0)
        return tool_error("clock");
    while ((option = tool_option(argv, "ud:")) != 0) {
        if (option == 'd' && *tool_arg != '@')
            tool_usage();
        if (option == 'd')
            now.tv_sec = tool_number(tool_arg + 1);
    }
    const char *format = argv[tool_at] != NULL ? argv[tool_at] + 1 : "%a %b %e %H:%M:%S UTC %Y";
    if (argv[tool_at] != NULL && (*argv[tool_at] != '+' || argv[tool_at + 1] != NULL))
        tool_usage();
    struct tm *t = gmtime(&now.tv_sec);
    if (t == NULL)
        return tool_error("time");
    text[0] = '\0';
    if (strftime(text, sizeof text, format, t) == 0 && *format != '\0')
        tool_usage();
    puts(text);
    return tool_end(0);
}
