/* SPDX-License-Identifier: MIT
 * Runs hooks of policies, ends them, and is all that policies can call. Must never trust what a policy passes.
 */
#include "guard.h"

#include <setjmp.h>

#include "check.h"
#include "evict.h"
#include "ledger.h"
#include "replace.h"

static struct {
    jmp_buf way_out;
    uint32_t left;   /* basic blocks */
    uint32_t domain; /* whose pages may be touched */
    unsigned line;
    bool inside;
} guard;

static uint32_t random_state = 0x9e3779b9u; /* any but 0 */

/* The mark that outlives a crash: 0, or the policy that runs. volatile: it must stand there when the policy begins. */
static inline void mark(uint32_t number)
{
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    *(volatile uint32_t *)&ledger.header->in_policy = number;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static uint32_t run(const struct policy *p, void *head, enum policy_hook hook, uint32_t page)
{
    switch (hook) {
    case HOOK_INIT: p->init(head); return 0;
    case HOOK_PAGE_IN: p->page_in(head, page); return 0;
    case HOOK_PAGE_OUT: p->page_out(head, page); return 0;
    case HOOK_VICTIM: return p->victim(head);
    default: return p->next(head, page);
    }
}

enum guard_end guard_call(const struct guard_ask *ask, enum policy_hook hook, uint32_t page, uint32_t *result)
{
    check(!guard.inside);
    guard.left = ask->budget;
    guard.domain = ask->domain;
    ledger.header->in_hook = hook;
    mark(ask->number);
    guard.inside = true;
    enum guard_end end = (enum guard_end)setjmp(guard.way_out);
    if (end == GUARD_RETURNED)
        *result = run(ask->policy, ask->head, hook, page);
    guard.inside = false;
    mark(0);
    return end;
}

unsigned guard_line(void) { return guard.line; }

static void __attribute__((noreturn)) leave(enum guard_end end)
{
    check(guard.inside);
    longjmp(guard.way_out, (int)end);
}

void __sanitizer_cov_trace_pc(void)
{
    if (unlikely(guard.left-- == 0) && guard.inside)
        leave(GUARD_BUDGET);
}

void policy_fail(unsigned line)
{
    guard.line = line;
    leave(GUARD_ASSERT);
}

void *policy_node(uint32_t page)
{
    _Static_assert((PLACE_KNOWN | 1) == PLACE_HANDED, "both may be touched");
    if (unlikely(page >= ledger.frames || (ledger.page_place[page] | 1u) != (guard.domain << PLACE_SHIFT | PLACE_HANDED)))
        leave(GUARD_PAGE);
    return &ledger.policy_node[page];
}

/* While the mechanism looks, the mark is off: a crash there would be ours. */
bool policy_accessed(uint32_t page)
{
    (void)policy_node(page);
    uint32_t number = ledger.header->in_policy;
    mark(0);
    bool accessed = evict_accessed(page);
    mark(number);
    return accessed;
}

/* xorshift32, Marsaglia, Journal of Statistical Software 8 (2003). */
uint32_t policy_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state;
}
