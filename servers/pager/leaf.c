/* SPDX-License-Identifier: MIT
 * Sharing, splitting and leaving leaf tables, with the book-keeping that belongs to each. Who shares and when is the business of
 * fork/tables.c.
 */
#include "leaf.h"

#include "quota.h"
#include "region.h"
#include "space.h"
#include "sysgate.h"

struct leaf_aside leaf_aside;

/* ---- frames set aside ---- */

static void set_aside(frame_t f)
{
    ledger.frame_next[frame_index(f)] = leaf_aside.head;
    leaf_aside.head = frame_index(f) + 1;
    leaf_aside.count++;
}

static frame_t take_aside(void)
{
    check(leaf_aside.count > 0);
    uint32_t index = leaf_aside.head - 1;
    leaf_aside.head = ledger.frame_next[index];
    leaf_aside.count--;
    return ledger.first_frame + index;
}

void leaf_rebuild(uint32_t frames)
{
    leaf_aside = (struct leaf_aside){0};
    for (uint32_t i = 0; i < frames; i++) { /* bound: spaces with shared tables; as many were set aside before */
        frame_t f = frame_pool_take(&frame_pool[POOL_KERNEL]);
        check(f != NO_FRAME);
        set_aside(f);
    }
}

/* ---- who pays for pages in a shared table: a word of the table's frame that means nothing else ---- */

static inline uint16_t *payer_of(frame_t leaf) { return &frame_word(leaf)->charged; }

/* The space no longer sees the table's pages. */
static void stop_paying(uint32_t slot, frame_t leaf)
{
    struct space_vol *v = space_vol(slot);
    const volatile pte_t *pte = window(leaf);
    if (*payer_of(leaf) != slot && *payer_of(leaf) != PAYER_ANY)
        return;
    for (unsigned i = 0; i < LEAF_PAGES && v->charged > 0; i++) {
        if (!(pte[i] & PTE_V))
            continue;
        struct ledger_frame *w = frame_word(PTE_FRAME(pte[i]));
        if (w->charged != slot)
            continue;
        w->charged = 0;
        v->charged--;
    }
    if (*payer_of(leaf) == slot)
        *payer_of(leaf) = 0;
}

/* ---- give, split, leave ---- */

err_t leaf_share(uint32_t parent, uint32_t child, uint32_t page)
{
    frame_t leaf = table_leaf(parent, page), aside;
    bool first = !leaf_is_shared(leaf);
    if (unlikely(table_leaf(child, page) != NO_FRAME))
        table_unmake(child, page); /* it was made ahead, and is empty */
    err_t err = table_make_middle(child, page);
    if (err == OK)
        err = frame_alloc_table(child, &aside);
    if (err != OK)
        return err;
    err = gate_space_share_table(space_at(parent)->handle, space_at(child)->handle, va_of(page));
    if (err != OK) {
        frame_free_table(child, aside);
        return err;
    }
    set_aside(aside);
    ledger.header->tables_shared++;
    if (first)
        *payer_of(leaf) = (uint16_t)parent;
    space_vol(child)->resident += frame_maps(leaf);
    return OK;
}

/* One reference more for every page of the table. */
static void count_again(frame_t leaf)
{
    struct ledger_frame *const word = ledger.frame_biased;
    const volatile pte_t *pte = window(leaf);
    for (uint32_t left = frame_maps(leaf); left > 0; pte++) { /* bound: LEAF_PAGES, the table's own count */
        pte_t e = *pte;
        if (e == 0)
            continue;
        left--;
#ifndef MUTANT_PAGER_SPLIT_UNCOUNTED
        word[e >> PTE_PPN_SHIFT].refs++; /* a page's: the kernel's entries have nothing above the frame */
#endif
    }
}

void leaf_split(uint32_t slot, uint32_t page)
{
    frame_t leaf = table_leaf(slot, page);
    if (!leaf_is_shared(leaf))
        return;
    count_again(leaf); /* first: a restart counts anew */
    if (*payer_of(leaf) == slot)
        *payer_of(leaf) = 0;
    err_t err = gate_space_unshare_table(space_at(slot)->handle, va_of(page), take_aside());
    check(err == OK); /* the space is ours, it has the table, others do, and the frame is free */
    ledger.header->tables_split++;
}

void leaf_split_all(uint32_t slot)
{
    uint32_t page = 0;
    while (page < USER_PAGES_END && leaf_aside.count > 0) { /* bound: the space's leaf tables */
        frame_t leaf = table_next_leaf(slot, &page);
        if (leaf == NO_FRAME)
            continue;
        leaf_split(slot, page);
        page = leaf_floor(page) + LEAF_PAGES;
    }
}

void leaf_leave(uint32_t slot, uint32_t page)
{
    frame_t leaf = table_leaf(slot, page), none = NO_FRAME;
    stop_paying(slot, leaf);
    space_vol(slot)->resident -= frame_maps(leaf);
    err_t err = gate_space_untable(space_at(slot)->handle, va_of(page), &none);
    check(err == OK && none == NO_FRAME); /* others have it */
    frame_free_table(slot, take_aside());
    table_unmake(slot, page); /* the one above, when it is empty now */
}
