/* SPDX-License-Identifier: MIT
 * A server's first instructions. In: sp = stack top, a0 = the argument for main (bootinfo or a boot page).
 * A server that is restarted in its own space has server_restore() put its data back first (servers/init/keep.h).
 * Sets up the thread-local block of the first thread (the template is read-only, the block is in bss, see
 * libc/program.ld), then calls main(a0). A server never returns; should it, it traps, and its handler sees that.
 *
 * gp is not used: no linker script defines __global_pointer$, so a second thread needs no set-up beyond tp.
 */
    .section .text.start, "ax"
    .weak server_restore
    .globl _start
    .type _start, @function
_start:
    mv s0, a0
    la t0, server_restore
    beqz t0, 3f
    jalr t0
3:  mv a0, s0
    lla tp, __tls_block
    lla t0, __tdata_start
    lla t1, __tdata_end
    mv t2, tp
1:  bgeu t0, t1, 2f
    lbu t3, 0(t0)
    sb t3, 0(t2)
    addi t0, t0, 1
    addi t2, t2, 1
    j 1b
2:  li ra, 0
    li fp, 0
    call main
    unimp
    .size _start, . - _start
