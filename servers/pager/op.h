/* SPDX-License-Identifier: MIT
 * Long operations: fork, clear, delete, and the page work of region changes. State machines of bounded steps with their
 * intent in the ledger; between steps the pager serves whatever comes. A space with a running operation is locked: requests
 * that would change it wait (defer.h).
 */
#ifndef PAGER_OP_H
#define PAGER_OP_H

#include <ipc/pager.h>

#include "ledger.h"

/* Internal result of a request whose space is locked by an operation: the event waits and is served again. */
#define ERR_DEFER 1

/* Find an operation that was asked for before with the same words, or begin it and take the first steps.
 * Returns its result, ERR_IN_PROGRESS, ERR_DEFER, ERR_EXIST (fork: the child is not empty) or ERR_AGAIN (no record free).
 * `reply`: for operations without a key, who is answered when it ends (only with ERR_IN_PROGRESS). */
err_t op_run(const struct ledger_op *want, reply_id_t reply);
/* PAGER_OP_RESULT. */
err_t op_result(uint64_t key, unsigned owner);

/* Whether a step waits to be taken; take one. */
extern uint32_t op_queue_len; /* op.c's; here so that a fault can look at it without a call */
static inline bool op_is_pending(void) { return op_queue_len > 0; }
void op_step(void);

/* The value that goes with the result of an operation without a key (BRK: the break), said before it begins, or by the last step. */
void op_set_value(uint64_t value);
void op_step_value(const struct ledger_op *op, uint64_t value);
uint64_t op_value(void); /* the latest: of an operation that op_run() has just ended */

/* Running operations again, from the ledger. */
void ops_build(void);
/* Tell everybody who registered that something may have ended. */
void op_notify_all(void);
/* Signal who registered with this badge class; 0: everybody. */
void op_notify(unsigned owner);

#endif
