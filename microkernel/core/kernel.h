/* SPDX-License-Identifier: MIT
 * The kernel's own structures: thread, space, endpoint, notification, hart. Each lives in a frame that user level
 * donated (harts apart), is reached through the direct map, and is guarded by the one kernel lock.
 * Nothing here names a CSR or an instruction: that is riscv/'s.
 */
#ifndef CORE_KERNEL_H
#define CORE_KERNEL_H

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

#ifndef PAGODA_CHECKS
#define PAGODA_CHECKS 0
#endif
_Noreturn void panic(const char *what, uint64_t a, uint64_t b);
#if PAGODA_CHECKS
#define assert(cond) ((cond) ? (void)0 : panic(#cond, __LINE__, (uint64_t)(uintptr_t)__FILE__))
#else
#define assert(cond) ((void)sizeof(cond))
#endif
#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

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
    uint64_t instructions;    /* executed for it, kernel included, up to the last switch */
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
enum fast_kind { FAST_NULL, FAST_CALL, FAST_REPLY_RECV, FAST_RETRY, FAST_UPGRADE, FAST_MAP, FAST_REMAP, FAST_KINDS };

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
    uint32_t plic_context; /* of its S mode */
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

/* ---- globals (written at boot only, counters apart) ---- */
extern struct hart harts[HARTS_MAX];
extern uint32_t hart_count;
extern struct frame_info *frame_table;
extern frame_t ram_first, ram_end; /* frames */
extern uint64_t trace_mask;
#define TABLE_CHANGE (USER_VA_END >> CHUNK_SHIFT) /* hart->table_changes: what is below is the number of a chunk of the space */

/* ---- list ---- */
static inline void link_init(struct link *l) { l->next = l->prev = l; }
static inline bool link_empty(const struct link *l) { return l->next == l; }
static inline void link_add_tail(struct link *list, struct link *l)
{
    l->next = list;
    l->prev = list->prev;
    list->prev->next = l;
    list->prev = l;
}
static inline void link_remove(struct link *l)
{
    l->prev->next = l->next;
    l->next->prev = l->prev;
    link_init(l);
}
#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

/* ---- who waits at an endpoint, and whose message or fault a space has: one thread by itself, the others in a list ---- */
static inline struct thread *endpoint_receiver(const struct endpoint *ep) /* the first, 0: none */
{
    return ep->ready ? ep->ready : link_empty(&ep->receivers) ? 0 : container_of(ep->receivers.next, struct thread, list);
}
static inline void receiver_remove(struct thread *r)
{
    if (likely(r->ep->ready == r))
        r->ep->ready = 0;
    else
        link_remove(&r->list);
}
static inline bool space_has_clients(const struct space *s)
{
    return s->served_call || s->served_fault || !link_empty(&s->callers) || !link_empty(&s->faulters);
}
static inline void caller_add(struct space *server, struct thread *t)
{
    if (likely(!server->served_call))
        server->served_call = t;
    else
        link_add_tail(&server->callers, &t->call_link);
}
static inline void faulter_add(struct space *pager, struct thread *t)
{
    if (likely(!pager->served_fault))
        pager->served_fault = t;
    else
        link_add_tail(&pager->faulters, &t->fault_link);
}
static inline void caller_remove(struct thread *t)
{
    if (likely(t->server->served_call == t))
        t->server->served_call = 0;
    else
        link_remove(&t->call_link);
}
static inline void faulter_remove(struct thread *t)
{
    if (likely(t->pager->served_fault == t))
        t->pager->served_fault = 0;
    else
        link_remove(&t->fault_link);
}

/* ---- queue.c ---- */
unsigned low_bit(uint64_t x); /* index of the lowest set bit, x != 0 */
void queue_add(struct prio_queue *q, struct thread *t, unsigned prio);      /* at the tail of its priority */
void queue_add_head(struct prio_queue *q, struct thread *t, unsigned prio); /* at the head */
void queue_remove(struct thread *t);
static inline struct thread *queue_top(const struct prio_queue *q) { return q->above ? q->head[q->above - 1] : 0; } /* 0: empty */

