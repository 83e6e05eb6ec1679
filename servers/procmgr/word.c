/* SPDX-License-Identifier: MIT
 * Waiting for a word of memory to change (docs/decisions/0079): what semaphores, mutexes and their like between processes are made of.
 * A waiter says what the word holds and sleeps here unless it holds something else by now; who changes it wakes. A word is known by what
 * its memory is a part of (file or shared memory, and where in it), so all who map it mean the same one wherever they have it.
 *
 * All here is volatile, and a wake is a hint: woken ones look at the word and may ask again. So after a restart they ask again, and when
 * a process ends that had to do with words, everybody looks once: what it had done without saying so, or was woken for, is seen then.
 */
#include "procmgr.h"

#define BUCKETS 128u
#define PRIVATE (1UL << 63) /* in `object`: of this process alone */

struct word_key {
    uint64_t object, offset;
};

struct word_wait {
    reply_id_t id; /* 0: free */
    struct word_key key;
    struct proc *proc;
    uint32_t slot;
    struct word_wait *next;    /* of the bucket, the newest first; or free */
    struct word_wait *sibling; /* of the same process */
};
static struct word_wait *const waits = (struct word_wait *)WORD_WAITS_VA;
static struct arena arena = {.start = WORD_WAITS_VA, .step_bytes = WAITS_STEP_BYTES, .max_bytes = WAITS_MAX * sizeof(struct word_wait)};
static struct word_wait *bucket[BUCKETS], *free_list;
static unsigned used; /* entries that were ever in use */

static struct word_wait **bucket_of(const struct word_key *k)
{
    uint64_t hash = (k->object * 31 + k->offset / sizeof(uint32_t)) * 0x9e3779b97f4a7c15UL;
    return &bucket[hash >> 57];
}
_Static_assert(BUCKETS == 1u << (64 - 57), "the hash's upper bits");

static bool is_key(const struct word_wait *w, const struct word_key *k)
{
    return w->key.object == k->object && w->key.offset == k->offset;
}

/* What the memory there is a part of. ERR_FAULT: there is none. */
static err_t key_of(const struct proc *p, vaddr_t va, struct word_key *out)
{
    struct ipc_msg m = {.w = {PAGER_REGION_INFO, p->space, va}};
    if (va % sizeof(uint32_t) != 0 || va >= USER_VA_END)
        return ERR_INVAL;
    err_t err = pager_call(H_PAGER, &m);
    if (err == ERR_NOENT || (err == OK && va < m.w[1]))
        return ERR_FAULT;
    if (err != OK)
        return err;
    uint64_t backing = m.w[4] & 0xff;
    bool file = backing == BACKING_FILE;
    *out = (struct word_key){PRIVATE | p->pid, va};
    if (m.w[3] >> 8 & REGION_SHARED)
        *out = (struct word_key){backing << 32 | m.w[6], file ? m.w[5] + (va - m.w[1]) : va};
    return OK;
}

/* ---- those who wait ---- */

static err_t wait_new(struct word_wait **out)
{
    struct word_wait *w = free_list;
    if (w) {
        free_list = w->next;
    } else {
        err_t err = arena_reach(&arena, (used + 1) * sizeof *w);
        if (err != OK)
            return err;
        w = &waits[used++];
    }
    *out = w;
    return OK;
}

static void wait_begin(struct word_wait *w, const struct word_wait *as)
{
    struct word_wait **head = bucket_of(&as->key);
    *w = *as;
    w->next = *head;
    w->sibling = w->proc->word_waits;
    *head = w->proc->word_waits = w;
}

static void wait_remove(struct word_wait *w)
{
    struct word_wait **at = bucket_of(&w->key);
    while (*at != w) /* bound: who waits in the bucket */
        at = &(*at)->next;
    *at = w->next;
    at = &w->proc->word_waits;
    while (*at != w) /* bound: threads of the process */
        at = &(*at)->sibling;
    *at = w->sibling;
    w->id = 0;
    w->next = free_list;
    free_list = w;
}

void words_drop(struct proc *p)
{
    while (p->word_waits) /* bound: threads of the process */
        wait_remove(p->word_waits);
}

void words_cancelled(uint64_t count, reply_id_t newest)
{
    for (unsigned i = 0; i < used; i++) {
        struct word_wait *w = &waits[i];
        if (w->id != 0 && (count == 1 ? w->id == newest : !sys_reply_alive(w->id)))
            wait_remove(w);
    }
}

/* A thread waits for one word; that of an earlier request, which timed out, may still be here. */
static struct word_wait *wait_of(const struct proc *p, unsigned slot)
{
    struct word_wait *w = p->word_waits;
    while (w && w->slot != slot) /* bound: threads of the process */
        w = w->sibling;
    return w;
}

