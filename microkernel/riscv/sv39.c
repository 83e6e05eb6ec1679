/* SPDX-License-Identifier: MIT
 * Sv39: the walk, the one place where entries are made, the kernel's own tables. No CSR: the host tests run it too.
 *
 *   va 38..30 -> root (level 2)   29..21 -> level 1   20..12 -> level 0   11..0 offset
 * Source: RISC-V privileged specification 1.12, section 4.4.
 */
#include "../core/arch.h"
#include "riscv.h"

#define KERNEL_ROOT_FIRST 256u
#define PTE_KERNEL (PTE_V | PTE_R | PTE_G | PTE_A | PTE_D)

extern pte_t boot_root[PTES_PER_TABLE];
extern char kernel_start[], kernel_data[];
static pte_t ram_table[PTES_PER_TABLE] __attribute__((aligned(PAGE_SIZE))); /* the RAM's first GiB, 2 MiB pages */
static unsigned kernel_entries;   /* used entries of the kernel half */

static inline unsigned index_of(vaddr_t va, unsigned level) { return (va >> (PAGE_SHIFT + 9 * level)) & 511; }

bool arch_pte_is_leaf(pte_t e) { return (e & PTE_V) && (e & (PTE_R | PTE_W | PTE_X)); }

pte_t *arch_walk_to(pte_t *root, vaddr_t va, unsigned stop, unsigned *level)
{
    pte_t *table = root;
    for (unsigned l = 2;; l--) { /* bound: 3 */
        pte_t *e = &table[index_of(va, l)];
        if (l == stop || !(*e & PTE_V) || arch_pte_is_leaf(*e)) {
            *level = l;
            return e;
        }
        table = phys_to_virt((paddr_t)PTE_FRAME(*e) << PAGE_SHIFT);
    }
}

static inline bool is_table(pte_t e) { return (e & (PTE_V | PTE_R | PTE_W | PTE_X)) == PTE_V; }

/* Our own entries have no bits above the PPN, so two shifts make the address. */
static inline pte_t *table_entry(pte_t e, vaddr_t va, unsigned level)
{
    return (pte_t *)phys_to_virt(e >> PTE_PPN_SHIFT << PAGE_SHIFT) + index_of(va, level);
}

/* 0 for an address outside the user half. The same walk as above down to the leaf, unrolled: every fault takes it. */
pte_t *arch_walk(pte_t *root, vaddr_t va, unsigned *level)
{
    *level = 2;
    if (unlikely(va >= USER_VA_END))
        return 0;
    pte_t *e = &root[va >> 30];
    if (unlikely(!is_table(*e)))
        return e;
    e = table_entry(*e, va, 1);
    if (unlikely(!is_table(*e))) {
        *level = 1;
        return e;
    }
    *level = 0;
    return table_entry(*e, va, 0);
}

pte_t arch_pte_leaf(frame_t f, unsigned prot)
{
    assert(!((prot & PROT_X) && (prot & (PROT_W | PROT_COW))));
    pte_t e = (pte_t)f << PTE_PPN_SHIFT | PTE_V | PTE_R | PTE_U | PTE_A;
    if (prot & PROT_W)
        e |= PTE_W | PTE_D;
    if (prot & PROT_X)
        e |= PTE_X;
    if (prot & PROT_COW)
        e |= PTE_COW;
    return e;
}

pte_t arch_pte_table(frame_t f) { return (pte_t)f << PTE_PPN_SHIFT | PTE_V; }

pte_t arch_pte_window(paddr_t pa, bool writable)
{
    return pa >> PAGE_SHIFT << PTE_PPN_SHIFT | PTE_V | PTE_R | PTE_U | PTE_A | (writable ? PTE_W | PTE_D : 0);
}

pte_t arch_pte_device(paddr_t pa)
{
    return pa >> PAGE_SHIFT << PTE_PPN_SHIFT | PTE_V | PTE_R | PTE_W | PTE_U | PTE_A | PTE_D;
}

bool arch_pte_allows(pte_t e, unsigned access)
{
    pte_t need = PTE_V | PTE_U;
    if (access & FAULT_ACCESS_R)
        need |= PTE_R;
    if (access & FAULT_ACCESS_W)
        need |= PTE_W;
    if (access & FAULT_ACCESS_X)
        need |= PTE_X;
    return (e & need) == need;
}

void arch_root_init(pte_t *root)
{
    for (unsigned i = 0; i < kernel_entries; i++)
        root[KERNEL_ROOT_FIRST + i] = boot_root[KERNEL_ROOT_FIRST + i];
}

void arch_root_clear(pte_t *root)
{
    for (unsigned i = 0; i < kernel_entries; i++)
        root[KERNEL_ROOT_FIRST + i] = 0;
}

/* Final kernel tables: RAM's first GiB in 2 MiB pages with W^X, further RAM and the devices below it in gigapages, all
 * global and never executable but the kernel's text. */
paddr_t sv39_boot(const struct machine *m)
{
    paddr_t base = m->ram_pa & ~((1UL << 30) - 1), text = virt_to_phys(kernel_start), data = virt_to_phys(kernel_data);
    for (unsigned i = 0; i < PTES_PER_TABLE; i++) {
        paddr_t pa = base + ((paddr_t)i << CHUNK_SHIFT);
        pte_t perm = pa >= text && pa < data ? PTE_X : PTE_W;
        ram_table[i] = pa >> PAGE_SHIFT << PTE_PPN_SHIFT | PTE_KERNEL | perm;
    }
    unsigned first = base >> 30, gibs = (m->ram_pa + m->ram_bytes - base + (1UL << 30) - 1) >> 30;
    boot_root[KERNEL_ROOT_FIRST + first] = virt_to_phys(ram_table) >> PAGE_SHIFT << PTE_PPN_SHIFT | PTE_V;
    for (unsigned g = 1; g < gibs; g++)
        boot_root[KERNEL_ROOT_FIRST + first + g] =
            (base + ((paddr_t)g << 30)) >> PAGE_SHIFT << PTE_PPN_SHIFT | PTE_KERNEL | PTE_W;
    kernel_entries = first + gibs;
    boot_root[first] = 0; /* the identity map goes */
    return virt_to_phys(boot_root);
}
