/* SPDX-License-Identifier: MIT
 * The kernel's own structures: thread, space, endpoint, notification, context, hart. Each lives in a frame that user level
 * donated (harts apart), is reached through the direct map, and is guarded by the one kernel lock.
 */
#ifndef CORE_OBJECTS_H
#define CORE_OBJECTS_H

#include <abi/bootinfo.h>
#include <abi/error.h>
#include <abi/fault.h>
#include <abi/message.h>
#include <abi/object.h>
#include <abi/syscall.h>
#include <abi/trace.h>
#include <abi/types.h>

#define HARTS_MAX 8
#define PRIORITIES 256

typedef uint64_t pte_t;
struct thread;
struct space;
struct sched;

/* ---- queues: threads of 256 priorities, first in first out within one; every operation constant time ---- */
struct prio_queue {
    uint32_t words; /* bit w set: map[w] is not 0 */
    uint32_t above; /* one more than the highest priority that has threads; 0: empty */
    uint64_t map[PRIORITIES / 64]; /* bit 255 - p set: priority p has threads, so the lowest set bit is the highest priority */
    struct thread *head[PRIORITIES]; /* circular, tail = head->q_prev */
};
struct link { /* node of a plain list with a sentinel; an unlinked node points to itself */
    struct link *next, *prev;
};

/* Generations of ids: 31 bits, and one that tells a fault's from a call's. */
#define ID_GEN_MASK 0x7fffffffu
#define ID_GEN_FAULT 0x80000000u

enum thread_state {
    T_FREE = 0,
    T_STOPPED,    /* not to be run until START or RESUME */
    T_READY,      /* in its hart's run queue */
    T_RUNNING,    /* hart->current */
    T_CALLING,    /* in an endpoint's queue, with its own message or an exception's */
    T_WAIT_REPLY, /* a server has its message: in server->callers */
    T_RECEIVING,  /* in an endpoint's list of receivers */
    T_WAITING,    /* in a notification's list of waiters */
    T_FAULTED,    /* its fault is queued or with a pager */
    T_SPENT,      /* its own context's budget is used up: until the replenishment, which its timer waits for */
};

/* A fault record: the thread's own, or one that a server's copy ran into in its name. */
enum fault_record_state { F_NONE = 0, F_QUEUED, F_DELIVERED };
struct fault_record {
    vaddr_t va;      /* the instruction is the thread's pc: it waits there */
    badge_t badge;   /* of the handler it was sent to, whatever the space's handler is by now */
    uint32_t access; /* FAULT_ACCESS_* */
    uint32_t state;  /* enum fault_record_state */
    union {
        struct {
            frame_t frame; /* the thread's */
            uint32_t gen;  /* bit 31 set, which tells it from a reply id */
        };
        reply_id_t id; /* the fault id: both in one word */
    };
    int32_t error;   /* copies: what the pager said when it refused; OK otherwise */
    struct thread *copier; /* copies: whom to tell, 0 when it is gone */
};

struct ntfn {
    uint64_t bits;
    struct link waiters;  /* T_WAITING threads */
    struct thread *bound; /* its receives deliver the bits */
    frame_t frame;        /* of the object, or of the thread it is part of */
};

