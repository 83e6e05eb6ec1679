/* SPDX-License-Identifier: MIT
 * Priorities and processor time of threads as POSIX says them. A thread has the process's priority (SCHED_OTHER, 0) or one of its own (SCHED_RR, 1 to
 * 199). There is no SCHED_FIFO: the kernel lets threads of one priority take turns.
 */
#include "internal.h"
#include "mutex.h"

#include <errno.h>
#include <ipc/procmgr.h>
#include <pthread.h>

/* What the pair comes to: 0 the process's priority, else the thread's own. */
static int prio_of(int policy, int prio, unsigned *out)
{
    if (policy == SCHED_FIFO)
        return ENOTSUP;
    if (policy != SCHED_OTHER && policy != SCHED_RR)
        return EINVAL;
    if (policy == SCHED_OTHER ? prio != 0 : prio < 1 || prio > PRIO_MAX)
        return EINVAL;
    *out = (unsigned)prio;
    return 0;
}

/* value: ~0 to ask. */
static int ask(pthread_t t, uint64_t value, unsigned *own)
{
    if (t == NULL)
        return ESRCH;
    uint64_t slot = t == pthread_self() ? ~0UL : __thread_slot(t);
    struct ipc_msg m = {.w = {PROC_THREAD_PRIO, slot, PROC_PRIO_OWN, value}};
    err_t err = proc_call(H_PROC, &m);
    *own = (unsigned)m.w[1];
    return err == OK ? 0 : err == ERR_NOENT ? ESRCH : __error_errno(err);
}

int pthread_setschedparam(pthread_t t, int policy, const struct sched_param *param)
{
    unsigned prio, own;
    int err = prio_of(policy, param->sched_priority, &prio);
    return err != 0 ? err : ask(t, prio, &own);
}

int pthread_getschedparam(pthread_t t, int *restrict policy, struct sched_param *restrict param)
{
    unsigned own;
    int err = ask(t, ~0UL, &own);
    if (err != 0)
        return err;
    *policy = own == 0 ? SCHED_OTHER : SCHED_RR;
    param->sched_priority = (int)own;
    return 0;
}

int pthread_setschedprio(pthread_t t, int prio)
{
    unsigned own;
    int err = ask(t, ~0UL, &own);
    if (err != 0)
        return err;
    if (own == 0 ? prio != 0 : prio < 1 || prio > PRIO_MAX)
        return EINVAL;
    return ask(t, (unsigned)prio, &own);
}

int pthread_getcpuclockid(pthread_t t, clockid_t *clock)
{
    unsigned own;
    int err = ask(t, ~0UL, &own); /* whether it is still there */
    if (err == 0) /* the calling thread's number may not be noted yet */
        *clock = (clockid_t)(__THREAD_CLOCK + (t == pthread_self() ? __thread_own_slot() : __thread_slot(t)));
    return err;
}

/* ---- attributes; whether policy and priority go together is seen at pthread_create() ---- */

int __attr_prio(const pthread_attr_t *a, unsigned *prio)
{
    *prio = THREAD_PRIO_INHERITED;
    return a->__inherit == PTHREAD_EXPLICIT_SCHED ? prio_of(a->__policy, a->__prio, prio) : 0;
}

int pthread_attr_setinheritsched(pthread_attr_t *a, int inherit)
{
    if (inherit != PTHREAD_INHERIT_SCHED && inherit != PTHREAD_EXPLICIT_SCHED)
        return EINVAL;
    a->__inherit = inherit;
    return 0;
}
int pthread_attr_getinheritsched(const pthread_attr_t *restrict a, int *restrict inherit)
{
    *inherit = a->__inherit;
    return 0;
}
int pthread_attr_setschedpolicy(pthread_attr_t *a, int policy)
{
    if (policy == SCHED_FIFO)
        return ENOTSUP;
    if (policy != SCHED_OTHER && policy != SCHED_RR)
        return EINVAL;
    a->__policy = policy;
    return 0;
}
int pthread_attr_getschedpolicy(const pthread_attr_t *restrict a, int *restrict policy)
{
    *policy = a->__policy;
    return 0;
}
int pthread_attr_setschedparam(pthread_attr_t *restrict a, const struct sched_param *restrict param)
{
    if (param->sched_priority < 0 || param->sched_priority > PRIO_MAX)
        return EINVAL;
    a->__prio = param->sched_priority;
    return 0;
}
int pthread_attr_getschedparam(const pthread_attr_t *restrict a, struct sched_param *restrict param)
{
    param->sched_priority = a->__prio;
    return 0;
}
