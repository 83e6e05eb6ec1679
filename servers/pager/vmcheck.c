/* SPDX-License-Identifier: MIT
 * The self-check. Independent of the code it checks: its own walk, its own counts (in the ledger's scratch words), nothing
 * repaired. Not bounded by a step: it is a debugging aid and takes as long as there are tables.
 *
 * Scratch word of a frame: times mapped, of a table: times reached | REACHED (tables) | ON_FREE_LIST
 */
#include "vmcheck.h"

#include "backing/backing.h"
#include "leaf.h"
#include "quota.h"
#include "space.h"
#include "sysgate.h"
#include "table.h"
#include "zeroed.h"

#define REACHED (1u << 31)
#define ON_FREE_LIST (1u << 30)
#define TIMES(word) ((word) & (ON_FREE_LIST - 1))

static struct vm_report *out;

void vmcheck_broken(enum vm_invariant which, uint64_t where, uint64_t detail)
{
    if (out->violations++ == 0) {
        out->first = which;
        out->where = where;
        out->detail = detail;
    }
}

static inline uint32_t *scratch(frame_t f) { return &ledger.scratch[frame_index(f)]; }

/* What the walk of one space counts. */
struct tally {
    uint32_t slot, pages, swapped, tables;
    bool again; /* the leaf table is a shared one that another space led to: its entries are counted */
};
static uint32_t sharers; /* met again, in all */

/* ---- entries ---- */

static void check_entry_region(uint32_t slot, uint32_t page, pte_t pte, const struct ledger_region *r)
{
    if (pte_logical(pte) & ~(unsigned)r->prot)
        vmcheck_broken(VM_LOGICAL, space_id(slot), va_of(page));
}

static void check_user_frame(const struct tally *t, uint32_t page, pte_t pte, const struct ledger_region *r)
{
    uint32_t slot = t->slot;
    frame_t f = PTE_FRAME(pte);
    const struct frame_info *k = frame_kernel_word(f);
    const struct ledger_frame *w = frame_word(f);
    if (k->kind != FRAME_USER || k->owner != self.id) {
        vmcheck_broken(VM_FOREIGN, f, va_of(page));
        return;
    }
    *scratch(f) += !t->again;
    vmcheck_page(slot, page, pte);
    if (*scratch(f) & ON_FREE_LIST)
        vmcheck_broken(VM_FREE_MAPPED, f, va_of(page));
    if (!(pte & PTE_W))
        return;
    if (frame_is_held(w))
        vmcheck_broken(VM_HELD_WRITABLE, f, va_of(page));
    else if (w->refs != 1 && !(r && (r->flags & REGION_SHARED)))
        vmcheck_broken(VM_SOLE_WRITER, f, space_id(slot));
}

static void check_entry(struct tally *t, uint32_t page, pte_t pte)
{
    uint32_t n = region_find(t->slot, page);
    const struct ledger_region *r = n == NO_REGION ? 0 : region_at(n);
    bool device = !frame_in_ram(PTE_FRAME(pte));
    if ((pte & (PTE_W | PTE_X)) == (PTE_W | PTE_X))
        vmcheck_broken(VM_W_AND_X, space_id(t->slot), va_of(page));
    if ((pte & (PTE_W | PTE_COW)) == (PTE_W | PTE_COW))
        vmcheck_broken(VM_COW_AND_W, space_id(t->slot), va_of(page));
    if (r == 0)
        vmcheck_broken(VM_REGIONS, space_id(t->slot), va_of(page));
    else
        check_entry_region(t->slot, page, pte, r);
    if (device != (r != 0 && r->backing == BACKING_DEVICE))
        vmcheck_broken(VM_FOREIGN, PTE_FRAME(pte), va_of(page));
    if (device)
        return;
    t->pages++;
    check_user_frame(t, page, pte, r);
}

/* ---- tables ---- */

static bool check_table(struct tally *t, frame_t f)
{
    t->again = frame_in_ram(f) && leaf_is_shared(f) && (*scratch(f) & REACHED);
    if (!frame_in_ram(f) || frame_kernel_word(f)->kind != FRAME_TABLE || frame_kernel_word(f)->owner != self.id ||
        (!t->again && (*scratch(f) & REACHED))) {
        vmcheck_broken(VM_TABLES, f, space_id(t->slot));
        return false;
    }
    *scratch(f) = (*scratch(f) | REACHED) + 1;
    t->tables++;
    sharers += t->again;
    return true;
}

static void check_leaf(struct tally *t, frame_t leaf, uint32_t page)
{
    const volatile pte_t *pte = window(leaf);
    bool shared = leaf_is_shared(leaf);
    uint32_t valid = 0;
    for (unsigned i = 0; i < LEAF_PAGES; i++) {
        if (pte[i] == 0)
            continue;
        valid++;
        if (shared && (pte[i] & (PTE_V | PTE_W)) != PTE_V)
            vmcheck_broken(VM_SHARED_TABLE, leaf, page + i);
        if (pte[i] & PTE_V) {
            check_entry(t, page + i, pte[i]);
        } else {
            vmcheck_absent(t->slot, page + i, pte[i]);
            t->swapped++;
        }
    }
    if (valid != frame_maps(leaf))
        vmcheck_broken(VM_TABLES, leaf, valid);
}

