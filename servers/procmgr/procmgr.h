/* SPDX-License-Identifier: MIT
 * What the files of procmgr share: the process record, and who does what. One thread, one endpoint. It never waits for a
 * client beyond a bounded copy; what takes longer keeps the reply id and is answered later. It may wait for the pager,
 * which waits for nobody. It may die anywhere: docs/servers/procmgr.md says how the parts below bear that.
 *
 * Life of a process:  NEW --fork, spawn--> RUNNING --exit, kill, exception--> EXITING --space gone--> ZOMBIE --wait--> free
 */
#ifndef PROCMGR_PROCMGR_H
#define PROCMGR_PROCMGR_H

#include <ipc/procmgr.h>
#include <signal.h> /* numbers only: the ones that programs see */

#include "../init/handoff.h"
#include "gate.h"
#include "ledger.h"
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
    uint32_t reply_key;    /* and under which key it would ask again */
    struct proc *parent;   /* fork: of whom; its own op field stays free */
    struct proc *next, *prev; /* list of unfinished ones, or of finished ones */
};

struct thread {
    handle_t handle;
    frame_t frame; /* of its control block: the low half of its reply ids */
    uint8_t hart;    /* where it was placed */
    uint8_t prio;    /* its own; 0: the process's */
    uint8_t ceiling; /* at least this much while it holds what has one; 0: nothing has */
    uint8_t lent;    /* volatile: the highest of those who wait for it (mutex.c); 0: none */
    /* what it was answered last, should that get lost (answer_keep) */
    uint32_t key;  /* the request's; 0: nothing kept */
    uint32_t word1, word2;
};

/* What of an exec is still to be done. */
enum exec_phase {
    EXEC_NONE = 0,
    EXEC_CLEARS = 1, /* the old program ends: the space is to be cleared, then furnished */
    EXEC_STARTS = 2, /* all is ready: the thread starts now, unless it did already */
};

struct proc {
    /* ---- lasting: in the ledger's hands ---- */
    uint32_t pid;
    uint8_t state;         /* enum proc_state; 0: free */
    bool adopted;          /* nobody will wait for it */
    bool unborn;           /* fork or spawn failed, or is not over: it ends unseen */
    uint8_t prio;
    uint32_t status;       /* status word, once EXITING */
    uint32_t doomed;       /* status word it shall end with as soon as its operation allows, 0: none */
    uint32_t space;        /* the pager's id; 0: none, or it was made and procmgr died: found by the pid */
    handle_t space_handle;
    handle_t self;         /* its own endpoint (H_SELF), 0: none */
    bool may_collect;      /* it has H_SELF, H_PARENT or a waker: its table may hold more than the declared set */
    bool files;            /* it has H_FS, and perhaps descriptors at the file server */
    uint8_t exec_phase;    /* enum exec_phase */
    uint16_t exec_file;    /* exec: what starts, on which thread, when the space is clear */
    uint32_t exec_slot;
    struct proc *parent;
    uint64_t thread_map;   /* slots in use */
    uint64_t unsure_map;   /* slots not in use in which the pager may have a thread: being made, or being ended */
    uint64_t starting_map; /* of those in use: committed, and perhaps not yet resumed */
    uint64_t joinable_map; /* slots of threads that ended and nobody joined yet */
    /* strings of exec or spawn until it fetches them */
    uint32_t args_page;    /* first page + 1, 0: none */
    uint32_t args_bytes, argc, envc;
    /* limits, inherited */
    uint64_t limit_frames, limit_stack;
    uint64_t hard_frames, hard_stack; /* how far each may be raised */
    uint32_t hard_threads, hard_processes;
    uint64_t born;         /* ticks: with the pid, of whom one speaks */
    uint64_t cpu_ended, cpu_children; /* instructions of threads that ended, of children that were waited for */
    uint32_t limit_threads;
    uint32_t limit_processes; /* with so many in the system it may start no more */
    uint32_t account;      /* the limited tree it counts in, 0: none */
    uint32_t group, session;
    uint32_t command_bytes;
    uint64_t sig_ignored, sig_pending; /* sets of signals: 1 << number */
    uint64_t hooked_map;   /* slots of threads whose pc is PROC_HOOK_VA, their own is in gp (deliver.c) */
    struct handlers *sigs; /* 0: no handlers, no masks (signals.h) */
    bool stopped;          /* no thread of it runs until SIGCONT */
    bool has_execed;
    uint8_t stop_signal;
    uint8_t report;        /* enum stop_report: what its parent was not told yet */
    bool words;            /* it has to do with words that others may wait for (word.c), or its parent had */
    uint8_t execs;         /* how many it did, modulo what a thread's name has room for */
    char name[PROC_NAME_MAX] __attribute__((aligned(8)));
    struct thread thread[PROC_THREADS_MAX];
    char command[COMMAND_MAX] __attribute__((aligned(8))); /* the first of its argument strings: command_bytes of them mean anything */
    /* ---- volatile: rebuilt by recover.c ---- */
    struct proc *child, *sibling, **sibling_link; /* children: a list */
    struct proc *hash_next;
    struct wait *waits;    /* its callers that wait */
    struct mutex_wait *mutex_waits; /* and those that wait for mutexes */
    struct word_wait *word_waits;   /* and for words */
    struct queued *queued; /* signals with values, in order (queue.c) */
    struct timer *timers;  /* timer.c */
    bool was_held;         /* stopped, and its group was not orphaned when a process began to end (jobs.c) */
    struct op op;
    uint32_t forks;        /* operations whose parent it is */
    struct proc *forking;  /* the one of them that the pager works on: one at a time */
    uint32_t threads;      /* live ones */
    bool nagged;           /* threads of it are still in calls that they shall leave */
    struct proc *nag_next;
};
_Static_assert(PROC_NAME_MAX % sizeof(uint64_t) == 0 && offsetof(struct proc, name) % sizeof(uint64_t) == 0 &&
                   offsetof(struct proc, thread) % sizeof(uint64_t) == 0 && offsetof(struct proc, child) % sizeof(uint64_t) == 0,
               "names and records are copied in words");

