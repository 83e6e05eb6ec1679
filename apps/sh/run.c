/* SPDX-License-Identifier: MIT
 * Walks the tree.
 */
#include "sh.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool interactive, leaving, returning, forgiving;
volatile bool interrupted;
int breaking, loops, tested;
unsigned line_now;
const char *script_name;

int complain(int status, const char *what, const char *why)
{
    fflush(stdout);
    if (script_name != NULL)
        fprintf(stderr, "sh: %s:%u: %s: %s\n", script_name, line_now, what, why);
    else
        fprintf(stderr, "sh: %s: %s\n", what, why);
    return status;
}

void error_ends(void) { leaving = leaving || (!interactive && !forgiving); }

bool stopped(void) { return leaving || interrupted || returning || breaking != 0; }

/* ---- compound commands ---- */

static int run_tested(const struct node *n)
{
    tested++;
    int status = run(n);
    tested--;
    return status;
}

/* After a turn of a loop: whether it was the last one, because of break or of continue for a loop around. */
static bool loop_ends(void)
{
    if (breaking < 0)
        breaking++;
    return stopped();
}

static int run_loop(const struct node *n)
{
    int status = 0;
    loops++;
    while (!stopped()) {
        bool holds = run_tested(n->first) == 0;
        if (breaking < 0 && !loop_ends())
            continue;
        if (stopped() || holds == (n->kind == N_UNTIL))
            break;
        status = run(n->second);
        if (loop_ends())
            break;
    }
    loops--;
    if (breaking > 0)
        breaking--;
    return returning || leaving ? last_status : status;
}

static int run_for(const struct node *n)
{
    struct fields values = {0};
    char *name = arena_text(n->words->start, n->words->len);
    int status = 0;
    for (const struct word *w = n->words->next; w != NULL; w = w->next)
        expand_word(w, &values);
    if (expansion_failed())
        return STATUS_SYNTAX;
    for (int i = 0; !n->has_in && i < parameters_n; i++)
        fields_add(&values, arena_text(parameters[i], strlen(parameters[i])));
    loops++;
    for (size_t i = 0; i < values.n && !stopped(); i++) {
        if (!variable_set(name, values.word[i])) {
            status = STATUS_SYNTAX;
            error_ends();
            break;
        }
        status = run(n->second);
        if (loop_ends())
            break;
    }
    loops--;
    if (breaking > 0)
        breaking--;
    return status;
}

static int run_if(const struct node *n)
{
    while (n != NULL && n->kind == N_IF) { /* bound: the elifs */
        bool holds = run_tested(n->first) == 0;
        if (stopped())
            return last_status;
        if (holds)
            return run(n->second);
        n = n->third;
    }
    return n != NULL ? run(n) : 0;
}

static int run_case(const struct node *n)
{
    char *text = expand_single(n->words->start, n->words->len);
    if (expansion_failed())
        return STATUS_SYNTAX;
    for (const struct node *item = n->first; item != NULL; item = item->next)
        for (const struct word *w = item->words; w != NULL; w = w->next) {
            char *pattern = expand_pattern(w->start, w->len);
            if (expansion_failed())
                return STATUS_SYNTAX;
            if (pattern_matches(pattern, text))
                return item->first != NULL ? run(item->first) : 0;
        }
    return 0;
}

static int run_clause(const struct node *n)
{
    switch (n->kind) {
    case N_IF: return run_if(n);
    case N_WHILE:
    case N_UNTIL: return run_loop(n);
    case N_FOR: return run_for(n);
    case N_CASE: return run_case(n);
    case N_GROUP: return run(n->first);
    default: return run_subshell(n);
    }
}

static int run_compound(const struct node *n)
{
    struct saved saved = {0};
    if (n->redirections == NULL)
        return run_clause(n);
    fflush(stdout);
    line_now = n->line;
    int status = redirect(n->redirections, &saved);
    if (status != 0)
        return status;
    status = run_clause(n);
    fflush(stdout);
    redirect_undo(&saved);
    return status;
}

/* ---- lists ---- */

static int run_sequence(const struct node *n)
{
    int status = 0;
    for (const struct node *c = n->first; c != NULL && !stopped(); c = c->next) {
        struct arena_mark mark = arena_mark();
        status = run(c);
        traps_run();
        arena_release(mark);
    }
    return status;
}

static int run_joint(const struct node *n)
{
    int status = run_tested(n->first);
    if ((status == 0) != (n->kind == N_AND) || stopped())
        return status;
    return run(n->second);
}

/* `set -e`: what failed by itself, not within a condition, ends the shell. */
static void judge(const struct node *n, int status)
{
    bool whole = n->kind == N_SIMPLE || n->kind == N_PIPE || n->kind == N_SUBSHELL;
    if (status != 0 && whole && tested == 0 && !leaving && !returning && option('e'))
        leaving = true;
}

int run(const struct node *n)
{
    int status = 0;
    if (option('n') && !interactive)
        return 0;
    switch (n->kind) {
    case N_SIMPLE: status = run_simple(n); break;
    case N_PIPE: status = run_pipe(n); break;
    case N_NOT: status = run_tested(n->first) == 0; break;
    case N_AND:
    case N_OR: status = run_joint(n); break;
    case N_SEQUENCE: status = run_sequence(n); break;
    case N_BACKGROUND: status = run_background(n); break;
    case N_FUNCTION: function_define(n); break;
    default: status = run_compound(n); break;
    }
    last_status = status;
    judge(n, status);
    return status;
}

/* All commands of a text, each parsed when its turn comes. */
int run_text(const char *text, const char *name, unsigned line)
{
    struct source from = {.text = text, .line = line};
    bool ran = false, was_forgiving = forgiving;
    forgiving = false;
    while (*from.text != '\0' && !stopped()) {
        struct arena_mark mark = arena_mark();
        const struct node *n = parse(&from);
        if (from.wrong != NULL) {
            line_now = from.line;
            last_status = complain(STATUS_SYNTAX, name, from.wrong);
            error_ends();
        } else if (n != NULL) {
            (void)run(n);
            ran = true;
        }
        traps_run();
        arena_release(mark);
        if (from.wrong != NULL)
            break;
    }
    forgiving = was_forgiving;
    if (!ran && from.wrong == NULL && !stopped())
        last_status = 0;
    return last_status;
}
