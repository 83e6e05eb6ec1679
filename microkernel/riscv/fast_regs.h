/* SPDX-License-Identifier: MIT
 * The fast path's side of entry.S: which registers it works beside, how it takes the lock, and its three ways out.
 * Included by core/fast*.c alone, which are compiled so that gcc takes neither the message registers (a1-a6, t0, t1) nor a7
 * nor those named here for anything else, and keeps nothing for a caller: it is jumped to, and jumps away.
 */
#ifndef RISCV_FAST_REGS_H
#define RISCV_FAST_REGS_H

#include "csr.h"
#include "lock.h"
#include "plic.h"
#include "sv39_walk.h"

#define FAST_INLINE static inline __attribute__((always_inline))

register uint64_t fast_a0 __asm__("s1");     /* the program's */
register uint64_t fast_pc __asm__("s2");     /* of its ecall */
register int64_t fast_ticket __asm__("s3"); /* of the lock */
/* What the program passed in a register that nothing here changes. */
#define FAST_READ(name, reg) \
    FAST_INLINE uint64_t name(void) \
    { \
        register uint64_t v __asm__(reg); \
        __asm__("# " reg : "=r"(v)); /* the text keeps gcc from taking two of these for one */ \
        return v; \
    }
FAST_READ(fast_w0, "a1")
FAST_READ(fast_reply_id, "t3")
FAST_READ(fast_w1, "a2")
FAST_READ(fast_va, "a1") /* of a fault, as entry.S read it */
FAST_READ(fast_access, "a3")
FAST_READ(fast_cause, "s0") /* from FAST_CAUSE_FIRST on */

#define FAST_ENTRY(name) \
    _Noreturn void name(struct thread *cur); \
    _Noreturn void name(struct thread *cur)