extern struct proc *const init_proc; /* pid 1: parent of those who lost theirs, and init's session */
struct proc_counts {
    uint64_t live, zombies;
};
extern struct proc_counts counts;

must_check err_t procs_init(void);                 /* the first start: init's entry */
must_check err_t procs_rebuild(void);              /* a later one: hash, tree, free list, counts */
struct proc *proc_find(uint64_t pid);              /* 0: none, or unborn */
must_check err_t proc_new(struct proc *parent, struct proc **out); /* state NEW, no space yet; ERR_LIMIT, ERR_NOMEM */
void proc_free(struct proc *p);                    /* unlinks it everywhere; its state may be 0 already */
void proc_adopt_children(struct proc *p);          /* init becomes their parent */
struct proc *proc_at(unsigned index);              /* table in order, up to procs_used(); 0: free entry */
unsigned procs_used(void);
bool proc_descends(const struct proc *p, const struct proc *from); /* or is it */

/* ---- limited trees (account.c) ---- */
must_check err_t account_add(uint32_t number, enum proc_tree what, uint64_t n); /* ERR_LIMIT: nothing changed */
void account_take(uint32_t number, enum proc_tree what, uint64_t n);
void account_left(uint32_t number);       /* a process of it is gone: perhaps it was the last */
must_check err_t accounts_rebuild(void);  /* after a restart */

/* ---- tables that grow (arena.c) ---- */
struct arena {
    vaddr_t start;
    uint64_t bytes;      /* usable now */
    uint64_t step_bytes, max_bytes;
};
must_check err_t arena_reach(struct arena *a, uint64_t bytes); /* so many are usable; ERR_LIMIT, or the pager's error: not all of them */

/* ---- requests (main.c) ---- */

#define LATER 1 /* a handler's result: no reply now */
struct request {
    const struct ipc_event *ev;
    struct proc *caller; /* 0: not a process (console, pager) */
    unsigned slot;       /* of the calling thread; PROC_THREADS_MAX: none. init has slot 0 */
    uint32_t key;        /* the caller asks again under it when the answer gets lost; 0: it does not */
    struct ipc_msg m;    /* the answer; w[0] is filled from the result */
};
/* Part of a transaction: the answer to the request goes into the caller's record, so that asking again gives it again
 * instead of doing the thing twice. */
