/* SPDX-License-Identifier: MIT
 * The table of builtins, and those that are small: what changes how the shell goes on.
 */
#include "sh.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DOTS_MAX 64 /* files read by files */

long word_number(const char *who, const char *word, long most)
{
    char *end;
    errno = 0;
    long n = strtol(word, &end, 10);
    if (*word >= '0' && *word <= '9' && *end == '\0' && errno == 0)
        return n <= most ? n : most + 1;
    char *what = arena_joined(who, ": ", word);
    (void)complain(0, what, "not a number");
    return -1;
}

static int builtin_true(char **words)
{
    (void)words;
    return 0;
}

static int builtin_false(char **words)
{
    (void)words;
    return 1;
}

static int builtin_exit(char **words)
{
    long n = words[1] != NULL ? word_number("exit", words[1], 1L << 30) : last_status;
    leaving = leaving || n >= 0 || !interactive;
    return n < 0 ? STATUS_SYNTAX : (int)(n & 0xff);
}

static int builtin_return(char **words)
{
    long n = words[1] != NULL ? word_number("return", words[1], 1L << 30) : last_status;
    returning = true;
    return n < 0 ? STATUS_SYNTAX : (int)(n & 0xff);
}

static int builtin_break(char **words)
{
    long n = words[1] != NULL ? word_number(words[0], words[1], loops) : 1;
    if (n < 1) {
        error_ends();
        return n == 0 ? complain(STATUS_SYNTAX, words[0], "the number of loops is too small") : STATUS_SYNTAX;
    }
    int out = n > loops ? loops : (int)n;
    breaking = strcmp(words[0], "break") == 0 ? out : -out;
    return 0;
}

/* The bits of "u=rwx,g-w,o+x" that are allowed, from `allowed` on; -1: it is none. */
static int symbolic(const char *s, int allowed)
{
    while (*s != '\0') {
        int who = 0, bits = 0;
        for (; *s != '\0' && strchr("ugoa", *s) != NULL; s++)
            who |= *s == 'u' ? 0700 : *s == 'g' ? 0070 : *s == 'o' ? 0007 : 0777;
        char how = *s;
        if (how == '\0' || strchr("+-=", how) == NULL)
            return -1;
        for (s++; *s != '\0' && strchr("rwx", *s) != NULL; s++)
            bits |= *s == 'r' ? 0444 : *s == 'w' ? 0222 : 0111;
        who = who != 0 ? who : 0777;
        allowed = how == '+' ? allowed | (bits & who) : how == '-' ? allowed & ~(bits & who) : (allowed & ~who) | (bits & who);
        if (*s != '\0' && *s++ != ',')
            return -1;
    }
    return allowed;
}

static void print_mask(mode_t mask, bool in_letters)
{
    if (!in_letters) {
        printf("%04o\n", (unsigned)mask);
        return;
    }
    for (int i = 0; i < 3; i++) {
        unsigned bits = (~mask >> (6 - 3 * i)) & 7;
        printf("%s%c=%s%s%s", i > 0 ? "," : "", "ugo"[i], (bits & 4) != 0 ? "r" : "", (bits & 2) != 0 ? "w" : "", (bits & 1) != 0 ? "x" : "");
    }
    putchar('\n');
}

static int builtin_umask(char **words)
{
    mode_t mask = umask(0);
    (void)umask(mask);
    bool in_letters = words[1] != NULL && strcmp(words[1], "-S") == 0;
    const char *given = words[1 + in_letters];
    if (given == NULL) {
        print_mask(mask, in_letters);
        return 0;
    }
    char *end;
    long number = strtol(given, &end, 8);
    if (*given < '0' || *given > '9') {
        int allowed = symbolic(given, (int)(~mask & 0777));
        number = allowed < 0 ? -1 : ~allowed & 0777;
    } else if (*end != '\0' || number > 0777) {
        number = -1;
    }
    if (number < 0)
        return complain(STATUS_SYNTAX, given, "not a mask");
    (void)umask((mode_t)number);
    return 0;
}

int builtin_eval(char **words)
{
    size_t bytes = 1;
    for (char **w = words + 1; *w != NULL; w++)
        bytes += strlen(*w) + 1;
    char *text = arena_new(bytes), *end = text;
    for (char **w = words + 1; *w != NULL; w++)
        end += sprintf(end, "%s%s", w > words + 1 ? " " : "", *w);
    return run_text(text, "eval", line_now);
}

static int run_file(char *text, const char *path)
{
    const char *around = script_name;
    unsigned line = line_now;
    int outer_loops = loops;
    script_name = path;
    loops = 0;
    int status = run_text(text, "syntax", 1);
    returning = false;
    loops = outer_loops;
    script_name = around;
    line_now = line;
    return status;
}

