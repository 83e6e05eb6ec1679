/* SPDX-License-Identifier: MIT
 * Aging: eight bits a page remember in which of the last eight looks it had been used. At each look the bits move right by one
 * and the newest comes in at the left, so the number is the smaller the longer ago the page was used: an approximation of
 * "least recently used" for the price of one bit in the page table.
 *
 *     used, used, not, not     11xxxxxx -> 0011xxxx          not, not, used, used     1100xxxx: stays longer
 *
 * To look at every page at every eviction would cost too much. A hand goes round, as in clock, and looks at LOOK pages a turn; of
 * these the one with the smallest number leaves. If all of them were used since the last look, the hand goes on. (Sixteen
 * instead of four need about as many faults in `scons simulate`, and each look costs some 450 instructions.)
 */
#include "policy.h"

#define LOOK 4u
#define NEWEST 0x80u /* used since the last look */

struct node {
    struct policy_link link;
    uint8_t age;
};
struct head {
    struct policy_list circle; /* begins at the hand */
};

_Static_assert(sizeof(struct node) <= POLICY_NODE_BYTES, "a node is what a page has room for");
_Static_assert(sizeof(struct head) <= POLICY_HEAD_BYTES, "a head is what a domain has room for");

static void init(void *head)
{
    struct head *h = head;
    policy_list_init(&h->circle);
}

/* A newcomer counts as just used: somebody waits for it. */
static void page_in(void *head, uint32_t page)
{
    struct head *h = head;
    struct node *n = policy_node(page);
    policy_list_append(&h->circle, page);
    n->age = NEWEST;
}

static void page_out(void *head, uint32_t page)
{
    struct head *h = head;
    policy_list_remove(&h->circle, page);
}

/* The hand passes one page: a new bit comes in at the left. */
static struct node *look(struct head *h)
{
    uint32_t page = h->circle.first;
    struct node *n = policy_node(page);
    n->age = (uint8_t)(n->age >> 1 | (policy_accessed(page) ? NEWEST : 0));
    policy_list_remove(&h->circle, page);
    policy_list_append(&h->circle, page);
    return n;
}

static uint32_t victim(void *head)
{
    struct head *h = head;
    uint32_t best = POLICY_NONE, looked = 0;
    unsigned best_age = 0;
    while (looked < h->circle.pages && (looked < LOOK || best_age >= NEWEST)) { /* one round at most */
        uint32_t page = h->circle.first;
        unsigned age = look(h)->age;
        if (best == POLICY_NONE || age < best_age) {
            best = page;
            best_age = age;
        }
        looked++;
    }
    return best;
}

/* In which look the page was last used: 0: none that is remembered, 8: the newest. */
static unsigned last_use(uint32_t page)
{
    const struct node *n = policy_node(page);
    return n->age == 0 ? 0 : 32 - (unsigned)__builtin_clz(n->age);
}

/* Those not used for eight looks first, then seven, and so on; within that from the hand onwards. */
static uint32_t next(void *head, uint32_t after)
{
    struct head *h = head;
    unsigned use = after == POLICY_NONE ? 0 : last_use(after);
    uint32_t page = after == POLICY_NONE ? h->circle.first : policy_list_next(after);
    for (; use <= 8; use++) {
        for (; page != POLICY_NONE; page = policy_list_next(page))
            if (last_use(page) == use)
                return page;
        page = h->circle.first;
    }
    return POLICY_NONE;
}

POLICY(aging, "eight bits of history a page: who was used longest ago leaves", .init = init, .page_in = page_in,
       .page_out = page_out, .victim = victim, .next = next);
