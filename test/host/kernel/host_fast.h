/* SPDX-License-Identifier: MIT
 * The fast path on the host: the registers are those of the control block, there is no lock, and the ways out are returns.
 * host_ecall goes it first, as entry.S does, so every test of the kernel is one of the fast path too. What the program may not
 * rely on after a system call is filled with junk, as the kernel's own use of these registers would.
 */
#ifndef HOST_FAST_H
#define HOST_FAST_H

#include "../riscv/sv39_walk.h"

#define FAST_INLINE static inline

#define FAST_ENTRY(name) \
    struct thread *name(struct thread *cur); \
    struct thread *name(struct thread *cur)
#define FAST_GIVE_UP(cur) return 0
#define FAST_GIVE_UP_FAULT(cur) return 0
#define FAST_GIVE_UP_IRQ(source) return 0
#define fast_irq_claim host_irq_claim
#define FAST_WAKE(name, cur, t, n, bits) static struct thread *name(struct thread *cur, struct thread *t, struct ntfn *n, uint64_t bits)
#define FAST_GO_WAKE(name, cur, t, n, bits) return name(cur, t, n, bits)
unsigned host_irq_claim(const struct hart *h); /* the source that host_interrupt said, masked now */

#define fast_a0 (cur->x[REG_A0])
#define fast_w0() (cur->x[REG_A1])
#define fast_reply_id() (cur->x[28])
#define fast_w1() (cur->x[REG_A2])
#define fast_lock(h) true
extern uint64_t host_fault_va, host_fault_access, host_fault_cause; /* as entry.S would have them in registers */
#define fast_va() host_fault_va
#define fast_access() ((unsigned)host_fault_access)
#define fast_cause() host_fault_cause
#define fast_trace trace

void host_fast_words(struct thread *to, const struct thread *from); /* and junk where nothing is promised */
#define fast_words host_fast_words
void host_fast_keep_words(struct thread *to, const struct thread *from); /* no junk: `to` finds the rest as it left it */
#define fast_keep_words host_fast_keep_words
#define fast_after_ecall(cur) (void)(cur) /* host_ecall did */

#define FAST_RECEIVE(r, id, from_badge) \
    do { \
        (r)->x[REG_A0] = MSG_CALL; \
        (r)->x[7] = (id); \
        (r)->x[28] = (from_badge); \
        (r)->x[29] = (r)->x[31] = 0; \
        return (r); \
    } while (0)
#define FAST_NULL_DONE(t) FAST_REPLIED(t)
#define FAST_WENT_ON(t) FAST_REPLIED(t)
#define FAST_REPLIED(t) \
    do { \
        (t)->x[REG_A0] = OK; \
        return (t); \
    } while (0)

#define FAST_RESUME(t) return (t)
#define FAST_FAULTED(r, pte, thread_frame, id, from_badge) \
    do { \
        uint64_t words[] = {host_fault_va, cur->x[REG_PC], host_fault_access, (pte), 0, (thread_frame)}; \
        for (unsigned i = 0; i < 6; i++) \
            (r)->x[REG_A1 + i] = words[i]; \
        (r)->x[5] = (r)->x[6] = (r)->x[29] = (r)->x[31] = 0; \
        (r)->x[REG_A0] = MSG_FAULT; \
        (r)->x[7] = (id); \
        (r)->x[28] = (from_badge); \
        return (r); \
    } while (0)

#define fast_again(h) (h)
#define fast_walk sv39_walk
#define fast_allows sv39_allows
#define fast_leaf_bits sv39_leaf_bits
#define fast_flush(s, va) host_fast_flush(s, va)
void host_fast_flush(struct space *s, vaddr_t va);
#define fast_only_here(h, s) ((s)->harts == 1UL << (h)->index)

bool host_space_ready(const struct hart *h, const struct space *s); /* it can be loaded without a flush */
void host_space_load(struct hart *h, struct space *s);
#define fast_space_ready host_space_ready
#define fast_space_load host_space_load

#endif
