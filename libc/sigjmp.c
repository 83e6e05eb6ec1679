/* SPDX-License-Identifier: MIT
 * sigsetjmp and siglongjmp: the mask of signals around picolibc's setjmp and longjmp.
 */
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

void __sigjmp_save(sigjmp_buf env, int mask)
{
    env[0].__has_mask = mask;
    if (mask)
        (void)sigprocmask(SIG_BLOCK, NULL, &env[0].__mask);
}

void siglongjmp(sigjmp_buf env, int value)
{
    if (env[0].__has_mask)
        (void)sigprocmask(SIG_SETMASK, &env[0].__mask, NULL);
    longjmp(env[0].__jump, value);
}
