/* SPDX-License-Identifier: MIT
 * init's first instructions. The kernel has mapped the stack and set sp and a0 (bootinfo); init uses no thread-local
 * storage, so nothing is left to prepare.
 */
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    li ra, 0
    li fp, 0
    call init_main
    unimp
    .size _start, . - _start
