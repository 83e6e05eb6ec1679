/* SPDX-License-Identifier: MIT
 * Time used: the kernel counts the instructions of each thread, and one counts as a nanosecond. What servers do for a process is
 * not counted, so there is no system time.
 */
#include "internal.h"

#include <errno.h>
#include <ipc/pager.h>
#include <ipc/procmgr.h>
#include <sys/resource.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000u
#define NS_PER_TICK (NS_PER_S / CLOCKS_PER_SEC)

static err_t ask(uint64_t *own, uint64_t *children)
{
    struct ipc_msg m = {.w = {PROC_TIMES}};
    err_t err = proc_call(H_PROC, &m);
    *own = m.w[1];
    *children = m.w[2];
    return err;
}

static struct timeval timeval_of(uint64_t ns)
{
    return (struct timeval){.tv_sec = (time_t)(ns / NS_PER_S), .tv_usec = (long)(ns % NS_PER_S / 1000)};
}

static void fill_memory(struct rusage *use)
{
    struct ipc_msg m = {.w = {PAGER_STAT, PAGER_STAT_SPACE, 0}};
    if (pager_call(H_PAGER, &m) != OK)
        return;
    use->ru_maxrss = (long)(m.w[1] * (PAGE_SIZE / 1024));
    use->ru_minflt = (long)m.w[6];
}

int getrusage(int who, struct rusage *use)
{
    uint64_t own, children;
    if (who != RUSAGE_SELF && who != RUSAGE_CHILDREN) {
        errno = EINVAL;
        return -1;
    }
    err_t err = ask(&own, &children);
    if (err != OK)
        return __error_set(err);
    *use = (struct rusage){.ru_utime = timeval_of(who == RUSAGE_SELF ? own : children)};
    if (who == RUSAGE_SELF)
        fill_memory(use);
    return 0;
}

clock_t times(struct tms *t)
{
    uint64_t own, children;
    struct timespec now;
    err_t err = ask(&own, &children);
    if (err != OK)
        return (clock_t)__error_set(err);
    *t = (struct tms){.tms_utime = (clock_t)(own / NS_PER_TICK), .tms_cutime = (clock_t)(children / NS_PER_TICK)};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (clock_t)((uint64_t)now.tv_sec * CLOCKS_PER_SEC + (uint64_t)now.tv_nsec / NS_PER_TICK);
}
