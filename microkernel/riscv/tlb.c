/* SPDX-License-Identifier: MIT
 * Translations that harts have cached: satp, ASIDs and their generations, flushes, shootdown.
 * Every change of an entry in core/ ends here, before the kernel lock is let go.
 *
 *   space->harts   may hold translations, all of them true      space->stale   may hold outdated ones, and do not run it
 *
 * A shootdown waits for the harts that run the space now. Those that only ran it earlier are moved to `stale` and forget its
 * ASID before they run it again: until then no access can use what they hold. An idle hart runs no space.
 */
#include "../core/arch.h"
#include "csr.h"
#include "ipi.h"
#include "riscv.h"

static uint64_t asid_generation = 1; /* 56 bits; hart->ready_word has it, too */
static uint64_t asid_max, asid_next = 1;
static uint64_t kernel_satp; /* the kernel's own tables, no user half */

/* How many ASID bits the harts keep; root: the kernel's own tables, which stay active. */
void tlb_boot(paddr_t root, unsigned harts_max)
{
    kernel_satp = SATP_SV39 | root >> PAGE_SHIFT;
    csr_write(satp, kernel_satp | SATP_ASID_BITS << SATP_ASID_SHIFT);
    asid_max = (csr_read(satp) >> SATP_ASID_SHIFT) & SATP_ASID_BITS;
    if (asid_max < harts_max)
        asid_max = 0; /* a generation must have room for what runs when it begins */
    for (unsigned i = 0; i < HARTS_MAX; i++)
        harts[i].ready_word = asid_generation << 8 | 1UL << i;
    tlb_boot_hart();
}

void tlb_boot_hart(void)
{
    csr_write(satp, kernel_satp);
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

static inline bool asid_is_current(const struct space *s)
{
    return (s->stale ? s->stale_gen : s->asid_gen) == asid_generation;
}

static void asid_assign(struct space *s)
{
    s->asid = asid_next++;
    s->root_word = SATP_SV39 | s->asid << SATP_ASID_SHIFT | s->root_frame;
    s->asid_gen = asid_generation;
    s->harts = s->stale = 0; /* no hart has seen this ASID in this generation */
}

/* A new generation. Spaces that run elsewhere get their ASIDs of it at once, and all harts forget everything; the caller's
 * hart does so when it has loaded satp. */
static void asid_roll(void)
{
    struct hart *h = this_hart();
    uint64_t others = ((1UL << hart_count) - 1) & ~h->bit;
    asid_next = 1;
    asid_generation++;
    for (unsigned i = 0; i < HARTS_MAX; i++)
        harts[i].ready_word = asid_generation << 8 | 1UL << i;
    count(KC_ASID_ROLLS);
    for (unsigned i = 0; i < hart_count; i++) { /* bound: HARTS_MAX */
        struct space *s = harts[i].space;
        if (!s || &harts[i] == h)
            continue;
        if (!asid_is_current(s))
            asid_assign(s);
        s->harts |= harts[i].bit;
    }
#ifdef MUTANT_KERNEL_SKIP_RELOAD
    others = 0;
#endif
    if (others)
        mail_send_reload(others);
}

void tlb_reload_here(struct hart *h)
{
    csr_write(satp, h->space ? h->space->root_word : kernel_satp);
    sfence_all();
}

/* ASIDs count up; when they run out a new generation begins and everything is forgotten. Without ASID bits every switch is
 * such a beginning. Loads satp. */
static __attribute__((noinline)) void activate_anew(struct hart *h, struct space *s)
{
    bool roll = false;
    if (asid_max && !asid_is_current(s)) {
        roll = asid_next > asid_max;
        if (roll)
            asid_roll();
        if (!asid_is_current(s))
            asid_assign(s);
    }
    if (!asid_max)
        s->root_word = SATP_SV39 | s->root_frame;
    csr_write(satp, s->root_word);
    if (roll || !asid_max)
        sfence_all();
    else if (s->stale & h->bit)
        sfence_asid(s->asid);
    s->stale &= ~h->bit;
    if (asid_max && !s->stale)
        s->asid_gen = asid_generation;
}

void arch_space_activate(struct space *s)
{
    struct hart *h = this_hart();
    if (unlikely(s->asid_gen != asid_generation)) /* always so without ASID bits: asid_gen stays 0 */
        activate_anew(h, s);
    else
        csr_write(satp, s->root_word);
    h->counter[KC_SATP]++;
    s->harts |= h->bit;
    h->space = s;
}

/* This hart runs no space until it activates one. */
void tlb_leave_here(struct hart *h)
{
    csr_write(satp, kernel_satp);
    h->space = 0;
}

void arch_space_leave(struct space *s)
{
    struct hart *h = this_hart();
    uint64_t others = 0;
    for (unsigned i = 0; i < hart_count; i++) /* bound: HARTS_MAX */
        if (harts[i].space == s)
            others |= harts[i].bit;
    if (others & h->bit)
        tlb_leave_here(h);
    others &= ~h->bit;
    if (others)
        mail_send_leave(others);
}

void arch_tlb_flush_local(struct space *s, vaddr_t va)
{
    if (s->harts & this_hart()->bit)
        sfence_page(va, s->asid);
}

void tlb_flush_here(struct space *s, vaddr_t va, uint64_t pages)
{
    if (pages == 1)
        sfence_page(va, s->asid);
    else
        sfence_asid(s->asid);
}

void arch_tlb_flush_local_pages(struct space *s, vaddr_t va, uint64_t pages)
{
    if (pages && s->harts & this_hart()->bit)
        tlb_flush_here(s, va, pages);
}

/* Every other hart of s->harts: those that run it do it now, the rest before they run it again. */
static __attribute__((noinline)) void shootdown_others(struct space *s, vaddr_t va, uint64_t pages, uint64_t others)
{
    uint64_t now = 0;
    for (unsigned i = 0; i < hart_count; i++) { /* bound: HARTS_MAX */
        if (!((others >> i) & 1))
            continue;
        if (harts[i].space == s) {
            now |= harts[i].bit;
        } else {
            s->harts &= ~harts[i].bit;
#ifndef MUTANT_KERNEL_SKIP_STALE
            if (!s->stale)
                s->stale_gen = s->asid_gen;
            s->stale |= harts[i].bit;
            s->asid_gen = 0;
#endif
        }
    }
    if (now)
        mail_send_flush(now, s, va, pages);
}

void arch_tlb_shootdown(struct space *s, vaddr_t va, uint64_t pages)
{
    uint64_t here = this_hart()->bit;
    count(KC_SHOOTDOWNS);
    if (unlikely(s->asid_gen != asid_generation) && asid_max && !asid_is_current(s))
        return; /* its translations went with its generation */
    if (s->harts & here)
        tlb_flush_here(s, va, pages);
#ifdef MUTANT_KERNEL_SKIP_REMOTE
    return;
#endif
    if (unlikely(s->harts & ~here))
        shootdown_others(s, va, pages, s->harts & ~here);
}
