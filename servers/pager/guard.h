/* SPDX-License-Identifier: MIT
 * The fence around a policy: a hook is called with a budget, and comes back, or is ended when the budget is used up, an
 * assertion fails or it touches a page that is not its domain's. A wild store or jump takes the pager down; a mark in the
 * ledger says then in whose code that was.
 *
 * The budget counts basic blocks: policies are compiled with -fsanitize-coverage=trace-pc, which puts a call at the beginning
 * of each. No timer, so a policy is ended at the same place each time.
 */
#ifndef PAGER_GUARD_H
#define PAGER_GUARD_H

#include "policy/policy.h"

enum guard_end {
    GUARD_RETURNED = 0,
    GUARD_BUDGET = 1,
    GUARD_ASSERT = 2,
    GUARD_PAGE = 3, /* policy_node() or policy_accessed() of a page of another domain, or of none */
};

enum policy_hook { HOOK_INIT = 1, HOOK_PAGE_IN, HOOK_PAGE_OUT, HOOK_VICTIM, HOOK_NEXT };

struct guard_ask {
    const struct policy *policy;
    uint32_t number; /* of the policy, for the mark */
    uint32_t domain;
    void *head;
    uint32_t budget; /* basic blocks */
};

/* Call a hook. *result: what VICTIM and NEXT return. */
enum guard_end guard_call(const struct guard_ask *ask, enum policy_hook hook, uint32_t page, uint32_t *result);
/* Where the last GUARD_ASSERT was, a line of the policy's file. */
unsigned guard_line(void);
/* The compiler's call at each basic block of a policy. */
void __sanitizer_cov_trace_pc(void);

#endif
