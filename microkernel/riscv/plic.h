/* SPDX-License-Identifier: MIT
 * The interrupt controller's side of an interrupt, inline since the fast path takes it, too.
 */
#ifndef RISCV_PLIC_H
#define RISCV_PLIC_H

#include "../core/objects.h"

/* Claim, complete, and mask until the driver acknowledges; 0: nothing waits. Completion is ignored for a source that is not
 * enabled, so it comes first. What this hart can claim is enabled here and nowhere else (arch_irq_enable). */
static inline __attribute__((always_inline)) unsigned plic_claim(const struct hart *h)
{
    if (!h->plic_claim)
        return 0;
    unsigned source = *h->plic_claim;
    if (source) {
        *h->plic_claim = source;
        h->plic_enable[source / 32] &= ~(1u << (source & 31));
    }
    return source;
}

#endif
