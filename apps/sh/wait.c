/* SPDX-License-Identifier: MIT
 * Waiting: for what runs in the foreground, and `wait`.
 */
#include "jobs.h"

#include "machine.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A process of the job that has not ended, -1: none. */
static int live(const struct job *j)
{
    int i = j->n - 1;
    while (i >= 0 && j->pid[i] <= 0)
        i--;
    return i;
}

bool job_wait(struct job *j, enum wait_how how)
{
    for (int i; j->state == JOB_RUNNING && (i = live(j)) >= 0;) {
        int word = 0;
        pid_t got = waitpid(j->pid[i], &word, WUNTRACED);
        if (got < 0 && errno == EINTR && how == WAIT_INTERRUPTIBLE && (interrupted || trap_came() > 0))
            return false;
        if (got < 0 && errno == EINTR)
            continue;
        job_note(j, i, got > 0 ? word : STATUS_NOT_FOUND << 8);
    }
    if (j->state == JOB_RUNNING)
        j->state = JOB_DONE; /* nobody of it was ever started */
    return true;
}

/* What is said when the foreground ends by a signal; of ^C and of broken pipes nothing. */
static void tell_end(const struct job *j)
{
    const char *name = WIFSIGNALED(j->word) ? signal_name(WTERMSIG(j->word)) : NULL;
    if (WIFSIGNALED(j->word) && WTERMSIG(j->word) == SIGINT)
        interrupted = true;
    else if (interactive && name != NULL && WTERMSIG(j->word) != SIGPIPE)
        fprintf(stderr, "sh: killed by %s: %s\n", name, j->text);
}

/* Wait for it in the foreground, and take that back. Its status. */
int job_foreground(struct job *j)
{
    if (j->group > 0)
        machine_foreground(j->group);
    (void)job_wait(j, WAIT_THROUGH);
    if (j->group > 0)
        machine_foreground(getpgrp());
    int status = status_of(j->word);
    if (j->state == JOB_STOPPED) {
        putchar('\n');
        job_print(j, "");
        j->told = true;
        interrupted = true; /* the rest of the line, too */
        return status;
    }
    tell_end(j);
    job_forget(j);
    return status;
}

int wait_pipe(const pid_t *pids, int n, const struct node *of)
{
    return job_foreground(job_new(pids, n, of->start, of->len));
}

int wait_foreground(pid_t pid, const struct node *of)
{
    return job_foreground(job_new(&pid, 1, of != NULL ? of->start : "", of != NULL ? of->len : 0));
}

void job_add(pid_t pid, const struct node *of)
{
    struct job *j = job_new(&pid, 1, of->start, of->len);
    if (interactive)
        printf("[%d] %ld\n", j->number, (long)pid);
}

/* ---- wait ---- */

/* Its status, and then it is forgotten; a signal's, if one came first. */
static int wait_for(struct job *j)
{
    while (j->state != JOB_DONE) { /* bound: its stops */
        if (!job_wait(j, WAIT_INTERRUPTIBLE))
            return SIGNAL_BASE + (interrupted ? SIGINT : trap_came());
        if (j->state == JOB_STOPPED && interactive)
            return status_of(j->word);
        if (j->state == JOB_STOPPED)
            j->state = JOB_RUNNING;
    }
    int status = status_of(j->word);
    job_forget(j);
    return status;
}

int builtin_wait(char **words)
{
    int status = 0;
    for (struct job *j = jobs, *next; words[1] == NULL && j != NULL; j = next) {
        next = j->next;
        status = wait_for(j);
        if (interrupted || trap_came() > 0)
            return status;
    }
    if (words[1] == NULL)
        return 0;
    for (words++; *words != NULL; words++) {
        struct job *j = job_of(*words);
        status = j != NULL ? wait_for(j) : complain(STATUS_NOT_FOUND, *words, "not a child of this shell");
    }
    return status;
}
