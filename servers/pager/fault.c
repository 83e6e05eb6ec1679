/* SPDX-License-Identifier: MIT
 * The decision table: what the page-table entry says, what the region says, and what happens then. The heart of the pager.
 *
 *   entry \ region   | no region | null page | guard page | forbids it | allows it
 *   -----------------+-----------+-----------+------------+------------+----------------------------------------
 *   absent           | unmapped  | null      | guard      | prot       | page_in: share the backing's frame for a
 *                    |           |           |            |            |   read, a fresh filled frame for a write
 *   swapped          | unmapped  | null      | guard      | prot       | swap_in: its frame, or read it (maybe later)
 *   allows it        | retry: another thread was faster, whatever the region says
 *   COW, shared      | copy: a COW entry means that the program may write; no look-up
 *   COW, sole        | upgrade in place: no look-up, no allocation, no copy
 *   too narrow       | unmapped  | null      | guard      | prot       | widen: protection was lifted, refit the entry
 *   (kernel half)    | kernel
 *
 * No frame to be had: a page leaves (frame_alloc_user sees to it; the fault may have to wait for the store), else KILL with
 * FAULT_REASON_NOMEM. Logical permission (the region's) and the entry's are kept apart.
 * Never calls the kernel, apart from what an allocation takes: main.c sends the answer.
 */
#include "fault.h"

#include "around.h"
#include "backing/backing.h"
#include "leaf.h"
#include "region.h"
#include "resident.h"
#include "files.h"
#include "shared.h"
#include "space.h"
#include "swap.h"
#include "sysgate.h"

#include <string.h>

enum region_state { REGION_NONE, REGION_NULL, REGION_GUARD, REGION_FORBIDS, REGION_ALLOWS, REGION_STATES };

/* ---- the columns: what the region says (the rows: fault.h) ---- */

static enum region_state classify_region(const struct fault *f, uint32_t *region)
{
    *region = region_find(f->slot, f->page);
    if (*region == NO_REGION)
        return f->page == 0 ? REGION_NULL : REGION_NONE;
    const struct ledger_region *r = region_at(*region);
    if ((r->flags & REGION_STACK) && f->page == r->start_page)
        return REGION_GUARD;
    return (f->access & ~r->prot) == 0 ? REGION_ALLOWS : REGION_FORBIDS;
}

/* ---- the actions ---- */

typedef void action_fn(const struct fault *f, uint32_t region, struct answer *a);

static void refuse(struct answer *a, enum fault_verdict verdict, enum fault_reason reason)
{
    a->verdict = FAULT_VERDICT(verdict, 0, reason);
    a->count = COUNT_REFUSED;
}

static void act_unmapped(const struct fault *f, uint32_t region, struct answer *a)
{
    (void)f, (void)region;
    refuse(a, FAULT_FORWARD, FAULT_REASON_UNMAPPED);
}
static void act_null(const struct fault *f, uint32_t region, struct answer *a)
{
    (void)f, (void)region;
    refuse(a, FAULT_FORWARD, FAULT_REASON_NULL);
}
static void act_guard(const struct fault *f, uint32_t region, struct answer *a)
{
    (void)f, (void)region;
    refuse(a, FAULT_FORWARD, FAULT_REASON_GUARD);
}
static void act_prot(const struct fault *f, uint32_t region, struct answer *a)
{
    (void)f, (void)region;
    refuse(a, FAULT_FORWARD, FAULT_REASON_PROT);
}

/* A file has no such page, or it can't be had. */
static void act_no_page(struct answer *a, err_t err)
{
    refuse(a, FAULT_FORWARD, err == ERR_NOENT ? FAULT_REASON_END : FAULT_REASON_IO);
}

static void act_nomem(const struct fault *f, struct answer *a)
{
    bool quota = frame_over_quota(f->slot);
    ledger.header->out_of_memory++;
    refuse(a, FAULT_KILL, quota ? FAULT_REASON_QUOTA : FAULT_REASON_NOMEM);
}

/* The answer comes when the store has done its part; main.c keeps the fault. */
static void act_later(struct answer *a)
{
    *a = (struct answer){.count = COUNT_NONE};
}

/* An allocation failed. */
static void no_frame(const struct fault *f, struct answer *a, err_t err)
{
    if (err == ERR_IN_PROGRESS)
        act_later(a);
    else
        act_nomem(f, a);
}

