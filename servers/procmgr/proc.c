/* SPDX-License-Identifier: MIT
 * The table of processes, the pid hash and the tree. Owns every link between processes; must never call the kernel.
 */
#include "procmgr.h"

#include <string.h>

static struct proc *const procs = (struct proc *)PROCS_VA;
struct proc *const init_proc = (struct proc *)PROCS_VA;
static struct arena arena = {.start = PROCS_VA, .step_bytes = PROCS_STEP_BYTES,
                             .max_bytes = PROCS_MAX * sizeof(struct proc) + PROCS_STEP_BYTES};
static unsigned used;            /* entries that were ever in use */
static struct proc *free_list;   /* chained through hash_next */
static struct proc *buckets[PID_BUCKETS];
static uint32_t next_pid = 2;

struct proc_counts counts;

static struct proc **bucket(uint64_t pid) { return &buckets[pid % PID_BUCKETS]; }

/* An entry never used before. */
static err_t entry_add(struct proc **out)
{
    if (used == PROCS_MAX)
        return ERR_LIMIT;
    err_t err = (used + 1) * sizeof(struct proc) > arena.bytes ? arena_grow(&arena) : OK;
    if (err == OK)
        *out = &procs[used++];
    return err;
}

err_t procs_init(void)
{
    struct proc *first;
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
        .name = "init",
    };
    init_proc->hash_next = *bucket(1);
    *bucket(1) = init_proc;
    return OK;
}

unsigned procs_used(void) { return used; }

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

static uint32_t pid_take(void)
{
    uint32_t pid;
    do { /* bound: PROCS_MAX pids are in use at most */
        pid = next_pid++;
        if (next_pid == PID_MAX)
            next_pid = 2;
    } while (lookup(pid));
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

err_t proc_new(struct proc *parent, struct proc **out)
{
    if (counts.live + counts.zombies >= parent->limit_processes)
        return ERR_LIMIT;
    struct proc *p = free_list;
    if (p) {
        free_list = p->hash_next;
    } else {
        err_t err = entry_add(&p);
        if (err != OK)
            return err;
    }
    *p = (struct proc){
        .pid = pid_take(),
        .state = PROC_STATE_NEW,
        .prio = parent->prio,
        .limit_frames = parent->limit_frames,
        .limit_stack = parent->limit_stack,
        .limit_threads = parent->limit_threads,
        .limit_processes = parent->limit_processes,
    };
    memcpy(p->name, parent->name, sizeof p->name);
    p->hash_next = *bucket(p->pid);
    *bucket(p->pid) = p;
    child_add(parent, p);
    counts.live++;
    *out = p;
    return OK;
}

void proc_free(struct proc *p)
{
    if (p->state == PROC_STATE_ZOMBIE)
        counts.zombies--;
    else
        counts.live--;
    child_remove(p);
    struct proc **at = bucket(p->pid);
    while (*at != p) /* bound: as lookup() */
        at = &(*at)->hash_next;
    *at = p->hash_next;
    p->state = 0;
    p->hash_next = free_list;
    free_list = p;
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

bool proc_descends(const struct proc *p, const struct proc *from)
{
    for (unsigned depth = 0; p && depth < PROCS_MAX; depth++, p = p->parent)
        if (p == from)
            return true;
    return false;
}
