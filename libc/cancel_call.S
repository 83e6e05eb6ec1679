/* SPDX-License-Identifier: MIT
 * long __cancel_call(long number_flags, uint64_t a0, struct ipc_regs *regs, const void *word): ipc_raw(), unless the thread is to go.
 *
 * From __cancel_call_first to __cancel_call_last it looks at the word and makes the call: a handler that interrupts it there goes back
 * to _first (signal.c), so that a cancellation is seen that came after the look. At _last the call is over, and what it brought is
 * returned. The part can begin again at any place: what it needs is in s0 to s2 and a7.
 */
#define TO_GO 1 /* pthread_cancel.c's, which checks that they are the same */
#define DISABLED 2
#define IN_CALL 8
#define ERR_CANCELLED -10

    .text
    .globl __cancel_call, __cancel_call_first, __cancel_call_last
    .type __cancel_call, @function
__cancel_call:
    addi sp, sp, -32
    sd s0, 0(sp)
    sd s1, 8(sp)
    sd s2, 16(sp)
    mv a7, a0
    mv s1, a1
    mv s0, a2
    mv s2, a3
__cancel_call_first:
    lw t0, 0(s2)
    andi t0, t0, TO_GO | DISABLED | IN_CALL
    li t1, TO_GO | IN_CALL
    li a0, ERR_CANCELLED
    beq t0, t1, 1f
    mv a0, s1
    ld a1, 0(s0)
    ld a2, 8(s0)
    ld a3, 16(s0)
    ld a4, 24(s0)
    ld a5, 32(s0)
    ld a6, 40(s0)
    ld t0, 48(s0)
    ld t1, 56(s0)
    ld t2, 64(s0)
    ld t3, 72(s0)
    ld t4, 80(s0)
    ld t5, 88(s0)
    ld t6, 96(s0)
    ecall
__cancel_call_last:
    sd a1, 0(s0)
    sd a2, 8(s0)
    sd a3, 16(s0)
    sd a4, 24(s0)
    sd a5, 32(s0)
    sd a6, 40(s0)
    sd t0, 48(s0)
    sd t1, 56(s0)
    sd t2, 64(s0)
    sd t3, 72(s0)
    sd t4, 80(s0)
    sd t5, 88(s0)
    sd t6, 96(s0)
1:  ld s0, 0(sp)
    ld s1, 8(sp)
    ld s2, 16(sp)
    addi sp, sp, 32
    ret
    .size __cancel_call, . - __cancel_call
