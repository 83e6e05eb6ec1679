/* SPDX-License-Identifier: MIT
 * Switches for tests (PAGER_DEBUG): failing allocations, dying at a system call, seeded damage.
 */
#ifndef PAGER_DEBUG_H
#define PAGER_DEBUG_H

#include <ipc/pager.h>

/* PAGER_DEBUG_BREAK: value = PAGER_BREAK_* | frame << 8; the same value again repairs the damage. */
err_t debug_set(unsigned which, uint64_t value, uint64_t *old);

#endif
