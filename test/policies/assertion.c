/* SPDX-License-Identifier: MIT
 * Misbehaves: an assertion that does not hold for every page. Proves that it ends the policy and not the pager.
 */
#include "policy.h"

#define GOOD_PAGES 50u

struct head {
    struct policy_list queue;
    uint32_t outs;
};

static void init(void *head) { policy_list_init(&((struct head *)head)->queue); }

static void page_in(void *head, uint32_t page) { policy_list_append(&((struct head *)head)->queue, page); }

static void page_out(void *head, uint32_t page)
{
    struct head *h = head;
    policy_list_remove(&h->queue, page);
    assert(++h->outs <= GOOD_PAGES);
}

static uint32_t victim(void *head) { return ((struct head *)head)->queue.first; }

static uint32_t next(void *head, uint32_t after)
{
    return after == POLICY_NONE ? ((struct head *)head)->queue.first : policy_list_next(after);
}

POLICY(assertion, "for tests: fails an assertion at its fifty-first page that leaves", .init = init, .page_in = page_in,
       .page_out = page_out, .victim = victim, .next = next);
