/* SPDX-License-Identifier: MIT
 * The treap itself, and the search for a gap in it.
 */
#include "region_tree.h"

#include "check.h"

/* A fresh weight for each insertion, not one that belongs to the record: records freed root by root would come back in the
 * order of their weights and grow a list. Spread by MurmurHash3's finaliser. */
static uint32_t next_weight(void)
{
    static uint32_t inserted;
    uint32_t n = ++inserted;
    n ^= n >> 16;
    n *= 0x85ebca6bu;
    n ^= n >> 13;
    n *= 0xc2b2ae35u;
    return n ^ n >> 16;
}

/* ---- what lies below a node ---- */

static inline uint32_t wider(uint32_t a, uint32_t b) { return a > b ? a : b; }

static void sum_up(uint32_t n)
{
    struct region_node *v = node(n);
    const struct ledger_region *r = record(n);
    v->low = r->start_page;
    v->high = r->end_page;
    v->gap = 0;
    if (v->left) {
        const struct region_node *l = node(v->left);
        v->gap = wider(l->gap, r->start_page - l->high);
        v->low = l->low;
    }
    if (v->right) {
        const struct region_node *h = node(v->right);
        v->gap = wider(v->gap, wider(h->gap, h->low - r->end_page));
        v->high = h->high;
    }
}

/* From n up to the root. */
static void sum_path(uint32_t n)
{
    for (; n; n = node(n)->up) /* bound: depth */
        sum_up(n);
}

static uint32_t lowest_leaf(uint32_t n)
{
    while (node(n)->left || node(n)->right) /* bound: depth */
        n = node(n)->left ? node(n)->left : node(n)->right;
    return n;
}

/* The whole tree, each node after those below it. */
static void sum_all(uint32_t root)
{
    uint32_t n = root ? lowest_leaf(root) : 0;
    while (n) { /* bound: regions of the space, once */
        uint32_t up = node(n)->up;
        sum_up(n);
        n = up && node(up)->left == n && node(up)->right ? lowest_leaf(node(up)->right) : up;
    }
}

void tree_moved(uint32_t n)
{
    if (owner_of(n)->gaps)
        sum_path(n);
}

/* ---- insertion and removal ---- */

/* The link that holds n: its parent's, or the root. */
static uint32_t *link_to(uint32_t n)
{
    uint32_t up = node(n)->up;
    if (up == 0)
        return &owner_of(n)->tree;
    return node(up)->left == n ? &node(up)->left : &node(up)->right;
}

/* Lift n above its parent. */
static void rotate_up(uint32_t n, bool gaps)
{
    uint32_t p = node(n)->up, *hold = link_to(p), moved;
    if (node(p)->left == n) {
        moved = node(n)->right;
        node(p)->left = moved;
        node(n)->right = p;
    } else {
        moved = node(n)->left;
        node(p)->right = moved;
        node(n)->left = p;
    }
    if (moved)
        node(moved)->up = p;
    node(n)->up = node(p)->up;
    node(p)->up = n;
    *hold = n;
    if (gaps) {
        sum_up(p);
        sum_up(n);
    }
}

void tree_insert(uint32_t n)
{
    struct space_vol *v = owner_of(n);
    uint32_t *link = &v->tree, up = 0;
    while (*link) { /* bound: the tree's depth */
        up = *link;
        link = record(n)->start_page < record(up)->start_page ? &node(up)->left : &node(up)->right;
    }
    *node(n) = (struct region_node){.up = up, .weight = next_weight()};
    *link = n;
    if (v->gaps)
        sum_path(n);
    while (node(n)->up && node(node(n)->up)->weight < node(n)->weight) /* bound: depth */
        rotate_up(n, v->gaps);
}

