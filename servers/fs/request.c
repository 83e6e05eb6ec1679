/* SPDX-License-Identifier: MIT
 * Requests that wait: for bytes in a pipe, for room in one, for a page of the client's buffer, or for others' turn. Each is kept
 * as the message it came as and run again from its start, with what was copied already (done), until it has an answer. Owns
 * reply ids until they are used. In a queue only the first one is tried: who comes later waits behind.
 */
#include "fs.h"
#include "job.h"
#include "waiting.h"

#include <fcntl.h>
#include <string.h>

#define RUNS_A_TURN 16u /* before new messages are looked at */

struct slab waiting_slab = {.bytes = sizeof(struct waiting), .keeps_one = true};
struct waiting *waiting_all;
static struct waiting *run_first, *run_last, *disk_first, *disk_last;
static uint64_t wakes; /* events that may have been what a request waits for */
static uint32_t copies, polls, lockers; /* of them wait for a page; for any change of a pipe; for a lock */

static void wake(struct waiting *w)
{
    if (!w || w->woken || w->for_disk || w->running)
        return;
    w->woken = true;
    w->run_next = 0;
    *(run_last ? &run_last->run_next : &run_first) = w;
    run_last = w;
}

/* Whether the request changes nothing of a file system, so that others of the kind may use the disk beside it. */
static bool only_reads(const struct ipc_event *ev)
{
    switch (ev->w[0]) {
    case FS_READ:
    case FS_READ_SHORT:
    case FS_PREAD:
    case FS_STAT:
    case FS_ACCESS:
    case FS_READLINK:
    case FS_READDIR:
    case FS_CHDIR:
    case FS_GETCWD:
    case FS_LSEEK:
        return true;
    case FS_OPEN:
        return !(ev->w[1] & (O_CREAT | O_TRUNC));
    default:
        return false;
    }
}

static void wait_for_disk(struct waiting *w, err_t why)
{
    w->for_disk = true;
    w->alone = w->alone || why == LATER_ALONE || !only_reads(&w->ev);
    w->disk_next = 0;
    *(disk_last ? &disk_last->disk_next : &disk_first) = w;
    disk_last = w;
}

static void undisk(struct waiting *w)
{
    struct waiting *before = 0, *at = disk_first;
    if (!w->for_disk)
        return;
    for (; at != w; at = at->disk_next) /* bound: those that wait for a job */
        before = at;
    *(before ? &before->disk_next : &disk_first) = w->disk_next;
    if (disk_last == w)
        disk_last = before;
    w->for_disk = false;
}

static void sleep_for(struct waiting *w, err_t why)
{
    if (why == LATER_DISK || why == LATER_ALONE)
        wait_for_disk(w, why);
    copies += (why == LATER_COPY) - w->for_copy;
    w->for_copy = why == LATER_COPY;
    polls += (why == LATER_POLL) - w->for_poll;
    w->for_poll = why == LATER_POLL;
    lockers += (why == LATER_LOCK) - w->for_lock;
    w->for_lock = why == LATER_LOCK;
    if (why == LATER_TURN)
        wake(w);
    if (why == LATER_PROC)
        question_send();
}

static void enqueue(struct waiting *w, struct wait_queue *q)
{
    w->queue = q;
    w->q_next = 0;
    w->q_before = q->last;
    *(w->q_before ? &w->q_before->q_next : &q->first) = w;
    q->last = w;
}

err_t request_park(struct request *r, err_t why)
{
    struct waiting *w = slab_new(&waiting_slab);
    if (!w)
        return ERR_NOMEM;
    w->ev = *r->ev;
    w->file = r->file && r->file != r->making ? file_hold(r->file) : r->file;
    w->done = r->done;
    w->waits_for = r->waits_for;
    w->question = r->question;
    w->deadline = r->deadline;
    w->next = waiting_all;
    if (waiting_all)
        waiting_all->before = w;
    waiting_all = w;
    if (r->wait_on)
        enqueue(w, r->wait_on);
    sleep_for(w, why);
    return OK;
}

static void unqueue(struct waiting *w)
{
    struct wait_queue *q = w->queue;
    if (!q)
        return;
    bool was_first = q->first == w;
    *(w->q_before ? &w->q_before->q_next : &q->first) = w->q_next;
    *(w->q_next ? &w->q_next->q_before : &q->last) = w->q_before;
    w->queue = 0;
    if (was_first)
        wake(q->first);
}

