/* SPDX-License-Identifier: MIT
 * How often handlers ran in this thread (signals.h). By itself, so that programs without handlers have this and no more.
 */
#include "cancel.h"
#include "internal.h"
#include "signals.h"

/* signal | code << 32, pid | status << 32, value: as the process manager says it. */
void __signal_info(siginfo_t *info, const uint64_t words[3])
{
    int code = (int)(words[0] >> 32), status = (int)(words[1] >> 32);
    bool valued = code == SI_QUEUE || code == SI_TIMER;
    *info = (siginfo_t){.si_signo = (int)(uint32_t)words[0], .si_code = code, .si_pid = (pid_t)(uint32_t)words[1]};
    if (valued)
        info->si_value.sival_ptr = (void *)words[2];
    else
        info->si_addr = (void *)words[2];
    if (code == SI_TIMER)
        info->si_timerid = status - 1;
    else
        info->si_status = status;
}

_Thread_local unsigned __signal_runs, __signal_breaks;
_Thread_local sigjmp_buf *__signal_escape;
void (*__park_after_handler)(void);
struct cancel_hooks __cancel_hooks;
_Thread_local unsigned __cancel_held;
