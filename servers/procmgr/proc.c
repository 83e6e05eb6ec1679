/* SPDX-License-Identifier: MIT
 * The table of processes, the pid hash and the tree. Owns every link between processes; must never call the kernel.
 */
#include "signals.h"

#include <string.h>

static struct proc *const procs = (struct proc *)PROCS_VA;
struct proc *const init_proc = (struct proc *)PROCS_VA;
static struct arena arena = {.start = PROCS_VA, .step_bytes = PROCS_STEP_BYTES,
                             .max_bytes = PROCS_MAX * sizeof(struct proc) + PROCS_STEP_BYTES};
static struct proc *free_list;   /* chained through hash_next */
static struct proc *buckets[PID_BUCKETS];

struct proc_counts counts;

static struct proc **bucket(uint64_t pid) { return &buckets[pid % PID_BUCKETS]; }

/* An entry never used before. */
static err_t entry_add(struct proc **out)
{
    if (ledger->used == PROCS_MAX)
        return ERR_LIMIT;
    err_t err = arena_reach(&arena, (ledger->used + 1) * sizeof(struct proc));
    if (err != OK)
        return err;
    *out = &procs[ledger->used];
    (*out)->state = 0; /* should an earlier try have left something */
    ledger->used++;
    return OK;
}

static void hash_add(struct proc *p)
{
    p->hash_next = *bucket(p->pid);
    *bucket(p->pid) = p;
}

err_t procs_init(void)
{
    struct proc *first;
    ledger->used = 0;
    ledger->next_pid = 2;
    err_t err = entry_add(&first);
    if (err != OK)
        return err;
    *init_proc = (struct proc){
        .pid = 1,
        .state = PROC_STATE_RUNNING,
        .prio = PRIO_PROGRAM,
        .limit_stack = STACK_DEFAULT_BYTES,
        .limit_threads = PROC_THREADS_MAX,
        .limit_processes = PROCS_MAX - 1,
        .hard_stack = STACK_MAX_BYTES,
        .hard_threads = PROC_THREADS_MAX,
        .hard_processes = PROCS_MAX - 1,
        .group = 1,
        .session = 1,
        .name = "init",
    };
    hash_add(init_proc);
    return OK;
}

unsigned procs_used(void) { return ledger->used; }

struct proc *proc_at(unsigned index) { return procs[index].state ? &procs[index] : 0; }

static struct proc *lookup(uint64_t pid)
{
    struct proc *p = *bucket(pid);
    while (p && p->pid != pid) /* bound: pids are handed out in order, so chains are short */
        p = p->hash_next;
    return p;
}

struct proc *proc_find(uint64_t pid)
{
    struct proc *p = lookup(pid);
    return p && !p->unborn ? p : 0;
}

/* A group's number, and a session's, outlive the process that they are from. */
static bool group_number_used(uint32_t number)
{
    for (unsigned i = 0; i < ledger->used; i++) /* bound: PROCS_MAX */
        if (procs[i].state != 0 && (procs[i].group == number || procs[i].session == number))
            return true;
    return false;
}

static uint32_t pid_take(void)
{
    uint32_t pid;
    do { /* bound: PROCS_MAX pids are in use at most */
        pid = ledger->next_pid;
        ledger->next_pid = pid + 1 == PID_MAX ? 2 : pid + 1;
        ledger->pids_again |= ledger->next_pid == 2;
    } while (lookup(pid) || (ledger->pids_again && group_number_used(pid)));
    return pid;
}

static void child_add(struct proc *parent, struct proc *p)
{
    p->parent = parent;
    p->sibling = parent->child;
    if (p->sibling)
        p->sibling->sibling_link = &p->sibling;
    p->sibling_link = &parent->child;
    parent->child = p;
}

static void child_remove(struct proc *p)
{
    *p->sibling_link = p->sibling;
    if (p->sibling)
        p->sibling->sibling_link = p->sibling_link;
}

typedef uint64_t __attribute__((may_alias)) word_t;

/* [from, to) of the record, whole words. volatile: else the compiler makes a call of memset of it, which costs twice as much. */
static inline void part_clear(struct proc *p, size_t from, size_t to)
{
    volatile word_t *word = (volatile word_t *)p;
#pragma GCC unroll 64
    for (size_t i = from / sizeof *word; i < to / sizeof *word; i++) /* bound: the record's size, without its threads */
        word[i] = 0;
}

/* All but the threads: their maps say which of them mean anything. */
static void entry_clear(struct proc *p)
{
    part_clear(p, 0, offsetof(struct proc, thread));
    part_clear(p, offsetof(struct proc, child), sizeof *p);
    p->thread[0] = (struct thread){0};
}

