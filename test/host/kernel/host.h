/* SPDX-License-Identifier: MIT
 * What host tests of the kernel share: a booted machine in host memory, system calls made by filling a thread's
 * registers, simulated loads and stores through the TLB model, and the checks that run after every kernel entry.
 */
#ifndef HOST_H
#define HOST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "arch.h"

/* ---- host_machine.c ---- */
extern uint64_t host_timer[HARTS_MAX];  /* what arch_timer_set was told */
extern unsigned host_irq_every;         /* arch_irq_pending is true at every n-th question; 0 never */
extern bool host_irq_on[128];           /* sources that are enabled */
extern struct hart *host_irq_hart[128]; /* where a source was enabled last */
extern unsigned host_fetch_fences;      /* of all harts */
extern unsigned host_hart_enters[HARTS_MAX]; /* how often a hart was asked in */
extern char host_console[4096];
extern jmp_buf *host_panic_to;          /* where a panic goes; 0: the test program ends */
extern bool host_bad_init;              /* boot with an init that is no ELF */

void host_boot(void); /* a fresh machine: core_boot, two harts, an idle thread on each */
_Noreturn void host_die(const char *what, uint64_t value);
uint64_t host_random(void); /* xorshift, from a seed fixed at host_boot */
void host_seed(uint64_t seed);
static inline uint64_t host_below(uint64_t n) { return host_random() % n; }

/* ---- host_world.c: threads, objects, system calls. `init` owns everything at first; its handles are named INIT_H_*. ---- */
#define HOST_BLOCKED (-2000L) /* the call has not returned */
#define HOST_PC 0x10000UL     /* where the ecall of every test thread stands */
#define HOST_STACK 0x7000UL

enum { X_T0 = 5, X_T1 = 6, X_T2 = 7, X_A7 = 17, X_T3 = 28, X_T4 = 29, X_T5 = 30, X_T6 = 31 };

extern struct thread *init;
extern struct space *init_space;
extern unsigned host_fast_taken; /* system calls that the fast path did */
extern unsigned host_entries; /* system calls so far, each restart counted */
extern struct hart *const hart0, *const hart1;

struct host_space { struct space *space; handle_t h; };   /* handles stand in init's table */
struct host_thread { struct thread *t; handle_t h; };
struct host_ep { struct endpoint *ep; handle_t h; };
struct host_ntfn { struct ntfn *n; handle_t h; };
struct host_sched { struct sched *c; handle_t h; };

/* The fast path's steps are done again the general way (host_compare.c): it and its TLB flushes are what counts then. */
extern bool host_compares;
/* The kernel as it is now, put by and taken back; and whether two of these differ in anything that is defined (host_compare.c). */
enum host_kept { HOST_BEFORE, HOST_FAST, HOST_GENERAL, HOST_KEPT_END };
void host_keep(enum host_kept which);
void host_back(enum host_kept which);
void host_same(enum host_kept one, enum host_kept other);

void host_current(struct thread *t); /* t, ready or running, is what its hart runs now */
void host_fault(struct thread *t, vaddr_t va, unsigned access); /* the current thread's own; without host_exit */
void host_interrupt(unsigned source); /* of a device, at host_hart, which runs a thread; without host_exit */
long host_ecall(struct thread *t);   /* registers as they are; goes on until it returns or blocks */
long host_call6(struct thread *t, uint64_t nr, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5);
#define SYS_(t, nr, a0, a1, a2, a3, a4, a5, ...) \
    host_call6(t, SYS_##nr, (uint64_t)(a0), (uint64_t)(a1), (uint64_t)(a2), (uint64_t)(a3), (uint64_t)(a4), (uint64_t)(a5))
#define SYS(t, ...) SYS_(t, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SYS_OK(t, ...) assert_int_equal(SYS(t, __VA_ARGS__), OK)
long host_result(const struct thread *t); /* a0 of a thread that has returned, else HOST_BLOCKED */
void host_exit(void);                     /* end of a kernel entry that the test made itself */
void host_ticks(uint64_t ticks);          /* time passes, timer interrupts happen as set */

frame_t host_kframe(void); /* a free kernel frame of init's, each time another one */
frame_t host_uframe(void); /* a user frame of init's, each time another one */
uint64_t host_user_chunk(unsigned n); /* the n-th USER chunk */
struct host_space host_space(void);
struct host_thread host_thread(const struct host_space *s); /* started, ready, on hart 0 */
struct host_thread host_thread_on(const struct host_space *s, struct hart *h);
struct host_thread host_init_thread(void); /* another thread of init's space */
struct host_ep host_ep(void);
struct host_ntfn host_ntfn(void);
struct host_sched host_sched(ticks_t budget, ticks_t period, unsigned prio); /* set, bound to nobody */
handle_t host_free_slot(const struct space *s); /* the next one that a new handle gets; 0: none */
handle_t host_give(const struct host_space *to, handle_t h, unsigned rights, badge_t badge); /* init's h -> slot in to */
unsigned host_tables(const struct host_space *s, vaddr_t va); /* all missing tables for va; how many */
void host_map(const struct host_space *s, vaddr_t va, frame_t f, unsigned prot);
pte_t host_pte(const struct space *s, vaddr_t va); /* the level-0 entry, 0 if there is no table */
void host_words(struct thread *t, uint64_t first); /* fill message words with first, first + 1 ... */
long host_ipc(struct thread *t, uint64_t nr, unsigned flags, handle_t h); /* other registers as they are */
void host_time_limit(struct thread *t, uint64_t deadline); /* t2 */
long host_poll(struct thread *t, handle_t ep); /* receive without waiting: a kind, or ERR_TIMEOUT */
long host_fault_reply(struct thread *t, reply_id_t id, unsigned verdict, unsigned prot, frame_t f, frame_t table0,
                      frame_t table1);
void host_destroy(handle_t h); /* an object of init's; ERR_AGAIN is tried again */

/* ---- host_check.c ---- */
void host_check(void);      /* kernel_check, counts from the tables, queues, lists */
void host_check_pages(void);/* counts and permissions from the tables only */
struct snapshot;
struct snapshot *host_snapshot(void); /* the only one at a time */
/* Nothing that the kernel keeps differs, counters, trace and t's call-changed registers apart. */
void host_unchanged(struct snapshot *before, const struct thread *t, const char *what);

/* ---- host_tlb.c: translations cached by two adversarial harts ---- */
void tlb_reset(void);
const char *tlb_violation(void); /* 0: no cached translation grants more than the tables do */
bool tlb_translate(struct hart *h, vaddr_t va, unsigned access, paddr_t *pa); /* false: page fault */
void tlb_fill(struct hart *h);   /* speculation: everything that the active space maps */
void tlb_fill_space(struct hart *h, struct space *s); /* the same for one that was active before */
unsigned tlb_cached(struct hart *h, const struct space *s, vaddr_t va); /* cached leaves for va */
extern bool tlb_sets_ad;         /* the harts set A and D themselves */
extern bool tlb_check_always;    /* after every kernel entry */
extern bool tlb_speculates;      /* fill at every kernel exit */
extern bool tlb_stubborn;        /* faults on what it has cached, and caches that there is nothing */
extern unsigned tlb_faults;      /* page faults so far */

/* The thread's own access. False: it faulted, and the kernel has been told. */
bool host_load(struct thread *t, vaddr_t va, uint64_t *value);
bool host_store(struct thread *t, vaddr_t va, uint64_t value);
bool host_fetch(struct thread *t, vaddr_t va);

#endif
