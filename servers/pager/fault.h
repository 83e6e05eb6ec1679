/* SPDX-License-Identifier: MIT
 * Page faults: from the message to the answer. See fault.c for the decision table.
 */
#ifndef PAGER_FAULT_H
#define PAGER_FAULT_H

#include <ipc/ipc.h>

#include "frame.h"
#include "region.h"
#include "space.h"
#include "stat.h"
#include "table.h"

/* What the table looks at. */
struct fault {
    uint32_t slot;   /* of the space */
    uint32_t page;
    vaddr_t va;
    unsigned access; /* PROT_* */
    pte_t pte;
    unsigned level;  /* at which the walk ended */
    reply_id_t id;
    badge_t badge;
};

/* The answer, and what has to be undone if the kernel refuses it. */
struct answer {
    uint64_t verdict; /* FAULT_VERDICT(); 0: none yet, the fault waits for the store */
    frame_t frame, table[2];
    frame_t dropped;  /* lost a reference in favour of `frame` */
    bool paid;        /* ... and was charged to the faulter */
    bool mapped;      /* one more page is present */
    uint32_t leaves_slot; /* the entry named this slot of the store; swap_accepted() when the answer is taken */
    enum counter count;
};

/* The fault in a message; false: its space is gone (the thread, too, then). */
static inline bool fault_decode(const struct ipc_event *ev, struct fault *f)
{
    vaddr_t va = ev->w[FAULTW_VA];
    unsigned access = (unsigned)ev->w[FAULTW_ACCESS];
    f->slot = space_slot(BADGE_ID(ev->badge));
    f->va = va;
    f->page = va < USER_VA_END ? page_of(va) : USER_PAGES_END;
    f->access = (access & FAULT_ACCESS_W ? PROT_W : 0) | (access & FAULT_ACCESS_R ? PROT_R : 0) |
                (access & FAULT_ACCESS_X ? PROT_X : 0); /* FAULT_ACCESS_COPY: answered like the client's own */
    f->pte = ev->w[FAULTW_PTE];
    f->level = (unsigned)ev->w[FAULTW_LEVEL];
    f->id = ev->id;
    f->badge = ev->badge;
    return f->slot != 0;
}

/* ---- the table's rows: what the entry says ---- */

enum pte_state { PTE_ABSENT, PTE_SWAPPED, PTE_ALLOWS, PTE_COW_SHARED, PTE_COW_SOLE, PTE_NARROW, PTE_STATES };

static inline bool pte_allows(pte_t pte, unsigned access)
{
    _Static_assert(PTE_R == PROT_R << 1 && PTE_W == PROT_W << 1 && PTE_X == PROT_X << 1, "one shift apart");
    pte_t need = (pte_t)access << 1;
    return (pte & (PTE_V | PTE_U | need)) == (PTE_V | PTE_U | need);
}

static inline enum pte_state fault_row(const struct fault *f)
{
    pte_t pte = f->pte;
    if (f->level > 0 || !(pte & PTE_V))
        return pte == 0 ? PTE_ABSENT : PTE_SWAPPED;
    if ((pte & PTE_COW) && (f->access & PROT_W)) {
#ifdef MUTANT_PAGER_UPGRADE_SHARED
        return PTE_COW_SOLE;
#endif
        return frame_is_sole(frame_word(PTE_FRAME(pte))) ? PTE_COW_SOLE : PTE_COW_SHARED;
    }
    return pte_allows(pte, f->access) ? PTE_ALLOWS : PTE_NARROW;
}

/* Decide, and count frames as if the answer had been accepted: nobody looks in between. */
void fault_decide(const struct fault *f, struct answer *a);
/* The kernel took the answer. */
void fault_accepted_slot(const struct fault *f, const struct answer *a);
static inline void fault_accepted(const struct fault *f, const struct answer *a)
{
    if (unlikely(a->leaves_slot != 0))
        fault_accepted_slot(f, a);
}
/* The kernel refused the answer: everything as before. */
void fault_undo(const struct fault *f, const struct answer *a);
/* A page that is to be there before its first touch (REGION_PINNED, REGION_SHARED, REGION_LOCKED). */
err_t fault_fill(uint32_t slot, uint32_t region, uint32_t page);

/* What a frame that others see, too, may be mapped with. */
static inline unsigned prot_shared(unsigned prot)
{
    return prot & PROT_W ? (prot & ~PROT_W) | PROT_COW : prot;
}

/* cow.c: the space in slot gets a copy of its own of `from`. One reference of `from` is dropped; others remain, or a hold does.
 * fresh: one reference, charged to the space. Errors: frame_alloc_user()'s. */
err_t cow_copy(uint32_t slot, frame_t from, frame_t *fresh);
/* The same into a frame that is there already. */
static inline void cow_fill(uint32_t slot, frame_t from, frame_t fresh)
{
    page_copy(fresh, from);
    frame_drop(slot, from);
#ifdef MUTANT_PAGER_FREE_EARLY
    frame_drop(slot, from);
#endif
}

#endif
