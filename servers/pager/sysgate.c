/* SPDX-License-Identifier: MIT
 * The counters behind sysgate.h, and the pager's suicide on demand. Volatile: a restarted pager is not armed.
 */
#include "sysgate.h"

#include "boot.h"

struct sysgate sysgate;

#ifndef PAGODA_BENCH
void gate_die(void)
{
#ifdef __riscv
    register uint64_t a0 __asm__("a0") = PAGER_DIED_ON_REQUEST;
    __asm__ volatile("ebreak" : : "r"(a0));
#endif
    __builtin_trap();
}
#endif
