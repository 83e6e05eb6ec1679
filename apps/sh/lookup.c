/* SPDX-License-Identifier: MIT
 * What a name is: `command`, `type`, and `hash`, which has nothing to remember.
 */
#include "sh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum style { WORDS, TERSE };

static bool is_reserved(const char *name)
{
    static const char *const words[] = {"!", "{", "}", "case", "do", "done", "elif", "else", "esac", "fi", "for", "if", "in", "then",
                                        "until", "while"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(name, words[i]) == 0)
            return true;
    return false;
}

static int tell(const char *name, const char *what, enum style style)
{
    printf(style == TERSE ? "%s\n" : "%s is %s\n", name, what);
    return 0;
}

static int describe_alias(const struct alias *a, enum style style)
{
    printf(style == TERSE ? "alias %s=" : "%s is an alias for ", a->name);
    if (style == TERSE)
        print_quoted(a->value);
    else
        fputs(a->value, stdout);
    putchar('\n');
    return 0;
}

static int describe(const char *name, enum style style)
{
    const struct alias *a = alias_find(name, strlen(name));
    const struct builtin *b = builtin_find(name);
    if (is_reserved(name))
        return tell(name, "a shell keyword", style);
    if (a != NULL)
        return describe_alias(a, style);
    if (b != NULL && b->kind == SPECIAL)
        return tell(name, "a special shell builtin", style);
    if (function_find(name) != NULL)
        return tell(name, "a shell function", style);
    if (b != NULL)
        return tell(name, "a shell builtin", style);
    const char *path = program_find(name);
    if (path == NULL && style == TERSE)
        return STATUS_NOT_FOUND;
    if (path == NULL)
        return complain(STATUS_NOT_FOUND, name, "not found");
    return style == TERSE ? tell(path, NULL, TERSE) : tell(name, path, WORDS);
}

int builtin_type(char **words)
{
    int status = 0;
    for (words++; *words != NULL; words++)
        if (describe(*words, WORDS) != 0)
            status = STATUS_NOT_FOUND;
    return status;
}

int builtin_command(char **words)
{
    char letter = '\0';
    for (words++; *words != NULL && **words == '-' && (*words)[1] != '\0'; words++) {
        if (strcmp(*words, "--") == 0) {
            words++;
            break;
        }
        letter = (*words)[1];
        if (strchr("pvV", letter) == NULL || (*words)[2] != '\0')
            return complain(STATUS_SYNTAX, *words, "usage: command [-p] [-v | -V] NAME [WORD...]");
    }
    if (*words == NULL)
        return 0;
    if (letter == 'v' || letter == 'V')
        return describe(*words, letter == 'v' ? TERSE : WORDS);
    forgiving = true;
    int status = run_words_plain(words);
    forgiving = false;
    return status;
}

int builtin_hash(char **words)
{
    int status = 0;
    for (words++; *words != NULL; words++)
        if (**words != '-' && builtin_find(*words) == NULL && function_find(*words) == NULL && program_find(*words) == NULL)
            status = complain(1, *words, "not found");
    return status;
}
