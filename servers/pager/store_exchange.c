/* SPDX-License-Identifier: MIT
 * The RAM-backed store gives and takes frames instead of bytes, as no device could: a page that one entry alone maps leaves with its
 * frame, for which the slot's own is free, and comes back in the slot's frame, for which the slot gets a fresh one. Nothing is copied.
 *
 * The ledger names each slot's frame, and must name the one with the bytes at whatever instruction the pager dies. What
 * decides is the entry, which the kernel changes in one step: a frame that is mapped is a page, and no slot's. So before either step
 * `exchange` names the frame that the slot has on the other side of it:
 *
 *             exchange            store_frame[slot]      the entry           a death: mapped?  store_frame[slot]
 *   leaves    slot, its own       its own
 *                                 the page's             maps the page       yes               its own (from exchange)
 *                                 the page's             names the slot      no                the page's
 *   returns   slot, the fresh     its own                names the slot      no                its own
 *                                 its own                maps its own        yes               the fresh (from exchange)
 *                                 the fresh
 */
#include "store.h"

#include "resident.h"
#include "quota.h"
#include "sysgate.h"

static uint32_t lent; /* the slot whose frame is in an answer under way, 0: none */

static void name(uint32_t slot, frame_t f) { *(volatile uint32_t *)&ledger.store_frame[slot] = frame_index(f); }

static void intend(uint32_t slot, frame_t other)
{
    *(volatile uint64_t *)&ledger.header->exchange = (uint64_t)slot << 32 | frame_index(other);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static frame_t intended(void) { return ledger.first_frame + (uint32_t)ledger.header->exchange; }

/* A page's frame becomes a slot's, and the other way round: what is recorded of the two changes places. */
static void change_places(frame_t a, frame_t b)
{
    struct ledger_frame w = *frame_word(a);
    *frame_word(a) = *frame_word(b);
    *frame_word(b) = w;
}

void store_leaves(uint32_t slot, frame_t page)
{
    ledger.header->evict[EVICT_WRITES]++;
    intend(slot, store_slot_frame(slot));
    name(slot, page);
}

void store_left(frame_t page)
{
    struct ledger_frame *w = frame_word(page);
    frame_t own = intended();
    if (w->charged != 0)
        ledger.space_vol[w->charged].charged--;
    w->charged = 0;
    resident_remove(page);
    if (unlikely(quota_of_frame(w) != 0))
        quota_frame_end(w);
    change_places(page, own);
    frame_word(own)->refs = 0;
    frame_put_back(own);
}

frame_t store_lend(uint32_t slot, frame_t fresh)
{
    frame_t page = store_slot_frame(slot);
    ledger.header->evict[EVICT_READS]++;
    intend(slot, fresh);
    lent = slot;
    change_places(page, fresh);
    return page;
}

void store_lent(uint32_t slot)
{
    if (lent != slot)
        return;
    lent = 0;
    name(slot, intended());
}

void store_not_lent(void)
{
    if (lent == 0)
        return;
    page_copy(intended(), store_slot_frame(lent));
    store_lent(lent);
}

void store_exchange_reset(void) { lent = 0; }

void store_exchange_recover(void)
{
    uint32_t slot = (uint32_t)(ledger.header->exchange >> 32);
    bool mapped = slot != 0 && frame_maps(store_slot_frame(slot)) != 0;
#ifdef MUTANT_PAGER_EXCHANGE_FORGOTTEN
    mapped = false;
#endif
    if (mapped)
        name(slot, intended());
    ledger.header->exchange = 0;
}
