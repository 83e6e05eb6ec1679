/* SPDX-License-Identifier: MIT
 * The system calls as C functions. The one place outside the kernel that knows system-call registers.
 * Semantics, errors and costs: docs/syscalls/; numbers and registers: abi/syscall.h.
 *
 * On the host (PAGODA_HOST) sys_raw() and ipc_raw() are ordinary functions that a test supplies.
 */
#ifndef IPC_SYS_H
#define IPC_SYS_H

#include <abi/error.h>
#include <abi/fault.h>
#include <abi/message.h>
#include <abi/object.h>
#include <abi/syscall.h>
#include <abi/types.h>

/* Results of a system call: a0 (negative: error) and a1..a5. */
struct sysret {
    long a0;
    uint64_t a1, a2, a3, a4, a5;
};

/* The IPC register file: filled before, overwritten after. */
struct ipc_regs {
    uint64_t w[MSG_WORDS]; /* a1-a6 t0 t1 */
    uint64_t t2, t3, t4, t5, t6;
};

#ifdef PAGODA_HOST
struct sysret sys_raw(long number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4, uint64_t a5);
long ipc_raw(long number_flags, uint64_t a0, struct ipc_regs *regs);
#else
static inline struct sysret sys_raw(long number, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3, uint64_t a4,
                                    uint64_t a5)
{
    register uint64_t r0 __asm__("a0") = a0;
    register uint64_t r1 __asm__("a1") = a1;
    register uint64_t r2 __asm__("a2") = a2;
    register uint64_t r3 __asm__("a3") = a3;
    register uint64_t r4 __asm__("a4") = a4;
    register uint64_t r5 __asm__("a5") = a5;
    register uint64_t r6 __asm__("a6");
    register long r7 __asm__("a7") = number;
    __asm__ volatile("ecall"
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r5), "=r"(r6), "+r"(r7)
                     :
                     : "memory", "t0", "t1", "t2", "t3", "t4", "t5", "t6");
    return (struct sysret){.a0 = (long)r0, .a1 = r1, .a2 = r2, .a3 = r3, .a4 = r4, .a5 = r5};
}

/* All registers in, all registers out. Returns a0. */
static inline long ipc_raw(long number_flags, uint64_t a0, struct ipc_regs *x)
{
    register uint64_t r0 __asm__("a0") = a0;
    register uint64_t r1 __asm__("a1") = x->w[0];
    register uint64_t r2 __asm__("a2") = x->w[1];
    register uint64_t r3 __asm__("a3") = x->w[2];
    register uint64_t r4 __asm__("a4") = x->w[3];
    register uint64_t r5 __asm__("a5") = x->w[4];
    register uint64_t r6 __asm__("a6") = x->w[5];
    register long r7 __asm__("a7") = number_flags;
    register uint64_t q0 __asm__("t0") = x->w[6];
    register uint64_t q1 __asm__("t1") = x->w[7];
    register uint64_t q2 __asm__("t2") = x->t2;
    register uint64_t q3 __asm__("t3") = x->t3;
    register uint64_t q4 __asm__("t4") = x->t4;
    register uint64_t q5 __asm__("t5") = x->t5;
    register uint64_t q6 __asm__("t6") = x->t6;
    __asm__ volatile("ecall"
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7), "+r"(q0),
                       "+r"(q1), "+r"(q2), "+r"(q3), "+r"(q4), "+r"(q5), "+r"(q6)
                     :
                     : "memory");
    x->w[0] = r1;
    x->w[1] = r2;
    x->w[2] = r3;
    x->w[3] = r4;
    x->w[4] = r5;
    x->w[5] = r6;
    x->w[6] = q0;
    x->w[7] = q1;
    x->t2 = q2;
    x->t3 = q3;
    x->t4 = q4;
    x->t5 = q5;
    x->t6 = q6;
    return (long)r0;
}
#endif

static inline struct sysret sys3(long n, uint64_t a0, uint64_t a1, uint64_t a2)
{
    return sys_raw(n, a0, a1, a2, 0, 0, 0);
}