static void act_retry(const struct fault *f, uint32_t region, struct answer *a)
{
    (void)f, (void)region;
    a->verdict = FAULT_VERDICT(FAULT_RETRY, 0, 0);
    a->count = COUNT_RETRY;
}

static void map(struct answer *a, frame_t frame, unsigned prot, enum counter count)
{
    a->verdict = FAULT_VERDICT(FAULT_MAP, prot, 0);
    a->frame = frame;
    a->count = count;
}

/* W and X never come together, so what may be written is never executable. */
static void act_copy(const struct fault *f, uint32_t region, struct answer *a)
{
    frame_t from = PTE_FRAME(f->pte), fresh;
    (void)region;
    a->paid = frame_word(from)->charged == f->slot;
    err_t err = cow_copy(f->slot, from, &fresh);
    if (unlikely(err != OK)) {
        no_frame(f, a, err);
        return;
    }
    resident_add(f->slot, f->page, fresh);
    a->dropped = from;
    map(a, fresh, PROT_R | PROT_W, COUNT_COPY);
}

static void act_upgrade(const struct fault *f, uint32_t region, struct answer *a)
{
    (void)region;
    frame_charge_sole(f->slot, PTE_FRAME(f->pte));
    if (unlikely(resident.on))
        resident_write(f->slot, PTE_FRAME(f->pte));
    a->verdict = FAULT_VERDICT(FAULT_UPGRADE, 0, 0);
    a->count = COUNT_UPGRADE;
}

/* A store to a page of a shared mapping that was only read so far: the file server hears of it first. */
static void widen_file(const struct fault *f, uint32_t region, struct answer *a)
{
    frame_t frame;
    err_t err = files_page(region_at(region), f->page, PROT_W, &frame);
    if (err == ERR_IN_PROGRESS) {
        act_later(a);
    } else if (err != OK) {
        act_no_page(a, err);
    } else if (frame != PTE_FRAME(f->pte)) { /* the server has another page there now: again, from the beginning */
        table_unmap(f->slot, f->page, f->page + 1);
        act_retry(f, region, a);
    } else {
        map(a, frame, region_at(region)->prot, COUNT_NONE);
    }
}

/* Region permission and entry were moved apart by REGION_PROTECT; fit the entry to the region again. */
static void act_widen(const struct fault *f, uint32_t region, struct answer *a)
{
    const struct ledger_region *r = region_at(region);
    frame_t frame = PTE_FRAME(f->pte);
    if (!frame_in_ram(frame)) {
        refuse(a, FAULT_FORWARD, FAULT_REASON_PROT); /* a device page is mapped as it was granted */
        return;
    }
    const struct ledger_frame *w = frame_word(frame);
    if (r->backing == BACKING_FILE && (r->flags & REGION_SHARED)) {
        if (f->access & PROT_W)
            widen_file(f, region, a);
        else
            map(a, frame, r->prot & ~(unsigned)PROT_W, COUNT_NONE);
        return;
    }
    bool sole = frame_is_sole(w) || (r->flags & REGION_SHARED);
    if (!sole && (f->access & PROT_W)) {
        act_copy(f, region, a);
        return;
    }
    if (sole && (r->prot & PROT_W) && resident.on)
        resident_write(f->slot, frame);
    map(a, frame, sole ? r->prot : prot_shared(r->prot), COUNT_NONE);
    if (r->prot & PROT_X)
        gate_exec_fence();
}

/* ---- bringing a page in ---- */

/* All relatives have it afterwards. */
static err_t bring_in_shared(uint32_t slot, uint32_t region, uint32_t page, struct answer *a)
{
    frame_t frame;
    bool fresh;
    err_t err = shared_bring_in(slot, region, page, &frame, &fresh);
    if (err != OK)
        return err;
    resident_add(slot, page, frame);
    map(a, frame, region_at(region)->prot, fresh ? COUNT_ZERO_FILL : COUNT_NONE);
    if (region_at(region)->prot & PROT_X)
        gate_exec_fence();
    return OK;
}

/* How much of the page comes from its file. */
static uint64_t file_bytes(const struct ledger_region *r, uint32_t page)
{
    uint64_t skipped = va_of(page - r->start_page);
    uint64_t left = r->backed_bytes > skipped ? r->backed_bytes - skipped : 0;
    return left < PAGE_SIZE ? left : PAGE_SIZE;
}

