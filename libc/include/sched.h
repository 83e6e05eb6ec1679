/* SPDX-License-Identifier: MIT
 * picolibc's <sched.h>, and the call that it declares for some systems only.
 */
#ifndef PAGODA_SCHED_H
#define PAGODA_SCHED_H

#include_next <sched.h>

/* SCHED_OTHER (0) and SCHED_RR (1 to 199, the highest); SCHED_FIFO is EINVAL. pid 0: the caller's process. */
struct timespec;
int sched_setparam(pid_t pid, const struct sched_param *param);
int sched_getparam(pid_t pid, struct sched_param *param);
int sched_setscheduler(pid_t pid, int policy, const struct sched_param *param); /* -> the policy before */
int sched_getscheduler(pid_t pid);
int sched_get_priority_max(int policy);
int sched_get_priority_min(int policy);
int sched_rr_get_interval(pid_t pid, struct timespec *interval);
int sched_yield(void);

#endif
