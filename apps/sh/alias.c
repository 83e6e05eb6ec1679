/* SPDX-License-Identifier: MIT
 * Aliases: the table. The parser reads an alias in the place of its name.
 */
#include "sh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct alias *aliases;

struct alias *alias_find(const char *name, size_t len)
{
    struct alias *a = aliases;
    while (a != NULL && (strlen(a->name) != len || strncmp(a->name, name, len) != 0))
        a = a->next;
    return a;
}

/* Behind the others, so that `alias` lists them as they were made. One that is being read is the parser's until the line ends,
 * and no command runs before. */
static void set(const char *name, size_t len, const char *value)
{
    struct alias *a = alias_find(name, len), **end = &aliases;
    if (a == NULL) {
        while (*end != NULL)
            end = &(*end)->next;
        *end = a = keep(NULL, sizeof *a);
        *a = (struct alias){.name = strncpy(keep(NULL, len + 1), name, len)};
        a->name[len] = '\0';
    }
    free(a->value);
    a->value = keep_text(value);
}

static void show(const struct alias *a)
{
    printf("%s=", a->name);
    print_quoted(a->value);
    putchar('\n');
}

int builtin_alias(char **words)
{
    int status = 0;
    for (struct alias *a = aliases; words[1] == NULL && a != NULL; a = a->next)
        show(a);
    for (words++; *words != NULL; words++) {
        size_t len = strcspn(*words, "=");
        const struct alias *a = alias_find(*words, len);
        if ((*words)[len] == '=' && len > 0)
            set(*words, len, *words + len + 1);
        else if (a != NULL)
            show(a);
        else
            status = complain(1, *words, "there is no such alias");
    }
    return status;
}

static bool forget(const char *name)
{
    for (struct alias **at = &aliases; *at != NULL; at = &(*at)->next) {
        struct alias *a = *at;
        if (name != NULL && strcmp(a->name, name) != 0)
            continue;
        *at = a->next;
        free(a->name);
        free(a->value);
        free(a);
        return true;
    }
    return false;
}

int builtin_unalias(char **words)
{
    int status = 0;
    if (words[1] != NULL && strcmp(words[1], "-a") == 0) {
        while (forget(NULL)) {
            /* bound: the aliases */
        }
        return 0;
    }
    for (words++; *words != NULL; words++)
        if (!forget(*words))
            status = complain(1, *words, "there is no such alias");
    return status;
}
