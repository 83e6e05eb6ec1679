/* SPDX-License-Identifier: MIT
 * Equal lines in a row once.
 */
#include "tool.h"

#include <strings.h>

static const char tool_name[] = "uniq";
static const char tool_help[] = "usage: uniq [-c | -d | -u] [-i] [-f FIELDS] [-s CHARS] [INPUT [OUTPUT]]\nPrints equal lines that follow each other once; -c with how many they were,\n"
                                "-d only those that were several, -u only those that were one, -i in any case; -f, -s without what is before.\n";

static bool counting, repeated, single, folded;
static long fields, characters;
static char *before;
static unsigned long times;

/* What counts of a line. */
static const char *key(const char *s)
{
    for (long i = 0; i < fields; i++) {
        s += strspn(s, " \t");
        s += strcspn(s, " \t");
    }
    for (long i = 0; i < characters && *s != '\0'; i++)
        s++;
    return s;
}

static bool equal(const char *a, const char *b) { return (folded ? strcasecmp(key(a), key(b)) : strcmp(key(a), key(b))) == 0; }

static void flush_line(void)
{
    bool wanted = before != NULL && !(repeated && times == 1) && !(single && times > 1);
    if (wanted && counting)
        printf("%7lu %s\n", times, before);
    else if (wanted)
        puts(before);
    free(before);
    before = NULL;
}

static int see(FILE *in, const char *name)
{
    char *line;
    size_t len;
    (void)name;
    while ((line = tool_line(in, &len)) != NULL) {
        if (before != NULL && equal(before, line)) {
            times++;
            continue;
        }
        flush_line();
        times = 1;
        if ((before = strdup(line)) == NULL)
            exit(tool_error("memory"));
    }
    return 0;
}

int main(int argc, char **argv)
{
    int option;
    tool_start(argc, argv);
    while ((option = tool_option(argv, "cduif:s:")) != 0) {
        counting = counting || option == 'c';
        repeated = repeated || option == 'd';
        single = single || option == 'u';
        folded = folded || option == 'i';
        fields = option == 'f' ? tool_number(tool_arg) : fields;
        characters = option == 's' ? tool_number(tool_arg) : characters;
    }
    if (argc - tool_at > 2)
        tool_usage();
    if (argc - tool_at == 2 && freopen(argv[tool_at + 1], "w", stdout) == NULL)
        return tool_error(argv[tool_at + 1]);
    argv[tool_at + (argc > tool_at)] = NULL;
    int status = tool_each(argv + tool_at, see);
    flush_line();
    return tool_end(status);
}
