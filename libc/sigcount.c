/* SPDX-License-Identifier: MIT
 * How often handlers ran in this thread (signals.h). By itself, so that programs without handlers have this and no more.
 */
#include "internal.h"
#include "signals.h"

_Thread_local unsigned __signal_runs, __signal_breaks;
void (*__park_after_handler)(void);
