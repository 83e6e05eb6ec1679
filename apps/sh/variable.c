/* SPDX-License-Identifier: MIT
 * Variables: a hash of names, and from it the environment of programs, which is built anew when an exported one has changed.
 */
#include "sh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUCKETS 128u

extern char **environ;
static struct variable *bucket[BUCKETS];
static char **environment; /* the strings are ours, too */
static bool environment_old;

static struct variable **place_of(const char *name)
{
    unsigned hash = 5381;
    for (const char *s = name; *s != '\0'; s++)
        hash = hash * 33 + (unsigned char)*s;
    struct variable **at = &bucket[hash % BUCKETS];
    while (*at != NULL && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    return at;
}

static struct variable *made(const char *name)
{
    struct variable **at = place_of(name);
    if (*at == NULL) {
        *at = keep(NULL, sizeof **at);
        **at = (struct variable){.name = keep_text(name)};
    }
    return *at;
}

static void value_set(struct variable *v, const char *value)
{
    char *old = v->value;
    v->value = value != NULL ? keep_text(value) : NULL;
    free(old); /* last: the new one may be a part of it */
    environment_old = environment_old || (v->flags & VAR_EXPORTED) != 0;
}

static void drop(struct variable **at)
{
    struct variable *v = *at;
    *at = v->next;
    free(v->name);
    free(v->value);
    free(v);
}

const char *variable_get(const char *name)
{
    struct variable *v = *place_of(name);
    return v != NULL ? v->value : NULL;
}

static bool writable(const char *name)
{
    struct variable *v = *place_of(name);
    if (v == NULL || (v->flags & VAR_READONLY) == 0)
        return true;
    (void)complain(1, name, "is read only");
    return false;
}

bool variable_set(const char *name, const char *value)
{
    if (!writable(name))
        return false;
    struct variable *v = made(name);
    value_set(v, value);
    if (option('a') && (v->flags & VAR_EXPORTED) == 0)
        return variable_flag(name, VAR_EXPORTED);
    return true;
}

bool variable_flag(const char *name, unsigned flags)
{
    made(name)->flags |= flags;
    environment_old = environment_old || (flags & VAR_EXPORTED) != 0;
    return true;
}

bool variable_unset(const char *name)
{
    struct variable **at = place_of(name);
    if (!writable(name))
        return false;
    if (*at != NULL) {
        environment_old = environment_old || ((*at)->flags & VAR_EXPORTED) != 0;
        drop(at);
    }
    return true;
}

void variables_start(char **given)
{
    for (; given != NULL && *given != NULL; given++) {
        size_t n = name_len(*given);
        if (n == 0 || (*given)[n] != '=')
            continue;
        char *name = arena_text(*given, n);
        struct variable *v = made(name);
        value_set(v, *given + n + 1);
        v->flags |= VAR_EXPORTED;
    }
    environment_old = true;
}

struct variable **variables_sorted(size_t *n)
{
    size_t count = 0;
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct variable *v = bucket[i]; v != NULL; v = v->next)
            count++;
    struct variable **all = arena_new((count + 1) * sizeof(struct variable *));
    *n = 0;
    for (unsigned i = 0; i < BUCKETS; i++)
        for (struct variable *v = bucket[i]; v != NULL; v = v->next) {
            size_t at = (*n)++;
            for (; at > 0 && strcmp(all[at - 1]->name, v->name) > 0; at--)
                all[at] = all[at - 1];
            all[at] = v;
        }
    return all;
}

char **variables_environment(void)
{
    size_t n, count = 0;
    if (!environment_old)
        return environ;
    for (char **s = environment; s != NULL && *s != NULL; s++)
        free(*s);
    struct variable **all = variables_sorted(&n);
    environment = keep(environment, (n + 1) * sizeof *environment);
    for (size_t i = 0; i < n; i++) {
        if ((all[i]->flags & VAR_EXPORTED) == 0 || all[i]->value == NULL)
            continue;
        char *line = keep(NULL, strlen(all[i]->name) + strlen(all[i]->value) + 2);
        sprintf(line, "%s=%s", all[i]->name, all[i]->value);
        environment[count++] = line;
    }
    environment[count] = NULL;
    environment_old = false;
    return environ = environment;
}

void variable_save(struct variable_saved **list, const char *name)
{
    struct variable *v = *place_of(name);
    struct variable_saved *s = keep(NULL, sizeof *s);
    *s = (struct variable_saved){.name = keep_text(name), .before = *list};
    if (v != NULL) {
        s->value = v->value != NULL ? keep_text(v->value) : NULL;
        s->flags = v->flags;
    }
    *list = s;
}

void variables_restore(struct variable_saved **list)
{
    while (*list != NULL) { /* bound: what was saved */
        struct variable_saved *s = *list;
        struct variable *v = made(s->name);
        unsigned flags = v->flags;
        value_set(v, s->value);
        v->flags = s->flags;
        environment_old = environment_old || ((flags | s->flags) & VAR_EXPORTED) != 0;
        if (s->value == NULL && s->flags == 0)
            drop(place_of(s->name));
        *list = s->before;
        free(s->name);
        free(s->value);
        free(s);
    }
}

void print_quoted(const char *text)
{
    putchar('\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    }
    putchar('\'');
}
