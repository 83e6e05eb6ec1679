/* SPDX-License-Identifier: MIT
 * Functions: a copy of their tree and its texts in an arena of their own, which is kept while they run.
 */
#include "sh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CALLS_MAX 1000 /* functions within functions: what the stack holds */

struct function {
    char *name;
    const struct node *body;
    struct arena_block *arena;
    unsigned users; /* calls of it, and the list */
    struct function *next;
};
static struct function *functions;
static struct variable_saved **locals; /* of the function that runs; 0: none does */
static int calls;

/* ---- copies of trees ---- */

static struct word *words_copy(const struct word *w)
{
    struct word *first = NULL, **end = &first;
    for (; w != NULL; w = w->next, end = &(*end)->next) {
        *end = arena_new(sizeof **end);
        **end = (struct word){arena_text(w->start, w->len), w->len, NULL};
    }
    return first;
}

static struct redirection *redirections_copy(const struct redirection *r)
{
    struct redirection *first = NULL, **end = &first;
    for (; r != NULL; r = r->next, end = &(*end)->next) {
        *end = arena_new(sizeof **end);
        **end = *r;
        (*end)->word = words_copy(r->word);
        (*end)->body = r->body != NULL ? arena_text(r->body, r->body_len) : NULL;
        (*end)->next = NULL;
    }
    return first;
}

/* Recursion: commands within commands, DEPTH_MAX at most; what follows one another is a loop. */
struct node *tree_copy(const struct node *n)
{
    struct node *first = NULL, **end = &first;
    for (; n != NULL; n = n->next, end = &(*end)->next) {
        *end = arena_new(sizeof **end);
        **end = *n;
        (*end)->start = n->len > 0 ? arena_text(n->start, n->len) : NULL;
        (*end)->words = words_copy(n->words);
        (*end)->redirections = redirections_copy(n->redirections);
        (*end)->first = tree_copy(n->first);
        (*end)->second = tree_copy(n->second);
        (*end)->third = tree_copy(n->third);
        (*end)->next = NULL;
    }
    return first;
}

/* ---- the table ---- */

struct function *function_find(const char *name)
{
    struct function *f = functions;
    while (f != NULL && strcmp(f->name, name) != 0)
        f = f->next;
    return f;
}

static void let_go(struct function *f)
{
    if (--f->users > 0)
        return;
    arena_free(f->arena);
    free(f->name);
    free(f);
}

bool function_unset(const char *name)
{
    for (struct function **at = &functions; *at != NULL; at = &(*at)->next) {
        struct function *f = *at;
        if (strcmp(f->name, name) != 0)
            continue;
        *at = f->next;
        let_go(f);
        return true;
    }
    return false;
}

void function_define(const struct node *n)
{
    struct function *f = keep(NULL, sizeof *f);
    struct arena_block *around = arena_switch(NULL);
    const struct node *body = tree_copy(n->first);
    *f = (struct function){.body = body, .users = 1};
    f->arena = arena_switch(around);
    char *name = arena_text(n->words->start, n->words->len);
    (void)function_unset(name);
    f->name = keep_text(name);
    f->next = functions;
    functions = f;
}

/* ---- calls ---- */

static int call(struct function *f, char **words)
{
    struct variable_saved *saved = NULL, **around = locals;
    char **outer = parameters;
    int outer_n = parameters_n, outer_loops = loops;
    parameters = NULL;
    parameters_n = 0;
    parameters_set(words + 1);
    locals = &saved;
    loops = 0;
    int status = run(f->body);
    if (returning)
        status = last_status;
    returning = false;
    loops = outer_loops;
    locals = around;
    variables_restore(&saved);
    parameters_set((char *[]){NULL});
    free(parameters);
    parameters = outer;
    parameters_n = outer_n;
    return status;
}

int function_call(struct function *f, char **words)
{
    if (calls >= CALLS_MAX) {
        error_ends();
        return complain(STATUS_CANNOT_RUN, words[0], "too many functions within functions");
    }
    calls++;
    f->users++;
    int status = call(f, words);
    let_go(f);
    calls--;
    return status;
}

int builtin_local(char **words)
{
    if (locals == NULL)
        return complain(STATUS_SYNTAX, "local", "no function runs");
    for (words++; *words != NULL; words++) {
        size_t n = name_len(*words);
        if (n == 0 || ((*words)[n] != '\0' && (*words)[n] != '='))
            return complain(STATUS_SYNTAX, *words, "not a name");
        char *name = arena_text(*words, n);
        variable_save(locals, name);
        if ((*words)[n] == '=' && !variable_set(name, *words + n + 1))
            return STATUS_SYNTAX;
    }
    return 0;
}
