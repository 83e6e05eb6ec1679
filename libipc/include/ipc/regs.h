/* SPDX-License-Identifier: MIT
 * Messages and the registers they travel in, for code that goes from one to the other in line: the stubs of ipc.c, and callers
 * and servers of very short requests, which fill only the registers that mean something.
 */
#ifndef IPC_REGS_H
#define IPC_REGS_H

#include <ipc/ipc.h>

/* Word by word: a loop would become a call of memcpy, which costs more than the copy. */
#define IPC_EACH_WORD(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7)
_Static_assert(MSG_WORDS == 8, "IPC_EACH_WORD names them all");

static inline void ipc_words_in(struct ipc_regs *x, const uint64_t *w)
{
#define IPC_WORD_IN(i) x->w[i] = w[i];
    IPC_EACH_WORD(IPC_WORD_IN)
#undef IPC_WORD_IN
}

static inline void ipc_words_out(uint64_t *w, const struct ipc_regs *x)
{
#define IPC_WORD_OUT(i) w[i] = x->w[i];
    IPC_EACH_WORD(IPC_WORD_OUT)
#undef IPC_WORD_OUT
}

/* ipc_raw() for what may wait long: as the C library does it where a program cancels threads (libc/pthread_cancel.c). */
#if defined(PAGODA_HOST) || defined(__riscv_float_abi_soft) /* servers cancel none */
static inline long ipc_raw_waiting(long number_flags, uint64_t a0, struct ipc_regs *x) { return ipc_raw(number_flags, a0, x); }
#else
__attribute__((weak)) long __cancel_ipc_raw(long number_flags, uint64_t a0, struct ipc_regs *x);
static inline long ipc_raw_waiting(long number_flags, uint64_t a0, struct ipc_regs *x)
{
    return __cancel_ipc_raw ? __cancel_ipc_raw(number_flags, a0, x) : ipc_raw(number_flags, a0, x);
}
#endif

/* What a receive brought. Returns its kind. */
static inline long ipc_event_out(struct ipc_event *ev, long kind, const struct ipc_regs *x)
{
    ev->kind = kind;
    if (kind < 0)
        return kind;
    ipc_words_out(ev->w, x);
    ev->id = x->t2;
    ev->badge = x->t3;
    ev->buf_len[0] = x->t4;
    ev->buf_len[1] = x->t6;
    return kind;
}

#ifdef PAGODA_HOST
static inline long ipc_call_few(handle_t ep, uint64_t w[4])
{
    struct ipc_regs x = {.w = {w[0], w[1], w[2], w[3]}};
    long err = ipc_raw(SYS_CALL, ep, &x);
    for (unsigned i = 0; i < 4; i++)
        w[i] = x.w[i];
    return err;
}
static inline long ipc_recv_bare(handle_t ep, struct ipc_regs *x) { return ipc_raw(SYS_RECV, ep, x); }
static inline long ipc_reply_bare(handle_t ep, reply_id_t id, struct ipc_regs *x)
{
    x->t3 = id;
    return ipc_raw(ep ? SYS_REPLY_RECV : SYS_REPLY, ep, x);
}
#else
/* A call of four words that nothing comes along with; the other words of the message are whatever they are. */
static inline long ipc_call_few(handle_t ep, uint64_t w[4])
{
    register uint64_t r0 __asm__("a0") = ep;
    register uint64_t r1 __asm__("a1") = w[0];
    register uint64_t r2 __asm__("a2") = w[1];
    register uint64_t r3 __asm__("a3") = w[2];
    register uint64_t r4 __asm__("a4") = w[3];
    register long r7 __asm__("a7") = SYS_CALL;
    __asm__ volatile("ecall"
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r7)
                     :
                     : "memory", "a5", "a6", "t0", "t1", "t2", "t3", "t4", "t5", "t6");
    w[0] = r1, w[1] = r2, w[2] = r3, w[3] = r4;
    return (long)r0;
}

/* Receive without a deadline: nothing goes in. */
static inline long ipc_recv_bare(handle_t ep, struct ipc_regs *x)
{
    register uint64_t r0 __asm__("a0") = ep;
    register uint64_t r1 __asm__("a1"), r2 __asm__("a2"), r3 __asm__("a3"), r4 __asm__("a4"), r5 __asm__("a5"), r6 __asm__("a6");
    register long r7 __asm__("a7") = SYS_RECV;
    register uint64_t q0 __asm__("t0"), q1 __asm__("t1"), q2 __asm__("t2"), q3 __asm__("t3"), q4 __asm__("t4"), q6 __asm__("t6");
    __asm__ volatile("ecall"
                     : "+r"(r0), "=r"(r1), "=r"(r2), "=r"(r3), "=r"(r4), "=r"(r5), "=r"(r6), "+r"(r7), "=r"(q0), "=r"(q1), "=r"(q2),
                       "=r"(q3), "=r"(q4), "=r"(q6)
                     :
                     : "memory", "t5");
    *x = (struct ipc_regs){.w = {r1, r2, r3, r4, r5, r6, q0, q1}, .t2 = q2, .t3 = q3, .t4 = q4, .t6 = q6};
    return (long)r0;
}

/* Answer id with x's words and receive at ep; 0: only answer, after which x has the same words. */
static inline long ipc_reply_bare(handle_t ep, reply_id_t id, struct ipc_regs *x)
{
    register uint64_t r0 __asm__("a0") = ep;
    register uint64_t r1 __asm__("a1") = x->w[0], r2 __asm__("a2") = x->w[1], r3 __asm__("a3") = x->w[2], r4 __asm__("a4") = x->w[3];
    register uint64_t r5 __asm__("a5") = x->w[4], r6 __asm__("a6") = x->w[5], q0 __asm__("t0") = x->w[6], q1 __asm__("t1") = x->w[7];
    register long r7 __asm__("a7") = ep ? SYS_REPLY_RECV : SYS_REPLY;
    register uint64_t q2 __asm__("t2"), q3 __asm__("t3") = id, q4 __asm__("t4"), q6 __asm__("t6");
    __asm__ volatile("ecall"
                     : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6), "+r"(r7), "+r"(q0), "+r"(q1), "=r"(q2),
                       "+r"(q3), "=r"(q4), "=r"(q6)
                     :
                     : "memory", "t5");
    *x = (struct ipc_regs){.w = {r1, r2, r3, r4, r5, r6, q0, q1}, .t2 = q2, .t3 = q3, .t4 = q4, .t6 = q6};
    return (long)r0;
}
#endif

#endif