static void unrun(struct waiting *w)
{
    struct waiting *before = 0, *at = run_first;
    if (!w->woken)
        return;
    for (; at != w; at = at->run_next) /* bound: those that were woken */
        before = at;
    *(before ? &before->run_next : &run_first) = w->run_next;
    if (run_last == w)
        run_last = before;
    w->woken = false;
}

static void end(struct waiting *w)
{
    w->dead = true;
    if (w->running)
        return; /* the job ends it */
    unrun(w);
    undisk(w);
    unqueue(w);
    copies -= w->for_copy;
    polls -= w->for_poll;
    lockers -= w->for_lock;
    *(w->before ? &w->before->next : &waiting_all) = w->next;
    if (w->next)
        w->next->before = w->before;
    struct file *f = w->file;
    question_end(w->question);
    slab_free(&waiting_slab, w);
    if (f)
        file_drop(f);
}

void requests_wake_polls(void)
{
    wakes++;
    for (struct waiting *w = waiting_all; w && polls > 0; w = w->next) /* bound: all that wait */
        if (w->for_poll)
            wake(w);
}

void request_wake(struct wait_queue *q)
{
    wake(q->first);
    requests_wake_polls();
}

bool requests_idle(void) { return !run_first && !disk_first && polls == 0; }

ticks_t requests_next(void)
{
    ticks_t next = DEADLINE_NONE;
    for (struct waiting *w = waiting_all; w && polls > 0; w = w->next) /* bound: all that wait */
        if (w->for_poll && w->deadline < next)
            next = w->deadline;
    return next;
}

void requests_due(ticks_t now)
{
    for (struct waiting *w = waiting_all; w && polls > 0; w = w->next) /* bound: all that wait */
        if (w->for_poll && w->deadline <= now)
            wake(w);
}

void requests_wake_locks(void)
{
    wakes++;
    for (struct waiting *w = waiting_all; w && lockers > 0; w = w->next) /* bound: all that wait */
        if (w->for_lock)
            wake(w);
}

bool requests_wait_in_circle(uint32_t pid, uint32_t me)
{
    for (uint32_t steps = 0; steps < lockers; steps++) { /* bound: those that wait for locks */
        struct waiting *w = waiting_all;
        while (w && !(w->for_lock && BADGE_ID(w->ev.badge) == pid)) /* bound: all that wait */
            w = w->next;
        if (!w || w->waits_for == me)
            return w;
        pid = w->waits_for;
    }
    return false;
}

void requests_wake_copies(void)
{
    wakes++;
    for (struct waiting *w = waiting_all; w && copies > 0; w = w->next) /* bound: all that wait */
        if (w->for_copy)
            wake(w);
}

static bool is_asking(const struct waiting *w) { return w->question && !w->question->answered; }

struct waiting *question_oldest(void)
{
    struct waiting *oldest = 0;
    for (struct waiting *w = waiting_all; w && questions_open > 0; w = w->next) /* bound: all that wait */
        if (is_asking(w))
            oldest = w;
    return oldest;
}

void question_wake(struct waiting *w)
{
    wakes++;
    wake(w);
}

void question_fail(struct waiting *w, err_t err)
{
    struct ipc_msg m = {.w = {(uint64_t)(int64_t)err}};
    (void)ipc_reply(w->ev.id, &m); /* stale: the client is gone */
    end(w);
}

/* A job may wait for the disk between finding that it cannot go on and being asleep, and others have their turns then: what came meanwhile
 * was not for it yet. */
static void run(struct waiting *w)
{
    uint64_t before = wakes;
    struct request r = {.ev = &w->ev, .file = w->file, .done = w->done, .wait_on = w->queue, .self = w, .question = w->question};
    struct job *j = job_now();
    if (j)
        j->request = &r;
    err_t err = request_run(&r);
    if (j)
        j->request = 0;
    w->running = false;
    w->done = r.done;
    w->deadline = r.deadline;
    w->waits_for = r.waits_for;
    w->question = r.question;
    if (r.making)
        w->file = r.making; /* it is the request's from now on */
    if (err > OK && !w->file && r.file)
        w->file = file_hold(r.file);
    if (err > OK && !w->dead) {
        if (r.wait_on && !w->queue)
            enqueue(w, r.wait_on);
        sleep_for(w, err);
        if (j && wakes != before && (!w->queue || w->queue->first == w))
            wake(w);
        return;
    }
    r.m.w[0] = (uint64_t)(int64_t)err;
    (void)ipc_reply(w->ev.id, &r.m); /* stale: the client is gone */
    end(w);
}

