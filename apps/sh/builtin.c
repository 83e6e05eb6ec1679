/* SPDX-License-Identifier: MIT
 * What the shell does itself: whatever changes the shell, and a few small things that scripts do often.
 */
#include "sh.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int builtin_exit(char **words)
{
    leaving = true;
    return words[1] != NULL ? atoi(words[1]) & 0xff : last_status;
}

/* From a directory that was removed ".." leads nowhere; its path still says where it was. */
static int change(const char *to)
{
    const char *was = variable("PWD"), *slash = was != NULL ? strrchr(was, '/') : NULL;
    if (chdir(to) == 0)
        return 0;
    if (errno != ENOENT || strcmp(to, "..") != 0 || slash == NULL)
        return -1;
    return chdir(slash == was ? "/" : arena_text(was, (size_t)(slash - was)));
}

static int builtin_cd(char **words)
{
    char now[PATH_MAX];
    const char *to = words[1] != NULL ? words[1] : variable("HOME");
    if (to != NULL && strcmp(to, "-") == 0)
        to = variable("OLDPWD");
    if (to == NULL)
        return complain(1, "cd", "there is no such variable");
    if (getcwd(now, sizeof now) != NULL)
        (void)setenv("OLDPWD", now, 1);
    if (change(to) != 0)
        return complain(1, to, strerror(errno));
    if (getcwd(now, sizeof now) != NULL)
        (void)setenv("PWD", now, 1);
    return 0;
}

static int builtin_pwd(char **words)
{
    char now[PATH_MAX];
    (void)words;
    if (getcwd(now, sizeof now) == NULL)
        return complain(1, "pwd", strerror(errno));
    puts(now);
    return 0;
}

static int builtin_true(char **words)
{
    (void)words;
    return 0;
}

static int builtin_break(char **words)
{
    int n = words[1] != NULL ? atoi(words[1]) : 1;
    n = n < 1 ? 1 : n > loops ? loops : n;
    breaking = strcmp(words[0], "break") == 0 ? n : -n;
    return 0;
}

/* Variables are all in the environment, so there is nothing to export but a value. */
static int builtin_export(char **words)
{
    int status = 0;
    for (words++; *words != NULL; words++) {
        char *equals = strchr(*words, '=');
        if (equals == NULL)
            continue;
        *equals = '\0';
        if (setenv(*words, equals + 1, 1) != 0)
            status = complain(1, *words, strerror(errno));
    }
    return status;
}

static int builtin_unset(char **words)
{
    for (words++; *words != NULL; words++)
        (void)unsetenv(*words);
    return 0;
}

static int builtin_shift(char **words)
{
    int n = words[1] != NULL ? atoi(words[1]) : 1;
    if (n < 0 || n > parameters_n)
        return complain(1, "shift", "there are not so many parameters");
    parameters[n] = parameters[0];
    parameters += n;
    parameters_n -= n;
    return 0;
}

static int builtin_umask(char **words)
{
    if (words[1] != NULL) {
        (void)umask((mode_t)strtoul(words[1], NULL, 8));
        return 0;
    }
    mode_t mask = umask(0);
    (void)umask(mask);
    printf("%04o\n", (unsigned)mask);
    return 0;
}

/* Byte by byte: what is behind the line is for the next reader. */
static char *read_line(bool *end)
{
    size_t n = 0, room = 128;
    char *line = arena_new(room), c;
    ssize_t got = 0;
    while ((got = read(STDIN_FILENO, &c, 1)) == 1 && c != '\n') {
        if (n + 2 > room) {
            char *more = arena_new(room *= 2);
            memcpy(more, line, n);
            line = more;
        }
        line[n++] = c;
    }
    line[n] = '\0';
    *end = got != 1 && n == 0;
    return line;
}

/* Each name takes a word of the line, the last one what is left. */
static int builtin_read(char **words)
{
    bool end;
    char *s = read_line(&end);
    if (words[1] != NULL && strcmp(words[1], "-r") == 0)
        words++;
    for (words++; *words != NULL; words++) {
        s += strspn(s, " \t");
        size_t len = words[1] != NULL ? strcspn(s, " \t") : strlen(s);
        while (words[1] == NULL && len > 0 && strchr(" \t", s[len - 1]) != NULL)
            len--;
        (void)setenv(*words, arena_text(s, len), 1);
        s += len;
    }
    return end ? 1 : 0;
}

