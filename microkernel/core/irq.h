/* SPDX-License-Identifier: MIT
 * Interrupt sources, as riscv/ hands them to core.
 */
#ifndef CORE_IRQ_H
#define CORE_IRQ_H

#include "objects.h"

#define IRQ_SOURCES 128u

/* Which notification is signalled, and with which bits. Source 0 is none: nobody can bind it. */
struct irq_source {
    frame_t frame; /* 0: none */
    uint32_t gen;
    uint64_t bits;
};
extern struct irq_source irq_source[IRQ_SOURCES];

void irq_interrupt(unsigned source); /* it has been claimed and masked; 0: none was waiting */
#endif
