/* SPDX-License-Identifier: MIT
 * What the files of core/ offer each other, file by file; the structures: objects.h. All of it is guarded by the one kernel lock.
 * Nothing here names a CSR or an instruction: that is riscv/'s.
 */
#ifndef CORE_KERNEL_H
#define CORE_KERNEL_H

#include "objects.h"

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
#define SELDOM __attribute__((cold)) /* compiled for size in a file that is compiled for speed */

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
#define QUEUE_INLINE static inline __attribute__((always_inline))
static inline uint64_t queue_bit(unsigned prio) { return 1UL << ((255 - prio) & 63); } /* in the map's word */
static inline unsigned queue_word(unsigned prio) { return (255 - prio) >> 6; }
extern const uint8_t low_bit_index[64];
/* The index of the lowest set bit, x != 0. RV64GC has no count-trailing-zeros: isolate the bit, multiply by a de Bruijn sequence, look it up. */
static inline unsigned low_bit(uint64_t x) { return low_bit_index[((x & -x) * 0x022fdd63cc95386dUL) >> 58]; }
void queue_add(struct prio_queue *q, struct thread *t, unsigned prio);      /* at the tail of its priority */
void queue_add_head(struct prio_queue *q, struct thread *t, unsigned prio); /* at the head */
void queue_remove(struct thread *t);
/* The bodies of these, for fast.c. */
QUEUE_INLINE void queue_insert(struct prio_queue *q, struct thread *t, unsigned prio)
{
    struct thread *head = q->head[prio];
    t->queue = q;
    t->q_prio = prio;
    if (!head) {
        t->q_next = t->q_prev = t;
        q->head[prio] = t;
        q->map[queue_word(prio)] |= queue_bit(prio);
        q->words |= 1u << queue_word(prio);
        if (prio >= q->above)
            q->above = prio + 1;
        return;
    }
    t->q_next = head;
    t->q_prev = head->q_prev;
    head->q_prev->q_next = t;
    head->q_prev = t;
}
/* What q->above has to be. */
QUEUE_INLINE unsigned queue_above(const struct prio_queue *q)
{
    unsigned w = 0;
    if (!q->words)
        return 0;
    while (!(q->words >> w & 1)) /* bound: 3 */
        w++;
    return PRIORITIES - (w * 64 + low_bit(q->map[w]));
}
QUEUE_INLINE void queue_take(struct prio_queue *q, struct thread *t)
{
    unsigned prio = t->q_prio;
    t->queue = 0;
    if (t->q_next == t) {
        q->head[prio] = 0;
        q->map[queue_word(prio)] &= ~queue_bit(prio);
        if (!q->map[queue_word(prio)])
            q->words &= ~(1u << queue_word(prio));
        if (prio + 1 == q->above)
            q->above = queue_above(q);
        return;
    }
    t->q_prev->q_next = t->q_next;
    t->q_next->q_prev = t->q_prev;
    if (q->head[prio] == t)
        q->head[prio] = t->q_next;
}
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
/* One load less than &frame_table[f - ram_first], on every path: the table as if it began with frame 0. */
extern struct frame_info *frame_table_biased;
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
err_t entry_put_table(pte_t *e, unsigned level, vaddr_t va, frame_t table); /* e: the entry for va at that level, where the walk ended */
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
void trace_record(unsigned kind, const struct thread *t, uint64_t a, uint64_t b); /* if trace_mask wants it: trace() in arch.h */
void epitaph_events(void);

/* ---- syscall.c ---- */
/* Registers of IPC beside a0 and a1-a6, t0, t1 (the words). */
enum { R_T0 = 5, R_T1 = 6, R_T2 = 7, R_A7 = 17, R_T3 = 28, R_T4 = 29, R_T5 = 30, R_T6 = 31 };
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