/* ---- handles ---- */
/* badge 0 keeps the source's badge; another value needs RIGHT_MINT. The result goes to *out. */
static inline must_check err_t sys_handle_copy(handle_t src, unsigned rights, badge_t badge, handle_t *out)
{
    struct sysret r = sys3(SYS_HANDLE_COPY, src, rights, badge);
    *out = (handle_t)r.a1;
    return (err_t)r.a0;
}
/* slot must be free (ERR_EXIST). */
static inline must_check err_t sys_handle_install(handle_t space, handle_t slot, handle_t src, unsigned rights,
                                                  badge_t badge)
{
    return (err_t)sys_raw(SYS_HANDLE_INSTALL, space, slot, src, rights, badge, 0).a0;
}
/* Up to INSTALL_SET_MAX INSTALL_ENTRYs, the first 0 ends them; badge[0] is their badge 1. Those before one that fails are installed. */
static inline must_check err_t sys_handle_install_set(handle_t space, const badge_t badge[2], const uint32_t entry[INSTALL_SET_MAX])
{
    struct ipc_regs x = {.w = {badge[0], badge[1]}};
    for (unsigned i = 0; i < INSTALL_SET_MAX / 2; i++)
        x.w[2 + i] = entry[2 * i] | (uint64_t)entry[2 * i + 1] << 32;
    return (err_t)ipc_raw(SYS_HANDLE_INSTALL_SET, space, &x);
}
static inline err_t sys_handle_close(handle_t space_or_0, handle_t h)
{
    return (err_t)sys3(SYS_HANDLE_CLOSE, space_or_0, h, 0).a0;
}
static inline must_check err_t sys_handle_revoke(handle_t h)
{
    return (err_t)sys3(SYS_HANDLE_REVOKE, h, 0, 0).a0;
}
struct handle_info {
    unsigned type, rights;
    badge_t badge;
    uint64_t object; /* control frame, or interrupt source */
};
static inline must_check err_t sys_handle_info(handle_t space_or_0, handle_t h, struct handle_info *out)
{
    struct sysret r = sys3(SYS_HANDLE_INFO, space_or_0, h, 0);
    out->type = r.a1 & 0xff;
    out->rights = (r.a1 >> 8) & 0xff;
    out->badge = r.a2;
    out->object = r.a3;
    return (err_t)r.a0;
}
static inline must_check err_t sys_handle_grow(handle_t space, frame_t frame)
{
    return (err_t)sys3(SYS_HANDLE_GROW, space, frame, 0).a0;
}

/* ---- objects ---- */
/* second: root table frame (OBJ_SPACE), space handle (OBJ_THREAD), else 0. how: that; for a thread THREAD_AT or 0; for a space
 * the endpoint that its faults go to, or 0, and their badge. */
static inline must_check err_t sys_object_create_at(unsigned type, frame_t frame, const uint64_t how[3], handle_t *out)
{
    struct sysret r = sys_raw(SYS_OBJECT_CREATE, type, frame, how[0], how[1], how[2], 0);
    *out = (handle_t)r.a1;
    return (err_t)r.a0;
}
static inline must_check err_t sys_object_create(unsigned type, frame_t frame, uint64_t second, handle_t *out)
{
    return sys_object_create_at(type, frame, (const uint64_t[3]){second, 0, 0}, out);
}
/* ERR_BUSY: a space with threads or mapped pages; ERR_AGAIN: many callers queued, call again. */
static inline must_check err_t sys_object_destroy(handle_t h)
{
    return (err_t)sys3(SYS_OBJECT_DESTROY, h, 0, 0).a0;
}

