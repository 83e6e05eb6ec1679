/* SPDX-License-Identifier: MIT
 * What the tools see: memory, counters, single pages and who shares them. Reads only.
 */
#include "stat.h"

#include "defer.h"
#include "evict.h"
#include "fork/fork.h"
#include "frame.h"
#include "leaf.h"
#include "region.h"
#include "resident.h"
#include "space.h"
#include "spare.h"
#include "store.h"
#include "table.h"
#include "zeroed.h"

/* Frames of the pager's kernel chunks, by use; every frame that is somebody else's. */
struct kernel_frames {
    uint32_t tables, objects, free, outside;
};

static struct kernel_frames kernel_frames(void)
{
    struct kernel_frames n = {0};
    for (uint32_t i = 0; i < ledger.frames; i++) {
        const struct frame_info *k = &frame_infos[i];
        if (k->owner != self.id)
            n.outside++;
        else if (k->kind == FRAME_KFREE)
            n.free++;
        else if (k->kind == FRAME_TABLE)
            n.tables++;
        else if (k->kind != FRAME_USER)
            n.objects++;
    }
    return n;
}

static void stat_memory(uint64_t *w)
{
    struct kernel_frames k = kernel_frames();
    uint32_t free = frame_pool[POOL_USER].free + zeroed.count, objects, tables;
    spare_frames(&objects, &tables);
    w[1] = ledger.frames;
    w[2] = free;
    w[3] = ledger.frames - k.outside - k.tables - k.objects - k.free - free;
    w[4] = k.tables - tables + leaf_aside.count; /* set aside to be some */
    w[5] = k.objects - objects;
    w[6] = k.free - leaf_aside.count + objects + tables; /* spares' are, as soon as somebody wants them */
    w[7] = k.outside;
}

/* Present pages whose frame others refer to, too. */
static uint32_t count_shared(uint32_t slot)
{
    uint32_t page = 0, shared = 0;
    frame_t leaf = table_next_leaf(slot, &page);
    while (leaf != NO_FRAME || page < USER_PAGES_END) { /* bound: the space's leaf tables */
        const volatile pte_t *pte = leaf != NO_FRAME ? window(leaf) : 0;
        uint32_t others = leaf_is_shared(leaf);
        for (unsigned i = 0; pte && i < LEAF_PAGES; i++)
            if ((pte[i] & PTE_V) && frame_in_ram(PTE_FRAME(pte[i])))
                shared += frame_word(PTE_FRAME(pte[i]))->refs + others > 1;
        if (pte)
            page = leaf_floor(page) + LEAF_PAGES;
        leaf = table_next_leaf(slot, &page);
    }
    return shared;
}

static void stat_space(uint32_t slot, uint64_t *w)
{
    const struct space_vol *v = space_vol(slot);
    w[1] = v->resident;
    w[2] = count_shared(slot);
    w[3] = v->tables;
    w[4] = v->objects;
    w[5] = v->regions;
    w[6] = space_at(slot)->faults;
    w[7] = space_at(slot)->key;
}

static void stat_faults(uint32_t slot, uint64_t *w)
{
    for (unsigned i = 0; i < 6; i++)
        w[1 + i] = slot ? space_at(slot)->counter[i] : ledger.header->faults[i];
    w[7] = slot ? space_at(slot)->refused : ledger.header->faults[COUNT_REFUSED];
}

static void stat_forks(uint64_t *w)
{
    const struct ledger_header *h = ledger.header;
    w[1] = h->forks;
    w[2] = h->pages_shared;
    w[3] = h->pages_copied;
    w[4] = h->restarts;
    w[5] = deferred_count();
    w[6] = spaces_live();
    w[7] = h->mismatches;
}

static void stat_pool(uint32_t slot, uint64_t *w)
{
    uint32_t image = 0, held = 0;
    for (uint32_t i = 0; i < ledger.frames; i++) {
        image += (ledger.frame[i].flags & FRAME_W_IMAGE) != 0;
        held += (ledger.frame[i].flags & FRAME_W_HOLD) != 0;
    }
    w[1] = image;
    w[2] = held;
    w[3] = frame_word(ledger.header->zero_frame)->refs;
    w[4] = slot ? space_at(slot)->limit : 0;
    w[5] = slot ? frame_charge_of(slot) : 0;
    w[6] = ledger.header->out_of_memory;
    w[7] = space_vol(0)->objects;
}

static void stat_evict(uint64_t *w)
{
    static const uint8_t order[] = {EVICT_PAGES, EVICT_CLEAN, EVICT_WRITES, EVICT_READS, EVICT_AHEAD, EVICT_BAD, EVICT_NONE};
    for (unsigned i = 0; i < sizeof(order); i++)
        w[1 + i] = ledger.header->evict[order[i]];
}

static void stat_store(uint64_t *w)
{
    const uint64_t *n = ledger.header->evict;
    w[1] = store_used();
    w[2] = store_total();
    w[3] = n[EVICT_WRITE_ERRORS];
    w[4] = n[EVICT_READ_ERRORS];
    w[5] = n[EVICT_FULL];
    w[6] = store_in_flight();
    w[7] = store_used() - resident.linked;
}

