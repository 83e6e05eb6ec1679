/* SPDX-License-Identifier: MIT
 * A program's first instruction. In: sp = stack top, a0 = bytes of its argument strings, tp = 0 (ipc/procmgr.h).
 * Everything that can be said in C is in start.c.
 */
    .section .text.start, "ax"
    .globl _start
    .type _start, @function
_start:
    li ra, 0
    li fp, 0
    call __libc_start
    unimp
    .size _start, . - _start

/* A further thread starts here: sp = its stack top, a0 = its struct thread, tp = its thread-local block (thread.c). */
    .globl __thread_start
    .type __thread_start, @function
__thread_start:
    li ra, 0
    li fp, 0
    call __thread_main
    unimp
    .size __thread_start, . - __thread_start

/* Pulled in with this file, so that ours come before picolibc's own in any order of libraries. */
    .globl sbrk
    .globl malloc
    .globl __retarget_lock_acquire
    .globl raise
