/* SPDX-License-Identifier: MIT
 * Misbehaves: looks at pages that are not its domain's. Proves that it never sees another domain's state.
 */
#include "policy.h"

struct head {
    struct policy_list queue;
};

static void init(void *head) { policy_list_init(&((struct head *)head)->queue); }

static void page_in(void *head, uint32_t page) { policy_list_append(&((struct head *)head)->queue, page); }

static void page_out(void *head, uint32_t page) { policy_list_remove(&((struct head *)head)->queue, page); }

static uint32_t victim(void *head)
{
    (void)head;
    uint32_t *other = policy_node(0); /* firmware: nobody's */
    *other = 1;
    return policy_accessed(0) ? POLICY_NONE : 0;
}

static uint32_t next(void *head, uint32_t after)
{
    return after == POLICY_NONE ? ((struct head *)head)->queue.first : policy_list_next(after);
}

POLICY(stranger, "for tests: touches pages of others", .init = init, .page_in = page_in, .page_out = page_out,
       .victim = victim, .next = next);
