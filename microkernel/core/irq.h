/* SPDX-License-Identifier: MIT
 * Interrupt sources, as riscv/ hands them to core.
 */
#ifndef CORE_IRQ_H
#define CORE_IRQ_H
#define IRQ_SOURCES 128u
void irq_interrupt(unsigned source);
#endif
