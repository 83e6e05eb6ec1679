/* SPDX-License-Identifier: MIT
 * The part of the self-check that is about pages in the store, and pages that count against frame limits. Counts anew, in
 * slot_scratch and (when vmcheck.c is done with it) in the frames' scratch words.
 */
#include "region.h"
#include "replace.h"
#include "resident.h"
#include "space.h"
#include "store.h"
#include "vmcheck.h"

void vmcheck_slots_begin(void)
{
    for (uint32_t slot = 0; slot <= ledger.frames; slot++)
        ledger.slot_scratch[slot] = 0;
    if (ledger.header->intent.page != 0)
        vmcheck_broken(VM_INTENT, ledger.header->intent.page >> 32, va_of((uint32_t)ledger.header->intent.page));
}

void vmcheck_absent(uint32_t slot, uint32_t page, pte_t pte)
{
    uint32_t named = store_slot_of(pte);
    if (named == 0 || named > store_total() || pte != store_entry(named))
        vmcheck_broken(VM_SLOTS, space_id(slot), va_of(page));
    else
        ledger.slot_scratch[named]++;
    if (region_find(slot, page) == NO_REGION)
        vmcheck_broken(VM_REGIONS, space_id(slot), va_of(page));
}

void vmcheck_page(uint32_t slot, uint32_t page, pte_t pte)
{
    const struct ledger_frame *w = frame_word(PTE_FRAME(pte));
    if ((pte & PTE_W) && (w->flags & (FRAME_W_LINKED | FRAME_W_WRITING)))
        vmcheck_broken(VM_CLEAN, PTE_FRAME(pte), space_id(slot));
    bool leaves = w->flags & (FRAME_W_LISTED | FRAME_W_READY | FRAME_W_WRITING);
    if ((w->flags & FRAME_W_PAGE) && !space_is_locked(slot) && leaves == resident_is_pinned(slot, page))
        vmcheck_broken(VM_PINNED, PTE_FRAME(pte), space_id(slot));
}

/* ---- slots ---- */

static void check_links(void)
{
    for (uint32_t i = 0; i < ledger.frames; i++) {
        unsigned flags = ledger.frame[i].flags;
        uint32_t slot = ledger.page_slot[i];
        if (!(flags & (FRAME_W_LINKED | FRAME_W_WRITING)))
            continue;
        if (slot == 0 || slot > store_total() || ((flags & FRAME_W_LINKED) && slot_at(slot)->frame != i + 1))
            vmcheck_broken(VM_SLOTS, ledger.first_frame + i, slot);
        else
            ledger.slot_scratch[slot]++;
    }
}

static void check_slots(void)
{
    uint32_t used = 0;
    check_links();
    for (uint32_t slot = 1; slot <= store_total(); slot++) {
        uint32_t refs = ledger.slot_scratch[slot] + store_transfers_of(slot);
        const struct ledger_frame *w = &ledger.frame[ledger.store_frame[slot]];
        if (slot_at(slot)->refs != refs)
            vmcheck_broken(VM_SLOTS, slot, (uint64_t)slot_at(slot)->refs << 32 | refs);
        if (!(w->flags & FRAME_W_HOLD) || w->refs != 1)
            vmcheck_broken(VM_SLOTS, slot, ledger.first_frame + ledger.store_frame[slot]);
        used += refs > 0;
    }
    if (used != store_used())
        vmcheck_broken(VM_SLOTS, 0, (uint64_t)store_used() << 32 | used);
}

/* ---- limits: pages by domain, then those that policies know ---- */

static void check_domains(unsigned flag, uint32_t (*counted)(uint32_t domain))
{
    for (uint32_t d = 0; d < ledger.max_spaces && d < ledger.frames; d++)
        ledger.scratch[d] = 0;
    for (uint32_t i = 0; i < ledger.frames; i++)
        if ((ledger.frame[i].flags & flag) && ledger.page[i].domain < ledger.frames)
            ledger.scratch[ledger.page[i].domain]++;
    for (uint32_t d = 0; d < ledger.max_spaces && d < ledger.frames; d++)
        if (ledger.scratch[d] != counted(d))
            vmcheck_broken(VM_RESIDENT, space_id(d), (uint64_t)counted(d) << 32 | ledger.scratch[d]);
}

static uint32_t pages_of(uint32_t domain) { return space_vol(domain)->pages; }

static void check_resident(void)
{
    uint32_t pages = 0, linked = 0;
    for (uint32_t i = 0; i < ledger.frames; i++) {
        const struct ledger_frame *w = &ledger.frame[i];
        pages += (w->flags & FRAME_W_PAGE) != 0;
        linked += (w->flags & FRAME_W_LINKED) != 0;
        if ((w->flags & FRAME_W_RESIDENT) && (w->refs == 0 || frame_is_held(w)))
            vmcheck_broken(VM_RESIDENT, ledger.first_frame + i, w->flags);
    }
    if (pages != resident.pages || linked != resident.linked)
        vmcheck_broken(VM_RESIDENT, resident.pages, pages);
    check_domains(FRAME_W_PAGE, pages_of);
    check_domains(FRAME_W_LISTED, replace_pages);
}

void vmcheck_slots_end(void)
{
    check_slots();
    check_resident();
}
