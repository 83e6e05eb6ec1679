/* SPDX-License-Identifier: MIT
 * The process manager's loop: one event after the other, requests through the table of the protocol. Must never wait for
 * a client beyond COPY_PATIENCE_TICKS, and never trust a word of a request.
 */
#include "signals.h"

#include "../init/keep.h"

#include <ipc/pager.h>

uint32_t own_space;

struct entry {
    request_fn *handle;
    uint32_t who;
};
static const struct entry table[PROC_OP_LIMIT] = {
#define PROC_ENTRY(name, number, who, text) [number] = {do_##name, who},
    PROC_OPS(PROC_ENTRY)
#undef PROC_ENTRY
};

ticks_t copy_deadline(void) { return sys_time() + COPY_PATIENCE_TICKS; }

void answer(reply_id_t id, err_t err, uint64_t w1, uint64_t w2)
{
    struct ipc_msg m = {.w = {(uint64_t)(int64_t)err, w1, w2}};
    (void)ipc_reply(id, &m); /* stale: the client is gone, nobody to tell */
}

/* A process that calls must be one that runs; init speaks for pid 1. */
static err_t caller_of(badge_t badge, struct proc **out)
{
    *out = 0;
    if (BADGE_CLASS(badge) == BADGE_INIT)
        *out = init_proc;
    if (BADGE_CLASS(badge) != BADGE_CLIENT)
        return OK;
    *out = proc_find(BADGE_ID(badge));
    return *out && *out != init_proc && (*out)->state == PROC_STATE_RUNNING ? OK : ERR_NOENT;
}

void answer_keep(struct proc *p, unsigned slot, uint32_t key, const uint32_t words[2])
{
    if (key == 0 || slot >= PROC_THREADS_MAX)
        return;
    ledger_set(p->thread[slot].key, key);
    ledger_set(p->thread[slot].word1, words[0]);
    ledger_set(p->thread[slot].word2, words[1]);
}

/* Which thread asks, and whether it is asking again. */
static bool is_answered(struct request *r)
{
    if (!r->caller)
        return false;
    r->slot = r->caller == init_proc ? 0 : thread_of_caller(r->caller, r->ev->id);
    r->key = (uint32_t)r->ev->w[PROC_KEY_WORD];
    if (r->key == 0 || r->slot == PROC_THREADS_MAX || r->caller->thread[r->slot].key != r->key)
        return false;
    r->m.w[1] = r->caller->thread[r->slot].word1;
    r->m.w[2] = r->caller->thread[r->slot].word2;
    return true;
}

static err_t dispatch(struct request *r)
{
    uint64_t op = r->ev->w[0];
    if (op >= PROC_OP_LIMIT || !table[op].handle)
        return ERR_NOSYS;
#ifndef MUTANT_PROCMGR_SKIP_CALLER_CHECK
    if (!(table[op].who & FROM(BADGE_CLASS(r->ev->badge))))
        return ERR_PERM;
#endif
    err_t err = caller_of(r->ev->badge, &r->caller);
    if (err != OK || is_answered(r))
        return err;
    return table[op].handle(r);
}

static void on_notify(uint64_t bits)
{
    if (bits & PROC_NTFN_PAGER_NEW)
        ops_again();
    if (bits & PROC_NTFN_PAGER_OP)
        ops_poll();
    if (bits & (PROC_NTFN_INTR | PROC_NTFN_QUIT | PROC_NTFN_STOP))
        signal_keys(bits);
    if (bits & PROC_NTFN_FILES)
        files_answer();
}

/* Word by word: as an initialiser it would be a call of memset, at each request. */
static inline void request_begin(struct request *r, const struct ipc_event *ev)
{
    r->ev = ev;
    r->caller = 0;
    r->slot = r->key = 0;
    r->m.w[0] = r->m.w[1] = r->m.w[2] = r->m.w[3] = r->m.w[4] = r->m.w[5] = r->m.w[6] = r->m.w[7] = 0;
}

/* The answer, if there is one now, goes out together with the next receive. */
static bool on_event(const struct ipc_event *ev, struct ipc_msg *reply)
{
    struct request r;
    err_t err = LATER;
    request_begin(&r, ev);
    switch (ev->kind) {
    case MSG_CALL:
        requester = ev->id;
        err = dispatch(&r);
        requester = NO_REPLY;
        break;
    case MSG_EXCEPTION:
        signal_exception(ev);
        break;
    case MSG_NOTIFY:
        on_notify(ev->w[0]);
        break;
    case MSG_CANCEL:
        waits_cancelled(ev->w[0], ev->w[1]);
        mutex_cancelled(ev->w[0], ev->w[1]);
        words_cancelled(ev->w[0], ev->w[1]);
        break;
    default:
        break; /* a deadline, or an answer that came too late */
    }
    if (err == LATER)
        return false;
    *reply = r.m;
    reply->w[0] = (uint64_t)(int64_t)err;
    return true;
}

/* When there is something to do though nobody asks. */
static ticks_t next_due(void)
{
    ticks_t timer = timers_next(), nag = signals_nag_at();
    if (ops_waiting())
        return sys_time() + RETRIES_TICKS;
    return timer < nag ? timer : nag;
}

static void run_due(void)
{
    if (ops_waiting()) {
        ops_again();
        ops_run_finished();
    }
    timers_run(sys_time());
    signals_nag();
    ops_run_finished(); /* who was ended so is told of: the next event may be long in coming */
    groups_attend();
}

static void serve(void)
{
    struct ipc_event ev = {.kind = ERR_TIMEOUT};
    struct ipc_msg reply;
    bool have = false;
    for (;;) { /* forever: server loop */
        ops_run_finished();
        groups_attend();
        if (next_due() != DEADLINE_NONE) {
            if (have)
                (void)ipc_reply(ev.id, &reply);
            run_due();
            (void)ipc_recv(SERVER_H_ENDPOINT, &ev, next_due());
        } else if (have) {
            (void)ipc_reply_recv(SERVER_H_ENDPOINT, ev.id, &reply, &ev);
        } else {
            (void)ipc_recv(SERVER_H_ENDPOINT, &ev, DEADLINE_NONE);
        }
        args_answered();
        have = on_event(&ev, &reply);
    }
}

/* libipc's start calls it with a0 as init set it: our space id. */
int main(int space, char **none)
{
    (void)none;
    own_space = (uint32_t)space;
    if (image_init() != OK || sys_thread_bind(SERVER_H_THREAD, SERVER_H_NTFN) != OK)
        return 1;
    ipc_copy_wait_on(SERVER_H_NTFN);
    bool again = ledger->magic == LEDGER_MAGIC;
    if (again ? recover() != OK : procs_init() != OK)
        return 1;
    if (again)
        files_answer_again();
    place_init();
    ledger->magic = LEDGER_MAGIC;
    struct ipc_msg m;
    err_t err = ERR_PEER_DEAD;
    for (unsigned i = 0; i < 100 && err == ERR_PEER_DEAD; i++) {
        m = (struct ipc_msg){.w = {PAGER_NOTIFY, PROC_NTFN_PAGER_OP}};
        err = ipc_call_handle(H_PAGER, &m, SERVER_H_NTFN, RIGHT_SIGNAL, 0);
    }
    if (err != OK)
        return 2;
    serve();
    return 0;
}
