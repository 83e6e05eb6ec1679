/* SPDX-License-Identifier: MIT
 * Timers of a process: timer_create() and kin. The process manager keeps them; a timer's number is its own.
 */
#include "internal.h"
#include "signals.h"
#include "timer.h"

#include <errno.h>
#include <ipc/procmgr.h>
#include <time.h>

#define NS_PER_S 1000000000L

static int fail(int err)
{
    errno = err;
    return -1;
}

struct timer_threads __timer_threads;

static bool is_bad(const struct timespec *ts) { return ts->tv_sec < 0 || ts->tv_nsec < 0 || ts->tv_nsec >= NS_PER_S; }

static err_t ask(uint64_t what, timer_t timer, const uint64_t when[2], struct ipc_msg *m)
{
    *m = (struct ipc_msg){.w = {PROC_TIMER, what, (uint64_t)timer, when[0], when[1]}};
    return proc_call(H_PROC, m);
}

int timer_delete(timer_t timer)
{
    struct ipc_msg m;
    if (__timer_threads.drop != NULL)
        __timer_threads.drop(timer);
    return __error_set(ask(PROC_TIMER_DELETE, timer, (const uint64_t[2]){0, 0}, &m));
}

int timer_create(clockid_t clock, struct sigevent *restrict event, timer_t *restrict timer)
{
    static const struct sigevent plain = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
    const struct sigevent *e = event != NULL ? event : &plain;
    bool counts = clock == CLOCK_PROCESS_CPUTIME_ID, sends = e->sigev_notify == SIGEV_SIGNAL, calls = e->sigev_notify == SIGEV_THREAD;
    if ((counts && calls) || clock == CLOCK_THREAD_CPUTIME_ID)
        return fail(ENOTSUP);
    if ((!counts && clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) || (!sends && !calls && e->sigev_notify != SIGEV_NONE) ||
        (sends && (e->sigev_signo <= 0 || e->sigev_signo >= NSIG)))
        return fail(EINVAL);
    struct ipc_msg m = {.w = {PROC_TIMER, PROC_TIMER_MAKE, (uintptr_t)e->sigev_value.sival_ptr, sends ? (uint64_t)e->sigev_signo : 0,
                              counts ? PROC_CLOCK_CPU : PROC_CLOCK_REAL}};
    err_t err = proc_call(H_PROC, &m);
    if (err != OK)
        return __error_set(err);
    int error = calls ? __timer_thread_new((timer_t)m.w[1], e) : 0;
    if (error == 0)
        *timer = (timer_t)m.w[1];
    else
        (void)timer_delete((timer_t)m.w[1]);
    return error == 0 ? 0 : fail(error);
}

static uint64_t units_of(uint64_t clock, const struct timespec *ts) { return clock == PROC_CLOCK_CPU ? __timespec_ns(ts) : __timespec_ticks(ts); }
static uint64_t now_of(uint64_t clock) { return clock == PROC_CLOCK_CPU ? __cpu_ns() : sys_time(); }
static struct timespec timespec_of(uint64_t clock, uint64_t units) { return clock == PROC_CLOCK_CPU ? __ns_timespec(units) : __ticks_timespec(units); }

/* What an answer says of a timer. One that is due has a nanosecond left: 0 would mean that it is not armed. */
static struct itimerspec state_of(const struct ipc_msg *m)
{
    uint64_t clock = m->w[4], now = now_of(clock);
    struct itimerspec s = {.it_interval = timespec_of(clock, m->w[2])};
    if (m->w[1] != 0)
        s.it_value = timespec_of(clock, m->w[1] > now ? m->w[1] - now : 0);
    if (m->w[1] != 0 && s.it_value.tv_sec == 0 && s.it_value.tv_nsec == 0)
        s.it_value.tv_nsec = 1;
    return s;
}

int timer_gettime(timer_t timer, struct itimerspec *value)
{
    struct ipc_msg m;
    err_t err = ask(PROC_TIMER_ASK, timer, (const uint64_t[2]){0, 0}, &m);
    if (err == OK)
        *value = state_of(&m);
    return __error_set(err);
}

int timer_getoverrun(timer_t timer)
{
    struct ipc_msg m;
    err_t err = ask(PROC_TIMER_ASK, timer, (const uint64_t[2]){0, 0}, &m);
    return err == OK ? (int)m.w[3] : __error_set(err);
}

int timer_settime(timer_t timer, int flags, const struct itimerspec *restrict value, struct itimerspec *restrict old)
{
    struct ipc_msg m;
    bool stops = value->it_value.tv_sec == 0 && value->it_value.tv_nsec == 0;
    if (is_bad(&value->it_value) || (!stops && is_bad(&value->it_interval)) || (flags & ~TIMER_ABSTIME) != 0)
        return fail(EINVAL);
    err_t err = ask(PROC_TIMER_ASK, timer, (const uint64_t[2]){0, 0}, &m);
    if (err != OK)
        return __error_set(err);
    uint64_t clock = m.w[4], at = stops ? 0 : units_of(clock, &value->it_value);
    at += stops || flags & TIMER_ABSTIME ? 0 : now_of(clock);
    uint64_t every = stops ? 0 : units_of(clock, &value->it_interval);
    err = ask(PROC_TIMER_SET, timer, (const uint64_t[2]){at, every}, &m);
    if (err == OK && __timer_threads.set != NULL)
        __timer_threads.set(timer, at, every);
    if (err == OK && old != NULL)
        *old = state_of(&m);
    return __error_set(err);
}
