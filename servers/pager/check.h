/* SPDX-License-Identifier: MIT
 * Assertions of the pager. A pager that finds itself wrong stops at once: init restarts it and the ledger is compared with the
 * tables, which is better than going on. Never for anything a client can cause.
 */
#ifndef PAGER_CHECK_H
#define PAGER_CHECK_H

#if defined(PAGODA_HOST)
#include <stdlib.h>
#define check(cond) ((cond) ? (void)0 : abort())
#elif defined(PAGODA_BENCH)
#define check(cond) ((void)sizeof(cond))
#else
#define check(cond) ((cond) ? (void)0 : __builtin_trap())
#endif

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#endif
