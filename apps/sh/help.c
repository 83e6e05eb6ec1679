/* SPDX-License-Identifier: MIT
 * help.
 */
#include "sh.h"

#include <stdio.h>
#include <string.h>

static int help_with(const char *name)
{
    const struct builtin *b = builtin_find(name);
    if (b == NULL)
        return complain(1, name, "not a builtin; programs have --help");
    printf("%s %s\n", b->name, b->what);
    return 0;
}

int builtin_help(char **words)
{
    if (words[1] != NULL)
        return help_with(words[1]);
    puts("Try first:\n"
         "  forkdemo            watch store faults travel app > kernel > pager > kernel > app\n"
         "  ps; free            who runs, and where the memory is\n"
         "  ls /bin | head      files, pipes: ls cat cp mv rm mkdir wc grep sort head tail and more\n"
         "  cowmap $$           which pages of this shell are shared, and with whom\n"
         "  pagerctl kill; ps   kill the pager; init restarts it and nobody loses a page\n"
         "\nPrograms are in /bin; each has --help. Built in:");
    for (const struct builtin *b = builtins; b->name != NULL; b++)
        printf("  %-8s %s\n", b->name, b->what);
    puts("\nLines: a; b   a && b   a || b   a &   a | b   ( a )   { a; }   ! a   # comment   a < FILE > FILE >> FILE 2>&1 <<END\n"
         "       if a; then b; elif c; then d; else e; fi   while a; do b; done   until a; do b; done\n"
         "       for i in 1 2 *.c; do a $i; done   case $i in a|b) c;; *) d;; esac   name() { a \"$1\"; }\n"
         "Words: 'quotes' \"and $NAME\" ${NAME:-text} ${NAME%.c} $(command) $((1 + 2)) $? $$ $# $1 \"$@\" *.txt ~   NAME=value\n"
         "Keys:  arrows, ^A ^E begin and end, ^W word, ^U ^K line, ^R search in what was typed, Tab completes, ^C, ^D end");
    return 0;
}
