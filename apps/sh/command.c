/* SPDX-License-Identifier: MIT
 * Simple commands: words, redirections, assignments, then a builtin, a function or a program (program.c). Programs are spawned, so
 * the shell works when there is no memory for a copy of it.
 */
#include "sh.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Characters of NAME= at the word's start, 0: it is no assignment. */
static size_t assignment_len(const struct word *w)
{
    size_t n = name_len(w->start);
    return n > 0 && n < w->len && w->start[n] == '=' ? n + 1 : 0;
}

static const struct word *behind_assignments(const struct word *w)
{
    while (w != NULL && assignment_len(w) > 0)
        w = w->next;
    return w;
}

bool is_external(const struct node *n)
{
    const struct word *w = n->kind == N_SIMPLE ? behind_assignments(n->words) : NULL;
    if (w == NULL)
        return false;
    for (size_t i = 0; i < w->len; i++)
        if (strchr("$`'\"\\*?[~", w->start[i]) != NULL)
            return false; /* it may be anything */
    char *name = arena_text(w->start, w->len);
    return builtin_find(name) == NULL && function_find(name) == NULL;
}

/* ---- assignments ---- */

enum assign_use { ASSIGN_FOR_GOOD, ASSIGN_FOR_COMMAND };

/* Those before the command's name; `saved` notes what to put back. False: one could not be made. */
static bool assign(const struct word *w, const struct word *end, enum assign_use use, struct variable_saved **saved)
{
    for (; w != end; w = w->next) {
        size_t len = assignment_len(w);
        char *name = arena_text(w->start, len - 1), *value = expand_assigned(w->start + len, w->len - len);
        if (expansion_failed())
            return false;
        if (option('x'))
            fprintf(stderr, "%s%s=%s\n", variable_get("PS4") != NULL ? variable_get("PS4") : "", name, value);
        if (use == ASSIGN_FOR_COMMAND)
            variable_save(saved, name);
        if (!variable_set(name, value)) {
            error_ends();
            return false;
        }
        if (use == ASSIGN_FOR_COMMAND)
            (void)variable_flag(name, VAR_EXPORTED);
    }
    return true;
}

static void trace(char **words)
{
    const char *before = variable_get("PS4");
    fflush(stdout);
    fputs(before != NULL ? before : "", stderr);
    for (char **w = words; *w != NULL; w++)
        fprintf(stderr, "%s%s", w > words ? " " : "", *w);
    fputc('\n', stderr);
}

/* ---- what the first word names ---- */

/* What a builtin printed has to have arrived, as a program's. */
static int run_builtin(const struct builtin *b, char **words)
{
    errno = 0;
    int status = b->run(words);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    int error = errno != 0 ? errno : EIO;
    clearerr(stdout);
    return complain(1, words[0], strerror(error));
}

static const struct node *running; /* the command, for what is said of its job */

static int run_program(char **words)
{
    int status;
    (void)job_begin(COPY_FOREGROUND);
    pid_t pid = program_start(words, COPY_FOREGROUND, &status);
    fflush(stderr);
    return pid > 0 ? wait_foreground(pid, running) : status;
}

int run_words_plain(char **words)
{
    const struct builtin *b = builtin_find(words[0]);
    return b != NULL ? run_builtin(b, words) : run_program(words);
}

static int run_words(char **words)
{
    const struct builtin *b = builtin_find(words[0]);
    struct function *f = b != NULL && b->kind == SPECIAL ? NULL : function_find(words[0]);
    return f != NULL ? function_call(f, words) : run_words_plain(words);
}

/* `exec`: its redirections stay; with words the shell becomes that program. */
static int run_exec(const struct node *n, char **words)
{
    int status = redirect(n->redirections, NULL);
    words++;
    if (*words != NULL && strcmp(*words, "--") == 0)
        words++;
    if (status == 0 && *words != NULL) {
        program_exec(words);
        status = last_status;
    }
    if (status != 0)
        error_ends();
    return status;
}

static int run_special(const struct node *n, char **words, const struct word *name)
{
    struct saved saved = {0};
    int status = redirect(n->redirections, &saved);
    if (status == 0 && assign(n->words, name, ASSIGN_FOR_GOOD, NULL))
        status = run_words(words);
    else
        error_ends();
    fflush(stdout);
    redirect_undo(&saved);
    return status;
}

/* ---- the whole ---- */

/* Without a name: assignments stay, redirections only try. The status is the last substitution's, but until there is one $? is that of
 * the command before. */
static int run_nameless(const struct node *n)
{
    struct saved saved = {0};
    unsigned before = substitutions;
    if (!assign(n->words, NULL, ASSIGN_FOR_GOOD, NULL))
        return STATUS_SYNTAX;
    int substituted = substitutions != before ? last_status : 0, status = redirect(n->redirections, &saved);
    redirect_undo(&saved);
    return status != 0 ? status : substituted;
}

static bool expand_words(const struct node *n, const struct word *name, struct fields *fields)
{
    line_now = n->line;
    for (const struct word *w = name; w != NULL; w = w->next)
        expand_word(w, fields);
    if (expansion_failed())
        return false;
    if (option('x') && fields->n > 0)
        trace(fields->word);
    return true;
}

int run_simple(const struct node *n)
{
    const struct word *name = behind_assignments(n->words);
    struct fields fields = {0};
    struct saved saved = {0};
    struct variable_saved *before = NULL;
    if (!expand_words(n, name, &fields))
        return STATUS_SYNTAX;
    if (fields.n == 0)
        return run_nameless(n);
    fflush(stdout);
    running = n;
    const struct builtin *b = builtin_find(fields.word[0]);
    if (strcmp(fields.word[0], "exec") == 0)
        return run_exec(n, fields.word);
    if (b != NULL && b->kind == SPECIAL)
        return run_special(n, fields.word, name);
    int status = redirect(n->redirections, &saved);
    if (status != 0)
        return status;
    status = assign(n->words, name, ASSIGN_FOR_COMMAND, &before) ? run_words(fields.word) : STATUS_SYNTAX;
    fflush(stdout);
    fflush(stderr);
    variables_restore(&before);
    redirect_undo(&saved);
    return status;
}

pid_t start_simple(const struct node *n, enum copy_use use, int *status)
{
    const struct word *name = behind_assignments(n->words);
    struct fields fields = {0};
    struct saved saved = {0};
    struct variable_saved *before = NULL;
    pid_t pid = 0;
    *status = STATUS_SYNTAX;
    if (!expand_words(n, name, &fields) || fields.n == 0)
        return 0;
    fflush(stdout);
    *status = redirect(n->redirections, &saved);
    if (*status != 0)
        return 0;
    if (assign(n->words, name, ASSIGN_FOR_COMMAND, &before))
        pid = program_start(fields.word, use, status);
    fflush(stderr);
    variables_restore(&before);
    redirect_undo(&saved);
    return pid;
}
