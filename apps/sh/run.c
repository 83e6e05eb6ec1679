/* SPDX-License-Identifier: MIT
 * Walks the tree. Programs of a pipe are spawned with the shell's own 0 and 1 set up for them; anything else in a pipe runs in a
 * copy of the shell, as does what runs in the background or in parentheses.
 */
#include "sh.h"

#include <errno.h>
#include <fcntl.h>
#include <ipc/procmgr.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIPE_COMMANDS_MAX 64
#define OUTPUT_MAX (1u << 20) /* of a command substitution */

bool interactive, background_self, leaving, interrupted;
int breaking, loops;

int complain(int status, const char *what, const char *why)
{
    fflush(stdout);
    fprintf(stderr, "sh: %s: %s\n", what, why);
    return status;
}

static bool stopped(void) { return leaving || interrupted || breaking != 0; }

/* ---- copies of the shell ---- */

static pid_t copy(void)
{
    fflush(stdout);
    fflush(stderr);
    pid_t pid = fork();
    if (pid == 0) {
        interactive = false;
        breaking = loops = 0;
        jobs_forget();
    }
    if (pid < 0)
        complain(STATUS_CANNOT_RUN, "fork", strerror(errno));
    return pid;
}

static void run_and_exit(const struct node *n)
{
    last_status = run(n);
    exit(last_status);
}

static int run_subshell(const struct node *n)
{
    pid_t pid = copy();
    if (pid == 0)
        run_and_exit(n->first);
    return pid < 0 ? STATUS_CANNOT_RUN : wait_foreground(pid);
}

static int run_background(const struct node *n)
{
    int status = 0;
    pid_t pid;
    if (is_external(n->first)) {
        pid = start_simple(n->first, SPAWN_BACKGROUND, &status);
    } else if ((pid = copy()) == 0) {
        background_self = true;
        run_and_exit(n->first);
    }
    if (pid > 0) {
        last_background = pid;
        job_add(pid, n->start, n->len);
    }
    return pid < 0 ? STATUS_CANNOT_RUN : status;
}

char *output_of(const char *text, size_t len)
{
    int p[2];
    char *script = arena_text(text, len), *all = arena_new(1);
    size_t n = 0, room = 1;
    if (pipe2(p, O_CLOEXEC) != 0) {
        last_status = complain(STATUS_CANNOT_RUN, "pipe", strerror(errno));
        return all;
    }
    pid_t pid = copy();
    if (pid == 0) {
        (void)dup2(p[1], STDOUT_FILENO);
        (void)close(p[0]);
        (void)close(p[1]);
        exit(run_text(script, "$()"));
    }
    (void)close(p[1]);
    char piece[512];
    for (ssize_t got; pid > 0 && (got = read(p[0], piece, sizeof piece)) > 0 && n < OUTPUT_MAX;) {
        if (n + (size_t)got + 1 > room) {
            char *more = arena_new(room = 2 * (n + (size_t)got + 1));
            memcpy(more, all, n);
            all = more;
        }
        for (ssize_t i = 0; i < got; i++)
            if (piece[i] != '\0')
                all[n++] = piece[i];
    }
    (void)close(p[0]);
    if (pid > 0)
        last_status = wait_foreground(pid);
    while (n > 0 && all[n - 1] == '\n')
        n--;
    all[n] = '\0';
    return all;
}

/* ---- pipes ---- */

/* One command of a pipe, which reads from `in` and writes to `out` (-1: as the shell). */
static pid_t start_stage(const struct node *n, int in, int out, int *status)
{
    struct saved saved = {0};
    *status = 0;
    if (!is_external(n)) {
        pid_t pid = copy();
        if (pid != 0)
            return pid;
        if (in >= 0)
            (void)dup2(in, STDIN_FILENO);
        if (out >= 0)
            (void)dup2(out, STDOUT_FILENO);
        run_and_exit(n);
    }
    bool good = (in < 0 || redirect_fd(in, STDIN_FILENO, &saved)) && (out < 0 || redirect_fd(out, STDOUT_FILENO, &saved));
    pid_t pid = good ? start_simple(n, 0, status) : 0;
    if (!good)
        *status = complain(STATUS_CANNOT_RUN, "pipe", strerror(errno));
    redirect_undo(&saved);
    return pid;
}

static void kill_all(const pid_t *pid, int n)
{
    for (int i = 0; i < n; i++)
        if (pid[i] > 0)
            (void)kill(pid[i], SIGINT);
}

