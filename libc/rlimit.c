/* SPDX-License-Identifier: MIT
 * Limits: POSIX's names for what the process manager keeps. Memory is counted in frames there, tables and kernel objects included;
 * a limit that nobody keeps can be asked for, and set to what it is. Open files are the file server's.
 */
#include "internal.h"

#include <errno.h>
#include <ipc/fs.h>
#include <ipc/procmgr.h>
#include <sys/resource.h>

#define ASK (~0UL)

/* Which of the process manager's it is, 0: none; and how many of POSIX's units one of its own is. */
struct kept {
    uint64_t which, unit;
};
static struct kept kept_as(int which)
{
    switch (which) {
    case RLIMIT_DATA:
    case RLIMIT_RSS:
    case RLIMIT_AS: return (struct kept){PROC_LIMIT_FRAMES, PAGE_SIZE};
    case RLIMIT_STACK: return (struct kept){PROC_LIMIT_STACK, 1};
    case RLIMIT_NPROC: return (struct kept){PROC_LIMIT_PROCESSES, 1};
    default: return (struct kept){0, 0};
    }
}

/* What nobody keeps: the only value there is. False: no such limit. */
static bool fixed_value(int which, rlim_t *value)
{
    switch (which) {
    case RLIMIT_CPU:
    case RLIMIT_FSIZE: *value = RLIM_INFINITY; return true;
    case RLIMIT_CORE: *value = 0; return true;
    default: return false;
    }
}

static int fail(int err)
{
    errno = err;
    return -1;
}

static err_t ask(uint64_t which, uint64_t value, uint64_t *now)
{
    struct ipc_msg m = {.w = {PROC_LIMIT, which, value}};
    err_t err = proc_call(H_PROC, &m);
    *now = m.w[1];
    return err;
}

/* 0 is the process manager's word for "none" of those that can be without. */
static rlim_t from_units(uint64_t n, struct kept k)
{
    bool none = n == 0 || n > RLIM_INFINITY / k.unit;
    return none ? RLIM_INFINITY : n * k.unit;
}

static uint64_t to_units(rlim_t value, struct kept k)
{
    if (value == RLIM_INFINITY)
        return 0;
    if (k.which == PROC_LIMIT_STACK)
        return (value + PAGE_MASK) & ~(uint64_t)PAGE_MASK;
    return value < k.unit ? 1 : value / k.unit; /* never the word for "none" */
}

static err_t files(uint64_t soft, uint64_t hard, struct rlimit *now)
{
    struct ipc_msg m = {.w = {FS_LIMIT, soft, hard}};
    err_t err = __files_call(&m, NULL, 0);
    if (err == OK)
        *now = (struct rlimit){m.w[1], m.w[2]};
    return err;
}

int getrlimit(int which, struct rlimit *limit)
{
    if (which == RLIMIT_NOFILE)
        return __error_set(files(ASK, ASK, limit));
    struct kept k = kept_as(which);
    rlim_t fixed;
    if (k.which == 0) {
        if (!fixed_value(which, &fixed))
            return fail(EINVAL);
        *limit = (struct rlimit){fixed, fixed};
        return 0;
    }
    uint64_t soft, hard;
    err_t err = ask(k.which, ASK, &soft);
    if (err == OK)
        err = ask(k.which | PROC_LIMIT_HARD, ASK, &hard);
    if (err == OK)
        *limit = (struct rlimit){from_units(soft, k), from_units(hard, k)};
    return __error_set(err);
}

/* Raised: the hard one has to allow it. Lowered: the soft one first, since it may not be above. */
int setrlimit(int which, const struct rlimit *limit)
{
    struct kept k = kept_as(which);
    struct rlimit now;
    if (getrlimit(which, &now) != 0)
        return -1;
    if (limit->rlim_cur > limit->rlim_max)
        return fail(EINVAL);
    if (limit->rlim_max > now.rlim_max)
        return fail(EPERM);
    if (which == RLIMIT_NOFILE)
        return __error_set(files(limit->rlim_cur, limit->rlim_max, &now));
    if (k.which == 0)
        return limit->rlim_cur == now.rlim_cur && limit->rlim_max == now.rlim_max ? 0 : fail(EINVAL);
    uint64_t unused;
    err_t err = limit->rlim_cur == now.rlim_cur ? OK : ask(k.which, to_units(limit->rlim_cur, k), &unused);
    if (err == OK && limit->rlim_max != now.rlim_max)
        err = ask(k.which | PROC_LIMIT_HARD, to_units(limit->rlim_max, k), &unused);
    return __error_set(err);
}