bool word_interrupt(struct proc *p, unsigned slot)
{
    struct word_wait *w = wait_of(p, slot);
    if (!w)
        return false;
    answer(w->id, ERR_CANCELLED, 0, 0);
    wait_remove(w);
    return true;
}

void words_look_again(const struct proc *p)
{
    if (!p->words)
        return;
    for (unsigned i = 0; i < used; i++) {
        struct word_wait *w = &waits[i];
        if (w->id == 0 || (w->key.object & PRIVATE))
            continue;
        answer(w->id, OK, 0, 0);
        wait_remove(w);
    }
}

unsigned words_waiting(void)
{
    unsigned n = 0;
    for (unsigned i = 0; i < used; i++) /* bound: WAITS_MAX */
        n += waits[i].id != 0;
    return n;
}

/* The one with the highest priority, among equals the one that has waited longest. */
static struct word_wait *choose(const struct word_key *k)
{
    struct word_wait *best = 0;
    for (struct word_wait *w = *bucket_of(k); w; w = w->next) /* bound: who waits in the bucket */
        if (is_key(w, k) && (!best || thread_prio(w->proc, w->slot) >= thread_prio(best->proc, best->slot)))
            best = w;
    return best;
}

/* ---- names of threads ---- */

static uint32_t name_of(const struct proc *p, unsigned slot)
{
    return PROC_WORD_NAME(p->pid, slot, p->execs);
}
_Static_assert(PID_MAX - 1 <= PROC_WORD_PID && PROC_THREADS_MAX - 1 == PROC_WORD_SLOT, "the parts fit");

/* Whether that thread may still store to memory. */
static bool is_alive(uint32_t name)
{
    const struct proc *p = proc_find(name & PROC_WORD_PID);
    unsigned slot = name >> PROC_WORD_SLOT_SHIFT & PROC_WORD_SLOT;
    if (!p || name_of(p, slot) != (name & PROC_WORD_NAMES))
        return false;
    return p->state == PROC_STATE_EXITING || (p->state == PROC_STATE_RUNNING && (p->thread_map >> slot & 1));
}

/* ---- requests ---- */

static err_t may_wait(struct request *r, struct word_key *key)
{
    const uint64_t *w = r->ev->w;
    uint32_t word;
    if (BUF_LEN(r->ev->buf_len[0]) < sizeof word || (w[2] >> 32 & ~(uint64_t)(PROC_WORD_OWNED | PROC_WORD_ASK)))
        return ERR_INVAL;
    err_t err = key_of(r->caller, w[1], key);
    if (err == OK)
        err = ipc_copy_from(r->ev->id, 0, 0, &word, sizeof word, copy_deadline());
    if (err == OK && word != (uint32_t)w[2])
        err = ERR_AGAIN;
    if (err == OK && (w[2] >> 32 & PROC_WORD_OWNED) && !is_alive(word))
        err = ERR_NOENT;
    if (err == OK && (w[2] >> 32 & PROC_WORD_ASK))
        err = ERR_BUSY;
    if (err == OK && (r->caller->hooked_map >> r->slot & 1))
        err = ERR_CANCELLED; /* a handler is to run first */
    return err;
}

static err_t check_caller(struct request *r)
{
    if (r->slot == PROC_THREADS_MAX || r->caller == init_proc)
        return ERR_INVAL;
    r->caller->words = true; /* one store; harmless when nothing comes of it */
    return OK;
}

err_t do_WORD_WAIT(struct request *r)
{
    struct word_key key;
    struct word_wait *w;
    err_t err = check_caller(r);
    if (err != OK)
        return err;
    while ((w = wait_of(r->caller, r->slot))) /* bound: one, or none */
        wait_remove(w);
    err = may_wait(r, &key);
    if (err == OK)
        err = wait_new(&w);
    if (err != OK)
        return err;
    wait_begin(w, &(struct word_wait){.id = r->ev->id, .key = key, .proc = r->caller, .slot = r->slot});
    return LATER;
}

err_t do_WORD_WAKE(struct request *r)
{
    struct word_key key;
    struct word_wait *w;
    uint64_t left = r->ev->w[2];
    err_t err = check_caller(r);
    if (err != OK)
        return err;
    r->m.w[2] = name_of(r->caller, r->slot);
    if (left == 0)
        return OK;
    err = key_of(r->caller, r->ev->w[1], &key);
    while (err == OK && left > 0 && (w = choose(&key))) { /* bound: who waits: each turn removes one */
        struct ipc_msg m = {.w = {OK}};
        bool heard = ipc_reply(w->id, &m) == OK; /* not who has stopped waiting */
        wait_remove(w);
        left -= heard;
        r->m.w[1] += heard;
    }
    return err;
}
