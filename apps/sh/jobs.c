/* SPDX-License-Identifier: MIT
 * The table of jobs, and what is said of them before a prompt.
 */
#include "jobs.h"

#include "machine.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct job *jobs;
static bool controls;
static pid_t group = -1; /* of what is started now: -1 the shell's, 0 a new one */

bool job_control(void) { return controls; }

/* ---- groups ---- */

pid_t job_begin(enum copy_use use)
{
    pid_t before = group;
    group = controls && use != COPY_WITHIN ? 0 : -1;
    return before;
}

void job_resume(pid_t before) { group = before; }

pid_t job_group(void) { return group; }

/* The first one gives the group its number. Parent and child both see to it, so nobody is too late. */
void job_started(pid_t pid)
{
    if (group < 0 || pid <= 0)
        return;
    if (group == 0)
        group = pid;
    (void)setpgid(pid, group);
}

/* ---- the table ---- */

struct job *job_new(const pid_t *pids, int n, const char *text, size_t len)
{
    struct job *j = keep(NULL, sizeof *j), **end = &jobs;
    *j = (struct job){.n = n, .left = n, .number = 1, .group = group > 0 ? group : 0, .leader = n > 0 ? pids[n - 1] : 0};
    j->pid = keep(NULL, (size_t)n * sizeof *j->pid);
    for (int i = 0; i < n; i++) {
        j->pid[i] = pids[i] > 0 ? pids[i] : 0;
        j->left -= pids[i] <= 0;
    }
    while (len > 0 && strchr(" \t\n;&", text[len - 1]) != NULL)
        len--;
    j->text = strncpy(keep(NULL, len + 1), len > 0 ? text : "", len);
    j->text[len] = '\0';
    for (; *end != NULL; end = &(*end)->next)
        j->number = (*end)->number + 1;
    *end = j;
    return j;
}

void job_forget(struct job *j)
{
    struct job **at = &jobs;
    while (*at != j)
        at = &(*at)->next;
    *at = j->next;
    free(j->pid);
    free(j->text);
    free(j);
}

static struct job *newest(enum job_state state, const struct job *but)
{
    struct job *found = NULL;
    for (struct job *j = jobs; j != NULL; j = j->next)
        if (j->state == state && j != but)
            found = j;
    return found;
}

static struct job *newest_but(const struct job *but)
{
    struct job *j = newest(JOB_STOPPED, but);
    return j != NULL ? j : newest(JOB_RUNNING, but);
}

struct job *job_current(void) { return newest_but(NULL); }
struct job *job_previous(void) { return newest_but(job_current()); }

static struct job *job_named(const char *word)
{
    struct job *found = NULL;
    for (struct job *j = jobs; j != NULL; j = j->next)
        if (*word == '?' ? strstr(j->text, word + 1) != NULL : strncmp(j->text, word, strlen(word)) == 0)
            found = j;
    return found;
}

struct job *job_of(const char *word)
{
    bool named = *word == '%';
    char *end;
    word += named;
    long n = strtol(word, &end, 10);
    if (named && (*word == '\0' || strcmp(word, "%") == 0 || strcmp(word, "+") == 0))
        return job_current();
    if (named && strcmp(word, "-") == 0)
        return job_previous();
    if (!isdigit((unsigned char)*word) || *end != '\0')
        return named ? job_named(word) : NULL;
    for (struct job *j = jobs; j != NULL; j = j->next)
        if (named ? j->number == n : j->leader == n)
            return j;
    return NULL;
}

/* ---- what became of them ---- */

int status_of(int word)
{
    return WIFSTOPPED(word) ? SIGNAL_BASE + WSTOPSIG(word) : WIFSIGNALED(word) ? SIGNAL_BASE + WTERMSIG(word) : WEXITSTATUS(word);
}

