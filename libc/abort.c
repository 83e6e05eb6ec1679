/* SPDX-License-Identifier: MIT
 * abort: SIGABRT, whatever is blocked, ignored or handled. Part of every program, so it asks the process manager itself and needs
 * nothing else of what there is for signals.
 */
#include "internal.h"

#include <ipc/procmgr.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

_Noreturn void abort(void)
{
    struct ipc_msg m = {.w = {PROC_SIGMASK, PROC_MASK_UNBLOCK, 1UL << SIGABRT}};
    (void)proc_call(H_PROC, &m);
    (void)raise(SIGABRT);
    m = (struct ipc_msg){.w = {PROC_SIGACTION, SIGABRT, PROC_SIG_DEFAULT}}; /* its handler returned, or it was ignored */
    (void)proc_call(H_PROC, &m);
    (void)raise(SIGABRT);
    _exit(127);
}
