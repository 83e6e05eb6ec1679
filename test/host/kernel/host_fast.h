/* SPDX-License-Identifier: MIT
 * The fast path on the host: the registers are those of the control block, there is no lock, and the ways out are returns.
 * host_ecall goes it first, as entry.S does, so every test of the kernel is one of the fast path too. What the program may not
 * rely on after a system call is filled with junk, as the kernel's own use of these registers would.
 */
#ifndef HOST_FAST_H
#define HOST_FAST_H

#define FAST_INLINE static inline

#define FAST_ENTRY(name) \
    struct thread *name(struct thread *cur); \
    struct thread *name(struct thread *cur)
#define FAST_GIVE_UP(cur) return 0

#define fast_a0 (cur->x[REG_A0])
#define fast_w0() (cur->x[REG_A1])
#define fast_reply_id() (cur->x[28])
#define fast_lock() true
#define fast_trace trace

void host_fast_words(struct thread *to, const struct thread *from); /* and junk where nothing is promised */
#define fast_words host_fast_words
#define fast_after_ecall(cur) (void)(cur) /* host_ecall did */

#define FAST_RECEIVE(r, id, from_badge) \
    do { \
        (r)->x[REG_A0] = MSG_CALL; \
        (r)->x[7] = (id); \
        (r)->x[28] = (from_badge); \
        (r)->x[29] = (r)->x[31] = 0; \
        return (r); \
    } while (0)
#define FAST_REPLIED(t) \
    do { \
        (t)->x[REG_A0] = OK; \
        return (t); \
    } while (0)

bool host_space_ready(const struct hart *h, const struct space *s); /* it can be loaded without a flush */
void host_space_load(struct hart *h, struct space *s);
#define fast_space_ready host_space_ready
#define fast_space_load host_space_load

#endif