void answer_keep(struct proc *p, unsigned slot, uint32_t key, const uint32_t words[2]);
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
    bool has_bss; /* zeros behind the file's bytes */
};
struct program {
    vaddr_t entry, heap, stack_top;
    unsigned file; /* in the boot image, or PROGRAM_OF_FILES: what the file server has noted for the process */
    unsigned segments;
    struct segment segment[SEGMENTS_MAX];
    char name[PROC_NAME_MAX];
};
#define PROGRAM_OF_FILES 0xffffu
must_check err_t image_init(void); /* once; ERR_NOEXEC: not a boot image */
/* Checked once, kept until the place is wanted: good until the next call. */
must_check err_t image_find(const char *path, const struct program **out);
must_check err_t image_program(unsigned file, const struct program **out);
/* program.c: the caller's descriptor as its program; the program of a process, good until the next call. */
must_check err_t program_choose(const struct proc *p, uint64_t fd);
must_check err_t program_of(const struct proc *p, const char *name, const struct program **out);
must_check err_t elf_read(const uint8_t *file, uint64_t size_bytes, struct program *out);

/* ---- the pager (ops.c, space.c) ---- */
void ops_start(struct proc *p, enum op_kind kind); /* result through op_finished() below, never before the return */
void ops_poll(void);      /* notification: something ended */
void ops_again(void);     /* the pager was restarted: ask everything again */
void ops_run_finished(void);
bool ops_take(struct proc *p); /* whether its operation has finished already: the caller goes on with it */
bool ops_waiting(void);   /* some could not even be started: come back after RETRIES_TICKS */
uint64_t ops_count(void);

must_check err_t space_pin(struct proc *p);                 /* its pages are never victims */
/* Space, quota, the first thread (stopped) and handles. On error proc_undo() it. */
must_check err_t space_new(struct proc *p);
/* The same as a copy of p->op.parent, which the pager begins, or goes on with, and the result of which this is; handles come later. */
must_check err_t space_fork(struct proc *p);
must_check err_t space_furnish(struct proc *p); /* handles, where exceptions go */
/* A further thread, stopped, with the process's priority. It counts only when thread_commit() is part of a committed transaction;
 * until then the slot is unsure. */
must_check err_t thread_new(struct proc *p, unsigned slot);
must_check err_t thread_arm(struct proc *p, unsigned slot, const uint64_t at[4]); /* ip, sp, a0, tp of a new thread */
void thread_commit(struct proc *p, unsigned slot); /* it is to run: within a transaction, thread_go() after it */
void thread_go(struct proc *p, unsigned slot);     /* resume it; harmless when it runs already */
void thread_retire(struct proc *p, unsigned slot); /* within a transaction: in use -> unsure */
void thread_end(struct proc *p, unsigned slot);    /* of an unsure slot: gone, there too */
void thread_delete(struct proc *p, unsigned slot); /* both; also of a slot that is not in use */
void threads_delete(struct proc *p, uint64_t slots); /* of these, those there are */
void thread_left(struct proc *p, unsigned slot);     /* the last one, which goes with the space: the record of it alone */
must_check err_t object_open(const struct proc *p, uint64_t key, unsigned type, handle_t *h); /* of its space; made if there is none */
void object_close(handle_t *h); /* the handle; the object stays */
/* Descriptors, for those that may have any: the child's are the parent's (how: FS_FORK_EXEC or 0); exec; the end. Each may be
 * asked again after a restart of ours. */
err_t files_call(struct ipc_msg *m); /* the file server, again when it was restarted */
must_check err_t files_give(const struct proc *from, const struct proc *to, uint64_t how);
void files_exec(const struct proc *p);
void files_end(const struct proc *p);
void space_forget(struct proc *p);                          /* the pager has deleted it */
must_check err_t handles_reset(struct proc *p);             /* exec: only the declared set stays */
/* One of our handles into a slot of its table, behind the declared ones; the slot where it is already, if that is not behind a
 * free one. ERR_NOHANDLE: its table is full. Cost: a call or two for each slot that is taken, usually 180 at most. */
must_check err_t handle_lend(struct proc *p, handle_t ours, unsigned rights, handle_t *given);
must_check err_t handles_rebuild(void);                     /* after a restart: count ours, close those nobody knows */
void space_search(struct proc *p);                          /* the pager may have a space for it that we don't know of */
must_check err_t regions_add(struct proc *p, const struct program *program); /* regions.c */

/* ---- harts (place.c) ---- */
void place_init(void); /* after the process records are there */
uint64_t place_next(const struct proc *p); /* THREAD_AT for its next thread */
void place_thread(struct thread *t);       /* it was made there */
void place_gone(const struct thread *t);

/* ---- argument strings (args.c) ---- */
struct args {
    uint32_t page, bytes, argc, envc;
};
must_check err_t args_fetch(reply_id_t id, uint64_t bytes, uint64_t argc, uint64_t envc, struct args *out);
void args_give(struct args *a);
void args_attach(struct proc *p, const struct args *a); /* replaces what it had */
void args_set(struct proc *p, const struct args *a);    /* within a transaction; who calls it frees what was there */
void args_answered(void); /* who fetched them has them now: they go, and not before */
void args_note(struct proc *p);                         /* into p->command; they are still kept */
must_check err_t args_rebuild(void);                    /* after a restart: who has which pages; ERR_NOMEM */