/* ---- threads ---- */
static inline must_check err_t sys_thread_start(handle_t t, vaddr_t ip, vaddr_t sp, uint64_t a0, vaddr_t tp)
{
    return (err_t)sys_raw(SYS_THREAD_START, t, ip, sp, a0, tp, 0).a0;
}
/* The same, but it stays stopped until it is resumed. */
static inline must_check err_t sys_thread_set(handle_t t, vaddr_t ip, vaddr_t sp, uint64_t a0, vaddr_t tp)
{
    return (err_t)sys_raw(SYS_THREAD_START, t, ip, sp, a0, tp, START_STOPPED).a0;
}
static inline must_check err_t sys_thread_stop(handle_t t) { return (err_t)sys3(SYS_THREAD_STOP, t, 0, 0).a0; }
/* ERR_BUSY: it waits for the answer to a call. */
static inline must_check err_t sys_thread_halt(handle_t t) { return (err_t)sys3(SYS_THREAD_STOP, t, STOP_UNLESS_CALLS, 0).a0; }
static inline must_check err_t sys_thread_resume(handle_t t) { return (err_t)sys3(SYS_THREAD_RESUME, t, 0, 0).a0; }
static inline must_check err_t sys_thread_regs_copy(handle_t to, handle_t from)
{
    return (err_t)sys3(SYS_THREAD_REGS_COPY, to, from, 0).a0;
}
/* The same; the copy gets these values as the first results of the call that the source is in. */
static inline must_check err_t sys_thread_regs_fork(handle_t to, handle_t from, uint64_t a0, uint64_t a1, uint64_t a2)
{
    return (err_t)sys_raw(SYS_THREAD_REGS_COPY, to, from, REGS_RESULT, a0, a1, a2).a0;
}
static inline must_check err_t sys_thread_reg_get(handle_t t, unsigned n, uint64_t *out)
{
    struct sysret r = sys3(SYS_THREAD_REG_GET, t, n, 0);
    *out = r.a1;
    return (err_t)r.a0;
}
static inline must_check err_t sys_thread_reg_set(handle_t t, unsigned n, uint64_t v)
{
    return (err_t)sys3(SYS_THREAD_REG_SET, t, n, v).a0;
}
static inline must_check err_t sys_thread_prio(handle_t t, unsigned prio)
{
    return (err_t)sys3(SYS_THREAD_PRIO, t, prio, 0).a0;
}
static inline must_check err_t sys_thread_bind(handle_t t, handle_t ntfn)
{
    return (err_t)sys3(SYS_THREAD_BIND, t, ntfn, 0).a0;
}
/* hart: number | HART_STAY */
static inline must_check err_t sys_thread_hart(handle_t t, unsigned hart)
{
    return (err_t)sys3(SYS_THREAD_HART, t, hart, 0).a0;
}
struct thread_info {
    uint64_t state, prio, instructions, frame, hart;
};
static inline must_check err_t sys_thread_info(handle_t t, struct thread_info *out)
{
    struct sysret r = sys3(SYS_THREAD_INFO, t, 0, 0);
    *out = (struct thread_info){r.a1, r.a2 & 0xff, r.a3, r.a4, r.a2 >> 8};
    return (err_t)r.a0;
}
/* What a scheduling context allows: times in ticks, SCHED_BUDGET_MIN <= budget <= period. */
static inline must_check err_t sys_sched_set(handle_t sched, ticks_t budget, ticks_t period, unsigned prio)
{
    return (err_t)sys_raw(SYS_SCHED_SET, sched, budget, period, prio, 0, 0).a0;
}
/* sched NO_HANDLE: on no context. ERR_BUSY: another thread has it. */
static inline must_check err_t sys_thread_sched(handle_t t, handle_t sched)
{
    return (err_t)sys3(SYS_THREAD_SCHED, t, sched, 0).a0;
}
struct sched_info {
    ticks_t budget, period;
    int64_t left; /* negative: debt */
    ticks_t next; /* replenishment */
    ticks_t used; /* in all */
    frame_t thread; /* NO_FRAME: bound to nobody */
    unsigned prio;
};
static inline must_check err_t sys_sched_info(handle_t sched, struct sched_info *out)
{
    struct ipc_regs x = {.w = {0}};
    long r = ipc_raw(SYS_SCHED_INFO, sched, &x);
    *out = (struct sched_info){x.w[0], x.w[1], (int64_t)x.w[2], x.w[3], x.w[4], (frame_t)x.w[5], (unsigned)(x.w[5] >> 32)};
    return (err_t)r;
}
static inline void sys_yield(void) { (void)sys3(SYS_YIELD, 0, 0, 0); }
static inline long sys_null(void) { return sys3(SYS_NULL, 0, 0, 0).a0; }

