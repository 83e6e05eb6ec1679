/* SPDX-License-Identifier: MIT
 * Interrupts reach user-level drivers as notifications. A source stays masked from its interrupt to the acknowledgement.
 */
#include "arch.h"
#include "irq.h"

static struct {
    struct object_ref ntfn;
    uint64_t bits;
} source_table[IRQ_SOURCES];

void irq_interrupt(unsigned source)
{
    arch_irq_disable(source);
    trace(TRACE_IRQ, this_hart()->current, source, 0);
    if (source >= IRQ_SOURCES)
        return;
    struct object_ref *r = &source_table[source].ntfn;
    if (r->frame && frame_info_of(r->frame)->gen == r->gen)
        ntfn_signal(frame_va(r->frame), source_table[source].bits);
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
    source_table[irq->object].ntfn = (struct object_ref){n->object, n->gen, 0};
    source_table[irq->object].bits = a[2];
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