struct thread {
    uint64_t x[32];    /*   0: x[0] is the pc, x[n] register n; entry.S knows these offsets */
    uint64_t status;   /* 256: sstatus for the return to user level, FS included */
    struct hart *hart; /* 264: where it runs, or ran last */
    /* scheduling */
    uint8_t state;     /* enum thread_state */
    uint8_t prio;      /* effective: its client's while it has one, else its own; never below who queues for it */
    uint8_t base_prio; /* its own */
    uint8_t q_prio;    /* the list of its queue it stands in */
    uint32_t hops;     /* with ctx: servers between it and the context's own thread */
    union {
        struct {
            frame_t frame;     /* where this block lives */
            uint32_t call_gen; /* 31 bits: of its reply id */
        };
        reply_id_t reply_id; /* what answers its call: both in one word */
    };
    struct space *space;
    struct thread *q_next, *q_prev;
    struct prio_queue *queue; /* run queue or endpoint queue it stands in, 0: none */
    uint64_t slice_end;       /* time when others of its priority are due */
    uint64_t instructions;    /* executed for it, kernel included, up to the last switch or THREAD_INFO */
    /* whose time it spends, who works for it (lend.c). Every link has its counterpart: x->client->served_by or paged_by == x */
    struct sched *own;        /* the context bound to it, 0: none */
    struct sched *ctx;        /* the one it runs on: its own, or its client's; 0: nobody counts */
    struct thread *client;    /* whose message or fault it received last, while that waits for its answer */
    struct thread *served_by; /* T_WAIT_REPLY: who received its message, until that receives again */
    struct thread *paged_by;  /* F_DELIVERED: who received its fault, until that receives again */
    /* blocking */
    struct link list;          /* receivers, waiters */
    struct endpoint *ep;       /* calling: where it queues or queued; receiving: where it waits */
    struct endpoint *serves;   /* where it received last; may be gone: lend_queue() knows */
    handle_t standing;         /* it received at `serves` by this handle and waited, and nothing has happened since that would
                                * keep it from waiting there again; 0: look. receive_disturbed() ends it */
    struct ntfn *waits_for;
    struct link call_link;     /* in server->callers */
    struct space *server;      /* who has its message */
    struct link fault_link;    /* in pager->faulters */
    struct space *pager;       /* who has its fault */
    struct endpoint *fault_at; /* where its fault record queues or queued */
    badge_t badge;             /* of the handle it called with */
    union {
        struct {
            uint8_t call_kind;  /* MSG_CALL or MSG_EXCEPTION */
            uint8_t call_flags; /* IPC_F_* */
        };
        uint16_t call; /* both: MSG_CALL for a call without flags, so without deadline, buffers or handle */
    };
    bool exc_kill;      /* an exception that nobody may resume */
    bool stays;         /* it does not follow a message to the sender's hart */
    bool start_fpu;     /* FPU contents are worth copying */
    vaddr_t buf_va[2];
    uint64_t buf_len[2]; /* with BUF_R, BUF_W */
    uint64_t exc[8];     /* words of an exception message */
    struct fault_record fault;
    struct ntfn self; /* its own notification */
    struct ntfn *bound; /* delivered at its receives; its own at first */
    /* timer */
    struct link timer;
    uint64_t deadline;
    uint16_t timer_slot; /* level << 6 | slot, valid while linked */
    /* floating point */
    uint64_t fpu[32];
    uint64_t fcsr;
};

struct endpoint {
    struct thread *ready;   /* the first receiver, if it has no deadline and no context of its own; in no list */
    struct link receivers;  /* the others */
    struct thread *server; /* who received last; gone if its `serves` is another one */
    uint64_t cancels; /* callers gone since the last MSG_CANCEL */
    reply_id_t cancel_id;
    frame_t frame;
    struct prio_queue senders; /* callers, exceptions, faults; last, so that the rest is in reach of short offsets */
};

struct handle {
    uint32_t object; /* frame, or interrupt source; free: next free */
    uint32_t gen;    /* free: previous free */
    uint64_t word;   /* badge:48 << 16 | rights << 8 | type; 0 = free */
};
#define HANDLE_TYPE_MASK 0xffu
#define HANDLE_RIGHTS_SHIFT 8
#define HANDLE_BADGE_SHIFT 16
#define HANDLES_INLINE 192u
#define HANDLES_PER_FRAME 256u
#define HANDLE_FRAMES_MAX 64u

struct object_ref { /* how the kernel itself remembers an endpoint: dies with it */
    frame_t frame;
    uint32_t gen;
    badge_t badge;
};

struct space {
    frame_t frame, root_frame;
    pte_t *root;
    uint64_t asid;
    union {
        struct {
            uint64_t harts : 8;     /* harts that may hold translations of it */
            uint64_t asid_gen : 56; /* of which generation asid is; 0 while some hart has to flush it first, see stale_gen */
        };
        uint64_t ready_word; /* both: a hart that finds its own bit and this generation in it can simply load the space */
    };
    uint64_t root_word; /* what makes its tables the active ones: root_frame and asid, as the machine wants them */
    uint64_t stale; /* harts that may hold outdated ones: they flush before they activate it; never in `harts` too */
    uint64_t stale_gen; /* while stale is not 0: what asid_gen is really; so activating looks at one word only */
    uint32_t threads;
    uint32_t batch; /* frame of the batch page, 0: none */
    uint64_t leaf_key;   /* the leaf table that the fast path walked to last: for which 2 MiB, and when; table_changes */
    pte_t *leaf_table;
    uint64_t owner_word; /* what says in frame_info that a frame is its own and may be mapped */
    uint64_t chunks; /* that it owns: its frame's number names the owner, so it can't end before they are granted on */
    struct object_ref handler[2]; /* HANDLER_FAULT, HANDLER_EXCEPTION */
    struct endpoint *pager_ep;    /* the first again, ready for use: 0 if there is none, */
    const uint32_t *pager_gen;    /* and gone if handler[HANDLER_FAULT].gen is not what stands here */
    struct link callers;  /* threads in T_WAIT_REPLY whose message a thread of this space has, */
    struct link faulters; /* threads whose fault it has, but for one of each that it works for now: */
    struct thread *served_call, *served_fault;
    uint32_t handles_near; /* the next, as far as they are inline */
    uint32_t handles;     /* slots in use or in the free list: those behind were never used and hold anything */
    uint32_t handle_room; /* slots in all; more than `handles` only while there are none but the inline ones */
    uint32_t handle_free; /* head of the free list, 0: none */
    frame_t handle_frame[HANDLE_FRAMES_MAX];
    struct handle handle[HANDLES_INLINE];
};
_Static_assert(sizeof(struct thread) <= PAGE_SIZE && sizeof(struct space) <= PAGE_SIZE, "objects fit their frame");
_Static_assert(sizeof(struct endpoint) <= PAGE_SIZE && sizeof(struct ntfn) <= PAGE_SIZE, "objects fit their frame");

