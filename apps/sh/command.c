/* SPDX-License-Identifier: MIT
 * Simple commands: assignments, redirections, a builtin or a program. Programs are spawned, so the shell works when there is no
 * memory for a copy of it.
 */
#include "sh.h"

#include <ctype.h>
#include <errno.h>
#include <ipc/procmgr.h>
#include <pagoda/spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ASSIGNMENTS_MAX 16

/* Characters of NAME= at the word's start, 0: it is no assignment. */
static size_t assignment_len(const struct word *w)
{
    size_t n = 0;
    while (n < w->len && (isalnum((unsigned char)w->start[n]) || w->start[n] == '_'))
        n++;
    return n > 0 && n < w->len && w->start[n] == '=' && !isdigit((unsigned char)*w->start) ? n + 1 : 0;
}

bool is_external(const struct node *n)
{
    const struct word *w = n->words;
    if (n->kind != N_SIMPLE)
        return false;
    while (w != NULL && assignment_len(w) > 0)
        w = w->next;
    if (w == NULL)
        return false;
    for (size_t i = 0; i < w->len; i++)
        if (strchr("$`'\"\\", w->start[i]) != NULL)
            return false; /* it may be anything */
    return builtin_find(arena_text(w->start, w->len)) == NULL;
}

struct assignments {
    int n;
    struct {
        char *name, *old; /* old NULL: it was unset */
    } at[ASSIGNMENTS_MAX];
};

/* Those before the command's name; `before` notes what to put back. Returns the first word behind them. */
static const struct word *assign(const struct word *w, struct assignments *before)
{
    for (size_t len; w != NULL && (len = assignment_len(w)) > 0; w = w->next) {
        char *name = arena_text(w->start, len - 1), *value = expand_single(w->start + len, w->len - len);
        if (before->n < ASSIGNMENTS_MAX) {
            const char *old = getenv(name);
            before->at[before->n].name = name;
            before->at[before->n++].old = old != NULL ? arena_text(old, strlen(old)) : NULL;
        }
        if (setenv(name, value, 1) != 0)
            complain(1, name, strerror(errno));
    }
    return w;
}

static void unassign(const struct assignments *before)
{
    for (int i = before->n; i-- > 0;) {
        if (before->at[i].old != NULL)
            (void)setenv(before->at[i].name, before->at[i].old, 1);
        else
            (void)unsetenv(before->at[i].name);
    }
}

/* Start words[]; its pid, or 0 with a message and *status. */
static pid_t program_start(char **words, unsigned flags, int *status)
{
    pid_t pid = 0;
    if ((flags & SPAWN_BACKGROUND) != 0)
        (void)setenv(BACKGROUND_MARK, "1", 1);
    int error = spawn_program(words[0], words, environ, flags, &pid);
    if (!background_self)
        (void)unsetenv(BACKGROUND_MARK);
    *status = 0;
    if (error == 0)
        return pid;
    if (error == ENOENT)
        *status = complain(STATUS_NOT_FOUND, words[0], "there is no such program (try: help)");
    else
        *status = complain(STATUS_CANNOT_RUN, words[0], strerror(error));
    return 0;
}

static void exec_program(char **words)
{
    fflush(stdout);
    (void)execvp(words[0], words);
    last_status = complain(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_CANNOT_RUN, words[0], strerror(errno));
}

/* `exec` alone makes its redirections last; with words the shell becomes that program. */
static int run_exec(const struct node *n, char **words)
{
    int status = redirect(n->redirections, NULL);
    if (status == 0 && words[1] != NULL) {
        exec_program(words + 1);
        leaving = !interactive;
        return last_status;
    }
    return status;
}

/* What a builtin printed has to have arrived, as a program's. */
static int run_builtin(const struct builtin *b, char **words)
{
    errno = 0;
    int status = b->run(words);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    clearerr(stdout);
    return complain(1, words[0], strerror(errno != 0 ? errno : EIO));
}

static int run_words(const struct node *n, char **words, unsigned flags, pid_t *pid)
{
    struct saved saved = {0};
    int status;
    if (strcmp(words[0], "exec") == 0 && flags == 0)
        return run_exec(n, words);
    fflush(stdout);
    status = redirect(n->redirections, &saved);
    if (status != 0)
        return status;
    const struct builtin *b = pid == NULL ? builtin_find(words[0]) : NULL;
    pid_t child = 0;
    if (b != NULL)
        status = run_builtin(b, words);
    else
        child = program_start(words, flags, &status);
    fflush(stdout);
    fflush(stderr);
    redirect_undo(&saved);
    if (pid != NULL)
        *pid = child;
    else if (child != 0)
        status = wait_foreground(child);
    return status;
}

static int simple(const struct node *n, unsigned flags, pid_t *pid)
{
    struct assignments before = {0};
    struct fields fields = {0};
    int failed = last_status;
    last_status = 0; /* of a substitution, should there be one */
    const struct word *w = assign(n->words, &before);
    int substituted = last_status;
    last_status = failed;
    for (; w != NULL; w = w->next)
        expand_word(w, &fields);
    if (expansion_failed()) {
        unassign(&before);
        return STATUS_SYNTAX;
    }
    if (fields.n == 0) { /* assignments stay */
        struct saved saved = {0};
        int status = redirect(n->redirections, &saved);
        redirect_undo(&saved);
        return status != 0 ? status : substituted;
    }
    int status = run_words(n, fields.word, flags, pid);
    unassign(&before);
    return status;
}

int run_simple(const struct node *n) { return simple(n, 0, NULL); }

pid_t start_simple(const struct node *n, unsigned flags, int *status)
{
    pid_t pid = 0;
    *status = simple(n, flags, &pid);
    return pid;
}
