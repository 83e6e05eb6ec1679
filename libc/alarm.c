/* SPDX-License-Identifier: MIT
 * alarm and the interval timer of real time: the process manager keeps them. There are no timers of processor time.
 */
#include "internal.h"

#include <errno.h>
#include <ipc/procmgr.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define ASK (~0UL)
#define US_PER_S 1000000

static err_t ask(ticks_t at, ticks_t every, ticks_t old[2])
{
    struct ipc_msg m = {.w = {PROC_ALARM, at, every}};
    err_t err = proc_call(H_PROC, &m);
    old[0] = m.w[1];
    old[1] = m.w[2];
    return err;
}

static ticks_t ticks_of(const struct timeval *tv)
{
    struct timespec ts = {.tv_sec = tv->tv_sec, .tv_nsec = tv->tv_usec * 1000L};
    return __timespec_ticks(&ts);
}

static struct timeval timeval_of(ticks_t ticks)
{
    struct timespec ts = __ticks_timespec(ticks);
    return (struct timeval){.tv_sec = ts.tv_sec, .tv_usec = ts.tv_nsec / 1000};
}

/* One that is due and not yet sent has a microsecond left: 0 would mean that there is none. */
static struct itimerval as_interval(const ticks_t state[2])
{
    ticks_t now = sys_time();
    struct itimerval v = {.it_interval = timeval_of(state[1])};
    if (state[0] != 0)
        v.it_value = timeval_of(state[0] > now ? state[0] - now : 0);
    if (state[0] != 0 && v.it_value.tv_sec == 0 && v.it_value.tv_usec == 0)
        v.it_value.tv_usec = 1;
    return v;
}

static bool is_bad(const struct timeval *tv) { return tv->tv_sec < 0 || tv->tv_usec < 0 || tv->tv_usec >= US_PER_S; }

int getitimer(int which, struct itimerval *value)
{
    ticks_t state[2];
    if (which != ITIMER_REAL) {
        errno = EINVAL;
        return -1;
    }
    err_t err = ask(ASK, 0, state);
    if (err == OK)
        *value = as_interval(state);
    return __error_set(err);
}

int setitimer(int which, const struct itimerval *restrict value, struct itimerval *restrict old)
{
    ticks_t state[2];
    if (which != ITIMER_REAL || is_bad(&value->it_value) || is_bad(&value->it_interval)) {
        errno = EINVAL;
        return -1;
    }
    ticks_t in = ticks_of(&value->it_value);
    err_t err = ask(in ? sys_time() + in : 0, in ? ticks_of(&value->it_interval) : 0, state);
    if (err == OK && old != NULL)
        *old = as_interval(state);
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
