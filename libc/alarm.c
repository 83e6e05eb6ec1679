/* SPDX-License-Identifier: MIT
 * alarm and the interval timers: the process manager keeps them. Those of processor time count what TIMES counts; none of it is the
 * system's, so the virtual one and the profiling one run alike.
 */
#include "internal.h"

#include <errno.h>
#include <ipc/procmgr.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define ASK (~0UL)
#define US_PER_S 1000000

_Static_assert(ITIMER_REAL == PROC_ALARM_REAL && ITIMER_VIRTUAL == PROC_ALARM_VIRTUAL && ITIMER_PROF == PROC_ALARM_PROF, "the protocol's numbers");

/* In ticks since the machine's start, or in nanoseconds of processor time. */
static err_t ask(int which, uint64_t at, uint64_t every, uint64_t old[2])
{
    struct ipc_msg m = {.w = {PROC_ALARM, at, every, (uint64_t)which}};
    err_t err = proc_call(H_PROC, &m);
    old[0] = m.w[1];
    old[1] = m.w[2];
    return err;
}

static uint64_t units_of(int which, const struct timeval *tv)
{
    struct timespec ts = {.tv_sec = tv->tv_sec, .tv_nsec = tv->tv_usec * 1000L};
    return which == ITIMER_REAL ? __timespec_ticks(&ts) : __timespec_ns(&ts);
}

static struct timeval timeval_of(int which, uint64_t units)
{
    struct timespec ts = which == ITIMER_REAL ? __ticks_timespec(units) : __ns_timespec(units);
    return (struct timeval){.tv_sec = ts.tv_sec, .tv_usec = ts.tv_nsec / 1000};
}

static uint64_t now_of(int which) { return which == ITIMER_REAL ? sys_time() : __cpu_ns(); }

/* One that is due and not yet sent has a microsecond left: 0 would mean that there is none. */
static struct itimerval as_interval(int which, const uint64_t state[2])
{
    uint64_t now = now_of(which);
    struct itimerval v = {.it_interval = timeval_of(which, state[1])};
    if (state[0] != 0)
        v.it_value = timeval_of(which, state[0] > now ? state[0] - now : 0);
    if (state[0] != 0 && v.it_value.tv_sec == 0 && v.it_value.tv_usec == 0)
        v.it_value.tv_usec = 1;
    return v;
}

static bool is_timer(int which) { return which == ITIMER_REAL || which == ITIMER_VIRTUAL || which == ITIMER_PROF; }
static bool is_bad(const struct timeval *tv) { return tv->tv_sec < 0 || tv->tv_usec < 0 || tv->tv_usec >= US_PER_S; }

int getitimer(int which, struct itimerval *value)
{
    uint64_t state[2];
    if (!is_timer(which)) {
        errno = EINVAL;
        return -1;
    }
    err_t err = ask(which, ASK, 0, state);
    if (err == OK)
        *value = as_interval(which, state);
    return __error_set(err);
}

int setitimer(int which, const struct itimerval *restrict value, struct itimerval *restrict old)
{
    uint64_t state[2];
    if (!is_timer(which) || is_bad(&value->it_value) || is_bad(&value->it_interval)) {
        errno = EINVAL;
        return -1;
    }
    uint64_t in = units_of(which, &value->it_value);
    err_t err = ask(which, in ? now_of(which) + in : 0, in ? units_of(which, &value->it_interval) : 0, state);
    if (err == OK && old != NULL)
        *old = as_interval(which, state);
    return __error_set(err);
}

unsigned alarm(unsigned seconds)
{
    struct itimerval new = {.it_value.tv_sec = (time_t)seconds}, old = {0};
    if (setitimer(ITIMER_REAL, &new, &old) != 0)
        return 0;
    unsigned left = (unsigned)old.it_value.tv_sec + (old.it_value.tv_usec >= US_PER_S / 2);
    return left == 0 && old.it_value.tv_usec > 0 ? 1 : left;
}

useconds_t ualarm(useconds_t first, useconds_t every)
{
    struct itimerval new = {.it_value = {.tv_sec = (time_t)(first / US_PER_S), .tv_usec = (long)(first % US_PER_S)},
                            .it_interval = {.tv_sec = (time_t)(every / US_PER_S), .tv_usec = (long)(every % US_PER_S)}};
    struct itimerval old = {0};
    if (setitimer(ITIMER_REAL, &new, &old) != 0)
        return 0;
    return (useconds_t)(old.it_value.tv_sec * US_PER_S + old.it_value.tv_usec);
}
