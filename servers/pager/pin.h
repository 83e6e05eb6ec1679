/* SPDX-License-Identifier: MIT
 * Pins: pages that are brought in, made the process's own, and stay. A range (REGION_LOCKED) is filled; of a whole process
 * (SPACE_F_PINNED) what it has stays, and what it touches later.
 */
#ifndef PAGER_PIN_H
#define PAGER_PIN_H

#include "ledger.h"

/* One step of OP_LOCK or OP_PIN. On an error a range is unlocked again, and a process no longer pinned. */
err_t pin_step(struct ledger_op *op);

#endif