/* ---- sched.c ---- */
void sched_ready(struct thread *t);       /* runnable, at the tail of its priority */
void sched_resume(struct thread *t);      /* the same after a server worked in its slice: at the head until that is over */
/* t is current; its state is `why` now. */
static inline void sched_block(struct thread *t, enum thread_state why)
{
    assert(t->hart->current == t);
    t->state = why;
    t->hart->resched = true;
}
void sched_switch_other(struct thread *t); /* sched_switch (arch.h) when it is not the simple case */
void sched_stop(struct thread *t);        /* T_RUNNING on whatever hart -> T_STOPPED, its registers saved; O(1) message to that hart */
void sched_move(struct thread *t, struct hart *to); /* it runs there from now on, whatever it does */
void sched_set_prio(struct thread *t, unsigned prio); /* effective priority, in whatever state */
void sched_requeue(struct thread *t); /* it has the place in its queue, if it stands in one, that lend_queue_prio gives */
void sched_yield(struct thread *t);
void sched_slice(void);                   /* timer: the current thread's slice may be over */
void sched_choose(void);                  /* wait until there is a current thread, the right one, and set its timer */

/* ---- lend.c: priority and budget go along with a message and come back ---- */
#define LEND_CHAIN 16u /* threads that one context reaches at most: its own and 15 servers behind it */
#define LEND_STEPS 32u /* threads that one change of priority reaches at most */
/* t's priority and context as they follow from client, queue and base; and on to whoever works for t. O(LEND_STEPS). */
void lend_update(struct thread *t);
void lend_context(struct thread *t);    /* the context alone: t has just got its client, and nobody works for it */
void lend_defer(struct thread *server); /* it goes on without having answered: its client lends it no more */
void lend_lost(struct thread *server);  /* its client was answered by another thread, or is gone; server may be 0 */
void lend_fault_over(struct thread *t, struct thread *cur); /* t's fault is with no pager any more; cur: who answered, or 0 */
void lend_take_over(struct endpoint *ep, struct thread *cur); /* cur is ep's server now */
void lend_unqueue(struct thread *t, struct endpoint *ep); /* out of its senders, not received */
struct endpoint *lend_queue(const struct thread *t);      /* the endpoint whose senders wait for t; 0: none */
struct thread *lend_server(const struct endpoint *ep);    /* for whom its senders wait; 0: nobody, or it is receiving */
struct sched *lend_context_of(const struct thread *t, uint32_t *hops); /* what t->ctx has to be */
unsigned lend_prio_of(const struct thread *t);                         /* what t->prio has to be */
/* At which priority t, or its fault, stands in a queue. A fault that a copy met: whoever waits for the copying server waits for it. */
static inline unsigned lend_queue_prio(const struct thread *t)
{
    return unlikely(t->served_by != 0) && t->served_by->prio > t->prio ? t->served_by->prio : t->prio;
}

/* t gives server its message or fault. Neither stands in a queue; nobody works for server. */
static inline void lend(struct thread *server, struct thread *t)
{
    server->client = t;
#ifndef MUTANT_KERNEL_NO_INHERIT
    server->prio = t->prio;
#endif
    if (unlikely(server->ctx != t->ctx))
        lend_context(server);
}

/* ---- budget.c ---- */
void budget_switch(struct hart *h, struct sched *c); /* charge what h's account has used; from now on c pays there, or nobody */
bool budget_holds(struct thread *t); /* t may not run now: it has been made T_SPENT. It is in no queue, and has a context */
void budget_wake(struct thread *t);  /* T_SPENT -> ready, if there is budget by now */
void budget_expire(struct hart *h);  /* timer */
ticks_t budget_end(const struct hart *h); /* when the running thread has to stop; ~0: its context does not make it */
void budget_unbind(struct thread *t);     /* it is going away */
void budget_destroy(struct sched *c);

/* ---- timer.c ---- */
void timer_init(struct hart *h, uint64_t now);
void timer_start(struct thread *t, uint64_t deadline);
void timer_stop(struct thread *t); /* it has one */
void timer_move(struct thread *t, struct hart *to); /* it has one; before t->hart changes */
static inline void timer_add(struct thread *t, uint64_t deadline)
{
    if (deadline != DEADLINE_NONE)
        timer_start(t, deadline);
}
static inline void timer_remove(struct thread *t)
{
    if (!link_empty(&t->timer))
        timer_stop(t);
}
void timer_interrupt(void);
uint64_t timer_next(struct hart *h); /* when the wheel wants to be looked at; ~0 never */