static void stat_frames(uint32_t slot, uint64_t *w)
{
    const struct space_vol *v = space_vol(slot);
    w[1] = slot == 0 ? resident.pages : v->domain ? v->pages : v->resident;
    w[2] = slot == 0 ? ledger.header->frames : space_at(slot)->frames;
    w[3] = resident_pinned(slot);
    w[4] = v->swapped;
    w[5] = v->domain;
    w[6] = evict_ready_count();
    w[7] = ledger.header->evict[EVICT_PAGES];
}

static void stat_tables(uint64_t *w)
{
    w[1] = ledger.header->tables_shared;
    w[2] = ledger.header->tables_split;
    w[3] = leaf_aside.count;
    w[4] = fork_table_min;
}

err_t stat_read(unsigned which, uint32_t slot, struct ipc_msg *m)
{
    switch (which) {
    case PAGER_STAT_MEMORY:
        stat_memory(m->w);
        return OK;
    case PAGER_STAT_SPACE:
        if (slot == 0)
            return ERR_NOENT;
        stat_space(slot, m->w);
        return OK;
    case PAGER_STAT_FAULTS:
        stat_faults(slot, m->w);
        return OK;
    case PAGER_STAT_FORKS:
        stat_forks(m->w);
        return OK;
    case PAGER_STAT_POOL:
        stat_pool(slot, m->w);
        return OK;
    case PAGER_STAT_EVICT:
        stat_evict(m->w);
        return OK;
    case PAGER_STAT_STORE:
        stat_store(m->w);
        return OK;
    case PAGER_STAT_FRAMES:
        stat_frames(slot, m->w);
        return OK;
    case PAGER_STAT_TABLES:
        stat_tables(m->w);
        return OK;
    default:
        return ERR_INVAL;
    }
}

/* The next present page at or behind page; USER_PAGES_END: none. */
static uint32_t next_present(uint32_t slot, uint32_t page)
{
    frame_t leaf = table_next_leaf(slot, &page);
    while (leaf != NO_FRAME) { /* bound: the space's leaf tables; empty ones are not returned */
        const volatile pte_t *pte = window(leaf);
        uint32_t end = leaf_floor(page) + LEAF_PAGES;
        for (; page < end; page++)
            if (pte[page & (LEAF_PAGES - 1)] & PTE_V)
                return page;
        leaf = table_next_leaf(slot, &page);
    }
    return USER_PAGES_END;
}

err_t stat_page_info(uint32_t slot, vaddr_t va, struct ipc_msg *m)
{
    unsigned level;
    if (va >= USER_VA_END)
        return ERR_INVAL;
    uint32_t page = page_of(va), r = region_find(slot, page);
    pte_t pte = table_walk(slot, page, &level);
    frame_t f = level == 0 && (pte & PTE_V) ? PTE_FRAME(pte) : NO_FRAME;
    uint32_t next = page + 1 < USER_PAGES_END ? next_present(slot, page + 1) : USER_PAGES_END;
    m->w[1] = level == 0 ? pte : 0;
    m->w[2] = f != NO_FRAME && frame_in_ram(f) ? frame_word(f)->refs : 0;
    if (m->w[2] && leaf_is_shared(table_leaf(slot, page)))
        m->w[2] += leaf_sharers(table_leaf(slot, page)) - 1; /* spaces, not tables */
    m->w[3] = f;
    m->w[4] = next < USER_PAGES_END ? va_of(next) : 0;
    m->w[5] = r == NO_REGION ? 0 : region_at(r)->prot;
    return OK;
}

/* Where the space maps the frame, or USER_PAGES_END. *leaves: how many leaf tables may still be looked into. */
static uint32_t find_mapping(uint32_t slot, frame_t f, unsigned *leaves)
{
    uint32_t page = 0;
    frame_t leaf = table_next_leaf(slot, &page);
    for (; leaf != NO_FRAME && *leaves > 0; (*leaves)--) {
        const volatile pte_t *pte = window(leaf);
        uint32_t end = leaf_floor(page) + LEAF_PAGES;
        for (; page < end; page++) {
            pte_t e = pte[page & (LEAF_PAGES - 1)];
            if ((e & PTE_V) && PTE_FRAME(e) == f)
                return page;
        }
        leaf = table_next_leaf(slot, &page);
    }
    return USER_PAGES_END;
}

static uint32_t find_at_hint(uint32_t slot, frame_t f, vaddr_t hint)
{
    unsigned level;
    pte_t pte = table_walk(slot, page_of(hint), &level);
    return level == 0 && (pte & PTE_V) && PTE_FRAME(pte) == f ? page_of(hint) : USER_PAGES_END;
}

err_t stat_sharer(frame_t f, uint32_t after_id, vaddr_t hint, struct ipc_msg *m)
{
    unsigned leaves = SHARER_LEAVES_MAX;
    uint32_t slot = space_after(after_id & 0xffff);
    if (!frame_in_ram(f) || hint >= USER_VA_END)
        return ERR_INVAL;
    for (; slot; slot = space_after(slot)) { /* bound: live spaces */
        uint32_t page = hint ? find_at_hint(slot, f, hint) : find_mapping(slot, f, &leaves);
        m->w[1] = space_id(slot);
        if (page < USER_PAGES_END) {
            m->w[2] = space_at(slot)->key;
            m->w[3] = va_of(page);
            return OK;
        }
        if (leaves == 0)
            return ERR_AGAIN;
    }
    m->w[1] = 0;
    return ERR_NOENT;
}
