/* SPDX-License-Identifier: MIT
 * Clock, or second chance: pages stand in a circle, a hand goes round. A page that was used since the hand last came by gets
 * another round; the first one that was not leaves. FIFO that looks before it throws away.
 *
 *         hand                       The circle is a list that begins at the hand. To move the hand over a page
 *          v                         is to put that page at the end, and a newcomer, at the end, is what the
 *     a -> b -> c -> d -> a          hand will come to last.
 */
#include "policy.h"

struct head {
    struct policy_list circle;
};

_Static_assert(sizeof(struct head) <= POLICY_HEAD_BYTES, "a head is what a domain has room for");

static void init(void *head)
{
    struct head *h = head;
    policy_list_init(&h->circle);
}

static void page_in(void *head, uint32_t page)
{
    struct head *h = head;
    policy_list_append(&h->circle, page);
}

static void page_out(void *head, uint32_t page)
{
    struct head *h = head;
    policy_list_remove(&h->circle, page);
}

static uint32_t victim(void *head)
{
    struct head *h = head;
    for (uint32_t left = h->circle.pages; left > 0; left--) { /* after one round every page has had its chance */
        uint32_t page = h->circle.first;
        if (!policy_accessed(page))
            return page;
        policy_list_remove(&h->circle, page);
        policy_list_append(&h->circle, page);
    }
    return h->circle.first;
}

static uint32_t next(void *head, uint32_t after)
{
    struct head *h = head;
    return after == POLICY_NONE ? h->circle.first : policy_list_next(after);
}

POLICY(clock, "a circle with a hand: who was used since its last round stays", .init = init, .page_in = page_in,
       .page_out = page_out, .victim = victim, .next = next);
