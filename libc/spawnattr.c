/* SPDX-License-Identifier: MIT
 * Attributes of posix_spawn: group, mask, dispositions. The forked child gives them to itself before it becomes the program.
 */
#include "spawnattr.h"

#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define FLAGS_KNOWN (POSIX_SPAWN_RESETIDS | POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSCHEDPARAM | POSIX_SPAWN_SETSCHEDULER | \
                     POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)

struct __posix_spawnattr {
    short flags;
    pid_t group;
    sigset_t defaults, mask;
    int policy;
    struct sched_param param;
};

int posix_spawnattr_init(posix_spawnattr_t *a)
{
    *a = calloc(1, sizeof **a);
    return *a == NULL ? ENOMEM : 0;
}

int posix_spawnattr_destroy(posix_spawnattr_t *a)
{
    free(*a);
    *a = NULL;
    return 0;
}

int posix_spawnattr_setflags(posix_spawnattr_t *a, short flags)
{
    if (flags & ~FLAGS_KNOWN)
        return EINVAL;
    (*a)->flags = flags;
    return 0;
}

#define FIELD(name, type, field) \
    int posix_spawnattr_get##name(const posix_spawnattr_t *restrict a, type *restrict out) \
    { \
        *out = (*a)->field; \
        return 0; \
    }
FIELD(flags, short, flags)
FIELD(pgroup, pid_t, group)
FIELD(sigdefault, sigset_t, defaults)
FIELD(sigmask, sigset_t, mask)
FIELD(schedpolicy, int, policy)
FIELD(schedparam, struct sched_param, param)

int posix_spawnattr_setpgroup(posix_spawnattr_t *a, pid_t group)
{
    (*a)->group = group;
    return 0;
}

int posix_spawnattr_setsigdefault(posix_spawnattr_t *restrict a, const sigset_t *restrict set)
{
    (*a)->defaults = *set;
    return 0;
}

int posix_spawnattr_setsigmask(posix_spawnattr_t *restrict a, const sigset_t *restrict set)
{
    (*a)->mask = *set;
    return 0;
}

int posix_spawnattr_setschedpolicy(posix_spawnattr_t *a, int policy)
{
    (*a)->policy = policy;
    return 0;
}

int posix_spawnattr_setschedparam(posix_spawnattr_t *restrict a, const struct sched_param *restrict param)
{
    (*a)->param = *param;
    return 0;
}

bool __spawnattr_any(const posix_spawnattr_t *a) { return a != NULL && *a != NULL && (*a)->flags & ~POSIX_SPAWN_RESETIDS; }

static int set_scheduling(const struct __posix_spawnattr *a)
{
    if (a->flags & POSIX_SPAWN_SETSCHEDULER)
        return sched_setscheduler(0, a->policy, &a->param) < 0 ? errno : 0;
    if (a->flags & POSIX_SPAWN_SETSCHEDPARAM)
        return sched_setparam(0, &a->param) < 0 ? errno : 0;
    return 0;
}

int __spawnattr_perform(const posix_spawnattr_t *attr)
{
    const struct __posix_spawnattr *a = *attr;
    if (a->flags & POSIX_SPAWN_SETPGROUP && setpgid(0, a->group) != 0)
        return errno;
    for (int sig = 1; sig < NSIG && a->flags & POSIX_SPAWN_SETSIGDEF; sig++)
        if (a->defaults >> sig & 1 && sig != SIGKILL && sig != SIGSTOP && signal(sig, SIG_DFL) == SIG_ERR)
            return errno;
    int error = set_scheduling(a);
    if (error == 0 && a->flags & POSIX_SPAWN_SETSIGMASK)
        error = pthread_sigmask(SIG_SETMASK, &a->mask, NULL);
    return error;
}
