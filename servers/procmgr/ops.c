/* SPDX-License-Identifier: MIT
 * Long operations of the pager: fork, clear, delete. Each is asked for once, or many times after crashes of the pager,
 * under one key, and its end is handled by ops_run_finished() at the top of the loop, so nothing here recurses.
 * The list of unfinished ones is in order: forks and clears first, for somebody waits for them.
 */
#include "procmgr.h"

#include <ipc/pager.h>

/* Operations that still run say so; after this many in a row the rest is left for the next notification, which
 * those in front guarantee. */
#define POLL_STILL_RUNNING_MAX 8u
#define KEY_FIRST (1UL << 32) /* init's keys lie below */

struct list {
    struct proc *head, *tail;
};
static struct list unfinished, finished;
static uint64_t running;  /* in `unfinished` */
static unsigned refused;  /* of these: not started, the pager had no room */

static void list_remove(struct list *l, struct proc *p)
{
    *(p->op.prev ? &p->op.prev->op.next : &l->head) = p->op.next;
    *(p->op.next ? &p->op.next->op.prev : &l->tail) = p->op.prev;
}

static void list_append(struct list *l, struct proc *p)
{
    p->op.next = 0;
    p->op.prev = l->tail;
    *(l->tail ? &l->tail->op.next : &l->head) = p;
    l->tail = p;
}

static void list_prepend(struct list *l, struct proc *p)
{
    p->op.prev = 0;
    p->op.next = l->head;
    *(l->head ? &l->head->op.prev : &l->tail) = p;
    l->head = p;
}

uint64_t ops_count(void) { return running; }
bool ops_waiting(void) { return refused > 0; }

static void set_state(struct proc *p, enum op_state state)
{
    refused -= p->op.state == OP_QUEUED;
    refused += state == OP_QUEUED;
    p->op.state = (uint8_t)state;
}

static void finish(struct proc *p, err_t result)
{
    set_state(p, OP_FINISHED);
    p->op.result = result;
    list_append(&finished, p);
}

static err_t request(struct proc *p)
{
    struct ipc_msg m;
    switch (p->op.kind) {
    case OP_FORK:
        if (p->op.parent->forking && p->op.parent->forking != p)
            return ERR_AGAIN; /* another thread of the parent was first */
        p->op.parent->forking = p;
        return space_fork(p);
    case OP_CLEAR:
        m = (struct ipc_msg){.w = {PAGER_SPACE_CLEAR, p->space, p->op.key}};
        break;
    default:
        m = (struct ipc_msg){.w = {PAGER_SPACE_DELETE, p->space, p->op.key}};
        break;
    }
    return pager_call(H_PAGER, &m);
}

/* A fork may fail and be undone; the others must come to an end, so they are asked for again. */
static bool is_try_again(const struct proc *p, err_t err)
{
    if (err == ERR_AGAIN || err == ERR_PEER_DEAD)
        return true;
    return p->op.kind != OP_FORK && (err == ERR_BUSY || err == ERR_LIMIT || err == ERR_NOMEM);
}

/* Whether the result is final; else it is noted what has to be asked. */
static bool is_final(struct proc *p, err_t err)
{
    if (err != ERR_IN_PROGRESS && !is_try_again(p, err))
        return true;
    set_state(p, err == ERR_IN_PROGRESS ? OP_RUNNING : OP_QUEUED);
    return false;
}

static void take_result(struct proc *p, err_t err)
{
    if (!is_final(p, err))
        return;
    list_remove(&unfinished, p);
    running--;
    finish(p, err);
}

/* Most end at once, and are in no list of unfinished ones then. */
void ops_start(struct proc *p, enum op_kind kind)
{
    p->op.kind = (uint8_t)kind;
    p->op.key = KEY_FIRST + ledger->next_key++;
    err_t err = request(p);
    if (is_final(p, err)) {
        finish(p, err);
        return;
    }
    if (kind == OP_DELETE)
        list_append(&unfinished, p);
    else
        list_prepend(&unfinished, p);
    running++;
}

static err_t ask_result(struct proc *p)
{
    struct ipc_msg m = {.w = {PAGER_OP_RESULT, p->op.key}};
    err_t err = pager_call(H_PAGER, &m);
    return err == ERR_NOENT ? request(p) : err; /* it knows nothing of it: ask for it anew */
}

void ops_poll(void)
{
    unsigned still = 0;
    for (struct proc *p = unfinished.head, *next; p && still < POLL_STILL_RUNNING_MAX; p = next) {
        next = p->op.next;
        err_t err = p->op.state == OP_RUNNING ? ask_result(p) : request(p);
        still += err == ERR_IN_PROGRESS;
        take_result(p, err);
    }
}

void ops_again(void)
{
    for (struct proc *p = unfinished.head, *next; p; p = next) { /* bound: PROCS_MAX */
        next = p->op.next;
        take_result(p, request(p));
    }
}

bool ops_take(struct proc *p)
{
    if (p->op.state != OP_FINISHED)
        return false;
    list_remove(&finished, p);
    set_state(p, OP_IDLE);
    return true;
}

void ops_run_finished(void)
{
    struct proc *p;
    while ((p = finished.head)) { /* bound: one operation a process, and each ends nearer to its death */
        list_remove(&finished, p);
        set_state(p, OP_IDLE);
        switch (p->op.kind) {
        case OP_FORK: fork_finished(p); break;
        case OP_CLEAR: exec_cleared(p); break;
        default: proc_space_gone(p); break;
        }
    }
}
