/* SPDX-License-Identifier: MIT
 * Jobs (job.h): stacks, whose turn it is, and who may use the disk's file system. Must never run two jobs in the disk when one of
 * them may change it.
 */
#include "job.h"

#include "disk.h"

#include <ipc/pager.h>

enum job_state { JOB_FREE, JOB_QUEUED /* for the disk */, JOB_RUNNING, JOB_WAITING, JOB_TOLD /* in line to go on */ };

static struct job jobs[JOBS];
static struct job_context loop; /* where the main loop stands while a job runs */
static struct job *now;
static bool there;

struct job_queue {
    struct job *first, *last;
};
static struct job_queue told, for_disk;
static unsigned readers;
static bool writer;

void job_switch(struct job_context *from, const struct job_context *to);

static void append(struct job_queue *q, struct job *j)
{
    j->next = 0;
    *(q->last ? &q->last->next : &q->first) = j;
    q->last = j;
}

static struct job *take_first(struct job_queue *q)
{
    struct job *j = q->first;
    q->first = j->next;
    if (!q->first)
        q->last = 0;
    return j;
}

struct job *job_now(void) { return now; }
bool jobs_there(void) { return there; }
struct job *job_of(unsigned number) { return &jobs[number]; }
unsigned job_number(const struct job *j) { return (unsigned)(j - jobs); }
bool keeper_is_free(void) { return jobs[JOB_KEEPER].state == JOB_FREE; }

static struct job *find_free(void)
{
    for (unsigned i = JOB_KEEPER + 1; i < JOBS; i++)
        if (jobs[i].state == JOB_FREE)
            return &jobs[i];
    return 0;
}

bool job_is_free(void) { return there && find_free(); }

/* ---- the disk ---- */

static bool may_enter(const struct job *j) { return !writer && (readers == 0 || !j->alone); }

static void enter(struct job *j)
{
    writer = j->alone;
    readers += !j->alone;
    disk_set_shared(!writer);
}

static void leave(const struct job *j)
{
    if (j->alone)
        writer = false;
    else
        readers--;
    while (for_disk.first && may_enter(for_disk.first)) { /* bound: JOBS */
        struct job *first = take_first(&for_disk);
        enter(first);
        first->state = JOB_WAITING;
        job_go_on(first);
    }
}

/* ---- turns ---- */

static void switch_to(struct job *j)
{
    struct job *before = now;
    now = j;
    j->state = JOB_RUNNING;
    job_switch(&loop, &j->at);
    now = before;
}

void job_wait(void)
{
    struct job *j = now;
    j->state = JOB_WAITING;
    job_switch(&j->at, &loop);
}

void job_go_on(struct job *j)
{
    if (j->state != JOB_WAITING)
        return;
    j->state = JOB_TOLD;
    append(&told, j);
}

void job_let_others(void)
{
    struct job *j = now;
    j->state = JOB_TOLD;
    append(&told, j);
    job_switch(&j->at, &loop);
}

void jobs_go_on(void)
{
    for (unsigned i = 0; i < JOBS && told.first; i++)
        switch_to(take_first(&told));
}

bool jobs_may_go_on(void) { return told.first; }

/* A job's whole life, on its own stack. */
static void life(void)
{
    struct job *j = now;
    for (;;) { /* forever: one piece of work after the other */
        if (j->what)
            request_run_job(j->what);
        else
            keeper();
        leave(j);
        j->state = JOB_FREE;
        job_switch(&j->at, &loop);
    }
}

static void begin(struct job *j, struct waiting *what, bool alone)
{
    j->what = what;
    j->alone = alone;
    if (for_disk.first || !may_enter(j)) {
        j->state = JOB_QUEUED;
        append(&for_disk, j);
        return;
    }
    enter(j);
    switch_to(j);
}

void job_run(struct waiting *what, bool alone) { begin(find_free(), what, alone); }

void keeper_run(void)
{
    if (there && keeper_is_free())
        begin(&jobs[JOB_KEEPER], 0, true);
}

void jobs_each(void (*see)(struct file *f))
{
    for (unsigned i = 0; i < JOBS; i++)
        if (jobs[i].request && jobs[i].request->making)
            see(jobs[i].request->making);
}

/* ---- stacks: each with its scratch below, and an unmapped page between ---- */

#define STEP (JOB_STACK_BYTES + JOB_SCRATCH_BYTES + PAGE_SIZE)
_Static_assert(sizeof(struct scratch) <= JOB_SCRATCH_BYTES, "it fits");

static err_t region(uint64_t op, unsigned i)
{
    vaddr_t start = JOBS_VA + i * STEP;
    struct ipc_msg m = {.w = {op, 0, start, start + STEP - PAGE_SIZE, PROT_R | PROT_W | REGION_PINNED << 8, BACKING_ANON}};
    return pager_call(H_PAGER, &m);
}

void jobs_forget(void)
{
    for (unsigned i = 0; i < JOBS; i++)
        (void)region(PAGER_REGION_REMOVE, i); /* mostly there is none */
}

err_t jobs_start(void)
{
    err_t err = OK;
    for (unsigned i = 0; i < JOBS && err == OK; i++) {
        err = region(PAGER_REGION_ADD, i);
        jobs[i].scratch = (struct scratch *)(JOBS_VA + i * STEP);
        jobs[i].at = (struct job_context){.ra = (uint64_t)(uintptr_t)life, .sp = JOBS_VA + (i + 1) * STEP - PAGE_SIZE};
    }
    there = err == OK;
    return err;
}
