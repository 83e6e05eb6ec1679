/* SPDX-License-Identifier: MIT
 * What the small tools share: --help, messages, inputs that are files or standard input.
 */
#ifndef APPS_TOOL_H
#define APPS_TOOL_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TOOL_UNUSED __attribute__((unused))
#define TOOL_USAGE_STATUS 2

/* Each tool defines both: its name, and all of its help text. */
static const char tool_name[];
static const char tool_help[];

/* The tool ends with its help: asked for with --help, or because of wrong use. */
TOOL_UNUSED static _Noreturn void tool_usage(void)
{
    fputs(tool_help, stderr);
    exit(TOOL_USAGE_STATUS);
}
TOOL_UNUSED static void tool_start(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(tool_help, stdout);
        exit(0);
    }
}
/* "NAME: WHAT: errno in words"; returns 1. */
TOOL_UNUSED static int tool_error(const char *what)
{
    int error = errno;
    fflush(stdout);
    fprintf(stderr, "%s: %s: %s\n", tool_name, what, strerror(error));
    return 1;
}
/* Asks whether to do that with `what`; yes is a line that begins with y. Whoever does not answer does not want it. */
TOOL_UNUSED static bool tool_confirm(const char *doing, const char *what)
{
    fflush(stdout);
    fprintf(stderr, "%s: %s %s? ", tool_name, doing, what);
    int first = getchar(), c = first;
    while (c != EOF && c != '\n')
        c = getchar();
    return first == 'y' || first == 'Y';
}
/* A number without anything behind it, else the tool's help. */
TOOL_UNUSED static long tool_number(const char *text)
{
    char *end;
    errno = 0;
    long n = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || errno != 0)
        tool_usage();
    return n;
}
/* The next option's letter, 0 behind the last one; tool_at is then the first word that is none. `known` as for getopt(): a letter with
 * a colon has a word, tool_arg. One that is not known ends the tool with its help. */
static int tool_at TOOL_UNUSED = 1;
static char *tool_arg TOOL_UNUSED;
TOOL_UNUSED __attribute__((noipa)) static int tool_option(char **argv, const char *known)
{
    static int within; /* in argv[tool_at], between letters */
    const char *word = argv[tool_at];
    if (within == 0 && (word == NULL || word[0] != '-' || word[1] == '\0'))
        return 0;
    if (within == 0 && strcmp(word, "--") == 0) {
        tool_at++;
        return 0;
    }
    within += within == 0;
    char letter = word[within++];
    const char *found = letter != ':' && letter != '\0' ? strchr(known, letter) : NULL;
    if (found == NULL) {
        fprintf(stderr, "%s: -%c: there is no such option\n", tool_name, letter);
        tool_usage();
    }
    bool takes = found[1] == ':', ends = word[within] == '\0';
    if (takes) {
        tool_arg = ends ? argv[++tool_at] : argv[tool_at] + within;
        if (tool_arg == NULL)
            tool_usage();
    }
    if (takes || ends) {
        tool_at++;
        within = 0;
    }
    return letter;
}
/* "-5" as the first argument is "-n5": the old form, which everybody types. */
TOOL_UNUSED static void tool_count(char **argv)
{
    static char option[24];
    if (argv[0] == NULL || argv[1] == NULL || argv[1][0] != '-' || argv[1][1] < '0' || argv[1][1] > '9')
        return;
    if (snprintf(option, sizeof option, "-n%s", argv[1] + 1) >= (int)sizeof option)
        tool_usage();
    argv[1] = option;
}
/* All that was printed has to have arrived: the tool's last act. */
TOOL_UNUSED static int tool_end(int status)
{
    if (fflush(stdout) != 0 || ferror(stdout)) {
        (void)tool_error("standard output");
        return 1;
    }
    return status;
}
/* f(stream, name) for each file named, "-" or none: standard input. The worst status. */
TOOL_UNUSED static int tool_each(char **names, int (*f)(FILE *in, const char *name))
{
    static char *standard[] = {"-", NULL};
    int worst = 0;
    for (char **name = *names != NULL ? names : standard; *name != NULL; name++) {
        bool is_standard = strcmp(*name, "-") == 0;
        FILE *in = is_standard ? stdin : fopen(*name, "r");
        int status = in != NULL ? f(in, *name) : tool_error(*name);
        if (in != NULL && ferror(in))
            status = tool_error(*name);
        if (in != NULL && !is_standard)
            (void)fclose(in);
        worst = status > worst ? status : worst;
    }
    return worst;
}
/* The last name of a path. */
TOOL_UNUSED static const char *tool_base(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL && slash[1] != '\0' ? slash + 1 : path;
}
/* A line of any length without its newline, in memory that the next one reuses; NULL at the end. */
TOOL_UNUSED static char *tool_line(FILE *in, size_t *len)
{
    static char *line;
    static size_t room;
    size_t n = 0;
    int c;
    while ((c = getc(in)) != EOF && c != '\n') {
        if (n + 2 > room) {
            room = room > 0 ? 2 * room : 256;
            line = realloc(line, room);
            if (line == NULL)
                exit(tool_error("memory"));
        }
        line[n++] = (char)c;
    }
    if (c == EOF && n == 0)
        return NULL;
    if (line == NULL && (line = malloc(room = 256)) == NULL)
        exit(tool_error("memory"));
    line[n] = '\0';
    *len = n;
    return line;
}

#endif
