/* SPDX-License-Identifier: MIT
 * Jobs: what has to wait for the disk runs on a stack of its own, so that the server's thread goes on with others meanwhile.
 * One thread runs at a time, and changes hands only in job_wait(), so nothing needs a lock but the disk's file system itself:
 * requests that only read it share it, one that changes it has it alone, first come, first served.
 *
 *   main loop ── a request meets the disk: LATER_DISK ──▶ parked ──▶ a job takes it: job_run()
 *        ◀──────────── job_wait(): a transfer is under way ───────────┘
 *        ── FS_NTFN_DISK: disk_collect(), job_go_on() ──▶ the job goes on
 */
#ifndef FS_JOB_H
#define FS_JOB_H

#include "fs.h"

#define JOB_KEEPER 0u /* the job that nobody asks for: mounting, writing back, letting go of files. It changes the disk */

struct job_context {
    uint64_t ra, sp, s[12];
};

struct job {
    struct job_context at;
    uint8_t state;          /* job.c's */
    bool alone;             /* it may change the disk */
    struct waiting *what;   /* the request; 0: the keeper's own */
    struct job *next;       /* of the queue it is in: for the disk, or to go on */
    struct request *request; /* the same, as the handler sees it; 0: none */
    struct scratch *scratch;
};

must_check err_t jobs_start(void);  /* stacks; before it nothing of the disk can be used */
void jobs_forget(void);             /* after a restart: give back what there was */
bool jobs_there(void);
bool job_is_free(void);             /* whether job_run() would find one */
void job_run(struct waiting *what, bool alone);
void keeper_run(void);              /* keeper() on the keeper's stack, unless it is at work */
bool keeper_is_free(void);
void jobs_each(void (*see)(struct file *f)); /* descriptions that they are making */
struct job *job_now(void);          /* 0: the main loop */
unsigned job_number(const struct job *j);
struct job *job_of(unsigned number);
void job_wait(void);                /* until job_go_on() */
void job_let_others(void);          /* it goes on when the loop has looked for events */
void job_go_on(struct job *j);      /* it waits, or was told already */
void jobs_go_on(void);              /* those that may */
bool jobs_may_go_on(void);

/* ---- supplied by others ---- */
void keeper(void);                  /* disk.c */
void request_run_job(struct waiting *what); /* request.c */

#endif
