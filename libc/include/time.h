/* SPDX-License-Identifier: MIT
 * picolibc's <time.h>, and the clocks that it declares for some systems only.
 */
#ifndef PAGODA_TIME_H
#define PAGODA_TIME_H

#include_next <time.h>
#include <sys/timespec.h>

#ifndef CLOCK_REALTIME
#define CLOCK_REALTIME ((clockid_t)1)
#endif
#ifndef CLOCK_MONOTONIC
#define CLOCK_MONOTONIC ((clockid_t)4)
#endif

#ifndef CLOCK_PROCESS_CPUTIME_ID
#define CLOCK_PROCESS_CPUTIME_ID ((clockid_t)2) /* a nanosecond for each instruction of the process's threads */
#endif

#ifndef CLOCK_THREAD_CPUTIME_ID
#define CLOCK_THREAD_CPUTIME_ID ((clockid_t)3) /* and of the calling thread alone */
#endif

struct timespec;
int clock_gettime(clockid_t clock, struct timespec *ts);
int clock_getres(clockid_t clock, struct timespec *ts);
int clock_settime(clockid_t clock, const struct timespec *ts);
int nanosleep(const struct timespec *want, struct timespec *left);
struct sigevent;
struct itimerspec;
int timer_create(clockid_t clock, struct sigevent *__restrict event, timer_t *__restrict timer); /* SIGEV_THREAD: of real time only */
int timer_delete(timer_t timer);
int timer_settime(timer_t timer, int flags, const struct itimerspec *__restrict value, struct itimerspec *__restrict old);
int timer_gettime(timer_t timer, struct itimerspec *value);
int timer_getoverrun(timer_t timer);

#ifndef TIMER_ABSTIME
#define TIMER_ABSTIME 4
#endif
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *want, struct timespec *left); /* -> an error number */
int clock_getcpuclockid(pid_t pid, clockid_t *clock); /* -> an error number */

#endif
