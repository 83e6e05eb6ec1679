/* SPDX-License-Identifier: MIT
 * Threads of one program (pagoda/thread.h). Each has a slot of address space: a stack region whose lowest page is its
 * guard, with the thread's own record and its thread-local block at the top. The record is gone after the join. A stack that the program
 * brings along has no slot, and is left to it.
 */
#include "cancel.h"
#include "internal.h"

#include <errno.h>
#include <ipc/pager.h>
#include <ipc/procmgr.h>
#include <pagoda/thread.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define AREA_VA 0x3000000000UL
#define AREA_STRIDE (THREAD_STACK_MAX + (1UL << 20)) /* unmapped between stacks, so an overrun beyond the guard page is seen as well */

#define NO_SLOT (~0u)
#define NO_AREA (~0u) /* its stack is the program's */
#define SLOT_PAUSE_US 100u
enum { THREAD_DETACHED = 1, THREAD_ENDED = 2, THREAD_JOINING = 4 };

struct thread {
    void *(*fn)(void *);
    void *arg;
    void *result;
    struct thread *next;  /* among those that ended and nobody joins */
    size_t stack_bytes;
    unsigned area;        /* which slot of address space */
    _Atomic unsigned kernel_slot; /* the process manager's number; NO_SLOT until the creator knows it */
    _Atomic int state;            /* THREAD_*; int: the machine has no atomic exchange of bytes */
    _Atomic int cancel;           /* pthread_cancel.c's */
};

extern char __thread_start[];
static _Thread_local struct thread *self;
static struct thread first; /* the first one's record, which has no area */
static _Atomic uint64_t areas_used; /* bit n: slot n */
static struct thread *_Atomic ended; /* detached ones that are at their end */

static vaddr_t area_start(unsigned area) { return AREA_VA + area * AREA_STRIDE; }
static vaddr_t area_end(unsigned area) { return area_start(area) + THREAD_STACK_MAX; }

/* THREADS_MAX when all are taken. */
static unsigned area_take(void)
{
    uint64_t used = atomic_load(&areas_used);
    for (;;) { /* bound: a turn fails only when another thread's succeeded */
        unsigned bit = ~used == 0 ? THREADS_MAX : (unsigned)__builtin_ctzll(~used);
        if (bit >= THREADS_MAX)
            return THREADS_MAX;
        if (atomic_compare_exchange_weak(&areas_used, &used, used | 1UL << bit))
            return bit;
    }
}

static void area_give(unsigned area, size_t bytes)
{
    struct ipc_msg m = {.w = {PAGER_REGION_REMOVE, 0, area_end(area) - bytes, area_end(area)}};
    (void)pager_call(H_PAGER, &m);
    atomic_fetch_and(&areas_used, ~(1UL << area));
}

static err_t area_map(unsigned area, size_t bytes)
{
    struct ipc_msg m = {.w = {PAGER_REGION_ADD, 0, area_end(area) - bytes, area_end(area),
                              PROT_R | PROT_W | REGION_STACK << 8, BACKING_ANON}};
    return pager_call(H_PAGER, &m);
}

/* At the top of a stack that ends there. */
static void *tls_below(uintptr_t end) { return (void *)((end - __tls_bytes()) & ~(uintptr_t)(TLS_ALIGN - 1)); }

static struct thread *record_below(uintptr_t end)
{
    return (struct thread *)((char *)tls_below(end) - ((sizeof(struct thread) + 15) & ~(size_t)15));
}

static void stack_give(struct thread *t)
{
    if (t != &first && t->area != NO_AREA)
        area_give(t->area, t->stack_bytes);
}

static void leave_to_collect(struct thread *t)
{
    t->next = atomic_load(&ended);
    while (!atomic_compare_exchange_weak(&ended, &t->next, t)) { /* bound: a turn fails only when another thread's succeeded */
    }
}

/* Take the stacks of detached threads that have ended. */
static void collect(void)
{
    struct thread *t = atomic_exchange(&ended, NULL);
    while (t != NULL) { /* bound: THREADS_MAX */
        struct thread *next = t->next;
        struct ipc_msg m = {.w = {PROC_THREAD_JOIN, atomic_load(&t->kernel_slot)}};
        if (m.w[1] == NO_SLOT) { /* its creator is still on its way */
            leave_to_collect(t);
        } else if (t != &first) {
            (void)proc_call(H_PROC, &m); /* it is a few instructions from its end, or there */
            stack_give(t);
        }
        t = next;
    }
}

/* The child of a fork has the calling thread alone; the memory of the others is of no use to it. */
static void after_fork(void)
{
    uint64_t gone = atomic_load(&areas_used);
    if (self != NULL) {
        if (self->area != NO_AREA)
            gone &= ~(1UL << self->area);
        atomic_store(&self->kernel_slot, 0);
    }
    atomic_store(&ended, NULL);
    for (unsigned area = 0; gone != 0 && area < THREADS_MAX; area++) {
        if (!(gone >> area & 1))
            continue;
        gone &= ~(1UL << area);
        area_give(area, record_below(area_end(area))->stack_bytes);
    }
}

/* Where the thread's stack ends. Returns an errno value. */
static int stack_take(const struct thread_start *how, unsigned *area, uintptr_t *end)
{
    *area = NO_AREA;
    *end = (uintptr_t)how->stack + how->stack_bytes;
    if (how->stack != NULL)
        return 0;
    *area = area_take();
    if (*area >= THREADS_MAX)
        return EAGAIN;
    *end = area_end(*area);
    if (area_map(*area, how->stack_bytes) == OK)
        return 0;
    area_give(*area, how->stack_bytes);
    return ENOMEM;
}

