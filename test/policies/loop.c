/* SPDX-License-Identifier: MIT
 * Misbehaves: works like fifo for a while, then never comes back from victim(). Proves that a budget ends it.
 */
#include "policy.h"

#define GOOD_VICTIMS 100u

struct head {
    struct policy_list queue;
    uint32_t victims;
};

static void init(void *head) { policy_list_init(&((struct head *)head)->queue); }

static void page_in(void *head, uint32_t page) { policy_list_append(&((struct head *)head)->queue, page); }

static void page_out(void *head, uint32_t page) { policy_list_remove(&((struct head *)head)->queue, page); }

static uint32_t victim(void *head)
{
    struct head *h = head;
    while (h->victims == GOOD_VICTIMS) { /* for ever */
    }
    h->victims++;
    return h->queue.first;
}

static uint32_t next(void *head, uint32_t after)
{
    return after == POLICY_NONE ? ((struct head *)head)->queue.first : policy_list_next(after);
}

POLICY(loop, "for tests: loops in its hundred-and-first victim", .init = init, .page_in = page_in, .page_out = page_out,
       .victim = victim, .next = next);
