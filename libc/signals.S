/* SPDX-License-Identifier: MIT
 * Where a thread finds itself when a signal is delivered, and how it gets back. The process manager changed pc and sp, and
 * nothing else; all registers are saved below sp, C asks what it is about and calls the handler, and here they come back.
 *
 * The last jump needs a register that programs do not use: gp. A signal that comes between __signal_resume and the jump
 * would lose it, so __signal_run begins this part again, or does the jump itself (signal.c).
 *
 * Offsets: struct __signal_frame in signal.c, which asserts them.
 */
#define FRAME 656
#define X(n) (48 + 8 * (n))
#define F(n) (304 + 8 * (n))
#define FCSR 560

    .section .text.signal, "ax"
    .balign 4
    .globl __signal_trampoline
    .type __signal_trampoline, @function
__signal_trampoline:
    addi sp, sp, -FRAME
    .irp n, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd x\n, X(\n)(sp)
    .endr
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    fsd f\n, F(\n)(sp)
    .endr
    frcsr t0
    sd t0, FCSR(sp)
    mv a0, sp
    li fp, 0
    call __signal_run

/* sp: the frame, also when this begins again. */
    .globl __signal_resume
__signal_resume:
    ld t0, FCSR(sp)
    fscsr t0
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    fld f\n, F(\n)(sp)
    .endr
    .irp n, 1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ld x\n, X(\n)(sp)
    .endr
    ld gp, X(0)(sp)
    ld sp, X(2)(sp)
    .globl __signal_jump
__signal_jump:
    jr gp
    .size __signal_trampoline, . - __signal_trampoline