/* To a label in entry.S with a thread in a0. */
#define FAST_GO(label, to) \
    do { \
        register struct thread *in_a0 __asm__("a0") = (to); \
        __asm__ volatile("j " #label : : "r"(in_a0), "r"(fast_a0), "r"(fast_pc), "r"(fast_ticket)); \
        __builtin_unreachable(); \
    } while (0)

/* Nothing was changed: the general path does it. */
#define FAST_GIVE_UP(cur) FAST_GO(fast_give_up, cur)

#define FAST_GIVE_UP_FAULT(cur) FAST_GO(fast_give_up_fault, cur)

/* The interrupt's source has been claimed: that is not done twice. */
#define FAST_GIVE_UP_IRQ(source) \
    do { \
        register uint64_t s4 __asm__("s4") = (source); \
        __asm__ volatile("j fast_give_up_irq" : : "r"(s4)); \
        __builtin_unreachable(); \
    } while (0)
#define fast_irq_claim plic_claim

/* A way's second half, which two of them have in common: four words in a0 and s4 to s6. */
#define FAST_WAKE(name, cur, t, n, bits) \
    _Noreturn void name(struct thread *cur); \
    static inline __attribute__((always_inline)) _Noreturn void name##_with(struct thread *cur, struct thread *t, struct ntfn *n, uint64_t bits); \
    _Noreturn void name(struct thread *cur) \
    { \
        register struct thread *s4 __asm__("s4"); \
        register struct ntfn *s5 __asm__("s5"); \
        register uint64_t s6 __asm__("s6"); \
        __asm__ volatile("" : "=r"(s4), "=r"(s5), "=r"(s6)); \
        name##_with(cur, s4, s5, s6); \
    } \
    static inline __attribute__((always_inline)) _Noreturn void name##_with(struct thread *cur, struct thread *t, struct ntfn *n, uint64_t bits)
#define FAST_GO_WAKE(name, cur, t, n, bits) \
    do { \
        register struct thread *in_a0 __asm__("a0") = (cur), *s4 __asm__("s4") = (t); \
        register struct ntfn *s5 __asm__("s5") = (n); \
        register uint64_t s6 __asm__("s6") = (bits); \
        __asm__ volatile("j " #name : : "r"(in_a0), "r"(s4), "r"(s5), "r"(s6), "r"(fast_ticket) : "memory"); \
        __builtin_unreachable(); \
    } while (0)

/* In assembler: gcc would extend the ticket's sign, which it has. */
FAST_INLINE bool fast_lock(const struct hart *h)
{
    struct kernel_lock *lock = h->lock;
    __asm__ volatile("li %0, 1\n\tamoadd.w %0, %0, (%1)" : "=&r"(fast_ticket) : "r"(lock) : "memory");
    if (unlikely(__atomic_load_n(&lock->serving, __ATOMIC_RELAXED) != fast_ticket))
        return false;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return true;
}

/* Call C through entry.S, which keeps all registers but those named, ra and sp. */
FAST_INLINE void fast_thunk_wake(int32_t ticket)
{
    register int64_t a __asm__("t6") = ticket;
    __asm__ volatile("call fast_wake" : : "r"(a) : "memory");
}
FAST_INLINE void fast_thunk_record(unsigned kind, const struct thread *t, uint64_t w0, uint64_t w1)
{
    register uint64_t a __asm__("s4") = kind;
    register const struct thread *b __asm__("s5") = t;
    register uint64_t c __asm__("s6") = w0, d __asm__("s7") = w1;
    __asm__ volatile("call fast_record" : : "r"(a), "r"(b), "r"(c), "r"(d) : "memory");
}
#define fast_trace(kind, t, a, b) ((trace_mask >> (kind)) & 1 ? fast_thunk_record(kind, t, a, b) : (void)0)

/* Whether somebody was called, which takes ra and sp. */
FAST_INLINE bool fast_unlock(void)
{
    int32_t now = lock_after(fast_ticket);
    bool waits = lock_pass_on(this_hart()->lock, now);
    if (waits)
        fast_thunk_wake(now);
    return waits;
}

/* The words stand where they have to. */
FAST_INLINE void fast_words(struct thread *to, const struct thread *from) { (void)to, (void)from; }
/* `to` finds them when it runs again: x[n] is at 8 * n. */
FAST_INLINE void fast_keep_words(struct thread *to, const struct thread *from)
{
    (void)from;
    __asm__ volatile("sd a1, 88(%0)\n\tsd a2, 96(%0)\n\tsd a3, 104(%0)\n\tsd a4, 112(%0)\n\tsd a5, 120(%0)\n\t"
                     "sd a6, 128(%0)\n\tsd t0, 40(%0)\n\tsd t1, 48(%0)"
                     :
                     : "r"(to)
                     : "memory");
}
FAST_INLINE void fast_after_ecall(struct thread *cur) { cur->x[REG_PC] = fast_pc + 4; }

/* What the receiver finds is read while the lock is held: another hart may end the call the moment after, and its id is the next
 * call's then. */
#define FAST_RECEIVE(r, id, badge) \
    do { \
        register struct thread *in_a0 __asm__("a0"); \
        register uint64_t t2 __asm__("t2"), t3 __asm__("t3"); \
        uint64_t this_id = (id), this_badge = (badge); \
        fast_unlock(); \
        in_a0 = (r), t2 = this_id, t3 = this_badge; \
        __asm__ volatile("j fast_receive" : : "r"(in_a0), "r"(t2), "r"(t3)); \
        __builtin_unreachable(); \
    } while (0)
#define FAST_NULL_DONE(t) \
    do { \
        if (fast_unlock()) \
            FAST_GO(fast_null_called, t); \
        FAST_GO(fast_null_done, t); \
    } while (0)
#define FAST_WENT_ON(t) \
    do { \
        fast_unlock(); \
        FAST_GO(fast_went_on, t); \
    } while (0)
#define FAST_REPLIED(t) \
    do { \
        fast_unlock(); \
        FAST_GO(fast_replied, t); \
    } while (0)

#define FAST_RESUME(t) \
    do { \
        fast_unlock(); \
        FAST_GO(trap_return, t); \
    } while (0)
#define FAST_FAULTED(r, pte, thread_frame, id, badge) \
    do { \
        register struct thread *in_a0 __asm__("a0"); \
        register uint64_t a2 __asm__("a2"), a4 __asm__("a4"), a6 __asm__("a6"), t2 __asm__("t2"), t3 __asm__("t3"); \
        uint64_t this_pte = (pte), this_frame = (thread_frame), this_id = (id), this_badge = (badge); \
        fast_unlock(); \
        in_a0 = (r), a2 = fast_pc, a4 = this_pte, a6 = this_frame, t2 = this_id, t3 = this_badge; \
        __asm__ volatile("j fast_faulted" : : "r"(in_a0), "r"(a2), "r"(a4), "r"(a6), "r"(t2), "r"(t3)); \
        __builtin_unreachable(); \
    } while (0)

/* The same, but gcc does not know, and keeps nothing of it in registers that it has not. */
FAST_INLINE const struct hart *fast_again(const struct hart *h)
{
    __asm__("" : "+r"(h));
    return h;
}

/* ---- entries ---- */
#define fast_walk sv39_walk
#define fast_allows sv39_allows
#define fast_leaf_bits sv39_leaf_bits

/* ---- spaces: those that this hart can simply load (tlb.c) ---- */
FAST_INLINE bool fast_space_ready(const struct hart *h, const struct space *s)
{
    uint64_t word = h->ready_word;
    return likely(s->ready_word == word) || (s->ready_word & (~0xffUL | h->bit)) == word;
}
FAST_INLINE void fast_space_load(struct hart *h, struct space *s)
{
    csr_write(satp, s->root_word);
    h->space = s;
}

/* s is ready here, so it may have translations here. */
FAST_INLINE void fast_flush(const struct space *s, vaddr_t va) { sfence_vma_page(va, s->asid); }
FAST_INLINE bool fast_only_here(const struct hart *h, const struct space *s) { return s->harts == h->bit; }

#endif
