/* SPDX-License-Identifier: MIT
 * Sv39 as functions of their arguments: the walk, the one place that makes user entries for pages, what an entry allows. Inline, since
 * every fault comes here twice; sv39.c gives them their names of arch.h. No CSR.
 *
 *   va 38..30 -> root (level 2)   29..21 -> level 1   20..12 -> level 0   11..0 offset
 * Source: RISC-V privileged specification 1.12, section 4.4.
 */
#ifndef RISCV_SV39_WALK_H
#define RISCV_SV39_WALK_H

#include "../core/arch.h"

#define SV39_INLINE static inline __attribute__((always_inline))

SV39_INLINE unsigned sv39_index(vaddr_t va, unsigned level) { return (va >> (PAGE_SHIFT + 9 * level)) & 511; }
SV39_INLINE bool sv39_is_table(pte_t e) { return (e & (PTE_V | PTE_R | PTE_W | PTE_X)) == PTE_V; }

/* Our own entries have no bits above the PPN, so two shifts make the address. */
SV39_INLINE pte_t *sv39_below(pte_t e, vaddr_t va, unsigned level)
{
    return (pte_t *)phys_to_virt(e >> PTE_PPN_SHIFT << PAGE_SHIFT) + sv39_index(va, level);
}

/* arch_walk */
SV39_INLINE pte_t *sv39_walk(pte_t *root, vaddr_t va, unsigned *level)
{
    *level = 2;
    if (unlikely(va >= USER_VA_END))
        return 0;
    pte_t *e = &root[va >> 30];
    if (unlikely(!sv39_is_table(*e)))
        return e;
    e = sv39_below(*e, va, 1);
    if (unlikely(!sv39_is_table(*e))) {
        *level = 1;
        return e;
    }
    *level = 0;
    return sv39_below(*e, va, 0);
}

/* The bits of a user entry for each PROT_* that map_prot_bad() lets pass; 0 for the others. What is writable is dirty. */
SV39_INLINE pte_t sv39_leaf_bits(uint64_t prot)
{
#define LEAF(more) (PTE_V | PTE_R | PTE_U | PTE_A | (more))
    static const uint16_t bits[16] = {[PROT_R] = LEAF(0), [PROT_R | PROT_W] = LEAF(PTE_W | PTE_D),
                                      [PROT_R | PROT_X] = LEAF(PTE_X), [PROT_R | PROT_COW] = LEAF(PTE_COW)};
#undef LEAF
    return prot < 16 ? bits[prot] : 0;
}

/* arch_pte_allows: FAULT_ACCESS_R, W or X, which are PROT_*. */
SV39_INLINE bool sv39_allows(pte_t e, unsigned access)
{
    pte_t need = PTE_V | PTE_U | (pte_t)access << 1;
    return (e & need) == need;
}
_Static_assert(FAULT_ACCESS_R == PROT_R && FAULT_ACCESS_W == PROT_W && FAULT_ACCESS_X == PROT_X, "as sv39_allows has it");

#endif
