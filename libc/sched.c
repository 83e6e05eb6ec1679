/* SPDX-License-Identifier: MIT
 * <sched.h> for processes. A process at the priority that programs start with is SCHED_OTHER, any other is SCHED_RR.
 */
#include "internal.h"
#include "mutex.h"

#include <errno.h>
#include <ipc/procmgr.h>
#include <sched.h>
#include <time.h>

#define PRIO_PROGRAM 100       /* servers/init/handoff.h: programs start with it */
#define SLICE_NS 10000000L     /* docs/scheduling.md */

static int fail(int err)
{
    errno = err;
    return -1;
}

static int prio_ask(pid_t pid, int *prio)
{
    struct ipc_msg m = {.w = {PROC_GETPID}};
    if (pid < 0)
        return fail(EINVAL);
    err_t err = pid == 0 ? proc_call(H_PROC, &m) : OK;
    uint64_t wanted = pid == 0 ? m.w[1] : (uint64_t)pid;
    m = (struct ipc_msg){.w = {PROC_INFO, wanted}};
    if (err == OK)
        err = proc_call(H_PROC, &m);
    if (err == ERR_NOENT || (err == OK && m.w[1] != wanted))
        return fail(ESRCH);
    *prio = (int)m.w[6];
    return __error_set(err);
}

int sched_getscheduler(pid_t pid)
{
    int prio;
    return prio_ask(pid, &prio) != 0 ? -1 : prio == PRIO_PROGRAM ? SCHED_OTHER : SCHED_RR;
}

int sched_getparam(pid_t pid, struct sched_param *param)
{
    int prio;
    if (prio_ask(pid, &prio) != 0)
        return -1;
    param->sched_priority = prio == PRIO_PROGRAM ? 0 : prio;
    return 0;
}

int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param)
{
    int prio = param->sched_priority, before = sched_getscheduler(pid);
    if (before < 0)
        return -1;
    if ((policy != SCHED_OTHER && policy != SCHED_RR) || (policy == SCHED_OTHER ? prio != 0 : prio < 1 || prio > PRIO_MAX))
        return fail(EINVAL);
    struct ipc_msg m = {.w = {PROC_PRIO, (uint64_t)pid, (uint64_t)(policy == SCHED_OTHER ? PRIO_PROGRAM : prio)}};
    err_t err = proc_call(H_PROC, &m);
    return err == ERR_NOENT ? fail(ESRCH) : err == OK ? before : __error_set(err);
}

int sched_setparam(pid_t pid, const struct sched_param *param)
{
    int policy = sched_getscheduler(pid);
    return policy < 0 || sched_setscheduler(pid, policy, param) < 0 ? -1 : 0;
}

int sched_get_priority_min(int policy)
{
    return policy == SCHED_OTHER ? 0 : policy == SCHED_RR ? 1 : fail(EINVAL);
}

int sched_get_priority_max(int policy)
{
    return policy == SCHED_OTHER ? 0 : policy == SCHED_RR ? PRIO_MAX : fail(EINVAL);
}

int sched_rr_get_interval(pid_t pid, struct timespec *interval)
{
    int prio;
    if (prio_ask(pid, &prio) != 0)
        return -1;
    *interval = (struct timespec){.tv_nsec = SLICE_NS};
    return 0;
}