static void check_middle(struct tally *t, frame_t middle, uint32_t page)
{
    const volatile pte_t *pte = window(middle);
    uint32_t valid = 0;
    for (unsigned i = 0; i < LEAF_PAGES; i++) {
        if (pte[i] == 0)
            continue;
        valid++;
        if (!pte_is_table(pte[i]))
            vmcheck_broken(VM_FOREIGN, middle, page + (i << LEAF_SHIFT)); /* large pages are for windows */
        else if (check_table(t, PTE_FRAME(pte[i])))
            check_leaf(t, PTE_FRAME(pte[i]), page + (i << LEAF_SHIFT));
    }
    if (valid != frame_maps(middle))
        vmcheck_broken(VM_TABLES, middle, valid);
}

static void check_space(uint32_t slot)
{
    struct tally t = {.slot = slot};
    const volatile pte_t *root = window(space_at(slot)->root);
    for (unsigned i = 0; i < LEAF_PAGES / 2; i++) {
        if (root[i] == 0)
            continue;
        if (!pte_is_table(root[i]))
            vmcheck_broken(VM_FOREIGN, space_at(slot)->root, i);
        else if (check_table(&t, PTE_FRAME(root[i])))
            check_middle(&t, PTE_FRAME(root[i]), i << (2 * LEAF_SHIFT));
    }
    const struct space_vol *v = space_vol(slot);
    if (v->resident != t.pages)
        vmcheck_broken(VM_SPACE_COUNTS, space_id(slot), t.pages);
    if (v->swapped != t.swapped)
        vmcheck_broken(VM_SPACE_COUNTS, space_id(slot), t.swapped);
    if (v->tables != t.tables)
        vmcheck_broken(VM_SPACE_COUNTS, space_id(slot), t.tables);
}

static void check_region_order(uint32_t slot)
{
    uint32_t end = 0, n = 0;
    for (uint32_t r = region_at_or_behind(slot, 0); r != NO_REGION; r = region_next(r), n++) {
        if (region_at(r)->start_page < end || region_at(r)->space != slot || !region_at(r)->used)
            vmcheck_broken(VM_REGIONS, space_id(slot), va_of(region_at(r)->start_page));
        end = region_at(r)->end_page;
    }
    if (n != space_vol(slot)->regions)
        vmcheck_broken(VM_REGIONS, space_id(slot), n);
}

/* ---- frames ---- */

static void mark_free_lists(void)
{
    for (uint32_t i = 0; i < ledger.frames; i++)
        ledger.scratch[i] = 0;
    for (uint32_t c = 0; c < ledger.chunks; c++) {
        const struct chunk_state *k = &ledger.chunk[c];
        uint32_t n = k->head, listed = 0;
        for (; n && listed <= FRAMES_PER_CHUNK; n = ledger.frame_next[n - 1], listed++) {
            if (ledger.scratch[n - 1])
                vmcheck_broken(VM_FREE_MAPPED, ledger.first_frame + n - 1, 1); /* twice on a list */
            ledger.scratch[n - 1] = ON_FREE_LIST;
        }
        if (listed != k->free)
            vmcheck_broken(VM_TOTAL, ledger.first_frame + c * FRAMES_PER_CHUNK, listed);
    }
    for (uint32_t i = 0; i < zeroed.count; i++) {
        uint32_t *s = scratch(zeroed.frame[i]);
        if (*s)
            vmcheck_broken(VM_FREE_MAPPED, zeroed.frame[i], 2); /* in a list as well */
        *s = ON_FREE_LIST;
    }
    uint32_t aside = 0;
    for (uint32_t n = leaf_aside.head; n && aside <= ledger.frames; n = ledger.frame_next[n - 1], aside++) {
        if (ledger.scratch[n - 1])
            vmcheck_broken(VM_FREE_MAPPED, ledger.first_frame + n - 1, 3);
        ledger.scratch[n - 1] = ON_FREE_LIST;
    }
    if (aside != leaf_aside.count)
        vmcheck_broken(VM_TOTAL, leaf_aside.count, aside);
}

static void check_user_word(frame_t f, uint32_t times)
{
    const struct ledger_frame *w = frame_word(f);
    uint32_t holds = (frame_is_held(w) ? 1 : 0) + (w->flags & FRAME_W_ARRIVED ? 1 : 0);
    if (w->refs != times + holds)
        vmcheck_broken(VM_REFS, f, (uint64_t)w->refs << 32 | times);
    if (frame_maps(f) != times)
        vmcheck_broken(VM_KERNEL_COUNT, f, (uint64_t)frame_maps(f) << 32 | times);
    bool listed = *scratch(f) & ON_FREE_LIST;
    if (listed && w->refs)
        vmcheck_broken(VM_FREE_MAPPED, f, w->refs);
    if (!listed && w->refs == 0)
        vmcheck_broken(VM_TOTAL, f, 0); /* lost: neither free nor used */
}

