/* SPDX-License-Identifier: MIT
 * What the files of procmgr share: the process record, and who does what. One thread, one endpoint. It never waits for a
 * client beyond a bounded copy; what takes longer keeps the reply id and is answered later. It may wait for the pager,
 * which waits for nobody.
 *
 * Life of a process:  NEW --fork, spawn--> RUNNING --exit, kill, exception--> EXITING --space gone--> ZOMBIE --wait--> free
 */
#ifndef PROCMGR_PROCMGR_H
#define PROCMGR_PROCMGR_H

#include <ipc/procmgr.h>
#include <signal.h> /* numbers only: the ones that programs see */

#include "../init/handoff.h"
#include "limits.h"

/* ---- processes (proc.c) ---- */

/* A long operation of the pager on a process's space (ops.c). */
enum op_kind { OP_NONE = 0, OP_FORK, OP_CLEAR, OP_DELETE };
enum op_state { OP_IDLE = 0, OP_QUEUED, OP_RUNNING, OP_FINISHED };
struct op {
    uint8_t kind, state;
    err_t result;
    uint64_t key;          /* the pager's name for it; asking again with it is harmless */
    reply_id_t reply;      /* fork: who waits for the pid */
    struct proc *parent;   /* fork: of whom; its own op field stays free */
    struct proc *next, *prev; /* list of unfinished ones, or of finished ones */
};

struct thread {
    handle_t handle;
    frame_t frame; /* of its control block: the low half of its reply ids */
};

struct proc {
    uint32_t pid;
    uint8_t state;         /* enum proc_state; 0: free */
    bool adopted;          /* nobody will wait for it */
    bool unborn;           /* fork or spawn failed: it ends unseen */
    uint8_t prio;
    uint32_t status;       /* status word, once EXITING */
    uint32_t doomed;       /* status word it shall end with as soon as its operation allows, 0: none */
    uint32_t space;        /* the pager's id */
    handle_t space_handle;
    handle_t self;         /* its own endpoint (H_SELF), 0: none */
    bool may_collect;      /* it has H_SELF or H_PARENT, so its table may hold more than the declared set */
    struct proc *parent, *child, *sibling, **sibling_link; /* children: a list */
    struct proc *hash_next;
    struct wait *waits;    /* its callers that wait */
    struct op op;
    uint32_t forks;        /* operations whose parent it is */
    struct proc *forking;  /* the one of them that the pager works on: one at a time */
    bool exec_waits;       /* exec: the space is to be cleared */
    uint32_t threads;      /* live ones */
    uint64_t thread_map;   /* slots in use */
    uint64_t joinable_map; /* slots of threads that ended and nobody joined yet */
    /* strings of exec or spawn until it fetches them */
    uint32_t args_page;    /* first page + 1, 0: none */
    uint32_t args_bytes, argc, envc;
    /* limits, inherited */
    uint64_t limit_frames, limit_stack;
    uint32_t limit_threads;
    uint32_t limit_processes; /* with so many in the system it may start no more */
    unsigned exec_file, exec_slot; /* exec: what starts, on which thread, when the space is clear */
    char name[PROC_NAME_MAX];
    struct thread thread[PROC_THREADS_MAX];
};

extern struct proc *const init_proc; /* pid 1: parent of those who lost theirs, and init's session */
struct proc_counts {
    uint64_t live, zombies, forks, execs, exits;
};
extern struct proc_counts counts;

must_check err_t procs_init(void);
struct proc *proc_find(uint64_t pid);              /* 0: none, or unborn */
must_check err_t proc_new(struct proc *parent, struct proc **out); /* state NEW, no space yet; ERR_LIMIT, ERR_NOMEM */
void proc_free(struct proc *p);                    /* unlinks it everywhere */
void proc_adopt_children(struct proc *p);          /* init becomes their parent */
struct proc *proc_at(unsigned index);              /* table in order, up to procs_used(); 0: free entry */
unsigned procs_used(void);
bool proc_descends(const struct proc *p, const struct proc *from); /* or is it */

