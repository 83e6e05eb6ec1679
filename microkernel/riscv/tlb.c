/* SPDX-License-Identifier: MIT
 * Translations that harts have cached: satp, ASIDs and their generations, flushes, shootdown.
 * Every change of an entry in core/ ends here, before the kernel lock is let go.
 */
#include "../core/arch.h"
#include "csr.h"
#include "riscv.h"

static uint64_t asid_max, asid_next = 1, asid_generation = 1;

/* How many ASID bits the hart keeps; root: the kernel's own tables, which stay active. */
void tlb_boot(paddr_t root)
{
    csr_write(satp, SATP_SV39 | SATP_ASID_BITS << SATP_ASID_SHIFT | root >> PAGE_SHIFT);
    asid_max = (csr_read(satp) >> SATP_ASID_SHIFT) & SATP_ASID_BITS;
    csr_write(satp, SATP_SV39 | root >> PAGE_SHIFT);
    sfence_vma();
}

static inline void sfence_all(void)
{
    count(KC_SFENCE);
    sfence_vma();
}
static inline void sfence_asid(uint64_t asid)
{
    count(KC_SFENCE);
    sfence_vma_asid(asid);
}
static inline void sfence_page(vaddr_t va, uint64_t asid)
{
    count(KC_SFENCE);
    sfence_vma_page(va, asid);
}

/* ASIDs count up; when they run out a new generation begins and everything is forgotten. Without ASID bits every switch is
 * such a beginning. */
static __attribute__((noinline)) bool asid_renew(struct space *s)
{
    bool flush = !asid_max;
    if (asid_max) {
        if (asid_next > asid_max) {
            asid_next = 1;
            asid_generation++;
            flush = true;
            count(KC_ASID_ROLLS);
        }
        s->asid = asid_next++;
        s->asid_gen = asid_generation;
    }
    return flush;
}

void arch_space_activate(struct space *s)
{
    struct hart *h = this_hart();
    bool flush = false;
    if (unlikely(s->asid_gen != asid_generation)) /* always so without ASID bits: asid_gen stays 0 */
        flush = asid_renew(s);
    csr_write(satp, SATP_SV39 | s->asid << SATP_ASID_SHIFT | s->root_frame);
    h->counter[KC_SATP]++;
    if (unlikely(flush))
        sfence_all();
    s->harts |= h->bit;
    h->space = s;
}

void arch_tlb_flush_local(struct space *s, vaddr_t va)
{
    if (s->harts & this_hart()->bit)
        sfence_page(va, s->asid);
}

/* One hart runs in this version; with more, harts in s->harts get an inter-processor interrupt and acknowledge here. */
void arch_tlb_shootdown(struct space *s, vaddr_t va, uint64_t pages)
{
    count(KC_SHOOTDOWNS);
    if (!(s->harts & this_hart()->bit))
        return; /* never ran here: no translation can be cached */
    if (s->asid_gen != asid_generation && asid_max)
        return; /* its translations went with its generation */
    if (pages == 1)
        sfence_page(va, s->asid);
    else
        sfence_asid(s->asid);
}

void arch_fetch_fence(void) { fence_i(); }
