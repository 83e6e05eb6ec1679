/* SPDX-License-Identifier: MIT
 * Time since boot from the `time` CSR, and sleeping on the thread's own notification. There is no calendar clock: the
 * epoch of CLOCK_REALTIME is the machine's start.
 */
#include "cancel.h"
#include "internal.h"
#include "signals.h"

#include <errno.h>
#include <ipc/init.h>
#include <ipc/procmgr.h>
#include <ipc/regs.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000u
#define TIMEBASE_DEFAULT_HZ 10000000u /* QEMU virt, should init not answer */

static _Atomic uint64_t timebase_hz;

static uint64_t timebase(void)
{
    uint64_t hz = atomic_load(&timebase_hz);
    if (hz == 0) {
        struct ipc_msg m = {.w = {INIT_SETTING, SETTING_TIMEBASE}};
        hz = ipc_call(H_INIT, &m) == OK && m.w[1] > 0 ? m.w[1] : TIMEBASE_DEFAULT_HZ;
        atomic_store(&timebase_hz, hz);
    }
    return hz;
}

struct timespec __ticks_timespec(uint64_t ticks)
{
    uint64_t hz = timebase();
    return (struct timespec){.tv_sec = (time_t)(ticks / hz), .tv_nsec = (long)(ticks % hz * NS_PER_S / hz)};
}

/* Rounded up: never sleep too little. Saturates at "for ever". */
uint64_t __timespec_ticks(const struct timespec *ts)
{
    uint64_t hz = timebase();
    if ((uint64_t)ts->tv_sec >= DEADLINE_NONE / hz / 2)
        return DEADLINE_NONE / 2;
    return (uint64_t)ts->tv_sec * hz + ((uint64_t)ts->tv_nsec * hz + NS_PER_S - 1) / NS_PER_S;
}

uint64_t __timespec_ns(const struct timespec *ts)
{
    return (uint64_t)ts->tv_sec >= UINT64_MAX / NS_PER_S / 2 ? UINT64_MAX / 2 : (uint64_t)ts->tv_sec * NS_PER_S + (uint64_t)ts->tv_nsec;
}

struct timespec __ns_timespec(uint64_t ns) { return (struct timespec){.tv_sec = (time_t)(ns / NS_PER_S), .tv_nsec = (long)(ns % NS_PER_S)}; }

/* Of the process `pid`, 0: the caller's; thread: 0 all of it, or one as PROC_TIMES has it. */
static err_t used_get(uint64_t pid, uint64_t thread, struct timespec *ts)
{
    struct ipc_msg m = {.w = {PROC_TIMES, pid, thread}};
    err_t err = proc_call(H_PROC, &m);
    if (err == OK)
        *ts = __ns_timespec(m.w[1]);
    return err;
}

uint64_t __cpu_ns(void)
{
    struct timespec ts = {0};
    (void)used_get(0, 0, &ts);
    return __timespec_ns(&ts);
}

/* Another process's clock has a number of its own, and so has each thread's of this process. */
#define PID_CLOCK (1ul << 24)
static bool is_cpu_clock(clockid_t clock, uint64_t *pid, uint64_t *thread)
{
    unsigned long number = (unsigned long)clock, slot = number - __THREAD_CLOCK;
    bool others = number >= PID_CLOCK && number < __THREAD_CLOCK, threads = number >= __THREAD_CLOCK && slot < PROC_THREADS_MAX;
    *pid = others ? number - PID_CLOCK : 0;
    *thread = clock == CLOCK_THREAD_CPUTIME_ID ? PROC_TIMES_SELF : threads ? 1 + slot : 0;
    return clock == CLOCK_PROCESS_CPUTIME_ID || *thread != 0 || *pid != 0;
}

int clock_getcpuclockid(pid_t pid, clockid_t *clock)
{
    struct timespec unused;
    if (pid < 0 || used_get((uint64_t)pid, 0, &unused) != OK)
        return ESRCH;
    *clock = pid == 0 ? CLOCK_PROCESS_CPUTIME_ID : (clockid_t)(PID_CLOCK + (unsigned long)pid);
    return 0;
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
    uint64_t pid, thread;
    if (is_cpu_clock(clock, &pid, &thread)) {
        err_t err = used_get(pid, thread, ts);
        return __error_set(err == ERR_NOENT ? ERR_INVAL : err);
    }
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) {
        errno = EINVAL;
        return -1;
    }
    *ts = __ticks_timespec(sys_time());
    return 0;
}

int clock_getres(clockid_t clock, struct timespec *ts)
{
    uint64_t pid, thread;
    bool counts = is_cpu_clock(clock, &pid, &thread);
    if (counts && ts != NULL)
        *ts = (struct timespec){.tv_nsec = 1};
    if (counts)
        return 0;
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) {
        errno = EINVAL;
        return -1;
    }
    if (ts != NULL)
        *ts = __ticks_timespec(1);
    return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
    (void)zone;
    struct timespec ts = __ticks_timespec(sys_time());
    *tv = (struct timeval){.tv_sec = ts.tv_sec, .tv_usec = ts.tv_nsec / 1000};
    return 0;
}

/* There is no calendar clock to set, and nobody may turn back the other one. */
int clock_settime(clockid_t clock, const struct timespec *ts)
{
    bool valid = clock == CLOCK_REALTIME && ts->tv_sec >= 0 && ts->tv_nsec >= 0 && ts->tv_nsec < (long)NS_PER_S;
    errno = valid ? EPERM : EINVAL;
    return -1;
}

static err_t wait_once(ticks_t deadline)
{
    struct ipc_regs x = {.t2 = deadline};
    __cancel_begin();
    err_t err = (err_t)ipc_raw_waiting(SYS_WAIT | IPC_F_DEADLINE << 8, 0, &x);
    __cancel_end(err);
    return err;
}

static err_t sleep_until(ticks_t deadline)
{
    err_t err = OK;
    __stderr_push();
    unsigned runs = __signal_runs;
    /* bound: the deadline. A stray signal to the thread's notification is not for us; ERR_CANCELLED without a handler: stopped and
     * continued */
    while (err == OK || (err == ERR_CANCELLED && __signal_runs == runs))
        err = wait_once(deadline);
    return err == ERR_TIMEOUT ? OK : err;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *want, struct timespec *left)
{
    if ((clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC) || (flags & ~TIMER_ABSTIME) != 0)
        return EINVAL;
    bool absolute = flags & TIMER_ABSTIME;
    if (want->tv_nsec < 0 || want->tv_nsec >= (long)NS_PER_S || (want->tv_sec < 0 && !absolute))
        return EINVAL;
    if (want->tv_sec < 0)
        return 0; /* long past */
    ticks_t deadline = __timespec_ticks(want) + (absolute ? 0 : sys_time());
    err_t err = sleep_until(deadline);
    ticks_t now = sys_time();
    if (err != OK && left != NULL && !absolute)
        *left = __ticks_timespec(deadline > now ? deadline - now : 0);
    return __error_errno(err);
}

int nanosleep(const struct timespec *want, struct timespec *left)
{
    int err = clock_nanosleep(CLOCK_REALTIME, 0, want, left);
    if (err == 0)
        return 0;
    errno = err;
    return -1;
}

unsigned sleep(unsigned seconds)
{
    struct timespec want = {.tv_sec = (time_t)seconds}, left = {0};
    return nanosleep(&want, &left) == 0 ? 0 : (unsigned)left.tv_sec + (left.tv_nsec > 0);
}

int usleep(useconds_t us)
{
    struct timespec want = {.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000};
    return nanosleep(&want, NULL);
}

int sched_yield(void)
{
    sys_yield();
    return 0;
}
