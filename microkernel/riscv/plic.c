/* SPDX-License-Identifier: MIT
 * The platform-level interrupt controller: enable, claim, complete. Source: RISC-V PLIC specification 1.0.0, memory map.
 */
#include "../core/arch.h"
#include "../core/irq.h"
#include "riscv.h"

static volatile uint32_t *plic;
static unsigned sources;
static uint32_t route[IRQ_SOURCES]; /* context at which a source was enabled last */

static volatile uint32_t *plic_reg(uint64_t offset) { return plic + offset / 4; }

void plic_boot(const struct machine *m)
{
    if (!m->plic_pa)
        return;
    plic = phys_to_virt(m->plic_pa);
    sources = m->plic_sources + 1 < IRQ_SOURCES ? m->plic_sources + 1 : IRQ_SOURCES;
    for (unsigned h = 0; h < m->harts; h++) /* bound: MACHINE_HARTS_MAX; firmware may have started any hart */
        if (m->hart_id[h] == this_hart()->id)
            this_hart()->plic_context = m->plic_context[h];
    for (unsigned s = 1; s < sources; s++) {
        *plic_reg(4 * s) = 1; /* priority */
        route[s] = this_hart()->plic_context;
    }
    plic_boot_hart();
}

/* The context of this hart: nothing enabled, no threshold. */
void plic_boot_hart(void)
{
    struct hart *h = this_hart();
    unsigned context = h->plic_context;
    if (!plic)
        return;
    h->plic_claim = plic_reg(0x200004 + 0x1000 * context);
    h->plic_enable = plic_reg(0x2000 + 0x80 * context);
    for (unsigned s = 0; s < sources; s += 32)
        *plic_reg(0x2000 + 0x80 * context + s / 8) = 0;
    *plic_reg(0x200000 + 0x1000 * context) = 0;
}

unsigned arch_irq_sources(void) { return sources; }

static volatile uint32_t *enable_reg(unsigned s) { return plic_reg(0x2000 + 0x80 * route[s] + s / 32 * 4); }

static void irq_disable(unsigned s)
{
    if (s < sources)
        *enable_reg(s) &= ~(1u << (s & 31));
}

/* At this hart, where its driver runs now, and nowhere else. */
void arch_irq_enable(unsigned s)
{
    if (s >= sources)
        return;
    if (route[s] != this_hart()->plic_context) {
        irq_disable(s);
        route[s] = this_hart()->plic_context;
    }
    *enable_reg(s) |= 1u << (s & 31);
}