/* ---- spaces (docs/syscalls/space.md). `done` counts pages; fewer than asked only with an error. ---- */
static inline must_check err_t sys_space_handler(handle_t space, unsigned which, handle_t ep, badge_t badge)
{
    return (err_t)sys_raw(SYS_SPACE_HANDLER, space, which, ep, badge, 0, 0).a0;
}
static inline must_check err_t sys_space_table(handle_t space, vaddr_t va, frame_t frame)
{
    return (err_t)sys3(SYS_SPACE_TABLE, space, va, frame).a0;
}
static inline must_check err_t sys_space_untable(handle_t space, vaddr_t va, frame_t *out)
{
    struct sysret r = sys3(SYS_SPACE_UNTABLE, space, va, 0);
    *out = (frame_t)r.a1;
    return (err_t)r.a0;
}
static inline must_check err_t sys_space_map_frame(handle_t space, vaddr_t va, frame_t frame, unsigned prot)
{
    return (err_t)sys_raw(SYS_SPACE_MAP_FRAME, space, va, frame, prot, 0, 0).a0;
}
/* Where there is nothing, not even a number of software; *done pages were handled, also on an error. */
static inline must_check err_t sys_space_map(handle_t space, vaddr_t va, uint64_t pages, unsigned prot, uint64_t *done)
{
    struct sysret r = sys_raw(SYS_SPACE_MAP, space, va, pages, prot, 0, 0);
    *done = r.a4;
    return (err_t)r.a0;
}
/* The same with frames that follow each other: a run of pages, its first page and frame. */
struct map_run {
    vaddr_t va;
    uint64_t pages;
    frame_t first;
    unsigned prot;
};
static inline must_check err_t sys_space_map_run(handle_t space, const struct map_run *run, uint64_t *done)
{
    struct sysret r = sys_raw(SYS_SPACE_MAP, space, run->va, run->pages, run->prot, 0, run->first);
    *done = r.a4;
    return (err_t)r.a0;
}
static inline must_check err_t sys_space_unmap(handle_t space, vaddr_t va, uint64_t pages)
{
    return (err_t)sys_raw(SYS_SPACE_UNMAP, space, va, pages, 0, 0, 0).a0;
}
/* A range within 2 MiB; tables that are empty then come back, the lower first, NO_FRAME: none. */
static inline must_check err_t sys_space_unmap_tables(handle_t space, vaddr_t va, uint64_t pages, frame_t out[2])
{
    struct sysret r = sys_raw(SYS_SPACE_UNMAP, space, va, pages, UNMAP_TABLES, 0, 0);
    out[0] = (frame_t)r.a1;
    out[1] = (frame_t)r.a2;
    return (err_t)r.a0;
}
/* prot: PROT_R|PROT_X.. that may stay; PROT_COW marks writable pages COW. Never adds a permission. */
static inline must_check err_t sys_space_protect(handle_t space, vaddr_t va, uint64_t pages, unsigned prot)
{
    return (err_t)sys_raw(SYS_SPACE_PROTECT, space, va, pages, prot, 0, 0).a0;
}
/* Stops with ERR_NOTABLE at the first page whose leaf table is missing in `to`; *done pages were handled. */
static inline must_check err_t sys_space_share(handle_t from, handle_t to, vaddr_t va, uint64_t pages, unsigned mode,
                                               uint64_t *done)
{
    struct sysret r = sys_raw(SYS_SPACE_SHARE, from, to, va, pages, mode, 0);
    *done = r.a4;
    return (err_t)r.a0;
}
/* The same; tables that `to` lacks are made of the frames in table[], NO_FRAME behind the last; *taken of them are used. */
static inline must_check err_t sys_space_share_tables(handle_t from, handle_t to, vaddr_t va, uint64_t pages, unsigned mode,
                                                      const frame_t table[2], unsigned *taken)
{
    struct sysret r = sys_raw(SYS_SPACE_SHARE, from, to, va, pages, SHARE_WITH(mode, table[0], table[1]), 0);
    *taken = (unsigned)r.a5;
    return (err_t)r.a0;
}
/* `to` gets the whole leaf table (2 MiB) of `from`; ERR_NOTABLE: it lacks the level-1 table, ERR_EXIST: it has a leaf table. */
static inline must_check err_t sys_space_share_table(handle_t from, handle_t to, vaddr_t va)
{
    return (err_t)sys3(SYS_SPACE_SHARE_TABLE, from, to, va).a0;
}
/* ERR_NOENT: nobody else has the table. */
static inline must_check err_t sys_space_unshare_table(handle_t space, vaddr_t va, frame_t frame)
{
    return (err_t)sys3(SYS_SPACE_UNSHARE_TABLE, space, va, frame).a0;
}
static inline must_check err_t sys_space_harvest(handle_t space, vaddr_t va, unsigned pages, uint64_t *accessed,
                                                 uint64_t *dirty)
{
    struct sysret r = sys3(SYS_SPACE_HARVEST, space, va, pages);
    *accessed = r.a1;
    *dirty = r.a2;
    return (err_t)r.a0;
}
static inline must_check err_t sys_space_reset(handle_t space) { return (err_t)sys3(SYS_SPACE_RESET, space, 0, 0).a0; }
static inline must_check err_t sys_space_batch(frame_t frame) { return (err_t)sys3(SYS_SPACE_BATCH, frame, 0, 0).a0; }
static inline must_check err_t sys_space_map_device(handle_t kernel, handle_t space, vaddr_t va, paddr_t pa)
{
    return (err_t)sys_raw(SYS_SPACE_MAP_DEVICE, kernel, space, va, pa, 0, 0).a0;
}
static inline must_check err_t sys_space_soft(handle_t space, vaddr_t va, uint64_t value, uint64_t *old)
{
    struct sysret r = sys3(SYS_SPACE_SOFT, space, va, value);
    *old = r.a1;
    return (err_t)r.a0;
}
/* The same in the place of whatever is there; *old: the entry that was. */
static inline must_check err_t sys_space_soft_replace(handle_t space, vaddr_t va, uint64_t value, uint64_t *old)
{
    struct sysret r = sys_raw(SYS_SPACE_SOFT, space, va, value, SOFT_REPLACE, 0, 0);
    *old = r.a1;
    return (err_t)r.a0;
}
struct space_info {
    uint64_t id; /* control frame: the owner value in frame_info of frames this space owns */
    uint64_t asid, threads, handles;
    uint64_t handles_used; /* the slots from this one on were never used */
};
static inline must_check err_t sys_space_info(handle_t space, struct space_info *out)
{
    struct sysret r = sys3(SYS_SPACE_INFO, space, 0, 0);
    *out = (struct space_info){r.a1, r.a2, r.a3, r.a4, r.a5};
    return (err_t)r.a0;
}
static inline void sys_exec_fence(void) { (void)sys3(SYS_SPACE_EXEC_FENCE, 0, 0, 0); }

