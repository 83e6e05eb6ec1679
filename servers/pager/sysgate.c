/* SPDX-License-Identifier: MIT
 * The counters behind sysgate.h, and the pager's suicide on demand. Volatile: a restarted pager is not armed.
 */
#include "sysgate.h"

struct sysgate sysgate;

#ifndef PAGODA_BENCH
void gate_die(void)
{
    __builtin_trap();
}
#endif
