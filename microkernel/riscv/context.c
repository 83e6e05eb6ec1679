/* SPDX-License-Identifier: MIT
 * Floating point is loaded at a thread's first use after somebody else's. A thread's saved sstatus says FS = Off unless
 * the hart's registers are its own, so a switch costs nothing; servers are built without F and D and never own it.
 */
#include "../core/arch.h"
#include "csr.h"
#include "riscv.h"

void fpu_store(uint64_t *fpu_and_fcsr);
void fpu_load(const uint64_t *fpu_and_fcsr);
_Static_assert(offsetof(struct thread, fcsr) == offsetof(struct thread, fpu) + 256, "fpu.S stores fcsr behind the registers");

uint64_t arch_status_user(void) { return SSTATUS_SPIE; }

/* The owner's registers into its control block, if it changed them; it stays the owner. */
void arch_fpu_save(struct thread *t)
{
    struct hart *h = this_hart();
    if (h->fpu_owner != t || (t->status & SSTATUS_FS) != SSTATUS_FS_DIRTY)
        return;
    csr_set(sstatus, SSTATUS_FS);
    fpu_store(t->fpu);
    csr_clear(sstatus, SSTATUS_FS);
    t->status = (t->status & ~(uint64_t)SSTATUS_FS) | SSTATUS_FS_CLEAN;
}

/* With one hart nobody else needs them before the next one's first use, and fpu_moves is never set. */
void arch_fpu_leave(struct hart *h)
{
    if (!h->fpu_owner)
        h->fpu_moves = false;
    else if (h->fpu_owner != h->current)
        arch_fpu_save(h->fpu_owner);
}

void arch_fpu_drop(struct thread *t)
{
    if (t->hart->fpu_owner == t)
        t->hart->fpu_owner = 0;
    t->status &= ~(uint64_t)SSTATUS_FS;
}

void arch_fpu_copy(struct thread *to, struct thread *from)
{
    arch_fpu_save(from);
    arch_fpu_drop(to);
    if (!from->start_fpu && !to->start_fpu)
        return; /* zeros on both sides */
    to->start_fpu = from->start_fpu;
    for (unsigned i = 0; i < 32; i++)
        to->fpu[i] = from->fpu[i];
    to->fcsr = from->fcsr;
}

/* An illegal instruction with FS = Off may be its first use: give it the registers and let it try again. */
bool fpu_first_use(struct thread *t)
{
    struct hart *h = this_hart();
    if ((t->status & SSTATUS_FS) || !fpu_present)
        return false;
    struct thread *old = h->fpu_owner;
    if (old && old != t) {
        arch_fpu_save(old);
        old->status &= ~(uint64_t)SSTATUS_FS;
    }
    csr_set(sstatus, SSTATUS_FS);
    fpu_load(t->fpu);
    csr_clear(sstatus, SSTATUS_FS);
    t->status |= SSTATUS_FS_CLEAN;
    t->start_fpu = true;
    h->fpu_owner = t;
    h->fpu_moves = hart_count > 1;
    count(KC_FPU_LOADS);
    return true;
}
