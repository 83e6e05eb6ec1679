/* SPDX-License-Identifier: MIT
 * export, readonly, unset.
 */
#include "sh.h"

#include <stdio.h>
#include <string.h>

static void list(const char *command, unsigned flag)
{
    size_t n;
    struct variable **all = variables_sorted(&n);
    for (size_t i = 0; i < n; i++) {
        if ((all[i]->flags & flag) == 0)
            continue;
        printf("%s %s", command, all[i]->name);
        if (all[i]->value != NULL) {
            putchar('=');
            print_quoted(all[i]->value);
        }
        putchar('\n');
    }
}

/* What is wrong in a special builtin ends a shell that is not interactive. */
static int fatal(const char *what, const char *why)
{
    error_ends();
    return complain(STATUS_SYNTAX, what, why);
}

int builtin_export(char **words)
{
    unsigned flag = strcmp(words[0], "export") == 0 ? VAR_EXPORTED : VAR_READONLY;
    const char *command = *words++;
    if (*words == NULL || strcmp(*words, "-p") == 0) {
        list(command, flag);
        return 0;
    }
    if (strcmp(*words, "--") == 0)
        words++;
    for (; *words != NULL; words++) {
        size_t len = name_len(*words);
        if (len == 0 || ((*words)[len] != '\0' && (*words)[len] != '='))
            return fatal(*words, "not a name");
        char *name = arena_text(*words, len);
        if ((*words)[len] == '=' && !variable_set(name, *words + len + 1)) {
            error_ends();
            return STATUS_SYNTAX;
        }
        (void)variable_flag(name, flag);
    }
    return 0;
}

int builtin_unset(char **words)
{
    bool functions = false, variables = false;
    for (words++; *words != NULL && **words == '-'; words++) {
        functions = functions || strcmp(*words, "-f") == 0;
        variables = variables || strcmp(*words, "-v") == 0;
    }
    for (; *words != NULL; words++) {
        if (functions) {
            (void)function_unset(*words);
            continue;
        }
        if (name_len(*words) != strlen(*words) || **words == '\0')
            return fatal(*words, "not a name");
        bool known = variable_get(*words) != NULL;
        if (!variable_unset(*words)) {
            error_ends();
            return STATUS_SYNTAX;
        }
        if (!known && !variables)
            (void)function_unset(*words);
    }
    return 0;
}