static int builtin_echo(char **words)
{
    bool newline = words[1] == NULL || strcmp(words[1], "-n") != 0;
    for (char **w = words + 1 + !newline; *w != NULL; w++)
        printf("%s%s", *w, w[1] != NULL ? " " : "");
    if (newline)
        putchar('\n');
    return 0;
}

static int builtin_eval(char **words)
{
    size_t bytes = 1;
    for (char **w = words + 1; *w != NULL; w++)
        bytes += strlen(*w) + 1;
    char *text = arena_new(bytes);
    for (char **w = words + 1; *w != NULL; w++)
        sprintf(text + strlen(text), "%s ", *w);
    return run_text(text, "eval");
}

static int builtin_help(char **words);

static const struct builtin builtins[] = {
    {"help", builtin_help, "this list"},
    {"exit", builtin_exit, "[STATUS]  leave the shell; the first shell's end turns the machine off (so does ^D)"},
    {"cd", builtin_cd, "[DIRECTORY]  go there; - goes back"},
    {"pwd", builtin_pwd, "where we are"},
    {"jobs", builtin_jobs, "programs started with &"},
    {"wait", builtin_wait, "[PID]  wait for them, or for one"},
    {"kill", builtin_kill, "[-SIGNAL] PID...  end a process"},
    {"export", builtin_export, "NAME=VALUE...  set variables (all are exported)"},
    {"unset", builtin_unset, "NAME...  forget variables"},
    {"read", builtin_read, "NAME...  words of a line of input"},
    {"shift", builtin_shift, "[N]  the first parameters go"},
    {"test", builtin_test, "EXPRESSION  compare texts and numbers, look at files; also [ EXPRESSION ]"},
    {"[", builtin_test, NULL},
    {"echo", builtin_echo, "[-n] WORD...  print words"},
    {"eval", builtin_eval, "WORD...  run them as a line"},
    {"exec", builtin_true, "[PROGRAM...]  become it; without one its redirections stay"},
    {"umask", builtin_umask, "[MASK]  permissions that new files do not get"},
    {"break", builtin_break, "[N]  leave N loops"},
    {"continue", builtin_break, "[N]  go on with the N-th loop around"},
    {":", builtin_true, NULL},
};

const struct builtin *builtin_find(const char *name)
{
    for (size_t i = 0; i < sizeof builtins / sizeof builtins[0]; i++)
        if (strcmp(name, builtins[i].name) == 0)
            return &builtins[i];
    return NULL;
}

static int builtin_help(char **words)
{
    (void)words;
    puts("Try first:\n"
         "  forkdemo            watch store faults travel app > kernel > pager > kernel > app\n"
         "  ps; free            who runs, and where the memory is\n"
         "  ls /bin | head      files, pipes: ls cat cp mv rm mkdir wc grep sort head tail and more\n"
         "  cowmap $$           which pages of this shell are shared, and with whom\n"
         "  pagerctl kill; ps   kill the pager; init restarts it and nobody loses a page\n"
         "\nPrograms are in /bin; each has --help. Built in:");
    for (size_t i = 0; i < sizeof builtins / sizeof builtins[0]; i++)
        if (builtins[i].what != NULL)
            printf("  %-8s %s\n", builtins[i].name, builtins[i].what);
    puts("\nLines: a; b   a && b   a || b   a &   a | b   a < FILE > FILE 2>&1   ( a )   { a; }   ! a   # comment\n"
         "       if a; then b; elif c; then d; else e; fi   while a; do b; done   for i in 1 2 *.c; do a $i; done\n"
         "Words: 'quotes' \"and $NAME\" ${NAME:-text} $(command) $? $$ $# $1 $@ *.txt ~   NAME=value\n"
         "Keys:  backspace, ^W word, ^U line, ^C kill the program in the foreground, ^D end");
    return 0;
}