static void name_copy(char *to, const char *from)
{
    for (unsigned i = 0; i < PROC_NAME_MAX / sizeof(uint64_t); i++)
        ((word_t *)to)[i] = ((const word_t *)from)[i];
}

static void command_copy(struct proc *to, const struct proc *from)
{
    to->command_bytes = from->command_bytes;
    for (unsigned i = 0; i * sizeof(word_t) < from->command_bytes; i++) /* bound: COMMAND_MAX */
        ((word_t *)to->command)[i] = ((const word_t *)from->command)[i];
}

err_t proc_new(struct proc *parent, struct proc **out)
{
    if (counts.live + counts.zombies >= parent->limit_processes)
        return ERR_LIMIT;
    err_t err = account_add(parent->account, PROC_TREE_PROCESSES, 1);
    if (err != OK)
        return err;
    err = account_add(parent->account, PROC_TREE_THREADS, 1);
    if (err != OK)
        goto give_process;
    struct proc *p = free_list;
    if (p)
        free_list = p->hash_next;
    else
        err = entry_add(&p);
    if (err != OK)
        goto give_thread;
    entry_clear(p);
    p->pid = pid_take();
    p->unborn = true;
    p->prio = parent->prio;
    p->parent = parent;
    p->unsure_map = 1; /* its first thread, as soon as there is a space */
    p->limit_frames = parent->limit_frames;
    p->limit_stack = parent->limit_stack;
    p->limit_threads = parent->limit_threads;
    p->limit_processes = parent->limit_processes;
    p->hard_frames = parent->hard_frames;
    p->hard_stack = parent->hard_stack;
    p->hard_threads = parent->hard_threads;
    p->hard_processes = parent->hard_processes;
    p->account = parent->account;
    p->files = parent->files;
    p->words = parent->words;
    p->group = parent->group;
    p->session = parent->session;
    p->born = sys_time();
    name_copy(p->name, parent->name);
    command_copy(p, parent);
    __atomic_store_n(&p->state, PROC_STATE_NEW, __ATOMIC_SEQ_CST); /* commit */
    hash_add(p);
    child_add(parent, p);
    counts.live++;
    *out = p;
    return OK;
give_thread:
    account_take(parent->account, PROC_TREE_THREADS, 1);
give_process:
    account_take(parent->account, PROC_TREE_PROCESSES, 1);
    return err;
}

void proc_free(struct proc *p)
{
    if (p->unborn)
        counts.live--;
    else
        counts.zombies--; /* of those that were born only zombies are freed */
    child_remove(p);
    struct proc **at = bucket(p->pid);
    while (*at != p) /* bound: as lookup() */
        at = &(*at)->hash_next;
    *at = p->hash_next;
    p->state = 0;
    p->hash_next = free_list;
    free_list = p;
    account_take(p->account, PROC_TREE_PROCESSES, 1);
    account_left(p->account);
}

void proc_adopt_children(struct proc *p)
{
    while (p->child) { /* bound: its children */
        struct proc *c = p->child;
        if (c->state == PROC_STATE_ZOMBIE) {
            proc_free(c); /* init would ask for it at once */
            continue;
        }
        child_remove(c);
        child_add(init_proc, c);
        c->adopted = true;
    }
}

/* The links between processes, from each one's own parent. Who has none any more is init's. */
static void links_rebuild(void)
{
    for (unsigned i = 1; i < ledger->used; i++) { /* bound: PROCS_MAX */
        struct proc *p = &procs[i];
        if (p->state == 0)
            continue;
        if (p->parent < procs || p->parent >= procs + ledger->used || p->parent->state == 0) {
            p->parent = init_proc;
            p->adopted = true;
        }
        child_add(p->parent, p);
    }
}

err_t procs_rebuild(void)
{
    err_t err = arena_reach(&arena, ledger->used * sizeof(struct proc)); /* it is all there: the pager says OK */
    for (unsigned i = ledger->used; i-- > 0 && err == OK;) { /* bound: PROCS_MAX */
        struct proc *p = &procs[i];
        size_t lasting = offsetof(struct proc, child);
        memset((char *)p + lasting, 0, sizeof *p - lasting);
        if (p->state == 0) {
            p->hash_next = free_list;
            free_list = p;
            continue;
        }
        hash_add(p);
        p->threads = (uint32_t)__builtin_popcountl(p->thread_map);
        procs_stopped += p->stopped;
        counts.zombies += p->state == PROC_STATE_ZOMBIE;
        counts.live += p->state != PROC_STATE_ZOMBIE && p != init_proc;
    }
    if (err == OK)
        links_rebuild();
    return err;
}

bool proc_descends(const struct proc *p, const struct proc *from)
{
    for (unsigned depth = 0; p && depth < PROCS_MAX; depth++, p = p->parent)
        if (p == from)
            return true;
    return false;
}
