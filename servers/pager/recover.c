/* SPDX-License-Identifier: MIT
 * Start and restart. Page tables and the kernel's frame table are the truth; the ledger's counts are compared with them
 * and corrected (a pager killed between a system call and its book-keeping leaves them one apart).
 *
 *   replay the log → objects without a record, records without an object → chains, trees → the eviction that was cut off
 *   → count frames and slots → pools → stray pages → resident pages → operations
 */
#include "recover.h"

#include "around.h"
#include "backing/backing.h"
#include "evict.h"
#include "fork/fork.h"
#include "leaf.h"
#include "op.h"
#include "quota.h"
#include "region.h"
#include "replace.h"
#include "resident.h"
#include "shared.h"
#include "space.h"
#include "spare.h"
#include "store.h"
#include "swap.h"
#include "sysgate.h"
#include "table.h"
#include "zeroed.h"

/* Scratch word while counting: times mapped, and whether the space that pays for the frame maps it. */
#define PAYER_SEEN (1u << 31)

static void learn_self(const struct pager_boot *boot)
{
    self = (struct pager_self){
        .space = boot->handle_space,
        .thread = boot->handle_thread,
        .endpoint = boot->handle_endpoint,
        .kernel = boot->handle_kernel,
        .image_first = (frame_t)(boot->image_pa >> PAGE_SHIFT),
        .image_end = (frame_t)((boot->image_pa + boot->image_bytes + PAGE_MASK) >> PAGE_SHIFT),
    };
}

/* ---- counting ---- */

static uint32_t sharers; /* spaces that have a shared table, but for one each */

/* A table that several spaces have counts once, but each of them sees its pages. */
static void count_leaf(uint32_t slot, frame_t leaf)
{
    const volatile pte_t *pte = window(leaf);
    uint32_t times = leaf_is_shared(leaf) && ledger.scratch[frame_index(leaf)]++ > 0 ? 0 : 1;
    sharers += times == 0;
    for (unsigned i = 0; i < LEAF_PAGES; i++) {
        frame_t f = PTE_FRAME(pte[i]);
        if (pte[i] != 0 && !(pte[i] & PTE_V)) {
            store_ref(store_slot_of(pte[i]));
            space_vol(slot)->swapped++;
        }
        if (!(pte[i] & PTE_V) || !frame_in_ram(f))
            continue;
        ledger.scratch[frame_index(f)] += times;
        if (frame_word(f)->charged == slot)
            ledger.scratch[frame_index(f)] |= PAYER_SEEN;
        space_vol(slot)->resident++;
    }
}

static void count_space(uint32_t slot)
{
    const volatile pte_t *root = window(space_at(slot)->root);
    for (unsigned i = 0; i < LEAF_PAGES / 2; i++) {
        if (!pte_is_table(root[i]))
            continue;
        const volatile pte_t *middle = window(PTE_FRAME(root[i]));
        space_vol(slot)->tables++;
        for (unsigned j = 0; j < LEAF_PAGES; j++) {
            if (!pte_is_table(middle[j]))
                continue;
            space_vol(slot)->tables++;
            count_leaf(slot, PTE_FRAME(middle[j]));
        }
    }
}

/* The counted references take the place of the recorded ones. */
static void settle_frame(uint32_t index)
{
    struct ledger_frame *w = &ledger.frame[index];
    uint32_t times = ledger.scratch[index] & ~PAYER_SEEN;
    uint32_t refs = times + (frame_is_held(w) ? 1 : 0);
    if (w->flags & FRAME_W_KERNEL || !(w->flags & FRAME_W_OWNED))
        return; /* the pools are built from the kernel's kinds */
    if (w->refs != refs)
        ledger.header->mismatches++;
    w->refs = refs;
    if (w->charged && !(ledger.scratch[index] & PAYER_SEEN))
        w->charged = 0;
    if (w->charged)
        space_vol(w->charged)->charged++;
}

