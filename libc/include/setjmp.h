/* SPDX-License-Identifier: MIT
 * picolibc's <setjmp.h>, and the pair that keeps the mask of signals.
 */
#ifndef PAGODA_SETJMP_H
#define PAGODA_SETJMP_H

#include_next <setjmp.h>

#include <signal.h>

#ifndef sigsetjmp
typedef struct {
    jmp_buf __jump;
    sigset_t __mask;
    int __has_mask;
} sigjmp_buf[1];

void __sigjmp_save(sigjmp_buf env, int mask);
#define sigsetjmp(env, mask) (__sigjmp_save((env), (mask)), setjmp((env)[0].__jump))
void siglongjmp(sigjmp_buf env, int value) __attribute__((__noreturn__));
#endif
#ifndef _setjmp
#define _setjmp(env) setjmp(env)
#define _longjmp(env, value) longjmp((env), (value))
#endif

#endif
