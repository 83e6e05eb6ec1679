/* SPDX-License-Identifier: MIT
 * One step of a long operation. The record is the ledger's own: what a step writes there outlives the pager.
 */
#ifndef PAGER_STEP_H
#define PAGER_STEP_H

#include <abi/error.h>

#include "ledger.h"

#define STEP_MORE 1

/* Take a step: STEP_MORE, or the operation's result. */
err_t step_take(struct ledger_op *op);
/* The phase a new operation begins with. */
void step_begin(struct ledger_op *op);
/* The pager died meanwhile: a fork starts anew with an emptied child, unless it was failing; all others go on. */
void step_restart(struct ledger_op *op);

#endif