static void count_all(void)
{
    sharers = 0;
    for (uint32_t i = 0; i < ledger.frames; i++)
        ledger.scratch[i] = 0;
    for (uint32_t slot = space_after(0); slot; slot = space_after(slot))
        count_space(slot);
    for (uint32_t i = 0; i < ledger.frames; i++)
        settle_frame(i);
}

/* A frame may have been taken to be held for ever, or been a slot's or a page's, and the death came before anything said so: what is
 * named is held, as nobody's. */
static void settle_holds(void)
{
    const struct ledger_header *h = ledger.header;
    for (uint32_t i = 0; i < ledger.frames; i++)
        ledger.scratch[i] = 0;
    for (uint32_t slot = 1; slot <= h->store_slots; slot++)
        ledger.scratch[ledger.store_frame[slot]] = 1;
    for (uint32_t i = 0; i < ledger.frames; i++) {
        frame_t f = ledger.first_frame + i;
        if (ledger.scratch[i])
            ledger.frame[i] = (struct ledger_frame){.refs = 1, .flags = FRAME_W_OWNED | FRAME_W_HOLD};
        else if (f != h->zero_frame && f != h->batch_frame)
            ledger.frame[i].flags &= (uint16_t)~FRAME_W_HOLD;
    }
}

/* A chunk may have changed its type just before the death: the words follow the kernel's kinds. */
static void follow_kinds(void)
{
    for (uint32_t i = 0; i < ledger.frames; i++) {
        struct ledger_frame *w = &ledger.frame[i];
        if (frame_infos[i].owner == self.id && frame_infos[i].kind == FRAME_USER && (w->flags & FRAME_W_KERNEL))
            *w = (struct ledger_frame){.flags = FRAME_W_OWNED};
    }
}

/* ---- stray pages: a region was cut or narrowed, the pages had not followed yet ---- */

static void mend_page(uint32_t slot, uint32_t page, pte_t pte)
{
    uint32_t r = region_find(slot, page);
    if (r == NO_REGION) {
        table_unmap(slot, page, page + 1);
        return;
    }
    if (pte_logical(pte) & ~(unsigned)region_at(r)->prot) {
        leaf_split(slot, page);
        if (gate_space_protect(space_at(slot)->handle, va_of(page), 1, region_at(r)->prot) != OK)
            ledger.header->mismatches++; /* vmcheck will say where */
    }
    if ((region_at(r)->flags & REGION_SHARED) && region_at(r)->backing == BACKING_ANON)
        shared_mend(slot, r, page, PTE_FRAME(pte));
}

static void mend_leaf(uint32_t slot, frame_t leaf, uint32_t page)
{
    const volatile pte_t *pte = window(leaf);
    for (unsigned i = 0; i < LEAF_PAGES && frame_maps(leaf) > 0; i++)
        if (pte[i] & PTE_V)
            mend_page(slot, page + i, pte[i]);
        else if (pte[i] != 0 && region_find(slot, page + i) == NO_REGION)
            table_unmap(slot, page + i, page + i + 1);
}

static void mend_space(uint32_t slot)
{
    const volatile pte_t *root = window(space_at(slot)->root);
    for (unsigned i = 0; i < LEAF_PAGES / 2; i++) {
        if (!pte_is_table(root[i]))
            continue;
        const volatile pte_t *middle = window(PTE_FRAME(root[i]));
        for (unsigned j = 0; j < LEAF_PAGES; j++)
            if (pte_is_table(middle[j]))
                mend_leaf(slot, PTE_FRAME(middle[j]), (i << (2 * LEAF_SHIFT)) + (j << LEAF_SHIFT));
    }
}

/* ---- the two starts ---- */

