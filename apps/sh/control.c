/* SPDX-License-Identifier: MIT
 * jobs, fg, bg and kill.
 */
#include "jobs.h"

#include "machine.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int builtin_jobs(char **words)
{
    char letter = words[1] != NULL && words[1][0] == '-' ? words[1][1] : '\0';
    if (letter != '\0' && (strchr("lp", letter) == NULL || words[1][2] != '\0'))
        return complain(STATUS_SYNTAX, words[1], "usage: jobs [-l | -p] [%JOB...]");
    jobs_look();
    for (struct job *j = jobs, *next; j != NULL; j = next) {
        char pid[24] = "";
        next = j->next;
        if (letter == 'l')
            snprintf(pid, sizeof pid, "%ld ", (long)j->leader);
        if (letter == 'p')
            printf("%ld\n", (long)j->leader);
        else
            job_print(j, pid);
        j->told = true;
        if (j->state == JOB_DONE && interactive)
            job_forget(j);
    }
    return 0;
}

/* The job named, or the current one; 0 with a message. */
static struct job *wanted(char **words)
{
    struct job *j = words[1] != NULL ? job_of(words[1]) : job_current();
    if (!job_control())
        (void)complain(1, words[0], "this shell has no job control");
    else if (j == NULL)
        (void)complain(1, words[1] != NULL ? words[1] : words[0], "there is no such job (try: jobs)");
    return job_control() ? j : NULL;
}

static void go_on(struct job *j)
{
    j->state = JOB_RUNNING;
    (void)kill(-j->group, SIGCONT);
}

int builtin_fg(char **words)
{
    struct job *j = wanted(words);
    if (j == NULL)
        return 1;
    puts(j->text);
    fflush(stdout);
    machine_foreground(j->group);
    go_on(j);
    return job_foreground(j);
}

int builtin_bg(char **words)
{
    struct job *j = wanted(words);
    if (j == NULL)
        return 1;
    printf("[%d] %s &\n", j->number, j->text);
    go_on(j);
    return 0;
}

/* ---- kill ---- */

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

static int kill_job(const char *word, int sig)
{
    struct job *j = job_of(word);
    if (j == NULL)
        return complain(1, word, "there is no such job (try: jobs)");
    int failed = 0;
    if (j->group > 0)
        failed = kill(-j->group, sig);
    for (int i = 0; i < j->n && j->group == 0; i++)
        if (j->pid[i] > 0)
            failed |= kill(j->pid[i], sig);
    if (failed == 0 && j->state == JOB_STOPPED && j->group > 0 && (sig == SIGTERM || sig == SIGHUP))
        (void)kill(-j->group, SIGCONT); /* so that it can take note */
    return failed == 0 ? 0 : complain(1, word, strerror(errno));
}

static int kill_pid(const char *word, int sig)
{
    char *end;
    long n = strtol(word, &end, 10);
    if (!isdigit((unsigned char)word[*word == '-']) || *end != '\0' || n > INT_MAX || n < -INT_MAX)
        return complain(1, word, "not a pid");
    return kill((pid_t)n, sig) == 0 ? 0 : complain(1, word, strerror(errno));
}

int builtin_kill(char **words)
{
    int sig = SIGTERM, status = 0;
    const char *given = NULL;
    words++;
    if (*words != NULL && strcmp(*words, "-l") == 0)
        return list_signals(words[1]);
    if (*words != NULL && strcmp(*words, "-s") == 0 && words[1] != NULL) {
        given = words[1];
        words += 2;
    } else if (*words != NULL && **words == '-' && strcmp(*words, "--") != 0) {
        given = *words++ + 1;
    }
    if (*words != NULL && strcmp(*words, "--") == 0)
        words++;
    if (*words == NULL)
        return complain(STATUS_SYNTAX, "kill", "usage: kill [-SIGNAL | -s SIGNAL | -l] PID | %JOB...");
    if (given != NULL && (sig = signal_number(given)) < 0)
        return complain(1, given, "not a signal");
    for (; *words != NULL; words++)
        status |= **words == '%' ? kill_job(*words, sig) : kill_pid(*words, sig);
    return status;
}