static int run_pipe(const struct node *n)
{
    pid_t pid[PIPE_COMMANDS_MAX];
    int in = -1, stages = 0, status = 0, p[2] = {-1, -1};
    for (const struct node *c = n->first; c != NULL; c = c->next) {
        if (stages == PIPE_COMMANDS_MAX || (c->next != NULL && pipe2(p, O_CLOEXEC) != 0)) {
            status = complain(STATUS_CANNOT_RUN, "pipe", stages == PIPE_COMMANDS_MAX ? "too many commands" : strerror(errno));
            break;
        }
        pid[stages++] = start_stage(c, in, c->next != NULL ? p[1] : -1, &status);
        if (in >= 0)
            (void)close(in);
        if (c->next != NULL)
            (void)close(p[1]);
        in = c->next != NULL ? p[0] : -1;
    }
    if (in >= 0)
        (void)close(in);
    for (int i = stages; i-- > 0;) { /* the last one first: ^C is for it, and then for all */
        if (pid[i] <= 0)
            continue;
        int one = wait_foreground(pid[i]);
        if (i == stages - 1)
            status = one;
        if (interrupted)
            kill_all(pid, i);
    }
    return status;
}

/* ---- compound commands ---- */

static int run_loop(const struct node *n)
{
    int status = 0;
    loops++;
    while (!stopped()) {
        bool holds = run(n->first) == 0;
        if (stopped() || holds == (n->kind == N_UNTIL))
            break;
        status = run(n->second);
        if (breaking < 0 && ++breaking < 0)
            break; /* to go on with an outer loop */
    }
    loops--;
    if (breaking > 0)
        breaking--;
    return status;
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
    for (int i = 1; !n->has_in && i <= parameters_n; i++)
        fields_add(&values, parameters[i]);
    loops++;
    for (size_t i = 0; i < values.n && !stopped(); i++) {
        (void)setenv(name, values.word[i], 1);
        status = run(n->second);
        if (breaking < 0 && ++breaking < 0)
            break;
    }
    loops--;
    if (breaking > 0)
        breaking--;
    return status;
}

static int run_if(const struct node *n)
{
    bool holds = run(n->first) == 0;
    if (stopped())
        return last_status;
    return holds ? run(n->second) : n->third != NULL ? run(n->third) : 0;
}

static int run_compound(const struct node *n)
{
    struct saved saved = {0};
    fflush(stdout);
    int status = redirect(n->redirections, &saved);
    if (status != 0)
        return status;
    switch (n->kind) {
    case N_IF: status = run_if(n); break;
    case N_WHILE:
    case N_UNTIL: status = run_loop(n); break;
    case N_FOR: status = run_for(n); break;
    case N_GROUP: status = run(n->first); break;
    default: status = run_subshell(n); break;
    }
    fflush(stdout);
    redirect_undo(&saved);
    return status;
}

static int run_sequence(const struct node *n)
{
    int status = 0;
    for (const struct node *c = n->first; c != NULL && !stopped(); c = c->next) {
        struct arena_mark mark = arena_mark();
        status = run(c);
        arena_release(mark);
    }
    return status;
}

int run(const struct node *n)
{
    int status;
    switch (n->kind) {
    case N_SIMPLE: status = run_simple(n); break;
    case N_PIPE: status = run_pipe(n); break;
    case N_NOT: status = run(n->first) == 0; break;
    case N_AND:
        status = run(n->first);
        status = status == 0 && !stopped() ? run(n->second) : status;
        break;
    case N_OR:
        status = run(n->first);
        status = status != 0 && !stopped() ? run(n->second) : status;
        break;
    case N_SEQUENCE: status = run_sequence(n); break;
    case N_BACKGROUND: status = run_background(n); break;
    default: status = run_compound(n); break;
    }
    last_status = status;
    return status;
}

/* All commands of a text, each parsed when its turn comes. */
int run_text(const char *text, const char *name)
{
    while (*text != '\0' && !leaving && !interrupted) {
        const char *wrong;
        bool open;
        struct arena_mark mark = arena_mark();
        const struct node *n = parse(&text, &wrong, &open);
        if (wrong != NULL)
            last_status = complain(STATUS_SYNTAX, name, wrong);
        else if (n != NULL)
            (void)run(n);
        arena_release(mark);
        if (wrong != NULL)
            break;
    }
    return last_status;
}