/* The store that was asked for, or what the frame limit suggests; what memory does not allow is left out. */
static void make_room_to_swap(const struct pager_boot *boot)
{
    uint32_t half = frame_pool[POOL_USER].free / 2, slots = boot->store;
    if (slots == PAGER_STORE_DEFAULT)
        slots = boot->frames < half / STORE_PER_FRAME ? boot->frames * STORE_PER_FRAME : boot->frames ? half : 0;
    ledger.header->frames = boot->frames != 0 && boot->frames < FRAMES_MIN ? FRAMES_MIN : boot->frames;
    while (store_grow(slots < half ? slots : half) == ERR_AGAIN) { /* bound: slots / STORE_GROW */
    }
}

/* The batch page: wired, the pager's own, mapped nowhere but in its window. The kernel remembers it across restarts. */
static err_t batch_init(void)
{
    frame_t f = ledger.header->batch_frame;
    if (f == NO_FRAME) {
        err_t err = frame_alloc_held(&f);
        if (err != OK)
            return err;
        ledger.header->batch_frame = f;
    }
    return gate_space_batch(f);
}

/* Room for a space's and a thread's handle for every slot at once, so that the table does not grow while programs run. */
static err_t handles_reserve(void)
{
    struct space_info own;
    for (unsigned i = 0; i < HANDLE_FRAMES_RESERVED; i++) {
        err_t err = gate_space_info(self.space, &own);
        if (err != OK || own.handles >= 2 * (uint64_t)ledger.max_spaces)
            return err;
        err = handles_grow(0);
        if (err != OK)
            return err;
    }
    return OK;
}

static err_t first_start(const struct pager_boot *boot)
{
    if (boot->restarted)
        ledger_wipe(); /* a start before this one died of something */
    ledger_format();
    ledger.header->around = AROUND_DEFAULT;
    (void)around_set(boot->around); /* 0: not said */
    ledger.header->zeroed = ZEROED_MAX;
    ledger.header->strategy = fork_way_of(boot->fork_strategy) ? boot->fork_strategy : FORK_TABLES;
    spaces_build();
    regions_begin();
    replace_start(boot);
    frame_pools_build(self.id, self.image_first, self.image_end);
    leaf_rebuild(0);
    store_begin();
    ops_build();
    return handles_reserve();
}

static err_t restart(const struct pager_boot *boot)
{
    ledger_replay();
    ledger.header->restarts = boot->restarted;
    objects_reconcile();
    spaces_build();
    regions_build();
    replace_start(boot);
    follow_kinds();
    evict_recover();
    store_exchange_recover();
    store_forget();
    settle_holds();
    count_all();
    frame_pools_build(self.id, self.image_first, self.image_end);
    leaf_rebuild(sharers);
    quota_build();
    store_build();
    ops_build(); /* before pages are mended: a space that is being emptied gets none back */
    for (uint32_t slot = space_after(0); slot; slot = space_after(slot))
        mend_space(slot);
    spare_reset();
    return OK;
}

err_t pager_start(const struct pager_boot *boot)
{
    struct space_info own;
    if (boot->magic != PAGER_BOOT_MAGIC || boot->version != PAGER_BOOT_VERSION)
        return ERR_INVAL;
    learn_self(boot);
#ifndef PAGODA_HOST
    frame_infos = (const struct frame_info *)(window_base + boot->frame_table_pa);
#endif
    err_t err = gate_space_info(self.space, &own);
    if (err != OK)
        return err;
    self.id = (uint32_t)own.id;
    err = ledger_attach((void *)(uintptr_t)boot->ledger_va, boot);
    zeroed_reset();
    if (err == OK)
        err = ledger.header->formatted ? restart(boot) : first_start(boot);
    if (err == OK)
        err = zero_init();
    if (err == OK)
        err = batch_init();
    if (err != OK)
        return err;
    if (!ledger.header->formatted)
        make_room_to_swap(boot);
    zeroed_reset();
    evict_reset();
    swap_reset();
    resident_build();
    (void)image_init(boot->image_pa, boot->image_bytes); /* without an image there are no image regions */
    *(volatile uint32_t *)&ledger.header->formatted = 1;
    if (boot->restarted)
        op_notify_all();
    return OK;
}
