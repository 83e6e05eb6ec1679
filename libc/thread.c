/* SPDX-License-Identifier: MIT
 * Threads of one program (pagoda/thread.h). Each has a slot of address space: a stack region whose lowest page is its
 * guard, with the thread's own record and its thread-local block at the top. The record is gone after the join.
 */
#include "internal.h"

#include <errno.h>
#include <ipc/pager.h>
#include <ipc/procmgr.h>
#include <pagoda/thread.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#define AREA_VA 0x3000000000UL
#define AREA_STRIDE (1UL << 20) /* unmapped between stacks, so an overrun beyond the guard page is seen as well */

struct thread {
    void *(*fn)(void *);
    void *arg;
    void *result;
    unsigned area;        /* which slot of address space */
    unsigned kernel_slot; /* the process manager's number */
    _Atomic int joining; /* int: the machine has no atomic exchange of bytes */
};

extern char __thread_start[];
static _Thread_local struct thread *self;
static _Atomic uint64_t areas_used; /* bit n: slot n */

static vaddr_t area_start(unsigned area) { return AREA_VA + area * AREA_STRIDE; }
static vaddr_t area_end(unsigned area) { return area_start(area) + THREAD_STACK_BYTES; }

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

static void area_give(unsigned area)
{
    struct ipc_msg m = {.w = {PAGER_REGION_REMOVE, 0, area_start(area), area_end(area)}};
    (void)pager_call(H_PAGER, &m);
    atomic_fetch_and(&areas_used, ~(1UL << area));
}

static err_t area_map(unsigned area)
{
    struct ipc_msg m = {.w = {PAGER_REGION_ADD, 0, area_start(area), area_end(area),
                              PROT_R | PROT_W | REGION_STACK << 8, BACKING_ANON}};
    return pager_call(H_PAGER, &m);
}

static void *tls_of(unsigned area)
{
    uintptr_t top = area_end(area) - __tls_bytes();
    return (void *)(top & ~(uintptr_t)(TLS_ALIGN - 1));
}

int thread_create(struct thread **out, void *(*fn)(void *), void *arg)
{
    unsigned area = area_take();
    if (area >= THREADS_MAX)
        return EAGAIN;
    if (area_map(area) != OK) {
        area_give(area);
        return ENOMEM;
    }
    char *tls = tls_of(area);
    struct thread *t = (struct thread *)(tls - ((sizeof *t + 15) & ~(size_t)15));
    __tls_fill(tls);
    *t = (struct thread){.fn = fn, .arg = arg, .area = area};
    struct ipc_msg m = {.w = {PROC_THREAD_NEW, (uintptr_t)__thread_start, (uintptr_t)t, (uintptr_t)t, (uintptr_t)tls}};
    err_t err = proc_call(H_PROC, &m);
    if (err != OK) {
        area_give(area);
        return err == ERR_LIMIT ? EAGAIN : __error_errno(err);
    }
    t->kernel_slot = (unsigned)m.w[1];
    *out = t;
    return 0;
}

_Noreturn void __thread_main(struct thread *t)
{
    self = t;
    thread_exit(t->fn(t->arg));
}

_Noreturn void thread_exit(void *result)
{
    __stderr_push();
    if (self != NULL)
        self->result = result;
    struct ipc_msg m = {.w = {PROC_THREAD_EXIT}};
    (void)proc_call(H_PROC, &m);
    __asm__ volatile("unimp");
    __builtin_unreachable();
}

int thread_join(struct thread *t, void **result)
{
    if (t == NULL || atomic_exchange(&t->joining, 1))
        return ESRCH;
    if (t == self) {
        atomic_store(&t->joining, 0);
        return EDEADLK;
    }
    struct ipc_msg m = {.w = {PROC_THREAD_JOIN, t->kernel_slot}};
    err_t err = proc_call(H_PROC, &m);
    if (err != OK) {
        atomic_store(&t->joining, 0);
        return err == ERR_NOENT ? ESRCH : __error_errno(err);
    }
    if (result != NULL)
        *result = t->result;
    area_give(t->area);
    return 0;
}

struct thread *thread_self(void)
{
    return self;
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
