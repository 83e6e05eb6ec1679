/* SPDX-License-Identifier: MIT
 * Interrupts reach user-level drivers as notifications. A source stays masked from its interrupt to the acknowledgement.
 */
#include "arch.h"
#include "irq.h"

struct irq_source irq_source[IRQ_SOURCES];

void irq_interrupt(unsigned source)
{
    const struct irq_source *to = &irq_source[source];
    if (!source)
        return;
    trace(TRACE_IRQ, this_hart()->current, source, 0);
    if (to->frame && frame_info_of(to->frame)->gen == to->gen)
        ntfn_signal(frame_va(to->frame), to->bits);
}

syscall_fn sys_irq_create, sys_irq_bind, sys_irq_ack;

long sys_irq_create(struct thread *cur, uint64_t *a)
{
    struct handle *slot;
    err_t e = handle_find(cur->space, a[0], OBJ_KERNEL, RIGHT_K_IRQ, &slot);
    if (e != OK)
        return e;
    if (a[1] == 0 || a[1] >= IRQ_SOURCES || a[1] >= arch_irq_sources())
        return ERR_INVAL;
    handle_t h = NO_HANDLE;
    e = handle_new(cur->space, OBJ_IRQ, RIGHTS_ALL, 0, a[1], 0, &h);
    a[1] = h;
    return e;
}

/* a0 irq, a1 notification, a2 bits. Unmasks the source. */
long sys_irq_bind(struct thread *cur, uint64_t *a)
{
    struct handle *irq, *n;
    err_t e = handle_find(cur->space, a[0], OBJ_IRQ, RIGHT_IRQ_USE, &irq);
    if (e == OK)
        e = handle_find(cur->space, a[1], OBJ_NTFN, RIGHT_SIGNAL, &n);
    if (e != OK)
        return e;
    /* commit */
    irq_source[irq->object] = (struct irq_source){n->object, n->gen, a[2]};
    arch_irq_enable(irq->object);
    return OK;
}

long sys_irq_ack(struct thread *cur, uint64_t *a)
{
    struct handle *irq;
    err_t e = handle_find(cur->space, a[0], OBJ_IRQ, RIGHT_IRQ_USE, &irq);
    if (e == OK)
        arch_irq_enable(irq->object);
    return e;
}
