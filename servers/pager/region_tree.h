/* SPDX-License-Identifier: MIT
 * The tree of a space's regions: a treap with links up, so that neither insertion nor removal nor a walk needs recursion or
 * a stack. Only the region_*.c files include this. Numbers of records are indices + 1; 0 is nothing.
 *
 * Each node can know what lies below it: the lowest and the highest page of its regions, and the widest gap between two of
 * them. That is kept up only for spaces that were ever asked for a gap, so that spaces made by fork pay nothing for it.
 */
#ifndef PAGER_REGION_TREE_H
#define PAGER_REGION_TREE_H

#include "region.h"

static inline struct region_node *node(uint32_t n) { return &ledger.region_node[n - 1]; }
static inline struct ledger_region *record(uint32_t n) { return &ledger.region[n - 1]; }
static inline struct space_vol *owner_of(uint32_t n) { return &ledger.space_vol[record(n)->space]; }

void tree_insert(uint32_t n);
/* Behind all others, where the caller knows it belongs; as heavy as `like`, a node of the tree that is copied, whose shape it gets.
 * last: the one that is behind all others now; 0: not known. Cost O(1) on average. */
void tree_append(uint32_t n, uint32_t like, uint32_t last);
void tree_remove(uint32_t n);
uint32_t tree_next(uint32_t n);
uint32_t tree_previous(uint32_t n);
/* An end of n's region moved. */
void tree_moved(uint32_t n);

#endif
