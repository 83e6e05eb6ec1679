/* SPDX-License-Identifier: MIT
 * Misbehaves: proposes numbers that are no pages, pages of others, pages that left long ago, and none at all. Proves that
 * proposals are checked.
 */
#include "policy.h"

struct head {
    uint32_t turn, left; /* the page that left last */
};

static void init(void *head) { ((struct head *)head)->left = 0; }

static void page_in(void *head, uint32_t page) { (void)head, (void)page; }

static void page_out(void *head, uint32_t page) { ((struct head *)head)->left = page; }

static uint32_t victim(void *head)
{
    struct head *h = head;
    switch (h->turn++ % 5) {
    case 0: return h->left;
    case 1: return policy_random();
    case 2: return POLICY_NONE;
    case 3: return 0x7fffffff;
    default: return 0;
    }
}

static uint32_t next(void *head, uint32_t after)
{
    (void)head;
    return after + 1;
}

POLICY(nonsense, "for tests: proposes what is not there", .init = init, .page_in = page_in, .page_out = page_out,
       .victim = victim, .next = next);
