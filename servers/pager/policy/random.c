/* SPDX-License-Identifier: MIT
 * Random: each page is as likely to leave as any other. It knows nothing, so nothing can fool it: a loop one page longer than
 * memory, which makes fifo, clock and aging miss every time, it survives quite well.
 *
 * How does one pick the k-th of n pages without an array? The pages are the nodes of a complete binary tree, numbered
 * from the top, from left to right. The bits of k, after its first, say how to go down: 0 left, 1 right.
 *
 *                1
 *           2         3            k = 6 = 110: from 1 right to 3, left to 6
 *         4   5     6   7
 *
 * A newcomer takes number n + 1. When a page leaves, the last one takes its number.
 */
#include "policy.h"

struct node {
    uint32_t child[2];
    uint32_t up;
    uint32_t number; /* 1..pages */
};
struct head {
    uint32_t root, pages;
};

_Static_assert(sizeof(struct node) <= POLICY_NODE_BYTES, "a node is what a page has room for");
_Static_assert(sizeof(struct head) <= POLICY_HEAD_BYTES, "a head is what a domain has room for");

static struct node *at(uint32_t page) { return policy_node(page); }

static uint32_t page_of(const struct head *h, uint32_t number)
{
    uint32_t page = h->root;
    assert(number >= 1 && number <= h->pages);
    for (int bit = 30 - __builtin_clz(number); bit >= 0; bit--)
        page = at(page)->child[number >> bit & 1];
    return page;
}

/* Where the number of a page hangs: its parent's pointer, or the root. */
static uint32_t *place(struct head *h, const struct node *n)
{
    return n->number == 1 ? &h->root : &at(n->up)->child[n->number & 1];
}

static void init(void *head)
{
    struct head *h = head;
    *h = (struct head){POLICY_NONE, 0};
}

static void page_in(void *head, uint32_t page)
{
    struct head *h = head;
    struct node *n = at(page);
    uint32_t up = h->pages == 0 ? POLICY_NONE : page_of(h, (h->pages + 1) / 2);
    *n = (struct node){{POLICY_NONE, POLICY_NONE}, up, ++h->pages};
    *place(h, n) = page;
}

/* Page `to` gets number and neighbours of `from`. */
static void take_place(struct head *h, uint32_t to, uint32_t from)
{
    struct node *n = at(to);
    *n = *at(from);
    *place(h, n) = to;
    for (unsigned side = 0; side < 2; side++)
        if (n->child[side] != POLICY_NONE)
            at(n->child[side])->up = to;
}

static void page_out(void *head, uint32_t page)
{
    struct head *h = head;
    uint32_t last = page_of(h, h->pages);
    *place(h, at(last)) = POLICY_NONE;
    h->pages--;
    if (last != page)
        take_place(h, last, page);
}

static uint32_t victim(void *head)
{
    const struct head *h = head;
    return page_of(h, 1 + policy_random() % h->pages);
}

static uint32_t next(void *head, uint32_t after)
{
    const struct head *h = head;
    uint32_t number = after == POLICY_NONE ? 1 : at(after)->number + 1;
    return number <= h->pages ? page_of(h, number) : POLICY_NONE;
}

POLICY(random, "any page, with equal chances", .init = init, .page_in = page_in, .page_out = page_out, .victim = victim,
       .next = next);