#define WHEEL_LEVELS 8
struct timer_wheel {
    uint64_t base;               /* everything before it has been fired */
    uint64_t levels;             /* bit l set: map[l] is not 0 */
    uint64_t map[WHEEL_LEVELS];  /* occupied slots */
    struct link slot[WHEEL_LEVELS][64];
};

/* A scheduling context: so much time in each period. While no thread runs on it nothing of it is kept up to date: what is
 * due is added when somebody looks (budget.c). */
struct sched {
    struct thread *thread; /* whose own it is, 0: not bound */
    ticks_t budget, period; /* 0: not set yet */
    int64_t left;          /* ticks of this period; negative: debt */
    ticks_t next;          /* replenishment */
    ticks_t used;          /* in all */
    frame_t frame;
    uint8_t prio;          /* base_prio of the thread it is bound to */
};
_Static_assert(sizeof(struct sched) <= PAGE_SIZE, "objects fit their frame");

/* What the fast path does (fast.c). */
enum fast_kind { FAST_NULL, FAST_CALL, FAST_REPLY_RECV, FAST_RETRY, FAST_UPGRADE, FAST_MAP, FAST_REMAP, FAST_SIGNAL, FAST_IRQ, FAST_REPLY, FAST_RECV, FAST_KINDS };

#define FAST_CAUSE_FIRST 8u
#define FAST_CAUSES 8u

struct hart {
    struct thread *current; /* 0: idle */
    struct space *space;    /* whose tables satp holds */
    struct thread *fpu_owner;
    union {
        struct {
            bool resched;     /* the current thread may not be the one to go on */
            bool timer_dirty; /* the timer may have to be set anew */
            bool fpu_moves;   /* there is an fpu_owner, and its registers are wanted when it leaves: other harts may run it */
            bool spare;       /* false */
            uint32_t traced;  /* trace_mask is not 0 */
        };
        uint32_t attention; /* the first four: what the end of a kernel entry looks at */
        uint64_t look;      /* all of them: what the fast path looks at */
    };
    bool kicked;      /* an interrupt to look at attention is under way */
    bool online;      /* it has started; set by itself without the lock */
    uint32_t id;      /* SBI hart id */
    uint32_t index;
    uint32_t mail;    /* what the holder of the kernel lock wants of it and waits for; 0: nothing. Not guarded by the lock */
    uint64_t bit;     /* 1 << index: itself in space->harts */
    uint64_t kstack_top; /* 56: entry.S and start.S know this offset */
    uint64_t table_changes;  /* how often a leaf table was taken away or shared, in steps of TABLE_CHANGE: what is
                              * remembered of walks is over then. The same in all harts */
    uint64_t ready_word;     /* space->ready_word when only this hart has it; the generation is the same in all */
    struct kernel_lock *lock;
    struct frame_info *frame_table_biased; /* copies of the globals, in reach of tp */
    uint64_t ram_first, ram_end;
    uint64_t fast_fault[FAST_CAUSES]; /* faults delivered by it, by cause from FAST_CAUSE_FIRST on */
    uint64_t fast[FAST_KINDS]; /* how often each way of the fast path was gone; KERNEL_INFO adds them to the counters */
    struct sched *account;   /* whose budget is running down here; 0: nobody's */
    ticks_t account_since;   /* up to when it has been charged */
    uint32_t plic_context; /* of its S mode, and that context's registers: */
    volatile uint32_t *plic_claim, *plic_enable; /* 0: there is no interrupt controller */
    int32_t sleep_ticket; /* not guarded by the lock, nor is sleeps: */
    bool sleeps;           /* it waits for the lock in its sleep */
    uint64_t timer_set;      /* what the timer is set to; ~0 = off */
    uint64_t switch_instret; /* when the current thread was switched to */
    uint64_t trace_next;     /* sequence number of the next event */
    struct trace_event *ring;
    uint64_t counter[KC_COUNT];
    struct prio_queue runq;
    struct timer_wheel wheel;
};

#endif