/* The tree's right edge is climbed from its end to where the weight belongs; what hangs there goes to the left of n. */
void tree_append(uint32_t n, uint32_t like, uint32_t last)
{
    struct space_vol *v = owner_of(n);
    uint32_t up = last, below = 0, weight = node(like)->weight;
    for (uint32_t right = last ? 0 : v->tree; right; right = node(right)->right) /* bound: depth */
        up = right;
    while (up && node(up)->weight < weight) { /* bound: depth */
        below = up;
        up = node(up)->up;
    }
    struct region_node *to = node(n);
    to->left = below, to->right = 0, to->up = up, to->weight = weight;
    if (below)
        node(below)->up = n;
    *(up ? &node(up)->right : &v->tree) = n;
    v->gaps = 0;
}

void tree_remove(uint32_t n)
{
    struct space_vol *v = owner_of(n);
    while (node(n)->left || node(n)->right) { /* bound: depth; the heavier child comes up */
        uint32_t l = node(n)->left, r = node(n)->right;
        rotate_up(r == 0 || (l != 0 && node(l)->weight > node(r)->weight) ? l : r, v->gaps);
    }
    uint32_t up = node(n)->up;
    *link_to(n) = 0;
    *node(n) = (struct region_node){0};
    if (v->gaps)
        sum_path(up);
}

/* ---- neighbours ---- */

uint32_t tree_next(uint32_t n)
{
    if (node(n)->right) {
        n = node(n)->right;
        while (node(n)->left) /* bound: depth */
            n = node(n)->left;
        return n;
    }
    while (node(n)->up && node(node(n)->up)->right == n) /* bound: depth */
        n = node(n)->up;
    return node(n)->up;
}

uint32_t tree_previous(uint32_t n)
{
    if (node(n)->left) {
        n = node(n)->left;
        while (node(n)->right) /* bound: depth */
            n = node(n)->right;
        return n;
    }
    while (node(n)->up && node(node(n)->up)->left == n) /* bound: depth */
        n = node(n)->up;
    return node(n)->up;
}

/* ---- the highest gap ---- */

/* The highest gap of so many pages among the regions of n's subtree and below `upper`, where the region behind them starts.
 * There is one. Returns its end. */
static uint32_t gap_below(uint32_t n, uint32_t pages, uint32_t upper)
{
    while (upper - node(n)->high < pages) { /* bound: depth */
        uint32_t right = node(n)->right;
        if (right && (node(right)->gap >= pages || upper - node(right)->high >= pages)) {
            n = right;
            continue;
        }
        if (right)
            upper = node(right)->low;
        if (upper - record(n)->end_page >= pages)
            return upper;
        upper = record(n)->start_page;
        n = node(n)->left;
        check(n != 0);
    }
    return upper;
}

/* The last region that starts below page; 0: none. */
static uint32_t last_below(const struct space_vol *v, uint32_t page)
{
    uint32_t n = v->tree, best = 0;
    while (n) { /* bound: depth */
        bool below = record(n)->start_page < page;
        best = below ? n : best;
        n = below ? node(n)->right : node(n)->left;
    }
    return best;
}

/* From the last region down: the gap behind it, those of its left subtree, then the next ancestor to its left. */
uint32_t region_gap(uint32_t slot, uint32_t low, uint32_t high, uint32_t pages)
{
    struct space_vol *v = &ledger.space_vol[slot];
    if (!v->gaps) {
        sum_all(v->tree);
        v->gaps = 1;
    }
    uint32_t upper = high, n = last_below(v, high);
    while (n) { /* bound: depth */
        if (upper > record(n)->end_page && upper - record(n)->end_page >= pages)
            break;
        upper = record(n)->start_page;
        uint32_t left = node(n)->left;
        if (left && (node(left)->gap >= pages || upper - node(left)->high >= pages)) {
            upper = gap_below(left, pages, upper);
            break;
        }
        if (left)
            upper = node(left)->low;
        while (node(n)->up && node(node(n)->up)->left == n) /* bound: depth */
            n = node(n)->up;
        n = node(n)->up;
    }
    return upper >= low && upper - low >= pages ? upper - pages : 0;
}