/* ---- thread.c ---- */
void thread_init(struct thread *t, frame_t frame, struct space *s);
void thread_cancel(struct thread *t, long result); /* out of whatever it does, into T_STOPPED; blocked calls return result */
void thread_wake(struct thread *t, long result);   /* a blocked, unlinked thread goes on with a0 = result */
void thread_timeout(struct thread *t);
void thread_stop_forever(struct thread *t, const char *why);

/* ---- ipc.c ---- */
void ipc_cancel_event(struct endpoint *ep, reply_id_t id);
bool ipc_try_deliver(struct endpoint *ep); /* hand queued senders and events to waiting receivers */
void ipc_notify_receiver(struct thread *r); /* r is receiving and its bound notification has bits */
void ipc_queue_call(struct thread *t, struct endpoint *ep);
void ipc_enqueue(struct thread *t, struct endpoint *ep); /* among the senders; nobody receives there now */
void ipc_end_call(struct thread *t); /* unlink t from its server, its id goes stale */
struct thread *ipc_find_caller(reply_id_t id, const struct space *server); /* 0: stale */

/* ---- fault.c ---- */
void fault_raise(struct thread *t, vaddr_t va, unsigned access); /* current thread, its own access */
void fault_raise_copy(struct thread *client, vaddr_t va, unsigned access, struct thread *copier);
void exception_raise(struct thread *t, uint64_t cause, uint64_t value);
void exception_queue(struct thread *t); /* again: its handler died */
void fault_deliver(struct thread *t, struct thread *r); /* write the fault message into r's registers */
void fault_tell_copier(struct thread *t);
void fault_drop(struct thread *t); /* forget its fault record, wherever it is */
void fault_requeue(struct thread *t); /* its pager died */
bool fault_is_alive(reply_id_t id, const struct space *pager); /* a fault that this pager has and did not answer */

/* Something waits at ep now, or ep itself goes: its server has to look when it receives again. */
void receive_disturbed(const struct endpoint *ep);

/* ---- ntfn.c ---- */
void ntfn_init(struct ntfn *n, frame_t frame);
void ntfn_signal(struct ntfn *n, uint64_t bits);
void ntfn_bind(struct ntfn *n, struct thread *t);

/* ---- handle.c ---- */
static inline unsigned handle_type(const struct handle *h) { return h->word & HANDLE_TYPE_MASK; }
static inline unsigned handle_rights(const struct handle *h) { return (h->word >> HANDLE_RIGHTS_SHIFT) & 0xff; }
static inline badge_t handle_badge(const struct handle *h) { return h->word >> HANDLE_BADGE_SHIFT; }
err_t handle_find(struct space *s, handle_t h, unsigned type, unsigned rights, struct handle **out);
void handle_table_init(struct space *s);
static inline bool handle_has_room(const struct space *s) { return s->handle_free || s->handles < s->handle_room; }
err_t handle_new(struct space *s, unsigned type, unsigned rights, badge_t badge, uint32_t object, uint32_t gen, handle_t *out);
err_t handle_transfer(struct space *from, uint64_t xfer, struct space *to, handle_t *out);
void handle_close(struct space *s, handle_t h);
struct endpoint *endpoint_of(const struct object_ref *r);

/* ---- frame.c ---- */
#define FRAME_GEN_MAX UINT32_MAX
static inline bool frame_in_ram(uint64_t f) { return f >= ram_first && f < ram_end; }
/* One load less than &frame_table[f - ram_first], on every path: the table as if it began with frame 0. */
extern struct frame_info *frame_table_biased;
static inline struct frame_info *frame_info_of(frame_t f) { return &frame_table_biased[f]; }
err_t frame_check_user(const struct space *owner, uint64_t f);   /* a user frame that owner may map */
err_t frame_check_kfree(const struct space *owner, uint64_t f);  /* a free kernel frame that owner may donate */
void frame_zero(frame_t f);
void frame_take(frame_t f, enum frame_kind kind); /* KFREE -> kind, contents zeroed unless known to be */
void frame_take_dirty(frame_t f, enum frame_kind kind); /* the same, contents unknown */
void frame_give(frame_t f, bool zeroed);          /* kind -> KFREE, generation counted */

