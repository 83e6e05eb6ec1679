/* SPDX-License-Identifier: MIT
 * Sv39's tables: walks (sv39_walk.h), entries of every kind, the kernel's own tables. No CSR: the host tests run it too.
 */
#include "../core/arch.h"
#include "riscv.h"
#include "sv39_walk.h"

#define KERNEL_ROOT_FIRST 256u
#define PTE_KERNEL (PTE_V | PTE_R | PTE_G | PTE_A | PTE_D)

extern pte_t boot_root[PTES_PER_TABLE];
extern char kernel_start[], kernel_data[];
static pte_t ram_table[PTES_PER_TABLE] __attribute__((aligned(PAGE_SIZE))); /* the RAM's first GiB, 2 MiB pages */
static unsigned kernel_entries;   /* used entries of the kernel half */

bool arch_pte_is_leaf(pte_t e) { return (e & PTE_V) && (e & (PTE_R | PTE_W | PTE_X)); }

pte_t *arch_walk_to(pte_t *root, vaddr_t va, unsigned stop, unsigned *level)
{
    pte_t *table = root;
    for (unsigned l = 2;; l--) { /* bound: 3 */
        pte_t *e = &table[sv39_index(va, l)];
        if (l == stop || !(*e & PTE_V) || arch_pte_is_leaf(*e)) {
            *level = l;
            return e;
        }
        table = phys_to_virt((paddr_t)PTE_FRAME(*e) << PAGE_SHIFT);
    }
}

pte_t *arch_walk(pte_t *root, vaddr_t va, unsigned *level) { return sv39_walk(root, va, level); }

pte_t *arch_table_entry(frame_t table, vaddr_t va, unsigned level) { return (pte_t *)frame_va(table) + sv39_index(va, level); }

pte_t arch_pte_leaf(frame_t f, unsigned prot)
{
    assert(!map_prot_bad(prot) && sv39_leaf_bits(prot));
    return (pte_t)f << PTE_PPN_SHIFT | sv39_leaf_bits(prot);
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

bool arch_pte_allows(pte_t e, unsigned access) { return sv39_allows(e, access & (FAULT_ACCESS_R | FAULT_ACCESS_W | FAULT_ACCESS_X)); }

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