/* ---- memory ---- */
static inline must_check err_t sys_chunk_retype(uint64_t chunk, unsigned kind)
{
    return (err_t)sys3(SYS_CHUNK_RETYPE, chunk, kind, 0).a0;
}
static inline must_check err_t sys_chunk_grant(uint64_t chunk, handle_t space)
{
    return (err_t)sys3(SYS_CHUNK_GRANT, chunk, space, 0).a0;
}
static inline must_check err_t sys_window_map(handle_t space, uint64_t chunk)
{
    return (err_t)sys3(SYS_WINDOW_MAP, space, chunk, 0).a0;
}

/* ---- notifications, interrupts ---- */
static inline err_t sys_signal(handle_t ntfn, uint64_t bits) { return (err_t)sys3(SYS_SIGNAL, ntfn, bits, 0).a0; }
/* ntfn 0: the thread's own. Returns OK with *bits != 0, or ERR_TIMEOUT, ERR_CANCELLED. */
static inline err_t sys_wait(handle_t ntfn, ticks_t deadline, uint64_t *bits)
{
    struct ipc_regs x = {.t2 = deadline};
    long r = ipc_raw(SYS_WAIT | IPC_F_DEADLINE << 8, ntfn, &x);
    *bits = x.w[0];
    return (err_t)r;
}
static inline must_check err_t sys_irq_create(handle_t kernel, unsigned source, handle_t *out)
{
    struct sysret r = sys3(SYS_IRQ_CREATE, kernel, source, 0);
    *out = (handle_t)r.a1;
    return (err_t)r.a0;
}
static inline must_check err_t sys_irq_bind(handle_t irq, handle_t ntfn, uint64_t bits)
{
    return (err_t)sys3(SYS_IRQ_BIND, irq, ntfn, bits).a0;
}
static inline err_t sys_irq_ack(handle_t irq) { return (err_t)sys3(SYS_IRQ_ACK, irq, 0, 0).a0; }

