/* SPDX-License-Identifier: MIT
 * Permissions of files.
 */
#include "tool.h"

#include "walk.h"

#include <sys/stat.h>

static const char tool_name[] = "chmod";
static const char tool_help[] = "usage: chmod [-R] MODE FILE...\nChanges permissions: MODE is octal or like u+x,go-w,a=rX; -R: of what is in directories, too.\n";

static const char *mode_text;

/* Who, in front of a sign: bits; none named: all that the mask leaves. */
static mode_t take_who(const char **s, mode_t *kept)
{
    mode_t who = 0;
    for (; **s != '\0' && strchr("ugoa", **s) != NULL; *s += 1)
        who |= **s == 'u' ? 0700 : **s == 'g' ? 0070 : **s == 'o' ? 0007 : 0777;
    *kept = 0777;
    if (who == 0) {
        mode_t mask = umask(0);
        (void)umask(mask);
        *kept = 0777 & ~mask;
    }
    return who != 0 ? who : 0777;
}

static mode_t take_bits(const char **s, mode_t old, bool directory)
{
    mode_t bits = 0;
    for (; **s != '\0' && strchr("rwxXst", **s) != NULL; *s += 1) {
        bits |= **s == 'r' ? 0444 : **s == 'w' ? 0222 : **s == 'x' ? 0111 : 0;
        if (**s == 'X' && (directory || (old & 0111) != 0))
            bits |= 0111;
    }
    return bits;
}

/* The mode that the text makes of `old`; the usage, if it is none. */
static mode_t applied(const char *s, mode_t old, bool directory)
{
    char *end;
    unsigned long number = strtoul(s, &end, 8);
    if (*s >= '0' && *s <= '7' && *end == '\0' && number <= 07777)
        return (mode_t)number;
    do {
        mode_t kept, who = take_who(&s, &kept);
        if (*s == '\0' || strchr("+-=", *s) == NULL)
            tool_usage();
        while (*s != '\0' && strchr("+-=", *s) != NULL) {
            char how = *s++;
            mode_t bits = take_bits(&s, old, directory) & who & kept;
            old = how == '+' ? old | bits : how == '-' ? old & ~bits : (old & ~who) | bits;
        }
    } while (*s++ == ',');
    if (s[-1] != '\0')
        tool_usage();
    return old;
}

static int change(struct walked *w)
{
    if (w->when == WALK_AFTER || S_ISLNK(w->st->st_mode))
        return 0;
    mode_t mode = applied(mode_text, w->st->st_mode & 07777, S_ISDIR(w->st->st_mode));
    return chmod(w->name, mode) == 0 ? 0 : tool_error(w->path);
}

int main(int argc, char **argv)
{
    int status = 0, first = 1;
    tool_start(argc, argv);
    bool deep = argc > 1 && strcmp(argv[1], "-R") == 0;
    first += deep;
    if (first < argc && strcmp(argv[first], "--") == 0)
        first++;
    if (argc - first < 2)
        tool_usage();
    mode_text = argv[first];
    (void)applied(mode_text, 0, false);
    for (int i = first + 1; i < argc; i++) {
        struct stat st;
        if (deep)
            status |= walk(argv[i], change, WALK_LINKS);
        else if (stat(argv[i], &st) != 0 || chmod(argv[i], applied(mode_text, st.st_mode & 07777, S_ISDIR(st.st_mode))) != 0)
            status |= tool_error(argv[i]);
    }
    return status;
}