/* ---- tables that grow (arena.c) ---- */
struct arena {
    vaddr_t start;
    uint64_t bytes;      /* usable now */
    uint64_t step_bytes, max_bytes;
};
must_check err_t arena_grow(struct arena *a); /* by one step; ERR_LIMIT, or the pager's error: nothing changed */

/* ---- requests (main.c) ---- */

#define LATER 1 /* a handler's result: no reply now */
struct request {
    const struct ipc_event *ev;
    struct proc *caller; /* 0: not a process (console, pager) */
    struct ipc_msg m;    /* the answer; w[0] is filled from the result */
};
typedef err_t request_fn(struct request *r);
void answer(reply_id_t id, err_t err, uint64_t w1, uint64_t w2);
/* When a client's buffer must have been copied, its pages brought in. */
ticks_t copy_deadline(void);
extern uint32_t own_space;

/* ---- programs (image.c, elf.c) ---- */
struct segment {
    vaddr_t start, end; /* page-aligned */
    uint64_t file_offset, file_bytes; /* from `start` on; 0 bytes: all zeros */
    unsigned prot;
};
struct program {
    vaddr_t entry, heap;
    unsigned file; /* in the boot image */
    unsigned segments;
    struct segment segment[SEGMENTS_MAX];
    char name[PROC_NAME_MAX];
};
must_check err_t image_init(void); /* once; ERR_NOEXEC: not a boot image */
must_check err_t image_find(const char *path, struct program *out);
must_check err_t image_program(unsigned file, struct program *out);
must_check err_t elf_read(const uint8_t *file, uint64_t size_bytes, struct program *out);

/* ---- the pager (ops.c, space.c) ---- */
void ops_start(struct proc *p, enum op_kind kind); /* result through op_finished() below, never before the return */
void ops_poll(void);      /* notification: something ended */
void ops_again(void);     /* the pager was restarted: ask everything again */
void ops_run_finished(void);
bool ops_waiting(void);   /* some could not even be started: come back after RETRIES_TICKS */
uint64_t ops_count(void);

must_check err_t space_new(struct proc *p);                 /* space, quota and handles; on error proc_undo() it */
must_check err_t thread_new(struct proc *p, unsigned slot); /* stopped, with the process's priority */
void thread_delete(struct proc *p, unsigned slot);
void space_forget(struct proc *p);                          /* the pager has deleted it */
must_check err_t handles_reset(struct proc *p);             /* exec: only the declared set stays */
must_check err_t regions_add(struct proc *p, const struct program *program);

/* ---- argument strings (args.c) ---- */
struct args {
    uint32_t page, bytes, argc, envc;
};
must_check err_t args_fetch(reply_id_t id, uint64_t bytes, uint64_t argc, uint64_t envc, struct args *out);
void args_give(struct args *a);
void args_attach(struct proc *p, const struct args *a); /* replaces what it had */

/* ---- the end (end.c), waiting (wait.c) ---- */
void proc_end(struct proc *p, uint32_t status);  /* from any state; returns before it is over */
void proc_undo(struct proc *p);                  /* a child that never ran: ends unseen */
void proc_continue(struct proc *p);              /* do to its space what waited for an operation on it to finish */
void proc_space_gone(struct proc *p);
void waits_child_ended(struct proc *child);      /* child is a zombie now: tell the parent, or reap */
void waits_cancelled(uint64_t count, reply_id_t newest);
void waits_drop(struct proc *p);
void waits_thread_ended(struct proc *p, unsigned slot);
#define STATUS_EXIT(code) (((uint32_t)(code) & 0xff) << 8)
#define STATUS_SIGNAL(sig) ((uint32_t)(sig))

/* ---- fork.c, exec.c: go on when the pager is done ---- */
void fork_finished(struct proc *child);
void exec_cleared(struct proc *p);

/* ---- signal.c ---- */
void signal_exception(const struct ipc_event *ev);
void signal_interrupt(void); /* ^C */
unsigned thread_of_caller(const struct proc *p, reply_id_t id); /* slot; PROC_THREADS_MAX: none */

/* ---- handlers, one a line of PROC_OPS ---- */
#define PROC_HANDLER(name, number, who, text) request_fn do_##name;
PROC_OPS(PROC_HANDLER)
#undef PROC_HANDLER

#endif
