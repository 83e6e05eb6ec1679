/* SPDX-License-Identifier: MIT
 * The way in and the way out. sscratch holds the running thread's control block while user code runs, 0 in the kernel.
 * Registers are kept in the control block itself (x[n] at 8 * n, the pc in x[0]); the kernel stack is empty at every entry.
 *
 * A system call keeps ra, sp, gp, tp and s0-s11 only (abi/syscall.h). So the fast path (core/fast.c) finds those saved, the
 * message still in its registers, and uses s0-s11 as it likes; where it gives up, general_locked saves the rest.
 */
#include "csr.h"

/* What a system call keeps, to and from a0's array. */
    .macro save_kept
    sd ra, 8(a0)
    sd sp, 16(a0)
    sd gp, 24(a0)
    sd tp, 32(a0)
    sd s0, 64(a0)
    sd s1, 72(a0)
    sd s2, 144(a0)
    sd s3, 152(a0)
    sd s4, 160(a0)
    sd s5, 168(a0)
    sd s6, 176(a0)
    sd s7, 184(a0)
    sd s8, 192(a0)
    sd s9, 200(a0)
    sd s10, 208(a0)
    sd s11, 216(a0)
    .endm

    .macro load_kept
    ld ra, 8(a0)
    ld sp, 16(a0)
    ld gp, 24(a0)
    ld tp, 32(a0)
    ld s0, 64(a0)
    ld s1, 72(a0)
    ld s2, 144(a0)
    ld s3, 152(a0)
    ld s4, 160(a0)
    ld s5, 168(a0)
    ld s6, 176(a0)
    ld s7, 184(a0)
    ld s8, 192(a0)
    ld s9, 200(a0)
    ld s10, 208(a0)
    ld s11, 216(a0)
    .endm

/* The others but for a0 and t6. */
    .macro save_others
    sd t0, 40(a0)
    sd t1, 48(a0)
    sd t2, 56(a0)
    sd a1, 88(a0)
    sd a2, 96(a0)
    sd a3, 104(a0)
    sd a4, 112(a0)
    sd a5, 120(a0)
    sd a6, 128(a0)
    sd a7, 136(a0)
    sd t3, 224(a0)
    sd t4, 232(a0)
    sd t5, 240(a0)
    .endm

    .macro load_others
    ld t0, 40(a0)
    ld t1, 48(a0)
    ld t2, 56(a0)
    ld a1, 88(a0)
    ld a2, 96(a0)
    ld a3, 104(a0)
    ld a4, 112(a0)
    ld a5, 120(a0)
    ld a6, 128(a0)
    ld a7, 136(a0)
    ld t3, 224(a0)
    ld t4, 232(a0)
    ld t5, 240(a0)
    ld t6, 248(a0)
    ld a0, 80(a0)
    .endm

/* Of the kernel lock, for C: in a1. */
    .macro take_ticket
    ld a2, H_LOCK(tp)
    li a1, 1
    amoadd.w a1, a1, (a2)
    .endm

/* The thread in a0 runs from here on, but for its registers. Leaves its pc in a7 and its status in t5: no secrets to it. */
    .macro become
    ld t5, T_STATUS(a0)
    csrw sstatus, t5
    ld a7, 0(a0)
    csrw sepc, a7
    csrw sscratch, a0
    sc.d zero, a7, (a0)             /* another thread's reservation must not let this one's sc succeed; x[0] is a7 anyway */
    .endm

    .section .text.entry, "ax"
    .balign 4
    .globl trap_entry
trap_entry:
    csrrw a0, sscratch, a0
    beqz a0, kernel_trap
    save_kept
    sd t6, 248(a0)
    csrr s0, sstatus
    sd s0, T_STATUS(a0)
    csrrw s1, sscratch, zero        /* the user's a0; from here on a trap is the kernel's own fault */
    csrr s2, sepc
    ld tp, T_HART(a0)
    csrr s0, scause
    addi s0, s0, -CAUSE_ECALL_U
    bnez s0, no_call
#ifdef PAGODA_FAST
    li s0, NR_CALL                  /* and no flags */
    beq a7, s0, fast_call
    li s0, NR_FAULT_REPLY_RECV
    beq a7, s0, fast_fault_reply_recv
    beqz a7, fast_null              /* NR_NULL */
    li s0, NR_REPLY_RECV
    beq a7, s0, fast_reply_recv
    li s0, NR_SIGNAL
    beq a7, s0, fast_signal
    li s0, NR_REPLY
    beq a7, s0, fast_reply
    li s0, NR_RECV
    beq a7, s0, fast_recv
#endif

/* Everything else, and whatever the fast path leaves: all registers to the control block, then C. */
general:
    save_others
    sd s1, 80(a0)
    sd s2, 0(a0)
    ld sp, H_KSTACK(tp)
    take_ticket
    call trap_call                  /* -> a0: the thread to run; 0: the one that called, and C has kept its gp and s3 to s11 */
    bnez a0, trap_return
    ld a0, H_CURRENT(tp)
    become
    ld ra, 8(a0)
    ld sp, 16(a0)
    ld tp, 32(a0)
    ld s0, 64(a0)
    ld s1, 72(a0)
    ld s2, 144(a0)
    load_others
    sret

saved:
    ld sp, H_KSTACK(tp)
    take_ticket
    call trap_user                  /* -> a0: the thread to run */

    .globl trap_return
trap_return:
    become
    load_kept
    load_others
    sret

/* A fault keeps all registers. Page faults may go the fast path: cause - 8 in s0, the address in a1, the access in a3.
 * So may interrupts of devices. */
no_call:
    save_others
    sd s1, 80(a0)
    sd s2, 0(a0)
