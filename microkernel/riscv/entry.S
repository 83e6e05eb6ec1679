/* SPDX-License-Identifier: MIT
 * The way in and the way out. sscratch holds the running thread's control block while user code runs, 0 in the kernel.
 * Registers are kept in the control block itself (x[n] at 8 * n, the pc in x[0]); the kernel stack is empty at every entry.
 */
#include "csr.h"

/* All registers to a0's array, but for a0 itself: its old value is in sscratch. */
    .macro save_registers
    sd ra, 8(a0)
    sd sp, 16(a0)
    sd gp, 24(a0)
    sd tp, 32(a0)
    sd t0, 40(a0)
    sd t1, 48(a0)
    sd t2, 56(a0)
    sd s0, 64(a0)
    sd s1, 72(a0)
    sd a1, 88(a0)
    sd a2, 96(a0)
    sd a3, 104(a0)
    sd a4, 112(a0)
    sd a5, 120(a0)
    sd a6, 128(a0)
    sd a7, 136(a0)
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
    sd t3, 224(a0)
    sd t4, 232(a0)
    sd t5, 240(a0)
    sd t6, 248(a0)
    .endm

    .text
    .balign 4
    .globl trap_entry
trap_entry:
    csrrw a0, sscratch, a0
    beqz a0, kernel_trap
    save_registers
    csrrw t0, sscratch, zero        /* the user's a0; from here on a trap is the kernel's own fault */
    sd t0, 80(a0)
    csrr t1, sepc
    sd t1, 0(a0)
    csrr t2, sstatus
    sd t2, T_STATUS(a0)
    ld sp, T_KSTACK(a0)
    ld tp, T_HART(a0)
    call trap_user                  /* -> a0: the thread to run */

    .globl trap_return
trap_return:
    ld t0, T_STATUS(a0)
    csrw sstatus, t0
    ld t1, 0(a0)
    csrw sepc, t1
    csrw sscratch, a0
    sc.d zero, t1, (a0)             /* another thread's reservation must not let this one's sc succeed; x[0] is t1 anyway */
    ld ra, 8(a0)
    ld sp, 16(a0)
    ld gp, 24(a0)
    ld tp, 32(a0)
    ld t0, 40(a0)
    ld t1, 48(a0)
    ld t2, 56(a0)
    ld s0, 64(a0)
    ld s1, 72(a0)
    ld a1, 88(a0)
    ld a2, 96(a0)
    ld a3, 104(a0)
    ld a4, 112(a0)
    ld a5, 120(a0)
    ld a6, 128(a0)
    ld a7, 136(a0)
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
    ld t3, 224(a0)
    ld t4, 232(a0)
    ld t5, 240(a0)
    ld t6, 248(a0)
    ld a0, 80(a0)
    sret

/* A trap while sscratch was 0: ours. Save everything where the epitaph finds it, on a stack of its own. */
kernel_trap:
    la a0, kernel_trap_frame        /* the old a0 is in sscratch */
    save_registers
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
