/* SPDX-License-Identifier: MIT
 * Families and the walk through their tables. Reads only.
 */
#include "rmap.h"

#include "space.h"

/* ---- chains of spaces, through family_next ---- */

static void chain_add(uint32_t slot)
{
    uint16_t *head = &ledger.family[space_at(slot)->family];
    space_vol(slot)->family_next = *head;
    *head = (uint16_t)slot;
}

void family_leave(uint32_t slot)
{
    uint16_t *link = &ledger.family[space_at(slot)->family];
    while (*link && *link != slot) /* bound: spaces of the family */
        link = &space_vol(*link)->family_next;
    if (*link)
        *link = space_vol(slot)->family_next;
    space_vol(slot)->family_next = 0;
}

void family_join(uint32_t slot, uint32_t family)
{
    family_leave(slot);
    *(volatile uint16_t *)&space_at(slot)->family = (uint16_t)family;
    chain_add(slot);
}

void family_begin(uint32_t slot) { family_join(slot, slot); }

void families_build(void)
{
    for (uint32_t slot = 0; slot < ledger.max_spaces; slot++)
        ledger.family[slot] = 0;
    for (uint32_t slot = space_after(0); slot; slot = space_after(slot))
        chain_add(slot);
}

/* ---- the walk ---- */

bool rmap_find(frame_t f, struct rmap *out)
{
    const struct page_vol *p = &ledger.page[frame_index(f)];
    uint32_t wanted = frame_word(f)->refs;
    out->page = p->page;
    out->count = 0;
    if (wanted > EVICT_MAPPINGS_MAX)
        return false;
    for (uint32_t slot = ledger.family[p->family]; slot && out->count < wanted; slot = space_vol(slot)->family_next) {
        unsigned level;
        pte_t pte = table_walk(slot, p->page, &level);
        if (level != 0 || !(pte & PTE_V) || PTE_FRAME(pte) != f)
            continue;
        out->slot[out->count] = (uint16_t)slot;
        out->pte[out->count++] = pte;
    }
    return out->count == wanted;
}