#ifdef PAGODA_FAST
    csrr a1, stval
    li s3, CAUSE_STORE_PAGE - CAUSE_ECALL_U
    li a3, ACCESS_W
    beq s0, s3, fast_fault
    li s3, CAUSE_LOAD_PAGE - CAUSE_ECALL_U
    li a3, ACCESS_R
    beq s0, s3, fast_fault
    li s3, CAUSE_FETCH_PAGE - CAUSE_ECALL_U
    li a3, ACCESS_X
    beq s0, s3, fast_fault
    bgez s0, saved
    slli s0, s0, 1                  /* an interrupt: of a device? */
    addi s0, s0, -2 * (IRQ_EXTERNAL - CAUSE_ECALL_U)
    beqz s0, fast_irq
#endif
    j saved

#ifdef PAGODA_FAST
    .globl fast_give_up_fault
fast_give_up_fault:
    ld sp, H_KSTACK(tp)
    mv a1, s3
    call trap_user
    j trap_return

/* The lock is held, and the source in s4 claimed. */
    .globl fast_give_up_irq
fast_give_up_irq:
    ld sp, H_KSTACK(tp)
    mv a0, s4
    call trap_claimed
    j trap_return

/* From fast.c, which has the lock or its ticket in s3: t2, t4 and t5 may be the kernel's, and no call without flags has them. */
    .globl fast_give_up
fast_give_up:
    li t2, 0
    li t4, 0
    li t5, 0
    save_others
    sd s1, 80(a0)
    sd s2, 0(a0)
    ld sp, H_KSTACK(tp)
    mv a1, s3
    call trap_call
    bnez a0, trap_return
    ld a0, H_CURRENT(tp)
    j trap_return

/* a0 waited for a message: its words are in their registers, t2 and t3 are written. */
    .globl fast_receive
fast_receive:
    become
    load_kept
    li t4, 0
    li t6, 0
    li a0, KIND_CALL
    sret

/* a0 goes on: nothing happened. Status, tables and most registers are as they were; ra and sp only if nobody was called. */
    .globl fast_null_called
fast_null_called:
    ld ra, 8(a0)
    ld sp, 16(a0)
    .globl fast_null_done
fast_null_done:
    addi s2, s2, 4
    csrw sepc, s2
    csrw sscratch, a0
    ld tp, 32(a0)
    ld s0, 64(a0)
    ld s1, 72(a0)
    ld s2, 144(a0)
    ld s3, 152(a0)
    li t2, 0
    li t4, 0
    li t5, 0
    li t6, 0
    li a0, RESULT_OK
    sret

/* a0 goes on: it has answered somebody who runs later. Status, tables and what is not kept are as they were. */
    .globl fast_went_on
fast_went_on:
    addi s2, s2, 4
    csrw sepc, s2
    csrw sscratch, a0
    load_kept
    li t2, 0
    li t4, 0
    li t5, 0
    li t6, 0
    li a0, RESULT_OK
    sret

/* a0 waited for a reply, which is in its registers. */
    .globl fast_replied
fast_replied:
    become
    load_kept
    li t2, 0
    li t3, 0
    li t4, 0
    li t6, 0
    li a0, RESULT_OK
    sret

/* a0 is a pager that waited: the words of the fault are in a1-a4 and a6, t2 and t3 are written. */
    .globl fast_faulted
fast_faulted:
    become
    load_kept
    li a5, 0                        /* the level */
    li t0, 0
    li t1, 0
    li t4, 0
    li t6, 0
    li a0, KIND_FAULT
    sret

/* The fast path calls C, arguments in a register and s5 to s7. Keeps every register. */
    .macro thunk name, function, first
    .globl \name
\name:
    ld sp, H_KSTACK(tp)
    addi sp, sp, -128
    sd a0, 0(sp)
    sd a1, 8(sp)
    sd a2, 16(sp)
    sd a3, 24(sp)
    sd a4, 32(sp)
    sd a5, 40(sp)
    sd a6, 48(sp)
    sd a7, 56(sp)
    sd t0, 64(sp)
    sd t1, 72(sp)
    sd t2, 80(sp)
    sd t3, 88(sp)
    sd t4, 96(sp)
    sd t5, 104(sp)
    sd t6, 112(sp)
    sd ra, 120(sp)
    mv a0, \first
    mv a1, s5
    mv a2, s6
    mv a3, s7
    call \function
    ld a0, 0(sp)
    ld a1, 8(sp)
    ld a2, 16(sp)
    ld a3, 24(sp)
    ld a4, 32(sp)
    ld a5, 40(sp)
    ld a6, 48(sp)
    ld a7, 56(sp)
    ld t0, 64(sp)
    ld t1, 72(sp)
    ld t2, 80(sp)
    ld t3, 88(sp)
    ld t4, 96(sp)
    ld t5, 104(sp)
    ld t6, 112(sp)
    ld ra, 120(sp)
    ret
    .endm
    thunk fast_record, trace_record, s4
    thunk fast_wake, lock_wake, t6
#endif

/* A trap while sscratch was 0: ours. Save everything where the epitaph finds it, on a stack of its own. */
kernel_trap:
    la a0, kernel_trap_frame        /* the old a0 is in sscratch */
    save_kept
    save_others
    sd t6, 248(a0)
    csrr t0, sscratch
    sd t0, 80(a0)
    csrr t0, sepc
    sd t0, 0(a0)
    la sp, epitaph_stack_top
    csrr a1, scause
    csrr a2, stval
    call trap_kernel

    .bss
    .balign 16
    .globl kernel_trap_frame
kernel_trap_frame: .skip 256
    .skip 4096
epitaph_stack_top:
