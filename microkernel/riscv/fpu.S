/* SPDX-License-Identifier: MIT
 * Floating-point registers to and from a control block's fpu[32], fcsr. sstatus.FS must not be Off.
 */
    .option arch, +d
    .text
    .altmacro
    .macro each op
    .set i, 0
    .rept 32
    one \op, %i
    .set i, i + 1
    .endr
    .endm
    .macro one op, n
    \op f\n, 8*\n(a0)
    .endm
    .globl fpu_store
fpu_store:
    each fsd
    frcsr t0
    sd t0, 256(a0)
    ret
    .globl fpu_load
fpu_load:
    each fld
    ld t0, 256(a0)
    fscsr t0
    ret
