/* SPDX-License-Identifier: MIT
 * How often handlers ran in this thread (signals.h). By itself, so that programs without handlers have this and no more.
 */
#include "cancel.h"
#include "internal.h"
#include "signals.h"

_Thread_local unsigned __signal_runs, __signal_breaks;
void (*__park_after_handler)(void);
struct cancel_hooks __cancel_hooks;
_Thread_local unsigned __cancel_held;
