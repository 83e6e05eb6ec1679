/* SPDX-License-Identifier: MIT
 * The file server's loop: one event after the other, requests through the table of the protocol. It waits for nobody but the
 * pager, trusts no word of a request, and never dies on what a client sends.
 */
#include "../init/keep.h"
#include "disk.h"
#include "fs.h"
#include "job.h"
#include "mapped.h"

#include <ipc/init.h>

static uint64_t hz = 10000000; /* of the clock */
static bool ready; /* the tree is there: it is made for the first client, not at boot */

struct entry {
    request_fn *handle;
    uint32_t who;
};
static const struct entry table[FS_OP_LIMIT] = {
#define FS_ENTRY(name, number, who, text) [number] = {do_##name, who},
    FS_OPS(FS_ENTRY)
#undef FS_ENTRY
};

uint64_t clock_ns(ticks_t t) { return t / hz * 1000000000 + t % hz * 1000000000 / hz; }

int64_t vnode_now(void) { return (int64_t)clock_ns(sys_time()); }

static err_t get_ready(void)
{
    if (ready)
        return OK;
    struct ipc_msg m = {.w = {INIT_SETTING, SETTING_TIMEBASE}};
    if (ipc_call(H_INIT, &m) == OK && m.w[1] > 0)
        hz = m.w[1];
    err_t err = pool_start();
    if (err == OK)
        err = ram_start();
    ready = err == OK;
    return err;
}

static struct request *current; /* in the main loop, which nothing comes in between of */

struct request *request_now(void) { return job_now() ? job_now()->request : current; }

struct client *request_asker(void)
{
    const struct request *r = request_now();
    return r ? r->client : 0;
}

err_t request_run(struct request *r)
{
    static struct scratch loop_scratch;
    uint64_t op = r->ev->w[0];
    r->scratch = job_now() ? job_now()->scratch : &loop_scratch;
    if (!job_now())
        current = r;
    if (op >= FS_OP_LIMIT || !table[op].handle)
        return ERR_NOSYS;
#ifndef MUTANT_FS_SKIP_CALLER_CHECK
    if (!(table[op].who & FROM(BADGE_CLASS(r->ev->badge))))
        return ERR_PERM;
#endif
    if (BADGE_CLASS(r->ev->badge) == BADGE_CLIENT && table[op].who != FROM_ANY) {
        r->client = client_find(BADGE_ID(r->ev->badge));
        if (!r->client && op != FS_ATTACH)
            return FS_ERR_UNKNOWN;
    }
    err_t err = get_ready();
    return err == OK ? table[op].handle(r) : err;
}

err_t do_INFO(struct request *r)
{
    r->m.w[1] = files_used();
    r->m.w[2] = clients_used();
    r->m.w[3] = pipes_used();
    r->m.w[4] = requests_waiting();
    r->m.w[5] = pool_used();
    r->m.w[6] = pool_pages();
    r->m.w[7] = cached_pages();
    return OK;
}

/* Word by word: as an initialiser it would be a call of memset, at each request. */
static inline void request_begin(struct request *r, const struct ipc_event *ev)
{
    r->ev = ev;
    r->client = 0;
    r->file = r->making = 0;
    r->done = 0;
    r->wait_on = 0;
    r->self = 0;
    r->waits_for = 0;
    r->question = 0;
    r->scratch = 0;
    r->deadline = 0;
    r->m.w[0] = r->m.w[1] = r->m.w[2] = r->m.w[3] = r->m.w[4] = r->m.w[5] = r->m.w[6] = r->m.w[7] = 0;
}

static bool on_call(const struct ipc_event *ev, struct ipc_msg *reply)
{
    struct request r;
    request_begin(&r, ev);
    err_t err = request_run(&r);
    if (err > OK && (err = request_park(&r, err)) == OK)
        return false;
    if (r.making)
        file_drop(r.making); /* it was to be kept while the request waits */
    question_end(r.question); /* so was that */
    *reply = r.m;
    reply->w[0] = (uint64_t)(int64_t)err;
    return true;
}

/* Whether an answer is due now; it goes out together with the next receive. */
static bool on_event(const struct ipc_event *ev, struct ipc_msg *reply)
{
    switch (ev->kind) {
    case MSG_CALL:
        return on_call(ev, reply);
    case MSG_NOTIFY:
        if (ev->w[0] & NTFN_COPY_READY)
            requests_wake_copies();
        if (ev->w[0] & FS_NTFN_CONSOLE)
            requests_wake_polls();
        if (ev->w[0] & FS_NTFN_DISK)
            disk_collect();
        if (ev->w[0] & FS_NTFN_PAGES)
            mapped_collect();
        return false;
    case MSG_CANCEL:
        requests_cancelled(ev->w[0], ev->w[1]);
        return false;
    default:
        return false; /* a deadline, or an answer that came too late */
    }
}

/* When there is something to do though nobody asks: a poll gives up, the disk is written to. */
static ticks_t next_due(void)
{
    ticks_t poll = requests_next(), disk = disk_due();
    return poll < disk ? poll : disk;
}

/* What can go on without a new event; whether there is more of it. */
static bool work(void)
{
    if (disk_wants_keeper() || mapped_wants_keeper())
        keeper_run();
    jobs_go_on();
    bool more = requests_run();
    bool again = (disk_wants_keeper() || mapped_wants_keeper()) && keeper_is_free(); /* wanted while it was ending, or by a request just now */
    return more || jobs_may_go_on() || again;
}

static void serve(void)
{
    static struct ipc_event ev;
    struct ipc_msg reply;
    bool have = false;
    for (;;) { /* forever: server loop */
        bool idle = requests_idle() && disk_idle() && mapped_idle() && !jobs_may_go_on();
        ticks_t until = idle ? DEADLINE_NONE : work() ? DEADLINE_POLL : next_due();
        if (until == DEADLINE_NONE) {
            pipes_receive(have ? ev.id : 0, &reply, &ev);
        } else {
            if (have)
                (void)ipc_reply(ev.id, &reply);
            (void)ipc_recv(SERVER_H_ENDPOINT, &ev, until);
            requests_due(sys_time());
        }
        have = on_event(&ev, &reply);
    }
}

int main(void)
{
    if (sys_thread_bind(SERVER_H_THREAD, SERVER_H_NTFN) != OK)
        return 1;
    pool_forget(); /* what an earlier life had */
    if (keep_header()->starts > 1) {
        jobs_forget();
        if (disk_forget() != OK)
            return 1; /* to be tried again by the next life */
        mapped_restart();
    }
    serve();
    return 0;
}