void request_run_job(struct waiting *w)
{
    struct client *c = BADGE_CLASS(w->ev.badge) == BADGE_CLIENT ? client_find(BADGE_ID(w->ev.badge)) : 0;
    if (c)
        client_hold(c);
    run(w);
    if (c)
        client_unhold(c);
}

bool request_is_dead(const struct request *r) { return r->self && r->self->dead; }

bool requests_run(void)
{
    for (unsigned i = 0; i < RUNS_A_TURN && run_first; i++) {
        struct waiting *w = run_first;
        unrun(w);
        run(w);
    }
    while (disk_first && job_is_free()) { /* bound: JOBS, or the requests that wait, whichever ends first */
        struct waiting *w = disk_first;
        undisk(w);
        w->running = true;
        job_run(w, w->alone);
    }
    return run_first;
}

void requests_cancelled(uint64_t count, reply_id_t newest)
{
    for (struct waiting *w = waiting_all, *next; w; w = next) { /* bound: all that wait */
        next = w->next;
        if (count == 1 ? w->ev.id == newest : !sys_reply_alive(w->ev.id))
            end(w);
    }
}

/* A number of bytes is an answer; a search for a hole that has come so far has none. */
static bool counts(uint64_t op) { return op != FS_LSEEK && op != FS_ALLOCATE; }

/* A signal for who asked. What copies, has its turn, is at the disk or asks procmgr goes on by itself, soon. */
err_t do_INTERRUPT(struct request *r)
{
    struct waiting *w = waiting_all;
    while (w && (frame_t)w->ev.id != (frame_t)r->ev->w[1]) /* bound: all that wait */
        w = w->next;
    if (!w)
        return ERR_NOENT;
    if (w->for_copy || w->woken || w->for_disk || w->running || is_asking(w))
        return ERR_BUSY;
    bool did = w->done > 0 && counts(w->ev.w[0]);
    struct ipc_msg m = {.w = {(uint64_t)(int64_t)(did ? OK : ERR_CANCELLED), w->done}};
    (void)ipc_reply(w->ev.id, &m); /* stale: the client is gone */
    end(w);
    return OK;
}

void requests_of_dead(uint32_t pid)
{
    for (struct waiting *w = waiting_all, *next; w; w = next) { /* bound: all that wait */
        next = w->next;
        if (BADGE_CLASS(w->ev.badge) == BADGE_CLIENT && BADGE_ID(w->ev.badge) == pid)
            end(w);
    }
}

void requests_each(void (*see)(struct file *f))
{
    for (const struct waiting *w = waiting_all; w; w = w->next) /* bound: all that wait */
        if (w->file)
            see(w->file);
    jobs_each(see);
}

/* ---- bytes of clients ---- */

static err_t copied(err_t err, uint64_t len, uint64_t *done)
{
    if (err != OK && err != ERR_FAULT && err != ERR_FAULT_PENDING)
        *done = 0;
    if (*done == len)
        return OK;
    return err == ERR_FAULT_PENDING ? LATER_COPY : err == OK ? ERR_FAULT : err;
}

err_t copy_from(struct request *r, unsigned buffer, uint64_t offset, void *local, uint64_t len, uint64_t *done)
{
    *done = len;
    if (r->ev->w[0] == FS_WRITE_SHORT) {
        memcpy(local, (const char *)&r->ev->w[3] + offset, len);
        return OK;
    }
    return len ? copied(sys_copy(r->ev->id, buffer, offset, local, len, done), len, done) : OK;
}

err_t copy_to(struct request *r, unsigned buffer, uint64_t offset, const void *local, uint64_t len, uint64_t *done)
{
    *done = len;
    if (r->ev->w[0] == FS_READ_SHORT) {
        memcpy((char *)&r->m.w[2] + offset, local, len);
        return OK;
    }
    void *from = (void *)(uintptr_t)local; /* sys_copy takes one pointer for both directions; it only reads here */
    return len ? copied(sys_copy(r->ev->id, buffer | COPY_TO_CLIENT, offset, from, len, done), len, done) : OK;
}

err_t answer_bytes(struct request *r, unsigned buffer, const void *local, uint64_t len)
{
    uint64_t done;
    if (!buffer_is(r, buffer, BUF_W) || buffer_len(r, buffer) < len)
        return ERR_INVAL;
    return copy_to(r, buffer, 0, local, len, &done);
}
