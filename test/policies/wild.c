/* SPDX-License-Identifier: MIT
 * Misbehaves: stores to an address that is not there. That takes the pager down; proves that the restarted one knows who it was and
 * goes on with fifo, and that no page is lost.
 */
#include "policy.h"

#define GOOD_VICTIMS 20u

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
    if (h->victims++ == GOOD_VICTIMS)
        *(volatile uint64_t *)0x10 = 0xbad;
    return h->queue.first;
}

static uint32_t next(void *head, uint32_t after)
{
    return after == POLICY_NONE ? ((struct head *)head)->queue.first : policy_list_next(after);
}

POLICY(wild, "for tests: stores to where nothing is", .init = init, .page_in = page_in, .page_out = page_out,
       .victim = victim, .next = next);
