/* SPDX-License-Identifier: MIT
 * Waits; something to put in the background, and to press ^C on.
 */
#include "tool.h"

#include <time.h>

static const char tool_name[] = "sleep";
static const char tool_help[] = "usage: sleep TIME...\nWaits so long: seconds, or minutes, hours, days with m, h, d behind them; fractions are fine.\n";

#define SECONDS_MAX 1e9

static double seconds_of(const char *text)
{
    char *end;
    double n = strtod(text, &end);
    double unit = *end == 'm' ? 60 : *end == 'h' ? 3600 : *end == 'd' ? 86400 : 1;
    end += *end != '\0' && strchr("smhd", *end) != NULL;
    if (*text == '\0' || *end != '\0' || !(n >= 0 && n * unit <= SECONDS_MAX))
        tool_usage();
    return n * unit;
}

int main(int argc, char **argv)
{
    double seconds = 0;
    tool_start(argc, argv);
    (void)tool_option(argv, "");
    if (tool_at == argc)
        tool_usage();
    for (char **word = argv + tool_at; *word != NULL; word++)
        seconds += seconds_of(*word);
    struct timespec left = {.tv_sec = (time_t)seconds};
    left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
    while (nanosleep(&left, &left) != 0)
        if (errno != EINTR)
            return tool_error("clock");
    return 0;
}
