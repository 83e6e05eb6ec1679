/* SPDX-License-Identifier: MIT
 * Copies of the shell, and pipes. Programs of a pipe are spawned with the shell's own 0 and 1 set up for them; anything else in a
 * pipe runs in a copy of the shell, as does what runs in the background or in parentheses.
 */
#include "sh.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIPE_COMMANDS_MAX 64

pid_t copy_shell(enum copy_use use)
{
    fflush(stdout);
    fflush(stderr);
    pid_t pid = fork();
    if (pid == 0) {
        interactive = false;
        breaking = loops = 0;
        jobs_forget(use);
        traps_forget();
    }
    if (pid < 0)
        complain(STATUS_CANNOT_RUN, "fork", strerror(errno));
    if (pid > 0)
        job_started(pid);
    return pid;
}

void shell_exit(int status)
{
    last_status = status;
    trap_exit();
    fflush(stdout);
    exit(last_status & 0xff);
}

void run_and_exit(const struct node *n)
{
    int status = run(n);
    shell_exit(leaving ? last_status : status);
}

int run_subshell(const struct node *n)
{
    (void)job_begin(COPY_FOREGROUND);
    pid_t pid = copy_shell(COPY_FOREGROUND);
    if (pid == 0)
        run_and_exit(n->first);
    return pid < 0 ? STATUS_CANNOT_RUN : wait_foreground(pid, n);
}

int run_background(const struct node *n)
{
    int status = 0;
    pid_t pid;
    (void)job_begin(COPY_BACKGROUND);
    if (is_external(n->first)) {
        pid = start_simple(n->first, COPY_BACKGROUND, &status);
    } else if ((pid = copy_shell(COPY_BACKGROUND)) == 0) {
        run_and_exit(n->first);
    }
    if (pid > 0) {
        last_background = pid;
        job_add(pid, n);
    }
    return pid < 0 ? STATUS_CANNOT_RUN : status;
}

/* ---- command substitution ---- */

static _Noreturn void write_output(const char *text, const int *p)
{
    (void)dup2(p[1], STDOUT_FILENO);
    if (p[0] != STDOUT_FILENO)
        (void)close(p[0]);
    if (p[1] != STDOUT_FILENO)
        (void)close(p[1]);
    shell_exit(run_text(text, "$()", line_now));
}

static char *read_output(int fd)
{
    size_t n = 0, room = 256;
    char *all = arena_new(room), piece[512];
    for (ssize_t got; (got = read(fd, piece, sizeof piece)) > 0 || (got < 0 && errno == EINTR && !interrupted);) {
        if (n + sizeof piece + 1 > room) {
            char *more = arena_new(room = 2 * (n + sizeof piece + 1));
            memcpy(more, all, n);
            all = more;
        }
        for (ssize_t i = 0; i < got; i++)
            if (piece[i] != '\0')
                all[n++] = piece[i];
    }
    while (n > 0 && all[n - 1] == '\n')
        n--;
    all[n] = '\0';
    return all;
}

static int wait_within(pid_t pid)
{
    pid_t outer = job_begin(COPY_WITHIN);
    int status = wait_foreground(pid, NULL);
    job_resume(outer);
    return status;
}

unsigned substitutions;

char *output_of(const char *text, size_t len)
{
    substitutions++;
    int p[2];
    char *script = arena_text(text, len);
    if (pipe2(p, O_CLOEXEC) != 0) {
        last_status = complain(STATUS_CANNOT_RUN, "pipe", strerror(errno));
        return arena_text("", 0);
    }
    pid_t outer = job_begin(COPY_WITHIN), pid = copy_shell(COPY_WITHIN);
    if (pid == 0)
        write_output(script, p);
    job_resume(outer);
    (void)close(p[1]);
    char *all = pid > 0 ? read_output(p[0]) : arena_text("", 0);
    (void)close(p[0]);
    last_status = pid > 0 ? wait_within(pid) : STATUS_CANNOT_RUN;
    return all;
}

/* ---- pipes ---- */

/* One command of a pipe, which reads from `in` and writes to `out` (-1: as the shell). Nobody but the shell keeps `spare`. */
struct stage {
    int in, out, spare;
};

static pid_t start_copy(const struct node *n, const struct stage *s)
{
    pid_t pid = copy_shell(COPY_FOREGROUND);
    if (pid != 0)
        return pid;
    if (s->spare >= 0)
        (void)close(s->spare);
    if (s->in >= 0)
        (void)dup2(s->in, STDIN_FILENO);
    if (s->out >= 0)
        (void)dup2(s->out, STDOUT_FILENO);
    if (s->in > 1)
        (void)close(s->in);
    if (s->out > 1)
        (void)close(s->out);
    run_and_exit(n);
}

static pid_t start_stage(const struct node *n, const struct stage *s, int *status)
{
    struct saved saved = {0};
    *status = 0;
    if (!is_external(n))
        return start_copy(n, s);
    fflush(stdout);
    bool good = (s->in < 0 || redirect_fd(s->in, STDIN_FILENO, &saved)) && (s->out < 0 || redirect_fd(s->out, STDOUT_FILENO, &saved));
    pid_t pid = good ? start_simple(n, COPY_FOREGROUND, status) : 0;
    if (!good)
        *status = complain(STATUS_CANNOT_RUN, "pipe", strerror(errno));
    redirect_undo(&saved);
    return pid;
}

int run_pipe(const struct node *n)
{
    pid_t pid[PIPE_COMMANDS_MAX] = {0};
    int in = -1, stages = 0, status = 0;
    (void)job_begin(COPY_FOREGROUND);
    for (const struct node *c = n->first; c != NULL; c = c->next) {
        int p[2] = {-1, -1};
        if (stages == PIPE_COMMANDS_MAX || (c->next != NULL && pipe2(p, O_CLOEXEC) != 0)) {
            status = complain(STATUS_CANNOT_RUN, "pipe", stages == PIPE_COMMANDS_MAX ? "too many commands" : strerror(errno));
            break;
        }
        pid[stages++] = start_stage(c, &(struct stage){in, p[1], p[0]}, &status);
        if (in >= 0)
            (void)close(in);
        if (p[1] >= 0)
            (void)close(p[1]);
        in = p[0];
    }
    if (in >= 0)
        (void)close(in);
    int last = wait_pipe(pid, stages, n);
    return stages > 0 && pid[stages - 1] > 0 ? last : status;
}
