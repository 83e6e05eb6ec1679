/* SPDX-License-Identifier: MIT
 * Programs in the foreground, whom ^C kills, and those in the background.
 */
#include "sh.h"

#include "machine.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define JOBS_MAX 32

static struct job {
    pid_t pid; /* 0: free */
    char text[48];
} jobs[JOBS_MAX];

static struct job *job_find(pid_t pid)
{
    for (int i = 0; i < JOBS_MAX; i++)
        if (jobs[i].pid == pid)
            return &jobs[i];
    return NULL;
}

/* A copy of the shell has no jobs of its own yet. */
void jobs_forget(enum copy_use use)
{
    memset(jobs, 0, sizeof jobs);
    if (use == COPY_BACKGROUND)
        machine_set_background();
}

void job_add(pid_t pid, const char *text, size_t len)
{
    struct job *j = job_find(0);
    if (j == NULL)
        return; /* it runs, only unnamed */
    while (len > 0 && strchr(" \t\n;&", text[len - 1]) != NULL)
        len--;
    j->pid = pid;
    snprintf(j->text, sizeof j->text, "%.*s", (int)len, text);
    if (interactive)
        printf("[%d] %s\n", (int)pid, j->text);
}

static int status_of(int word)
{
    return WIFSIGNALED(word) ? SIGNAL_BASE + WTERMSIG(word) : WEXITSTATUS(word);
}

static void job_ended(pid_t pid, int word)
{
    struct job *j = job_find(pid);
    if (j == NULL)
        return;
    if (interactive)
        printf("[%d] ended with %d: %s\n", (int)pid, status_of(word), j->text);
    j->pid = 0;
}

static void reap(int options)
{
    int word;
    for (pid_t pid; (pid = waitpid(-1, &word, options)) > 0;)
        job_ended(pid, word);
}

int wait_foreground(pid_t pid)
{
    int word = 0;
    machine_foreground(pid);
    while (waitpid(pid, &word, 0) < 0) /* bound: EINTR only while signals arrive */
        if (errno != EINTR)
            return STATUS_CANNOT_RUN;
    machine_foreground(0);
    interrupted = interrupted || (WIFSIGNALED(word) && WTERMSIG(word) == SIGINT);
    if (interactive && WIFSIGNALED(word) && (WTERMSIG(word) == SIGKILL || WTERMSIG(word) == SIGTERM))
        fprintf(stderr, "sh: killed by signal %d\n", WTERMSIG(word));
    return status_of(word);
}

/* The last one first: ^C is for it, and then for all. */
int wait_pipe(const pid_t *pids, int n)
{
    int status = 0;
    for (int i = n; i-- > 0;) {
        if (pids[i] <= 0)
            continue;
        int one = wait_foreground(pids[i]);
        status = i == n - 1 ? one : status;
        for (int k = 0; interrupted && k < i; k++)
            if (pids[k] > 0)
                (void)kill(pids[k], SIGINT);
    }
    return status;
}

void jobs_start(void) { (void)machine_is_background(); }

void jobs_prompt(void)
{
    machine_foreground(0); /* whoever started this shell made it the one that ^C kills */
    reap(WNOHANG);
}

/* Waits in the foreground, so ^C ends what is waited for, and the wait with it. */
static int job_wait(pid_t pid)
{
    int word = 0;
    machine_foreground(pid);
    pid_t got = waitpid(pid, &word, 0);
    machine_foreground(0);
    if (got != pid)
        return STATUS_NOT_FOUND;
    job_ended(pid, word);
    return status_of(word);
}

/* The whole of text, or -1. */
static long number_of(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);
    return isdigit((unsigned char)*text) && *end == '\0' ? n : -1;
}

/* A pid, or % and the number that `jobs` shows; 0: neither. */
static pid_t pid_of(const char *text)
{
    bool is_job = *text == '%';
    long n = number_of(text + is_job);
    return n <= 0 || n > INT_MAX || (is_job && job_find((pid_t)n) == NULL) ? 0 : (pid_t)n;
}

int builtin_wait(char **words)
{
    if (words[1] != NULL) {
        int status = 0;
        for (words++; *words != NULL; words++) {
            pid_t pid = pid_of(*words);
            status = pid > 0 ? job_wait(pid) : STATUS_NOT_FOUND;
            if (status == STATUS_NOT_FOUND)
                (void)complain(status, *words, "not a child of this shell");
        }
        return status;
    }
    for (int i = 0; i < JOBS_MAX; i++)
        if (jobs[i].pid != 0 && job_wait(jobs[i].pid) == STATUS_NOT_FOUND)
            jobs[i].pid = 0;
    reap(0); /* those that found no place in the table */
    return 0;
}

int builtin_jobs(char **words)
{
    (void)words;
    reap(WNOHANG);
    for (int i = 0; i < JOBS_MAX; i++)
        if (jobs[i].pid != 0)
            printf("[%d] %s\n", (int)jobs[i].pid, jobs[i].text);
    return 0;
}

/* `kill -l`: all signals, or the name of one, which may be an exit status. */
static int list_signals(const char *which)
{
    long n = which != NULL ? word_number("kill", which, 255) : 0;
    const char *name = n > 0 ? signal_name((int)(n > SIGNAL_BASE ? n - SIGNAL_BASE : n)) : NULL;
    if (which != NULL)
        return name != NULL ? puts(name) < 0 : complain(1, which, "not a signal");
    for (int i = 1; i < 32; i++)
        if (signal_name(i) != NULL)
            printf("%2d %s\n", i, signal_name(i));
    return 0;
}

int builtin_kill(char **words)
{
    int sig = SIGTERM, status = 0;
    words++;
    if (*words != NULL && strcmp(*words, "-l") == 0)
        return list_signals(words[1]);
    if (*words != NULL && strcmp(*words, "-s") == 0 && words[1] != NULL) {
        sig = signal_number(words[1]);
        words += 2;
    } else if (*words != NULL && **words == '-') {
        sig = signal_number(*words++ + 1);
    }
    if (*words == NULL)
        return complain(STATUS_SYNTAX, "kill", "usage: kill [-SIGNAL] PID...");
    if (sig < 0)
        return complain(1, words[-1], "not a signal");
    for (; *words != NULL; words++) {
        pid_t pid = pid_of(*words);
        if (pid <= 0)
            status = complain(1, *words, **words == '%' ? "there is no such job (try: jobs)" : "not a pid");
        else if (kill(pid, sig) != 0)
            status = complain(1, *words, strerror(errno));
    }
    return status;
}
