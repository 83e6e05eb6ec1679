/* SPDX-License-Identifier: MIT
 * First instructions: OpenSBI enters here in S mode, paging off, a0 = hart id, a1 = device tree (physical).
 * A boot page table maps the running code at its physical and its final address; then boot_c takes over.
 */
#include "csr.h"

    .section .text.boot, "ax"
    .globl _start
_start:
    csrw sie, zero
    csrw sscratch, zero
    la t0, boot_claimed             /* the first hart here boots */
    li t1, 1
    amoswap.w.aqrl t1, t1, (t0)
#ifndef MUTANT_KERNEL_BOOT_TWICE
    bnez t1, misled
#endif
    rdinstret s2                    /* S-mode entry: boot.shell counts from here */
    la t0, kernel_bss
    la t1, kernel_end
1:  sd zero, 0(t0)
    addi t0, t0, 8
    bltu t0, t1, 1b

    /* boot_root: gigapages, RWX and global: [2] and [258] the RAM's first GiB, [256] and [257] devices */
    la t0, boot_root
    li t1, (0x80000000 >> 12 << 10) | 0xef     /* V R W X G A D */
    sd t1, 2*8(t0)
    li t2, 256*8
    add t2, t0, t2
    sd t1, 2*8(t2)
    li t1, 0xe7                                /* V R W G A D, pa 0 */
    sd t1, 0(t2)
    li t1, (0x40000000 >> 12 << 10) | 0xe7
    sd t1, 8(t2)
    srli t0, t0, 12
    li t1, SATP_SV39
    or t0, t0, t1
    sfence.vma
    csrw satp, t0
    li t3, 0xffffffc000000000
    la t0, 2f
    add t0, t0, t3
    jr t0
2:  la sp, boot_stack_top           /* pc-relative: the high address from now on */
    la tp, harts
    mv a2, s2
    call boot_c                     /* a0 = hart id, a1 = device tree -> a0 = first thread */
    tail trap_return

/* OpenSBI before 1.3 says that a hart is to start before it has written down where: one that comes to its waiting place just then
 * starts here, where the first one did. It goes where it was to go, if it is the one that is being started; else nowhere. */
misled:
    la t0, hart_starting
    ld a1, 0(t0)
    beqz a1, 4f
    li t3, 0xffffffc000000000
    sub t0, a1, t3
    lw t0, H_ID(t0)
    beq t0, a0, start_hart
4:  wfi
    j 4b

/* A further hart, from the firmware's hart_start: paging off, a0 = hart id, a1 = its struct hart (high address). */
    .globl start_hart
start_hart:
    csrw sie, zero
    csrw sscratch, zero
    la t0, start_root
    srli t0, t0, 12
    li t1, SATP_SV39
    or t0, t0, t1
    sfence.vma
    csrw satp, t0
    li t3, 0xffffffc000000000
    la t0, 3f
    add t0, t0, t3
    jr t0
3:  mv tp, a1
    ld sp, H_KSTACK(tp)
    mv a0, a1
    call hart_c                     /* -> a0 = first thread */
    tail trap_return

    .data
    .balign 4
boot_claimed: .word 0               /* not in .bss, which the boot hart clears */

    .bss
    .balign 4096
    .globl boot_root
boot_root: .skip 4096
    .globl boot_stack_top
    .skip 8192
boot_stack_top:
    .balign 16
    .globl hart_stacks
hart_stacks: .skip 7 * 8192        /* of harts 1 to 7; hart n's ends at hart_stacks + n * 8192 */