/* Of a private mapping a first store gets a copy at once; of a shared one it makes the page writable, of which the file server hears. */
static err_t bring_in_file(uint32_t slot, uint32_t region, uint32_t page, unsigned access, struct answer *a)
{
    const struct ledger_region *r = region_at(region);
    bool shared = r->flags & REGION_SHARED;
    frame_t frame, fresh;
    err_t err = files_page(r, page, shared ? access & PROT_W : 0, &frame);
    if (err != OK)
        return err;
    uint64_t bytes = file_bytes(r, page);
    if (shared || (!(access & PROT_W) && bytes == PAGE_SIZE)) {
        unsigned prot = !shared ? prot_shared(r->prot) : access & PROT_W ? r->prot : r->prot & ~PROT_W;
        frame_ref(frame);
        map(a, frame, prot, COUNT_IMAGE);
    } else {
        err = frame_alloc_user(slot, &fresh);
        if (err != OK)
            return err;
        page_copy(fresh, frame);
        memset((char *)window(fresh) + bytes, 0, PAGE_SIZE - bytes);
        resident_add(slot, page, fresh);
        map(a, fresh, r->prot, COUNT_COPY);
    }
    if (r->prot & PROT_X)
        gate_exec_fence();
    return OK;
}

/* The page's frame, with one reference for the mapping to come. */
static err_t bring_in(uint32_t slot, uint32_t region, uint32_t page, unsigned access, struct answer *a)
{
    const struct ledger_region *r = region_at(region);
    const struct backing *b = backing_of(r);
    frame_t frame = NO_FRAME;
    if (r->backing == BACKING_FILE && file_bytes(r, page) > 0)
        return bring_in_file(slot, region, page, access, a);
    if (b == 0)
        return ERR_FAULT;
    if (r->flags & REGION_SHARED)
        return bring_in_shared(slot, region, page, a);
    if (!(access & PROT_W))
        frame = b->share(r, page);
    if (frame != NO_FRAME) {
        frame_ref(frame);
        map(a, frame, prot_shared(r->prot), frame == zero_frame() ? COUNT_ZERO_PAGE : COUNT_IMAGE);
        return OK;
    }
    err_t err = frame_alloc_user(slot, &frame);
    if (err != OK)
        return err;
    b->fill(r, page, frame);
    resident_add(slot, page, frame);
    map(a, frame, r->prot, r->backing == BACKING_ANON ? COUNT_ZERO_FILL : COUNT_IMAGE);
    if (r->prot & PROT_X)
        gate_exec_fence();
    return OK;
}

/* As many table frames as the walk lacks levels. */
static err_t bring_tables(const struct fault *f, struct answer *a)
{
    for (unsigned i = 0; i < f->level; i++) { /* bound: two levels below the root */
        err_t err = frame_alloc_table(f->slot, &a->table[i]);
        if (err != OK) {
            if (i > 0)
                frame_free_table(f->slot, a->table[0]);
            a->table[0] = NO_FRAME;
            return err;
        }
    }
    return OK;
}

static void page_in(const struct fault *f, uint32_t region, struct answer *a)
{
    if (unlikely(bring_tables(f, a) != OK)) {
        act_nomem(f, a);
        return;
    }
    err_t err = bring_in(f->slot, region, f->page, f->access, a);
    if (likely(err == OK)) {
        a->mapped = true;
        space_vol(f->slot)->resident++;
        return;
    }
    for (unsigned i = 0; i < f->level; i++) {
#ifndef MUTANT_PAGER_LEAK
        frame_free_table(f->slot, a->table[i]);
#endif
        a->table[i] = NO_FRAME;
    }
    if (err == ERR_FAULT)
        act_unmapped(f, region, a);
    else if (err == ERR_IO || err == ERR_NOENT)
        act_no_page(a, err);
    else
        no_frame(f, a, err);
}

/* A file's page for a load or a fetch: it is mapped with its neighbours, before the answer, so that the leaf table has to be there
 * by then. */
static void page_in_around(const struct fault *f, uint32_t region, struct answer *a)
{
    struct fault here = *f;
    here.level = 0;
    bool has_table = f->level == 0 || table_make(f->slot, f->page) == OK;
    if (has_table && around_map(f->slot, region, f->page)) {
        act_retry(f, region, a);
        a->count = COUNT_IMAGE;
        return;
    }
    if (has_table)
        page_in(&here, region, a);
    else
        act_nomem(f, a);
    if (!a->mapped && f->level > 0)
        table_unmake(f->slot, f->page);
}

static void act_page_in(const struct fault *f, uint32_t region, struct answer *a)
{
    if (region_at(region)->backing == BACKING_ANON || (f->access & PROT_W) || !around_is_on())
        page_in(f, region, a);
    else
        page_in_around(f, region, a);
}

