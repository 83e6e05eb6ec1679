/* SPDX-License-Identifier: MIT
 * Sv39 as functions of their arguments: the walk, the one place where user entries are made, what an entry allows. Inline, since
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

/* arch_pte_leaf: PROT_R, W and X are the entry's bits, one further up; what is writable is dirty. */
SV39_INLINE pte_t sv39_leaf(uint64_t f, unsigned prot)
{
    _Static_assert(PTE_R == PROT_R << 1 && PTE_W == PROT_W << 1 && PTE_X == PROT_X << 1 && PTE_COW == PROT_COW << 5 &&
                       PTE_D == PROT_W << 6,
                   "a shift for each");
    return f << PTE_PPN_SHIFT | PTE_V | PTE_U | PTE_A | (pte_t)(prot & (PROT_R | PROT_W | PROT_X)) << 1 |
           (pte_t)(prot & PROT_COW) << 5 | (pte_t)(prot & PROT_W) << 6;
}

/* arch_pte_allows: FAULT_ACCESS_* are PROT_*. */
SV39_INLINE bool sv39_allows(pte_t e, unsigned access)
{
    pte_t need = PTE_V | PTE_U | (pte_t)(access & (FAULT_ACCESS_R | FAULT_ACCESS_W | FAULT_ACCESS_X)) << 1;
    return (e & need) == need;
}
_Static_assert(FAULT_ACCESS_R == PROT_R && FAULT_ACCESS_W == PROT_W && FAULT_ACCESS_X == PROT_X, "as sv39_allows has it");

#endif