void job_note(struct job *j, int i, int word)
{
    if (WIFCONTINUED(word)) {
        j->state = JOB_RUNNING;
        return;
    }
    if (i == j->n - 1 || WIFSTOPPED(word))
        j->word = word;
    if (WIFSTOPPED(word)) {
        j->told = j->told && j->state == JOB_STOPPED;
        j->state = JOB_STOPPED;
        return;
    }
    j->pid[i] = 0;
    if (--j->left > 0)
        return;
    j->state = JOB_DONE;
    j->told = false;
}

/* All that can be known without waiting. */
void jobs_look(void)
{
    for (struct job *j = jobs; j != NULL; j = j->next)
        for (int i = 0; i < j->n; i++) {
            int word = 0;
            while (j->pid[i] > 0) { /* bound: stops and goes */
                pid_t got = waitpid(j->pid[i], &word, WNOHANG | WUNTRACED | WCONTINUED);
                if (got == 0)
                    break;
                job_note(j, i, got > 0 ? word : STATUS_NOT_FOUND << 8);
            }
        }
}

static const char *state_text(const struct job *j, char to[40])
{
    if (j->state == JOB_RUNNING)
        return "Running";
    if (j->state == JOB_STOPPED)
        return "Stopped";
    const char *name = WIFSIGNALED(j->word) ? signal_name(WTERMSIG(j->word)) : NULL;
    if (name != NULL)
        snprintf(to, 40, "Killed (%s)", name);
    else if (status_of(j->word) != 0)
        snprintf(to, 40, "Done (%d)", status_of(j->word));
    else
        return "Done";
    return to;
}

void job_print(const struct job *j, const char *more)
{
    char text[40];
    char sign = j == job_current() ? '+' : j == job_previous() ? '-' : ' ';
    printf("[%d] %c %s%-12s %s\n", j->number, sign, more, state_text(j, text), j->text);
}

/* Jobs that ended are forgotten when that was said; in a shell that does not prompt, when somebody waited for them. */
void jobs_tell(void)
{
    struct job *next;
    for (struct job *j = jobs; j != NULL; j = next) {
        next = j->next;
        if (!j->told && j->state != JOB_RUNNING)
            job_print(j, "");
        j->told = true;
        if (j->state == JOB_DONE)
            job_forget(j);
    }
}

/* ---- the shell itself ---- */

static void note_interrupt(int number)
{
    (void)number;
    interrupted = true;
}

static void nothing(int number) { (void)number; }

static const int quiet[] = {SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, SIGTERM};

void signal_default(int number)
{
    bool is_quiet = false;
    for (size_t i = 0; i < sizeof quiet / sizeof quiet[0]; i++)
        is_quiet = is_quiet || quiet[i] == number;
    signal_catch(number, controls && number == SIGINT ? note_interrupt : controls && is_quiet ? nothing : SIG_DFL);
}

/* A shell that prompts leads a group of its own, and is not ended by what is meant for its jobs. Signals are caught, not ignored: what
 * it starts gets them as they were. */
void jobs_start(void)
{
    if (!interactive) {
        machine_adopt();
        return;
    }
    controls = true;
    (void)setpgid(0, 0);
    signal_default(SIGINT);
    for (size_t i = 0; i < sizeof quiet / sizeof quiet[0]; i++)
        signal_default(quiet[i]);
    machine_foreground(getpgrp());
}

void jobs_prompt(void)
{
    machine_foreground(getpgrp()); /* a program may have taken it */
    jobs_look();
    jobs_tell();
}

static void reset(int number, enum copy_use use)
{
    bool away = use == COPY_BACKGROUND && !controls && (number == SIGINT || number == SIGQUIT);
    if (controls || away)
        signal_catch(number, away ? SIG_IGN : SIG_DFL);
}

/* In a copy: the jobs are the original's; without groups, ^C is not for the background. */
void jobs_forget(enum copy_use use)
{
    if (group >= 0)
        (void)setpgid(0, group);
    if (group >= 0 && use == COPY_FOREGROUND)
        machine_foreground(getpgrp());
    while (jobs != NULL)
        job_forget(jobs);
    reset(SIGINT, use);
    for (size_t i = 0; i < sizeof quiet / sizeof quiet[0]; i++)
        reset(quiet[i], use);
    controls = false;
    group = -1;
}
