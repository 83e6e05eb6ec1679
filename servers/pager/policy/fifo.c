/* SPDX-License-Identifier: MIT
 * First in, first out: a queue of pages in the order in which they came. It never asks whether a page is used, so a page
 * that everybody needs leaves like any other, and more frames can even mean more faults (Belady's anomaly).
 */
#include "policy.h"

struct head {
    struct policy_list queue; /* oldest first */
};

_Static_assert(sizeof(struct head) <= POLICY_HEAD_BYTES, "a head is what a domain has room for");

static void init(void *head)
{
    struct head *h = head;
    policy_list_init(&h->queue);
}

static void page_in(void *head, uint32_t page)
{
    struct head *h = head;
    policy_list_append(&h->queue, page);
}

static void page_out(void *head, uint32_t page)
{
    struct head *h = head;
    policy_list_remove(&h->queue, page);
}

static uint32_t victim(void *head)
{
    struct head *h = head;
    return h->queue.first;
}

static uint32_t next(void *head, uint32_t after)
{
    struct head *h = head;
    return after == POLICY_NONE ? h->queue.first : policy_list_next(after);
}

POLICY(fifo, "who came first leaves first", .init = init, .page_in = page_in, .page_out = page_out, .victim = victim,
       .next = next);
