/* SPDX-License-Identifier: MIT
 * Parts of lines.
 */
#include "tool.h"

static const char tool_name[] = "cut";
static const char tool_help[] = "usage: cut -b LIST | -c LIST | -f LIST [-d CHAR] [-s] [FILE...]\n"
                                "Prints parts of each line: bytes, characters, or fields between tabs (or CHAR); -s: no line without CHAR.\n"
                                "LIST is of numbers and ranges, as 1,3-5,7-\n";

#define RANGES_MAX 256
#define WITHOUT_END (~0UL)

static struct {
    unsigned long from, to;
} ranges[RANGES_MAX];
static unsigned ranges_n;
static char kind, delimiter = '\t';
static bool only_delimited;

static unsigned long number(const char **s, unsigned long otherwise)
{
    char *end;
    if (**s < '0' || **s > '9')
        return otherwise;
    unsigned long n = strtoul(*s, &end, 10);
    *s = end;
    if (n == 0)
        tool_usage();
    return n;
}

static void read_list(const char *s)
{
    do {
        if (ranges_n == RANGES_MAX || (*s != '-' && (*s < '0' || *s > '9')))
            tool_usage();
        unsigned long from = number(&s, 1), to = from;
        if (*s == '-') {
            s++;
            to = number(&s, WITHOUT_END);
        }
        ranges[ranges_n].from = from;
        ranges[ranges_n++].to = to;
    } while ((*s == ',' || *s == ' ') && *++s != '\0');
    if (*s != '\0')
        tool_usage();
}

static bool wanted(unsigned long n)
{
    for (unsigned i = 0; i < ranges_n; i++)
        if (n >= ranges[i].from && n <= ranges[i].to)
            return true;
    return false;
}

static void cut_characters(const char *line, size_t len)
{
    unsigned long n = 0;
    for (size_t i = 0; i < len; i++) {
        n += kind == 'b' || ((unsigned char)line[i] & 0xc0) != 0x80; /* UTF-8 */
        if (wanted(n))
            putchar(line[i]);
    }
    putchar('\n');
}

static void cut_fields(const char *line)
{
    bool printed = false;
    if (strchr(line, delimiter) == NULL) {
        if (!only_delimited)
            puts(line);
        return;
    }
    for (unsigned long n = 1; line != NULL; n++) {
        const char *end = strchr(line, delimiter);
        if (wanted(n)) {
            if (printed)
                putchar(delimiter);
            fwrite(line, 1, end != NULL ? (size_t)(end - line) : strlen(line), stdout);
            printed = true;
        }
        line = end != NULL ? end + 1 : NULL;
    }
    putchar('\n');
}

static int cut(FILE *in, const char *name)
{
    char *line;
    size_t len;
    (void)name;
    while ((line = tool_line(in, &len)) != NULL) {
        if (kind == 'f')
            cut_fields(line);
        else
            cut_characters(line, len);
    }
    return 0;
}

int main(int argc, char **argv)
{
    int option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "b:c:f:d:sn")) != 0) {
        if (option == 'd')
            delimiter = *tool_arg;
        else if (option == 's')
            only_delimited = true;
        else if (option != 'n' && kind == '\0') {
            kind = (char)option;
            read_list(tool_arg);
        } else if (option != 'n') {
            tool_usage();
        }
    }
    if (kind == '\0' || delimiter == '\0')
        tool_usage();
    return tool_end(tool_each(argv + tool_at, cut));
}