/* ---- the end (end.c), waiting (wait.c) ---- */
void proc_end(struct proc *p, uint32_t status);  /* from any state; returns before it is over */
void end_go_on(struct proc *p);                  /* it is EXITING: do what is still to be done */
void proc_undo(struct proc *p);                  /* a child that never ran: ends unseen */
void proc_continue(struct proc *p);              /* do to its space what waited for an operation on it to finish */
void proc_space_gone(struct proc *p);
void waits_child_ended(struct proc *child);      /* child is a zombie now: tell the parent, or reap */
void waits_cancelled(uint64_t count, reply_id_t newest);
void waits_drop(struct proc *p);
void waits_thread_ended(struct proc *p, unsigned slot); /* it is joinable already */
#define STATUS_EXIT(code) (((uint32_t)(code) & 0xff) << 8)
#define STATUS_SIGNAL(sig) ((uint32_t)(sig))

/* ---- fork.c, exec.c: go on when the pager is done ---- */
void fork_finished(struct proc *child);
void exec_cleared(struct proc *p);
void exec_go_on(struct proc *p); /* the exec is committed */

/* ---- recover.c ---- */
must_check err_t recover(void); /* after a restart: finish or undo what was under way */

/* ---- signals: for the rest see signals.h ---- */
void signal_exception(const struct ipc_event *ev);
void groups_leave(const struct proc *p); /* it is about to end: who is stopped, and may be orphaned by that */
void groups_attend(void); /* those that were: they go on, and hear of it */
void signal_keys(uint64_t bits); /* PROC_NTFN_* of ^C and its kin */
must_check err_t signals_fork(struct proc *child, const struct proc *parent, unsigned slot); /* ERR_NOMEM */
must_check err_t signals_spawn(struct proc *child, const struct proc *parent, unsigned slot);
/* The group that a child is spawned into, 0: one of its own. ERR_PERM: there is none in the session. */
must_check err_t group_spawn(struct proc *child, uint64_t group);
void signals_exec(struct proc *p, unsigned slot); /* the other threads are gone */
void signals_exec_done(struct proc *p, unsigned slot); /* its new program has begun: what came meanwhile is looked at now */
void signals_recover(struct proc *p);
void signals_forget(struct proc *p); /* the end */
unsigned thread_of_caller(const struct proc *p, reply_id_t id); /* slot; PROC_THREADS_MAX: none */

/* ---- told.c ---- */
void files_answer(void);       /* the file server has a question about processes */
void files_answer_again(void); /* it may have asked an earlier life of ours */

/* ---- mutex.c ---- */
void prio_apply(struct proc *p); /* to all its threads */

/* ---- info.c ---- */
uint64_t cpu_and_work_of(const struct proc *p, bool *has_work); /* the same as cpu_of(), and whether a thread has something to do */
uint64_t cpu_of(const struct proc *p);          /* instructions of its threads, of those that ended as well */
void cpu_note(struct proc *p, unsigned slot);   /* its thread is about to go */
uint8_t thread_prio_own(const struct proc *p, unsigned slot); /* the process's if it has none */
uint8_t thread_prio(const struct proc *p, unsigned slot);     /* what it runs at, ceilings and inheritance included */
void mutex_cancelled(uint64_t count, reply_id_t newest);
bool mutex_interrupt(struct proc *p, unsigned slot); /* a handler is to run: it asks again */
void mutex_thread_ended(struct proc *p, unsigned slot);
void mutex_drop(struct proc *p);

/* ---- word.c ---- */
void words_cancelled(uint64_t count, reply_id_t newest);
bool word_interrupt(struct proc *p, unsigned slot); /* a handler is to run */
void words_drop(struct proc *p);                    /* its threads wait no more */
unsigned words_waiting(void);                       /* threads, of whatever process */
/* Its memory is no longer in the reach of its threads: whoever waits looks at his word, if it had to do with any. */
void words_look_again(const struct proc *p);

/* ---- handlers, one a line of PROC_OPS ---- */
#define PROC_HANDLER(name, number, who, text) request_fn do_##name;
PROC_OPS(PROC_HANDLER)
#undef PROC_HANDLER

#endif
