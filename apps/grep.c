/* SPDX-License-Identifier: MIT
 * Lines that match a regular expression.
 */
#include "tool.h"

#include <sys/types.h>

#include <regex.h>

static const char tool_name[] = "grep";
static const char tool_help[] = "usage: grep [-E] [-F] [-i] [-v] [-c] [-n] [-q] PATTERN [FILE...]\n"
                                "Prints lines that match. -E extended, -F a plain text, -i any case, -v lines that do not, -c how many, -n with\n"
                                "numbers, -q nothing. Status 0: there were some, 1: none, 2: an error.\n";

static bool plain, inverted, counting, numbered, quiet, named, any;
static const char *pattern;
static regex_t expression;

static int search(FILE *in, const char *name)
{
    char *line;
    size_t len;
    unsigned long found = 0, number = 0;
    while ((line = tool_line(in, &len)) != NULL) {
        bool match = plain ? strstr(line, pattern) != NULL : regexec(&expression, line, 0, NULL, 0) == 0;
        number++;
        if (match == inverted)
            continue;
        found++;
        if (quiet)
            break;
        if (counting)
            continue;
        if (named)
            printf("%s:", name);
        if (numbered)
            printf("%lu:", number);
        puts(line);
    }
    if (counting && !quiet)
        printf(named ? "%s:%lu\n" : "%.0s%lu\n", name, found);
    any = any || found > 0;
    return 0;
}

int main(int argc, char **argv)
{
    int option, flags = REG_NOSUB;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "EFivcnq")) != 0) {
        switch (option) {
        case 'E': flags |= REG_EXTENDED; break;
        case 'F': plain = true; break;
        case 'i': flags |= REG_ICASE; break;
        case 'v': inverted = true; break;
        case 'c': counting = true; break;
        case 'n': numbered = true; break;
        case 'q': quiet = true; break;
        default: tool_usage();
        }
    }
    if (tool_at == argc)
        tool_usage();
    pattern = argv[tool_at++];
    if (plain && (flags & REG_ICASE)) {
        fputs("grep: -F and -i do not go together\n", stderr);
        return TOOL_USAGE_STATUS;
    }
    if (!plain && regcomp(&expression, pattern, flags) != 0) {
        fprintf(stderr, "grep: %s: not a regular expression\n", pattern);
        return TOOL_USAGE_STATUS;
    }
    named = argc - tool_at > 1;
    int status = tool_each(argv + tool_at, search);
    return tool_end(status != 0 ? TOOL_USAGE_STATUS : any ? 0 : 1);
}