/* ---- space.c, map.c ---- */
void space_init(struct space *s, frame_t frame, frame_t root);
void space_set_handler(struct space *s, unsigned which, const struct handle *ep, badge_t badge); /* ep 0: none */
err_t space_map_one(struct space *s, vaddr_t va, frame_t f, unsigned prot, bool replace);
/* The commit of a mapping, checked before: e is va's level-0 entry, in a table of the space's own. */
void space_put_leaf(struct space *s, pte_t *e, vaddr_t va, pte_t new);
err_t space_add_table(struct space *s, vaddr_t va, frame_t table);
err_t space_window(struct space *s, uint64_t chunk, bool writable);
void space_window_remove(struct space *s, uint64_t chunk);

/* W comes with neither X nor COW, and nothing without R. */
static inline bool map_prot_bad(uint64_t prot)
{
    return prot & ~15UL || !(prot & PROT_R) || ((prot & PROT_X) && (prot & (PROT_W | PROT_COW))) ||
           ((prot & PROT_W) && (prot & PROT_COW));
}
#define WINDOW_END (WINDOW_BASE + (64UL << 30))
static inline bool va_in_window(vaddr_t va) { return va >= WINDOW_BASE && va < WINDOW_END; }
void tables_take_back(struct space *s, vaddr_t va, uint64_t out[2]); /* table.c: the empty ones for va below the root; no entry of them is in a TLB */
err_t map_space(struct thread *cur, handle_t h, struct space **out); /* a space whose tables cur may change */
void entry_set(pte_t *e, pte_t value);
#define STEP_PAGES 64u /* entries that a range call handles before it looks whether an interrupt waits */
err_t map_range(uint64_t va, uint64_t pages); /* in user space, no window */
uint64_t map_step(vaddr_t va, uint64_t pages); /* entries from va to the end of its leaf table, the range or the step */
uint64_t map_gap(vaddr_t va, uint64_t pages, unsigned level); /* nothing is mapped at level: pages to its next entry, or the range's end */

/* ---- memory.c ---- */
struct chunk_info {
    uint32_t owner; /* space id */
    uint32_t kind;  /* enum chunk_kind */
};
extern struct chunk_info *chunk_table; /* index: chunk - ram_first / 512 */

/* ---- trace.c ---- */
void trace_record(unsigned kind, const struct thread *t, uint64_t a, uint64_t b);
#define trace(kind, t, a, b) ((trace_mask >> (kind)) & 1 ? trace_record(kind, t, a, b) : (void)0)
void epitaph_events(void);

/* ---- syscall.c ---- */
#define SYS_NO_RESULT (-1000L) /* the handler arranged the registers itself, or the thread has blocked */
typedef long syscall_fn(struct thread *t, uint64_t *a);
extern syscall_fn *const syscall_table[SYSCALL_LIMIT + 1];
/* t is current; its pc stands behind the ecall already. */
static inline void syscall_dispatch(struct thread *t)
{
    uint64_t number = t->x[17] & 0xff;
    long result = syscall_table[likely(number < SYSCALL_LIMIT) ? number : SYSCALL_LIMIT](t, &t->x[REG_A0]);
    if (result != SYS_NO_RESULT)
        t->x[REG_A0] = (uint64_t)result;
}
static inline void syscall_restart(struct thread *t) { t->x[REG_PC] -= 4; } /* run the ecall again, registers as they are now */

/* ---- boot.c ---- */
struct machine; /* riscv/machine.h */
void core_boot(const struct machine *m);
void core_boot_hart(const struct machine *m, struct hart *h); /* its ring and its timer wheel */

/* ---- check.c ---- */
uint64_t kernel_check(uint64_t *where);

/* ---- print.c: last words only ---- */
void kputs(const char *s);
void kputx(uint64_t x);

#endif