int __thread_begin(struct thread **out, const struct thread_start *how)
{
    unsigned area;
    uintptr_t end;
    __fork_hooks.threads = after_fork;
    collect();
    int error = stack_take(how, &area, &end);
    if (error != 0)
        return error;
    struct thread *t = record_below(end);
    void *tls = tls_below(end);
    __tls_fill(tls);
    *t = (struct thread){.fn = how->fn, .arg = how->arg, .area = area, .stack_bytes = how->stack_bytes,
                         .kernel_slot = NO_SLOT, .state = how->detached ? THREAD_DETACHED : 0};
    *out = t; /* before it runs: it may look */
    struct ipc_msg m = {.w = {PROC_THREAD_NEW, (uintptr_t)__thread_start, (uintptr_t)t, (uintptr_t)t, (uintptr_t)tls,
                              how->prio == THREAD_PRIO_INHERITED ? ~0UL : how->prio}};
    err_t err = proc_call(H_PROC, &m);
    if (err != OK) {
        stack_give(t);
        return err == ERR_LIMIT ? EAGAIN : __error_errno(err);
    }
    atomic_store(&t->kernel_slot, (unsigned)m.w[1]);
    return 0;
}

int thread_create(struct thread **out, void *(*fn)(void *), void *arg)
{
    const struct thread_start how = {.fn = fn, .arg = arg, .stack_bytes = THREAD_STACK_BYTES, .prio = THREAD_PRIO_INHERITED};
    return __thread_begin(out, &how);
}

_Noreturn void __thread_main(struct thread *t)
{
    self = t;
    thread_exit(t->fn(t->arg));
}

_Noreturn void thread_exit(void *result)
{
    struct thread *t = __thread_record();
    __thread_goes();
    __stderr_push();
    t->result = result;
    if (atomic_fetch_or(&t->state, THREAD_ENDED) & THREAD_DETACHED)
        leave_to_collect(t);
    struct ipc_msg m = {.w = {PROC_THREAD_EXIT}};
    (void)proc_call(H_PROC, &m);
    __asm__ volatile("unimp");
    __builtin_unreachable();
}

_Atomic int *__thread_cancel_word(struct thread *t) { return &t->cancel; }

unsigned __thread_slot(struct thread *t)
{
    unsigned slot;
    while ((slot = atomic_load(&t->kernel_slot)) == NO_SLOT) /* bound: t runs already, its creator is still on its way */
        usleep(SLOT_PAUSE_US);
    return slot;
}

static void stop_joining(void *t) { atomic_fetch_and(&((struct thread *)t)->state, ~THREAD_JOINING); }

/* Handlers do not end it. Who is cancelled does not join any more. */
static err_t wait_for_end(struct thread *t)
{
    struct __pthread_cleanup cleanup = {.__fn = stop_joining, .__arg = t};
    err_t err = ERR_CANCELLED;
    __pthread_cleanup_push(&cleanup);
    while (err == ERR_CANCELLED) { /* bound: t's end, and handlers */
        struct ipc_msg m = {.w = {PROC_THREAD_JOIN, __thread_slot(t)}};
        __cancel_begin();
        err = proc_call(H_PROC, &m);
        __cancel_end(err);
    }
    __pthread_cleanup_pop(&cleanup, 0);
    return err;
}

int thread_join(struct thread *t, void **result)
{
    if (t == NULL)
        return ESRCH;
    if (t == __thread_record())
        return EDEADLK;
    if (atomic_fetch_or(&t->state, THREAD_JOINING) & (THREAD_JOINING | THREAD_DETACHED))
        return ESRCH;
    err_t err = wait_for_end(t);
    if (err != OK) {
        atomic_fetch_and(&t->state, ~THREAD_JOINING);
        return err == ERR_NOENT ? ESRCH : __error_errno(err);
    }
    if (result != NULL)
        *result = t->result;
    stack_give(t);
    return 0;
}

int __thread_detach(struct thread *t)
{
    int before = atomic_fetch_or(&t->state, THREAD_DETACHED);
    if (before & (THREAD_DETACHED | THREAD_JOINING))
        return EINVAL;
    if (before & THREAD_ENDED)
        leave_to_collect(t);
    return 0;
}

bool __thread_is_detached(struct thread *t) { return atomic_load(&t->state) & THREAD_DETACHED; }

struct thread *thread_self(void)
{
    return self;
}

struct thread *__thread_record(void)
{
    return self != NULL ? self : &first;
}

/* The process manager's word: *hart and *harts as they are now. */
static err_t ask_hart(uint64_t want, unsigned *hart, unsigned *harts)
{
    struct ipc_msg m = {.w = {PROC_HART, ~0UL, want}};
    err_t err = proc_call(H_PROC, &m);
    *hart = (unsigned)m.w[1];
    *harts = (unsigned)m.w[2];
    return err;
}

int thread_set_hart(unsigned hart)
{
    unsigned now, harts;
    err_t err = ask_hart(hart, &now, &harts);
    return err == OK ? 0 : __error_errno(err);
}

unsigned thread_hart(void)
{
    unsigned hart, harts;
    return ask_hart(~0UL, &hart, &harts) == OK ? hart : 0;
}

unsigned thread_harts(void)
{
    unsigned hart, harts;
    return ask_hart(~0UL, &hart, &harts) == OK ? harts : 1;
}
