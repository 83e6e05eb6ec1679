/* SPDX-License-Identifier: MIT
 * picolibc's <sched.h>, and the call that it declares for some systems only.
 */
#ifndef PAGODA_SCHED_H
#define PAGODA_SCHED_H

#include_next <sched.h>

int sched_yield(void);

#endif