/* The file's commands, in this shell. */
int builtin_dot(char **words)
{
    static int dots;
    words += words[1] != NULL && strcmp(words[1], "--") == 0;
    if (words[1] == NULL)
        return complain(STATUS_SYNTAX, ".", "a file is missing");
    char *path = script_find(words[1]);
    int fd = path != NULL && dots < DOTS_MAX ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) {
        error_ends();
        return complain(STATUS_SYNTAX, words[1], path == NULL ? "there is no such file" : dots < DOTS_MAX ? strerror(errno) : "too deep");
    }
    char *text = script_read(fd, words[1]);
    (void)close(fd);
    if (text == NULL)
        return STATUS_CANNOT_RUN;
    dots++;
    int status = run_file(text, arena_text(words[1], strlen(words[1])));
    dots--;
    free(text);
    return status;
}

const struct builtin builtins[] = {
    {"help", builtin_help, REGULAR, "[NAME]  this list, or what a builtin does"},
    {":", builtin_true, SPECIAL, "nothing, well"},
    {".", builtin_dot, SPECIAL, "FILE  run its commands in this shell"},
    {"[", builtin_test, REGULAR, "EXPRESSION ]  as test"},
    {"alias", builtin_alias, REGULAR, "[NAME=VALUE...]  a name for words"},
    {"bg", builtin_bg, REGULAR, "[%JOB]  a stopped job goes on in the background"},
    {"break", builtin_break, SPECIAL, "[N]  leave N loops"},
    {"cd", builtin_cd, REGULAR, "[-L | -P] [DIRECTORY]  go there; - goes back"},
    {"command", builtin_command, REGULAR, "[-v | -V] NAME [WORD...]  run it, no function; -v, -V: say what it is"},
    {"continue", builtin_break, SPECIAL, "[N]  go on with the N-th loop around"},
    {"echo", builtin_echo, REGULAR, "[-n] WORD...  print words; \\n, \\t, \\c and their like mean something"},
    {"eval", builtin_eval, SPECIAL, "WORD...  run them as a line"},
    {"exec", builtin_true, SPECIAL, "[PROGRAM...]  become it; without one its redirections stay"},
    {"exit", builtin_exit, SPECIAL, "[STATUS]  leave the shell; the first shell's end turns the machine off (so does ^D)"},
    {"export", builtin_export, SPECIAL, "[-p] NAME[=VALUE]...  programs get them in their environment"},
    {"false", builtin_false, REGULAR, "status 1"},
    {"fc", builtin_fc, REGULAR, "[-l [-nr] | -s [OLD=NEW] | -e EDITOR] [FIRST [LAST]]  lines typed before: list, run again, edit and run"},
    {"fg", builtin_fg, REGULAR, "[%JOB]  a job goes on in the foreground"},
    {"getopts", builtin_getopts, REGULAR, "OPTIONS NAME [WORD...]  the next option"},
    {"hash", builtin_hash, REGULAR, "[-r] [NAME...]  nothing is remembered; are they there?"},
    {"jobs", builtin_jobs, REGULAR, "[-l | -p]  what runs in the background or is stopped"},
    {"kill", builtin_kill, REGULAR, "[-SIGNAL | -s SIGNAL | -l] PID | %JOB...  send a signal"},
    {"local", builtin_local, REGULAR, "NAME[=VALUE]...  variables of a function"},
    {"printf", builtin_printf, REGULAR, "FORMAT [WORD...]  print words as told"},
    {"pwd", builtin_pwd, REGULAR, "[-L | -P]  where we are"},
    {"read", builtin_read, REGULAR, "[-r] NAME...  words of a line of input"},
    {"readonly", builtin_export, SPECIAL, "[-p] NAME[=VALUE]...  they keep their value"},
    {"return", builtin_return, SPECIAL, "[STATUS]  leave a function, or a file read by `.`"},
    {"set", builtin_set, SPECIAL, "[-abCefhmnuvx] [-o OPTION] [-- WORD...]  options and $1...; alone: all variables"},
    {"shift", builtin_shift, SPECIAL, "[N]  the first parameters go"},
    {"test", builtin_test, REGULAR, "EXPRESSION  compare texts and numbers, look at files"},
    {"times", builtin_times, SPECIAL, "processor time of the shell, and of what it has waited for"},
    {"trap", builtin_trap, SPECIAL, "[COMMAND SIGNAL...]  run it when that comes; EXIT: at the end; - takes it back"},
    {"true", builtin_true, REGULAR, "status 0"},
    {"type", builtin_type, REGULAR, "NAME...  what it is"},
    {"ulimit", builtin_ulimit, REGULAR, "[-SHa] [-cdfnpstv] [VALUE | unlimited]  what may be used"},
    {"umask", builtin_umask, REGULAR, "[-S] [MASK]  permissions that new files do not get"},
    {"unalias", builtin_unalias, REGULAR, "-a | NAME...  forget aliases"},
    {"unset", builtin_unset, SPECIAL, "[-v | -f] NAME...  forget variables or functions"},
    {"wait", builtin_wait, REGULAR, "[PID | %JOB...]  wait for them, or for all"},
    {NULL, NULL, REGULAR, NULL},
};

const struct builtin *builtin_find(const char *name)
{
    for (const struct builtin *b = builtins; b->name != NULL; b++)
        if (strcmp(name, b->name) == 0)
            return b;
    return NULL;
}
