/* SPDX-License-Identifier: MIT
 * Jobs: what was started and not waited for to its end. The table (jobs.c), waiting (wait.c), and the builtins (control.c).
 */
#ifndef SH_JOBS_H
#define SH_JOBS_H

#include "sh.h"

enum job_state { JOB_RUNNING, JOB_STOPPED, JOB_DONE };
struct job {
    int number;
    pid_t group;   /* 0: the shell's own */
    pid_t *pid;    /* 0: it has ended */
    int n, left;
    pid_t leader;  /* the last one's pid, for $! */
    int word;      /* of the last process: how it ended, or stopped */
    enum job_state state;
    bool told;     /* the user knows of its state */
    char *text;
    struct job *next;
};

extern struct job *jobs; /* by number */
/* Groups of their own, and stopping: only a shell that prompts does that. */
bool job_control(void);
struct job *job_new(const pid_t *pids, int n, const char *text, size_t len);
void job_forget(struct job *j);
/* What a word means: %N %% %+ %- %TEXT %?TEXT, or a pid; 0: none. */
struct job *job_of(const char *word);
struct job *job_current(void), *job_previous(void);
/* What became of one of its processes. */
void job_note(struct job *j, int i, int word);
void job_print(const struct job *j, const char *more);
/* Until it has ended or stopped; false: a signal came first. */
enum wait_how { WAIT_THROUGH, WAIT_INTERRUPTIBLE };
bool job_wait(struct job *j, enum wait_how how);
int job_foreground(struct job *j);
int status_of(int word);

#endif
