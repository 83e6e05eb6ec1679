/* SPDX-License-Identifier: MIT
 * nice values: -20 to 19 are the priorities 120 to 81 of the system's one scale. What has been given a higher or a lower one
 * otherwise has the nearest value.
 */
#include "internal.h"

#include <errno.h>
#include <ipc/procmgr.h>
#include <sys/resource.h>
#include <unistd.h>

#define NICE_MIN (-20)
#define NICE_MAX 19
#define PRIO_NICE_0 100

static int fail(int err)
{
    errno = err;
    return -1;
}

static int prio_get(pid_t pid)
{
    if (pid < 0)
        return fail(ESRCH);
    if (pid == 0)
        pid = getpid();
    struct ipc_msg m = {.w = {PROC_INFO, (uint64_t)pid}};
    if (proc_call(H_PROC, &m) != OK || m.w[1] != (uint64_t)pid)
        return fail(ESRCH);
    return (int)m.w[6];
}

static int clamp(int nice) { return nice < NICE_MIN ? NICE_MIN : nice > NICE_MAX ? NICE_MAX : nice; }

int getpriority(int which, id_t who)
{
    if (which != PRIO_PROCESS)
        return fail(EINVAL);
    int prio = prio_get((pid_t)who);
    return prio < 0 ? -1 : clamp(PRIO_NICE_0 - prio);
}

int setpriority(int which, id_t who, int value)
{
    if (which != PRIO_PROCESS)
        return fail(EINVAL);
    struct ipc_msg m = {.w = {PROC_PRIO, (uint64_t)who, (uint64_t)(PRIO_NICE_0 - clamp(value))}};
    err_t err = proc_call(H_PROC, &m);
    return err == ERR_NOENT ? fail(ESRCH) : __error_set(err);
}

int nice(int more)
{
    errno = 0;
    int now = getpriority(PRIO_PROCESS, 0);
    if (now == -1 && errno != 0)
        return -1;
    int wanted = more > NICE_MAX - NICE_MIN ? NICE_MAX : more < NICE_MIN - NICE_MAX ? NICE_MIN : clamp(now + more);
    return setpriority(PRIO_PROCESS, 0, wanted) == 0 ? wanted : -1;
}