/* ---- kernel ---- */
static inline void sys_debug_putc(handle_t kernel, char c) { (void)sys3(SYS_DEBUG_PUTC, kernel, (uint8_t)c, 0); }
static inline must_check err_t sys_kernel_info(handle_t kernel, unsigned hart, unsigned which, uint64_t *out)
{
    struct sysret r = sys3(SYS_KERNEL_INFO, kernel, hart, which);
    *out = r.a1;
    return (err_t)r.a0;
}
static inline err_t sys_trace_mask(handle_t kernel, uint64_t mask)
{
    return (err_t)sys3(SYS_TRACE_MASK, kernel, mask, 0).a0;
}
/* *seq in: the event wanted (they count from 1); out: the event returned, the oldest still kept if it was overwritten.
 * ERR_NOENT: not recorded yet. words: instret, thread | kind << 32 | hart << 48, a, b. */
static inline must_check err_t sys_trace_read(handle_t kernel, unsigned hart, uint64_t *seq, uint64_t words[4])
{
    struct ipc_regs x = {.w = {hart, *seq}};
    long r = ipc_raw(SYS_TRACE_READ, kernel, &x);
    *seq = x.w[0];
    for (int i = 0; i < 4; i++)
        words[i] = x.w[1 + i];
    return (err_t)r;
}
/* *what 0: all invariants hold; else docs/invariants.md says which; *where the object's frame. Debug; not bounded. */
static inline must_check err_t sys_kernel_check(handle_t kernel, uint64_t *what, uint64_t *where)
{
    struct sysret r = sys3(SYS_KERNEL_CHECK, kernel, 0, 0);
    *what = r.a1;
    *where = r.a2;
    return (err_t)r.a0;
}

/* ---- IPC: see ipc/ipc.h for what programs use ---- */
/* bytes copied so far in *done, also with ERR_FAULT_PENDING (go on at offset + done after NTFN_COPY_READY) and ERR_FAULT. */
static inline must_check err_t sys_copy(reply_id_t id, unsigned buffer_dir, uint64_t offset, void *local, uint64_t len,
                                        uint64_t *done)
{
    struct sysret r = sys_raw(SYS_COPY, id, buffer_dir, offset, (uint64_t)(uintptr_t)local, len, 0);
    *done = r.a1;
    return (err_t)r.a0;
}
static inline bool sys_reply_alive(reply_id_t id) { return sys3(SYS_REPLY_ALIVE, id, 0, 0).a0 == OK; }

#ifndef PAGODA_HOST
static inline ticks_t sys_time(void)
{
    ticks_t t;
    __asm__ volatile("rdtime %0" : "=r"(t));
    return t;
}
static inline uint64_t sys_instret(void)
{
    uint64_t t;
    __asm__ volatile("rdinstret %0" : "=r"(t));
    return t;
}
#else
ticks_t sys_time(void);
uint64_t sys_instret(void);
#endif

#endif