static void check_kernel_word(frame_t f, unsigned kind)
{
    bool listed = *scratch(f) & ON_FREE_LIST;
    if (listed != (kind == FRAME_KFREE))
        vmcheck_broken(VM_TOTAL, f, kind);
    if (kind == FRAME_TABLE && !(*scratch(f) & REACHED))
        vmcheck_broken(VM_TABLES, f, 0);
    if (kind == FRAME_TABLE && leaf_is_shared(f) && TIMES(*scratch(f)) != leaf_sharers(f))
        vmcheck_broken(VM_SHARED_TABLE, f, TIMES(*scratch(f)));
}

static void check_frames(void)
{
    uint64_t free = 0, used = 0, kernel_free = 0, kernel_used = 0, all = 0;
    for (uint32_t i = 0; i < ledger.frames; i++) {
        frame_t f = ledger.first_frame + i;
        const struct frame_info *k = frame_kernel_word(f);
        if (k->owner != self.id)
            continue;
        all++;
        if (k->kind == FRAME_USER) {
            check_user_word(f, TIMES(ledger.scratch[i]));
            used += frame_word(f)->refs > 0;
            free += frame_word(f)->refs == 0;
        } else {
            check_kernel_word(f, k->kind);
            kernel_used += k->kind != FRAME_KFREE;
            kernel_free += k->kind == FRAME_KFREE;
        }
    }
    if (free != frame_pool[POOL_USER].free + zeroed.count || kernel_free != frame_pool[POOL_KERNEL].free + leaf_aside.count)
        vmcheck_broken(VM_TOTAL, frame_pool[POOL_USER].free, free);
    if (free + used + kernel_free + kernel_used != all)
        vmcheck_broken(VM_TOTAL, all, free + used);
}

/* ---- objects, charges ---- */

static void check_objects(void)
{
    uint32_t listed = 0, there = 0;
    for (uint32_t slot = 1; slot < ledger.max_spaces; slot++)
        listed += space_at(slot)->live ? 2 : 0;
    for (uint32_t i = 0; i < ledger.max_objects; i++)
        listed += ledger.object[i].type != OBJ_NONE;
    for (uint32_t i = 0; i < ledger.frames; i++) {
        const struct frame_info *k = &frame_infos[i];
        there += k->owner == self.id && k->kind != FRAME_USER && k->kind != FRAME_KFREE && k->kind != FRAME_TABLE;
    }
    if (listed != there)
        vmcheck_broken(VM_OBJECTS, listed, there);
}

/* Scratch is free again: it counts what each slot pays for. */
static void check_charges(void)
{
    for (uint32_t slot = 0; slot < ledger.max_spaces && slot < ledger.frames; slot++)
        ledger.scratch[slot] = 0;
    for (uint32_t i = 0; i < ledger.frames; i++) {
        const struct ledger_frame *w = &ledger.frame[i];
        if (w->refs && w->charged && w->charged < ledger.max_spaces)
            ledger.scratch[w->charged]++;
    }
    for (uint32_t slot = space_after(0); slot; slot = space_after(slot))
        if (ledger.scratch[slot] != space_vol(slot)->charged)
            vmcheck_broken(VM_SPACE_COUNTS, space_id(slot), ledger.scratch[slot]);
}

static void check_quotas(void)
{
    uint32_t counted, quota = quota_check(&counted);
    if (quota != 0)
        vmcheck_broken(VM_QUOTAS, quota, counted);
}

/* The zero page, and the frames that were zeroed ahead. */
static void check_zeros(frame_t f)
{
    const uint64_t *p = window(f);
    for (unsigned i = 0; i < PAGE_SIZE / 8; i++)
        if (p[i]) {
            vmcheck_broken(VM_ZERO_PAGE, f, i);
            return;
        }
}

void vmcheck(struct vm_report *report)
{
    uint64_t what = 0, where = 0;
    *report = (struct vm_report){0};
    out = report;
    mark_free_lists();
    vmcheck_slots_begin();
    sharers = 0;
    for (uint32_t slot = space_after(0); slot; slot = space_after(slot)) {
        check_region_order(slot);
        check_space(slot);
    }
    if (sharers != leaf_aside.count)
        vmcheck_broken(VM_SHARED_TABLE, leaf_aside.count, sharers);
    check_frames();
    check_objects();
    check_charges();
    check_quotas();
    vmcheck_slots_end();
    check_zeros(zero_frame());
    for (uint32_t i = 0; i < zeroed.count; i++)
        check_zeros(zeroed.frame[i]);
    if (gate_kernel_check(self.kernel, &what, &where) == OK && what != 0)
        vmcheck_broken(VM_KERNEL, where, what);
}