static void act_swap_in(const struct fault *f, uint32_t region, struct answer *a)
{
    err_t err = swap_in(f, region_at(region)->prot, a);
    if (err == OK) {
        a->count = COUNT_SWAP_IN;
        a->mapped = true;
        space_vol(f->slot)->resident++;
    } else if (err == ERR_IO) {
        refuse(a, FAULT_KILL, FAULT_REASON_IO);
    } else {
        no_frame(f, a, err);
    }
}

void fault_accepted_slot(const struct fault *f, const struct answer *a)
{
    swap_accepted(f->slot, a->leaves_slot);
}

/* ---- the table ---- */

static action_fn *const decide[PTE_STATES][REGION_STATES] = {
    /*                   no region     null      guard      forbids   allows */
    [PTE_ABSENT]     = {act_unmapped, act_null, act_guard, act_prot, act_page_in},
    [PTE_SWAPPED]    = {act_unmapped, act_null, act_guard, act_prot, act_swap_in},
    [PTE_ALLOWS]     = {act_retry, act_retry, act_retry, act_retry, act_retry},
    [PTE_COW_SHARED] = {act_copy, act_copy, act_copy, act_copy, act_copy},
    [PTE_COW_SOLE]   = {act_upgrade, act_upgrade, act_upgrade, act_upgrade, act_upgrade},
    [PTE_NARROW]     = {act_unmapped, act_null, act_guard, act_prot, act_widen},
};

/* The leaf table is shared. Whoever may go on gets a table of its own first; the entry in it, and its row, are to be seen then. */
static void split_table(struct fault *f, enum pte_state *p, enum region_state r)
{
    if (*p == PTE_ALLOWS || ((*p == PTE_ABSENT || *p == PTE_NARROW) && r != REGION_ALLOWS))
        return;
    leaf_split(f->slot, f->page);
    *p = fault_row(f);
}

void fault_decide(const struct fault *told, struct answer *a)
{
    struct fault here = *told;
    const struct fault *f = &here;
    uint32_t region = NO_REGION;
    *a = (struct answer){.count = COUNT_NONE};
    if (unlikely(f->va >= USER_VA_END)) {
        refuse(a, FAULT_FORWARD, FAULT_REASON_KERNEL);
    } else {
        here.level &= ~FAULT_LEVEL_SHARED;
        enum pte_state p = fault_row(f);
        /* the region matters only in rows whose columns differ */
        enum region_state r = p <= PTE_SWAPPED || p == PTE_NARROW ? classify_region(f, &region) : REGION_ALLOWS;
        if (unlikely(told->level & FAULT_LEVEL_SHARED))
            split_table(&here, &p, r);
        decide[p][r](f, region, a);
    }
    ledger.space[f->slot].faults++;
    stat_count(f->slot, a->count);
}

void fault_undo(const struct fault *f, const struct answer *a)
{
    if (unlikely(a->leaves_slot != 0))
        store_not_lent();
    if (a->mapped)
        space_vol(f->slot)->resident--;
    if (a->frame != NO_FRAME && (a->mapped || a->dropped != NO_FRAME))
        frame_drop(f->slot, a->frame);
    if (a->dropped != NO_FRAME) {
        frame_ref(a->dropped);
        if (a->paid)
            frame_charge_sole(f->slot, a->dropped);
    }
    for (unsigned i = 0; i < 2; i++)
        if (a->table[i] != NO_FRAME)
            frame_free_table(f->slot, a->table[i]);
}

err_t fault_fill(uint32_t slot, uint32_t region, uint32_t page)
{
    struct answer a = {.count = COUNT_NONE};
    unsigned level;
    leaf_split(slot, page);
    if (table_walk(slot, page, &level) & PTE_V && level == 0)
        return OK;
    err_t err = table_make(slot, page);
    const struct ledger_region *r = region_at(region);
    bool shared = (r->flags & REGION_LOCKED) && !(r->prot & PROT_W); /* else a frame of its own, whatever the permission */
    if (err == OK && !resident_may_pin(slot))
        err = ERR_NOMEM;
    if (err == OK)
        err = bring_in(slot, region, page, shared ? PROT_R : PROT_W, &a);
    if (err != OK)
        return err;
    err = table_map(slot, page, a.frame, r->prot);
    if (err != OK)
        frame_drop(slot, a.frame);
    return err;
}
